/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/summary.c — strace's letters for counting system calls, and for how they end. */
#include <string.h>

#include "cli/options/options.h"
#include "kernel/status.h"

#define ALL_STATUSES (STATUS_SUCCESSFUL | STATUS_FAILED | STATUS_UNFINISHED | STATUS_DETACHED)

static const struct {
	const char *name;
	uint32_t bits;
} statuses[] = {
	{"successful", STATUS_SUCCESSFUL},
	{"failed", STATUS_FAILED},
	{"unfinished", STATUS_UNFINISHED},
	{"detached", STATUS_DETACHED},
	/* strace's word for results that it could not get; here there are none. */
	{"unavailable", 0},
	{"all", ALL_STATUSES},
	{"none", 0},
};

static struct err *status_bits(const char *word, size_t length, uint32_t *ret)
{
	for (size_t i = 0; i < array_size(statuses); i++) {
		if (strlen(statuses[i].name) == length &&
		    !strncmp(statuses[i].name, word, length)) {
			*ret |= statuses[i].bits;
			return NULL;
		}
	}
	return err_hint(err_new(ERR_USAGE, 0, "--status: '%.*s' is not known", (int)length, word),
			"a list of: successful, failed, unfinished, detached; '!' before it means "
			"all others");
}

struct err *options_parse_status(const char *text, uint32_t *ret)
{
	bool negated = *text == '!';
	uint32_t bits = 0;
	for (const char *word = text + negated;; word++) {
		size_t length = strcspn(word, ",");
		struct err *e = status_bits(word, length, &bits);
		if (e)
			return e;
		word += length;
		if (!*word)
			break;
	}
	bits = negated ? ALL_STATUSES & ~bits : bits;
	if (!bits)
		return err_hint(err_new(ERR_USAGE, 0, "--status: '%s' leaves nothing", text),
				"successful, failed, unfinished, detached");
	*ret = bits;
	return NULL;
}

struct err *options_add_summary(struct options *options, int letter, const char *text)
{
	switch (letter) {
	case 'c':
	case 'C':
		if (options->tally && options->tally_only != (letter == 'c'))
			return err_hint(err_new(ERR_USAGE, 0, "both -c and -C were given"),
					"-c: only the table; -C: events, too");
		options->tally = true;
		options->tally_only = letter == 'c';
		return NULL;
	case 'S':
		return tally_parse_sort(text, &options->tally_layout);
	case 'U':
		return tally_parse_columns(text, &options->tally_layout);
	case 'z':
	case 'Z':
		if (options->statuses)
			return err_hint(err_new(ERR_USAGE, 0,
						"of -z, -Z and --status only one makes sense"),
					"several ends: --status=failed,unfinished");
		options->statuses = letter == 'Z' ? STATUS_FAILED : STATUS_SUCCESSFUL;
		return NULL;
	default: /* -w: there are no other times */
		return NULL;
	}
}

/* Of what is only counted, nothing is shown; and only system calls are counted. */
struct err *options_check_summary(const struct options *options)
{
	if (options->command != COMMAND_TRACE && (options->tally || options->statuses))
		return err_hint(err_new(ERR_USAGE, 0, "%s: of what?", options->tally ? "-c" : "-z"),
				"it goes with a trace: utrail -c -p PID");
	if (options->unfinished && options->output.format == OUTPUT_JSON)
		return err_hint(err_new(ERR_USAGE, 0, "--unfinished is not for JSON"),
				"there a call is one object: time_ns is when it began, dur_ns how "
				"long it took");
	if (options->unfinished && options->statuses)
		return err_hint(
			err_new(ERR_USAGE, 0, "--unfinished does not go with -z, -Z or --status"),
			"whether a call is shown is known when it has returned");
	if (!options->tally_only)
		return NULL;
	const char *given = options->stacks != STACKS_NONE ? "-k"
			    : options->inside		   ? "--inside"
			    : options->max_events	   ? "--max-events"
			    : options->rate.count	   ? "--rate"
			    : options->pairs.count	   ? "'~~'"
			    : options->unfinished	   ? "--unfinished"
							   : NULL;
	if (given)
		return err_hint(
			err_new(ERR_USAGE, 0, "-c shows no events, so there is no %s", given),
			"-C shows them, and counts");
	return NULL;
}
