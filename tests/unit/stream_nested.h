/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/stream_nested.h — the nesting by itself: records go in without a queue or a window. */
#ifndef UTRAIL_TESTS_STREAM_NESTED_H
#define UTRAIL_TESTS_STREAM_NESTED_H

#include "tests/unit/stream_log.h"

#include "stream/nesting.h"

struct nested {
	struct stream_log log;
	struct stream_options options;
	struct stream_counts counts;
	struct losses losses;
	struct nesting nesting;
};

/* The log is ready, with all its sites; `options` without a set. */
static inline void nested_init(struct nested *nested, struct stream_options options)
{
	nested->options = options;
	nested->options.set = &nested->log.set;
	assert_ok(losses_resize(&nested->losses, nested->log.set.sites.count));
	nested->nesting = (struct nesting){
		.options = &nested->options, .counts = &nested->counts, .losses = &nested->losses};
}

/* For cmocka. What *state points to begins with its struct nested. */
static inline int nested_tear_down(void **state)
{
	struct nested *nested = *state;
	goroutines_deinit(&nested->nesting.goroutines);
	tasks_deinit(&nested->nesting.tasks);
	losses_deinit(&nested->losses);
	probe_set_deinit(&nested->log.set);
	free(nested);
	return 0;
}

#endif
