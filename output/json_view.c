/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_view.c — events of the kernel's views. */
#include "output/json.h"

void json_view(struct output *output, json_t *line, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	bool elsewhere = event->view_flags & EVENT_VIEW_ELSEWHERE;
	const char *context = event->view_flags & EVENT_VIEW_NOBODY ? "unknown"
			      : elsewhere			    ? "other"
								    : "thread";
	json_set(output, line, "name", json_text(output, event->site->probe->name));
	json_set(output, line, "context", json_string_nocheck(context));
	if (!elsewhere)
		json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "inside",
		 event->inside ? json_label(output, event->inside) : json_null());
	if (event->view_flags & EVENT_VIEW_BEFORE)
		json_set(output, line, "began", json_string_nocheck("before tracing"));
	json_set(output, line, "args", json_arguments(output, &scope));
}
