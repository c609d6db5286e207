/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_tally.c — the rows of -c and -C as objects. */
#include "output/json.h"
#include "output/tally.h"

static json_t *histogram(struct output *output, const struct tally *row)
{
	json_t *array = json_array();
	for (unsigned int n = 0; n < TALLY_BUCKETS; n++) {
		if (!row->buckets[n])
			continue;
		json_t *bucket = json_object();
		json_set(output, bucket, "from_ns", json_unsigned(n ? 1ULL << n : 0));
		json_set(output, bucket, "calls", json_unsigned(row->buckets[n]));
		if (json_array_append_new(array, bucket) != 0)
			output->nomem = true;
	}
	return array;
}

json_t *json_tally(struct output *output, const struct tally *row)
{
	json_t *line = json_object();
	json_set(output, line, "type", json_string_nocheck("count"));
	json_set(output, line, "name", json_text(output, row->name));
	json_set(output, line, "calls", json_unsigned(row->calls));
	json_set(output, line, "errors", json_unsigned(row->errors));
	json_set(output, line, "total_ns", json_decimal(row->total_ns));
	if (row->running)
		json_set(output, line, "running", json_unsigned(row->running));
	if (row->max_ns) {
		json_set(output, line, "min_ns", json_decimal(row->min_ns));
		json_set(output, line, "max_ns", json_decimal(row->max_ns));
		json_set(output, line, "histogram", histogram(output, row));
	}
	return line;
}
