/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/samples.c — `cpu:99`: a clock on each CPU. */
#include "kernel/samples.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

#define RATE_FILE "/proc/sys/kernel/perf_event_max_sample_rate"

struct err *samples_check(const struct kernel *kernel)
{
	if (!samples_site(&kernel->plan->set) || kernel->form != UPROBE_FORM_OLD)
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "'cpu:' is not possible on this kernel");
	return err_why(e, "its programs know too little of threads for that (Linux 6.0)");
}

void samples_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	const struct probe_site *site = samples_site(&kernel->plan->set);
	skel->rodata->sample_site = site ? site->id : 0;
}

void samples_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	bool wanted = samples_site(&kernel->plan->set) != NULL;
	bpf_program__set_autoload(skel->progs.sample_hit, wanted);
	bpf_map__set_autocreate(skel->maps.sample_areas, wanted);
	bpf_map__set_autocreate(skel->maps.sampled_threads, wanted);
}

/* 0: not known. */
static unsigned long rate_allowed(void)
{
	unsigned long rate = 0;
	_cleanup_fclose_ FILE *file = fopen(RATE_FILE, "re");
	return file && fscanf(file, "%lu", &rate) == 1 ? rate : 0;
}

static struct err *refused(uint32_t hz, int errnum)
{
	bool denied = errnum == EPERM || errnum == EACCES;
	unsigned long allowed = rate_allowed();
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
				"taking %u samples a second", hz);
	if (errnum != EINVAL || !allowed || hz <= allowed)
		return e;
	e = err_why(e, "the kernel allows no more than %lu", allowed);
	return err_hint(e, "sysctl kernel.perf_event_max_sample_rate=%u", hz);
}

static struct err *attach_cpu(struct kernel *kernel, int cpu, uint32_t hz)
{
	struct perf_event_attr attr = {.size = sizeof(attr),
				       .type = PERF_TYPE_SOFTWARE,
				       .config = PERF_COUNT_SW_CPU_CLOCK,
				       .sample_freq = hz,
				       .freq = 1,
				       .exclude_idle = 1};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	/* A CPU that is not there now. */
	if (fd < 0 && errno == ENODEV)
		return NULL;
	if (fd < 0)
		return refused(hz, errno);
	int *kept = array_push(&kernel->sample_fds);
	if (!kept) {
		close(fd);
		return &err_nomem;
	}
	*kept = fd;
	int program = bpf_program__fd(kernel->skel->progs.sample_hit);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) != 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) != 0)
		return refused(hz, errno);
	return NULL;
}

struct err *samples_attach(struct kernel *kernel)
{
	const struct probe_site *site = samples_site(&kernel->plan->set);
	int cpus = libbpf_num_possible_cpus();
	struct err *e = NULL;
	for (int cpu = 0; !e && site && cpu < cpus; cpu++)
		e = attach_cpu(kernel, cpu, samples_hz(site));
	return e;
}

void samples_close(struct kernel *kernel)
{
	while (kernel->sample_fds.count)
		close(kernel->sample_fds.items[--kernel->sample_fds.count]);
}
