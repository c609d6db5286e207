/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for probe/spec_name.c in a tree that does not have it. */
#include <fnmatch.h>
#include <regex.h>
#include <string.h>

#include "probe/spec.h"

bool spec_name_matches(const struct spec *spec, const char *name)
{
	if (spec->name_kind == SPEC_NAME_EXACT)
		return strcmp(spec->name, name) == 0;
	if (spec->name_kind == SPEC_NAME_GLOB)
		return fnmatch(spec->name, name, 0) == 0;
	regex_t regex;
	if (spec->name_kind != SPEC_NAME_REGEX ||
	    regcomp(&regex, spec->name, REG_EXTENDED | REG_NOSUB))
		return false;
	bool matches = regexec(&regex, name, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}
