/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that the symbol tables, the sections and the unwind tables answer. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/child/frames.h"
#include "symbols/child/protocol.h"
#include "symbols/child/remote.h"
#include "symbols/types_wire.h"
#include "symbols/unwind_row.h"

/* --- asking ahead ----------------------------------------------------------------------------- */

/* How many to ask for at once when number `index` is asked for: ever more while who asks goes
 * through them in their order, some left out. */
static size_t run_length(struct remote_run *run, size_t index, size_t max)
{
	enum { LEFT_OUT = 16 };
	bool goes_on = run->length && index >= run->end && index - run->end <= LEFT_OUT;
	size_t wanted = goes_on ? run->length * 4 : 1;
	run->length = wanted < max ? wanted : max;
	run->end = index + run->length;
	return run->length;
}

bool remote_make_frames(struct image *image)
{
	struct remote *remote = image->remote;
	if (!remote->frame_places)
		remote->frame_places = calloc(image->n_functions + 1, 1);
	return remote->frame_places;
}

/* --- functions -------------------------------------------------------------------------------- */

/* Where the kernel would put a probe: the program headers have the last word. */
bool remote_place_function(const struct image *image, const struct wire_function *from,
			   struct function *ret)
{
	const struct segment *segment = image_segment_of(image, from->address);
	if (!segment || !segment->executable || from->binding > 15 || from->ifunc > 1)
		return false;
	uint64_t inside = from->address - segment->address;
	*ret = (struct function){.symbol = ret->symbol,
				 .address = from->address,
				 .offset = segment->offset + inside,
				 .size = from->size,
				 .binding = from->binding,
				 .ifunc = from->ifunc,
				 .tables = from->tables};
	return from->size <= segment->file_size - inside;
}

static bool is_in_order(const struct function *before, const struct function *after)
{
	if (before->address != after->address)
		return before->address < after->address;
	return strcmp(before->symbol, after->symbol) < 0;
}

/* False: it makes no sense. Names are in `text`, which is ours, one behind the other. */
static bool take_functions(const struct image *image, const struct wire_function *from,
			   size_t count, const char *text, size_t size, struct function *to)
{
	const char *end = text + size;
	for (size_t i = 0; i < count; i++) {
		const char *nul = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
		if (!nul || nul == text)
			return false;
		to[i].symbol = text;
		text = nul + 1;
		if (!remote_place_function(image, &from[i], &to[i]) ||
		    (i && !is_in_order(&to[i - 1], &to[i])))
			return false;
	}
	return text == end;
}

static void take_sources(struct image *image, struct wire *answer)
{
	struct remote *remote = image->remote;
	const char *symbols = wire_keep_text(answer, &image->arena);
	bool is_stripped = wire_take_bool(answer);
	const char *symtab = wire_keep_text(answer, &image->arena);
	if (answer->bad)
		return;
	remote->sources_read = true;
	remote->symbol_source = symbols;
	remote->is_stripped = is_stripped;
	remote->symtab_source = symtab;
}

void remote_sources(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	if (image->remote->sources_read)
		return;
	image->remote->sources_read = true;
	image->remote->is_stripped = true;
	remote_begin(image, &request);
	struct err *e = remote_ask(image, VERB_SOURCES, &request, &answer);
	if (!e) {
		take_sources(image, &answer);
		e = remote_end(image, &answer);
	}
	err_free(e);
}

static void put_expected(const struct image *image, struct wire *request)
{
	const struct remote *remote = image->remote;
	wire_put_u32(request, (uint32_t)remote->n_expected);
	for (size_t i = 0; i < remote->n_expected; i++)
		wire_put_text(request, remote->expected[i]);
}

static void take_expected(struct image *image, struct wire *answer)
{
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	struct remote *remote = image->remote;
	uint64_t indexes[EXPECTED_MAX];
	uint8_t frames[EXPECTED_MAX];
	size_t count = wire_take_count(answer, 9);
	answer->bad |= count > EXPECTED_MAX;
	for (size_t i = 0; i < count && !answer->bad; i++) {
		indexes[i] = wire_take_u64(answer);
		frames[i] = wire_take_u8(answer);
		answer->bad |= indexes[i] >= image->n_functions || frames[i] > FRAME_INSIDE;
	}
	types_take_all(&reader, answer, &image->arena, NULL);
	if (!count || answer->bad || !remote_make_known(image) || !remote_make_frames(image)) {
		answer->bad |= count > 0; /* or out of memory */
		return;
	}
	for (size_t i = 0; i < count && !answer->bad; i++) {
		remote->known[indexes[i]] = types_take_prototype(&reader);
		remote->is_known[indexes[i]] = !answer->bad;
		remote->frame_places[indexes[i]] = frames[i] + 1;
	}
}

struct err *remote_functions(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	put_expected(image, &request);
	struct err *e = remote_ask(image, VERB_FUNCTIONS, &request, &answer);
	if (e)
		return e;
	size_t count = wire_take_count(&answer, sizeof(struct wire_function));
	const void *functions = wire_take_bytes(&answer, count * sizeof(struct wire_function));
	size_t size = wire_take_count(&answer, 1);
	const char *names = wire_take_bytes(&answer, size);
	if (answer.bad)
		return remote_end(image, &answer);
	_cleanup_free_ struct wire_function *from = calloc(count + 1, sizeof(*from));
	_cleanup_free_ struct function *to = calloc(count + 1, sizeof(*to));
	const char *text = arena_copy(&image->arena, names, size);
	if (!from || !to || !text)
		return &err_nomem;
	memcpy(from, functions, count * sizeof(*from)); /* they lie anyhow */
	if (!take_functions(image, from, count, text, size, to)) {
		answer.bad = true;
		return remote_end(image, &answer);
	}
	image->functions = take_ptr(to);
	image->n_functions = count;
	take_sources(image, &answer);
	take_expected(image, &answer);
	return remote_end(image, &answer);
}

/* --- sections --------------------------------------------------------------------------------- */

bool remote_take_range(struct image *image, struct wire *answer, const struct section_range **ret)
{
	bool found = wire_take_bool(answer);
	struct section_range range = {.address = wire_take_u64(answer)};
	uint64_t end;
	range.offset = wire_take_u64(answer);
	range.size = wire_take_u64(answer);
	*ret = NULL;
	if (answer->bad || !found)
		return !answer->bad;
	if (__builtin_add_overflow(range.offset, range.size, &end) || end > image->file.size)
		return false;
	*ret = arena_copy(&image->arena, &range, sizeof(range));
	return *ret;
}

static const struct section_range *ask_section(struct image *image, const char *name)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_text(&request, name);
	struct err *e = remote_ask(image, VERB_SECTION, &request, &answer);
	if (e) {
		err_free(e);
		return NULL;
	}
	const struct section_range *range = NULL;
	answer.bad |= !remote_take_range(image, &answer, &range);
	e = remote_end(image, &answer);
	range = e ? NULL : range;
	err_free(e);
	return range;
}

bool remote_section(struct image *image, const char *name, struct section_range *ret)
{
	size_t length = strlen(name);
	struct name_map *sections = &image->remote->sections;
	const uint64_t *known = name_map_find(sections, name, length);
	bool asked = !known && !image->remote->has_all_sections;
	const struct section_range *range = known ? (const void *)(uintptr_t)*known : NULL;
	if (asked)
		range = ask_section(image, name);
	const char *key = !asked ? NULL : arena_string(&image->arena, name);
	if (key)
		name_map_add(sections, key, length, (uint64_t)(uintptr_t)range);
	if (range)
		*ret = *range;
	return range;
}

/* --- names ------------------------------------------------------------------------------------ */

#define NAMES_MAX 4096

void remote_put_range(const struct image *image, size_t first, size_t count, struct wire *request)
{
	wire_put_u64(request, image->n_functions);
	wire_put_u64(request, first);
	wire_put_u64(request, count);
}

/* Symbols lie one behind the other, in the order of the functions. */
static bool find_symbol(const struct image *image, const char *symbol, size_t *ret)
{
	size_t next = image->remote->named, count = image->n_functions;
	/* Most go through them. */
	for (size_t i = next; i < next + 4 && i < count; i++)
		if (image->functions[i].symbol == symbol) {
			*ret = i;
			return true;
		}
	*ret = array_count_first(count, i, image->functions[i].symbol < symbol);
	return *ret < count && image->functions[*ret].symbol == symbol;
}

static struct err *ask_names(struct image *image, size_t first, size_t count, const char **ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	remote_put_range(image, first, count, &request);
	struct err *e = remote_ask(image, VERB_NAMES, &request, &answer);
	for (size_t i = 0; !e && i < count && !answer.bad; i++) {
		const char *name = wire_keep_text(&answer, &image->arena);
		ret[i] = name ? name : image->functions[first + i].symbol;
	}
	return e ? e : remote_end(image, &answer);
}

const char *remote_function_name(struct image *image, const char *symbol)
{
	struct remote *remote = image->remote;
	size_t index;
	if (!image->functions_read || !find_symbol(image, symbol, &index))
		return NULL;
	if (!remote->names)
		remote->names = calloc(image->n_functions, sizeof(*remote->names));
	if (!remote->names)
		return NULL;
	remote->named = index;
	if (!remote->names[index]) {
		size_t count = run_length(&remote->demangled, index, NAMES_MAX);
		size_t rest = image->n_functions - index;
		err_free(ask_names(image, index, count < rest ? count : rest,
				   remote->names + index));
	}
	return remote->names[index] ? remote->names[index] : symbol;
}

const char *remote_demangle(struct image *image, const char *key)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_text(&request, key);
	struct err *e = remote_ask(image, VERB_DEMANGLE, &request, &answer);
	const char *name = e ? NULL : wire_keep_text(&answer, &image->arena);
	e = e ? e : remote_end(image, &answer);
	name = name && !e ? name : key;
	err_free(e);
	name_map_add(&image->demangled, key, strlen(key), (uint64_t)(uintptr_t)name);
	return name;
}

char *remote_demangle_whole(struct image *image, const char *symbol)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_text(&request, symbol);
	struct err *e = remote_ask(image, VERB_DEMANGLE_WHOLE, &request, &answer);
	const char *whole = e ? NULL : wire_take_text(&answer);
	e = e ? e : remote_end(image, &answer);
	char *copy = whole && !e ? strdup(whole) : NULL;
	err_free(e);
	return copy;
}

/* --- by name ---------------------------------------------------------------------------------- */

void remote_imports(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	struct err *e = remote_ask(image, VERB_IMPORTS, &request, &answer);
	if (!e)
		remote_take_imports(image, &answer);
	e = e ? e : remote_end(image, &answer);
	err_free(e);
}

/* What was answered. */
struct remote_symbol {
	uint64_t address; /* UINT64_MAX: it has none */
	bool is_defined;
};

static struct remote_symbol ask_symbol(struct image *image, const char *symbol)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_text(&request, symbol);
	struct err *e = remote_ask(image, VERB_SYMBOL, &request, &answer);
	bool is_defined = !e && wire_take_bool(&answer);
	bool has_address = !e && wire_take_bool(&answer);
	uint64_t address = e ? 0 : wire_take_u64(&answer);
	e = e ? e : remote_end(image, &answer);
	struct remote_symbol found = {.address = has_address && !e ? address : UINT64_MAX,
				      .is_defined = is_defined && !e};
	err_free(e);
	return found;
}

bool remote_symbol(struct image *image, const char *symbol, uint64_t *ret_address)
{
	struct name_map *symbols = &image->remote->symbols;
	size_t length = strlen(symbol);
	const uint64_t *known = name_map_find(symbols, symbol, length);
	struct remote_symbol found;
	if (known) {
		found = *(const struct remote_symbol *)(uintptr_t)*known;
	} else {
		found = ask_symbol(image, symbol);
		struct remote_symbol *kept = arena_alloc(&image->arena, sizeof(*kept));
		const char *key = kept ? arena_string(&image->arena, symbol) : NULL;
		if (key) {
			*kept = found;
			name_map_add(symbols, key, length, (uint64_t)(uintptr_t)kept);
		}
	}
	*ret_address = found.address;
	return found.is_defined;
}

/* --- unwind tables ---------------------------------------------------------------------------- */

#define FRAMES_MAX 1024

static struct err *ask_frame_places(struct image *image, const struct function *first,
				    uint64_t address, uint8_t *ret, size_t count)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_u32(&request, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		wire_put_u64(&request, i ? first[i].address : address);
	struct err *e = remote_ask(image, VERB_FRAME_PLACES, &request, &answer);
	for (size_t i = 0; !e && i < count; i++) {
		uint8_t frame = wire_take_u8(&answer);
		answer.bad |= frame > FRAME_INSIDE;
		ret[i] = answer.bad ? 0 : (uint8_t)(frame + 1);
	}
	return e ? e : remote_end(image, &answer);
}

/* The first function that begins there. */
static bool find_address(const struct image *image, uint64_t address, size_t *ret)
{
	size_t count = image->functions_read ? image->n_functions : 0;
	*ret = array_count_first(count, i, image->functions[i].address < address);
	return *ret < count && image->functions[*ret].address == address;
}

static enum frame_place claimed_frame_place(struct image *image, uint64_t address)
{
	struct remote *remote = image->remote;
	uint8_t single = 0, *places = &single;
	size_t index = 0, count = 1;
	const struct function *first = NULL;
	if (find_address(image, address, &index) && remote_make_frames(image)) {
		places = remote->frame_places + index;
		first = image->functions + index;
		remote->wants_frames = true;
		if (!*places)
			remote_settle(remote->symbolizer);
		if (*places)
			return *places - 1;
		count = run_length(&remote->frames, index, FRAMES_MAX);
		if (count > image->n_functions - index)
			count = image->n_functions - index;
	}
	err_free(ask_frame_places(image, first, address, places, count));
	return *places ? *places - 1 : FRAME_UNKNOWN;
}

/* By what is answered a probe is placed on what nobody has decoded before. So it is held against
 * the table of the file, where that has one. */
enum frame_place remote_frame_place(struct image *image, uint64_t address)
{
	enum frame_place claimed = claimed_frame_place(image, address);
	switch (frames_look(image, address)) {
	case FRAMES_INSIDE:
		return FRAME_INSIDE;
	case FRAMES_OUTSIDE:
		return claimed == FRAME_START ? FRAME_UNKNOWN : claimed;
	case FRAMES_NO_TABLE:
	case FRAMES_BEGIN:
		break;
	}
	return claimed;
}

bool remote_frame_row(struct image *image, uint64_t address, uint64_t *ret_start)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	wire_put_u64(&request, address);
	struct err *e = remote_ask(image, VERB_FRAME_ROW, &request, &answer);
	bool found = !e && wire_take_bool(&answer);
	uint64_t start = e ? 0 : wire_take_u64(&answer);
	answer.bad |= found && start > address;
	e = e ? e : remote_end(image, &answer);
	found &= !e;
	err_free(e);
	if (found)
		*ret_start = start;
	return found;
}

static void take_rule(struct image *image, struct wire *answer, struct row_rule *rule)
{
	uint8_t kind = wire_take_u8(answer);
	answer->bad |= kind > ROW_COMPUTED;
	rule->kind = kind;
	rule->offset = (int64_t)wire_take_u64(answer);
	rule->n_ops = wire_take_count(answer, 25);
	if (!rule->n_ops)
		return;
	rule->ops = arena_array(&image->arena, rule->n_ops, sizeof(*rule->ops));
	answer->bad |= !rule->ops || kind != ROW_COMPUTED;
	for (size_t i = 0; i < rule->n_ops && !answer->bad; i++) {
		rule->ops[i].atom = wire_take_u8(answer);
		rule->ops[i].number = wire_take_u64(answer);
		rule->ops[i].number2 = wire_take_u64(answer);
		rule->ops[i].offset = wire_take_u64(answer);
	}
}

bool remote_unwind_row(struct image *image, uint64_t address, struct unwind_row *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct unwind_row row = {0};
	remote_begin(image, &request);
	wire_put_u64(&request, address);
	struct err *e = remote_ask(image, VERB_UNWIND_ROW, &request, &answer);
	bool found = !e && wire_take_bool(&answer);
	if (found) {
		row.return_register = wire_take_u8(&answer);
		row.is_signal = wire_take_bool(&answer);
		row.cfa_register = wire_take_u64(&answer);
		take_rule(image, &answer, &row.cfa);
		for (int i = 0; i < STACK_REGISTERS; i++)
			take_rule(image, &answer, &row.rules[i]);
		answer.bad |= row.return_register >= STACK_REGISTERS ||
			      (row.cfa.kind != ROW_COMPUTED && row.cfa.kind != ROW_IS) ||
			      row.cfa_register >= STACK_REGISTERS;
	}
	e = e ? e : remote_end(image, &answer);
	found &= !e;
	err_free(e);
	if (found)
		*ret = row;
	return found;
}
