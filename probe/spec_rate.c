/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits: 100/s. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "probe/rate.h"
#include "probe/spec.h"

static const struct {
	const char *unit;
	uint64_t ns;
} periods[] = {{"", 1000000000},    {"/s", 1000000000},	   {"/sec", 1000000000}, {"/ms", 1000000},
	       {"/m", 60000000000}, {"/min", 60000000000}, {"/h", 3600000000000}};

struct err *rate_parse(const char *what, const char *text, struct rate_limit *ret)
{
	char *end;
	errno = 0;
	unsigned long count = strtoul(text, &end, 10);
	bool number = end > text && *text >= '0' && *text <= '9' && !errno;
	for (size_t i = 0; number && count >= 1 && count <= RATE_MAX && i < array_size(periods);
	     i++) {
		if (strcmp(end, periods[i].unit) != 0)
			continue;
		*ret = (struct rate_limit){(uint32_t)count, periods[i].ns};
		return NULL;
	}
	return err_hint(err_why(err_new(ERR_USAGE, 0, "%s: '%s' will not do", what, text),
				"it takes a number from 1 to %d, and perhaps /ms, /s, /m or /h",
				RATE_MAX),
			"a hundred a second: 100/s");
}
