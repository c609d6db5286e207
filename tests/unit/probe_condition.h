/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/probe_condition.h — a machine that runs decision graphs: written from the description
 * in probe/filter.h, against this process's own memory. And a probe with values of all sorts.
 */
#ifndef UTRAIL_TESTS_PROBE_CONDITION_H
#define UTRAIL_TESTS_PROBE_CONDITION_H

#include "tests/unit/unit.h"

#include "common/array.h"
#include "probe/condition.h"
#include "probe/spec.h"

struct machine {
	uint64_t regs[16];
	uint64_t began_ns, now_ns;
	bool returned, no_result;
	const char *comm;
	uint64_t acc, length;
	bool poisoned, has_length, held_unknown;
	uint64_t held;
	char text[FETCH_STRING_MAX + 1];
	size_t text_size;
	bool text_null, text_cut, text_bad;
	unsigned int steps;
};

struct body {
	int len;
	unsigned int bits : 3, more : 5;
	const char *text;
	char tag[8];
	struct {
		long deep;
	};
};

enum reg { N = 1, U, BIG, BYTE, LETTER, FLAG, TEXT, REQ, WORD, FLAGS, COLOR, BUF, RET, VIEW, ROW };

/* A string of a library. */
struct view {
	const char *text;
	uint64_t size;
};

/* Elements of four bytes. */
struct range {
	const int *first, *end;
};

extern const struct condition_scope scope;  /* srv:f */
extern const struct condition_scope marker; /* of the same arguments, without a return */

/* `text` behind "f if ", compiled for srv:f. */
const struct filter *compile(const char *text, struct spec_list *list, struct arena *arena);
/* With all values of srv:f in their registers. */
struct machine a_machine(void);
/* At the entry, and, when that is not enough, at the return. */
enum filter_answer ask(const struct filter *filter, struct machine *m);
/* Does `text`, of srv:f, let such a hit pass? */
bool passes(const char *text, const struct machine *m);

#endif
