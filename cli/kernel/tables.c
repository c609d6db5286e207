/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/tables.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct known_plan {
	uint32_t id;
	UT_hash_handle hh;
};

static struct err *number_plan(struct tables *tables, const struct fetch_plan *plan, uint32_t *ret)
{
	struct known_plan *known;
	*ret = 0;
	if (!plan)
		return NULL;
	size_t size = fetch_plan_size(plan);
	/* Functions of a pattern are often alike. Plan 0 is none. */
	const struct fetch_plan *last = tables->plans.items[tables->plans.count - 1];
	if (last && fetch_plan_size(last) == size && memcmp(last, plan, size) == 0) {
		*ret = (uint32_t)tables->plans.count - 1;
		return NULL;
	}
	HASH_FIND(hh, tables->known, plan, size, known);
	if (!known) {
		const struct fetch_plan **kept = array_push(&tables->plans);
		known = calloc(1, sizeof(*known));
		if (!kept || !known) {
			free(known);
			return &err_nomem;
		}
		*kept = plan;
		known->id = (uint32_t)tables->plans.count - 1;
		HASH_ADD_KEYPTR(hh, tables->known, plan, size, known);
	}
	*ret = known->id;
	return NULL;
}

/* Sites count filters in 16 bits. */
#define FILTERS_MAX 65535

static struct err *number_filter(struct tables *tables, const struct filter *filter, uint16_t *ret)
{
	struct known_plan *known;
	*ret = 0;
	if (!filter)
		return NULL;
	HASH_FIND(hh, tables->known_filters, &filter->plan, sizeof(filter->plan), known);
	if (!known) {
		if (tables->filters.count > FILTERS_MAX)
			return err_new(ERR_FAILED, 0, "more than %d different conditions",
				       FILTERS_MAX);
		const struct filter **kept = array_push(&tables->filters);
		known = calloc(1, sizeof(*known));
		if (!kept || !known) {
			free(known);
			return &err_nomem;
		}
		*kept = filter;
		known->id = (uint32_t)tables->filters.count - 1;
		HASH_ADD_KEYPTR(hh, tables->known_filters, &filter->plan, sizeof(filter->plan),
				known);
	}
	*ret = (uint16_t)known->id;
	return NULL;
}

struct err *tables_number(struct tables *tables, struct probe_set *set, size_t first)
{
	/* Plan 0 is the empty one. */
	struct err *e = tables->plans.count || array_push(&tables->plans) ? NULL : &err_nomem;
	if (!tables->filters.count && !array_push(&tables->filters))
		e = &err_nomem;
	for (size_t i = first; !e && i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		e = number_plan(tables, site->entry_plan, &site->wire.entry_plan);
		e = e ? e : number_plan(tables, site->return_plan, &site->wire.return_plan);
		e = e ? e : number_filter(tables, site->filter, &site->wire.filter);
	}
	return e;
}

static void forget(struct known_plan *all)
{
	struct known_plan *known, *next;
	HASH_ITER (hh, all, known, next) {
		HASH_DEL(all, known);
		free(known);
	}
}

void tables_deinit(struct tables *tables)
{
	forget(tables->known);
	forget(tables->known_filters);
	free(tables->plans.items);
	free(tables->filters.items);
	*tables = (struct tables){0};
}

void tables_want_stacks(struct probe_set *set, size_t first, bool of_samples_only)
{
	for (size_t i = first; i < set->sites.count; i++) {
		struct site *site = &set->sites.items[i]->wire;
		/* What the kernel's return probe replaces is known from the entry's stack. */
		if (of_samples_only && !(site->flags & (SITE_SAMPLE | SITE_TRAMPOLINE)))
			continue;
		if (site->kind && !probe_site_is_end(set->sites.items[i]) &&
		    !probe_site_has_no_stack(set->sites.items[i]))
			site->flags |= SITE_STACK;
	}
}

/* What a return may add to an entry that waited for it: little enough that both fit as they would
 * have fitted alone, whatever the limits of strings. */
#define KEPT_RETURN_MAX 1024

static uint64_t most_bytes(const struct fetch_plan *plan)
{
	uint64_t bytes = 0;
	for (uint16_t i = 0; plan && i < plan->n_ops; i++) {
		switch (plan->ops[i].code) {
		case FETCH_INT:
			bytes += sizeof(uint64_t);
			break;
		case FETCH_FILE:
			bytes += sizeof(struct fetch_blob) + sizeof(struct fetch_file) +
				 FETCH_FILE_MAX;
			break;
		case FETCH_LENGTH:
		case FETCH_STRING:
		case FETCH_BYTES:
			bytes += sizeof(struct fetch_blob) + (uint32_t)plan->ops[i].imm +
				 sizeof(uint64_t);
			break;
		default:
			break;
		}
	}
	return bytes;
}

static bool may_wait(const struct probe_site *site)
{
	/* A stack is told with its event, and not before it. */
	return site->wire.kind == SITE_ENTRY && (site->wire.flags & SITE_HAS_RETURN) &&
	       !(site->wire.flags & SITE_STACK) && most_bytes(site->return_plan) <= KEPT_RETURN_MAX;
}

void tables_fill_sites(const struct probe_set *set, size_t first, struct site *rows)
{
	for (size_t i = first; i < set->sites.count; i++) {
		rows[i] = set->sites.items[i]->wire;
		if (may_wait(set->sites.items[i]))
			rows[i].flags |= SITE_KEEP;
	}
}

/* Does `next` mean the same when it takes the whole register itself? */
static bool can_load(const struct fetch_op *load, const struct fetch_op *next)
{
	/* A list's step is taken again for each element, and must not begin anew. */
	if (load->code != FETCH_REG || load->shift || next->flags & FETCH_LIST)
		return false;
	if (next->code == FETCH_STRING || next->code == FETCH_BYTES || next->code == FETCH_DEREF)
		return load->size == 8;
	return next->code == FETCH_INT && next->size <= load->size;
}

/* A register on its way straight to a slot takes one step instead of two: steps are what a hit
 * costs beside the trap. The slots stay as they were. */
static void fuse(struct fetch_plan *plan)
{
	uint16_t n = 0;
	for (uint16_t i = 0; i < plan->n_ops; i++) {
		struct fetch_op op = plan->ops[i];
		if (i + 1 < plan->n_ops && can_load(&op, &plan->ops[i + 1])) {
			plan->ops[i + 1].reg = op.reg;
			plan->ops[i + 1].flags |= FETCH_FROM_REG;
			continue;
		}
		plan->ops[n++] = op;
	}
	plan->n_ops = n;
}

void tables_fill_plans(const struct tables *tables, size_t first, struct fetch_plan *rows)
{
	for (size_t i = first; i < tables->plans.count; i++) {
		const struct fetch_plan *plan = tables->plans.items[i];
		memcpy(&rows[i], plan, fetch_plan_size(plan));
		fuse(&rows[i]);
	}
}

void tables_fill_filters(const struct tables *tables, size_t first, struct filter_plan *rows)
{
	for (size_t i = first; i < tables->filters.count; i++)
		rows[i] = tables->filters.items[i]->plan;
}

void tables_fill_rates(const struct probe_set *set, size_t first, const struct rate_limit *all,
		       struct rate_row *rows)
{
	const struct probe *last = NULL;
	uint32_t shared = 0;
	for (size_t i = first; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		const struct rate_limit *limit = site->rate.count ? &site->rate : all;
		/* --rate is not for task life. */
		if (probe_site_is_end(site) ||
		    (!site->rate.count && (site->wire.flags & SITE_LIFE)))
			continue;
		/* The places of a marker follow each other. */
		if (site->probe != last)
			shared = site->id;
		last = site->probe;
		rows[i].period_ns = limit->period_ns;
		rows[i].shared = shared;
		rows[i].limit = limit->count;
	}
}
