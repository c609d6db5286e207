/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/points.c — attaching to places in the kernel, one by one: tracepoints and functions.
 */
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
#include "kernel/life.h"
#include "probe/condition.h"
#include "tracer.skel.h"

/* BPF_LINK_TYPE_PERF_EVENT; enum bpf_perf_event_type of 6.6 */
#define LINK_PERF_EVENT 7
#define EVENT_KPROBE	3
#define EVENT_KRETPROBE 4

/* Sites of `sched` are in the kernel, too, and have programs of their own: sched.c. */
static bool is_point(const struct probe_site *site)
{
	return site && site->probe->kind != PROBE_SCHED;
}

/* Of the kernel's own, which it gives to programs all the same: include/linux/errno.h */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

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

static bool is_tracepoint(enum probe_kind kind)
{
	return kind == PROBE_TRACEPOINT || kind == PROBE_RAWTRACEPOINT;
}

/* Is there a function by that form? */
static bool has_form(const struct kernel *kernel, enum function_form form)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (is_in_kernel(site) && is_point(site) && !is_tracepoint(site->probe->kind) &&
		    site->by_fentry == (form == FUNCTION_FENTRY))
			return true;
	}
	return false;
}

const char *points_backend(const struct kernel *kernel)
{
	static const char *const names[] = {
		"",	  "tracepoint",		"kprobe",	  "tracepoint, kprobe",
		"fentry", "tracepoint, fentry", "kprobe, fentry", "tracepoint, kprobe, fentry"};
	bool points = has_kind(kernel, PROBE_TRACEPOINT) || has_kind(kernel, PROBE_RAWTRACEPOINT) ||
		      has_kind(kernel, PROBE_SCHED);
	return names[points | has_form(kernel, FUNCTION_KPROBE) << 1 |
		     has_form(kernel, FUNCTION_FENTRY) << 2];
}

static bool asks_for_path(const struct fetch_op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ops[i].code == FETCH_FILE)
			return true;
	return false;
}

bool points_read_paths(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!is_in_kernel(site))
			continue;
		const struct fetch_plan *plan = site->entry_plan, *leave = site->return_plan;
		const struct filter_plan *filter = site->filter ? &site->filter->plan : NULL;
		if ((plan && asks_for_path(plan->ops, plan->n_ops)) ||
		    (leave && asks_for_path(leave->ops, leave->n_ops)) ||
		    (filter && asks_for_path(filter->ops, filter->n_ops)))
			return true;
	}
	return false;
}

struct err *points_check(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; kernel->form == UPROBE_FORM_OLD && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (is_in_kernel(site) && site->filter)
			return err_hint(
				err_why(err_new(ERR_UNSUPPORTED, 0,
						"'%s:%s' takes no condition on this kernel",
						probe_kind_name(site->probe->kind),
						site->probe->name),
					"it lacks sleepable uprobes (Linux 6.0): the programs for "
					"such kernels ask none in the kernel"),
				"with 'rate N/s' fewer events come, too");
	}
	return NULL;
}

/* Who serves a site: one program for all, or a copy for each. */
struct server {
	const char *name;
	bool is_shared;
	const char *function; /* of fentry and fexit; else NULL */
};

static struct server function_server(const struct kernel *kernel, const struct probe_site *site,
				     bool at_return)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (site->probe->kind == PROBE_KERNEL && !site->by_fentry && at_return)
		return (struct server){old ? "old_span_kretprobe" : "span_kretprobe", !old, NULL};
	if (site->probe->kind == PROBE_KERNEL && !site->by_fentry)
		return (struct server){old ? "old_span_kprobe" : "span_kprobe", !old, NULL};
	if (site->probe->kind == PROBE_KERNEL && at_return)
		return (struct server){old ? "old_span_fexit" : "span_fexit", false,
				       site->probe->symbol};
	if (site->probe->kind == PROBE_KERNEL)
		return (struct server){old ? "old_span_fentry" : "span_fentry", false,
				       site->probe->symbol};
	if (site->probe->kind == PROBE_FEXIT)
		return (struct server){old ? "old_fexit_hit" : "fexit_hit", false,
				       site->probe->symbol};
	if (site->probe->kind == PROBE_FENTRY)
		return (struct server){old ? "old_fentry_hit" : "fentry_hit", false,
				       site->probe->symbol};
	return (struct server){old ? "old_function_hit" : "function_hit", !old, NULL};
}

static struct server server_of(const struct kernel *kernel, const struct probe_site *site,
			       bool at_return)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (site->probe->kind == PROBE_TRACEPOINT)
		return (struct server){old ? "old_point_hit" : "point_hit", !old, NULL};
	if (site->probe->kind != PROBE_RAWTRACEPOINT)
		return function_server(kernel, site, at_return);
	if (old)
		return (struct server){"old_raw_hit", false, NULL};
	return (struct server){kernel->raw_cookie ? "raw_hit" : "raw_copy_hit", kernel->raw_cookie,
			       NULL};
}

static bool has_end(const struct probe_site *site)
{
	return site->wire.kind == SITE_ENTRY && (site->wire.flags & SITE_HAS_RETURN);
}

static void want_program(const struct kernel *kernel, struct tracer *skel,
			 const struct probe_site *site, bool at_return)
{
	struct server server = server_of(kernel, site, at_return);
	if (server.is_shared)
		bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, server.name),
					  true);
}

void points_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	const struct probe_set *set = &kernel->plan->set;
	bool has_spans = has_kind(kernel, PROBE_KERNEL);
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!is_in_kernel(site))
			continue;
		want_program(kernel, skel, site, false);
		if (has_end(site))
			want_program(kernel, skel, site, true);
	}
	bpf_map__set_autocreate(skel->maps.kernel_areas,
				kernel->plan->has_points || life_has_sites(set));
	bpf_map__set_autocreate(skel->maps.kernel_threads, kernel->plan->has_points);
	bpf_map__set_autocreate(skel->maps.kernel_calls, has_spans);
}

static struct err *refused(const struct probe_site *site, int errnum)
{
	bool denied = errnum == EPERM || errnum == EACCES;
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
				"attaching to '%s:%s'", site->probe->module, site->probe->name);
	bool is_no_place = errnum == EINVAL || errnum == ENOENT || errnum == EILSEQ ||
			   errnum == EADDRNOTAVAIL || errnum == EBUSY || errnum == ENODEV ||
			   errnum == ENOTSUP || errnum == ENOTSUPP;
	if (!is_tracepoint(site->probe->kind) && is_no_place)
		return err_hint(
			e,
			"the kernel lets not all of its functions be probed, and only whole "
			"instructions; leave it out: '!%s:%s'",
			probe_kind_name(site->probe->kind), site->probe->symbol);
	return e;
}

struct err *points_keep(struct kernel *kernel, int fd, bool at_return)
{
	struct point_fd *kept = array_push(&kernel->point_fds);
	if (!kept) {
		close(fd);
		return &err_nomem;
	}
	*kept = (struct point_fd){fd, at_return};
	return NULL;
}

static struct err *load_copy(struct kernel *kernel, const struct probe_site *site,
			     const struct server *server, bool at_return, int *ret)
{
	struct err *e = kernel_copy_program(kernel, site->id, server->name, server->function,
					    at_return ? KERNEL_ENDS : KERNEL_HITS, ret);
	if (e && server->function)
		e = err_wrap(e, "'%s:%s'", probe_kind_name(site->probe->kind), site->probe->name);
	return e;
}

/* In the file `format/retprobe` beside the type: the lowest bit. */
#define KPROBE_RETURN 1

static struct err *describe_event(const struct probe_site *site, bool at_return,
				  struct perf_event_attr *ret)
{
	*ret = (struct perf_event_attr){.size = sizeof(*ret),
					.type = PERF_TYPE_TRACEPOINT,
					.config = site->tracepoint_id,
					.sample_period = 1,
					.wakeup_events = 1};
	if (site->probe->kind == PROBE_TRACEPOINT)
		return NULL;
	ret->config = at_return || site->probe->kind == PROBE_KRETPROBE ? KPROBE_RETURN : 0;
	ret->config1 = (uint64_t)(uintptr_t)site->probe->symbol;
	ret->config2 = site->offset;
	return functions_event_type(&ret->type);
}

/* One event on whichever CPU serves all of them: its programs belong to the tracepoint. */
static struct err *attach_event(struct kernel *kernel, const struct probe_site *site,
				bool at_return, int program)
{
	struct perf_event_attr attr;
	struct err *e = describe_event(site, at_return, &attr);
	if (e)
		return e;
	int event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return refused(site, errno);
	e = points_keep(kernel, event, at_return);
	if (e)
		return e;
	if (kernel->form == UPROBE_FORM_OLD) {
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, program) != 0)
			return refused(site, errno);
	} else {
		LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = site->id);
		int link = bpf_link_create(program, event, BPF_PERF_EVENT, &opts);
		e = link < 0 ? refused(site, -link) : points_keep(kernel, link, at_return);
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
	return link < 0 ? refused(site, errno) : points_keep(kernel, link, false);
}

/* The program knows its function. */
static struct err *attach_trampoline(struct kernel *kernel, const struct probe_site *site,
				     bool at_return, int program)
{
	int link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? refused(site, -link) : points_keep(kernel, link, at_return);
}

static struct err *attach_end(struct kernel *kernel, const struct probe_site *site, bool at_return)
{
	struct server server = server_of(kernel, site, at_return);
	struct err *e = NULL;
	int program = -1;
	if (server.is_shared)
		program = bpf_program__fd(
			bpf_object__find_program_by_name(kernel->skel->obj, server.name));
	else
		e = load_copy(kernel, site, &server, at_return, &program);
	if (e)
		return e;
	if (server.function)
		return attach_trampoline(kernel, site, at_return, program);
	return site->probe->kind == PROBE_RAWTRACEPOINT
		       ? attach_raw(kernel, site, program)
		       : attach_event(kernel, site, at_return, program);
}

/* The return first: no call begins whose end is not seen. */
static struct err *attach(struct kernel *kernel, const struct probe_site *site)
{
	struct err *e = has_end(site) ? attach_end(kernel, site, true) : NULL;
	return e ? e : attach_end(kernel, site, false);
}

static void close_down_to(struct kernel *kernel, size_t left)
{
	/* What was opened last depends on what was opened before. */
	while (kernel->point_fds.count > left)
		close(kernel->point_fds.items[--kernel->point_fds.count].fd);
}

/* The kernel's types name functions, too, that are gone since it has started, or that it lets
 * nobody probe. */
static bool is_left_out(const struct probe_site *site, const struct err *e)
{
	static const int others[] = {ENOMEM, EMFILE, ENFILE, EINTR, EPERM, EACCES};
	if (!site->of_pattern || e == &err_nomem || err_kind(e) == ERR_PERMISSION)
		return false;
	for (size_t i = 0; i < array_size(others); i++)
		if (err_errno(e) == others[i])
			return false;
	return true;
}

struct left_out {
	char names[256];
	size_t count;
	struct err *last;
};

static void leave_out(struct left_out *left_out, struct probe_site *site, struct err *e)
{
	size_t length = strlen(left_out->names);
	if (left_out->count++ < 4)
		snprintf(left_out->names + length, sizeof(left_out->names) - length, "%s%s",
			 length ? ", " : "", site->probe->name);
	site->wire.kind = 0;
	err_free(left_out->last);
	left_out->last = e;
}

static struct err *tell_left_out(struct kernel *kernel, struct left_out *left_out, size_t attached)
{
	if (!left_out->count || !attached)
		return take_ptr(left_out->last);
	struct err *e = probe_set_note(
		&kernel->plan->set,
		"%zu function%s of the kernel cannot be probed (%s), and %s left out: %s%s",
		left_out->count, left_out->count == 1 ? "" : "s", err_reason(left_out->last),
		left_out->count == 1 ? "is" : "are", left_out->names,
		left_out->count > 4 ? ", ..." : "");
	err_free(left_out->last);
	return e;
}

struct err *points_attach(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	struct left_out left_out = {.count = 0};
	size_t attached = 0;
	struct err *e = NULL;
	for (size_t i = 1; !e && kernel->plan->has_points && i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		size_t before = kernel->point_fds.count;
		if (!is_in_kernel(site) || !is_point(site))
			continue;
		e = attach(kernel, site);
		attached += !e;
		if (!e || !is_left_out(site, e))
			continue;
		close_down_to(kernel, before);
		leave_out(&left_out, site, e);
		e = NULL;
	}
	if (!e)
		return tell_left_out(kernel, &left_out, attached);
	err_free(left_out.last);
	return e;
}

void points_close(struct kernel *kernel)
{
	close_down_to(kernel, 0);
}

void points_deinit(struct kernel *kernel)
{
	points_close(kernel);
	free(kernel->point_fds.items);
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

uint64_t points_missed(const struct kernel *kernel, bool at_return)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < kernel->point_fds.count; i++)
		if (kernel->point_fds.items[i].at_return == at_return)
			sum += kernel_link_missed(kernel->point_fds.items[i].fd);
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
