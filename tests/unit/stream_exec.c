/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/exec.h"

#include "common/array.h"
#include "tests/unit/unit.h"

static const struct type type_string = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct value values[] = {
	{.name = "filename", .type = &type_string, .slot = 0},
	{.name = "argv", .type = &type_string, .slot = 1},
};
static const struct probe probe = {.kind = PROBE_SYSCALL, .name = "execve"};
static const struct probe_site site = {.probe = &probe, .arguments = {values, array_size(values)}};

#define TEXT "/bin/ls\0ls\0\0-la"

static void keep(struct task *task, uint32_t flags)
{
	const struct event_exec exec = {
		.flags = flags, .filename_size = 8, .argv_size = sizeof(TEXT) - 8};
	assert_ok(exec_keep(task, &exec, TEXT));
}

/* As when nothing was resident. */
static struct slots missing(void)
{
	struct slots slots;
	slots_init(&slots, "not resident");
	slots.count = 2;
	for (int i = 0; i < 2; i++)
		slots.items[i] = (struct slot){.is_blob = true};
	return slots;
}

static void assert_text(const struct slot *slot, const char *text, uint32_t flags)
{
	assert_true(slot->available && slot->is_blob);
	assert_int_equal(slot->length, strlen(text));
	assert_memory_equal(slot->bytes, text, slot->length);
	assert_int_equal(slot->blob_flags, flags);
}

static void what_was_not_resident_comes_from_the_exec(void **state)
{
	(void)state;
	struct task task = {.exec = NULL};
	struct slots slots = missing();
	exec_complete(&task, &site, 64, &slots); /* no exec was seen */
	assert_false(slots.items[0].available);
	keep(&task, 0);
	keep(&task, 0); /* the second one counts, the first one does not leak */
	exec_complete(&task, &site, 64, &slots);
	assert_text(&slots.items[0], "/bin/ls", 0);
	assert_true(slots.items[1].available && slots.items[1].is_list);
	static const char *const expected[] = {"ls", "", "-la"};
	uint32_t position = 0;
	struct list_element element;
	for (size_t i = 0; i < array_size(expected); i++) {
		assert_true(slot_list_next(slots.items[1].bytes, slots.items[1].length, &position,
					   &element));
		assert_int_equal(element.length, strlen(expected[i]));
		assert_memory_equal(element.bytes, expected[i], element.length);
	}
	assert_false(
		slot_list_next(slots.items[1].bytes, slots.items[1].length, &position, &element));
	slots = missing();
	exec_complete(&task, &site, 4, &slots);
	assert_text(&slots.items[0], "/bin", FETCH_BLOB_TRUNCATED);
	exec_forget(&task);
	slots = missing();
	exec_complete(&task, &site, 64, &slots);
	assert_false(slots.items[0].available);
}

static void what_was_read_stays(void **state)
{
	(void)state;
	struct task task = {.exec = NULL};
	struct {
		struct fetch_blob element;
		char text[8];
		struct fetch_blob end;
	} list = {{5, 0}, "other", {0, FETCH_BLOB_END}};
	struct slots slots = missing();
	slots.items[0] =
		(struct slot){.available = true, .is_blob = true, .bytes = "./ls", .length = 4};
	slots.items[1] = (struct slot){.available = true,
				       .is_blob = true,
				       .is_list = true,
				       .bytes = (const char *)&list,
				       .length = sizeof(list),
				       .blob_flags = FETCH_BLOB_END};
	keep(&task, 0);
	exec_complete(&task, &site, 64, &slots);
	assert_text(&slots.items[0], "./ls", 0);
	assert_ptr_equal(slots.items[1].bytes, &list);
	/* One argument was not. */
	list.element.flags = FETCH_BLOB_UNREADABLE;
	exec_complete(&task, &site, 64, &slots);
	assert_ptr_not_equal(slots.items[1].bytes, &list);
	exec_forget(&task);
}

/* A script's arguments became its interpreter's; others were cut, or are not there. */
static void arguments_that_are_not_the_call_s_are_not_used(void **state)
{
	(void)state;
	static const uint32_t flags[] = {EVENT_EXEC_INTERPRETED, EVENT_EXEC_ARGV_TRUNCATED,
					 EVENT_EXEC_ARGV_UNREADABLE};
	for (size_t i = 0; i < array_size(flags); i++) {
		struct task task = {.exec = NULL};
		struct slots slots = missing();
		keep(&task, flags[i]);
		exec_complete(&task, &site, 64, &slots);
		assert_text(&slots.items[0], "/bin/ls", 0);
		assert_false(slots.items[1].available);
		exec_forget(&task);
	}
	const struct probe other = {.kind = PROBE_SYSCALL, .name = "execveat"};
	const struct probe_site relative = {.probe = &other, .arguments = site.arguments};
	struct task task = {.exec = NULL};
	struct slots slots = missing();
	keep(&task, 0);
	exec_complete(&task, &relative, 64, &slots);
	assert_false(slots.items[0].available);
	exec_forget(&task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_resident_comes_from_the_exec),
		cmocka_unit_test(what_was_read_stays),
		cmocka_unit_test(arguments_that_are_not_the_call_s_are_not_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
