/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/mistake.c — what is wrong with a command line that getopt does not understand. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/options/options.h"
#include "common/distance.h"

/* The option that a word names, by its whole name, a beginning of it, or its letter; NULL: none. */
static const struct argp_option *find_option(const struct argp_option *table, const char *word)
{
	size_t length = strcspn(word, "=");
	for (const struct argp_option *o = table; o->name || o->key; o++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s", o->name ? o->name : "");
		if (word[1] == '-' ? o->name && length > 2 && !strncmp(name, word, length)
				   : word[1] == o->key)
			return o;
	}
	return NULL;
}

static struct err *unknown_option(const struct argp_option *table, const char *word)
{
	const char *nearest = NULL;
	char name[64] = "";
	if (word[1] == '-')
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	/* With more than half of its letters changed, it is another word. */
	size_t best = strlen(name) / 2 + 1;
	for (const struct argp_option *o = table; o->name || o->key; o++) {
		size_t how_far = o->name ? word_distance(name, o->name) : best;
		if (!*name || how_far >= best)
			continue;
		best = how_far;
		nearest = o->name;
	}
	struct err *e = err_new(ERR_USAGE, 0, "there is no option '%s'", word);
	return nearest ? err_hint(e, "did you mean '--%s'? All options: utrail --help", nearest)
		       : err_hint(e, "all options: utrail --help");
}

/* What getopt stumbled over: an option that is not known, or one without its value. */
struct err *options_mistake(const struct argp_option *table, char **argv)
{
	const struct argp_option *last = NULL;
	const char *word = "";
	bool needs_value = false;
	for (char **at = argv + 1; *at && strcmp(*at, "--") != 0; at++) {
		if (at[0][0] != '-' || !at[0][1])
			continue;
		word = *at;
		last = find_option(table, word);
		if (!last)
			return unknown_option(table, word);
		bool has_value = strchr(word, '=') || (word[1] != '-' && word[2]);
		needs_value = last->arg && !has_value && !*++at;
		if (needs_value)
			break;
		if (!last->arg && word[1] == '-' && has_value)
			return err_hint(err_new(ERR_USAGE, 0, "'--%s' takes no value", last->name),
					"all options: utrail --help");
	}
	if (needs_value)
		return err_hint(err_new(ERR_USAGE, 0, "'%s' needs a value", word), "%s %s: %s",
				word, last->arg, last->doc ? last->doc : "see utrail --help");
	return err_hint(err_new(ERR_USAGE, 0, "the option '%s' cannot be used so", word),
			"all options: utrail --help");
}
