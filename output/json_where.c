/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_where.c — the member "where" of a span. */
#include <stdio.h>

#include "output/json.h"

static json_t *json_part(struct output *output, const struct where_part *part)
{
	char name[SYSCALL_NAME_MAX], address[2 + 16 + 1];
	const char *on = blocked_on_name(part->on);
	json_t *object = json_object();
	json_set(output, object, "in",
		 json_text(output, output_syscall_name(output, part->syscall, name)));
	if (part->lock) {
		snprintf(address, sizeof(address), "%#llx", (unsigned long long)part->lock);
		json_set(output, object, "lock", json_string_nocheck(address));
	}
	if (on)
		json_set(output, object, "on", json_string_nocheck(on));
	json_set(output, object, "ns", json_decimal(part->ns));
	return object;
}

static json_t *json_parts(struct output *output, const struct stream_where *where)
{
	json_t *array = json_array();
	for (size_t i = 0; where->parts && i < where->parts->count; i++)
		if (json_array_append_new(array, json_part(output, &where->parts->items[i])) != 0)
			output->nomem = true;
	return array;
}

void json_where(struct output *output, json_t *line, const struct stream_where *where)
{
	if (where->unknown) {
		json_set(output, line, "where", json_unavailable(output, where->unknown));
		return;
	}
	json_t *object = json_object();
	json_set(output, object, "cpu_ns", json_decimal(where->cpu_ns));
	json_set(output, object, "waiting_ns", json_decimal(where->waiting_ns));
	json_set(output, object, "blocked_ns", json_decimal(where->blocked_ns));
	if (where->blocked_ns)
		json_set(output, object, "blocked", json_parts(output, where));
	if (where->rest_ns)
		json_set(output, object, "not_told_ns", json_decimal(where->rest_ns));
	json_set(output, object, "minor_faults", json_unsigned(where->minor_faults));
	json_set(output, object, "major_faults", json_unsigned(where->major_faults));
	json_set(output, line, "where", object);
}
