/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/state.c — what the programs and maps of a run say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "common/caps.h"
#include "common/cleanup.h"
#include "target/select.h"
#include "target/target.h"
#include "tracer.skel.h"

bool kernel_adds_perf_probes(const struct kernel *kernel)
{
	return kernel->options.growth && kernel->form != UPROBE_FORM_MULTI;
}

void kernel_probe_through(struct kernel *kernel, struct attacher *attacher)
{
	kernel->attacher = attacher;
}

uint64_t kernel_late_capabilities(const struct kernel *kernel)
{
	if (!kernel->options.growth || kernel->form != UPROBE_FORM_OLD)
		return 0;
	return caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON);
}

bool kernel_is_readable(const struct kernel *kernel)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	return bpf_map_get_info_by_fd(kernel_ring_fd(kernel), &info, &size) == 0;
}

int kernel_ring_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.ring);
}

int kernel_sums_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.sum_rows);
}

int kernel_life_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.life_ring);
}

bool kernel_losses_changed(const struct kernel *kernel)
{
	return __atomic_exchange_n(&kernel->skel->bss->losses_changed, 0, __ATOMIC_SEQ_CST);
}

const struct loss_row *kernel_losses(const struct kernel *kernel)
{
	return kernel->losses.memory;
}

bool kernel_traced_process(const struct kernel *kernel, pid_t pid, uint64_t time_ns)
{
	const struct tracer *skel = kernel->skel;
	uint32_t key = (uint32_t)pid, traced;
	struct ended_target ended;
	if (!kernel->filter)
		return pid != getpid();
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.targets), &key, &traced) == 0)
		return true;
	return bpf_map_lookup_elem(bpf_map__fd(skel->maps.ended_targets), &key, &ended) == 0 &&
	       time_ns <= ended.time_ns;
}

pid_t kernel_next_target(const struct kernel *kernel, pid_t previous)
{
	uint32_t key = (uint32_t)previous, next;
	int failed = bpf_map_get_next_key(bpf_map__fd(kernel->skel->maps.targets),
					  previous ? &key : NULL, &next);
	return failed ? 0 : (pid_t)next;
}

bool kernel_is_ending(const struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skel->maps.ended_targets);
	struct ended_target ended;
	uint32_t key;
	for (int failed = bpf_map_get_next_key(fd, NULL, &key); !failed;
	     failed = bpf_map_get_next_key(fd, &key, &key))
		if (bpf_map_lookup_elem(fd, &key, &ended) == 0 && !ended.goes_on &&
		    process_is_ending((pid_t)key, ended.time_ns))
			return true;
	return false;
}

static enum kernel_group group_of(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);
	if (strcmp(name, "span_kretprobe") == 0)
		return KERNEL_ENDS;
	if (strstr(name, "sys_enter") || strstr(name, "sys_exit"))
		return KERNEL_SYSCALLS;
	return strstr(name, "task_") ? KERNEL_LIFE : KERNEL_HITS;
}

static uint64_t misses_of(int program)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	if (program < 0 || bpf_prog_get_info_by_fd(program, &info, &size) != 0)
		return 0;
	return info.recursion_misses;
}

/* Those that see switches of threads have none; nor have those of --stop-on-load, which see the
 * calls of all processes: who was to be stopped and was not has a gap, which is told. */
static bool has_hits(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);
	return !strstr(name, "where_") && strncmp(name, "stop_", strlen("stop_")) != 0;
}

static void add_missed(const struct tracer *skel, uint64_t *missed)
{
	struct bpf_program *program;
	bpf_object__for_each_program (program, skel->obj)
		if (has_hits(program))
			missed[group_of(program)] += misses_of(bpf_program__fd(program));
}

void kernel_missed(const struct kernel *kernel, uint64_t ret[static KERNEL_GROUPS])
{
	memset(ret, 0, sizeof(*ret) * KERNEL_GROUPS);
	add_missed(kernel->skel, ret);
	for (size_t i = 0; i < kernel->copies.count; i++)
		ret[kernel->copies.items[i].group] += misses_of(kernel->copies.items[i].fd);
	ret[KERNEL_HITS] += points_missed(kernel, false);
	ret[KERNEL_ENDS] += points_missed(kernel, true);
	ret[KERNEL_SYSCALLS] += calls_missed(kernel);
}

uint64_t *kernel_reader_clock(const struct kernel *kernel)
{
	return (uint64_t *)&kernel->skel->bss->reader_ns;
}

enum uprobe_form kernel_form(const struct kernel *kernel)
{
	return kernel->form;
}

const struct cost_row *kernel_costs(const struct kernel *kernel)
{
	return kernel->costs.memory;
}

static struct err *add_up(int map, uint32_t key, struct tally_row *ret)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct tally_row *rows =
		cpus > 0 ? calloc((size_t)cpus, sizeof(*rows)) : NULL;
	if (!rows)
		return &err_nomem;
	if (bpf_map_lookup_elem(map, &key, rows))
		return err_new(ERR_FAILED, errno, "reading what was counted");
	*ret = (struct tally_row){0};
	for (int i = 0; i < cpus; i++) {
		ret->calls += rows[i].calls;
		ret->errors += rows[i].errors;
		ret->total_ns += rows[i].total_ns;
		if (rows[i].max_ns > ret->max_ns)
			ret->max_ns = rows[i].max_ns;
		if (rows[i].min_inverse_ns > ret->min_inverse_ns)
			ret->min_inverse_ns = rows[i].min_inverse_ns;
		for (int n = 0; n < TALLY_BUCKETS; n++)
			ret->buckets[n] += rows[i].buckets[n];
	}
	return NULL;
}

struct err *kernel_tally(const struct kernel *kernel, uint32_t site_id, struct tally_row *ret)
{
	return add_up(bpf_map__fd(kernel->skel->maps.tallies), site_id, ret);
}

bool kernel_next_other(const struct kernel *kernel, uint32_t *number)
{
	uint32_t next, *before = *number == UINT32_MAX ? NULL : number;
	if (bpf_map_get_next_key(bpf_map__fd(kernel->skel->maps.other_tallies), before, &next))
		return false;
	*number = next;
	return true;
}

struct err *kernel_tally_other(const struct kernel *kernel, uint32_t number, struct tally_row *ret)
{
	return add_up(bpf_map__fd(kernel->skel->maps.other_tallies), number, ret);
}

uint64_t kernel_ended_cpu(const struct kernel *kernel)
{
	return __atomic_load_n(&kernel->skel->bss->ended_cpu_ns, __ATOMIC_RELAXED);
}

uint64_t kernel_held(const struct kernel *kernel, uint64_t *ret_ns)
{
	*ret_ns = __atomic_load_n(&kernel->skel->bss->held_ns, __ATOMIC_RELAXED);
	return __atomic_load_n(&kernel->skel->bss->held_hits, __ATOMIC_RELAXED);
}

uint64_t kernel_attempts(const struct kernel *kernel)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;
	uint64_t sum = 0;
	/* The kernel rounds each CPU's value up to 8 bytes. */
	_cleanup_free_ uint64_t *values = cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;
	if (!values ||
	    bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.sequences), &zero, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += (uint32_t)values[i];
	return sum + points_attempts(kernel);
}

const char *kernel_unreadable(const struct kernel *kernel)
{
	return kernel->form == UPROBE_FORM_OLD ? "not resident" : "bad address";
}

uint64_t kernel_compat_calls(const struct kernel *kernel)
{
	return __atomic_load_n(&kernel->skel->bss->compat_calls, __ATOMIC_RELAXED);
}

bool kernel_tells_narrow(const struct kernel *kernel)
{
	return kernel->skel->rodata->other_calls_site &&
	       !syscall_backend_info(kernel->calls.backend)->by_call;
}

const char *kernel_calls_why(const struct kernel *kernel)
{
	return kernel->plan->has_syscalls ? kernel->calls.why : NULL;
}

const char *const *kernel_backends(const struct kernel *kernel)
{
	return kernel->backends;
}

struct err *kernel_trace_process(struct kernel *kernel, pid_t pid)
{
	uint32_t key = (uint32_t)pid, traced = 1;
	if (bpf_map_update_elem(bpf_map__fd(kernel->skel->maps.targets), &key, &traced, BPF_ANY))
		return err_new(ERR_FAILED, errno, "adding pid %d to the traced processes", pid);
	return NULL;
}

/* BPF runs as soon as a probe is in; this switch is what makes all of them begin together. */
void kernel_start(struct kernel *kernel)
{
	__atomic_store_n(&kernel->skel->bss->tracing, 1, __ATOMIC_SEQ_CST);
}

struct err *kernel_check_lossless(const struct kernel *kernel)
{
	if (!kernel->options.lossless || kernel->form != UPROBE_FORM_OLD)
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "--lossless is not possible on this kernel");
	e = err_why(e, "its probes on user space cannot wait (sleepable programs, Linux 6.0)");
	return err_hint(e, "a larger --ring-size loses less");
}
