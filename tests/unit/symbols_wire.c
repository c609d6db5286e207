/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "symbols/types_wire.h"
#include "symbols/wire.h"
#include "tests/unit/unit.h"

static void test_numbers_and_text(void **state)
{
	(void)state;
	struct wire wire = {0};
	struct arena arena = {0};
	wire_put_u8(&wire, 200);
	wire_put_u32(&wire, 0xfffffffe);
	wire_put_u64(&wire, UINT64_MAX - 1);
	wire_put_text(&wire, "name");
	wire_put_text(&wire, NULL);
	wire_put_text(&wire, "");
	wire_put_u8(&wire, 1);
	assert_int_equal(wire_take_u8(&wire), 200);
	assert_int_equal(wire_take_u32(&wire), 0xfffffffe);
	assert_true(wire_take_u64(&wire) == UINT64_MAX - 1);
	assert_string_equal(wire_take_text(&wire), "name");
	assert_null(wire_keep_text(&wire, &arena));
	assert_string_equal(wire_keep_name(&wire, &arena), "");
	assert_false(wire_is_done(&wire));
	assert_true(wire_take_bool(&wire));
	assert_true(wire_is_done(&wire));
	wire_take_u8(&wire);
	assert_true(wire.bad);
	assert_false(wire_is_done(&wire));
	arena_deinit(&arena);
	wire_deinit(&wire);
}

/* Whatever is cut off is noticed, and reads as nothing. */
static void test_cut(void **state)
{
	(void)state;
	struct wire whole = {0};
	wire_put_u64(&whole, 3);
	wire_put_text(&whole, "some text");
	wire_put_u32(&whole, 7);
	for (size_t size = 0; size < whole.size; size++) {
		struct wire part = {0};
		wire_put_bytes(&part, whole.bytes, size);
		wire_take_u64(&part);
		wire_take_text(&part);
		assert_int_equal(wire_take_u32(&part), 0);
		assert_true(part.bad);
		wire_deinit(&part);
	}
	wire_deinit(&whole);
}

static void put_raw_text(struct wire *wire, uint32_t size, const char *bytes, size_t n)
{
	wire_reset(wire);
	wire_put_u32(wire, size);
	wire_put_bytes(wire, bytes, n);
}

static void test_nonsense(void **state)
{
	(void)state;
	struct wire wire = {0};
	struct arena arena = {0};
	put_raw_text(&wire, 4, "abcd", 4); /* no end */
	assert_null(wire_take_text(&wire));
	assert_true(wire.bad);
	put_raw_text(&wire, 4, "a\0b\0", 4); /* an end too early */
	assert_null(wire_take_text(&wire));
	assert_true(wire.bad);
	put_raw_text(&wire, UINT32_MAX, "a\0", 2);
	assert_null(wire_take_text(&wire));
	assert_true(wire.bad);
	wire_reset(&wire);
	wire_put_u8(&wire, 2);
	wire_take_bool(&wire);
	assert_true(wire.bad);
	wire_reset(&wire);
	wire_put_u64(&wire, UINT64_MAX / 8 + 2); /* times 8 is little */
	wire_put_u64(&wire, 0);
	assert_int_equal(wire_take_count(&wire, 8), 0);
	assert_true(wire.bad);
	wire_reset(&wire);
	wire_put_text(&wire, NULL);
	assert_string_equal(wire_keep_name(&wire, &arena), "");
	assert_true(wire.bad);
	arena_deinit(&arena);
	wire_deinit(&wire);
}

static void test_errors(void **state)
{
	(void)state;
	struct wire wire = {0};
	struct err *e = err_new(ERR_USAGE, ENOENT, "opening '%s'", "x");
	e = err_hint(err_why(e, "so"), "do");
	wire_put_error(&wire, e);
	wire_put_error(&wire, NULL);
	wire_put_error(&wire, &err_nomem);
	err_free(e);
	e = wire_take_error(&wire);
	assert_int_equal(err_kind(e), ERR_USAGE);
	assert_int_equal(err_errno(e), ENOENT);
	assert_string_equal(err_what(e), "opening 'x'");
	assert_string_equal(err_reason(e), "so");
	assert_string_equal(err_advice(e), "do");
	err_free(e);
	assert_null(wire_take_error(&wire));
	assert_ptr_equal(wire_take_error(&wire), &err_nomem);
	wire_put_u8(&wire, 77); /* no such kind */
	wire_put_u32(&wire, 0);
	for (int i = 0; i < 3; i++)
		wire_put_text(&wire, "");
	assert_null(wire_take_error(&wire));
	assert_true(wire.bad);
	wire_deinit(&wire);
}

/* --- types ------------------------------------------------------------------------------------ */

static const struct type number = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type wide = {.kind = TYPE_CHAR, .size = 4, .name = "char32_t", .prefix = 'U'};
static const struct enumerator colours[] = {{"RED", 1, 0}, {"BLUE", -2, 3}};
static const struct type colour = {
	.kind = TYPE_ENUM, .size = 4, .name = "colour", .enumerators = colours, .n_enumerators = 2};
static const struct type text = {.kind = TYPE_STRING,
				 .size = 8,
				 .name = "char *",
				 .length_arg = 2,
				 .most_arg = 3,
				 .length_bytes = 4,
				 .is_out = true};
static const struct type_member members[] = {{"n", &number, 0, 3, 1}, {"c", &colour, 4, 0, 0}};
static const struct type_condition conditions[] = {{0}, {8, 1, 1, true}};
static const struct type_form form = {.kind = FORM_ITEMS,
				      .data = 8,
				      .length = 16,
				      .length_before = 4,
				      .item = &text,
				      .none = "no"};
static const struct type record = {.kind = TYPE_STRUCT,
				   .size = 24,
				   .name = "struct r",
				   .members = members,
				   .n_members = 2,
				   .conditions = conditions,
				   .form = &form,
				   .abbreviated = true,
				   .is_big_endian = true,
				   .in_memory = true};
static const struct type pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "struct r *", .target = &record, .is_code = true};

static const struct prototype *there_and_back(const struct prototype *prototype, struct wire *wire,
					      struct arena *arena, bool *ret_bad)
{
	struct type_writer writer = {0};
	struct type_reader reader;
	types_put_prototype(&writer, prototype);
	types_put_all(&writer, wire);
	assert_false(wire->bad);
	types_take_all(&reader, wire, arena, NULL);
	const struct prototype *found = types_take_prototype(&reader);
	*ret_bad = !wire_is_done(wire);
	type_reader_deinit(&reader);
	type_writer_deinit(&writer);
	return found;
}

static void test_types(void **state)
{
	(void)state;
	const struct parameter parameters[] = {{"p", &pointer}, {"", &number}, {"", &wide}};
	const struct parameter_place places[] = {
		{.kind = PLACE_PIECES,
		 .reg = 5,
		 .exact = true,
		 .n_pieces = 1,
		 .offset = -8,
		 .pieces = {{.kind = PLACE_REGISTER, .reg = 3, .size = 4, .offset = 2}}},
		{.kind = PLACE_MEMORY},
		{.kind = PLACE_LATER, .is_address = true, .since = 300}};
	const struct prototype prototype = {.parameters = parameters,
					    .n_parameters = 3,
					    .places = places,
					    .no_result = "why",
					    .is_rust = true,
					    .result = &pointer,
					    .source = "DWARF"};
	struct wire wire = {0};
	struct arena arena = {0};
	bool bad;
	const struct prototype *got = there_and_back(&prototype, &wire, &arena, &bad);
	assert_false(bad);
	assert_int_equal(got->n_parameters, 3);
	assert_string_equal(got->parameters[0].name, "p");
	assert_true(type_is_wide(got->parameters[2].type));
	assert_true(got->places[2].kind == PLACE_LATER && got->places[2].is_address);
	assert_int_equal(got->places[2].since, 300);
	assert_int_equal(got->places[0].pieces[0].reg, 3);
	assert_int_equal(got->places[0].offset, -8);
	assert_true(got->places[0].exact && got->is_rust && !got->variadic && !got->is_optimised);
	assert_null(got->no_convention);
	assert_string_equal(got->no_result, "why");
	const struct type *type = got->parameters[0].type;
	assert_ptr_equal(type, got->result); /* once */
	assert_true(type->is_code);
	type = type->target;
	assert_string_equal(type->name, "struct r");
	assert_int_equal(type->members[0].bit_size, 3);
	assert_int_equal(type->members[0].bit_offset, 1);
	assert_ptr_equal(type->members[0].type, got->parameters[1].type);
	assert_int_equal(type->members[1].type->enumerators[1].value, -2);
	assert_int_equal(type->members[1].type->enumerators[1].mask, 3);
	assert_true(type->conditions[1].is_not && type->abbreviated && type->in_memory);
	assert_true(type->is_big_endian);
	assert_int_equal(type->conditions[1].offset, 8);
	assert_int_equal(type->form->length_before, 4);
	const struct type *item = type->form->item;
	assert_int_equal(item->length_arg, 2);
	assert_int_equal(item->most_arg, 3);
	assert_int_equal(item->length_bytes, 4);
	assert_true(item->is_out && !item->out_if_ok);
	assert_string_equal(type->form->none, "no");
	arena_deinit(&arena);
	wire_deinit(&wire);
}

static bool is_refused(uint32_t n_parameters, int8_t most_arg)
{
	struct parameter parameters[512];
	struct type buffer = {.kind = TYPE_BYTES, .size = 8, .name = "b", .most_arg = most_arg};
	struct prototype prototype = {.parameters = parameters,
				      .n_parameters = n_parameters,
				      .result = &number,
				      .source = "DWARF"};
	struct wire wire = {0};
	struct arena arena = {0};
	bool bad;
	for (uint32_t i = 0; i < n_parameters; i++)
		parameters[i] = (struct parameter){"p", &buffer};
	const struct prototype *got = there_and_back(&prototype, &wire, &arena, &bad);
	assert_int_equal(got == NULL, bad);
	arena_deinit(&arena);
	wire_deinit(&wire);
	return bad;
}

/* Others have arrays for so many, and go where a number leads. */
static void test_parameters(void **state)
{
	(void)state;
	assert_false(is_refused(255, 255 % 64));
	assert_true(is_refused(256, 0));
	assert_false(is_refused(3, 3));
	assert_true(is_refused(3, 4));
	assert_true(is_refused(3, -1));
	assert_true(is_refused(100, 65));
}

/* Thirty types, of which each has the one before twice: few bytes, and a walk that never ends. */
static void test_doubling(void **state)
{
	(void)state;
	enum { LEVELS = 30 };
	struct type types[LEVELS];
	struct type_member twice[LEVELS][2];
	types[0] = number;
	for (int i = 1; i < LEVELS; i++) {
		for (int j = 0; j < 2; j++)
			twice[i][j] = (struct type_member){.name = "m", .type = &types[i - 1]};
		types[i] = (struct type){
			.kind = TYPE_STRUCT, .name = "s", .members = twice[i], .n_members = 2};
	}
	struct prototype prototype = {.result = &types[10], .source = "DWARF"};
	struct wire wire = {0};
	struct arena arena = {0};
	bool bad;
	assert_non_null(there_and_back(&prototype, &wire, &arena, &bad));
	assert_false(bad);
	wire_reset(&wire);
	prototype.result = &types[LEVELS - 1];
	assert_null(there_and_back(&prototype, &wire, &arena, &bad));
	assert_true(bad);
	arena_deinit(&arena);
	wire_deinit(&wire);
}

static bool is_refused_type(const struct type *type)
{
	const struct prototype prototype = {.result = type, .source = "DWARF"};
	struct wire wire = {0};
	struct arena arena = {0};
	bool bad;
	there_and_back(&prototype, &wire, &arena, &bad);
	arena_deinit(&arena);
	wire_deinit(&wire);
	return bad;
}

/* What users of a type take for granted. */
static void test_whole(void **state)
{
	(void)state;
	static const struct type nothing = {.kind = TYPE_VOID, .name = "void"};
	struct type_member member = {"m", &number, 0, 64, 63};
	struct type_form own = {.kind = FORM_ITEMS, .item = &number, .none = "none"};
	struct type type = {
		.kind = TYPE_STRUCT, .name = "s", .members = &member, .n_members = 1, .form = &own};
	assert_false(is_refused_type(&type));
	member.bit_size = 65;
	assert_true(is_refused_type(&type));
	member = (struct type_member){"m", &number, 0, 1, 64};
	assert_true(is_refused_type(&type));
	member.bit_offset = 0;
	for (enum form_kind kind = FORM_ITEMS; kind <= FORM_RANGE; kind++) {
		own = (struct type_form){.kind = kind, .item = &number};
		assert_false(is_refused_type(&type));
		own.item = &nothing;
		assert_true(is_refused_type(&type));
		own.item = NULL;
		assert_true(is_refused_type(&type));
	}
	own = (struct type_form){.kind = FORM_OPTIONAL, .item = &number, .none = "none"};
	assert_false(is_refused_type(&type));
	own.none = NULL;
	assert_true(is_refused_type(&type));
	own = (struct type_form){.kind = FORM_BITS, .item = &number, .none = "std::vector"};
	assert_false(is_refused_type(&type));
	own.item = NULL;
	assert_true(is_refused_type(&type));
	own = (struct type_form){.kind = FORM_WEAK, .item = &number, .none = "expired"};
	assert_false(is_refused_type(&type));
	own.item = NULL;
	assert_true(is_refused_type(&type));
	own = (struct type_form){.kind = FORM_BIT_SET, .length = 5};
	assert_false(is_refused_type(&type));
	own = (struct type_form){.kind = FORM_VARIANTS, .item = &number};
	assert_true(is_refused_type(&type));
	struct type letter = {.kind = TYPE_CHAR, .size = 2, .name = "char16_t", .prefix = 'u'};
	assert_false(is_refused_type(&letter));
	letter.size = 8;
	assert_true(is_refused_type(&letter));
	letter = (struct type){.kind = TYPE_CHAR, .size = 2, .name = "char16_t", .prefix = 'x'};
	assert_true(is_refused_type(&letter));
	own = (struct type_form){.kind = FORM_TEXT};
	type.kind = TYPE_ARRAY;
	assert_true(is_refused_type(&type)); /* members, and a form */
	type.form = NULL;
	assert_true(is_refused_type(&type));
	type.members = NULL;
	assert_false(is_refused_type(&type));
	type.form = &own;
	assert_true(is_refused_type(&type));
	type.form = NULL;
	type.kind = TYPE_STRUCT;
	assert_true(is_refused_type(&type)); /* one member, and none there */
	type.n_members = 0;
	assert_false(is_refused_type(&type));
	type.length_size = 4;
	assert_true(is_refused_type(&type));
	type.length_size = 0;
	type.in_halves = true;
	assert_true(is_refused_type(&type));
}

static void test_pieces(void **state)
{
	(void)state;
	const struct parameter parameter = {"p", &number};
	struct parameter_place place = {
		.kind = PLACE_PIECES, .n_pieces = 1, .pieces = {{.kind = PLACE_CONSTANT}}};
	const struct prototype prototype = {.parameters = &parameter,
					    .n_parameters = 1,
					    .places = &place,
					    .result = &number,
					    .source = "DWARF"};
	for (int i = 0; i < 2; i++) {
		struct wire wire = {0};
		struct arena arena = {0};
		bool bad;
		there_and_back(&prototype, &wire, &arena, &bad);
		assert_int_equal(bad, i);
		place.pieces[0].kind = PLACE_PIECES;
		arena_deinit(&arena);
		wire_deinit(&wire);
	}
}

/* Cut where it is written: a name of any length is no reason to give a file up. */
static void test_long_names(void **state)
{
	(void)state;
	char *name = calloc(1, TYPES_TEXT_MAX + 100);
	memset(name, 'n', TYPES_TEXT_MAX + 99);
	const struct type type = {.kind = TYPE_INT, .size = 4, .name = name};
	const struct prototype prototype = {.result = &type, .source = "DWARF"};
	struct wire wire = {0};
	struct arena arena = {0};
	bool bad;
	const struct prototype *got = there_and_back(&prototype, &wire, &arena, &bad);
	assert_false(bad);
	assert_int_equal(strlen(got->result->name), TYPES_TEXT_MAX);
	/* One that does not cut. The length is behind how many there are, kind and size. */
	struct wire longer = {0};
	struct type_reader reader;
	uint32_t length = TYPES_TEXT_MAX + 2;
	wire_put_bytes(&longer, wire.bytes, 17 + TYPES_TEXT_MAX);
	memcpy(longer.bytes + 13, &length, sizeof(length));
	wire_put_u8(&longer, 'n');
	wire_put_bytes(&longer, wire.bytes + 17 + TYPES_TEXT_MAX, wire.size - 17 - TYPES_TEXT_MAX);
	types_take_all(&reader, &longer, &arena, NULL);
	assert_true(longer.bad);
	type_reader_deinit(&reader);
	wire_deinit(&longer);
	arena_deinit(&arena);
	wire_deinit(&wire);
	free(name);
}

/* So many, so deep: as whoever takes them wants. */
static void test_limits(void **state)
{
	(void)state;
	enum { LEVELS = 6 };
	struct type types[LEVELS];
	for (int i = 0; i < LEVELS; i++)
		types[i] = (struct type){.kind = TYPE_POINTER,
					 .size = 8,
					 .name = "*",
					 .target = i ? &types[i - 1] : NULL};
	const struct prototype prototype = {.result = &types[LEVELS - 1], .source = "DWARF"};
	static const struct type_limits limits[] = {
		{LEVELS, LEVELS - 1}, {LEVELS - 1, LEVELS}, {LEVELS, LEVELS - 2}};
	for (size_t i = 0; i < 3; i++) {
		struct type_writer writer = {0};
		struct type_reader reader;
		struct wire wire = {0};
		struct arena arena = {0};
		types_put_prototype(&writer, &prototype);
		types_put_all(&writer, &wire);
		types_take_all(&reader, &wire, &arena, &limits[i]);
		assert_int_equal(wire.bad, i > 0);
		type_reader_deinit(&reader);
		type_writer_deinit(&writer);
		arena_deinit(&arena);
		wire_deinit(&wire);
	}
}

/* Every byte of a good message, changed: read to the end, or refused, and never a type that refers
 * to what was not made before. */
static void test_damage(void **state)
{
	(void)state;
	const struct parameter parameters[] = {{"p", &pointer}};
	const struct prototype prototype = {
		.parameters = parameters, .n_parameters = 1, .result = &text, .source = "DWARF"};
	struct type_writer writer = {0};
	struct wire good = {0};
	size_t refused = 0;
	types_put_prototype(&writer, &prototype);
	types_put_all(&writer, &good);
	for (size_t i = 0; i < good.size * 4; i++) {
		static const uint8_t change[] = {0x01, 0x80, 0xff, 0x10};
		struct wire wire = {0};
		struct arena arena = {0};
		struct type_reader reader;
		wire_put_bytes(&wire, good.bytes, good.size);
		wire.bytes[i / 4] ^= change[i % 4];
		types_take_all(&reader, &wire, &arena, NULL);
		const struct prototype *found = types_take_prototype(&reader);
		for (uint32_t t = 0; t < reader.made; t++) {
			const struct type *type = &reader.types[t];
			assert_true(!type->target || type->target < type);
			assert_non_null(type->name);
			for (uint32_t m = 0; type->members && m < type->n_members; m++)
				assert_true(type->members[m].type < type);
		}
		refused += !found || !wire_is_done(&wire);
		type_reader_deinit(&reader);
		arena_deinit(&arena);
		wire_deinit(&wire);
	}
	/* Numbers and letters may be any; lengths, references and kinds may not. */
	assert_true(refused > good.size);
	type_writer_deinit(&writer);
	wire_deinit(&good);
}

static void test_variable(void **state)
{
	(void)state;
	const struct variable variable = {
		.name = "v",
		.type = &text,
		.place = {.is_value = true,
			  .steps = {{STEP_REGISTER, 7, 0}, {STEP_ADD, 0, -16}},
			  .n_steps = 2},
		.pieces = {{.size = 4, .unavailable = "gone"}},
		.n_pieces = 1};
	struct type_writer writer = {0};
	struct type_reader reader;
	struct wire wire = {0};
	struct arena arena = {0};
	struct variable got = {0};
	types_put_variable(&writer, &variable);
	types_put_all(&writer, &wire);
	types_take_all(&reader, &wire, &arena, NULL);
	types_take_variable(&reader, &got);
	assert_true(wire_is_done(&wire));
	assert_string_equal(got.name, "v");
	assert_string_equal(got.type->name, "char *");
	assert_true(got.place.is_value && !got.is_parameter && !got.place.unavailable);
	assert_int_equal(got.place.n_steps, 2);
	assert_int_equal(got.place.steps[0].reg, 7);
	assert_int_equal(got.place.steps[1].number, -16);
	assert_int_equal(got.n_pieces, 1);
	assert_int_equal(got.pieces[0].size, 4);
	assert_string_equal(got.pieces[0].unavailable, "gone");
	type_reader_deinit(&reader);
	type_writer_deinit(&writer);
	arena_deinit(&arena);
	wire_deinit(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_text),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_doubling),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_variable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
