/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/values.c — numbers, words and sizes after options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options/options.h"
#include "common/array.h"

struct err *options_parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
				 uint64_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);
	unsigned int shift = 0;
	bool no_digits = end == text;
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'm' || *end == 'M')
		shift = 20;
	if (shift)
		end++;
	if (no_digits || *end || *text == '-' || errno || value > (UINT64_MAX >> shift) ||
	    (value << shift) < min || (value << shift) > max)
		return err_why(err_new(ERR_USAGE, 0, "%s: '%s' will not do", option, text),
			       "it takes a number from %llu to %llu", (unsigned long long)min,
			       (unsigned long long)max);
	*ret = (uint64_t)value << shift;
	return NULL;
}

struct err *options_parse_choice(const char *option, const char *text, const char *const *choices,
				 size_t count, int *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(choices[i], text) == 0) {
			*ret = (int)i;
			return NULL;
		}
	}
	char all[128] = "";
	for (size_t i = 0; i < count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 choices[i]);
	return err_why(err_new(ERR_USAGE, 0, "%s: '%s' is not known", option, text),
		       "it takes one of: %s", all);
}

struct err *options_parse_ring_size(const char *text, uint32_t *ret)
{
	uint64_t size;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct err *e = options_parse_number("--ring-size", text, 0, 1U << 30, &size);
	if (e)
		e = err_hint(e, "with a unit: 64k, 16m; %llu at least",
			     (unsigned long long)(4 * page));
	else if (size < 4 * page)
		e = err_hint(err_why(err_new(ERR_USAGE, 0, "--ring-size: '%s' is too small", text),
				     "one event may take %d bytes", 8192),
			     "use at least %llu", (unsigned long long)(4 * page));
	if (e)
		return e;
	/* The kernel wants a power of two of whole pages; never less than asked for. */
	uint64_t rounded = page;
	while (rounded < size)
		rounded *= 2;
	*ret = (uint32_t)rounded;
	return NULL;
}

/* What a number of seconds may have behind it, as `dur` in conditions; 0: not a unit of time. */
static double unit_of_time(const char *unit)
{
	static const struct {
		const char *word;
		double seconds;
	} units[] = {{"", 1},	{"s", 1},    {"ms", 1e-3},  {"us", 1e-6},
		     {"m", 60}, {"min", 60}, {"h", 60 * 60}};
	for (size_t i = 0; i < array_size(units); i++)
		if (strcmp(unit, units[i].word) == 0)
			return units[i].seconds;
	return 0;
}

struct err *options_parse_seconds(const char *option, const char *text, double *ret)
{
	char *end;
	double value = strtod(text, &end);
	double seconds = end == text ? 0 : value * unit_of_time(end);
	if (!(seconds > 0) || seconds > 1e9)
		return err_why(
			err_new(ERR_USAGE, 0, "%s: '%s' will not do", option, text),
			"it takes a number of seconds above 0, or one with a unit: 500ms, 10s, 5m, 1h");
	*ret = seconds;
	return NULL;
}
