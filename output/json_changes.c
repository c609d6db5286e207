/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_changes.c — "changes":[{"path":"st->count","before":1,"after":2}] */
#include "output/changes.h"
#include "output/json.h"

struct writing {
	struct output *output;
	const struct shown_scope *scope;
	json_t *array;
};

static void append(struct writing *writing, json_t *item)
{
	if (json_array_append_new(writing->array, item) != 0)
		writing->output->nomem = true;
}

static bool set_pair(void *context, const struct changes_pair *pair, bool take)
{
	struct writing *writing = context;
	struct output *output = writing->output;
	json_t *before = NULL, *after = NULL;
	if (!pair->why_not) {
		before = json_shown(output, writing->scope, pair->before);
		after = json_shown(output, writing->scope, pair->after);
	}
	bool differs = pair->why_not || !json_equal(before, after);
	if (!differs || !take) {
		json_decref(before);
		json_decref(after);
		return differs;
	}
	json_t *item = json_object();
	json_set(output, item, "path", json_text(output, pair->path));
	if (pair->why_not) {
		json_set(output, item, "unavailable", json_text(output, pair->why_not));
	} else {
		json_set(output, item, "before", before);
		json_set(output, item, "after", after);
	}
	append(writing, item);
	return true;
}

void json_changes(struct output *output, json_t *line, const struct shown_scope *scope)
{
	struct writing writing = {.output = output, .scope = scope};
	const struct changes_visitor visitor = {&writing, set_pair};
	bool more;
	if (!changes_known(scope->event))
		return;
	writing.array = json_array();
	changes_walk(scope, &visitor, &more);
	json_set(output, line, "changes", writing.array);
	if (more)
		json_set(output, line, "changes_truncated", json_true());
}
