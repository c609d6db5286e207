/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel_points.c — attaching to places in the kernel: tracepoints, one by one. */
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

#include "cli/kernel_parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

static bool is_of_kind(const struct probe_site *site, enum probe_kind kind)
{
	return site && site->wire.kind && (site->wire.flags & SITE_IN_KERNEL) &&
	       site->probe->kind == kind;
}

static bool has_kind(const struct kernel *kernel, enum probe_kind kind)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; i < set->sites.count; i++)
		if (is_of_kind(set->sites.items[i], kind))
			return true;
	return false;
}

/* The program that serves all sites of a kind; NULL: each has a copy of its own. */
static struct bpf_program *shared_program(const struct kernel *kernel, struct tracer *skel,
					  enum probe_kind kind)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (kind == PROBE_TRACEPOINT)
		return old ? NULL : skel->progs.point_hit;
	return old || !kernel->features.raw_cookie ? NULL : skel->progs.raw_hit;
}

static const char *copied_program(const struct kernel *kernel, enum probe_kind kind)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (kind == PROBE_TRACEPOINT)
		return "old_point_hit";
	return old ? "old_raw_hit" : "raw_copy_hit";
}

void points_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	static const enum probe_kind kinds[] = {PROBE_TRACEPOINT, PROBE_RAWTRACEPOINT};
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
	return err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum, "attaching to '%s:%s'",
		       site->probe->module, site->probe->name);
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
	tracer__destroy(kernel->copies.items[--kernel->copies.count]);
	if (!kept)
		return &err_nomem;
	*kept = *ret = fd;
	return fd < 0 ? refused(site, errno) : NULL;
}

/* One event on whichever CPU serves all of them: its programs belong to the tracepoint. */
static struct err *attach_point(struct kernel *kernel, const struct probe_site *site, int program)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_TRACEPOINT,
		.config = site->tracepoint_id,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return refused(site, errno);
	struct err *e = keep_fd(kernel, event);
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
		.cookie = kernel->features.raw_cookie ? site->id : 0,
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
	return kind == PROBE_TRACEPOINT ? attach_point(kernel, site, program)
					: attach_raw(kernel, site, program);
}

struct err *points_attach(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	struct err *e = NULL;
	for (size_t i = 1; !e && kernel->plan->has_points && i < set->sites.count; i++)
		if (is_of_kind(set->sites.items[i], PROBE_TRACEPOINT) ||
		    is_of_kind(set->sites.items[i], PROBE_RAWTRACEPOINT))
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
