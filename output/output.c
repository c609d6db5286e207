/* SPDX-License-Identifier: Apache-2.0 */
#include "output/output.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "output/json_memory.h"
#include "output/writer.h"

static void output_destroyp(struct output **output)
{
	output_destroy(*output);
}

struct err *output_create(int fd, const char *fd_name, const struct output_options *options,
			  struct output **ret)
{
	_cleanup_(output_destroyp) struct output *output = calloc(1, sizeof(*output));
	if (!output)
		return &err_nomem;
	output->options = *options;
	output->writer = options->format == OUTPUT_JSON ? &json_writer : &text_writer;
	clock_init(&output->clock, options);
	struct err *e = buffer_init(&output->buffer, fd, fd_name);
	if (options->format == OUTPUT_JSON) {
		json_memory_use();
		e = e ?: buffer_init(&output->scratch, -1, "");
	}
	if (e)
		return e;
	*ret = take_ptr(output);
	return NULL;
}

void output_destroy(struct output *output)
{
	if (!output)
		return;
	buffer_deinit(&output->buffer);
	buffer_deinit(&output->scratch);
	free(output);
}

/* A line that failed is taken back as a whole. */
static struct err *end_line(struct output *output, struct err *e)
{
	struct buffer *buffer = &output->buffer;
	if (e) {
		buffer_drop_line(buffer);
		return e;
	}
	return buffer->used > buffer->line || buffer->nomem ? buffer_end_line(buffer) : NULL;
}

struct err *output_begin(struct output *output, const struct output_header *header)
{
	return end_line(output, output->writer->begin(output, header));
}

/* Nothing that comes is written any more. */
static bool is_dropping(const struct output *output)
{
	return output->buffer.closed || output->buffer.failed;
}

struct err *output_opened(void *output, const struct stream_event *event)
{
	struct output *out = output;
	if (is_dropping(out))
		return NULL;
	return end_line(out, out->writer->opened(out, event));
}

struct err *output_event(void *output, const struct stream_event *event, bool was_opened)
{
	struct output *out = output;
	if (event->kind != STREAM_LOST && event->kind != STREAM_SUPPRESSED &&
	    event->kind != STREAM_MISSED && event->kind != STREAM_GAP)
		buffer_count_line(&out->buffer);
	if (is_dropping(out)) {
		buffer_drop_line(&out->buffer);
		return NULL;
	}
	return end_line(out, out->writer->event(out, event, was_opened));
}

struct err *output_cost(struct output *output, const struct output_cost *cost)
{
	if (is_dropping(output))
		return NULL;
	return end_line(output, output->writer->cost(output, cost));
}

struct err *output_tallies(struct output *output, const struct tally_list *list,
			   const struct tally_layout *layout)
{
	if (is_dropping(output))
		return NULL;
	return end_line(output, output->writer->tallies(output, list, layout));
}

struct err *output_flush(struct output *output)
{
	return buffer_flush(&output->buffer);
}

struct err *output_end(struct output *output, const struct output_summary *summary)
{
	struct err *e = end_line(output, output->writer->end(output, summary));
	return e ?: buffer_flush(&output->buffer);
}

bool output_closed(const struct output *output)
{
	return output->buffer.closed;
}

bool output_failed(const struct output *output)
{
	return output->buffer.failed;
}

uint64_t output_unwritten(const struct output *output)
{
	return output->buffer.unwritten;
}

void output_trim(struct output *output)
{
	buffer_trim(&output->buffer);
}
