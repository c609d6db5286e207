/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/signals.c — which signals a spec means: SIGCHLD, CHLD, 17, SIGRT*. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan/plan.h"
#include "output/names.h"

/* What strace and the C library also call them. */
static const struct {
	const char *name;
	int number;
} others[] = {{"SIGPOLL", SIGPOLL}, {"SIGIOT", SIGABRT}, {"SIGCLD", SIGCHLD}, {"SIGRTMAX", 64}};

/* In small letters, too, as with strace and kill(1). */
static bool is_called(const struct spec *spec, const char *name)
{
	char small[NAMES_MAX];
	size_t i = 0;
	for (; name[i] && i + 1 < sizeof(small); i++)
		small[i] = (char)tolower((unsigned char)name[i]);
	small[i] = '\0';
	return spec_name_matches(spec, name) || spec_name_matches(spec, name + strlen("SIG")) ||
	       spec_name_matches(spec, small) || spec_name_matches(spec, small + strlen("SIG"));
}

static bool matches(const struct spec *spec, int number)
{
	char text[NAMES_MAX], digits[NAMES_MAX];
	snprintf(digits, sizeof(digits), "%d", number);
	if (is_called(spec, names_signal(number, text)) || spec_name_matches(spec, digits))
		return true;
	for (size_t i = 0; i < array_size(others); i++)
		if (others[i].number == number && is_called(spec, others[i].name))
			return true;
	return false;
}

/* `signal` alone: the parser leaves the word itself as the name. */
static bool is_bare(const struct spec *spec)
{
	return !spec->kind_given;
}

struct err *plan_find_signals(const struct spec *spec, uint64_t *ret)
{
	uint64_t chosen = is_bare(spec) ? UINT64_MAX : 0;
	for (int number = 1; number <= 64; number++)
		if (matches(spec, number))
			chosen |= 1ULL << (number - 1);
	*ret = chosen;
	if (!chosen && !spec->optional)
		return err_hint(err_new(ERR_USAGE, 0, "'%s': there is no such signal", spec->text),
				"'kill -l' lists them: signal:SIGCHLD, signal:CHLD, 'signal:RT*'");
	return NULL;
}
