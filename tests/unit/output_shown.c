/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/array.h"
#include "output/shown.h"
#include "output/shown_form.h"
#include "tests/unit/output_events.h"

static const struct shown_scope no_scope = {0};

/* The compiler lays it out; the bit-fields' places are checked by what comes back. */
struct layout {
	int32_t number;
	char text[4];
	unsigned int low : 3;
	int negative : 5;
	unsigned int high : 24;
	double real;
	int16_t list[2];
};

static const struct type type_short = {.kind = TYPE_INT, .size = 2, .name = "short"};
static const struct type type_unsigned = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
static const struct type type_text4 = {
	.kind = TYPE_ARRAY, .size = 4, .name = "char[4]", .target = &type_char};
static const struct type type_list = {
	.kind = TYPE_ARRAY, .size = 4, .name = "short[2]", .target = &type_short};
static const struct type_member layout_members[] = {
	{"number", &type_int, offsetof(struct layout, number), 0, 0},
	{"text", &type_text4, offsetof(struct layout, text), 0, 0},
	{"low", &type_unsigned, 8, 3, 0},
	{"negative", &type_int, 8, 5, 3},
	{"high", &type_unsigned, 8, 24, 8},
	{"real", &type_double, offsetof(struct layout, real), 0, 0},
	{"list", &type_list, offsetof(struct layout, list), 0, 0},
};
static const struct type type_layout = {
	.kind = TYPE_STRUCT,
	.size = sizeof(struct layout),
	.name = "struct layout",
	.members = layout_members,
	.n_members = array_size(layout_members),
};

static struct shown part_of(const struct shown *whole, uint32_t index)
{
	struct shown part;
	const char *name;
	shown_part(&no_scope, whole, index, &part, &name);
	if (whole->kind == SHOWN_STRUCT)
		assert_string_equal(name, whole->type->members[index].name);
	return part;
}

static void a_copied_structure_shows_its_members(void **state)
{
	(void)state;
	struct layout memory = {-5, "ab", 5, -3, 0xabcdef, 0.5, {1, -2}};
	struct shown whole, part;
	shown_memory(&type_layout, (const char *)&memory, sizeof(memory), &whole);
	assert_int_equal(whole.kind, SHOWN_STRUCT);
	assert_int_equal(whole.count, array_size(layout_members));
	assert_int_equal((int64_t)part_of(&whole, 0).number, -5);
	part = part_of(&whole, 1);
	assert_int_equal(part.kind, SHOWN_STRING);
	assert_int_equal(part.length, 2);
	assert_int_equal(part_of(&whole, 2).number, 5);
	assert_int_equal((int64_t)part_of(&whole, 3).number, -3);
	assert_int_equal(part_of(&whole, 4).number, 0xabcdef);
	assert_true(part_of(&whole, 5).real == 0.5);
	struct shown list = part_of(&whole, 6);
	assert_int_equal(list.kind, SHOWN_ARRAY);
	assert_int_equal(list.count, 2);
	assert_int_equal((int64_t)part_of(&list, 1).number, -2);
}

/* With every number of bytes that may have been copied: nothing is read beyond (ASan watches). */
static void a_cut_structure_tells_what_is_missing(void **state)
{
	(void)state;
	struct layout memory = {-5, "abcd", 5, -3, 0xabcdef, 0.5, {1, -2}};
	for (uint32_t size = 0; size < sizeof(memory); size++) {
		char *copy = malloc(size + !size);
		assert_non_null(copy);
		memcpy(copy, &memory, size);
		struct shown whole;
		shown_memory(&type_layout, copy, size, &whole);
		for (uint32_t i = 0; i < whole.count; i++) {
			struct shown part = part_of(&whole, i);
			const struct type_member *member = &layout_members[i];
			uint32_t bytes = member->bit_size
						 ? (member->bit_offset + member->bit_size + 7u) / 8
						 : member->type->size;
			bool is_whole = member->offset + bytes <= size;
			bool is_shown = part.kind != SHOWN_UNAVAILABLE && !part.truncated;
			assert_int_equal(is_shown, is_whole);
		}
		free(copy);
	}
}

static void types_that_lie_do_no_harm(void **state)
{
	(void)state;
	/* a structure that contains itself, elements without size, elements larger than all */
	struct type loop = {.kind = TYPE_STRUCT, .size = 8, .name = "struct loop"};
	struct type_member member = {"self", &loop, 0, 0, 0};
	loop.members = &member;
	loop.n_members = 1;
	struct shown shown, part;
	const char *name, bytes[8] = "1234567";
	int level = 0;
	for (shown_memory(&loop, bytes, 8, &shown); shown.kind == SHOWN_STRUCT; shown = part) {
		shown_part(&no_scope, &shown, 0, &part, &name);
		assert_true(level++ < 20);
	}
	assert_string_equal(shown.text, "nested too deeply");

	struct type nothing = {.kind = TYPE_INT, .size = 0, .name = ""};
	struct type array = {.kind = TYPE_ARRAY, .size = 8, .name = "", .target = &nothing};
	shown_memory(&array, bytes, 8, &shown);
	assert_int_equal(shown.kind, SHOWN_UNAVAILABLE);
	array.target = NULL;
	shown_memory(&array, bytes, 8, &shown);
	assert_int_equal(shown.kind, SHOWN_UNAVAILABLE);
	array.target = &loop;
	array.size = UINT32_MAX;
	shown_memory(&array, bytes, 8, &shown);
	assert_int_equal(shown.count, 1);
	assert_true(shown.truncated);
	member.offset = UINT32_MAX;
	shown_memory(&loop, bytes, 8, &shown);
	shown_part(&no_scope, &shown, 0, &part, &name);
	assert_int_equal(part.kind, SHOWN_UNAVAILABLE);
	struct type huge = {.kind = TYPE_INT, .size = 12, .name = "_BitInt"};
	shown_memory(&huge, (const char *)&(struct layout){0}, 16, &shown);
	assert_int_equal(shown.kind, SHOWN_UNAVAILABLE);
	struct type opaque = {.kind = TYPE_STRUCT, .size = 8, .name = "struct opaque"};
	shown_memory(&opaque, bytes, 8, &shown);
	assert_string_equal(shown.text, "members unknown");
}

static void bits_are_cut_to_their_type(void **state)
{
	(void)state;
	static const struct type type_u8 = {.kind = TYPE_UINT, .size = 1, .name = "uint8_t"};
	struct shown shown;
	shown_bits(&type_u8, UINT64_MAX, &shown);
	assert_int_equal(shown.number, 255);
	shown_bits(&type_short, 0xffff, &shown);
	assert_int_equal((int64_t)shown.number, -1);
	shown_bits(&type_fd, 0xffffffff, &shown);
	assert_int_equal((int64_t)shown.number, -1);
	shown_bits(&type_color, 0xffffffff, &shown); /* not sign-extended: BROKEN is -1 */
	assert_int_equal(shown.kind, SHOWN_NAME);
	assert_string_equal(shown.text, "BROKEN");
	shown_bits(&type_errno, (uint64_t)-5000, &shown);
	assert_int_equal(shown.kind, SHOWN_SIGNED);
	static const struct type type_half = {
		.kind = TYPE_FLOAT, .size = 16, .name = "long double"};
	shown_bits(&type_half, 0, &shown);
	assert_int_equal(shown.kind, SHOWN_UNAVAILABLE);
}

/* What a pointer leads to is there when the call filled it: nanosleep()'s only after a signal. */
static void outputs_depend_on_the_result(void **state)
{
	(void)state;
	static const struct {
		int64_t result;
		bool filled[4]; /* by enum value_filled_by */
	} cases[] = {
		{0, {true, false, false, true}},	{5, {true, true, false, true}},
		{-EINTR, {false, false, true, true}},	{-516, {false, false, true, true}},
		{-EFAULT, {false, false, false, true}}, {-4096, {true, true, false, true}},
	};
	for (size_t i = 0; i < array_size(cases) * 4; i++) {
		struct made *made = made_event(STREAM_SYSCALL, "nanosleep");
		struct value *rem = made_number(made, "rem", &type_pointer, 0x1000);
		struct value copy = {.name = "rem",
				     .type = &type_long,
				     .slot = 1,
				     .at_return = true,
				     .filled_by = (uint8_t)(i % 4),
				     .boxed = true};
		struct shown shown;
		rem->copy = &copy;
		made_result(made, &type_int, (uint64_t)cases[i / 4].result);
		made->results.count = 2;
		made->results.items[1] = (struct slot){.available = true, .number = 7};
		struct shown_scope scope = shown_scope(&made->event, false, 0, NULL);
		shown_value(&scope, rem, made->event.arguments, &shown);
		bool is_filled = cases[i / 4].filled[i % 4];
		assert_int_equal(shown.kind, is_filled ? SHOWN_SIGNED : SHOWN_HEX);
		assert_int_equal(shown.number, is_filled ? 7 : 0x1000);
		assert_int_equal(shown.boxed, is_filled);
		scope.opening = true;
		shown_value(&scope, rem, made->event.arguments, &shown);
		assert_int_equal(shown.kind, SHOWN_HEX);
		made_free(made);
	}
}

static void missing_slots_say_why(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	struct value *value = made_number(made, "x", &type_int, 1);
	struct shown_scope scope = shown_scope(&made->event, false, 0, NULL);
	struct shown shown;
	shown_value(&scope, value, NULL, &shown);
	assert_string_equal(shown.text, "not recorded");
	value->at_return = true;
	shown_value(&scope, value, &made->arguments, &shown);
	assert_string_equal(shown.text, "not returned");
	scope.opening = true;
	shown_value(&scope, value, &made->arguments, &shown);
	assert_string_equal(shown.text, "at return");
	value->at_return = false;
	value->slot = 30; /* beyond what the record has */
	shown_value(&scope, value, &made->arguments, &shown);
	assert_int_equal(shown.kind, SHOWN_UNAVAILABLE);
	made_free(made);
}

static void bare_names_say_no_more_than_the_place(void **state)
{
	(void)state;
	assert_true(argument_name_is_bare("arg1"));
	assert_true(argument_name_is_bare("arg12"));
	assert_true(argument_name_is_bare(""));
	assert_true(argument_name_is_bare(NULL));
	assert_false(argument_name_is_bare("arg"));
	assert_false(argument_name_is_bare("args"));
	assert_false(argument_name_is_bare("arg1x"));
	assert_false(argument_name_is_bare("n"));
}

/* Only what lies in the string itself, whole. */
static void assert_element(uint64_t pointer, uint64_t used, uint64_t address, const char *text)
{
	static const struct type_form form = {.kind = FORM_TEXT, .data = 0, .length = 8};
	static const struct type string = {
		.kind = TYPE_STRUCT, .size = 32, .name = "string", .form = &form};
	char bytes[32] = "";
	struct shown shown;
	memcpy(bytes, &pointer, sizeof(pointer));
	memcpy(bytes + 8, &used, sizeof(used));
	memcpy(bytes + 16, "abc", 4);
	shown_form_element(&string, bytes, sizeof(bytes), address, &shown);
	if (!text) {
		assert_int_equal(shown.kind, SHOWN_STRUCT);
		return;
	}
	assert_int_equal(shown.kind, SHOWN_STRING);
	assert_int_equal(shown.length, strlen(text));
	assert_memory_equal(shown.bytes, text, strlen(text));
}

static void short_strings_of_arrays(void **state)
{
	(void)state;
	assert_element(0x1010, 3, 0x1000, "abc");
	assert_element(0x1010, 0, 0x1000, "");
	assert_element(0x1010, 16, 0x1000, NULL); /* no room for its NUL */
	assert_element(0x1010, UINT64_MAX, 0x1000, NULL);
	assert_element(0x1020, 0, 0x1000, NULL);
	assert_element(0xfff, 1, 0x1000, NULL);
	assert_element(0x1010, 3, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_strings_of_arrays),
		cmocka_unit_test(a_copied_structure_shows_its_members),
		cmocka_unit_test(a_cut_structure_tells_what_is_missing),
		cmocka_unit_test(types_that_lie_do_no_harm),
		cmocka_unit_test(bits_are_cut_to_their_type),
		cmocka_unit_test(outputs_depend_on_the_result),
		cmocka_unit_test(missing_slots_say_why),
		cmocka_unit_test(bare_names_say_no_more_than_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
