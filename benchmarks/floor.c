/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor -o FILE [-k BYTES] entry|call|mark NAME -- COMMAND...
 * floor -o FILE syscalls|texts -- COMMAND...
 *
 * The smallest honest tracer, as the practical limit of what utrail is held against: one link, one
 * ring, a line of text for each event, nothing lost in silence. It knows its targets: what is read
 * is compiled into floor.bpf.c. -k: probe that many bytes after the function's first one, past an
 * `endbr64`.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "benchmarks/floor.h"
#include "benchmarks/floor_elf.h"
#include "floor_bpf.skel.h"

#define TEXT_BYTES (128U << 10)
#define LINE_MAX   256
#define TIMER_MS   2

struct floor {
	struct floor_options {
		const char *output, *kind, *name;
		unsigned long skip;
		char **command;
	} options;
	int output_fd, release_fd, child_fd;
	pid_t child;
	struct floor_bpf *bpf;
	struct ring_buffer *ring;
	unsigned long long events;
	bool failed;
	size_t length;
	char text[TEXT_BYTES];
};

/* --- text ------------------------------------------------------------------------------------ */

static void text_flush(struct floor *floor)
{
	for (size_t at = 0; at < floor->length;) {
		ssize_t n = write(floor->output_fd, floor->text + at, floor->length - at);
		if (n < 0 && errno != EINTR) {
			floor->failed = true;
			break;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	floor->length = 0;
}

static char *put_number(char *at, unsigned long long value)
{
	char digits[24];
	size_t n = sizeof(digits);
	do
		digits[--n] = (char)('0' + value % 10);
	while (value /= 10);
	memcpy(at, digits + n, sizeof(digits) - n);
	return at + sizeof(digits) - n;
}

static char *put_text(char *at, const char *text, size_t length)
{
	memcpy(at, text, length);
	return at + length;
}

/* What lies where the path of openat (257) and the buffer of read (0) point to. */
static char *put_call_text(char *at, const struct floor_event *event)
{
	if (event->number != 0 && event->number != 257)
		return at;
	at = put_text(at, " \"", 2);
	at = put_text(at, event->text, strnlen(event->text, sizeof(event->text)));
	return put_text(at, "\"", 1);
}

static char *put_syscall(char *at, const struct floor_event *event, bool with_texts)
{
	at = put_text(at, "syscall_", 8);
	at = put_number(at, event->number);
	for (int i = 0; i < 3; i++) {
		at = put_text(at, i ? ", " : "(", i ? 2 : 1);
		at = put_number(at, event->arguments[i]);
	}
	at = put_text(at, ") = ", 4);
	at = put_number(at, event->result);
	if (with_texts)
		at = put_call_text(at, event);
	at = put_text(at, " <", 2);
	at = put_number(at, event->end_ns - event->time_ns);
	return put_text(at, ">", 1);
}

static char *put_hit(char *at, const struct floor_event *event, const char *name, size_t length)
{
	at = put_text(at, name, length);
	if (event->end_ns) {
		at = put_text(at, " = ", 3);
		return put_number(at, event->result);
	}
	at = put_text(at, "(", 1);
	at = put_number(at, event->first);
	at = put_text(at, ", ", 2);
	at = put_number(at, event->second);
	at = put_text(at, ", \"", 3);
	at = put_text(at, event->text, strnlen(event->text, sizeof(event->text)));
	return put_text(at, "\")", 2);
}

static bool is_with_texts(const struct floor *floor)
{
	return strcmp(floor->options.kind, "texts") == 0;
}

static bool is_of_calls(const struct floor_options *options)
{
	return strcmp(options->kind, "syscalls") == 0 || strcmp(options->kind, "texts") == 0;
}

static int on_event(void *context, void *data, size_t size)
{
	struct floor *floor = context;
	const struct floor_event *event = data;
	const char *name = floor->options.name;
	(void)size;
	if (floor->length > sizeof(floor->text) - LINE_MAX)
		text_flush(floor);
	char *at = floor->text + floor->length;
	at = put_number(at, event->time_ns ?: event->end_ns);
	at = put_text(at, " ", 1);
	at = put_number(at, event->tid);
	at = put_text(at, " ", 1);
	at = name ? put_hit(at, event, name, strnlen(name, 64))
		  : put_syscall(at, event, is_with_texts(floor));
	*at++ = '\n';
	floor->length = (size_t)(at - floor->text);
	floor->events++;
	return 0;
}

/* --- the command ----------------------------------------------------------------------------- */

/* Starts the command, held back before its exec. */
static int child_start(struct floor *floor)
{
	int gate[2];
	char byte;
	if (pipe2(gate, O_CLOEXEC) != 0)
		return -1;
	floor->child = fork();
	if (floor->child == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 1)
			execvp(floor->options.command[0], floor->options.command);
		_exit(127);
	}
	close(gate[0]);
	floor->release_fd = gate[1];
	/* By number: the C library has no function for it before 2.36. */
	floor->child_fd = (int)syscall(SYS_pidfd_open, floor->child, 0);
	return floor->child < 0 || floor->child_fd < 0 ? -1 : 0;
}

/* --- probes ---------------------------------------------------------------------------------- */

static int load(struct floor *floor)
{
	const char *kind = floor->options.kind;
	struct floor_bpf *bpf = floor_bpf__open();
	if (!bpf)
		return -1;
	floor->bpf = bpf;
	bool call = strcmp(kind, "call") == 0, syscalls = is_of_calls(&floor->options);
	bpf_program__set_autoload(bpf->progs.floor_entry, call || strcmp(kind, "entry") == 0);
	bpf_program__set_autoload(bpf->progs.floor_return, call);
	bpf_program__set_autoload(bpf->progs.floor_mark, strcmp(kind, "mark") == 0);
	bpf_program__set_autoload(bpf->progs.floor_sys_enter, syscalls);
	bpf_program__set_autoload(bpf->progs.floor_sys_exit, syscalls);
	bpf_map__set_autocreate(bpf->maps.in_flight, syscalls);
	bpf->rodata->target = (__u32)floor->child;
	bpf->rodata->with_texts = is_with_texts(floor);
	if (floor_bpf__load(bpf) != 0)
		return -1;
	floor->ring = ring_buffer__new(bpf_map__fd(bpf->maps.ring), on_event, floor, NULL);
	return floor->ring ? 0 : -1;
}

static int attach_functions(struct floor *floor, struct bpf_program *program,
			    const unsigned long *offsets, size_t count, bool is_return)
{
	LIBBPF_OPTS(bpf_uprobe_multi_opts, options, .offsets = offsets, .cnt = count,
		    .retprobe = is_return);
	return bpf_program__attach_uprobe_multi(program, floor->child, floor->options.command[0],
						NULL, &options)
		       ? 0
		       : -1;
}

static int attach_function(struct floor *floor, struct bpf_program *program, unsigned long offset,
			   bool is_return)
{
	return attach_functions(floor, program, &offset, 1, is_return);
}

/* NAME is "PREFIX*" */
static int attach_all(struct floor *floor)
{
	char prefix[64];
	const char *name = floor->options.name;
	unsigned long *offsets = NULL;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(name, "*"), name);
	size_t count = floor_offsets(floor->options.command[0], prefix, &offsets);
	int failed = count ? attach_functions(floor, floor->bpf->progs.floor_entry, offsets, count,
					      false)
			   : -1;
	free(offsets);
	return failed;
}

static int attach(struct floor *floor)
{
	struct floor_bpf *bpf = floor->bpf;
	const struct floor_options *options = &floor->options;
	if (is_of_calls(options))
		return bpf_program__attach(bpf->progs.floor_sys_enter) &&
				       bpf_program__attach(bpf->progs.floor_sys_exit)
			       ? 0
			       : -1;
	if (strchr(options->name, '*'))
		return attach_all(floor);
	unsigned long offset = floor_offset(options->command[0], options->name);
	if (!offset)
		return -1;
	offset += options->skip;
	if (strcmp(options->kind, "mark") == 0)
		return attach_function(floor, bpf->progs.floor_mark, offset, false);
	if (attach_function(floor, bpf->progs.floor_entry, offset, false) != 0)
		return -1;
	return strcmp(options->kind, "call") == 0
		       ? attach_function(floor, bpf->progs.floor_return, offset, true)
		       : 0;
}

/* --- the run --------------------------------------------------------------------------------- */

static int run(struct floor *floor)
{
	struct pollfd fds[2] = {
		{.fd = ring_buffer__epoll_fd(floor->ring), .events = POLLIN},
		{.fd = floor->child_fd, .events = POLLIN},
	};
	if (write(floor->release_fd, "", 1) != 1)
		return -1;
	while (!fds[1].revents) {
		poll(fds, 2, TIMER_MS);
		ring_buffer__consume(floor->ring);
		text_flush(floor);
	}
	ring_buffer__consume(floor->ring);
	text_flush(floor);
	return waitpid(floor->child, NULL, 0) == floor->child ? 0 : -1;
}

static int parse(int argc, char **argv, struct floor_options *ret)
{
	int option;
	while ((option = getopt(argc, argv, "+o:k:")) != -1) {
		if (option == 'o')
			ret->output = optarg;
		else if (option == 'k')
			ret->skip = strtoul(optarg, NULL, 10);
		else
			return -1;
	}
	argv += optind;
	if (!*argv || !ret->output)
		return -1;
	ret->kind = *argv++;
	if (!is_of_calls(ret) && *argv)
		ret->name = *argv++;
	if (!*argv || strcmp(*argv, "--") != 0 || !argv[1])
		return -1;
	ret->command = argv + 1;
	return 0;
}

static int fail(const struct floor *floor, const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	if (floor->child > 0)
		kill(floor->child, SIGKILL);
	return 1;
}

int main(int argc, char **argv)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	if (!floor || parse(argc, argv, &floor->options) != 0) {
		fputs("usage: floor -o FILE [-k BYTES] entry|call|mark NAME -- COMMAND...\n"
		      "       floor -o FILE syscalls|texts -- COMMAND...\n",
		      stderr);
		return 2;
	}
	floor->output_fd =
		open(floor->options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (floor->output_fd < 0)
		return fail(floor, floor->options.output);
	if (child_start(floor) != 0)
		return fail(floor, "starting the command");
	if (load(floor) != 0)
		return fail(floor, "loading");
	if (attach(floor) != 0)
		return fail(floor, "attaching");
	if (run(floor) != 0)
		return fail(floor, "running");
	fprintf(stderr, "%llu events, %llu lost\n", floor->events,
		(unsigned long long)floor->bpf->bss->lost);
	/* The kernel takes the probes out when the descriptors close. */
	_exit(floor->failed ? 1 : 0);
}
