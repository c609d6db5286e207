/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_sample text|json: writes one stream with every kind of event, ending and awkward value to
 * stdout, for the golden file and for readers in other languages.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "output/tally.h"
#include "tests/unit/output_events.h"

#define NOON 1000000000 /* made_options(): 12:00:01 UTC */

static void must(struct err *e)
{
	if (!e)
		return;
	fprintf(stderr, "%s: %s\n", err_what(e), err_reason(e));
	exit(1);
}

/* Writes and frees. */
static void put(struct output *output, struct made *made, uint64_t us, uint16_t depth)
{
	made->event.time_ns = NOON + us * 1000;
	made->event.depth = depth;
	must(output_event(output, &made->event, false));
	made_free(made);
}

static void add_request(struct made *made, struct value members[static 2])
{
	static const struct enumerator methods[] = {{"GET", 0, 0}, {"POST", 1, 0}};
	static const struct type method = {.kind = TYPE_ENUM,
					   .size = 4,
					   .name = "enum method",
					   .enumerators = methods,
					   .n_enumerators = array_size(methods)};
	struct value *req = made_number(made, "req", &type_pointer, 0x1000);
	made_number(made, "n", &type_int, 3);
	members[0] = (struct value){.name = "method", .type = &method, .slot = 2};
	members[1] = (struct value){.name = "path", .type = &type_string, .slot = 3};
	made->arguments.items[2] = (struct slot){.available = true, .number = 0};
	made->arguments.items[3] =
		(struct slot){.available = true, .is_blob = true, .bytes = "/index", .length = 6};
	made->arguments.count = 4;
	req->members = members;
	req->n_members = 2;
}

/* What the user guide shows first. */
static void put_request(struct output *output)
{
	struct value members[2];
	struct made *request = made_event(STREAM_CALL, "handle_request"), *made;
	add_request(request, members);
	must(output_opened(output, &request->event));

	made = made_event(STREAM_SYSCALL, "openat");
	made_number(made, "dfd", &type_fd, (uint64_t)AT_FDCWD);
	TEXT(made, "filename", "/srv/www/index");
	made_number(made, "flags", &type_open_flags, 0);
	made_result(made, &type_fd, 7);
	put(output, made, 130, 1);

	made = made_event(STREAM_USDT, "lookup");
	TEXT(made, "arg1", "index");
	made_number(made, "arg2", &type_int, 7);
	put(output, made, 150, 1);

	made = made_event(STREAM_CALL, "render");
	made_number(made, "page", &type_pointer, 0x55d1a0);
	made_result(made, &type_long, 5120);
	made->event.duration_ns = 301000;
	put(output, made, 171, 1);

	made = made_event(STREAM_SYSCALL, "write");
	made_number(made, "fd", &type_fd, 9);
	made_text(made, "buf", &type_bytes, "HTTP/1.1 200 OK\r\n", 17, FETCH_BLOB_TRUNCATED);
	made_number(made, "count", &type_ulong, 5230);
	made_result(made, &type_long, 5230);
	made->event.duration_ns = 44000;
	put(output, made, 490, 1);

	static const struct enumerator statuses[] = {{"HTTP_OK", 200, 0}};
	static const struct type status = {.kind = TYPE_ENUM,
					   .size = 4,
					   .name = "enum status",
					   .enumerators = statuses,
					   .n_enumerators = 1};
	made_result(request, &status, 200);
	request->event.duration_ns = 417000;
	must(output_event(output, &request->event, true));
	made_free(request);
}

static void put_endings(struct output *output)
{
	static const enum stream_ending endings[] = {ENDING_TAIL_CALL, ENDING_UNWOUND, ENDING_LOST,
						     ENDING_OPEN, ENDING_UNKNOWN};
	for (size_t i = 0; i < array_size(endings); i++) {
		struct made *made = made_event(STREAM_CALL, "run");
		made_result(made, &type_int, 0);
		made->event.ending = endings[i];
		made->event.results = NULL;
		put(output, made, 600 + i, 0);
	}
	/* opened at .000700, found unwound when something at .000750 had been shown */
	struct made *outer = made_event(STREAM_CALL, "outer");
	outer->event.time_ns = NOON + 700000;
	must(output_opened(output, &outer->event));
	put(output, made_event(STREAM_CALL, "inner"), 750, 1);
	outer->event.ending = ENDING_UNWOUND;
	must(output_event(output, &outer->event, true));
	made_free(outer);
}

static void put_system_calls(struct output *output)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	struct made *made = made_event(STREAM_SYSCALL, "connect");
	made_number(made, "fd", &type_fd, 3);
	made_text(made, "addr", &type_sockaddr, (const char *)&address, sizeof(address), 0);
	made_number(made, "addrlen", &type_int, sizeof(address));
	made_result(made, &type_int, (uint64_t)-ECONNREFUSED);
	put(output, made, 800, 0);
	made = made_event(STREAM_SYSCALL, "mmap");
	made_number(made, "addr", &type_pointer, 0);
	made_result(made, &type_pointer, 0x7f5c1c000000);
	put(output, made, 810, 0);
}

static void put_hostile(struct output *output)
{
	static char all_bytes[256];
	static char filler[4096];
	for (size_t i = 0; i < sizeof(all_bytes); i++)
		all_bytes[i] = (char)i;
	memset(filler, 'x', sizeof(filler));
	struct made *made = made_event(STREAM_CALL, "esc\033[2J");
	strcpy(made->task.comm, "e\033v\xffl");
	made_text(made, "all", &type_bytes, all_bytes, sizeof(all_bytes), 0);
	TEXT(made, "terminal", "\033[31m\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xef\xbb\xbf");
	TEXT(made, "readable", "gr\xc3\xbc\xc3\x9f \"\\ \xf0\x9f\x98\x80");
	made_text(made, "cut", &type_string, "caf\xc3", 4, FETCH_BLOB_TRUNCATED);
	made_text(made, "null", &type_string, "", 0, FETCH_BLOB_NULL);
	made_text(made, "nuls", &type_bytes, "a\0b", 3, 0);
	made_missing(made, "lost", "in xmm0");
	made_number(made, "big", &type_ulong, UINT64_MAX);
	made_number(made, "tenth", &type_double, 0x3fb999999999999a);
	made_number(made, "nan", &type_double, 0x7ff8000000000000);
	made_number(made, "flags", &type_open_flags, O_RDWR | O_CREAT | 0x20000000);
	made_number(made, "mode", &type_mode, 0644);
	made_number(made, "ok", &type_bool, 1);
	made_number(made, "c", &type_char, '\n');
	made_number(made, "c", &type_char, 0xff);
	made_text(made, "long", &type_string, filler, sizeof(filler), 0);
	made->event.late = true;
	put(output, made, 820, 0);
}

static void put_task_life(struct output *output)
{
	struct made *made = made_event(STREAM_FORK, "");
	made->event.child_tgid = made->event.child_tid = 4251;
	put(output, made, 900, 0);
	made = made_event(STREAM_FORK, "");
	made->event.child_tgid = 4242;
	made->event.child_tid = 4252;
	put(output, made, 901, 0);
	made = made_event(STREAM_EXEC, "");
	made->event.filename = "/bin/ls";
	made->event.argv = "ls\0-la\0";
	made->event.argv_size = 7;
	put(output, made, 902, 0);
	made = made_event(STREAM_EXIT, "");
	made->event.exit_code = 0;
	put(output, made, 903, 0);
	made = made_event(STREAM_EXIT, "");
	made->event.exit_code = SIGSEGV;
	made->event.exit_is_last = true;
	put(output, made, 904, 0);
	static siginfo_t info = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	info.si_pid = 4251;
	made = made_event(STREAM_SIGNAL, "");
	made->event.signal_number = SIGCHLD;
	made->event.signal_info = &info;
	made->event.signal_is_ignored = true;
	put(output, made, 904, 0);
	made = made_event(STREAM_LOST, "render");
	made->event.loss_cause = LOSS_RING_FULL;
	made->event.loss_count = 12;
	put(output, made, 905, 0);
	made = made_event(STREAM_SUPPRESSED, "render");
	made->event.loss_count = 904;
	put(output, made, 905, 0);
	made = made_event(STREAM_PROBE, "readline");
	made->probe.kind = PROBE_URETPROBE;
	TEXT(made, "", "ls -la");
	put(output, made, 906, 0);
}

static void put_counts(struct output *output)
{
	static struct tally rows[] = {
		{.name = "read",
		 .calls = 2,
		 .errors = 1,
		 .running = 1,
		 .total_ns = 2600,
		 .min_ns = 900,
		 .max_ns = 1700,
		 .buckets = {[9] = 1, [10] = 1}},
		{.name = "exit_group", .calls = 1},
	};
	const struct tally_list list = {.rows = {.items = rows, .count = array_size(rows)}};
	const struct tally_layout layout = {0};
	must(output_tallies(output, &list, &layout));
}

int main(int argc, char **argv)
{
	static const char *const backends[] = {"syscall", "tp_btf", "return", "site", NULL};
	bool is_json = argc > 1 && strcmp(argv[1], "json") == 0;
	struct output_options options = made_options(is_json ? OUTPUT_JSON : OUTPUT_TEXT);
	options.time = TIME_DEFAULT;
	options.show_user = argc > 2;
	struct output_header header = {.realtime_ns = 1795262400000000000,
				       .boottime_ns = 5000000000,
				       .backends = backends};
	struct output_summary summary = {.events = 24,
					 .lost = 12,
					 .missed = 0,
					 .returns_lost = 1,
					 .filtered = 7,
					 .suppressed = 904,
					 .tallied = true,
					 .counted = 3};
	struct output *output = NULL;
	must(output_create(STDOUT_FILENO, "stdout", &options, &output));
	must(output_begin(output, &header));
	put_request(output);
	put_endings(output);
	put_system_calls(output);
	put_hostile(output);
	put_task_life(output);
	put_counts(output);
	must(output_end(output, &summary));
	output_destroy(output);
	return 0;
}
