/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/backends.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "kernel/functions.h"
#include "kernel/tracepoints.h"

/* Two programs and two trampolines each, and milliseconds to load them. */
#define FENTRY_CALLS_MAX 64

static const struct syscall_backend_info backends[] = {
	[SYSCALLS_AUTO] = {.name = "auto", .place = "", .others = ""},
	[SYSCALLS_TP_BTF] = {.name = "tp_btf",
			     .place = "BTF tracepoints sys_enter and sys_exit",
			     .others = "all their calls pay for the question who they are"},
	[SYSCALLS_RAW_TP] = {.name = "raw_tp",
			     .place = "raw tracepoints sys_enter and sys_exit",
			     .others = "all their calls pay for the question who they are"},
	[SYSCALLS_TRACEPOINT] = {.name = "tracepoint",
				 .place = "the tracepoints of each call",
				 .others = "the same calls pay; all others a third of that",
				 .by_call = true},
	[SYSCALLS_SLEEPABLE] = {.name = "sleepable",
				.place = "sleepable BTF tracepoints sys_enter and sys_exit",
				.others = "all their calls pay for the question who they are"},
	[SYSCALLS_FENTRY] = {.name = "fentry",
			     .place = "fentry and fexit of the function of each call",
			     .others = "the same calls pay; all others nothing",
			     .by_call = true,
			     .calls_max = FENTRY_CALLS_MAX},
	[SYSCALLS_KPROBE_MULTI] = {.name = "kprobe.multi",
				   .place = "kprobe.multi at the functions of the calls",
				   .others = "the same calls pay; all others nothing",
				   .by_call = true},
	[SYSCALLS_KPROBE] = {.name = "kprobe",
			     .place = "kprobes at the function of each call",
			     .others = "the same calls pay; all others nothing",
			     .by_call = true},
};

const struct syscall_backend_info *syscall_backend_info(enum syscall_backend backend)
{
	return &backends[backend];
}

/* Where SYSCALL_DEFINE has another name than the table of numbers (arch/x86/entry/syscalls/
 * syscall_64.tbl, include/uapi/asm-generic/unistd.h). */
const char *syscall_kernel_name(const char *name)
{
	static const struct {
		const char *name, *kernel_name;
	} others[] = {
		{"stat", "newstat"},
		{"fstat", "newfstat"},
		{"lstat", "newlstat"},
		{"uname", "newuname"},
		{"umount2", "umount"},
		{"sendfile", "sendfile64"},
#if defined(__aarch64__)
		{"fadvise64", "fadvise64_64"},
		{"personality", "arm64_personality"},
#endif
	};
	for (size_t i = 0; i < array_size(others); i++)
		if (strcmp(name, others[i].name) == 0)
			return others[i].kernel_name;
	return name;
}

/* --- trying ----------------------------------------------------------------------------------- */

/* A call that every kernel has, and that is rare. */
#define TRIED SYSCALL_FUNCTION "sched_getscheduler"

/* r0 = 0; exit */
static const struct bpf_insn return_zero[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

static struct err *lacks(enum syscall_backend backend, int errnum, const char *why)
{
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "--syscall-backend=%s is not possible here",
				backends[backend].name);
	if (errnum)
		e = err_why(e, "%s (%s)", why, strerror(errnum));
	else
		e = err_why(e, "%s", why);
	return err_hint(e, "'auto' takes what there is; 'utrail check' lists it");
}

/* A program of type TRACING; its descriptor, or -errno. */
static int load_tracing(const char *name, enum bpf_attach_type type, uint32_t flags)
{
	int id = libbpf_find_vmlinux_btf_id(name, type);
	if (id < 0)
		return id;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type, .prog_flags = flags,
		    .attach_btf_id = (uint32_t)id);
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "utrail_probe", "GPL", return_zero,
			     array_size(return_zero), &opts);
}

static struct err *try_sleepable(void)
{
	/* Some older kernels (6.1) load such a program for any tracepoint, and run it where nobody
	 * may sleep; those that know better refuse all others. */
	_cleanup_close_ int other =
		load_tracing("sched_process_exit", BPF_TRACE_RAW_TP, BPF_F_SLEEPABLE);
	_cleanup_close_ int program = load_tracing("sys_enter", BPF_TRACE_RAW_TP, BPF_F_SLEEPABLE);
	return program >= 0 && other < 0
		       ? NULL
		       : lacks(SYSCALLS_SLEEPABLE, 0,
			       "tracepoints of system calls cannot sleep before Linux 7.2");
}

static struct err *try_fentry(void)
{
	_cleanup_close_ int program = load_tracing(TRIED, BPF_TRACE_FENTRY, 0);
	_cleanup_close_ int link = program >= 0 ? bpf_raw_tracepoint_open(NULL, program) : program;
	return link >= 0 ? NULL
			 : lacks(SYSCALLS_FENTRY, program >= 0 ? -link : 0,
				 "functions of this kernel have no fentry "
				 "(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)");
}

static struct err *try_kprobe_multi(void)
{
	const char *symbol = TRIED;
	LIBBPF_OPTS(bpf_prog_load_opts, how, .expected_attach_type = BPF_TRACE_KPROBE_MULTI);
	LIBBPF_OPTS(bpf_link_create_opts, where, .kprobe_multi.syms = &symbol,
		    .kprobe_multi.cnt = 1);
	_cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "utrail_probe", "GPL",
						    return_zero, array_size(return_zero), &how);
	_cleanup_close_ int link =
		program >= 0 ? bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &where)
			     : program;
	return link >= 0 ? NULL
			 : lacks(SYSCALLS_KPROBE_MULTI, -link,
				 "there is no kprobe.multi (Linux 5.18, CONFIG_FPROBE)");
}

static struct err *try_kprobe(void)
{
	uint32_t type;
	struct err *e = functions_event_type(&type);
	if (!e)
		return NULL;
	err_free(e);
	return lacks(SYSCALLS_KPROBE, 0,
		     "this kernel was built without kprobes (CONFIG_KPROBES, "
		     "CONFIG_KPROBE_EVENTS)");
}

static struct err *try_tracepoint(void)
{
	const char *directory;
	_cleanup_(probe_set_deinit) struct probe_set set = {0};
	struct err *e = probe_set_init(&set, &(struct compile_options){0});
	e = e ? e : tracepoints_directory(&set, &directory);
	if (!e || err_kind(e) == ERR_PERMISSION)
		return e;
	struct err *told = lacks(SYSCALLS_TRACEPOINT, 0, err_reason(e));
	err_free(e);
	return told;
}

struct err *syscall_backend_try(enum syscall_backend backend)
{
	switch (backend) {
	case SYSCALLS_TRACEPOINT:
		return try_tracepoint();
	case SYSCALLS_SLEEPABLE:
		return try_sleepable();
	case SYSCALLS_FENTRY:
		return try_fentry();
	case SYSCALLS_KPROBE_MULTI:
		return try_kprobe_multi();
	case SYSCALLS_KPROBE:
		return try_kprobe();
	default:
		return NULL;
	}
}

/*
 * With the counter of what is missed (dd8657894c11), the kernel's description of a link grew: by
 * `missed` of a kprobe, to 56 bytes (3acf8ace6823, the same series, 6.7). It tells its size to who
 * offers more room. The tracepoint is one that next to never happens, and links at raw tracepoints
 * are closed without waiting.
 */
bool syscall_events_count_misses(void)
{
	char info[512] = {0};
	uint32_t size = sizeof(info);
	_cleanup_close_ int program =
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "utrail_probe", "GPL", return_zero,
			      array_size(return_zero), NULL);
	_cleanup_close_ int link =
		program >= 0 ? bpf_raw_tracepoint_open("sched_kthread_stop", program) : -1;
	return link >= 0 && bpf_obj_get_info_by_fd(link, info, &size) == 0 && size >= 56;
}
