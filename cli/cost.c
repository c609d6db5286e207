/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cost.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* --- CPU time --------------------------------------------------------------------------------- */

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* One that has ended, and that nobody has waited for, is counted as ended already. */
static bool is_zombie(pid_t pid, const char *tid)
{
	char path[64], line[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, tid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return true;
	const char *state = strrchr(line, ')');
	return !state || strlen(state) < 3 || state[2] == 'Z' || state[2] == 'X';
}

/* Its first number: Documentation/scheduler/sched-stats.rst. */
static uint64_t thread_time(pid_t pid, const char *tid)
{
	char path[64];
	uint64_t ns = 0;
	if (is_zombie(pid, tid))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", pid, tid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	return file && fscanf(file, "%" SCNu64, &ns) == 1 ? ns : 0;
}

static uint64_t process_time(pid_t pid)
{
	char path[64];
	uint64_t sum = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	_cleanup_(closedirp) DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			sum += thread_time(pid, entry->d_name);
	return sum;
}

uint64_t cost_cpu_time(const struct kernel *kernel)
{
	uint64_t sum = kernel_ended_cpu(kernel);
	for (pid_t pid = kernel_next_target(kernel, 0); pid; pid = kernel_next_target(kernel, pid))
		sum += process_time(pid);
	return sum;
}

/* --- the rows --------------------------------------------------------------------------------- */

/* The sites of a probe follow each other, but those that came later. */
static struct output_cost *find(struct cost_list *list, const struct probe *probe)
{
	for (size_t i = list->items.count; i > 0; i--)
		if (list->items.items[i - 1].probe == probe)
			return &list->items.items[i - 1];
	struct output_cost *fresh = array_push(&list->items);
	if (fresh)
		fresh->probe = probe;
	return fresh;
}

static void add(struct output_cost *to, const struct probe_site *site, const struct cost_row *row,
		const struct cost_forms *forms)
{
	double each = !site->image ? 0 : site->emulated ? forms->emulated : forms->stepped;
	double ns = (double)row->run_ns + each * (double)row->hits +
		    forms->trampoline * (double)row->returns;
	to->total_ns += (uint64_t)ns;
	/* A return is part of the hit that its entry was, also when it has a site of its own. */
	if (site->wire.kind != SITE_RETURN)
		to->hits += row->hits;
	else
		to->returns += row->hits;
}

static int compare(const void *left, const void *right)
{
	const struct output_cost *a = left, *b = right;
	return (a->total_ns < b->total_ns) - (a->total_ns > b->total_ns);
}

static void finish_row(struct output_cost *row, uint64_t cpu_ns)
{
	/* All that is known may be ends of calls that began before. */
	uint64_t hits = row->hits ? row->hits : row->returns;
	row->hits = hits;
	row->ns_per_hit = hits ? row->total_ns / hits : 0;
	row->share = cpu_ns ? (double)row->total_ns / (double)cpu_ns : -1;
	if (row->share > 1)
		row->share = 1;
}

struct err *cost_sum_up(const struct probe_set *set, const struct cost_row *rows,
			const struct cost_forms *forms, uint64_t cpu_ns, struct cost_list *ret)
{
	*ret = (struct cost_list){.cpu_ns = cpu_ns};
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!rows[i].hits && !rows[i].returns)
			continue;
		struct output_cost *row = find(ret, site->probe);
		if (!row)
			return &err_nomem;
		add(row, site, &rows[i], forms);
	}
	for (size_t i = 0; i < ret->items.count; i++)
		finish_row(&ret->items.items[i], cpu_ns);
	if (ret->items.count)
		qsort(ret->items.items, ret->items.count, sizeof(*ret->items.items), compare);
	return NULL;
}

void cost_list_deinit(struct cost_list *list)
{
	free(list->items.items);
	*list = (struct cost_list){0};
}

/* --- a run ------------------------------------------------------------------------------------ */

void cost_start(struct cost *cost, const struct kernel *kernel)
{
	cost->cpu_ns = cost_cpu_time(kernel);
}

void cost_stop(struct cost *cost, const struct kernel *kernel)
{
	uint64_t now = cost_cpu_time(kernel);
	/* Of a thread that was just ending, the last moments may be in neither account. */
	cost->cpu_ns = now > cost->cpu_ns ? now - cost->cpu_ns : 0;
}

struct err *cost_tell(struct cost *cost, const struct probe_set *set, const struct kernel *kernel,
		      struct output *output)
{
	struct err *e =
		cost_sum_up(set, kernel_costs(kernel), &cost->forms, cost->cpu_ns, &cost->list);
	for (size_t i = 0; !e && i < cost->list.items.count; i++)
		e = output_cost(output, &cost->list.items.items[i]);
	return e;
}
