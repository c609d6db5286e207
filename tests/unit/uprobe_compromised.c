/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbolizer that lies: in the real sandbox, with the real server, whose answers are changed at
 * random before they leave (the linker puts our protocol_send() in the place of the real one). We
 * must neither fall nor be led out of the program's text; what a file's own lies could say as well
 * is believed.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/child/protocol.h"
#include "symbols/child/serve.h"
#include "symbols/child/symbolizer.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/stack.h"
#include "symbols/unwind_row.h"
#include "symbols/variables.h"
#include "tests/unit/unit.h"
#include "uprobe/uprobe.h"

bool __real_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest);
bool __wrap_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest);

/* --- the liar --------------------------------------------------------------------------------- */

static struct {
	bool lies;
	uint64_t state;
	unsigned int skip; /* answers that are true yet */
} liar;

static uint64_t draw(void)
{
	liar.state ^= liar.state << 13;
	liar.state ^= liar.state >> 7;
	liar.state ^= liar.state << 17;
	return liar.state;
}

static uint64_t nasty(void)
{
	static const uint64_t values[] = {0,	   1,	       0x1000,	  0x7fffffff, UINT32_MAX,
					  1 << 20, UINT64_MAX, INT64_MAX, 0x401000};
	return draw() % 3 ? values[draw() % (sizeof(values) / sizeof(values[0]))] : draw();
}

static void change(struct wire *answer)
{
	for (uint64_t i = 1 + draw() % 4; i && answer->size; i--) {
		size_t at = draw() % answer->size, width = (size_t)1 << draw() % 4;
		uint64_t value = nasty();
		width = width < answer->size - at ? width : answer->size - at;
		memcpy(answer->bytes + at, &value, width);
	}
	if (draw() % 8 == 0)
		answer->size -= draw() % (answer->size + 1);
	for (uint64_t i = draw() % 8 ? 0 : draw() % 100; i; i--)
		wire_put_u8(answer, (uint8_t)draw());
}

bool __wrap_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest)
{
	struct wire answer = {0};
	if (!liar.lies || verb == VERB_HELLO || liar.skip) {
		liar.skip -= liar.lies && liar.skip;
		return __real_protocol_send(socket, verb, image, from, rest);
	}
	wire_put_bytes(&answer, from->bytes, from->size);
	if (rest)
		wire_put_bytes(&answer, rest->bytes, rest->size);
	change(&answer);
	static const struct wire nothing;
	bool sent = __real_protocol_send(socket, verb, image, &nothing, &answer);
	wire_deinit(&answer);
	return sent;
}

static void serve_lies(void)
{
	liar.lies = true;
	symbolizer_serve();
}

/* Noise, and not even the shape of an answer. */
static void serve_noise(void)
{
	struct message_header header;
	struct wire request = {0};
	int fd;
	while (protocol_receive(0, &header, &request, &fd)) {
		uint8_t noise[512];
		closep(&fd);
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)draw();
		header.magic = draw() % 4 ? PROTOCOL_MAGIC : (uint32_t)draw();
		header.verb = draw() % 2 ? VERB_ANSWER : (uint32_t)(draw() % 128);
		header.size = draw() % 2 ? sizeof(noise) : (uint32_t)nasty();
		if (write(0, &header, sizeof(header)) < 0 || write(0, noise, sizeof(noise)) < 0)
			return;
	}
}

/* --- who asks --------------------------------------------------------------------------------- */

/* The executable part of the file, by its program headers, read here. */
static struct {
	Elf64_Phdr headers[32];
	size_t count;
} text;

static int read_headers(void **state)
{
	Elf64_Ehdr header;
	(void)state;
	_cleanup_close_ int fd = open(FUNCTIONS_PATH, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	assert_true(header.e_phnum <= 32);
	text.count = header.e_phnum;
	size_t size = text.count * sizeof(Elf64_Phdr);
	assert_int_equal(pread(fd, text.headers, size, (off_t)header.e_phoff), size);
	return 0;
}

static bool is_executable(uint64_t offset, uint64_t size)
{
	for (size_t i = 0; i < text.count; i++) {
		const Elf64_Phdr *header = &text.headers[i];
		if (header->p_type == PT_LOAD && header->p_flags & PF_X &&
		    offset >= header->p_offset && size <= header->p_filesz &&
		    offset - header->p_offset <= header->p_filesz - size)
			return true;
	}
	return false;
}

struct told {
	size_t functions, sites, prototypes, failed;
};

static size_t walk(const struct type *type, int depth)
{
	size_t met = 1 + strlen(type->name);
	assert_true(depth < 256);
	for (uint32_t i = 0; type->members && i < type->n_members; i++)
		met += strlen(type->members[i].name) + walk(type->members[i].type, depth + 1);
	for (uint32_t i = 0; i < type->n_enumerators; i++)
		met += strlen(type->enumerators[i].name);
	if (type->target)
		met += walk(type->target, depth + 1);
	if (type->form && type->form->item)
		met += walk(type->form->item, depth + 1);
	return met;
}

static void ask_function(struct image *image, const struct function *function, struct told *told)
{
	const struct prototype *prototype = NULL;
	struct variable_list variables;
	const char *file;
	unsigned int line;
	uint64_t start;
	assert_true(is_executable(function->offset, function->size));
	assert_true(strlen(image_demangle(image, function->symbol)) > 0);
	err_free(image_prototype(image, function, &prototype));
	for (uint32_t i = 0; prototype && i < prototype->n_parameters; i++)
		walk(prototype->parameters[i].type, 0);
	told->prototypes += prototype != NULL;
	if (prototype)
		walk(prototype->result, 0);
	if (image_source_line(image, function, &file, &line))
		assert_true(strlen(file) < 1 << 20);
	struct err *e = image_variables_at(image, function->address, 0, 0, &variables);
	for (size_t i = 0; !e && i < variables.count; i++)
		walk(variables.items[i].type, 0);
	err_free(e);
	if (image_frame_row(image, function->address + 1, &start))
		assert_true(start <= function->address + 1);
	const struct unwind_row *row = image_unwind_row(image, function->address);
	if (row)
		assert_true(row->return_register < STACK_REGISTERS &&
			    row->cfa_register < STACK_REGISTERS);
	const struct code_place *place = image_place(image, function->address);
	for (size_t i = 0; place && i < place->n_inlined; i++)
		if (place->inlined[i].symbol)
			assert_true(strlen(place->inlined[i].symbol) < 1 << 20);
	told->functions++;
}

static bool any_name(void *context, const char *name)
{
	(void)context;
	return name != NULL;
}

static void ask_all(struct image *image, struct told *told)
{
	const struct function *functions;
	struct section_range range;
	struct line_search lines;
	struct inlined_list inlined;
	size_t count;
	uint64_t address;
	struct err *e = image_functions(image, &functions, &count);
	for (size_t i = 0; !e && i < count; i++)
		ask_function(image, &functions[i], told);
	err_free(e);
	if (image_section(image, ".text", &range)) {
		uint8_t byte;
		if (range.size)
			assert_ok(image_read(image, range.offset, &byte, 1));
	}
	(void)image_imports(image, "malloc");
	(void)image_symbol_address(image, "with_frame", &address);
	(void)image_symbol_source(image);
	(void)image_debug_source(image);
	e = image_find_line(image, "uprobe_functions.c", 20, &lines);
	for (size_t i = 0; !e && i < lines.places.count; i++)
		assert_true(is_executable(lines.places.items[i].offset, 1));
	if (!e)
		line_search_deinit(&lines);
	err_free(e);
	e = image_find_inlined(image, any_name, NULL, &inlined);
	for (size_t i = 0; !e && i < inlined.copies.count; i++)
		assert_true(is_executable(inlined.copies.items[i].offset, 1));
	if (!e)
		inlined_list_deinit(&inlined);
	err_free(e);
	told->failed += image_failure(image) != NULL;
}

/* As a trace of everything in the file would. */
static void add_probes(struct image *image, const char *spec, struct told *told)
{
	const struct compile_options compile = {.string_limit = 32, .depth = 2};
	const struct uprobe_options how = {
		.return_mode = RETURN_SITE, .return_why = "test", .max_probes = 100000};
	struct probe_set set;
	struct spec_list specs = {0};
	assert_ok(probe_set_init(&set, &compile));
	assert_ok(spec_parse(spec, &specs));
	for (size_t i = 0; i < specs.count; i++)
		err_free(uprobe_add_probes(&set, image, "lib", &specs.items[i], &how));
	for (size_t i = 1; i < set.sites.count; i++)
		assert_true(is_executable(set.sites.items[i]->offset, 1));
	told->sites += set.sites.count - 1;
	probe_set_deinit(&set);
	spec_list_deinit(&specs);
}

static void one_round(void (*serve)(void), uint64_t seed, struct told *told)
{
	const struct symbolizer_options options = {.serve = serve, .timeout_ms = serve ? 300 : 0};
	struct symbolizer *symbolizer;
	struct image *image = NULL;
	/* The child draws from here on, too. */
	liar.state = seed * 0x9e3779b97f4a7c15ull + 1;
	liar.skip = (unsigned int)(seed % 40);
	assert_ok(symbolizer_create(&options, &symbolizer));
	struct err *e = image_open_in(symbolizer, FUNCTIONS_PATH, -1, &image);
	told->failed += e != NULL;
	err_free(e);
	if (image && seed % 2)
		ask_all(image, told);
	else if (image)
		add_probes(image, seed % 4 ? "*,uprobe:*" : "uprobe:@uprobe_functions.c:20", told);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

#ifdef __SANITIZE_ADDRESS__ /* each round forks a process of gigabytes */
#define ROUNDS 100
#else
#define ROUNDS 400
#endif

static void lies_lead_nowhere(void **state)
{
	struct told told = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		one_round(serve_lies, seed, &told);
	/* Some lies are noticed, others are not; there is something to see in both. */
	assert_true(told.failed > ROUNDS / 8 && told.failed < ROUNDS);
	assert_true(told.functions > 100 && told.prototypes > 10 && told.sites > 100);
}

static void noise_is_no_answer(void **state)
{
	struct told told = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		one_round(serve_noise, seed, &told);
	assert_int_equal(told.functions + told.sites, 0);
	assert_true(told.failed >= 30);
}

/* What is asked and found without lies, so that the rounds above are about something. */
static void truth_is_believed(void **state)
{
	struct told told = {0};
	(void)state;
	one_round(NULL, 1, &told);
	one_round(NULL, 2, &told);
	assert_int_equal(told.failed, 0);
	assert_true(told.functions > 10 && told.sites > 10 && told.prototypes > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_is_believed),
		cmocka_unit_test(lies_lead_nowhere),
		cmocka_unit_test(noise_is_no_answer),
	};
	return cmocka_run_group_tests(tests, read_headers, NULL);
}
