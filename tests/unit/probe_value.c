/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/value.h"

#include "common/array.h"
#include "tests/unit/unit.h"

static const struct type type_int = {.kind = TYPE_INT, .size = 4, .name = "int"};

/* A plan of one list, one number. */
static const struct fetch_plan list_plan = {
	.n_ops = 2,
	.n_slots = 2,
	.ops = {{.code = FETCH_STRING, .flags = FETCH_LIST}, {.code = FETCH_INT}},
};

struct payload {
	_Alignas(8) unsigned char bytes[128];
	size_t size;
};

static void put_blob(struct payload *payload, const char *text, uint32_t flags)
{
	struct fetch_blob blob = {.length = (uint32_t)strlen(text), .flags = flags};
	memcpy(payload->bytes + payload->size, &blob, sizeof(blob));
	memcpy(payload->bytes + payload->size + sizeof(blob), text, blob.length);
	payload->size += sizeof(blob) + ((blob.length + 7) & ~7U);
}

static struct payload sample(void)
{
	struct payload payload = {.size = 0};
	const uint64_t number = 77;
	put_blob(&payload, "one", 0);
	put_blob(&payload, "", FETCH_BLOB_UNREADABLE);
	put_blob(&payload, "eight 8!", FETCH_BLOB_TRUNCATED);
	put_blob(&payload, "", FETCH_BLOB_END);
	memcpy(payload.bytes + payload.size, &number, sizeof(number));
	payload.size += sizeof(number);
	return payload;
}

static void lists_come_back(void **state)
{
	(void)state;
	struct payload payload = sample();
	struct slots slots;
	slots_init(&slots, "not resident");
	/* One bad element is told by the element: the list as such is there. */
	assert_int_equal(slots_decode(&list_plan, 1, payload.bytes, payload.size, &slots),
			 payload.size);
	assert_int_equal(slots.count, 2);
	assert_true(slots.items[0].available && slots.items[0].is_list);
	assert_int_equal(slots.items[1].number, 77);
	static const struct {
		const char *text;
		uint32_t flags;
	} expected[] = {
		{"one", 0}, {"", FETCH_BLOB_UNREADABLE}, {"eight 8!", FETCH_BLOB_TRUNCATED}};
	uint32_t position = 0;
	struct list_element element;
	for (size_t i = 0; i < array_size(expected); i++) {
		assert_true(slot_list_next(slots.items[0].bytes, slots.items[0].length, &position,
					   &element));
		assert_int_equal(element.length, strlen(expected[i].text));
		assert_memory_equal(element.bytes, expected[i].text, element.length);
		assert_int_equal(element.blob_flags, expected[i].flags);
	}
	assert_false(
		slot_list_next(slots.items[0].bytes, slots.items[0].length, &position, &element));
}

static void an_unreadable_list_is_unavailable(void **state)
{
	(void)state;
	struct payload payload = {.size = 0};
	struct slots slots;
	put_blob(&payload, "", FETCH_BLOB_END | FETCH_BLOB_UNREADABLE);
	payload.size += 8;
	slots_init(&slots, "not resident");
	assert_int_equal(slots_decode(&list_plan, 1, payload.bytes, payload.size, &slots), 16);
	assert_false(slots.items[0].available);
}

/* What could not be read has its address in place of bytes. */
static void what_is_unreadable_has_an_address(void **state)
{
	(void)state;
	static const struct fetch_plan plan = {
		.n_ops = 2, .n_slots = 2, .ops = {{.code = FETCH_BYTES}, {.code = FETCH_STRING}}};
	static const struct type type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
	const struct value values[] = {{.type = &type}, {.type = &type, .slot = 1}};
	struct payload payload = {.size = 0};
	struct slots slots;
	put_blob(&payload, "\1\2\3\4\5\6\7\b", FETCH_BLOB_UNREADABLE);
	put_blob(&payload, "eight 8!", 0);
	slots_init(&slots, "not resident");
	assert_int_equal(slots_decode(&plan, 1, payload.bytes, payload.size, &slots), 32);
	assert_int_equal(slots.items[0].length, 0);
	assert_int_equal(value_bad_address(&values[0], &slots), 0x0807060504030201);
	assert_int_equal(slots.items[1].length, 8);
	assert_int_equal(value_bad_address(&values[1], &slots), 0);
	assert_int_equal(value_bad_address(&values[1], NULL), 0);
}

/* A list's own address is that of its first element. */
static void a_list_has_an_address_where_it_begins(void **state)
{
	(void)state;
	static const struct type type = {.kind = TYPE_ARRAY, .size = 8, .name = "char **"};
	const struct value value = {.type = &type};
	struct payload payload = {.size = 0};
	struct slots slots;
	put_blob(&payload, "\1\2\3\4\5\6\7\b", FETCH_BLOB_END | FETCH_BLOB_UNREADABLE);
	payload.size += 8;
	slots_init(&slots, "not resident");
	assert_int_equal(slots_decode(&list_plan, 1, payload.bytes, payload.size, &slots), 24);
	assert_true(!slots.items[0].available);
	assert_int_equal(value_bad_address(&value, &slots), 0x0807060504030201);
	payload.size = 0;
	put_blob(&payload, "one", 0);
	put_blob(&payload, "\1\2\3\4\5\6\7\b", FETCH_BLOB_END | FETCH_BLOB_UNREADABLE);
	payload.size += 8;
	assert_int_equal(slots_decode(&list_plan, 1, payload.bytes, payload.size, &slots), 40);
	assert_int_equal(value_bad_address(&value, &slots), 0);
}

/* Foreign bytes: any length that does not fit is refused, and nothing is read beyond (ASan). */
static void damaged_lists_are_refused(void **state)
{
	(void)state;
	struct payload payload = sample();
	struct slots slots;
	slots_init(&slots, "not resident");
	for (size_t size = 0; size < payload.size; size++) {
		unsigned char *copy = malloc(size + !size);
		memcpy(copy, payload.bytes, size);
		assert_int_equal(slots_decode(&list_plan, 0, copy, size, &slots), -1);
		free(copy);
	}
	for (size_t at = 0; at + 4 <= payload.size; at += 4) {
		unsigned char *copy = malloc(payload.size);
		memcpy(copy, payload.bytes, payload.size);
		memset(copy + at, 0xff, 4);
		long used = slots_decode(&list_plan, 0, copy, payload.size, &slots);
		uint32_t position = 0;
		struct list_element element;
		assert_true(used <= (long)payload.size);
		while (used > 0 && slot_list_next(slots.items[0].bytes, slots.items[0].length,
						  &position, &element))
			assert_true((const unsigned char *)element.bytes + element.length <=
				    copy + payload.size);
		free(copy);
	}
}

static struct slots one_number(uint64_t number)
{
	struct slots slots;
	slots_init(&slots, "not resident");
	slots.count = 1;
	slots.items[0] = (struct slot){.available = true, .number = number};
	return slots;
}

static void choices_are_by_the_other_number(void **state)
{
	(void)state;
	const struct value other = {.name = "cmd", .type = &type_int, .slot = 0};
	const struct value flags = {.name = "flags", .type = &type_int};
	const struct value inner = {.name = "inner", .type = &type_int};
	const struct value_choice inner_choices[] = {{5, &inner}};
	const struct value nested = {.name = "nested",
				     .type = &type_int,
				     .chosen_by = &other,
				     .choices = inner_choices,
				     .n_choices = 1};
	/* Bit 31 of a 4-byte number is no sign: ioctl's commands. */
	const struct value_choice choices[] = {
		{1, &flags}, {2, NULL}, {0x80000003, &flags}, {5, &nested}, {6, &nested}};
	const struct value value = {.name = "arg",
				    .type = &type_int,
				    .chosen_by = &other,
				    .choices = choices,
				    .n_choices = array_size(choices)};
	struct slots slots = one_number(1);
	assert_ptr_equal(value_choose(&value, &slots), &flags);
	slots = one_number(2);
	assert_null(value_choose(&value, &slots));
	slots = one_number(0xffffffff80000003);
	assert_ptr_equal(value_choose(&value, &slots), &flags);
	slots = one_number(5);
	assert_ptr_equal(value_choose(&value, &slots), &inner);
	slots = one_number(6);
	assert_ptr_equal(value_choose(&value, &slots), &nested);
	slots = one_number(7);
	assert_ptr_equal(value_choose(&value, &slots), &value);
	slots.items[0].available = false;
	assert_ptr_equal(value_choose(&value, &slots), &value);
}

static void some_mean_nothing_without_a_flag(void **state)
{
	(void)state;
	const struct value flags = {.name = "flags", .type = &type_int, .slot = 0};
	const struct value mode = {
		.name = "mode", .type = &type_int, .shown_if = &flags, .shown_if_bits = 6};
	struct slots slots = one_number(4);
	assert_ptr_equal(value_choose(&mode, &slots), &mode);
	slots = one_number(1);
	assert_null(value_choose(&mode, &slots));
	slots.items[0].available = false;
	assert_ptr_equal(value_choose(&mode, &slots), &mode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_back),
		cmocka_unit_test(an_unreadable_list_is_unavailable),
		cmocka_unit_test(what_is_unreadable_has_an_address),
		cmocka_unit_test(a_list_has_an_address_where_it_begins),
		cmocka_unit_test(damaged_lists_are_refused),
		cmocka_unit_test(choices_are_by_the_other_number),
		cmocka_unit_test(some_mean_nothing_without_a_flag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
