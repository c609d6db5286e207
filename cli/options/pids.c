/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/pids.c — the processes that are named: -p, and inside of specs. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/options/options.h"

/* Each once, however often it is named. */
static struct err *add_pid(struct options *options, pid_t pid)
{
	for (size_t i = 0; i < options->pids.count; i++)
		if (options->pids.items[i] == pid)
			return NULL;
	pid_t *kept = array_push(&options->pids);
	if (!kept)
		return &err_nomem;
	*kept = pid;
	return NULL;
}

/* "1,2 3\n4": as $(pidof x) prints them. */
struct err *options_add_pids(struct options *options, const char *text)
{
	bool any = false;
	while (*text) {
		size_t length = strcspn(text, ", \t\n");
		char word[32];
		uint64_t pid;
		if (length >= sizeof(word))
			length = sizeof(word) - 1;
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (length) {
			struct err *e = options_parse_number("-p", word, 1, INT_MAX, &pid);
			if (e)
				return err_hint(e, "a list of process ids: -p 4242 or -p \"$(pidof "
						   "NAME)\"");
			any = true;
			e = add_pid(options, (pid_t)pid);
			if (e)
				return e;
		}
		text += length;
		text += strspn(text, ", \t\n");
	}
	if (!any)
		return err_hint(err_new(ERR_USAGE, 0, "-p: no process id given"),
				"is the process running? 'pidof NAME' prints nothing when not");
	return NULL;
}

/* DTrace's pid123:… names the process inside the spec. */
struct err *options_collect_spec_pids(struct options *options)
{
	for (size_t i = 0; i < options->specs.count; i++) {
		pid_t pid = options->specs.items[i].pid;
		struct err *e = pid ? add_pid(options, pid) : NULL;
		if (e)
			return e;
	}
	return NULL;
}
