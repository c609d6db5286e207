/* SPDX-License-Identifier: Apache-2.0 */
/* common/distance.h — how far a word is from the one that was meant. */
#ifndef UTRAIL_COMMON_DISTANCE_H
#define UTRAIL_COMMON_DISTANCE_H

#include <stddef.h>

/* Longer words are cut. */
#define DISTANCE_LENGTH_MAX 64

/* Edit distance: letters changed, left out or put in (Levenshtein), and neighbours swapped, which
 * counts once. */
size_t word_distance(const char *a, const char *b);

#endif
