/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/output_forms.h — a value as both writers show it. */
#ifndef UTRAIL_TESTS_OUTPUT_FORMS_H
#define UTRAIL_TESTS_OUTPUT_FORMS_H

#include <stdio.h>

#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

/* Text and JSON of a system call with one argument are these. Frees the event. */
static inline void assert_shown(struct made *made, const char *text, const char *json)
{
	struct output_options options = made_options(OUTPUT_TEXT);
	char expected[1024];
	char *line = written_event(&options, made, false);
	snprintf(expected, sizeof(expected), "[4242/4250] call(%s) = ", text);
	/* What it returned is of other tests. */
	if (strlen(line) > strlen(expected))
		line[strlen(expected)] = '\0';
	assert_string_equal(line, expected);
	free(line);
	options = made_options(OUTPUT_JSON);
	line = written_event(&options, made, false);
	snprintf(expected, sizeof(expected), "\"args\":{\"a\":%s}", json);
	if (!strstr(line, expected))
		fail_msg("%s is not in %s", expected, line);
	free(line);
	made_free(made);
}

#endif
