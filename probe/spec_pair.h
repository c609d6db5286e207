/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/spec_pair.h — `A ~~ B [by KEY]`: what is between two probes, each a spec of its own.
 *
 *	lock ~~ unlock			pairs of one thread
 *	lock ~~ unlock by arg1		of one process, with the same first argument
 *	uretprobe:open ~~ close by ret=arg1
 */
#ifndef UTRAIL_PROBE_SPEC_PAIR_H
#define UTRAIL_PROBE_SPEC_PAIR_H

#include "common/err.h"
#include "probe/spec.h"

struct spec_pair {
	size_t begin, end;		 /* numbers of the specs in their list */
	const char *begin_key, *end_key; /* names of arguments, or "ret"; NULL: the thread */
	const char *text;		 /* as typed */
	const char *name;		 /* without the key: "lock ~~ unlock" */
};

struct spec_pair_list {
	struct spec_pair *items;
	size_t count, capacity;
};

/* Parses one -e argument: a pair when it has `~~` between blanks, else as spec_parse(). */
struct err *spec_parse_pairs(const char *text, struct spec_list *specs,
			     struct spec_pair_list *pairs) must_check;
void spec_pair_list_deinit(struct spec_pair_list *pairs);
/* Is the spec with this number a part of a pair? */
bool spec_is_of_pair(const struct spec_pair_list *pairs, size_t number);

#endif
