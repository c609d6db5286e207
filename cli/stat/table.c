/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat/table.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "kernel/views.h"

/* --- how many rows ---------------------------------------------------------------------------- */

/* The kernel takes the memory at once: for each CPU a copy of each row. */
#define BYTES_MAX   (64U << 20)
#define ROWS_MIN    1024U
#define ROWS_USUAL  4096U
#define ROWS_A_SPAN 4U /* beyond that: a function is called from few others */

static bool is_call(const struct probe_site *site)
{
	return site->wire.kind == SITE_ENTRY || site->wire.flags & SITE_GO;
}

uint32_t stat_table_size(const struct probe_set *set, bool growing, uint32_t cpus)
{
	uint64_t spans = 0;
	for (size_t i = 1; i < set->sites.count; i++)
		spans += is_call(set->sites.items[i]);
	uint64_t all = (spans + 1) * set->sites.count;
	uint64_t wanted = ROWS_USUAL + spans * ROWS_A_SPAN;
	uint64_t room = BYTES_MAX / (sizeof(struct sum_row) * (cpus ? cpus : 1));
	if (!growing && wanted > all)
		wanted = all;
	if (wanted > room)
		wanted = room;
	return wanted < ROWS_MIN ? ROWS_MIN : (uint32_t)wanted;
}

/* --- what is kept ------------------------------------------------------------------------------
 */

struct edge_key {
	const struct probe *probe, *inside;
};

/* One thing in one function. */
struct stat_edge {
	struct edge_key key;
	bool is_span, has_end, may_fail, no_where;
	struct sum_row now, before;
	struct sum_row shown; /* of the two, what the rows at hand tell */
	struct group *group;  /* of `inside`; NULL: it has none */
	UT_hash_handle hh;
};

/* A function, in whatever function it was called. */
struct group {
	const struct probe *probe;
	bool has_end, no_where;
	struct sum_row sum;
	struct stat_edge *first; /* of those in it */
	UT_hash_handle hh;
};

void sum_row_add(struct sum_row *to, const struct sum_row *from)
{
	to->begun += from->begun;
	to->ended += from->ended;
	to->unwound += from->unwound;
	to->errors += from->errors;
	to->total_ns += from->total_ns;
	to->self_ns += from->self_ns;
	to->blocked_ns += from->blocked_ns;
	to->waited_ns += from->waited_ns;
	if (to->max_ns < from->max_ns)
		to->max_ns = from->max_ns;
	if (to->min_inverted < from->min_inverted)
		to->min_inverted = from->min_inverted;
	for (size_t i = 0; i < SUM_BUCKETS; i++)
		to->histogram[i] += from->histogram[i];
}

/* A call may be taken back when its condition is known: then it was counted in the time before, and
 * there is nothing in this one. */
static uint64_t difference(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void subtract(struct sum_row *from, const struct sum_row *before)
{
	from->begun = difference(from->begun, before->begun);
	from->ended = difference(from->ended, before->ended);
	from->unwound = difference(from->unwound, before->unwound);
	from->errors = difference(from->errors, before->errors);
	from->total_ns = difference(from->total_ns, before->total_ns);
	from->self_ns = difference(from->self_ns, before->self_ns);
	from->blocked_ns = difference(from->blocked_ns, before->blocked_ns);
	from->waited_ns = difference(from->waited_ns, before->waited_ns);
	for (size_t i = 0; i < SUM_BUCKETS; i++)
		from->histogram[i] = difference(from->histogram[i], before->histogram[i]);
}

/* --- what was counted ------------------------------------------------------------------------- */

static const struct probe_site *find_site(const struct stat_table *table, uint32_t id)
{
	return id < table->set->sites.count ? table->set->sites.items[id] : NULL;
}

struct err *stat_table_add(struct stat_table *table, const struct sum_key *key,
			   const struct sum_row *row)
{
	const struct probe_site *site = find_site(table, key->site);
	const struct probe_site *parent = find_site(table, key->parent);
	struct stat_edge *edge;
	if (!site)
		return err_new(ERR_FAILED, 0, "the kernel's table names a place that is not there");
	struct edge_key probes = {site->probe, parent ? parent->probe : NULL};
	HASH_FIND(hh, table->edges, &probes, sizeof(probes), edge);
	if (!edge) {
		edge = calloc(1, sizeof(*edge));
		if (!edge)
			return &err_nomem;
		edge->key = probes;
		edge->is_span = is_call(site);
		edge->has_end = site->wire.flags & (SITE_HAS_RETURN | SITE_GO);
		edge->no_where = (site->wire.flags & SITE_GO) || probe_site_is_of_nobody(site);
		edge->may_fail =
			site->probe->kind == PROBE_SYSCALL || (site->view && site->view->may_fail);
		HASH_ADD(hh, table->edges, key, sizeof(edge->key), edge);
	}
	sum_row_add(&edge->now, row);
	return NULL;
}

void stat_table_clear(struct stat_table *table)
{
	for (struct stat_edge *edge = table->edges; edge; edge = edge->hh.next)
		edge->now = (struct sum_row){0};
}

void stat_table_keep(struct stat_table *table)
{
	for (struct stat_edge *edge = table->edges; edge; edge = edge->hh.next)
		edge->before = edge->now;
}

uint64_t stat_table_hits(const struct stat_table *table)
{
	uint64_t hits = 0;
	for (const struct stat_edge *edge = table->edges; edge; edge = edge->hh.next)
		hits += edge->now.begun;
	return hits;
}

void stat_table_deinit(struct stat_table *table)
{
	struct stat_edge *edge, *next;
	HASH_ITER (hh, table->edges, edge, next) {
		HASH_DEL(table->edges, edge);
		free(edge);
	}
	free(table->rows.items);
	*table = (struct stat_table){0};
}

/* --- in which order --------------------------------------------------------------------------- */

static int compare_rows(const struct sum_row *a, const struct sum_row *b)
{
	if (a->total_ns != b->total_ns)
		return a->total_ns < b->total_ns ? 1 : -1;
	return (a->begun < b->begun) - (a->begun > b->begun);
}

static int compare_groups(const struct group *a, const struct group *b)
{
	int order = compare_rows(&a->sum, &b->sum);
	return order ? order : strcmp(a->probe->name, b->probe->name);
}

/* Those of one group together; those of none first. */
static int compare_edges(const struct stat_edge *a, const struct stat_edge *b)
{
	if (a->group != b->group)
		return (uintptr_t)a->group < (uintptr_t)b->group ? -1 : 1;
	int order = compare_rows(&a->shown, &b->shown);
	return order ? order : strcmp(a->key.probe->name, b->key.probe->name);
}

static bool is_empty(const struct sum_row *row)
{
	return !row->begun && !row->ended && !row->unwound;
}

static struct group *get_group(struct group **groups, const struct probe *probe)
{
	struct group *group;
	HASH_FIND_PTR(*groups, &probe, group);
	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->probe = probe;
	HASH_ADD_PTR(*groups, probe, group);
	return group;
}

static void free_groups(struct group *groups)
{
	struct group *group, *next;
	HASH_ITER (hh, groups, group, next) {
		HASH_DEL(groups, group);
		free(group);
	}
}

static struct err *group_edge(struct stat_edge *edge, struct group **groups)
{
	struct group *own = NULL;
	edge->group = NULL;
	if (is_empty(&edge->shown))
		return NULL;
	if (edge->key.inside) {
		edge->group = get_group(groups, edge->key.inside);
		if (!edge->group)
			return &err_nomem;
	}
	if (!edge->is_span)
		return NULL;
	own = get_group(groups, edge->key.probe);
	if (!own)
		return &err_nomem;
	own->has_end |= edge->has_end;
	own->no_where |= edge->no_where;
	sum_row_add(&own->sum, &edge->shown);
	return NULL;
}

static struct err *put_row(struct stat_table *table, const struct output_stat *row)
{
	struct output_stat *fresh = array_push(&table->rows);
	if (!fresh)
		return &err_nomem;
	*fresh = *row;
	return NULL;
}

static struct err *put_edge(struct stat_table *table, const struct stat_edge *edge, bool is_nested)
{
	const struct output_stat row = {.probe = edge->key.probe,
					.inside = edge->key.inside,
					.use = edge->is_span ? STAT_IN_JSON : STAT_IN_BOTH,
					.is_span = edge->is_span,
					.has_end = edge->has_end,
					.no_where = edge->no_where,
					.may_fail = edge->may_fail,
					.is_nested = is_nested,
					.sum = edge->shown};
	return put_row(table, &row);
}

/* What happened in `group`; NULL: in no function. */
static struct err *put_edges(struct stat_table *table, const struct group *group, bool is_nested)
{
	struct err *e = NULL;
	const struct stat_edge *edge = group ? group->first : table->edges;
	for (; !e && edge && edge->group == group; edge = edge->hh.next)
		if (!is_empty(&edge->shown))
			e = put_edge(table, edge, is_nested);
	return e;
}

static struct err *put_group(struct stat_table *table, const struct group *group)
{
	const struct output_stat row = {.probe = group->probe,
					.use = STAT_IN_TEXT,
					.is_span = true,
					.has_end = group->has_end,
					.no_where = group->no_where,
					.sum = group->sum};
	struct err *e = put_row(table, &row);
	return e ? e : put_edges(table, group, true);
}

static bool has_loners(const struct stat_table *table)
{
	for (const struct stat_edge *edge = table->edges; edge; edge = edge->hh.next)
		if (!edge->group && !edge->is_span && !is_empty(&edge->shown))
			return true;
	return false;
}

static void find_first(const struct stat_table *table)
{
	const struct group *last = NULL;
	for (struct stat_edge *edge = table->edges; edge; edge = edge->hh.next) {
		if (edge->group && edge->group != last)
			edge->group->first = edge;
		last = edge->group;
	}
}

struct err *stat_table_sort(struct stat_table *table, bool since_last)
{
	static const struct output_stat title = {.use = STAT_IN_TEXT};
	struct group *groups = NULL;
	struct err *e = NULL;
	table->rows.count = 0;
	for (struct stat_edge *edge = table->edges; !e && edge; edge = edge->hh.next) {
		edge->shown = edge->now;
		if (since_last)
			subtract(&edge->shown, &edge->before);
		e = group_edge(edge, &groups);
	}
	HASH_SORT(table->edges, compare_edges);
	HASH_SORT(groups, compare_groups);
	find_first(table);
	for (const struct group *group = groups; !e && group; group = group->hh.next)
		e = put_group(table, group);
	if (!e && groups && has_loners(table))
		e = put_row(table, &title);
	e = e ? e : put_edges(table, NULL, groups != NULL);
	free_groups(groups);
	return e;
}
