/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/text_view.c — events of the kernel's views, behind their names.
 *
 *	tcp:connect(local=127.0.0.1:40312, remote=127.0.0.1:80, result=0) <0.000043>
 *	tcp:retransmit(local=..., state=SYN_SENT, retransmits=1) (out of context)
 */
#include "output/writer.h"

static bool is_loud(const struct value *value)
{
	return !value->quiet;
}

static void put_place(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	if (!(event->view_flags & EVENT_VIEW_ELSEWHERE))
		return;
	text_color(output, COLOR_DIM);
	if (event->view_flags & EVENT_VIEW_NOBODY) {
		buffer_put_literal(buffer, " (owner not known)");
	} else if (event->inside) {
		buffer_put_literal(buffer, " (begun in ");
		text_label(buffer, event->inside);
		buffer_put_char(buffer, ')');
	} else {
		buffer_put_literal(buffer, " (out of context)");
	}
	text_color(output, COLOR_OFF);
}

void text_view(struct output *output, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	text_arguments(output, &scope, is_loud);
	if (event->view_flags & EVENT_VIEW_DURATION)
		text_duration(&output->buffer, event->duration_ns);
	else if (event->view_flags & EVENT_VIEW_BEFORE)
		buffer_put_literal(&output->buffer, " <began before tracing>");
	put_place(output, event);
}
