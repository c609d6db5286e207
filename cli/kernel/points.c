/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/points.c — attaching to places in the kernel: tracepoints, one by one. */
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
#include "common/cleanup.h"
#include "kernel/functions.h"
#include "tracer.skel.h"

/* BPF_LINK_TYPE_PERF_EVENT; enum bpf_perf_event_type of 6.6 */
#define LINK_PERF_EVENT 7
#define EVENT_KPROBE	3
#define EVENT_KRETPROBE 4

static bool is_in_kernel(const struct probe_site *site)
{
	return site && site->wire.kind && (site->wire.flags & SITE_IN_KERNEL);
}

static bool has_kind(const struct kernel *kernel, enum probe_kind kind)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; i < set->sites.count; i++)
		if (is_in_kernel(set->sites.items[i]) && set->sites.items[i]->probe->kind == kind)
			return true;
	return false;
}

const char *points_backend(const struct kernel *kernel)
{
	bool functions = has_kind(kernel, PROBE_KPROBE) || has_kind(kernel, PROBE_KRETPROBE);
	bool points = has_kind(kernel, PROBE_TRACEPOINT) || has_kind(kernel, PROBE_RAWTRACEPOINT);
	if (!functions)
		return "tracepoint";
	return points ? "tracepoint, kprobe" : "kprobe";
}

/* The program that serves all sites of a kind; NULL: each has a copy of its own. */
static struct bpf_program *shared_program(const struct kernel *kernel, struct tracer *skel,
					  enum probe_kind kind)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (kind == PROBE_TRACEPOINT)
		return old ? NULL : skel->progs.point_hit;
	if (kind != PROBE_RAWTRACEPOINT)
		return old ? NULL : skel->progs.function_hit;
	return old || !kernel->raw_cookie ? NULL : skel->progs.raw_hit;
}

static const char *copied_program(const struct kernel *kernel, enum probe_kind kind)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (kind == PROBE_TRACEPOINT)
		return "old_point_hit";
	if (kind != PROBE_RAWTRACEPOINT)
		return "old_function_hit";
	return old ? "old_raw_hit" : "raw_copy_hit";
}

void points_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	static const enum probe_kind kinds[] = {PROBE_TRACEPOINT, PROBE_RAWTRACEPOINT, PROBE_KPROBE,
						PROBE_KRETPROBE};
	for (size_t i = 0; i < array_size(kinds); i++) {
		struct bpf_program *program = shared_program(kernel, skel, kinds[i]);
		if (program && has_kind(kernel, kinds[i]))
			bpf_program__set_autoload(program, true);
	}
	bpf_map__set_autocreate(skel->maps.kernel_areas, kernel->plan->has_points);
	bpf_map__set_autocreate(skel->maps.kernel_threads, kernel->plan->has_points);
}

static struct err *refused(const struct probe_site *site, int errnum)
{
	bool denied = errnum == EPERM || errnum == EACCES;
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
				"attaching to '%s:%s'", site->probe->module, site->probe->name);
	bool is_function =
		site->probe->kind == PROBE_KPROBE || site->probe->kind == PROBE_KRETPROBE;
	if (is_function &&
	    (errnum == EINVAL || errnum == ENOENT || errnum == EILSEQ || errnum == EADDRNOTAVAIL))
		return err_hint(
			e,
			"the kernel lets not all of its functions be probed, and only whole "
			"instructions; leave it out: '!%s:%s'",
			probe_kind_name(site->probe->kind), site->probe->symbol);
	return e;
}

/* Closed when the probes are taken out. */
static struct err *keep_fd(struct kernel *kernel, int fd)
{
	int *kept = array_push(&kernel->point_fds);
	if (!kept) {
		close(fd);
		return &err_nomem;
	}
	*kept = fd;
	return NULL;
}

/* Its maps are open already: of a copy only the program is kept, or a hundred of them would not
 * fit into a process. */
static struct err *load_copy(struct kernel *kernel, const struct probe_site *site, int *ret)
{
	struct bpf_program *program;
	struct err *e = kernel_copy_program(kernel, site->id,
					    copied_program(kernel, site->probe->kind), &program);
	if (e)
		return e;
	int *kept = array_push(&kernel->point_programs);
	int fd = kept ? fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0) : -1;
	kernel_drop_copy(kernel);
	if (!kept)
		return &err_nomem;
	*kept = *ret = fd;
	return fd < 0 ? refused(site, errno) : NULL;
}

/* In the file `format/retprobe` beside the type: the lowest bit. */
#define KPROBE_RETURN 1

static struct err *describe_event(const struct probe_site *site, struct perf_event_attr *ret)
{
	*ret = (struct perf_event_attr){.size = sizeof(*ret),
					.type = PERF_TYPE_TRACEPOINT,
					.config = site->tracepoint_id,
					.sample_period = 1,
					.wakeup_events = 1};
	if (site->probe->kind == PROBE_TRACEPOINT)
		return NULL;
	ret->config = site->probe->kind == PROBE_KRETPROBE ? KPROBE_RETURN : 0;
	ret->config1 = (uint64_t)(uintptr_t)site->probe->symbol;
	ret->config2 = site->offset;
	return functions_event_type(&ret->type);
}

/* One event on whichever CPU serves all of them: its programs belong to the tracepoint. */
static struct err *attach_event(struct kernel *kernel, const struct probe_site *site, int program)
{
	struct perf_event_attr attr;
	struct err *e = describe_event(site, &attr);
	if (e)
		return e;
	int event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return refused(site, errno);
	e = keep_fd(kernel, event);
	if (e)
		return e;
	if (kernel->form == UPROBE_FORM_OLD) {
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, program) != 0)
			return refused(site, errno);
	} else {
		LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = site->id);
		int link = bpf_link_create(program, event, BPF_PERF_EVENT, &opts);
		e = link < 0 ? refused(site, -link) : keep_fd(kernel, link);
	}
	if (!e && ioctl(event, PERF_EVENT_IOC_ENABLE, 0) != 0)
		e = refused(site, errno);
	return e;
}

/* BPF_RAW_TRACEPOINT_OPEN with the cookie of 6.10, which older headers do not have. */
static struct err *attach_raw(struct kernel *kernel, const struct probe_site *site, int program)
{
	struct {
		__u64 name;
		__u32 program, reserved;
		__u64 cookie;
	} attr = {
		.name = (__u64)(uintptr_t)site->probe->name,
		.program = (__u32)program,
		.cookie = kernel->raw_cookie ? site->id : 0,
	};
	int link = (int)syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	return link < 0 ? refused(site, errno) : keep_fd(kernel, link);
}

static struct err *attach(struct kernel *kernel, const struct probe_site *site)
{
	enum probe_kind kind = site->probe->kind;
	struct bpf_program *shared = shared_program(kernel, kernel->skel, kind);
	int program = shared ? bpf_program__fd(shared) : -1;
	struct err *e = shared ? NULL : load_copy(kernel, site, &program);
	if (e)
		return e;
	return kind == PROBE_RAWTRACEPOINT ? attach_raw(kernel, site, program)
					   : attach_event(kernel, site, program);
}

struct err *points_attach(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	struct err *e = NULL;
	for (size_t i = 1; !e && kernel->plan->has_points && i < set->sites.count; i++)
		if (is_in_kernel(set->sites.items[i]))
			e = attach(kernel, set->sites.items[i]);
	return e;
}

void points_close(struct kernel *kernel)
{
	/* What was opened last depends on what was opened before. */
	while (kernel->point_fds.count)
		close(kernel->point_fds.items[--kernel->point_fds.count]);
}

void points_deinit(struct kernel *kernel)
{
	points_close(kernel);
	free(kernel->point_fds.items);
	for (size_t i = 0; i < kernel->point_programs.count; i++)
		closep(&kernel->point_programs.items[i]);
	free(kernel->point_programs.items);
}

/*
 * Hits that kprobes let go by, because they came in the middle of another one, as the link tells
 * since 6.7: struct bpf_link_info, whose union begins at byte 16; in there at 8 perf_event.kprobe,
 * in which `missed` is at 24. Older headers do not have it.
 */
uint64_t kernel_link_missed(int fd)
{
	uint32_t info[64] = {0}, size = sizeof(info), kind;
	uint64_t missed;
	/* Not a link, but the event. */
	if (bpf_obj_get_info_by_fd(fd, info, &size) != 0)
		return 0;
	memcpy(&kind, (char *)info + 16, sizeof(kind));
	memcpy(&missed, (char *)info + 48, sizeof(missed));
	bool known = kind == EVENT_KPROBE || kind == EVENT_KRETPROBE;
	return info[0] == LINK_PERF_EVENT && known ? missed : 0;
}

uint64_t points_missed(const struct kernel *kernel)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < kernel->point_fds.count; i++)
		sum += kernel_link_missed(kernel->point_fds.items[i]);
	return sum;
}

/* Of struct kernel_area in kernel/probe.bpf.h: the count of records is its second word. */
uint64_t points_attempts(const struct kernel *kernel)
{
	const struct bpf_map *map = kernel->skel->maps.kernel_areas;
	int cpus = libbpf_num_possible_cpus();
	size_t size = (bpf_map__value_size(map) + 7U) & ~(size_t)7;
	uint64_t sum = 0;
	if (!kernel->plan->has_points || cpus <= 0)
		return 0;
	_cleanup_free_ char *values = calloc((size_t)cpus, size);
	for (uint32_t level = 0; values && level < bpf_map__max_entries(map); level++) {
		if (bpf_map_lookup_elem(bpf_map__fd(map), &level, values))
			continue;
		for (int i = 0; i < cpus; i++) {
			uint32_t attempts;
			memcpy(&attempts, values + (size_t)i * size + sizeof(uint32_t),
			       sizeof(attempts));
			sum += attempts;
		}
	}
	return sum;
}
