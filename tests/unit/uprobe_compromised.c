/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbolizer that lies: in the real sandbox, with the real server, whose answers are changed at
 * random before they leave (the linker puts our protocol_send() in the place of the real one). We
 * must neither fall nor be led out of the program's text; what a file's own lies could say as well
 * is believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/child/symbolizer.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/stack.h"
#include "symbols/unwind_row.h"
#include "symbols/variables.h"
#include "tests/unit/symbols_liar.h"
#include "tests/unit/symbols_readelf.h"
#include "tests/unit/unit.h"
#include "uprobe/uprobe.h"

/* Every function begins one byte later than it does, and the unwind tables are said to agree: the
 * linker puts these in the place of what the server asks. */
static bool moves_functions;

struct err *__real_image_functions(struct image *image, const struct function **ret,
				   size_t *ret_count);
struct err *__wrap_image_functions(struct image *image, const struct function **ret,
				   size_t *ret_count);
enum frame_place __real_image_frame_place(struct image *image, uint64_t address);
enum frame_place __wrap_image_frame_place(struct image *image, uint64_t address);

struct err *__wrap_image_functions(struct image *image, const struct function **ret,
				   size_t *ret_count)
{
	struct err *e = __real_image_functions(image, ret, ret_count);
	if (e || !moves_functions)
		return e;
	struct function *moved = calloc(*ret_count + 1, sizeof(*moved));
	for (size_t i = 0; i < *ret_count; i++) {
		moved[i] = (*ret)[i];
		moved[i].address++;
		moved[i].offset++;
		moved[i].size -= moved[i].size > 0;
	}
	*ret = moved;
	return NULL;
}

enum frame_place __wrap_image_frame_place(struct image *image, uint64_t address)
{
	return moves_functions ? FRAME_START : __real_image_frame_place(image, address);
}

static void serve_moved(void)
{
	moves_functions = true;
	symbolizer_serve();
}

/* --- who asks --------------------------------------------------------------------------------- */

/* Offsets of all instructions, as objdump has them. */
static struct {
	uint64_t items[16384];
	size_t count;
} starts;

static void read_instructions(void)
{
	char line[512];
	FILE *from = popen("objdump -d --no-show-raw-insn '" FUNCTIONS_PATH "'", "r");
	assert_non_null(from);
	while (fgets(line, sizeof(line), from)) {
		char *end;
		uint64_t address = strtoull(line, &end, 16);
		if (line[0] == ' ' && end[0] == ':' && end[1] == '\t') {
			assert_true(starts.count < 16384);
			starts.items[starts.count++] = text_offset_of(address);
		}
	}
	assert_int_equal(pclose(from), 0);
	assert_true(starts.count > 100);
}

/* What the unwind tables cover, as readelf has it. */
static struct readelf_frames frames;

static void read_frames(void)
{
	readelf_frames(FUNCTIONS_PATH, &frames);
	assert_true(frames.count > 5);
}

static bool is_covered(uint64_t offset)
{
	for (size_t i = 0; i < frames.count; i++)
		if (offset >= text_offset_of(frames.items[i].start) &&
		    offset <= text_offset_of(frames.items[i].end - 1))
			return true;
	return false;
}

static bool is_instruction(uint64_t offset)
{
	for (size_t i = 0; i < starts.count; i++)
		if (starts.items[i] == offset)
			return true;
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
	for (size_t i = 1; i < set.sites.count; i++) {
		assert_true(is_executable(set.sites.items[i]->offset, 1));
		/* Code without unwind tables is all that is left to lies. */
		assert_true(!is_covered(set.sites.items[i]->offset) ||
			    is_instruction(set.sites.items[i]->offset));
	}
	told->sites += set.sites.count - 1;
	probe_set_deinit(&set);
	spec_list_deinit(&specs);
}

static void one_round(void (*serve)(void), uint64_t seed, struct told *told)
{
	struct symbolizer *symbolizer;
	struct image *image = NULL;
	liar_begin(seed);
	struct err *e = liar_open(serve, FUNCTIONS_PATH, &symbolizer, &image);
	told->failed += e != NULL;
	err_free(e);
	if (image && seed % 2)
		ask_all(image, told);
	else if (image)
		add_probes(image, seed % 4 ? "*,uprobe:*" : "uprobe:@uprobe_functions.c:20", told);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

static void lies_lead_nowhere(void **state)
{
	struct told told = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= LIAR_ROUNDS; seed++)
		one_round(serve_lies, seed, &told);
	/* Some lies are noticed, others are not; there is something to see in both. */
	assert_true(told.failed > LIAR_ROUNDS / 8 && told.failed < LIAR_ROUNDS);
	assert_true(told.functions > 100 && told.prototypes > 10 && told.sites > 100);
}

/* A place that is no instruction is none that is proven, whatever is said of it. */
static void a_byte_later_is_no_function(void **state)
{
	const struct symbolizer_options options = {.serve = serve_moved};
	struct symbolizer *symbolizer;
	struct image *image;
	struct told told = {0};
	const struct function *functions;
	size_t count;
	(void)state;
	assert_ok(symbolizer_create(&options, &symbolizer));
	assert_ok(image_open_in(symbolizer, FUNCTIONS_PATH, -1, &image));
	assert_ok(image_functions(image, &functions, &count));
	assert_true(count > 10);
	size_t inside = 0;
	for (size_t i = 0; i < count; i++) {
		assert_int_not_equal(image_frame_place(image, functions[i].address), FRAME_START);
		inside += image_frame_place(image, functions[i].address) == FRAME_INSIDE;
	}
	assert_true(inside > 10);
	add_probes(image, "*", &told);
	assert_null(image_failure(image));
	image_close(image);
	symbolizer_destroy(symbolizer);
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

static int set_up(void **state)
{
	(void)state;
	text_read_headers(FUNCTIONS_PATH);
	read_instructions();
	read_frames();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_is_believed),
		cmocka_unit_test(lies_lead_nowhere),
		cmocka_unit_test(a_byte_later_is_no_function),
		cmocka_unit_test(noise_is_no_answer),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
