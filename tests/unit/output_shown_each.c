/* SPDX-License-Identifier: Apache-2.0 */
/* What elements of arrays lead to, from lists that were read for them. */
#include "output/shown_each.h"
#include "output/shown_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type text_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct type_form string_form = {
	.kind = FORM_TEXT, .data = 0, .length = 8, .item = &char_type};
static const struct type string_type = {
	.kind = TYPE_STRUCT, .size = 16, .name = "string", .form = &string_form};

/* One blob of a list. */
struct blob {
	struct fetch_blob head;
	char bytes[8];
};

/* A list of two texts, the second one cut; and its end. */
static const struct {
	struct blob items[2];
	struct fetch_blob end;
} texts = {{{{3, 0}, "abc"}, {{8, FETCH_BLOB_TRUNCATED}, "defghijk"}}, {0, FETCH_BLOB_END}};

static struct slots slots_of(const void *list, uint32_t length)
{
	struct slots slots = {.count = 1, .unreadable = "bad address"};
	slots.items[0] = (struct slot){.available = true,
				       .is_blob = true,
				       .is_list = true,
				       .bytes = list,
				       .length = length};
	return slots;
}

static struct shown show(const struct type *type, const struct type *inner, uint32_t offset,
			 const struct slots *slots, uint32_t element, const void *bytes,
			 uint32_t length)
{
	const struct value_each each = {.offset = offset, .slot = 0, .type = inner};
	const struct shown_place place = {
		.each = &each, .n_each = 1, .slots = slots, .element = element};
	struct shown shown;
	shown_in_element(&place, type, bytes, length, &shown);
	return shown;
}

static void assert_text(const struct shown *shown, const char *text, bool truncated)
{
	assert_int_equal(shown->kind, SHOWN_STRING);
	assert_int_equal(shown->length, strlen(text));
	assert_memory_equal(shown->bytes, text, strlen(text));
	assert_int_equal(shown->truncated, truncated);
}

static void texts_of_elements(void **state)
{
	(void)state;
	const uint64_t element[2] = {0x1000, 3};
	struct slots slots = slots_of(&texts, sizeof(texts));
	struct shown first = show(&string_type, &string_type, 0, &slots, 0, element, 16);
	assert_text(&first, "abc", false);
	struct shown second = show(&text_type, &text_type, 0, &slots, 1, element, 16);
	assert_text(&second, "defghijk", true);
	/* The list had no room for more. */
	struct shown third = show(&string_type, &string_type, 0, &slots, 2, element, 16);
	assert_int_equal(third.kind, SHOWN_STRUCT);
	assert_true(third.is_cut);
	/* Nothing was read of what lies at another place. */
	struct shown other = show(&string_type, &string_type, 8, &slots, 0, element, 16);
	assert_int_equal(other.kind, SHOWN_STRUCT);
}

static void a_null_is_no_text(void **state)
{
	(void)state;
	static const struct {
		struct fetch_blob items[2], end;
	} list = {{{0, FETCH_BLOB_NULL}, {0, FETCH_BLOB_UNREADABLE}}, {0, FETCH_BLOB_END}};
	const uint64_t null = 0, wild = 0x1234;
	struct slots slots = slots_of(&list, sizeof(list));
	struct shown none = show(&text_type, &text_type, 0, &slots, 0, &null, 8);
	assert_int_equal(none.kind, SHOWN_NULL);
	struct shown bad = show(&text_type, &text_type, 0, &slots, 1, &wild, 8);
	assert_int_equal(bad.kind, SHOWN_UNAVAILABLE);
	assert_string_equal(bad.text, "bad address");
	assert_int_equal(bad.address, 0x1234);
}

static void an_optional_text_may_be_none(void **state)
{
	(void)state;
	static const struct type_form form = {.kind = FORM_OPTIONAL,
					      .data = 0,
					      .length = 16,
					      .item = &string_type,
					      .none = "nullopt"};
	static const struct type type = {
		.kind = TYPE_STRUCT, .size = 24, .name = "optional", .form = &form};
	uint64_t element[3] = {0x1000, 3, 1};
	struct slots slots = slots_of(&texts, sizeof(texts));
	struct shown some = show(&type, &string_type, 0, &slots, 0, element, 24);
	assert_text(&some, "abc", false);
	element[2] = 0;
	struct shown none = show(&type, &string_type, 0, &slots, 0, element, 24);
	assert_int_equal(none.kind, SHOWN_NAME);
	assert_string_equal(none.text, "nullopt");
}

static void a_pointer_shows_what_it_leads_to(void **state)
{
	(void)state;
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "int *", .target = &int_type};
	static const struct {
		struct blob item;
		struct fetch_blob end;
	} list = {{{4, 0}, {7}}, {0, FETCH_BLOB_END}};
	const uint64_t element = 0x1000;
	struct slots slots = slots_of(&list, sizeof(list));
	struct shown shown = show(&pointer, &pointer, 0, &slots, 0, &element, 8);
	assert_int_equal(shown.kind, SHOWN_SIGNED);
	assert_int_equal(shown.number, 7);
	assert_true(shown.boxed);
}

/* Of a length that lies no more is shown than was read. */
static void elements_of_elements(void **state)
{
	(void)state;
	static const struct type_form form = {
		.kind = FORM_ITEMS, .data = 0, .length = 8, .item = &int_type};
	static const struct type type = {
		.kind = TYPE_STRUCT, .size = 16, .name = "slice", .form = &form};
	static const struct {
		struct blob item;
		struct fetch_blob end;
	} list = {{{8, 0}, {1, 0, 0, 0, 2}}, {0, FETCH_BLOB_END}};
	uint64_t element[2] = {0x1000, 2};
	struct slots slots = slots_of(&list, sizeof(list));
	struct shown shown = show(&type, &type, 0, &slots, 0, element, 16);
	assert_int_equal(shown.kind, SHOWN_ARRAY);
	assert_int_equal(shown.count, 2);
	assert_false(shown.truncated);
	element[1] = UINT64_MAX;
	shown = show(&type, &type, 0, &slots, 0, element, 16);
	assert_int_equal(shown.count, 2);
	assert_true(shown.truncated);
}

static void a_container_tells_its_size(void **state)
{
	(void)state;
	static const struct type number = {.kind = TYPE_UINT, .size = 8, .name = "size_t"};
	static const struct type_form form = {
		.kind = FORM_COUNT, .length = 8, .item = &number, .none = "std::map"};
	static const struct type type = {
		.kind = TYPE_STRUCT, .size = 16, .name = "map", .form = &form};
	const uint64_t element[2] = {0, 3};
	struct slots slots = slots_of(&texts, sizeof(texts));
	struct shown shown = show(&type, &string_type, 0, &slots, 0, element, 16);
	assert_int_equal(shown.kind, SHOWN_COUNT);
	assert_int_equal(shown.count, 3);
	assert_true(shown.is_whole);
	assert_string_equal(shown.name, "std::map");
}

/* A copy of a vector<bool> with its words, as a record has them. */
static struct shown show_bits(const struct type_form *form, const uint64_t *words, uint32_t size,
			      const void *bits, uint32_t length)
{
	const struct type type = {
		.kind = TYPE_STRUCT, .size = size, .name = "vector<bool>", .form = form};
	const struct value value = {
		.name = "", .type = &type, .slot = 0, .text_slot = 1, .in_blob = true};
	struct slots slots = {.count = 2, .unreadable = "bad address"};
	slots.items[0] = (struct slot){
		.available = true, .is_blob = true, .bytes = (const char *)words, .length = size};
	slots.items[1] =
		(struct slot){.available = true, .is_blob = true, .bytes = bits, .length = length};
	const struct stream_event event = {.ending = ENDING_RETURNED};
	struct shown_scope scope = {.event = &event};
	struct shown shown;
	shown_form(&scope, &value, &slots, &shown);
	return shown;
}

static void bits_are_counted_by_their_container(void **state)
{
	(void)state;
	static const struct type word = {.kind = TYPE_UINT, .size = 8, .name = "size_t"};
	static const struct type pointer = {.kind = TYPE_POINTER, .size = 8, .name = "long *"};
	static const struct type_form counted = {
		.kind = FORM_BITS, .length = 8, .item = &word, .none = "std::vector"};
	static const struct type_form ended = {
		.kind = FORM_BITS, .length = 16, .item = &pointer, .none = "std::vector"};
	static const struct type_form wild = {
		.kind = FORM_BITS, .length = UINT32_MAX - 7, .item = &word, .none = "std::vector"};
	const uint64_t some[3] = {0x1000, 11, 1}, many[3] = {0x1000, 1 << 20, 1 << 14};
	const uint64_t range[5] = {0x1000, 0, 0x1008, 3, 0x1010};
	const uint64_t backwards[5] = {0x1008, 0, 0x1000, 3, 0x1010}, beyond[5] = {0, 0, 8, 64, 16};
	const struct shown_scope scope = {.array_limit = 0};
	struct shown shown = show_bits(&counted, some, 24, "\x05\x04", 2), part;
	const char *name;
	assert_int_equal(shown.kind, SHOWN_ARRAY);
	assert_int_equal(shown.count, 11);
	assert_false(shown.truncated);
	for (uint32_t i = 0; i < shown.count; i++) {
		shown_part(&scope, &shown, i, &part, &name);
		assert_int_equal(part.kind, SHOWN_BOOL);
		assert_int_equal(part.number, i == 0 || i == 2 || i == 10);
	}
	shown = show_bits(&counted, many, 24, "\xff", 1);
	assert_int_equal(shown.count, 8);
	assert_true(shown.truncated);
	assert_int_equal(show_bits(&ended, range, 40, "0123456789abcdef", 16).count, 67);
	assert_int_equal(show_bits(&ended, backwards, 40, "01234567", 8).kind, SHOWN_UNAVAILABLE);
	assert_int_equal(show_bits(&ended, beyond, 40, "01234567", 8).kind, SHOWN_UNAVAILABLE);
	assert_int_equal(show_bits(&wild, some, 24, "0", 1).kind, SHOWN_UNAVAILABLE);
	assert_int_equal(show_bits(&ended, range, 24, "0", 1).kind, SHOWN_UNAVAILABLE);
}

/* --- lists of lists, and nodes ---------------------------------------------------------------- */

static const struct type_form row_form = {
	.kind = FORM_ITEMS, .data = 0, .length = 8, .item = &text_type};
static const struct type row_type = {
	.kind = TYPE_STRUCT, .size = 16, .name = "slice", .form = &row_form};

/* Three rows of two texts, none (it could not be read) and one; and the three texts. */
static const struct {
	struct fetch_blob head0;
	uint64_t pointers0[2];
	struct fetch_blob head1, head2;
	uint64_t pointers2[1];
	struct fetch_blob end;
} rows = {{16, 0}, {1, 2}, {0, FETCH_BLOB_UNREADABLE}, {8, 0}, {3}, {0, FETCH_BLOB_END}};
static const struct {
	struct blob items[3];
	struct fetch_blob end;
} words = {{{{1, 0}, "a"}, {{1, 0}, "b"}, {{1, 0}, "c"}}, {0, FETCH_BLOB_END}};

/* A text of a row is found behind those of all rows before. */
static void lists_of_lists(void **state)
{
	(void)state;
	const struct value_each inner = {.slot = 1, .type = &text_type};
	const struct value_each each = {
		.slot = 0, .type = &row_type, .stride = 8, .inner = &inner, .n_inner = 1};
	const struct shown_scope scope = {0};
	const uint64_t element[2] = {0x1000, 2};
	struct slots slots = slots_of(&rows, sizeof(rows));
	slots.items[slots.count++] = slots_of(&words, sizeof(words)).items[0];
	static const char *const wanted[3][2] = {{"a", "b"}, {NULL}, {"c"}};
	for (uint32_t row = 0; row < 3; row++) {
		const struct shown_place place = {
			.each = &each, .n_each = 1, .slots = &slots, .element = row};
		struct shown shown, part;
		const char *name;
		shown_in_element(&place, &row_type, (const char *)element, 16, &shown);
		assert_int_equal(shown.kind, row == 1 ? SHOWN_UNAVAILABLE : SHOWN_ARRAY);
		for (uint32_t i = 0; row != 1 && i < shown.count; i++) {
			shown_part(&scope, &shown, i, &part, &name);
			assert_text(&part, wanted[row][i], false);
		}
		assert_int_equal(shown.count, row == 0 ? 2 : row == 2 ? 1 : 0);
	}
}

static struct shown show_nodes(uint64_t count, uint32_t end_flags, struct slots *slots)
{
	static struct {
		struct blob items[2];
		struct fetch_blob end;
	} list;
	static const struct type_nodes nodes = {.kind = NODES_CHAIN, .has_count = true};
	static const struct type_form form = {
		.kind = FORM_NODES, .item = &int_type, .none = "std::list", .nodes = &nodes};
	static const struct type type = {
		.kind = TYPE_STRUCT, .size = 24, .name = "list", .form = &form};
	const struct value value = {.name = "v", .type = &type, .slot = 1, .count_slot = 1};
	const struct stream_event event = {.ending = ENDING_RETURNED};
	const struct shown_scope scope = {.event = &event};
	struct shown shown;
	memset(&list, 0, sizeof(list));
	list.items[0] = (struct blob){{4, 0}, {7}};
	list.items[1] = (struct blob){{4, 0}, {8}};
	list.end.flags = FETCH_BLOB_END | end_flags;
	*slots = slots_of(&list, sizeof(list));
	slots->items[1] = slots->items[0];
	slots->items[1].available = !(end_flags & FETCH_BLOB_UNREADABLE);
	slots->items[0] = (struct slot){.available = true, .number = count};
	slots->count = 2;
	shown_value(&scope, &value, slots, &shown);
	return shown;
}

static void nodes_and_what_was_in_the_way(void **state)
{
	(void)state;
	const struct shown_scope scope = {0};
	struct slots slots;
	struct shown part;
	const char *name;
	struct shown whole = show_nodes(2, 0, &slots);
	assert_int_equal(whole.count, 2);
	assert_false(whole.truncated);
	shown_part(&scope, &whole, 1, &part, &name);
	assert_int_equal(part.number, 8);
	/* More than were read, whatever the reason. */
	whole = show_nodes(UINT64_C(1) << 60, 0, &slots);
	assert_int_equal(whole.count, 2);
	assert_true(whole.truncated);
	/* The third node has a wild address. */
	whole = show_nodes(5, FETCH_BLOB_UNREADABLE, &slots);
	assert_int_equal(whole.count, 3);
	shown_part(&scope, &whole, 2, &part, &name);
	assert_int_equal(part.kind, SHOWN_UNAVAILABLE);
	assert_string_equal(part.text, "bad address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_elements),
		cmocka_unit_test(a_null_is_no_text),
		cmocka_unit_test(an_optional_text_may_be_none),
		cmocka_unit_test(a_pointer_shows_what_it_leads_to),
		cmocka_unit_test(elements_of_elements),
		cmocka_unit_test(a_container_tells_its_size),
		cmocka_unit_test(bits_are_counted_by_their_container),
		cmocka_unit_test(lists_of_lists),
		cmocka_unit_test(nodes_and_what_was_in_the_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
