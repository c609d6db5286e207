/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

#include "common/array.h"
#include "tests/unit/output_events.h"

static struct output_options plain;

/* Frees the event. */
static void assert_line(const struct output_options *options, struct made *made,
			const char *expected)
{
	char *text = written_event(options, made, false);
	assert_string_equal(text, expected);
	free(text);
	made_free(made);
}

static void calls_show_names_and_typed_values(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "render");
	made_number(made, "page", &type_pointer, 0x55d1a0);
	made_number(made, "n", &type_int, (uint64_t)-3);
	TEXT(made, "path", "/index");
	made_result(made, &type_long, 5120);
	assert_line(&plain, made,
		    "[4242/4250] srv:render(page=0x55d1a0, n=-3, path=\"/index\") = 5120 "
		    "<0.000012>\n");
}

static void every_type_has_its_form(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_number(made, "a", &type_ulong, UINT64_MAX);
	made_number(made, "b", &type_hex, 255);
	made_number(made, "c", &type_mode, 0644);
	made_number(made, "d", &type_bool, 1);
	made_number(made, "e", &type_bool, 0);
	made_number(made, "f", &type_char, 'x');
	made_number(made, "g", &type_char, '\'');
	made_number(made, "h", &type_char, 0x9b);
	made_number(made, "i", &type_float, 0x3dcccccd); /* 0.1f, IEEE 754 */
	made_number(made, "j", &type_double, 0x3fb999999999999a);
	made_number(made, "k", &type_pointer, 0);
	made_number(made, "l", &type_color, 1);
	made_number(made, "m", &type_color, 0xffffffff);
	made_number(made, "n", &type_color, 77);
	made_number(made, "o", &type_errno, (uint64_t)-2);
	assert_line(&plain, made,
		    "[4242/4250] srv:f(a=18446744073709551615, b=0xff, c=0644, d=true, e=false, "
		    "f='x', g='\\'', h='\\x9b', i=0.1, j=0.1, k=NULL, l=GREEN, m=BROKEN, n=77, "
		    "o=-ENOENT)\n");
}

static void flags_are_joined(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_number(made, "a", &type_open_flags, 0);
	made_number(made, "b", &type_open_flags, O_RDWR | O_CREAT | 0x20000000);
	made_number(made, "c", &type_open_flags, 04010000);
	made_number(made, "d", &type_open_flags, O_CLOEXEC);
	made_number(made, "e", &type_open_flags, 0x20000003); /* O_ACCMODE is no mode */
	static const struct enumerator protections[] = {
		{"PROT_NONE", 0, 0}, {"PROT_READ", 1, 0}, {"PROT_ALIAS", 1, 0}, {NULL, 2, 0}};
	static const struct type type_protection = {.kind = TYPE_FLAGS,
						    .size = 4,
						    .name = "int",
						    .enumerators = protections,
						    .n_enumerators = array_size(protections)};
	static const struct type type_nameless = {.kind = TYPE_FLAGS, .size = 4, .name = "int"};
	made_number(made, "f", &type_protection, 0);
	made_number(made, "g", &type_protection, 1);
	made_number(made, "h", &type_nameless, 0);
	assert_line(&plain, made,
		    "[4242/4250] srv:f(a=O_RDONLY, b=O_RDWR|O_CREAT|0x20000000, c=O_RDONLY|O_SYNC, "
		    "d=O_RDONLY|O_CLOEXEC, e=0x20000003, f=PROT_NONE, "
		    "g=PROT_READ, h=0)\n");
}

static void strings_tell_empty_null_cut_and_unreadable_apart(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	TEXT(made, "a", "");
	made_text(made, "b", &type_string, "", 0, FETCH_BLOB_NULL);
	made_text(made, "c", &type_string, "HTTP/1.1 200 OK\r\n", 17, FETCH_BLOB_TRUNCATED);
	TEXT(made, "d", "x");
	made->arguments.items[3].available = false;
	made_missing(made, "e", "in xmm0");
	/* cut inside of an e-acute: the half character is left out */
	made_text(made, "f", &type_string, "caf\xc3", 4, FETCH_BLOB_TRUNCATED);
	assert_line(&plain, made,
		    "[4242/4250] srv:f(a=\"\", b=NULL, c=\"HTTP/1.1 200 OK\\r\\n\"..., "
		    "d=<not resident>, e=<in xmm0>, f=\"caf\"...)\n");
}

static void hostile_bytes_never_reach_the_terminal(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f\033[2J");
	static const char bytes[] = "\033[31m\x7f\x00\x80\xff \xc2\x9b \xe2\x80\xae \xe2\x80\xa8 "
				    "\xef\xbb\xbf \xed\xa0\x80 \"\\\t gr\xc3\xbc\xc3\x9f";
	made_text(made, "a\nb", &type_bytes, bytes, sizeof(bytes) - 1, 0);
	strcpy(made->task.comm, "ev\033il[1]\n");
	struct output_options options = plain;
	options.show_comm = true;
	assert_line(&options, made,
		    "ev\\x1bil\\x5b1\\x5d\\n[4242/4250] srv:f\\x1b[2J(a\\nb="
		    "\"\\x1b[31m\\x7f\\x00\\x80\\xff \\xc2\\x9b \\xe2\\x80\\xae \\xe2\\x80\\xa8 "
		    "\\xef\\xbb\\xbf \\xed\\xa0\\x80 \\\"\\\\\\t gr\xc3\xbc\xc3\x9f\")\n");
}

static void a_comm_without_nul_ends(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	memset(made->task.comm, 'c', sizeof(made->task.comm));
	struct output_options options = plain;
	options.show_comm = true;
	assert_line(&options, made, "cccccccccccccccc[4242/4250] srv:f()\n");
}

static void a_span_that_was_opened_has_two_lines(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "handle_request");
	made_number(made, "n", &type_int, 3);
	made->event.depth = 2;
	char *text = written_opened(&plain, made);
	assert_string_equal(text, "[4242/4250] |  |  srv:handle_request(n=3)\n");
	free(text);
	made_result(made, &type_color, 1);
	made->event.duration_ns = 417000;
	struct output_options options = plain;
	options.time = TIME_EPOCH;
	text = written_event(&options, made, true);
	assert_string_equal(text, "[4242/4250] 1795262401.000540 |  |  srv:handle_request = GREEN "
				  "<0.000417>\n");
	free(text);
	made_free(made);
}

/* As strace has them: cut off where the call would fill something in. */
static void calls_that_did_not_return(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SYSCALL, "read");
	made_number(made, "fd", &type_int, 3);
	struct value *buffer = made_number(made, "buf", &type_pointer, 0);
	made_number(made, "count", &type_ulong, 5);
	made->event.ending = ENDING_OPEN;
	char *text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] read(3, NULL, 5 <detached ...>\n");
	free(text);
	buffer->at_return = true;
	text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] read(3,  <detached ...>\n");
	free(text);
	/* In two parts. */
	text = written_event(&plain, made, true);
	assert_string_equal(text, "[4242/4250] <... read resumed> <detached ...>\n");
	free(text);
	made->event.ending = ENDING_KILLED;
	text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] read(3,  <unfinished ...>) = ?\n");
	free(text);
	text = written_event(&plain, made, true);
	assert_string_equal(text, "[4242/4250] <... read resumed> <unfinished ...>) = ?\n");
	free(text);
	buffer->at_return = false;
	text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] read(3, NULL, 5) = ?\n");
	free(text);
	text = written_event(&plain, made, true);
	assert_string_equal(text, "[4242/4250] <... read resumed>) = ?\n");
	free(text);
	made_free(made);
	made = made_event(STREAM_SYSCALL, "pause");
	made->event.ending = ENDING_OPEN;
	text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] pause( <detached ...>\n");
	free(text);
	made->event.ending = ENDING_UNKNOWN;
	text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] pause() = ?\n");
	free(text);
	made_free(made);
}

static void endings_are_told(void **state)
{
	(void)state;
	static const struct {
		enum stream_ending ending;
		const char *whole, *closing;
	} cases[] = {
		{ENDING_TAIL_CALL, "() = <tail call> <0.000012>", " = <tail call> <0.000012>"},
		{ENDING_UNWOUND, "() = <no return seen>", " = <no return seen>"},
		{ENDING_LOST, "() = <return lost>", " = <return lost>"},
		{ENDING_OPEN, "() = <still running>", " = <still running>"},
		{ENDING_UNKNOWN, "()", NULL},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct made *made = made_event(STREAM_CALL, "f");
		made_result(made, &type_int, 1);
		made->event.ending = cases[i].ending;
		made->event.results = NULL;
		for (int opened = 0; opened < 2; opened++) {
			const char *end = opened ? cases[i].closing : cases[i].whole;
			char expected[100] = "", *text = written_event(&plain, made, opened);
			if (end)
				snprintf(expected, sizeof(expected), "[4242/4250] srv:f%s\n", end);
			assert_string_equal(text, expected);
			free(text);
		}
		made_free(made);
	}
}

static void a_void_function_has_only_a_duration(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_result(made, &type_void, 7);
	assert_line(&plain, made, "[4242/4250] srv:f() <0.000012>\n");
}

static void a_return_probe_shows_the_end_alone(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made->probe.kind = PROBE_URETPROBE;
	made_number(made, "n", &type_int, 1);
	made_result(made, &type_int, 2);
	char *text = written_opened(&plain, made);
	assert_string_equal(text, "");
	free(text);
	assert_line(&plain, made, "[4242/4250] srv:f = 2 <0.000012>\n");

	made = made_event(STREAM_PROBE, "f");
	made->probe.kind = PROBE_URETPROBE;
	TEXT(made, "", "typed line");
	assert_line(&plain, made, "[4242/4250] srv:f = \"typed line\"\n");
}

static void usdt_arguments_without_names_are_bare(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_USDT, "lookup");
	TEXT(made, "arg1", "index");
	made_number(made, "arg2", &type_int, 7);
	made_number(made, "length", &type_int, 8);
	made->event.depth = 1;
	assert_line(&plain, made, "[4242/4250] |  app:lookup(\"index\", 7, length=8)\n");
}

static struct made *made_openat(int64_t result)
{
	struct made *made = made_event(STREAM_SYSCALL, "openat");
	made_number(made, "dfd", &type_fd, (uint64_t)AT_FDCWD);
	TEXT(made, "filename", "/srv/www/index");
	made_number(made, "flags", &type_open_flags, 0);
	made_result(made, &type_fd, (uint64_t)result);
	return made;
}

static void system_calls_look_as_in_strace(void **state)
{
	(void)state;
	assert_line(&plain, made_openat(7),
		    "[4242/4250] openat(AT_FDCWD, \"/srv/www/index\", O_RDONLY) = 7 <0.000012>\n");
	assert_line(&plain, made_openat(-ENOENT),
		    "[4242/4250] openat(AT_FDCWD, \"/srv/www/index\", O_RDONLY) = -1 ENOENT "
		    "(No such file or directory) <0.000012>\n");
	assert_line(&plain, made_openat(-512),
		    "[4242/4250] openat(AT_FDCWD, \"/srv/www/index\", O_RDONLY) = ? ERESTARTSYS "
		    "(To be restarted if SA_RESTART is set) <0.000012>\n");
	assert_line(&plain, made_openat(-4000),
		    "[4242/4250] openat(AT_FDCWD, \"/srv/www/index\", O_RDONLY) = -1 errno 4000 "
		    "<0.000012>\n");

	struct made *made = made_event(STREAM_SYSCALL, "mmap");
	made_result(made, &type_pointer, 0x7f0000001000);
	assert_line(&plain, made, "[4242/4250] mmap() = 0x7f0000001000 <0.000012>\n");
	made = made_event(STREAM_SYSCALL, "lseek"); /* no type is known: decimal */
	made_result(made, &type_long, 5230);
	made->site.results.count = 0;
	assert_line(&plain, made, "[4242/4250] lseek() = 5230 <0.000012>\n");
}

static struct made *made_read(int64_t result)
{
	struct made *made = made_event(STREAM_SYSCALL, "read");
	made_number(made, "fd", &type_fd, 7);
	struct value *value = made_number(made, "buf", &type_bytes, 99);
	value->at_return = true;
	value->slot = 1;
	made_result(made, &type_long, (uint64_t)result);
	made->results.count = 2;
	made->results.items[1] = (struct slot){
		.available = true,
		.is_blob = true,
		.bytes = "abc",
		.length = result > 0 ? (uint32_t)result : 0,
	};
	return made;
}

static void output_arguments_come_from_the_return(void **state)
{
	(void)state;
	assert_line(&plain, made_read(3), "[4242/4250] read(7, \"abc\") = 3 <0.000012>\n");
	assert_line(&plain, made_read(0), "[4242/4250] read(7, \"\") = 0 <0.000012>\n");
	assert_line(&plain, made_read(-EAGAIN),
		    "[4242/4250] read(7, <call failed>) = -1 EAGAIN (Resource temporarily "
		    "unavailable) <0.000012>\n");

	struct made *made = made_read(3);
	made->event.kind = STREAM_CALL;
	made->probe.kind = PROBE_CALL;
	char *text = written_opened(&plain, made);
	assert_string_equal(text, "[4242/4250] srv:read(fd=7, buf=<at return>)\n");
	free(text);
	text = written_event(&plain, made, true);
	assert_string_equal(text, "[4242/4250] srv:read(buf=\"abc\") = 3 <0.000012>\n");
	free(text);
	made->event.results = NULL;
	made->event.ending = ENDING_UNWOUND;
	assert_line(&plain, made,
		    "[4242/4250] srv:read(fd=7, buf=<not returned>) = <no return seen>\n");
}

static void descriptors_get_their_path(void **state)
{
	(void)state;
	struct made *made = made_openat(7);
	FILE_NAMES(made, &made->values[0], "home", 0);
	FILE_NAMES(made, &made->result, "<x>\n\0srv", 0);
	assert_line(&plain, made,
		    "[4242/4250] openat(AT_FDCWD</home>, \"/srv/www/index\", O_RDONLY) = "
		    "7</srv/\\x3cx\\x3e\\n> <0.000012>\n");
	made = made_openat(8);
	FILE_NAMES(made, &made->values[0], "b\0a", FETCH_FILE_CUT);
	assert_line(&plain, made,
		    "[4242/4250] openat(AT_FDCWD<.../a/b>, \"/srv/www/index\", O_RDONLY) = 8 "
		    "<0.000012>\n");
	/* An error is no descriptor, whatever was read for it. */
	made = made_openat(-ENOENT);
	FILE_NAMES(made, &made->result, "x", 0);
	assert_line(&plain, made,
		    "[4242/4250] openat(AT_FDCWD, \"/srv/www/index\", O_RDONLY) = -1 ENOENT "
		    "(No such file or directory) <0.000012>\n");
}

static void arrays_of_descriptors_get_their_paths(void **state)
{
	(void)state;
	static const struct type type_fds = {
		.kind = TYPE_ARRAY, .size = 8, .name = "int *", .target = &type_fd};
	const int32_t fds[2] = {3, 4};
	struct made *made = made_event(STREAM_SYSCALL, "pipe2");
	struct value *value = made_text(made, "fildes", &type_fds, (const char *)fds, 8, 0);
	FILE_NAMES(made, value, "one", 0);
	int first = value->file_slot;
	FILE_NAMES(made, value, "two", 0);
	value->file_slot = first;
	made_result(made, &type_long, 0);
	assert_line(&plain, made, "[4242/4250] pipe2([3</one>, 4</two>]) = 0 <0.000012>\n");
}

static void socket_addresses_are_taken_apart(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	struct made *made = made_event(STREAM_SYSCALL, "connect");
	made_text(made, "addr", &type_sockaddr, (const char *)&address, sizeof(address), 0);
	made_text(made, "addr", &type_sockaddr, "x", 1, 0); /* too short to be one */
	made_text(made, "addr", &type_sockaddr, "", 0, FETCH_BLOB_NULL);
	assert_line(&plain, made,
		    "[4242/4250] connect({AF_INET, 127.0.0.1:80}, \"x\", NULL) = ?\n");
}

static void structures_are_shown_by_member(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "handle_request");
	struct value *req = made_number(made, "req", &type_pointer, 0x1000);
	made->arguments.count += 2;
	made->arguments.items[1] = (struct slot){.available = true, .number = 1};
	made->arguments.items[2] =
		(struct slot){.available = true, .is_blob = true, .bytes = "/index", .length = 6};
	const struct value members[] = {
		{.name = "method", .type = &type_color, .slot = 1},
		{.name = "path", .type = &type_string, .slot = 2},
		{.name = "extra",
		 .type = &type_int,
		 .slot = VALUE_NO_SLOT,
		 .unavailable = "in xmm1"},
	};
	req->members = members;
	req->n_members = array_size(members);
	char *text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] srv:handle_request(req={method=GREEN, "
				  "path=\"/index\", extra=<in xmm1>})\n");
	free(text);
	made->arguments.items[0].number = 0;
	assert_line(&plain, made, "[4242/4250] srv:handle_request(req=NULL)\n");
}

static void arrays_end_where_they_should(void **state)
{
	(void)state;
	static const int32_t numbers[] = {1, -2, 3, 4};
	struct made *made = made_event(STREAM_CALL, "f");
	made_text(made, "a", &type_chars, "ab\0defgh", 8, 0);
	made_text(made, "b", &type_chars, "abcdefgh", 8, 0);
	made_text(made, "c", &type_chars, "abcd", 4, 0); /* of 8 */
	made_text(made, "d", &type_ints, (const char *)numbers, sizeof(numbers), 0);
	made_text(made, "e", &type_ints, (const char *)numbers, 9, 0);
	char *text = written_event(&plain, made, false);
	assert_string_equal(text, "[4242/4250] srv:f(a=\"ab\", b=\"abcdefgh\", c=\"abcd\"..., "
				  "d=[1, -2, 3, 4], e=[1, -2, ...])\n");
	free(text);
	struct output_options options = plain;
	options.string_limit = 3;
	made->site.arguments.items = &made->values[3];
	made->site.arguments.count = 1;
	assert_line(&options, made, "[4242/4250] srv:f(d=[1, -2, 3, ...])\n");
}

static void task_life_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_EXEC, "");
	made->event.site = NULL;
	made->event.filename = "/bin/ls";
	made->event.argv = "ls\0-la\0\033";
	made->event.argv_size = 9; /* the last one lacks its NUL: cut */
	made->event.exec_flags = EVENT_EXEC_ARGV_TRUNCATED;
	char *text = written_event(&plain, made, false);
	assert_string_equal(text,
			    "[4242/4250] exec(\"/bin/ls\", [\"ls\", \"-la\", \"\\x1b\", ...])\n");
	free(text);
	made->event.exec_flags = EVENT_EXEC_ARGV_UNREADABLE;
	assert_line(&plain, made, "[4242/4250] exec(\"/bin/ls\", <not readable>)\n");

	made = made_event(STREAM_FORK, "");
	made->event.site = NULL;
	made->event.child_tgid = made->event.child_tid = 4251;
	assert_line(&plain, made, "[4242/4250] fork() = 4251\n");
	made = made_event(STREAM_FORK, "");
	made->event.child_tgid = 4242;
	made->event.child_tid = 4252;
	assert_line(&plain, made, "[4242/4250] new thread = 4252\n");
}

static void exits_tell_how(void **state)
{
	(void)state;
	static const struct {
		uint32_t code;
		bool is_last;
		const char *expected;
	} cases[] = {
		{0, true, "+++ exited with 0 +++"},
		{3 << 8, true, "+++ exited with 3 +++"},
		{SIGSEGV, true, "+++ killed by SIGSEGV +++"},
		{SIGSEGV | 0x80, true, "+++ killed by SIGSEGV (core dumped) +++"},
		{35, true, "+++ killed by SIGRT_3 +++"},
		{0, false, "thread exited"},
		{3 << 8, false, "thread exited with 3"},
		{SIGKILL, false, "thread killed by SIGKILL"},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		char expected[100];
		struct made *made = made_event(STREAM_EXIT, "");
		made->event.site = NULL;
		made->event.exit_code = cases[i].code;
		made->event.exit_is_last = cases[i].is_last;
		snprintf(expected, sizeof(expected), "[4242/4250] %s\n", cases[i].expected);
		assert_line(&plain, made, expected);
	}
}

static void losses_are_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_LOST, "render");
	made->event.loss_cause = LOSS_RING_FULL;
	made->event.loss_count = 12;
	assert_line(&plain, made, "--- 12 events lost: srv:render (ring full) ---\n");
	made = made_event(STREAM_LOST, "");
	made->event.site = NULL;
	made->event.loss_count = 1;
	assert_line(&plain, made, "--- 1 event lost: task life (ring full) ---\n");
}

static void what_was_suppressed_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SUPPRESSED, "render");
	made->event.loss_count = 904;
	assert_line(&plain, made, "--- 904 events suppressed: srv:render (rate limit) ---\n");
	made = made_event(STREAM_SUPPRESSED, "render");
	made->event.loss_count = 1;
	assert_line(&plain, made, "--- 1 event suppressed: srv:render (rate limit) ---\n");
}

static void what_was_missed_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_MISSED, "");
	made->event.missed_who = "system calls";
	made->event.loss_count = 3;
	assert_line(&plain, made,
		    "--- 3 hits missed: system calls (the kernel did not run the probe) ---\n");
}

static void the_left_side_follows_the_options(void **state)
{
	(void)state;
	struct output_options options = plain;
	options.show_comm = options.show_user = true;
	options.time = TIME_EPOCH;
	struct made *made = made_event(STREAM_CALL, "f");
	made->task.tty = 136 << 8 | 3; /* pts/3 */
	made->event.late = true;
	assert_line(&options, made, "srv[4242/4250] uid=1000 pts/3 1795262401.000123~ srv:f()\n");
	options.time = TIME_NONE;
	options.show_comm = false;
	made = made_event(STREAM_CALL, "f");
	assert_line(&options, made, "[4242/4250] uid=1000 ? srv:f()\n");
}

static void colours_wrap_only_when_asked(void **state)
{
	(void)state;
	struct output_options options = plain;
	options.color = true;
	struct made *made = made_event(STREAM_CALL, "f");
	TEXT(made, "s", "x");
	made_result(made, &type_errno, (uint64_t)-2);
	char *text = written_event(&options, made, false);
	assert_string_equal(text, "\033[2m[4242/4250]\033[0m \033[1msrv:f\033[0m(s=\033[32m\"x\""
				  "\033[0m) = \033[31m-ENOENT\033[0m <0.000012>\n");
	free(text);
	made_free(made);
}

int main(void)
{
	plain = made_options(OUTPUT_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_show_names_and_typed_values),
		cmocka_unit_test(every_type_has_its_form),
		cmocka_unit_test(flags_are_joined),
		cmocka_unit_test(strings_tell_empty_null_cut_and_unreadable_apart),
		cmocka_unit_test(hostile_bytes_never_reach_the_terminal),
		cmocka_unit_test(a_comm_without_nul_ends),
		cmocka_unit_test(a_span_that_was_opened_has_two_lines),
		cmocka_unit_test(calls_that_did_not_return),
		cmocka_unit_test(endings_are_told),
		cmocka_unit_test(a_void_function_has_only_a_duration),
		cmocka_unit_test(a_return_probe_shows_the_end_alone),
		cmocka_unit_test(usdt_arguments_without_names_are_bare),
		cmocka_unit_test(system_calls_look_as_in_strace),
		cmocka_unit_test(output_arguments_come_from_the_return),
		cmocka_unit_test(descriptors_get_their_path),
		cmocka_unit_test(arrays_of_descriptors_get_their_paths),
		cmocka_unit_test(socket_addresses_are_taken_apart),
		cmocka_unit_test(structures_are_shown_by_member),
		cmocka_unit_test(arrays_end_where_they_should),
		cmocka_unit_test(task_life_is_told),
		cmocka_unit_test(exits_tell_how),
		cmocka_unit_test(losses_are_told),
		cmocka_unit_test(what_was_suppressed_is_told),
		cmocka_unit_test(what_was_missed_is_told),
		cmocka_unit_test(the_left_side_follows_the_options),
		cmocka_unit_test(colours_wrap_only_when_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
