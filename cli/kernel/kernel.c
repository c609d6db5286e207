/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "cli/process/attacher.h"
#include "common/caps.h"
#include "common/cleanup.h"
#include "kernel/samples.h"
#include "kernel/syscalls.h"
#include "probe/file.h"
#include "probe/kernel_btf.h"
#include "stream/event.h"
#include "target/process_namespace.h"
#include "target/select.h"
#include "tracer.skel.h"
#include "uprobe/attach.h"

/* Wake the reader when this part of the ring is full; its timer does the rest. */
#define WAKE_DIVISOR	 8
#define WAKE_MASK	 63
#define WAKE_SELDOM	 (4U << 20)
#define SYSCALL_ROWS_MAX 1024
/* Rows kept free for what is mapped while tracing. */
#define SPARE_SITES   16384
#define SPARE_PLANS   512
#define SPARE_FILTERS 512

/* The last thing that libbpf complained about becomes the why of our error; libbpf offers no other
 * way than a callback without a context. */
static _Thread_local char last_complaint[1024];

static int note_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[sizeof(last_complaint)];
	if (level != LIBBPF_WARN)
		return 0;
		/* The format is libbpf's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(line, sizeof(line), format, args);
#pragma GCC diagnostic pop
	line[strcspn(line, "\n")] = '\0';
	/* The first one is the cause, the others follow from it. */
	if (!last_complaint[0])
		memcpy(last_complaint, line, sizeof(line));
	return 0;
}

void kernel_listen(void)
{
	libbpf_set_print(note_complaint);
}

void kernel_forget_complaint(void)
{
	last_complaint[0] = '\0';
}

struct err *kernel_load_failed(const struct kernel *kernel, int errnum, const char *doing)
{
	bool denied = errnum == EPERM || errnum == EACCES;
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_UNSUPPORTED, errnum, "%s", doing);
	if (last_complaint[0])
		e = err_why(e, "%s: %s", strerror(errnum), last_complaint);
	if (errnum == EMFILE)
		return err_hint(e, "trace fewer places, or raise the limit: ulimit -n 8192");
	/* A helper that lockdown takes away is EINVAL to the verifier. */
	if (denied || !kernel->features.read_kernel)
		return features_load_denied(e, &kernel->features);
	return err_hint(e, "'utrail check' says what this kernel lacks");
}

bool kernel_needs_hit(const struct kernel *kernel, bool as_return)
{
	const struct probe_set *set = &kernel->plan->set;
	/* What comes later cannot load programs; but it never takes a trampoline against a verdict
	 * or without one. */
	if (kernel->options.growth &&
	    (!as_return || kernel->plan->verdict.mode == RETURN_TRAMPOLINE))
		return true;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!site->image || !site->wire.kind)
			continue;
		if (!as_return || (site->wire.flags & SITE_TRAMPOLINE))
			return true;
	}
	return false;
}

/* May there be calls later, or more places where known ones end? */
static bool ends_may_come(const struct kernel *kernel)
{
	return kernel->options.growth & (PLAN_GROWS_BY_CALLS | PLAN_GROWS_BY_ENDS);
}

/* Is any hit more than one event? */
static bool uses_spans(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	return ends_may_come(kernel) || kernel->options.sum_rows ||
	       kernel_needs_hit(kernel, true) || probe_set_has_kind(set, SITE_ENTRY) ||
	       probe_set_has_kind(set, SITE_RETURN);
}

struct bpf_program *kernel_hit_program(const struct kernel *kernel, bool as_return)
{
	const struct tracer *skel = kernel->skel;
	switch (kernel->form) {
	case UPROBE_FORM_MULTI:
		return as_return && !kernel->hit_is_return ? skel->progs.multi_return
							   : skel->progs.multi_hit;
	case UPROBE_FORM_SINGLE:
		return skel->progs.single_hit;
	default:
		return as_return ? skel->progs.old_return : skel->progs.old_hit;
	}
}

/* Each tracepoint costs milliseconds of start-up and something at every fork of the machine: only
 * where children are followed, where state of threads must end with them, or where it is shown. */
static void select_task_life(const struct kernel *kernel, struct tracer *skel)
{
	const struct plan *plan = kernel->plan;
	bool old = kernel->form == UPROBE_FORM_OLD;
	/* Calls of Go that are open when their process ends, or is another program, have no end. */
	bool life = kernel->filter &&
		    (kernel->options.follow || kernel->options.growth ||
		     probe_set_has_kind(&plan->set, SITE_ENTRY) ||
		     probe_set_has_flags(&plan->set, SITE_GO) || plan->has_syscalls ||
		     plan->has_points || old || samples_site(&plan->set) || kernel->options.cost);
	bool fork = plan->show_fork || kernel_selects(kernel) ||
		    (kernel->filter && kernel->options.follow);
	/* What a thread leaves open ends with it. */
	life |= kernel_selects(kernel) || plan->pair_sites.count;
	life_set_autoload(kernel, skel, "task_fork", fork);
	life_set_autoload(kernel, skel, "task_exec", plan->show_exec || life);
	life_set_autoload(kernel, skel, "task_exit", plan->show_exit || life);
	life_select_signals(kernel, skel);
	bpf_program__set_autoload(old ? skel->progs.old_task_rename : skel->progs.task_rename,
				  kernel->options.names);
	bpf_program__set_autoload(skel->progs.kept_flush, kernel->keeps);
	bpf_program__set_autoload(skel->progs.calls_flush, kernel->tells_long);
}

static void select_programs(const struct kernel *kernel, struct tracer *skel)
{
	struct bpf_program *program;
	bool old = kernel->form == UPROBE_FORM_OLD;
	bpf_object__for_each_program (program, skel->obj)
		bpf_program__set_autoload(program, false);
	/* Without cookies every site gets a copy of its own instead. */
	if (!old && kernel_needs_hit(kernel, false))
		bpf_program__set_autoload(kernel_hit_program(kernel, false), true);
	if (!old && kernel_needs_hit(kernel, true))
		bpf_program__set_autoload(kernel_hit_program(kernel, true), true);
	calls_select_programs(kernel, skel);
	select_task_life(kernel, skel);
	sum_select_programs(kernel, skel);
	select_programs_of_choice(kernel, skel);
	points_select_programs(kernel, skel);
	samples_select_programs(kernel, skel);
	views_select_programs(kernel, skel);
	sched_select_programs(kernel, skel);
}

static uint32_t other_calls(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->wire.kind == SITE_SYSCALL &&
		    set->sites.items[i]->syscall_number == SYSCALL_OTHERS)
			return set->sites.items[i]->id;
	return 0;
}

/* Of events that are told later, or elsewhere, than where their thread was. */
static bool keeps_stacks(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; kernel->options.stack_how && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && (site->wire.flags & SITE_STACK) &&
		    ((site->wire.flags & SITE_VIEW) || site->probe->kind == PROBE_SCHED))
			return true;
	}
	return false;
}

static void size_maps(const struct kernel *kernel, struct tracer *skel)
{
	uint32_t spare = kernel->options.growth ? 1 : 0;
	uint32_t sites = (uint32_t)kernel->plan->set.sites.count + spare * SPARE_SITES;
	uint32_t plans = (uint32_t)kernel->tables.plans.count + spare * SPARE_PLANS;
	uint32_t filters = (uint32_t)kernel->tables.filters.count;
	if (kernel->options.filters)
		filters += spare * SPARE_FILTERS;
	bool old = kernel->form == UPROBE_FORM_OLD;
	sum_size_maps(kernel, skel);
	words_size_maps(kernel, skel);
	go_size_maps(kernel, skel);
	bpf_map__set_max_entries(skel->maps.filters, filters);
	bpf_map__set_max_entries(skel->maps.rates, kernel->options.rates ? sites : 1);
	bpf_map__set_max_entries(skel->maps.ring, kernel->options.ring_size);
	bpf_map__set_max_entries(skel->maps.sites, sites);
	bpf_map__set_max_entries(skel->maps.losses, sites);
	bpf_map__set_max_entries(skel->maps.plans, plans);
	bpf_map__set_max_entries(skel->maps.tallies, kernel->options.tally ? sites : 1);
	bpf_map__set_max_entries(skel->maps.other_tallies,
				 kernel->options.tally ? OTHER_TALLIES_MAX : 1);
	bpf_map__set_max_entries(skel->maps.costs, kernel->options.cost ? sites : 1);
	bpf_map__set_autocreate(skel->maps.kept_stacks, keeps_stacks(kernel));
	bpf_map__set_autocreate(skel->maps.kept_stack_blank, keeps_stacks(kernel));
	bpf_map__set_autocreate(skel->maps.task_spans, !old);
	bpf_map__set_autocreate(skel->maps.task_scratches, !old);
	if (!old) {
		/* Part of the object for old kernels: smallest here. */
		bpf_map__set_max_entries(skel->maps.thread_spans, 1);
		bpf_map__set_max_entries(skel->maps.thread_scratches, 1);
	}
}

/* One process alone can be filtered by the kernel already, so that others do not even trap. */
pid_t kernel_only_process(const struct kernel *kernel)
{
	const struct plan *plan = kernel->plan;
	if (kernel->options.follow || plan->processes.count + (plan->launch ? 1 : 0) != 1)
		return 0;
	if (kernel->form == UPROBE_FORM_MULTI && !kernel->features.multi_pid_filter)
		return 0;
	return plan->launch ? launch_pid(plan->launch) : process_pid(plan->processes.items[0]);
}

void kernel_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	skel->rodata->filter_by_process = kernel->filter;
	skel->rodata->follow_forks = kernel->options.follow;
	skel->rodata->has_spans = uses_spans(kernel);
	skel->rodata->may_begin_before = !kernel->plan->has_coroutines;
	skel->rodata->has_return_sites =
		ends_may_come(kernel) || probe_set_has_kind(&kernel->plan->set, SITE_RETURN);
	skel->rodata->hit_is_return = kernel->hit_is_return;
	skel->rodata->keep_entries = kernel->keeps;
	skel->rodata->tell_entries = kernel->options.entries;
	skel->rodata->has_filters = kernel->options.filters || kernel->options.rates;
	skel->rodata->has_rates = kernel->options.rates;
	skel->rodata->show_fork = kernel->plan->show_fork;
	skel->rodata->show_exec = kernel->plan->show_exec;
	skel->rodata->show_exit = kernel->plan->show_exit;
	skel->rodata->signals_wanted = kernel->plan->signals;
	skel->rodata->own_process = (uint32_t)getpid();
	skel->rodata->only_process = kernel->filter ? (uint32_t)kernel_only_process(kernel) : 0;
	skel->rodata->filtered_by_link = kernel->form == UPROBE_FORM_MULTI && kernel->filter &&
					 kernel_only_process(kernel) != 0;
	skel->rodata->reads_paths = kernel->reads_paths;
	skel->rodata->reads_files = kernel->plan->set.options.files;
	skel->rodata->stack_how = kernel->options.stack_how;
	skel->rodata->stack_bytes = kernel->options.stack_bytes;
	skel->rodata->stack_depth = kernel->options.stack_depth;
	skel->rodata->keeps_stacks = keeps_stacks(kernel);
	skel->rodata->keeps_words = kernel_keeps_words(kernel);
	skel->rodata->fetch_codes = kernel->codes;
	sum_set_constants(kernel, skel);
	go_set_constants(kernel, skel);
	samples_set_constants(kernel, skel);
	views_set_constants(kernel, skel);
	sched_set_constants(kernel, skel);
	life_set_constants(kernel, skel);
	select_set_constants(kernel, skel);
	memcpy((void *)&skel->rodata->file_offsets, &kernel->file_offsets,
	       sizeof(kernel->file_offsets));
	skel->rodata->reads_netlink = kernel->reads_netlink;
	skel->rodata->reads_sockets = kernel->plan->set.options.sockets;
	memcpy((void *)&skel->rodata->socket_offsets, &kernel->socket_offsets,
	       sizeof(kernel->socket_offsets));
	/* A ring that many of the largest records cannot fill is asked now and then only. */
	skel->rodata->wake_mask = kernel->options.ring_size >= WAKE_SELDOM ? WAKE_MASK : 0;
	skel->rodata->measure_cost = kernel->options.cost;
	skel->rodata->tally_calls = kernel->options.tally;
	skel->rodata->tally_only = kernel->options.tally_only;
	skel->rodata->statuses = kernel->options.statuses;
	const struct syscall_info *sigreturn = syscall_by_name("rt_sigreturn");
	skel->rodata->other_calls_site = other_calls(&kernel->plan->set);
	skel->rodata->sigreturn_number = sigreturn ? sigreturn->number : 0;
	skel->rodata->lossless = kernel->options.lossless;
	/* The other half is for system calls, which cannot be made to wait for long. */
	skel->rodata->hold_bytes = kernel->options.ring_size / 2;
	skel->rodata->wake_bytes = kernel->options.ring_size / WAKE_DIVISOR;
}

static struct err *fill_syscalls(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	int fd = bpf_map__fd(kernel->skel->maps.syscall_sites);
	uint32_t rows[SYSCALL_ROWS_MAX] = {0}, others = other_calls(set);
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind == SITE_SYSCALL && site->syscall_number < SYSCALL_ROWS_MAX)
			rows[site->syscall_number] = site->id;
	}
	for (uint32_t number = 0; number < SYSCALL_ROWS_MAX; number++) {
		if (others && !syscall_by_number(number))
			rows[number] = others;
		if (rows[number] && bpf_map_update_elem(fd, &number, &rows[number], BPF_ANY) != 0)
			return err_new(ERR_FAILED, errno, "filling the table of system calls");
	}
	return NULL;
}

static void name_backends(struct kernel *kernel)
{
	static const char *const returns[] = {[RETURN_TRAMPOLINE] = "trampoline",
					      [RETURN_SITE] = "site",
					      [RETURN_STACK] = "stack"};
	size_t n = 0;
	if (kernel_needs_hit(kernel, false)) {
		kernel->backends[n++] = "user";
		kernel->backends[n++] = uprobe_form_name(kernel->form);
	}
	if (kernel->plan->verdict.mode != RETURN_AUTO) {
		kernel->backends[n++] = "return";
		kernel->backends[n++] = returns[kernel->plan->verdict.mode];
	}
	if (kernel->plan->has_syscalls) {
		kernel->backends[n++] = "syscall";
		kernel->backends[n++] = syscall_backend_info(kernel->calls.backend)->name;
	}
	if (samples_site(&kernel->plan->set)) {
		kernel->backends[n++] = "sample";
		kernel->backends[n++] = "cpu-clock";
	}
	if (kernel->plan->has_points) {
		kernel->backends[n++] = "kernel";
		kernel->backends[n++] = points_backend(kernel);
	}
	kernel->backends[n] = NULL;
}

static struct err *load_skeleton(struct kernel *kernel)
{
	kernel_forget_complaint();
	struct err *e = kernel_early_take(kernel->options.early, kernel);
	if (e)
		return e;
	select_programs(kernel, kernel->skel);
	size_maps(kernel, kernel->skel);
	kernel_set_constants(kernel, kernel->skel);
	int failed = loader_load(kernel->loader, kernel->skel->skeleton);
	if (failed)
		return kernel_load_failed(kernel, -failed,
					  "loading the BPF programs into the kernel");
	e = kernel_rows_map(kernel);
	if (e)
		return e;
	kernel_rows_fill(kernel, 1, 1, 1);
	if (!kernel->options.growth)
		kernel_rows_unmap(kernel, false);
	return fill_syscalls(kernel);
}

static struct err *check_features(const struct kernel *kernel)
{
	const struct features *features = &kernel->features;
	struct err *e = NULL;
	if (!features->kernel_btf)
		return kernel_btf_missing();
	if (!features->ring_buffer)
		e = err_why(err_new(ERR_UNSUPPORTED, 0, "this kernel cannot be traced"),
			    "it has no BPF ring buffer (Linux 5.8)");
	if (e)
		return err_hint(e, "utrail needs Linux 5.10 or newer with BTF; see 'utrail check'");
	if (kernel->options.stop_on_load && kernel->form == UPROBE_FORM_OLD)
		return err_hint(
			err_why(err_new(ERR_UNSUPPORTED, 0,
					"--stop-on-load does not work on this kernel"),
				"it lacks the atomic operations (Linux 5.12) by which nobody "
				"who was stopped is forgotten"),
			"name the files that will be loaded: known ones have no gap");
	return kernel_needs_hit(kernel, false) ? features_check_uprobe(features) : NULL;
}

/* Where the kernel has what is read of descriptors. */
static struct err *find_offsets(struct kernel *kernel)
{
	const struct compile_options *options = &kernel->plan->set.options;
	bool files = options->files || kernel->reads_paths;
	struct err *e = files ? file_offsets_find(&kernel->file_offsets) : NULL;
	if (!e && options->sockets)
		e = socket_offsets_find(&kernel->socket_offsets);
	if (e || !kernel_reads_netlink(kernel))
		return e;
	_cleanup_(err_freep) struct err *unknown =
		files ? NULL : file_offsets_find(&kernel->file_offsets);
	if (!unknown && !options->sockets)
		unknown = socket_offsets_find(&kernel->socket_offsets);
	/* Where it does not tell, messages are shown as bytes. */
	kernel->reads_netlink = !unknown;
	return NULL;
}

struct err *kernel_load(struct plan *plan, const struct features *features,
			const struct kernel_options *options, struct kernel **ret)
{
	kernel_listen();
	_cleanup_(kernel_closep) struct kernel *kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return &err_nomem;
	kernel->plan = plan;
	kernel->features = *features;
	kernel->options = *options;
	kernel->form = features_uprobe_form(features);
	kernel->filter = plan->processes.count || plan->launch || kernel_selects(kernel);
	/* An entry that waits must be sent when its thread ends: see select_task_life(). And before
	 * what happens inside; but a probe in the kernel must not touch what it waits in. With
	 * --where, what the thread had done by then is told with the entry. */
	kernel->keeps = kernel->filter && !options->sum_rows && !options->where &&
			kernel->form != UPROBE_FORM_OLD && !plan->has_points &&
			!samples_site(&plan->set) &&
			(probe_set_has_kind(&plan->set, SITE_ENTRY) ||
			 (kernel_selects(kernel) && options->growth));
	/* On old kernels a thread's state is not found through the thread. */
	kernel->tells_long = options->long_calls && !options->entries && plan->has_syscalls &&
			     kernel->form != UPROBE_FORM_OLD;
	kernel->raw_cookie = plan->has_points && features_raw_cookie();
	go_decide(kernel);
	kernel_note_codes(kernel);
	/* Each hit asks which site it is of, then. */
	kernel->hit_is_return = plan->set.sites.count > 2;
	struct err *e = check_features(kernel);
	e = e ? e : kernel_check_lossless(kernel);
	e = e ? e : sum_check(kernel);
	e = e ? e : points_check(kernel);
	e = e ? e : samples_check(kernel);
	e = e ? e : views_check(kernel);
	e = e ? e : life_check(kernel);
	if (!e && plan->has_syscalls)
		e = calls_choose(options->syscall_backend, &plan->set, &kernel->calls);
	e = e ? e : calls_check(kernel);
	kernel->reads_paths = points_read_paths(kernel);
	e = e ? e : find_offsets(kernel);
	if (!e && (kernel_selects(kernel) || pid_namespace_is_inner()))
		e = select_offsets_find(&kernel->select_offsets);
	if (options->stack_how)
		tables_want_stacks(&plan->set, 1, options->stacks_of_samples);
	e = e ? e : tables_number(&kernel->tables, &plan->set, 1);
	e = e ? e : load_skeleton(kernel);
	if (e)
		return e;
	name_backends(kernel);
	*ret = take_ptr(kernel);
	return NULL;
}

static void close_links(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->n_links; i++)
		bpf_link__destroy(kernel->links[i]);
	kernel->n_links = 0;
	points_close(kernel);
	samples_close(kernel);
	attachment_close(take_ptr(kernel->attachment));
}

static void begin_detaching(struct kernel *kernel)
{
	/* Before there are children that would have copies. */
	calls_close(kernel);
	size_t count = kernel->attachment ? attachment_links(kernel->attachment) : 0;
	_cleanup_free_ int *fds = count ? calloc(count, sizeof(*fds)) : NULL;
	if (fds)
		attachment_copy(kernel->attachment, fds);
	kernel->holders = holders_start(fds, fds ? count : 0);
	kernel->detaching = true;
	close_links(kernel);
	holders_release(&kernel->holders);
}

/* The end of a thread stays attached: it sends what waits, until kernel_send_kept() has. */
void kernel_begin_stop(struct kernel *kernel)
{
	if (!kernel->skel)
		return;
	if (kernel->skel->bss)
		__atomic_store_n(&kernel->skel->bss->tracing, 0, __ATOMIC_SEQ_CST);
	if (kernel->attachment || kernel->n_links || kernel->point_fds.count ||
	    kernel->call_fds.count || kernel->sample_fds.count)
		begin_detaching(kernel);
}

void kernel_stop(struct kernel *kernel)
{
	kernel_begin_stop(kernel);
	if (kernel->detaching)
		holders_end(&kernel->holders);
	kernel->detaching = false;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	kernel_stop(kernel);
	bpf_link__destroy(kernel->exit_link);
	bpf_link__destroy(kernel->kept_link);
	bpf_link__destroy(kernel->long_link);
	select_close(kernel);
	views_close(kernel);
	kernel_rows_unmap(kernel, true);
	tables_deinit(&kernel->tables);
	points_deinit(kernel);
	samples_close(kernel);
	free(kernel->sample_fds.items);
	for (size_t i = 0; i < kernel->guarded.count; i++)
		close(kernel->guarded.items[i].fd);
	free(kernel->guarded.items);
	calls_deinit(kernel);
	copies_deinit(kernel);
	tracer__destroy(kernel->skel);
	loader_close(kernel->loader);
	free(kernel);
}

void kernel_closep(struct kernel **kernel)
{
	kernel_close(*kernel);
}
