/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/calls_attach.c — system calls, attached at the place that was chosen for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "cli/process/closer.h"
#include "common/cleanup.h"
#include "kernel/functions.h"
#include "tracer.skel.h"

/* BPF_LINK_TYPE_KPROBE_MULTI in include/uapi/linux/bpf.h */
#define LINK_KPROBE_MULTI 8
#define SYMBOL_MAX	  128

/* The programs of a backend: at the entry and at the return. */
struct pair {
	struct bpf_program *enter, *exit;
};

static struct pair programs_of(const struct kernel *kernel, struct tracer *skel)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	switch (kernel->calls.backend) {
	case SYSCALLS_RAW_TP:
		return old ? (struct pair){skel->progs.old_raw_sys_enter,
					   skel->progs.old_raw_sys_exit}
			   : (struct pair){skel->progs.raw_sys_enter, skel->progs.raw_sys_exit};
	case SYSCALLS_TRACEPOINT:
		return old ? (struct pair){skel->progs.old_point_sys_enter,
					   skel->progs.old_point_sys_exit}
			   : (struct pair){skel->progs.point_sys_enter, skel->progs.point_sys_exit};
	case SYSCALLS_SLEEPABLE:
		return (struct pair){skel->progs.sleepable_sys_enter,
				     skel->progs.sleepable_sys_exit};
	case SYSCALLS_FENTRY:
		return (struct pair){skel->progs.fentry_sys_enter, skel->progs.fentry_sys_exit};
	case SYSCALLS_KPROBE_MULTI:
	case SYSCALLS_KPROBE:
		return old ? (struct pair){skel->progs.old_function_sys_enter,
					   skel->progs.old_function_sys_exit}
			   : (struct pair){skel->progs.function_sys_enter,
					   skel->progs.function_sys_exit};
	default:
		return old ? (struct pair){skel->progs.old_sys_enter, skel->progs.old_sys_exit}
			   : (struct pair){skel->progs.sys_enter, skel->progs.sys_exit};
	}
}

struct err *calls_check(const struct kernel *kernel)
{
	enum syscall_backend backend = kernel->calls.backend;
	if (kernel->form != UPROBE_FORM_OLD ||
	    (backend != SYSCALLS_FENTRY && backend != SYSCALLS_KPROBE_MULTI))
		return NULL;
	return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0,
					"--syscall-backend=%s is not possible on this kernel",
					syscall_backend_info(backend)->name),
				"its programs cannot find the registers of the call (Linux 6.0)"),
			"'kprobe' does the same, with one probe for each call");
}

void calls_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	struct pair pair = programs_of(kernel, skel);
	/* Each function has copies of its own. */
	if (!kernel->plan->has_syscalls || kernel->calls.backend == SYSCALLS_FENTRY)
		return;
	struct bpf_program *const both[] = {pair.enter, pair.exit};
	for (size_t i = 0; i < array_size(both); i++) {
		bpf_program__set_autoload(both[i], true);
		if (kernel->calls.backend == SYSCALLS_SLEEPABLE)
			bpf_program__set_flags(both[i], BPF_F_SLEEPABLE);
		if (kernel->calls.backend == SYSCALLS_KPROBE_MULTI)
			bpf_program__set_expected_attach_type(both[i], BPF_TRACE_KPROBE_MULTI);
	}
}

/* --- attaching -------------------------------------------------------------------------------- */

static struct err *keep_fd(struct kernel *kernel, int fd)
{
	int *kept = array_push(&kernel->call_fds);
	if (!kept) {
		close(fd);
		return &err_nomem;
	}
	*kept = fd;
	return NULL;
}

static struct err *refused(const struct kernel *kernel, const char *call, int errnum)
{
	bool denied = errnum == EPERM || errnum == EACCES;
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
				"attaching to system call%s%s by '%s'", *call ? " " : "s", call,
				syscall_backend_info(kernel->calls.backend)->name);
	return err_hint(e, "--syscall-backend=tp_btf attaches to all calls at once");
}

static void function_name(const struct probe_site *site, char name[static SYMBOL_MAX])
{
	snprintf(name, SYMBOL_MAX, SYSCALL_FUNCTION "%s", syscall_kernel_name(site->probe->name));
}

static struct err *attach_whole(struct kernel *kernel, struct pair pair)
{
	struct bpf_program *const both[] = {pair.enter, pair.exit};
	for (size_t i = 0; i < array_size(both); i++) {
		/* See loader.c: libbpf does not know what they are. */
		struct bpf_link *link = bpf_program__type(both[i]) == BPF_PROG_TYPE_TRACING
						? bpf_program__attach_trace(both[i])
						: bpf_program__attach(both[i]);
		if (!link)
			return kernel_load_failed(kernel, errno,
						  "attaching to the system calls of the kernel");
		kernel->links[kernel->n_links++] = link;
	}
	return NULL;
}

/* An event of perf on whichever CPU: its program belongs to the probe, and sees all of them. */
static struct err *attach_event(struct kernel *kernel, const struct probe_site *site,
				struct perf_event_attr *attr, const struct bpf_program *program)
{
	const char *call = site->probe->name;
	attr->size = sizeof(*attr);
	attr->sample_period = 1;
	attr->wakeup_events = 1;
	int event = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return refused(kernel, call, errno);
	struct err *e = keep_fd(kernel, event);
	if (e)
		return e;
	if (kernel->form == UPROBE_FORM_OLD) {
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, bpf_program__fd(program)) != 0)
			return refused(kernel, call, errno);
	} else {
		int link = bpf_link_create(bpf_program__fd(program), event, BPF_PERF_EVENT, NULL);
		e = link < 0 ? refused(kernel, call, -link) : keep_fd(kernel, link);
	}
	if (!e && ioctl(event, PERF_EVENT_IOC_ENABLE, 0) != 0)
		e = refused(kernel, call, errno);
	return e;
}

static struct err *attach_tracepoint(struct kernel *kernel, const struct probe_site *site,
				     struct pair pair, bool at_exit)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT};
	attr.config = calls_tracepoint_id(kernel->calls.directory, at_exit ? "exit" : "enter",
					  site->probe->name);
	return attr.config ? attach_event(kernel, site, &attr, at_exit ? pair.exit : pair.enter)
			   : NULL;
}

/* In the file `format/retprobe` beside the type: the lowest bit. */
static struct err *attach_kprobe(struct kernel *kernel, const struct probe_site *site,
				 struct pair pair, bool at_exit)
{
	char name[SYMBOL_MAX];
	struct perf_event_attr attr = {.config = at_exit ? 1 : 0};
	function_name(site, name);
	attr.config1 = (uint64_t)(uintptr_t)name;
	struct err *e = functions_event_type(&attr.type);
	return e ? e : attach_event(kernel, site, &attr, at_exit ? pair.exit : pair.enter);
}

static struct err *attach_fentry(struct kernel *kernel, const struct probe_site *site,
				 struct pair pair, bool at_exit)
{
	const struct bpf_program *model = at_exit ? pair.exit : pair.enter;
	const char *call = syscall_kernel_name(site->probe->name);
	int program = -1;
	struct err *e = kernel_copy_program_for(kernel, bpf_program__name(model), call, &program);
	if (e)
		return e;
	int link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? refused(kernel, site->probe->name, errno) : keep_fd(kernel, link);
}

static bool is_call(const struct probe_site *site)
{
	return site->wire.kind == SITE_SYSCALL;
}

static struct err *attach_each(struct kernel *kernel, struct pair pair,
			       struct err *(*attach)(struct kernel *, const struct probe_site *,
						     struct pair, bool at_exit))
{
	const struct probe_set *set = &kernel->plan->set;
	struct err *e = NULL;
	for (size_t i = 1; !e && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!is_call(site) || site->is_unseen)
			continue;
		e = attach(kernel, site, pair, false);
		if (!e && (site->wire.flags & SITE_HAS_RETURN))
			e = attach(kernel, site, pair, true);
	}
	return e;
}

/* One link for all entries, one for all returns. */
static struct err *attach_multi(struct kernel *kernel, const struct bpf_program *program,
				bool at_exit)
{
	const struct probe_set *set = &kernel->plan->set;
	_cleanup_free_ char(*names)[SYMBOL_MAX] = calloc(set->sites.count, sizeof(*names));
	_cleanup_free_ const char **symbols = calloc(set->sites.count, sizeof(*symbols));
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = symbols);
	if (!names || !symbols)
		return &err_nomem;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!is_call(site) || site->is_unseen ||
		    (at_exit && !(site->wire.flags & SITE_HAS_RETURN)))
			continue;
		function_name(site, names[i]);
		symbols[opts.kprobe_multi.cnt++] = names[i];
	}
	if (!opts.kprobe_multi.cnt)
		return NULL;
	opts.kprobe_multi.flags = at_exit ? BPF_F_KPROBE_MULTI_RETURN : 0;
	int link = bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_KPROBE_MULTI, &opts);
	return link < 0 ? refused(kernel, "", -link) : keep_fd(kernel, link);
}

struct err *calls_attach(struct kernel *kernel)
{
	if (!kernel->plan->has_syscalls)
		return NULL;
	struct pair pair = programs_of(kernel, kernel->skel);
	switch (kernel->calls.backend) {
	case SYSCALLS_TRACEPOINT:
		return attach_each(kernel, pair, attach_tracepoint);
	case SYSCALLS_KPROBE:
		return attach_each(kernel, pair, attach_kprobe);
	case SYSCALLS_FENTRY:
		return attach_each(kernel, pair, attach_fentry);
	case SYSCALLS_KPROBE_MULTI: {
		struct err *e = attach_multi(kernel, pair.enter, false);
		return e ? e : attach_multi(kernel, pair.exit, true);
	}
	default:
		return attach_whole(kernel, pair);
	}
}

/* For each event the kernel waits until no CPU can be in its program any more, tens of
 * milliseconds, one after the other: nobody has to wait for that. */
void calls_close(struct kernel *kernel)
{
	close_later(kernel->call_fds.items, kernel->call_fds.count);
	kernel->call_fds.count = 0;
}

void calls_deinit(struct kernel *kernel)
{
	calls_close(kernel);
	free(kernel->call_fds.items);
}

/* See points_missed(). Of kprobe_multi, `missed` is the fourth word of the union (6.7). */
uint64_t calls_missed(const struct kernel *kernel)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < kernel->call_fds.count; i++) {
		uint32_t info[64] = {0}, size = sizeof(info);
		uint64_t missed = 0;
		int fd = kernel->call_fds.items[i];
		sum += kernel_link_missed(fd);
		if (kernel->calls.backend != SYSCALLS_KPROBE_MULTI ||
		    bpf_obj_get_info_by_fd(fd, info, &size) != 0 || info[0] != LINK_KPROBE_MULTI)
			continue;
		memcpy(&missed, (char *)info + 32, sizeof(missed));
		sum += missed;
	}
	return sum;
}
