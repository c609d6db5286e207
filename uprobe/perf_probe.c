/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/perf_probe.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "common/cleanup.h"

#define UPROBE_PMU "/sys/bus/event_source/devices/uprobe"

static int read_number(const char *path, const char *format, int missing)
{
	int number = missing;
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	/* The formats are the two constants below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (file && fscanf(file, format, &number) != 1)
		number = missing;
#pragma GCC diagnostic pop
	return number;
}

static int open_event(const struct perf_probe *probe)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", probe->file);
	int return_bit = read_number(UPROBE_PMU "/format/retprobe", "config:%d", 0);
	/* include/uapi/linux/perf_event.h: ref_ctr_offset is the upper half of config */
	uint64_t config = probe->as_return ? 1ULL << return_bit : probe->semaphore << 32;
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = (uint32_t)read_number(UPROBE_PMU "/type", "%d", -1),
		.config = config,
		.config1 = (uint64_t)(uintptr_t)path,
		.config2 = probe->offset,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, probe->pid ? probe->pid : -1,
			      probe->pid ? -1 : 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A link, or -1 for a program that is on the event itself. 0, or a negative errno. */
static int set_program(const struct perf_probe *probe, int event, int *ret_link)
{
	*ret_link = -1;
	if (!probe->has_cookie)
		return ioctl(event, PERF_EVENT_IOC_SET_BPF, probe->program) == 0 ? 0 : -errno;
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.perf_event.bpf_cookie = probe->cookie;
	int link = bpf_link_create(probe->program, event, BPF_PERF_EVENT, &opts);
	if (link < 0)
		return link;
	*ret_link = link;
	return 0;
}

int perf_probe_open(const struct perf_probe *probe, int *ret_event, int *ret_link)
{
	_cleanup_close_ int event = open_event(probe);
	_cleanup_close_ int link = -1;
	if (event < 0)
		return event;
	int error = set_program(probe, event, &link);
	if (!error && ioctl(event, PERF_EVENT_IOC_ENABLE, 0) != 0)
		error = -errno;
	if (error)
		return error;
	*ret_event = take_fd(event);
	*ret_link = take_fd(link);
	return 0;
}
