/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/select.c — choosing processes by what they are: what kernel/select.bpf.c is told. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "kernel/select.h"
#include "target/process_namespace.h"
#include "target/selection.h"
#include "tracer.skel.h"

bool kernel_selects(const struct kernel *kernel)
{
	const struct selection *selection = kernel->options.selection;
	return selection && !selection_is_empty(selection);
}

void select_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	const struct selection *selection = kernel->options.selection;
	skel->rodata->in_namespace = pid_namespace_is_inner();
	memcpy((void *)&skel->rodata->select_offsets, &kernel->select_offsets,
	       sizeof(kernel->select_offsets));
	if (!kernel_selects(kernel))
		return;
	skel->rodata->selecting = true;
	skel->rodata->select_by_name = selection->n_names > 0;
	skel->rodata->select_by_user = selection->n_users > 0;
	skel->rodata->select_by_cgroup = selection->n_cgroups > 0;
	memcpy((void *)&skel->rodata->select_names, &selection->names, sizeof(selection->names));
	memcpy((void *)skel->rodata->select_users, selection->users, sizeof(selection->users));
	skel->rodata->select_n_users = (uint32_t)selection->n_users;
	for (size_t i = 0; i < selection->n_cgroups; i++) {
		((volatile uint64_t *)skel->rodata->select_cgroup_paths)[i] =
			selection->cgroups[i].path_hash;
		skel->bss->select_cgroups[i] = selection->cgroups[i].id;
	}
}

void select_programs_of_choice(const struct kernel *kernel, struct tracer *skel)
{
	const struct selection *selection = kernel->options.selection;
	bool selects = kernel_selects(kernel);
	bpf_program__set_autoload(skel->progs.select_scan, selects || pid_namespace_is_inner());
	bpf_program__set_autoload(skel->progs.select_rename, selects && selection->n_names);
	bpf_program__set_autoload(skel->progs.select_attach, selects && selection->n_cgroups);
	bpf_program__set_autoload(skel->progs.select_mkdir, selects && selection->n_cgroups);
	bool stops = kernel->options.stop_on_load;
	bpf_program__set_autoload(skel->progs.stop_exec, stops);
	bpf_program__set_autoload(skel->progs.stop_mmap, stops);
	bpf_map__set_autocreate(skel->maps.stops, stops);
	bpf_map__set_autocreate(skel->maps.known_files, stops);
	if (!selects)
		bpf_map__set_max_entries(skel->maps.news, (uint32_t)sysconf(_SC_PAGESIZE));
}

/* The iterator writes nothing: what it does happens while it is read. */
static struct err *scan(struct kernel *kernel)
{
	char nothing[64];
	ssize_t got;
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(kernel->scan_link));
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "looking at all processes");
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	return got < 0 ? err_new(ERR_FAILED, errno, "looking at all processes") : NULL;
}

static int on_news(void *context, void *data, size_t size)
{
	struct kernel *kernel = context;
	const struct select_news *news = data;
	if (size < sizeof(*news) || kernel->news_error)
		return 0;
	kernel->news_error = kernel->news_sink->joined(kernel->news_sink->context,
						       (pid_t)news->tgid, news->time_ns);
	return 0;
}

struct err *select_begin(struct kernel *kernel)
{
	if (!bpf_program__autoload(kernel->skel->progs.select_scan))
		return NULL;
	kernel->scan_link = bpf_program__attach_iter(kernel->skel->progs.select_scan, NULL);
	if (!kernel->scan_link)
		return err_new(ERR_UNSUPPORTED, errno, "looking at all processes");
	if (!kernel_selects(kernel))
		return scan(kernel);
	kernel->news =
		ring_buffer__new(bpf_map__fd(kernel->skel->maps.news), on_news, kernel, NULL);
	return kernel->news ? NULL : err_new(ERR_FAILED, errno, "mapping the buffer for news");
}

struct err *kernel_select(struct kernel *kernel)
{
	struct err *e = kernel_selects(kernel) ? scan(kernel) : NULL;
	return e || !kernel_selects(kernel) ? e : views_scan(kernel);
}

int kernel_news_fd(const struct kernel *kernel)
{
	return kernel->news ? ring_buffer__epoll_fd(kernel->news) : -1;
}

struct err *kernel_read_news(struct kernel *kernel, const struct news_sink *sink)
{
	if (!kernel->news)
		return NULL;
	kernel->news_sink = sink;
	ring_buffer__consume(kernel->news);
	kernel->news_sink = NULL;
	struct err *e = take_ptr(kernel->news_error);
	if (!e && __atomic_exchange_n(&kernel->skel->bss->select_news_lost, 0, __ATOMIC_SEQ_CST))
		e = sink->joined(sink->context, 0, 0);
	return e;
}

int kernel_stops_fd(const struct kernel *kernel)
{
	return kernel->options.stop_on_load ? bpf_map__fd(kernel->skel->maps.stops) : -1;
}

int kernel_known_files_fd(const struct kernel *kernel)
{
	return kernel->options.stop_on_load ? bpf_map__fd(kernel->skel->maps.known_files) : -1;
}

uint64_t kernel_selected(const struct kernel *kernel)
{
	return kernel_selects(kernel) ? kernel->skel->bss->select_joined : 0;
}

void select_close(struct kernel *kernel)
{
	ring_buffer__free(kernel->news);
	bpf_link__destroy(kernel->scan_link);
}
