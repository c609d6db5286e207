/* SPDX-License-Identifier: Apache-2.0 */
#include "output/changes.h"

#include <stdio.h>
#include <string.h>

/* As deep as shown_part() goes by itself. */
#define NESTING_MAX 24

struct walk {
	const struct shown_scope *scope;
	const struct changes_visitor *visitor;
	char path[CHANGES_PATH_MAX];
	uint32_t count;
	uint32_t level;
};

bool changes_known(const struct stream_event *event)
{
	return event->kind == STREAM_CALL && event->ending == ENDING_RETURNED &&
	       event->site->n_changes && event->arguments && event->results;
}

static void visit(struct walk *walk, const struct shown *before, const struct shown *after,
		  const char *why_not)
{
	const struct changes_pair pair = {walk->path, before, after, why_not};
	const struct changes_visitor *visitor = walk->visitor;
	bool take = walk->count < CHANGES_MAX;
	if (walk->count > CHANGES_MAX ||
	    (before && before->kind == SHOWN_UNAVAILABLE && after->kind == SHOWN_UNAVAILABLE))
		return;
	if (visitor->differs(visitor->context, &pair, take))
		walk->count++;
}

static bool is_compound(const struct shown *shown)
{
	return shown->kind == SHOWN_STRUCT || shown->kind == SHOWN_ARRAY;
}

static bool have_same_parts(const struct shown *before, const struct shown *after)
{
	if (!is_compound(before) || before->kind != after->kind ||
	    before->is_variant != after->is_variant)
		return false;
	if (before->is_variant)
		return strcmp(before->name, after->name) == 0;
	/* Of one type; a plan that is full has not all of the members. */
	return before->kind == SHOWN_STRUCT || before->count == after->count;
}

static void compare_parts(struct walk *walk, const struct shown *before, const struct shown *after,
			  const char *separator);

static bool is_followed(const struct value *value)
{
	return value->copy_slot || value->copy || value->n_members;
}

/* Not when one of the two plans had no room for it. */
static bool are_comparable(const struct value *before, const struct value *after)
{
	return !before->unavailable && !after->unavailable &&
	       is_followed(before) == is_followed(after);
}

/* A pointer that leads elsewhere by now has changed itself. False: it has not. */
static bool compare_pointers(struct walk *walk, const struct value *before,
			     const struct slots *first, const struct value *after,
			     const struct slots *second)
{
	uint64_t was, is;
	const char *why;
	if (before->type->kind != TYPE_POINTER || !value_scalar(before, first, &was, &why) ||
	    !value_scalar(after, second, &is, &why) || was == is)
		return false;
	struct shown a, b;
	shown_bits(before->type, was, &a);
	shown_bits(after->type, is, &b);
	visit(walk, &a, &b, NULL);
	return true;
}

static void compare(struct walk *walk, const struct shown *before, const struct shown *after,
		    const char *separator)
{
	if (have_same_parts(before, after) && walk->level < NESTING_MAX)
		compare_parts(walk, before, after, separator);
	else
		visit(walk, before, after, NULL);
}

/* One member, whose name goes behind what the path has already. */
static void compare_part(struct walk *walk, const struct shown *before, const struct shown *after,
			 uint32_t index, const char *separator)
{
	struct shown a, b;
	const char *name, *other, *next = ".";
	size_t used = strlen(walk->path);
	shown_part(walk->scope, before, index, &a, &name);
	shown_part(walk->scope, after, index, &b, &other);
	if (a.kind == SHOWN_HIDDEN || b.kind == SHOWN_HIDDEN)
		return;
	if (before->kind == SHOWN_ARRAY)
		snprintf(walk->path + used, sizeof(walk->path) - used, "[%u]", index);
	else if (*name)
		snprintf(walk->path + used, sizeof(walk->path) - used, "%s%s", separator, name);
	else
		next = separator; /* it belongs to the structure around it */
	bool is_done = false;
	if (before->members && after->members) {
		const struct value *member = &before->members[index];
		is_done = !are_comparable(member, &after->members[index]) ||
			  compare_pointers(walk, member, before->slots, &after->members[index],
					   after->slots);
		next = member->type->kind == TYPE_POINTER ? "->" : next;
	}
	a.boxed = b.boxed = false;
	if (!is_done)
		compare(walk, &a, &b, next);
	walk->path[used] = '\0';
}

static void compare_parts(struct walk *walk, const struct shown *before, const struct shown *after,
			  const char *separator)
{
	walk->level++;
	for (uint32_t i = 0; i < before->count && i < after->count; i++)
		compare_part(walk, before, after, i, separator);
	walk->level--;
}

/* The return found another address than the entry: it was not kept. */
static bool is_lost(const struct value_change *change, const struct stream_event *event)
{
	uint64_t was, is;
	const char *why;
	return value_scalar(change->before, event->arguments, &was, &why) &&
	       (!value_scalar(change->after, event->results, &is, &why) || was != is);
}

static void compare_argument(struct walk *walk, const struct value_change *change)
{
	const struct stream_event *event = walk->scope->event;
	const struct value *value = change->before;
	struct shown before, after;
	bool is_reference = strchr(value->type->name, '&') != NULL;
	shown_value(walk->scope, value, event->arguments, &before);
	shown_value(walk->scope, change->after, event->results, &after);
	bool is_star = !is_reference && before.kind != SHOWN_STRUCT;
	snprintf(walk->path, sizeof(walk->path), "%s%s", is_star ? "*" : "", value->name);
	before.boxed = after.boxed = false;
	if (before.kind == SHOWN_NULL)
		return;
	if (is_lost(change, event))
		visit(walk, NULL, NULL, "too many calls around it");
	else
		compare(walk, &before, &after, is_reference ? "." : "->");
}

void changes_walk(const struct shown_scope *scope, const struct changes_visitor *visitor,
		  bool *ret_more)
{
	struct walk walk = {.scope = scope, .visitor = visitor};
	const struct probe_site *site = scope->event->site;
	for (size_t i = 0; i < site->n_changes; i++)
		compare_argument(&walk, &site->changes[i]);
	*ret_more = walk.count > CHANGES_MAX;
}
