/* SPDX-License-Identifier: Apache-2.0 */
/* output/stat_json.h — rows of `utrail stat` as JSON, inside this folder. */
#ifndef UTRAIL_OUTPUT_STAT_JSON_H
#define UTRAIL_OUTPUT_STAT_JSON_H

#include "output/stat.h"
#include "output/writer.h"

/* One line, not ended. */
struct err *stat_put_json(struct output *output, const struct output_stats *stats,
			  const struct output_stat *row) must_check;

#endif
