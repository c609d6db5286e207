/* SPDX-License-Identifier: Apache-2.0 */
#include "common/distance.h"

#include <string.h>

#define ROW (DISTANCE_LENGTH_MAX + 1)

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][ROW]; /* the one being filled and the two above it */
	size_t n = strnlen(a, DISTANCE_LENGTH_MAX), m = strnlen(b, DISTANCE_LENGTH_MAX);
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3], *above_that = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
			best = least(best, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, above_that[j - 2] + 1);
			row[j] = best;
		}
	}
	return rows[n % 3][m];
}
