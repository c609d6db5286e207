/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tables.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/array.h"

struct known_plan {
	const struct fetch_plan *plan;
	uint32_t id;
	UT_hash_handle hh;
};

struct making {
	struct known_plan *known;
	ARRAY_OF(const struct fetch_plan *) plans;
};

static struct err *number_plan(struct making *making, const struct fetch_plan *plan, uint32_t *ret)
{
	struct known_plan *known;
	*ret = 0;
	if (!plan)
		return NULL;
	size_t size = fetch_plan_size(plan);
	HASH_FIND(hh, making->known, plan, size, known);
	if (!known) {
		const struct fetch_plan **kept = array_push(&making->plans);
		known = calloc(1, sizeof(*known));
		if (!kept || !known) {
			free(known);
			return &err_nomem;
		}
		*kept = plan;
		known->plan = plan;
		known->id = (uint32_t)making->plans.count - 1;
		HASH_ADD_KEYPTR(hh, making->known, plan, size, known);
	}
	*ret = known->id;
	return NULL;
}

static void forget(struct making *making)
{
	struct known_plan *known, *next;
	HASH_ITER (hh, making->known, known, next) {
		HASH_DEL(making->known, known);
		free(known);
	}
}

struct err *tables_make(struct probe_set *set, struct tables *ret)
{
	struct making making = {0};
	struct err *e = array_push(&making.plans) ? NULL : &err_nomem;
	for (size_t i = 1; !e && i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		e = number_plan(&making, site->entry_plan, &site->wire.entry_plan);
		e = e ? e : number_plan(&making, site->return_plan, &site->wire.return_plan);
	}
	forget(&making);
	if (e) {
		free(making.plans.items);
		return e;
	}
	ret->plans = making.plans.items;
	ret->n_plans = making.plans.count;
	return NULL;
}

void tables_deinit(struct tables *tables)
{
	free(tables->plans);
	*tables = (struct tables){0};
}

void tables_fill_sites(const struct probe_set *set, struct site *rows)
{
	for (size_t i = 1; i < set->sites.count; i++)
		rows[i] = set->sites.items[i]->wire;
}

/* Does `next` mean the same when it takes the whole register itself? */
static bool can_load(const struct fetch_op *load, const struct fetch_op *next)
{
	/* A list's step is taken again for each element, and must not begin anew. */
	if (load->code != FETCH_REG || load->shift || next->flags & FETCH_LIST)
		return false;
	if (next->code == FETCH_STRING || next->code == FETCH_BYTES)
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

void tables_fill_plans(const struct tables *tables, struct fetch_plan *rows)
{
	for (size_t i = 1; i < tables->n_plans; i++) {
		memcpy(&rows[i], tables->plans[i], fetch_plan_size(tables->plans[i]));
		fuse(&rows[i]);
	}
}
