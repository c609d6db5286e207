/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/rows.c — the tables of a run as memory that we and the programs share. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "probe/rate.h"
#include "tracer.skel.h"

static struct err *map_rows(const struct bpf_map *map, size_t row_size, struct rows *ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = bpf_map__max_entries(map) * row_size;
	size = (size + page - 1) & ~(page - 1);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		return err_new(ERR_FAILED, errno, "mapping the table '%s'", bpf_map__name(map));
	*ret = (struct rows){memory, size, bpf_map__max_entries(map)};
	return NULL;
}

static void unmap_rows(struct rows *rows)
{
	if (rows->memory)
		munmap(rows->memory, rows->size);
	*rows = (struct rows){0};
}

struct err *kernel_rows_map(struct kernel *kernel)
{
	struct tracer *skel = kernel->skel;
	struct err *e = map_rows(skel->maps.sites, sizeof(struct site), &kernel->sites);
	e = e ? e : map_rows(skel->maps.plans, sizeof(struct fetch_plan), &kernel->plans);
	e = e ? e : map_rows(skel->maps.rates, sizeof(struct rate_row), &kernel->rates);
	e = e ? e : map_rows(skel->maps.filters, sizeof(struct filter_plan), &kernel->filters);
	e = e ? e : map_rows(skel->maps.losses, sizeof(struct loss_row), &kernel->losses);
	return e ? e : map_rows(skel->maps.costs, sizeof(struct cost_row), &kernel->costs);
}

void kernel_rows_fill(struct kernel *kernel, size_t first_plan, size_t first_filter,
		      size_t first_site)
{
	tables_fill_plans(&kernel->tables, first_plan, kernel->plans.memory);
	tables_fill_filters(&kernel->tables, first_filter, kernel->filters.memory);
	if (kernel->options.rates)
		tables_fill_rates(&kernel->plan->set, first_site, &kernel->options.rate,
				  kernel->rates.memory);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	tables_fill_sites(&kernel->plan->set, first_site, kernel->sites.memory);
}

void kernel_rows_unmap(struct kernel *kernel, bool all)
{
	unmap_rows(&kernel->sites);
	unmap_rows(&kernel->plans);
	unmap_rows(&kernel->filters);
	unmap_rows(&kernel->rates);
	if (!all)
		return;
	unmap_rows(&kernel->losses);
	unmap_rows(&kernel->costs);
}
