/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cost_calibrate.c — what a probe takes of a thread besides its program: measured on a child
 * that calls three functions of ours, first without and then with probes of an empty program.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/cost.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "uprobe/perf_probe.h"

#define BATCHES 16
#define CALLS	100

void cost_emulated(void);
void cost_stepped(void);
void cost_returning(void);

#ifdef __x86_64__
#define STEPPED "movl %eax,%eax"
#else
#define STEPPED "mov x0,x0"
#endif
#define FUNCTION(name, first)                                                            \
	".globl " name "\n.hidden " name "\n.type " name ",%function\n.p2align 4\n" name \
	": " first "\n ret\n.size " name ",.-" name "\n"
__asm__(".text\n" FUNCTION("cost_emulated", "nop") FUNCTION("cost_stepped", STEPPED)
		FUNCTION("cost_returning", "nop"));

static void (*const functions[])(void) = {cost_emulated, cost_stepped, cost_returning};
enum { EMULATED, STEPPING, RETURNING, FUNCTIONS };

struct times {
	double ns[FUNCTIONS]; /* of a call */
};

/* --- the child -------------------------------------------------------------------------------- */

/* The fastest of several batches: what disturbs only ever adds. */
static double time_calls(void (*function)(void))
{
	uint64_t best = UINT64_MAX;
	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t began = now_ns(CLOCK_MONOTONIC);
		for (int i = 0; i < CALLS; i++)
			function();
		uint64_t took = now_ns(CLOCK_MONOTONIC) - began;
		best = took < best ? took : best;
	}
	return (double)best / CALLS;
}

/* Measures whenever asked to; ends with the pipe. */
static void run_child(int asked, int answer)
{
	char c;
	while (read(asked, &c, 1) == 1) {
		struct times times;
		for (int i = 0; i < FUNCTIONS; i++)
			times.ns[i] = time_calls(functions[i]);
		if (write(answer, &times, sizeof(times)) != sizeof(times))
			break;
	}
	_exit(0);
}

struct child {
	pid_t pid;
	int ask, answer;
};

static void child_end(struct child *child)
{
	closep(&child->ask);
	closep(&child->answer);
	while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static struct err *child_start(struct child *ret)
{
	_cleanup_close_ int asked = -1;
	_cleanup_close_ int answer = -1;
	int pipes[2][2];
	if (pipe2(pipes[0], O_CLOEXEC) != 0)
		return err_new(ERR_FAILED, errno, "making a pipe");
	asked = pipes[0][0];
	ret->ask = pipes[0][1];
	if (pipe2(pipes[1], O_CLOEXEC) != 0)
		return err_new(ERR_FAILED, errno, "making a pipe");
	ret->answer = pipes[1][0];
	answer = pipes[1][1];
	ret->pid = fork();
	if (ret->pid < 0)
		return err_new(ERR_FAILED, errno, "starting a process to measure with");
	if (ret->pid == 0) {
		closep(&ret->ask);
		run_child(asked, answer);
	}
	return NULL;
}

static struct err *child_measure(const struct child *child, struct times *ret)
{
	ssize_t got = -1;
	if (write(child->ask, "m", 1) == 1)
		got = read(child->answer, ret, sizeof(*ret));
	return got == (ssize_t)sizeof(*ret)
		       ? NULL
		       : err_new(ERR_FAILED, got < 0 ? errno : 0, "measuring what a probe costs");
}

/* --- its probes ------------------------------------------------------------------------------- */

struct place {
	uintptr_t address;
	unsigned long offset;
};

/* The first object is the program itself. */
static int find_offset(struct dl_phdr_info *info, size_t size, void *context)
{
	struct place *place = context;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && place->address >= start &&
		    place->address - start < segment->p_filesz)
			place->offset = place->address - start + segment->p_offset;
	}
	return 1;
}

static unsigned long file_offset(void (*function)(void))
{
	struct place place = {.address = (uintptr_t)function};
	dl_iterate_phdr(find_offset, &place);
	return place.offset;
}

static int load_empty_program(enum uprobe_form form)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	if (form == UPROBE_FORM_MULTI)
		opts.expected_attach_type = UPROBE_MULTI_ATTACH;
	if (form != UPROBE_FORM_OLD)
		opts.prog_flags = BPF_F_SLEEPABLE;
	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "utrail_cost", "GPL", nothing,
			     array_size(nothing), &opts);
}

static int attach_multi(int program, unsigned long offset, bool as_return, pid_t pid)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.uprobe_multi.path = "/proc/self/exe";
	opts.uprobe_multi.offsets = &offset;
	opts.uprobe_multi.cnt = 1;
	opts.uprobe_multi.pid = (unsigned int)pid;
	opts.uprobe_multi.flags = as_return ? UPROBE_MULTI_RETURN : 0;
	return bpf_link_create(program, -1, UPROBE_MULTI_ATTACH, &opts);
}

static int attach_perf(int program, unsigned long offset, bool as_return, pid_t pid)
{
	_cleanup_close_ int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const struct perf_probe probe = {.file = file,
					 .program = program,
					 .offset = offset,
					 .pid = pid,
					 .as_return = as_return};
	int event, link;
	int error = file < 0 ? -errno : perf_probe_open(&probe, &event, &link);
	return error ? error : event;
}

/* With an entry and a return probe at the last one. */
static struct err *attach_all(enum uprobe_form form, pid_t pid, int fds[static FUNCTIONS + 1])
{
	_cleanup_close_ int program = load_empty_program(form);
	if (program < 0)
		return err_new(ERR_FAILED, -program, "loading an empty BPF program");
	for (int i = 0; i < FUNCTIONS + 1; i++) {
		bool as_return = i == FUNCTIONS;
		unsigned long offset = file_offset(functions[as_return ? RETURNING : i]);
		fds[i] = form == UPROBE_FORM_MULTI ? attach_multi(program, offset, as_return, pid)
						   : attach_perf(program, offset, as_return, pid);
		if (fds[i] < 0)
			return err_new(ERR_FAILED, -fds[i], "probing utrail itself");
	}
	return NULL;
}

struct err *cost_calibrate(enum uprobe_form form, struct cost_forms *ret)
{
	_cleanup_(child_end) struct child child = {.ask = -1, .answer = -1};
	struct times before, with;
	int fds[FUNCTIONS + 1] = {-1, -1, -1, -1};
	struct err *e = child_start(&child);
	e = e ? e : child_measure(&child, &before);
	e = e ? e : attach_all(form, child.pid, fds);
	e = e ? e : child_measure(&child, &with);
	for (size_t i = 0; i < array_size(fds); i++)
		closep(&fds[i]);
	if (e)
		return err_wrap(e, "finding out what a probe costs here (--cost)");
	ret->emulated = with.ns[EMULATED] - before.ns[EMULATED];
	ret->stepped = with.ns[STEPPING] - before.ns[STEPPING];
	/* Its entry is an emulated one. */
	ret->trampoline = with.ns[RETURNING] - before.ns[RETURNING] - ret->emulated;
	return NULL;
}
