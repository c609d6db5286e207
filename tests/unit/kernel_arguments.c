/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "common/array.h"
#include "tests/unit/kernel_call.h"
#include "tests/unit/unit.h"

static void openat_reads_its_path_at_entry(void **state)
{
	(void)state;
	struct call call;
	/* The upper halves are not the kernel's business: user space may leave anything there. */
	make_call(
		&call, "openat",
		WORDS(0xdead0000ffffff9c, (uintptr_t) "/etc/hosts", 0xdead000000080000, 0xdead01a4),
		7);
	assert_int_equal(call.site->arguments.count, 4);
	assert_number(&call, value_at(&call, 0, "dfd"), AT_FDCWD);
	assert_bytes(&call, value_at(&call, 1, "filename"), "/etc/hosts", 10, 0);
	assert_number(&call, value_at(&call, 2, "flags"), 0x80000);
	assert_number(&call, value_at(&call, 3, "mode"), 0644);
	assert_null(call.site->return_plan);
	assert_int_equal(call.site->results.count, 1);
	assert_int_equal(call.site->results.items[0].type->kind, TYPE_FD);
	assert_int_equal(call.site->results.items[0].slot, VALUE_NO_SLOT);
	end_call(&call);
}

static void write_reads_as_much_as_it_writes(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "write", WORDS(1, (uintptr_t) "hello, world", 5), 5);
	assert_number(&call, value_at(&call, 0, "fd"), 1);
	assert_bytes(&call, value_at(&call, 1, "buf"), "hello", 5, 0);
	assert_number(&call, value_at(&call, 2, "count"), 5);
	end_call(&call);
	char long_text[100];
	memset(long_text, 'x', sizeof(long_text));
	make_call(&call, "write", WORDS(1, (uintptr_t)long_text, sizeof(long_text)), 100);
	assert_bytes(&call, value_at(&call, 1, "buf"), long_text, 32, FETCH_BLOB_TRUNCATED);
	end_call(&call);
}

static void read_reads_what_came(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "read", WORDS(3, (uintptr_t) "abcdef", 4096), 3);
	const struct value *buffer = value_at(&call, 1, "buf");
	assert_true(buffer->at_return);
	assert_false(value_at(&call, 2, "count")->at_return);
	assert_bytes(&call, buffer, "abc", 3, 0);
	assert_number(&call, value_at(&call, 2, "count"), 4096);
	end_call(&call);
}

static void errors_read_no_buffer(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "read", WORDS(3, (uintptr_t) "secret", 4096), -EAGAIN);
	assert_bytes(&call, value_at(&call, 1, "buf"), "", 0, 0);
	end_call(&call);
	make_call(&call, "read", WORDS(3, (uintptr_t) "secret", 4096), 0);
	assert_bytes(&call, value_at(&call, 1, "buf"), "", 0, 0);
	end_call(&call);
	/* An address length below zero is the caller's mistake, and nothing to read either. */
	make_call(&call, "connect", WORDS(3, (uintptr_t) "secret", (uint32_t)-1), -EINVAL);
	assert_bytes(&call, value_at(&call, 1, "uservaddr"), "", 0, 0);
	end_call(&call);
}

static void bad_pointers_are_unavailable(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "write", WORDS(1, 8, 5), -EFAULT);
	const char *bytes, *why;
	uint32_t length, flags;
	assert_false(value_bytes(value_at(&call, 1, "buf"), &call.entry.slots, &bytes, &length,
				 &flags, &why));
	assert_number(&call, value_at(&call, 2, "count"), 5);
	end_call(&call);
	make_call(&call, "openat", WORDS(3, 0, 0), -EFAULT);
	assert_bytes(&call, value_at(&call, 1, "filename"), "", 0, FETCH_BLOB_NULL);
	end_call(&call);
}

static void connect_reads_the_whole_address(void **state)
{
	(void)state;
	struct call call;
	/* Longer than the limit for texts, which is not meant for addresses. */
	struct sockaddr_storage address = {.ss_family = AF_UNIX};
	memset((char *)&address + 2, 'p', 60);
	make_call(&call, "connect", WORDS(5, (uintptr_t)&address, 62), 0);
	const struct value *value = value_at(&call, 1, "uservaddr");
	assert_int_equal(value->type->kind, TYPE_BYTES);
	assert_string_equal(value->type->name, "struct sockaddr *");
	assert_bytes(&call, value, &address, 62, 0);
	end_call(&call);
}

static void accept_reads_the_address_at_return(void **state)
{
	(void)state;
	struct call call;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	/* The words beside the length must not count. */
	const int length[2] = {sizeof(address), 0x11111111};
	make_call(&call, "accept4", WORDS(5, (uintptr_t)&address, (uintptr_t)length, 0), 6);
	const struct value *value = value_at(&call, 1, "upeer_sockaddr");
	assert_true(value->at_return);
	assert_bytes(&call, value, &address, sizeof(address), 0);
	end_call(&call);
	make_call(&call, "accept4", WORDS(5, 0, 0, 0), 6);
	assert_bytes(&call, value_at(&call, 1, "upeer_sockaddr"), "", 0, FETCH_BLOB_NULL);
	end_call(&call);
}

static void mmap_takes_six(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "mmap", WORDS(0, 8192, 3, 0x22, 0xffffffff, 4096), 0x7f0000000000);
	assert_int_equal(call.site->arguments.count, 6);
	assert_number(&call, value_at(&call, 0, "addr"), 0);
	assert_number(&call, value_at(&call, 1, "len"), 8192);
	assert_number(&call, value_at(&call, 2, "prot"), 3);
	assert_number(&call, value_at(&call, 3, "flags"), 0x22);
	assert_number(&call, value_at(&call, 4, "fd"), -1);
	assert_number(&call, value_at(&call, 5, "off"), 4096);
	assert_int_equal(call.site->results.items[0].type->kind, TYPE_POINTER);
	end_call(&call);
}

/* What lies behind a pointer has a slot of its own. */
static const struct value *copy_at(const struct call *call, size_t index, const char *name)
{
	const struct value *value = value_at(call, index, name);
	assert_int_equal(value->type->kind, TYPE_POINTER);
	assert_false(value->at_return);
	assert_non_null(value->copy);
	return value->copy;
}

static void pipe_gives_two_descriptors(void **state)
{
	(void)state;
	struct call call;
	const int fds[2] = {3, 4};
	make_call(&call, "pipe2", WORDS((uintptr_t)fds, O_CLOEXEC), 0);
	const struct value *value = copy_at(&call, 0, "fildes");
	assert_int_equal(value->type->target->kind, TYPE_FD);
	assert_true(value->at_return);
	if (result_spares_arguments)
		assert_bytes(&call, value, fds, sizeof(fds), 0);
	else
		assert_non_null(value->unavailable);
	assert_number(&call, value_at(&call, 1, "flags"), O_CLOEXEC);
	end_call(&call);
}

static void structures_are_copied(void **state)
{
	(void)state;
	struct call call;
	struct __kernel_timespec time = {.tv_sec = 12, .tv_nsec = 345};
	make_call(&call, "clock_nanosleep", WORDS(1, 0, (uintptr_t)&time, 0), 0);
	const struct value *request = copy_at(&call, 2, "rqtp");
	assert_false(request->at_return);
	assert_string_equal(request->type->members[1].name, "tv_nsec");
	assert_bytes(&call, request, &time, sizeof(time), 0);
	/* The kernel fills it in when a signal ends the sleep. */
	assert_int_equal(copy_at(&call, 3, "rmtp")->filled_by, FILLED_BY_INTERRUPT);
	end_call(&call);
	/* An output: the pointer is known from the start, the structure at return. */
	make_call(&call, "clock_gettime", WORDS(1, (uintptr_t)&time), 0);
	const struct value *now = copy_at(&call, 1, "tp");
	assert_true(now->at_return);
	assert_int_equal(now->filled_by, FILLED_BY_SUCCESS);
	assert_int_equal(call.entry.n_slots, 2);
	assert_number(&call, value_at(&call, 1, "tp"), (intptr_t)&time);
	assert_bytes(&call, now, &time, sizeof(time), 0);
	end_call(&call);
}

static void arrays_are_as_long_as_their_count_says(void **state)
{
	(void)state;
	struct call call;
	struct __kernel_timespec times[2] = {{1, 2}, {3, 4}};
	make_call(&call, "utimensat", WORDS(3, 0, (uintptr_t)times, 0), 0);
	assert_bytes(&call, copy_at(&call, 2, "utimes"), times, sizeof(times), 0);
	end_call(&call);
	struct pollfd fds[3] = {{3, POLLIN, 0}, {4, POLLOUT, POLLOUT}, {5, 0, 0}};
	make_call(&call, "ppoll", WORDS((uintptr_t)fds, 2, 0, 0, 8), 1);
	if (result_spares_arguments) {
		assert_bytes(&call, copy_at(&call, 0, "ufds"), fds, 2 * sizeof(fds[0]), 0);
		assert_int_equal(copy_at(&call, 0, "ufds")->filled_by, FILLED_ANYWAY);
	}
	end_call(&call);
	struct epoll_event events[3] = {{.events = EPOLLIN}, {.events = EPOLLOUT}};
	make_call(&call, "epoll_pwait", WORDS(7, (uintptr_t)events, 3, 0, 0, 8), 2);
	assert_bytes(&call, copy_at(&call, 1, "events"), events, 2 * sizeof(events[0]), 0);
	end_call(&call);
	make_call(&call, "epoll_pwait", WORDS(7, (uintptr_t)events, 3, 0, 0, 8), -EINTR);
	assert_bytes(&call, copy_at(&call, 1, "events"), "", 0, 0);
	end_call(&call);
	/* What no record has room for is cut. */
	static struct pollfd many[1000];
	make_call(&call, "ppoll", WORDS((uintptr_t)many, 1000, 0, 0, 8), 0);
	if (result_spares_arguments)
		assert_bytes(&call, copy_at(&call, 0, "ufds"), many, 1024, FETCH_BLOB_TRUNCATED);
	end_call(&call);
}

/* A number, and the text behind it: as much as is sent, or has come, and no more than is shown. */
static void a_text_behind_a_head(void **state)
{
	(void)state;
	struct call call;
	struct {
		long type;
		char text[300];
	} sent = {.type = 7};
	memset(sent.text, 't', sizeof(sent.text));
	make_call(&call, "msgsnd", WORDS(1, (uintptr_t)&sent, 5, 0), 0);
	assert_bytes(&call, value_at(&call, 1, "msgp")->copy, &sent, sizeof(long) + 5, 0);
	end_call(&call);
	make_call(&call, "msgsnd", WORDS(1, (uintptr_t)&sent, 0, 0), 0);
	assert_bytes(&call, value_at(&call, 1, "msgp")->copy, &sent, sizeof(long), 0);
	end_call(&call);
	make_call(&call, "msgsnd", WORDS(1, (uintptr_t)&sent, sizeof(sent.text), 0), 0);
	assert_bytes(&call, value_at(&call, 1, "msgp")->copy, &sent, sizeof(long) + 32,
		     FETCH_BLOB_TRUNCATED);
	end_call(&call);
	make_call(&call, "msgrcv", WORDS(1, (uintptr_t)&sent, sizeof(sent.text), 0, 0), 4);
	const struct value *copy = value_at(&call, 1, "msgp")->copy;
	assert_true(copy->at_return);
	assert_bytes(&call, copy, &sent, sizeof(long) + 4, 0);
	end_call(&call);
}

struct expected_element {
	const void *bytes;
	uint32_t length, flags;
};

static void assert_list(const struct call *call, const struct value *value, uint32_t end_flags,
			const struct expected_element *expected, size_t count)
{
	const struct slot *slot = &slots_of(call, value)->items[value->slot];
	struct list_element element;
	uint32_t position = 0;
	assert_true(slot->available && slot->is_list);
	assert_int_equal(slot->blob_flags, FETCH_BLOB_END | end_flags);
	for (size_t i = 0; i < count; i++) {
		assert_true(slot_list_next(slot->bytes, slot->length, &position, &element));
		assert_int_equal(element.length, expected[i].length);
		assert_memory_equal(element.bytes, expected[i].bytes, element.length);
		assert_int_equal(element.blob_flags, expected[i].flags);
	}
	assert_false(slot_list_next(slot->bytes, slot->length, &position, &element));
}

#define LIST(call, value, end_flags, ...)                                             \
	assert_list(call, value, end_flags, (struct expected_element[]){__VA_ARGS__}, \
		    array_size(((struct expected_element[]){__VA_ARGS__})))

static void execve_has_its_arguments(void **state)
{
	(void)state;
	struct call call;
	char longer[50] = {0};
	memset(longer, 'x', sizeof(longer) - 1);
	const char *argv[] = {"ls", "", longer, "-la", NULL}, *envp[] = {"A=1", "B=2", NULL};
	make_call(&call, "execve", WORDS((uintptr_t) "/bin/ls", (uintptr_t)argv, (uintptr_t)envp),
		  -ENOENT);
	LIST(&call, value_at(&call, 1, "argv"), 0, {"ls", 2, 0}, {"", 0, 0},
	     {longer, 32, FETCH_BLOB_TRUNCATED}, {"-la", 3, 0});
	assert_int_equal(copy_at(&call, 2, "envp")->type->kind, TYPE_COUNT);
	assert_number(&call, copy_at(&call, 2, "envp"), 2);
	end_call(&call);
	argv[2] = (const char *)8; /* one bad pointer does not hide the others */
	make_call(&call, "execve", WORDS((uintptr_t) "/bin/ls", (uintptr_t)&argv[3], 0), -EFAULT);
	LIST(&call, value_at(&call, 1, "argv"), 0, {"-la", 3, 0});
	assert_number(&call, value_at(&call, 2, "envp"), 0);
	end_call(&call);
}

static void buffers_are_gathered(void **state)
{
	(void)state;
	struct call call;
	char text[100] = "one";
	struct iovec iovec[2] = {{text, 3}, {text + 3, 60}};
	struct {
		struct iovec iovec;
		char bytes[60];
	} first = {iovec[0], "one"}, second = {iovec[1], ""};
	make_call(&call, "writev", WORDS(1, (uintptr_t)iovec, 2), 63);
	LIST(&call, value_at(&call, 1, "vec"), 0, {&first, 16 + 3, 0},
	     {&second, 16 + 32, FETCH_BLOB_TRUNCATED});
	end_call(&call);
	/* Reading fills as much as the result says. */
	make_call(&call, "readv", WORDS(0, (uintptr_t)iovec, 2), 5);
	assert_true(value_at(&call, 1, "vec")->at_return);
	LIST(&call, value_at(&call, 1, "vec"), 0, {&first, 16 + 3, 0}, {&second, 16 + 2, 0});
	end_call(&call);
	make_call(&call, "readv", WORDS(0, (uintptr_t)iovec, 2), -EAGAIN);
	LIST(&call, value_at(&call, 1, "vec"), 0, {&first, 16, 0}, {&second, 16, 0});
	end_call(&call);
}

static void messages_show_address_and_buffers(void **state)
{
	(void)state;
	struct call call;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	char control[24] = "control messages";
	struct iovec iovec = {(char[]){"hello"}, 5};
	struct {
		struct iovec iovec;
		char bytes[5];
	} buffer = {iovec, "hello"};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_iov = &iovec,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = 24};
	make_call(&call, "sendmsg", WORDS(3, (uintptr_t)&message, MSG_DONTWAIT), 5);
	const struct value *copy = copy_at(&call, 1, "msg");
	assert_int_equal(copy->n_members, 7);
	assert_string_equal(copy->members[0].name, "msg_name");
	assert_bytes(&call, &copy->members[0], &address, sizeof(address), 0);
	assert_number(&call, &copy->members[1], sizeof(address));
	assert_string_equal(copy->members[2].name, "msg_iov");
	assert_true(copy->members[2].netlink_slot > 0);
	LIST(&call, &copy->members[2], 0, {&buffer, 16 + 5, 0});
	assert_number(&call, &copy->members[3], 1);
	assert_string_equal(copy->members[4].name, "msg_control");
	assert_bytes(&call, &copy->members[4], control, sizeof(control), 0);
	assert_string_equal(copy->members[5].name, "msg_controllen");
	assert_number(&call, &copy->members[5], 24);
	end_call(&call);
}

/* As value_choose() sees it: the command decides. */
static const struct value *chosen(const struct call *call, size_t index)
{
	return value_choose(&call->site->arguments.items[index], &call->entry.slots);
}

static void commands_decide_on_their_argument(void **state)
{
	(void)state;
	struct call call;
	struct flock lock = {.l_type = F_WRLCK, .l_len = 7};
	make_call(&call, "fcntl", WORDS(3, F_SETLKW, (uintptr_t)&lock), 0);
	assert_non_null(chosen(&call, 2)->copy);
	assert_bytes(&call, chosen(&call, 2)->copy, &lock, sizeof(lock), 0);
	end_call(&call);
	make_call(&call, "fcntl", WORDS(3, F_GETLK, (uintptr_t)&lock), 0);
	assert_true(chosen(&call, 2)->copy->at_return);
	assert_bytes(&call, chosen(&call, 2)->copy, &lock, sizeof(lock), 0);
	end_call(&call);
	make_call(&call, "fcntl", WORDS(3, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(chosen(&call, 2)->type->kind, TYPE_FLAGS);
	assert_number(&call, chosen(&call, 2), O_NONBLOCK);
	/* A number is not followed as if it were an address. */
	assert_int_equal(call.entry.unavailable, 0);
	end_call(&call);
	make_call(&call, "fcntl", WORDS(3, F_GETFL, 8), O_RDWR);
	assert_null(chosen(&call, 2));
	assert_int_equal(call.entry.unavailable, 0);
	const struct value *result = value_choose(&call.site->results.items[0], &call.entry.slots);
	assert_int_equal(result->type->kind, TYPE_FLAGS);
	end_call(&call);
	make_call(&call, "fcntl", WORDS(3, 0x7777, 8), 0);
	assert_int_equal(chosen(&call, 2)->type->kind, TYPE_HEX);
	assert_number(&call, chosen(&call, 2), 8);
	end_call(&call);
	/* Bit 31 of a command is no sign. */
	unsigned int number = 5;
	make_call(&call, "ioctl", WORDS(3, TIOCGPTN, (uintptr_t)&number), 0);
	assert_number(&call, chosen(&call, 2)->copy, 5);
	end_call(&call);
}

static void two_arguments_decide_on_an_option(void **state)
{
	(void)state;
	struct call call;
	int one = 1;
	struct linger linger = {1, 2};
	make_call(&call, "setsockopt",
		  WORDS(3, IPPROTO_TCP, TCP_NODELAY, (uintptr_t)&one, sizeof(one)), 0);
	assert_number(&call, chosen(&call, 3), 1);
	assert_true(chosen(&call, 3)->boxed);
	end_call(&call);
	make_call(&call, "setsockopt",
		  WORDS(3, SOL_SOCKET, SO_LINGER, (uintptr_t)&linger, sizeof(linger)), 0);
	assert_string_equal(chosen(&call, 3)->type->name, "struct linger");
	assert_bytes(&call, chosen(&call, 3), &linger, sizeof(linger), 0);
	end_call(&call);
	make_call(&call, "setsockopt", WORDS(3, SOL_SOCKET, SO_BINDTODEVICE, (uintptr_t) "lo", 2),
		  0);
	assert_int_equal(chosen(&call, 3)->type->kind, TYPE_BYTES);
	assert_bytes(&call, chosen(&call, 3), "lo", 2, 0);
	end_call(&call);
	/* TCP_NODELAY is SO_DEBUG when the level is another one. */
	make_call(&call, "getsockopt",
		  WORDS(3, SOL_SOCKET, SO_TYPE, (uintptr_t)&one, (uintptr_t) & (int){sizeof(one)}),
		  0);
	assert_int_equal(chosen(&call, 3)->type->kind, TYPE_FLAGS);
	assert_number(&call, chosen(&call, 3), 1);
	assert_string_equal(chosen(&call, 2)->type->enumerators[0].name, "SO_DEBUG");
	end_call(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openat_reads_its_path_at_entry),
		cmocka_unit_test(write_reads_as_much_as_it_writes),
		cmocka_unit_test(read_reads_what_came),
		cmocka_unit_test(errors_read_no_buffer),
		cmocka_unit_test(bad_pointers_are_unavailable),
		cmocka_unit_test(connect_reads_the_whole_address),
		cmocka_unit_test(accept_reads_the_address_at_return),
		cmocka_unit_test(mmap_takes_six),
		cmocka_unit_test(pipe_gives_two_descriptors),
		cmocka_unit_test(structures_are_copied),
		cmocka_unit_test(a_text_behind_a_head),
		cmocka_unit_test(arrays_are_as_long_as_their_count_says),
		cmocka_unit_test(execve_has_its_arguments),
		cmocka_unit_test(buffers_are_gathered),
		cmocka_unit_test(messages_show_address_and_buffers),
		cmocka_unit_test(commands_decide_on_their_argument),
		cmocka_unit_test(two_arguments_decide_on_an_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
