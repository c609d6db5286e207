/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of unusual shapes: sets, lists that are counted, messages in arrays. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/kernel_call.h"
#include "tests/unit/unit.h"

static void sets_are_as_long_as_their_highest_number(void **state)
{
	(void)state;
	struct call call;
	fd_set set;
	FD_ZERO(&set);
	FD_SET(3, &set);
	FD_SET(20, &set);
	/* The upper half of an int's register is anybody's. */
	make_call(&call, "pselect6", WORDS(0xdead000000000000 | 21, (uintptr_t)&set, 0, 0, 0, 0),
		  2);
	const struct value *value = value_at(&call, 1, "inp");
	assert_int_equal(value->type->kind, TYPE_BIT_SET);
	assert_bytes(&call, value, &set, 3, 0);
	assert_non_null(value->after);
	assert_true(value->after->at_return);
	assert_bytes(&call, value->after, &set, 3, 0);
	assert_bytes(&call, value_at(&call, 2, "outp"), "", 0, FETCH_BLOB_NULL);
	end_call(&call);
	make_call(&call, "sched_getaffinity", WORDS(0, sizeof(set), (uintptr_t)&set), 8);
	assert_bytes(&call, value_at(&call, 2, "user_mask_ptr"), &set, 8, 0);
	end_call(&call);
	make_call(&call, "sched_getaffinity", WORDS(0, 1, (uintptr_t)&set), -EINVAL);
	assert_bytes(&call, value_at(&call, 2, "user_mask_ptr"), "", 0, 0);
	end_call(&call);
}

static void entries_are_counted(void **state)
{
	(void)state;
	struct call call;
	_Alignas(8) char buffer[32768];
	int folder = open("/", O_RDONLY | O_DIRECTORY);
	long size = syscall(SYS_getdents64, folder, buffer, sizeof(buffer));
	assert_true(size > 0);
	close(folder);
	/* The C library's count of the same directory. */
	DIR *same = opendir("/");
	uint64_t count = 0;
	while (readdir(same))
		count++;
	closedir(same);
	make_call(&call, "getdents64", WORDS(3, (uintptr_t)buffer, sizeof(buffer)), size);
	const struct value *value = value_at(&call, 1, "dirent");
	assert_non_null(value->copy);
	assert_int_equal(value->copy->type->kind, TYPE_COUNT);
	assert_number(&call, value->copy, (int64_t)count);
	end_call(&call);
	make_call(&call, "getdents64", WORDS(3, (uintptr_t)buffer, sizeof(buffer)), 0);
	assert_number(&call, value_at(&call, 1, "dirent")->copy, 0);
	end_call(&call);
}

static void a_mask_is_behind_two_pointers(void **state)
{
	(void)state;
	struct call call;
	uint64_t set = 1 << (SIGUSR2 - 1);
	struct {
		const uint64_t *set;
		size_t size;
	} mask = {&set, 8};
	make_call(&call, "pselect6", WORDS(0, 0, 0, 0, 0, (uintptr_t)&mask), 0);
	const struct value *copy = value_at(&call, 5, "sig")->copy;
	assert_int_equal(copy->n_members, 2);
	assert_string_equal(copy->members[0].name, "sigmask");
	assert_number(&call, &copy->members[0], (int64_t)set);
	assert_number(&call, &copy->members[1], 8);
	/* None is no failure: nothing is read again for its sake. */
	end_call(&call);
	make_call(&call, "pselect6", WORDS(0, 0, 0, 0, 0, 0), 0);
	assert_int_equal(call.entry.unavailable, 0);
	end_call(&call);
	mask.set = NULL;
	make_call(&call, "pselect6", WORDS(0, 0, 0, 0, 0, (uintptr_t)&mask), 0);
	assert_int_equal(call.entry.unavailable, 0);
	end_call(&call);
}

static void messages_stand_in_a_row(void **state)
{
	(void)state;
	struct call call;
	struct iovec one = {(char[]){"one"}, 3}, two = {(char[]){"three"}, 5};
	struct mmsghdr messages[2] = {{{.msg_iov = &one, .msg_iovlen = 1}, 3},
				      {{.msg_iov = &two, .msg_iovlen = 1}, 5}};
	make_call(&call, "sendmmsg", WORDS(3, (uintptr_t)messages, 2, 0), 2);
	const struct value *copy = value_at(&call, 1, "mmsg")->copy;
	assert_int_equal(copy->n_members, 2);
	assert_string_equal(copy->counted_by->name, "vlen");
	for (size_t i = 0; i < 2; i++) {
		const struct value *element = &copy->members[i];
		const struct value *buffers = &element->members[0].members[2];
		assert_string_equal(buffers->name, "msg_iov");
		assert_true(call.entry.slots.items[buffers->slot].is_list);
		assert_string_equal(element->members[1].name, "msg_len");
		assert_number(&call, &element->members[1], messages[i].msg_len);
	}
	end_call(&call);
	/* Of recvmmsg all is there when it is over. */
	make_call(&call, "recvmmsg", WORDS(3, (uintptr_t)messages, 2, 0, 0), 1);
	copy = value_at(&call, 1, "mmsg")->copy;
	assert_true(copy->at_return);
	assert_null(copy->counted_by);
	assert_number(&call, &copy->members[0].members[1], 3);
	end_call(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_as_long_as_their_highest_number),
		cmocka_unit_test(entries_are_counted),
		cmocka_unit_test(a_mask_is_behind_two_pointers),
		cmocka_unit_test(messages_stand_in_a_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
