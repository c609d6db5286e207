/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/views.c — the programs of the kernel's views, and what they are attached to. */
#include "kernel/views.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "kernel/tracepoints.h"
#include "tracer.skel.h"

enum hook {
	HOOK_RAW,  /* a raw tracepoint */
	HOOK_CALL, /* an event of tracefs, below `syscalls` */
};

/* A program of a view. Of each but those named `view_NAME` alone, kernels of the old form have
 * another one: `old_view_NAME`. */
struct view_program {
	enum probe_kind view;
	const char *name;
	enum hook hook;
	const char *at;
	bool for_all; /* one for all kernels */
};

static const struct view_program programs[] = {
	{PROBE_TCP, "view_tcp_change", HOOK_RAW, "inet_sock_set_state", false},
	{PROBE_TCP, "view_tcp_resent", HOOK_RAW, "tcp_retransmit_skb", false},
	{PROBE_TCP, "view_tcp_reset_sent", HOOK_RAW, "tcp_send_reset", false},
	{PROBE_TCP, "view_tcp_reset_received", HOOK_RAW, "tcp_receive_reset", false},
	{PROBE_TCP, "view_tcp_destroyed", HOOK_RAW, "tcp_destroy_sock", true},
	{PROBE_TCP, "view_tcp_accept", HOOK_CALL, "sys_exit_accept", false},
	{PROBE_TCP, "view_tcp_accept", HOOK_CALL, "sys_exit_accept4", false},
	{PROBE_BLOCK, "view_block_bio", HOOK_RAW, "block_bio_queue", false},
	{PROBE_BLOCK, "view_block_bio", HOOK_RAW, "block_split", false},
	{PROBE_BLOCK, "view_block_bio_end", HOOK_RAW, "block_bio_complete", true},
	{PROBE_BLOCK, "view_block_issue", HOOK_RAW, "block_rq_issue", true},
	{PROBE_BLOCK, "view_block_complete", HOOK_RAW, "block_rq_complete", false},
};

static bool is_wanted(const struct kernel *kernel, const struct view_program *program)
{
	return views_want(&kernel->plan->set, program->view);
}

static bool any_wanted(const struct kernel *kernel)
{
	for (size_t i = 0; i < array_size(programs); i++)
		if (is_wanted(kernel, &programs[i]))
			return true;
	return false;
}

static struct bpf_program *find(const struct kernel *kernel, const struct tracer *skel,
				const struct view_program *program)
{
	char name[64];
	bool old = kernel->form == UPROBE_FORM_OLD && !program->for_all;
	snprintf(name, sizeof(name), "%s%s", old ? "old_" : "", program->name);
	return bpf_object__find_program_by_name(skel->obj, name);
}

/* Does the format of an event have a field? False also when it cannot be read. */
static bool has_field(struct probe_set *set, const char *event, const char *field)
{
	char path[512], line[256];
	const char *directory;
	bool found = false;
	struct err *e = tracepoints_directory(set, &directory);
	if (e) {
		err_free(e);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s/format", directory, event);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "\tfield:") && strstr(line, field);
	return found;
}

void views_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	struct probe_set *set = &kernel->plan->set;
	if (!any_wanted(kernel))
		return;
	for (unsigned int i = 0; i < VIEW_NUMBERS; i++)
		((volatile uint32_t *)skel->rodata->view_sites)[i] =
			views_site(set, (enum view_number)i);
	if (views_want(set, PROBE_BLOCK)) {
		skel->rodata->block_queue_before_bio =
			loader_tracepoint_arguments(kernel->loader, "block_bio_queue") == 2;
		skel->rodata->block_queue_before_request =
			loader_tracepoint_arguments(kernel->loader, "block_rq_issue") == 2;
	}
	if (views_want(set, PROBE_TCP))
		skel->rodata->tcp_resent_has_error =
			has_field(set, "tcp/tcp_retransmit_skb", "int err;");
}

void views_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	bool tcp = views_want(&kernel->plan->set, PROBE_TCP);
	for (size_t i = 0; i < array_size(programs); i++)
		if (is_wanted(kernel, &programs[i]))
			bpf_program__set_autoload(find(kernel, skel, &programs[i]), true);
	bpf_program__set_autoload(skel->progs.view_tcp_scan, tcp);
	bpf_map__set_autocreate(skel->maps.view_records, any_wanted(kernel));
	bpf_map__set_autocreate(skel->maps.tcp_owners, tcp);
	bpf_map__set_autocreate(skel->maps.tcp_queued, tcp);
	bool block = views_want(&kernel->plan->set, PROBE_BLOCK);
	bpf_map__set_autocreate(skel->maps.block_bios, block);
	bpf_map__set_autocreate(skel->maps.block_requests, block);
}

static struct err *refused(const char *at, int errnum)
{
	_cleanup_(probe_set_deinit) struct probe_set unused = {0};
	bool denied = errnum == EPERM || errnum == EACCES;
	const char *directory;
	struct err *e = errnum == ENOENT ? tracepoints_directory(&unused, &directory) : NULL;
	if (e)
		return e;
	e = err_new(denied ? ERR_PERMISSION : ERR_UNSUPPORTED, errnum,
		    "attaching to the tracepoint '%s'", at);
	if (errnum == ENOENT)
		e = err_hint(e, "this kernel was built without it; 'utrail check' says what else "
				"it lacks");
	return e;
}

static struct err *attach_call(struct kernel *kernel, struct bpf_program *program, const char *at)
{
	struct bpf_link *link = bpf_program__attach_tracepoint(program, "syscalls", at);
	if (!link)
		return refused(at, errno);
	kernel->links[kernel->n_links++] = link;
	return NULL;
}

static struct err *attach(struct kernel *kernel, const struct view_program *row)
{
	struct bpf_program *program = find(kernel, kernel->skel, row);
	if (row->hook == HOOK_CALL)
		return attach_call(kernel, program, row->at);
	int fd = bpf_raw_tracepoint_open(row->at, bpf_program__fd(program));
	return fd < 0 ? refused(row->at, -fd) : points_keep(kernel, fd, false);
}

struct err *views_attach(struct kernel *kernel)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < array_size(programs); i++)
		if (is_wanted(kernel, &programs[i]))
			e = attach(kernel, &programs[i]);
	return e;
}

/* The program writes nothing: what it does happens while it is read. */
struct err *views_scan(struct kernel *kernel)
{
	char nothing[64];
	ssize_t got;
	if (!views_want(&kernel->plan->set, PROBE_TCP))
		return NULL;
	/* Kept: to make another one later there are no rights. */
	if (!kernel->sockets_link)
		kernel->sockets_link =
			bpf_program__attach_iter(kernel->skel->progs.view_tcp_scan, NULL);
	if (!kernel->sockets_link)
		return err_new(ERR_UNSUPPORTED, errno, "looking for the sockets that are there");
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(kernel->sockets_link));
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "looking for the sockets that are there");
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	return got < 0 ? err_new(ERR_FAILED, errno, "looking for the sockets that are there")
		       : NULL;
}

void views_close(struct kernel *kernel)
{
	bpf_link__destroy(kernel->sockets_link);
	kernel->sockets_link = NULL;
}

/* Is nothing asked for but what has no stack? */
static bool are_alone(const struct probe_set *set)
{
	bool any = false;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		bool is_life = site->wire.flags & SITE_LIFE;
		if (site->wire.kind && (is_life || !probe_site_has_no_stack(site)))
			return false;
		any |= site->wire.kind != 0;
	}
	return any;
}

struct err *views_check(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	if (kernel->options.stack_how && !kernel->options.stacks_of_samples && are_alone(set))
		return err_hint(err_why(err_new(ERR_USAGE, 0,
						"-k: no event that was asked for has a stack"),
					"tcp:retransmit and tcp:reset_received come of packets and "
					"timers, on top of whatever thread runs there"),
				"leave out -k, or add what leads to them, as -e tcp:connect");
	for (size_t i = 1; kernel->form == UPROBE_FORM_OLD && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && site->view && site->filter)
			return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0,
							"'%s:%s' takes no condition on this kernel",
							probe_kind_name(site->probe->kind),
							site->probe->name),
						"it lacks sleepable uprobes (Linux 6.0): the "
						"programs for such kernels ask none in the kernel"),
					"with 'rate N/s' fewer events come, too");
	}
	return NULL;
}
