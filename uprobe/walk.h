/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/walk.h — all instructions of a function, found by following its flow.
 *
 * Decoding starts at the function's first byte and follows every direct branch, so whatever it
 * reaches is certainly an instruction, whatever else lies in between. What flow does not reach must
 * have a reason: the targets of a switch's indirect jump, landing pads that only the unwinder
 * enters, or code that another part of a split function jumps back to. With a reason, the gaps are
 * decoded from their start, which the end of the instruction before fixes. Without one, they may be
 * data, and the walk says so: `whole` is false.
 */
#ifndef UTRAIL_UPROBE_WALK_H
#define UTRAIL_UPROBE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/array.h"
#include "common/err.h"
#include "uprobe/decode.h"

/* Text of a function, or of a part that the compiler moved elsewhere (f.cold). Borrowed. */
struct code_part {
	const uint8_t *bytes;
	uint64_t address;
	size_t size;
};

/* More than any compiler makes of one function; bounds the work that a hostile file can cause. */
#define WALK_PARTS_MAX 8
#define WALK_BYTES_MAX (16u << 20)

/* Does a part of the same function begin or lie at `target`? Fills *ret_part and says so. */
typedef bool code_part_finder(void *context, uint64_t target, struct code_part *ret_part);

struct walk_jump {
	uint64_t address;
	uint64_t target;  /* 0: indirect */
	uint8_t indirect; /* enum indirect, after looking at what goes before it */
};

struct walk_part {
	struct code_part code;
	uint8_t *cells; /* one for each byte, see walk.c */
};

struct walk {
	const struct decoder *decoder;
	struct arena *arena; /* of the texts and cells */
	code_part_finder *find_part;
	void *find_context;
	bool is_go;	       /* indexed jumps are switches; a nop follows calls without return */
	bool has_landing_pads; /* the file has exception tables */
	struct walk_part parts[WALK_PARTS_MAX];
	size_t n_parts;
	ARRAY_OF(uint64_t) pending;	  /* addresses still to follow */
	ARRAY_OF(uint64_t) returns;	  /* in no order */
	ARRAY_OF(struct walk_jump) jumps; /* leave the function, or are indirect */
	bool has_calls;
	bool conditional_exit;	   /* a conditional jump leaves all parts */
	uint64_t entry_targets[2]; /* branches to these addresses are looked for */
	bool entry_targeted[2];
	uint64_t jump_back; /* address of a branch that does not count for them; 0: all do */
	bool whole;
	bool not_code; /* flow led to what no program has: data, or a cut */
	const char *why_not;
};

/*
 * Fills the lists, `whole` and `why_not` of a walk whose fields above `n_parts` (and parts[0].code,
 * entry_targets) are set. Fails only for want of memory. walk_deinit() in any case.
 */
struct err *walk_run(struct walk *walk) must_check;
void walk_deinit(struct walk *walk);

/* Was an instruction found that starts there? */
bool walk_is_boundary(const struct walk *walk, uint64_t address);
/* Does it lie inside an instruction that was found? Both are certain, whole or not. */
bool walk_is_inside(const struct walk *walk, uint64_t address);
/* Does it lie in one of the parts? */
bool walk_holds(const struct walk *walk, uint64_t address);

#endif
