/* SPDX-License-Identifier: Apache-2.0 */
#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/answers.h"
#include "tests/unit/symbols_same.h"

static const uint8_t build_id[] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4};
static const struct answers_key own_key = {.build_id = build_id,
					   .build_id_size = sizeof(build_id),
					   .source_size = 4096,
					   .source_time_ns = 12345,
					   .program = "1.2.3"};

/* --- a prototype with everything in it -------------------------------------------------------- */

static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct enumerator colors[] = {{"RED", 0, 0}, {"GREEN", -7, 3}};
static const struct type color_type = {.kind = TYPE_ENUM,
				       .size = 4,
				       .name = "enum color",
				       .enumerators = colors,
				       .n_enumerators = 2};
static const struct type array_type = {
	.kind = TYPE_ARRAY, .size = 16, .name = "char [16]", .target = &char_type, .n_members = 16};
static const struct type_member members[] = {
	{.name = "color", .type = &color_type, .offset = 0},
	{.name = "", .type = &int_type, .offset = 4, .bit_size = 3, .bit_offset = 5},
	{.name = "text", .type = &array_type, .offset = 8}};
static const struct type_condition conditions[] = {{0}, {8, 0xf000, 0x2000, true}, {0}};
static const struct type_variant variants[] = {{7, false}, {8, false}, {0, true}};
static const struct type_form form = {.kind = FORM_VARIANTS,
				      .data = 8,
				      .length = 4,
				      .length_before = 3,
				      .has_short = true,
				      .item = &int_type,
				      .none = "None",
				      .variants = variants};
static const struct type struct_type = {.kind = TYPE_STRUCT,
					.size = 24,
					.name = "struct thing",
					.members = members,
					.n_members = 3,
					.length_arg = LENGTH_RESULT,
					.most_arg = 3,
					.length_bytes = 4,
					.is_out = true,
					.out_if_ok = true,
					.in_memory = true,
					.conditions = conditions,
					.abbreviated = true,
					.form = &form};
static const struct type pointer_type = {
	.kind = TYPE_POINTER, .size = 8, .name = "struct thing *", .target = &struct_type};
static const struct parameter parameters[] = {{"thing", &pointer_type}, {"", &int_type}};
static const struct parameter_place places[] = {
	{.kind = PLACE_MEMORY, .reg = PLACE_CFA, .exact = true, .is_bytes = true, .offset = -8},
	{.kind = PLACE_PIECES,
	 .is_bytes = true,
	 .n_pieces = 2,
	 .pieces = {{PLACE_REGISTER, 3, 8, 0}, {PLACE_CONSTANT, 0, 4, -9}}}};
static const struct prototype everything = {.parameters = parameters,
					    .n_parameters = 2,
					    .places = places,
					    .no_convention = "Go's own",
					    .is_optimised = true,
					    .variadic = true,
					    .result = &pointer_type,
					    .source = "DWARF"};

/* --- tests ------------------------------------------------------------------------------------ */

static void *make_bytes(size_t *ret_size)
{
	struct answers *answers = answers_new(&own_key, NULL, 0);
	const struct answer first = {0x2000, 2, &everything, "dir/a.c", 42};
	const struct answer second = {0x1000, 2, NULL, NULL, 0};
	const struct answer third = {0x2000, 1, &everything, NULL, 0};
	assert_true(answers_add(answers, &first));
	assert_true(answers_add(answers, &second));
	assert_true(answers_add(answers, &third));
	void *bytes = answers_bytes(answers, ret_size);
	assert_non_null(bytes);
	answers_free(answers);
	return bytes;
}

static void answers_come_back(void **state)
{
	(void)state;
	size_t size, again_size;
	_cleanup_free_ void *bytes = make_bytes(&size);
	struct answers *answers = answers_new(&own_key, bytes, size);
	struct arena arena = {0};
	struct answer answer;
	assert_int_equal(answers_count(answers), 3);
	assert_false(answers_changed(answers));
	assert_true(answers_find(answers, 0x2000, 2, &arena, &answer));
	same_prototype(&everything, answer.prototype);
	assert_string_equal(answer.file, "dir/a.c");
	assert_int_equal(answer.line, 42);
	assert_true(answers_find(answers, 0x1000, 2, &arena, &answer));
	assert_null(answer.prototype);
	assert_null(answer.file);
	assert_false(answers_find(answers, 0x1000, 1, &arena, &answer));
	assert_false(answers_find(answers, 0x2001, 2, &arena, &answer));
	_cleanup_free_ void *again = answers_bytes(answers, &again_size);
	assert_int_equal(again_size, size);
	assert_memory_equal(again, bytes, size);
	arena_deinit(&arena);
	answers_free(answers);
}

static void only_of_the_same_file_and_program(void **state)
{
	(void)state;
	static const uint8_t other_id[] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 5};
	size_t size;
	_cleanup_free_ void *bytes = make_bytes(&size);
	for (int i = 0; i < 5; i++) {
		struct answers_key key = own_key;
		key.build_id = i == 0 ? other_id : key.build_id;
		key.build_id_size -= i == 1;
		key.source_size += i == 2;
		key.source_time_ns += i == 3;
		key.program = i == 4 ? "1.2.4" : key.program;
		struct answers *answers = answers_new(&key, bytes, size);
		assert_int_equal(answers_count(answers), 0);
		answers_free(answers);
	}
}

static void damage_is_no_answer(void **state)
{
	(void)state;
	size_t size;
	_cleanup_free_ uint8_t *bytes = make_bytes(&size);
	for (size_t length = 0; length < size; length++) {
		struct answers *answers = answers_new(&own_key, bytes, length);
		assert_int_equal(answers_count(answers), 0);
		answers_free(answers);
	}
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 1U << i % 8;
		struct answers *answers = answers_new(&own_key, bytes, size);
		assert_int_equal(answers_count(answers), 0);
		answers_free(answers);
		bytes[i] ^= 1U << i % 8;
	}
}

/* Behind a sum that is right: whatever is taken must be whole. */
static void lies_are_no_prototype(void **state)
{
	(void)state;
	static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
	struct wire bytes = {0};
	assert_true(answer_write_prototype(&bytes, &everything));
	size_t refused = 0;
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t before = bytes.bytes[i];
		for (size_t k = 0; k < array_size(values); k++) {
			struct arena arena = {0};
			bytes.bytes[i] = values[k];
			struct wire from = {.bytes = bytes.bytes, .size = bytes.size};
			const struct prototype *read = answer_read_prototype(&from, &arena);
			refused += !read;
			/* Writing walks through all of it. */
			struct wire again = {0};
			if (read)
				answer_write_prototype(&again, read);
			wire_deinit(&again);
			arena_deinit(&arena);
		}
		bytes.bytes[i] = before;
	}
	assert_true(refused > bytes.size);
	for (size_t length = 0; length < bytes.size; length++) {
		struct arena arena = {0};
		struct wire from = {.bytes = bytes.bytes, .size = length};
		assert_null(answer_read_prototype(&from, &arena));
		arena_deinit(&arena);
	}
	wire_deinit(&bytes);
}

static void circles_are_not_kept(void **state)
{
	(void)state;
	struct type self = {.kind = TYPE_POINTER, .size = 8, .name = "self *"};
	const struct parameter parameter = {"self", &self};
	const struct prototype prototype = {.parameters = &parameter,
					    .n_parameters = 1,
					    .result = &int_type,
					    .source = "DWARF"};
	const struct answer answer = {1, 0, &prototype, NULL, 0};
	struct answers *answers = answers_new(&own_key, NULL, 0);
	self.target = &self;
	assert_false(answers_add(answers, &answer));
	assert_false(answers_changed(answers));
	assert_int_equal(answers_count(answers), 0);
	self.target = &int_type;
	assert_true(answers_add(answers, &answer));
	answers_free(answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_back),
		cmocka_unit_test(only_of_the_same_file_and_program),
		cmocka_unit_test(damage_is_no_answer),
		cmocka_unit_test(lies_are_no_prototype),
		cmocka_unit_test(circles_are_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
