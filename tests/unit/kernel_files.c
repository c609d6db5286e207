/* SPDX-License-Identifier: Apache-2.0 */
/* What the descriptors of system calls stand for (-y): asked for in the plans, and found again. */
#include "tests/unit/kernel_call.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>

/* Of the interpreter in kernel_run_plan.c: what was asked for. */
static void assert_file(const struct value *value, const struct slots *slots, uint32_t index,
			const char *wanted)
{
	const char *bytes;
	uint32_t length;
	bool found = value_file(value, slots, index, &bytes, &length);
	assert_int_equal(found, wanted != NULL);
	if (wanted)
		assert_string_equal(bytes + sizeof(struct fetch_file), wanted);
}

static void descriptors_come_with_their_files(void **state)
{
	(void)state;
	struct call call;
	make_call_with_files(&call, "renameat",
			     WORDS(0xdead0000ffffff9c, (uintptr_t) "a", 5, (uintptr_t) "b"), 0);
	assert_file(value_at(&call, 0, "olddfd"), &call.entry.slots, 0, "cwd");
	assert_file(value_at(&call, 2, "newdfd"), &call.entry.slots, 0, "5");
	assert_bytes(&call, value_at(&call, 1, "oldname"), "a", 1, 0);
	assert_bytes(&call, value_at(&call, 3, "newname"), "b", 1, 0);
	assert_file(value_at(&call, 1, "oldname"), &call.entry.slots, 0, NULL);
	end_call(&call);
	make_call_with_files(&call, "close", WORDS(-1), -EBADF);
	assert_file(value_at(&call, 0, "fd"), &call.entry.slots, 0, NULL);
	end_call(&call);
	make_call(&call, "close", WORDS(3), 0);
	assert_file(value_at(&call, 0, "fd"), &call.entry.slots, 0, NULL);
	end_call(&call);
}

/* They are read before anything whose size may differ when it is read again at the return. */
static void files_stand_first_in_the_plan(void **state)
{
	(void)state;
	struct call call;
	make_call_with_files(&call, "linkat", WORDS(3, (uintptr_t) "a", 4, (uintptr_t) "b", 0), 0);
	const struct fetch_plan *plan = call.site->entry_plan;
	int files = 0, others = 0;
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		files += plan->ops[i].code == FETCH_FILE;
		others += plan->ops[i].code == FETCH_STRING;
		assert_false(plan->ops[i].code == FETCH_FILE && others);
	}
	assert_int_equal(files, 2);
	assert_int_equal(others, 2);
	end_call(&call);
}

/* The list of a value has exactly these, by number. */
static void assert_listed(const struct value *value, const struct slots *slots, const char *wanted)
{
	uint32_t position = 0;
	char text[256] = "";
	struct list_element element;
	assert_true(value->files_slot > 0);
	const struct slot *list = &slots->items[value->files_slot - 1];
	while (slot_list_next(list->bytes, list->length, &position, &element)) {
		const char *name = element.bytes + sizeof(struct fetch_file);
		assert_int_equal(element.blob_flags >> FETCH_BLOB_FD, atoi(name));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", name);
	}
	assert_string_equal(text, wanted);
}

static void descriptors_in_arrays_and_sets(void **state)
{
	(void)state;
	struct call call;
	struct pollfd fds[3] = {{3, POLLIN, 0}, {-1, POLLOUT, 0}, {5, 0, 0}};
	make_call_with_files(&call, "ppoll", WORDS((uintptr_t)fds, 3, 0, 0, 8), 1);
	/* Those of the entry, though the array is read at the return. */
	assert_false(value_at(&call, 0, "ufds")->copy->files_at_return);
	assert_listed(value_at(&call, 0, "ufds")->copy, &call.entry.slots, "3 5 ");
	end_call(&call);
	make_call(&call, "ppoll", WORDS((uintptr_t)fds, 3, 0, 0, 8), 1);
	assert_int_equal(value_at(&call, 0, "ufds")->copy->files_slot, 0);
	end_call(&call);
	fd_set in = {{0}}, out = {{0}};
	FD_SET(0, &in);
	FD_SET(70, &in);
	FD_SET(71, &in);
	FD_SET(6, &out);
	make_call_with_files(&call, "pselect6", WORDS(71, (uintptr_t)&in, (uintptr_t)&out, 0, 0, 0),
			     1);
	assert_listed(value_at(&call, 1, "inp"), &call.entry.slots, "0 70 ");
	assert_listed(value_at(&call, 2, "outp"), &call.entry.slots, "6 ");
	assert_listed(value_at(&call, 3, "exp"), &call.entry.slots, "");
	/* What is left of a set is a part of it. */
	assert_int_equal(value_at(&call, 1, "inp")->after->files_slot,
			 value_at(&call, 1, "inp")->files_slot);
	end_call(&call);
}

static void results_come_with_their_files(void **state)
{
	(void)state;
	struct call call;
	make_call_with_files(&call, "openat", WORDS(3, (uintptr_t) "x", 0, 0), 7);
	const struct value *result = &call.site->results.items[0];
	assert_file(result, &call.leave.slots, 0, "7");
	assert_int_equal(result->slot, VALUE_NO_SLOT);
	end_call(&call);
	/* -ENETDOWN is the number that stands for the working directory elsewhere. */
	make_call_with_files(&call, "socket", WORDS(2, 1, 0), -ENETDOWN);
	assert_file(&call.site->results.items[0], &call.leave.slots, 0, NULL);
	end_call(&call);
	make_call_with_files(&call, "read", WORDS(3, (uintptr_t) "abc", 3), 3);
	assert_file(&call.site->results.items[0], &call.leave.slots, 0, NULL);
	assert_bytes(&call, value_at(&call, 1, "buf"), "abc", 3, 0);
	end_call(&call);
	const int fds[2] = {8, 9};
	make_call_with_files(&call, "pipe2", WORDS((uintptr_t)fds, 0), 0);
	const struct value *value = value_at(&call, 0, "fildes")->copy;
	if (result_spares_arguments) {
		assert_file(value, &call.leave.slots, 0, "8");
		assert_file(value, &call.leave.slots, 1, "9");
		assert_bytes(&call, value, fds, sizeof(fds), 0);
	}
	end_call(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_come_with_their_files),
		cmocka_unit_test(files_stand_first_in_the_plan),
		cmocka_unit_test(descriptors_in_arrays_and_sets),
		cmocka_unit_test(results_come_with_their_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
