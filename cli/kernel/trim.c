/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/trim.c — sparse conditional constant propagation, over registers alone, as in Wegman
 * and Zadeck (1991): a branch whose operands are constants has one way, and what no way leads to is
 * not there. A value that is not known for certain is unknown, and then nothing is taken out.
 */
#include "cli/kernel/trim.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kernel/trim_value.h"
#include "common/array.h"
#include "common/cleanup.h"

/* What is known of an instruction. */
enum {
	LIVE = 1,
	STARTS = 2,  /* a block, into which more than one way can lead */
	JUMPS = 4,   /* the branch is taken */
	FALLS = 8,   /* it is not */
	WAITS = 16,  /* a block that is to be gone through, again */
	SEEN = 32,   /* its state is known */
	KEPT = 64,   /* is part of the result */
	SECOND = 128 /* half of an instruction of two */
};

struct analysis {
	struct trim_program *program;
	const struct trim_constants *constants;
	uint8_t *marks;		   /* by instruction */
	uint32_t *blocks;	   /* by instruction, of those that start one: its state */
	struct trim_state *states; /* by block */
	ARRAY_OF(uint32_t) waiting;
	bool failed; /* no memory */
};

/* --- the shape -------------------------------------------------------------------------------- */

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool is_callback(const struct bpf_insn *insn)
{
	return is_wide(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}

static bool is_jump(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA);
}

static bool is_branch(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), operation = BPF_OP(insn->code);
	return (class == BPF_JMP || class == BPF_JMP32) && operation != BPF_JA &&
	       operation != BPF_CALL && operation != BPF_EXIT;
}

static bool is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

/* Where it leads to, other than to the next one; SIZE_MAX: nowhere. */
static size_t target_of(const struct trim_program *program, size_t at)
{
	const struct bpf_insn *insn = &program->insns[at];
	if (is_call(insn) || is_callback(insn))
		return at + 1 + (size_t)(ptrdiff_t)insn->imm;
	if (is_jump(insn) || is_branch(insn))
		return at + 1 + (size_t)(ptrdiff_t)insn->off;
	return SIZE_MAX;
}

/* Jumps with more than 16 bits and those that count are newer than what is compiled here. */
static bool is_known(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), operation = BPF_OP(insn->code);
	if (class == BPF_JMP32)
		return is_branch(insn) && operation <= BPF_JSLE;
	return class != BPF_JMP || is_jump(insn) || is_exit(insn) || operation == BPF_CALL ||
	       (is_branch(insn) && operation <= BPF_JSLE);
}

/* Marks where blocks start; false: this is no program as they are known here. */
static bool find_blocks(struct analysis *a)
{
	const struct trim_program *program = a->program;
	uint8_t *marks = a->marks;
	marks[0] |= STARTS;
	for (size_t i = 0; i < program->count; i++) {
		const struct bpf_insn *insn = &program->insns[i];
		if (marks[i] & SECOND)
			continue;
		if (!is_known(insn))
			return false;
		if (is_wide(insn)) {
			if (i + 1 == program->count)
				return false;
			marks[i + 1] |= SECOND;
		}
		size_t target = target_of(program, i);
		if (target == SIZE_MAX)
			continue;
		if (target >= program->count)
			return false;
		marks[target] |= STARTS;
	}
	for (size_t i = 0; i < program->count; i++)
		if ((marks[i] & SECOND) && (marks[i] & STARTS))
			return false;
	return true;
}

static bool make_states(struct analysis *a)
{
	/* The first one, where the program begins. */
	uint32_t count = 1;
	for (size_t i = 1; i < a->program->count; i++)
		if (a->marks[i] & STARTS)
			a->blocks[i] = count++;
	a->states = calloc(count, sizeof(*a->states));
	return a->states;
}

/* --- what is reached -------------------------------------------------------------------------- */

/* With this state, among others. */
static void reach(struct analysis *a, size_t at, const struct trim_state *state)
{
	uint8_t *mark = &a->marks[at];
	struct trim_state *known = &a->states[a->blocks[at]];
	bool changed = true;
	if (*mark & SEEN)
		changed = trim_meet(known, state);
	else
		*known = *state;
	*mark |= SEEN;
	if (!changed || (*mark & WAITS))
		return;
	uint32_t *waiting = array_push(&a->waiting);
	if (waiting)
		*waiting = (uint32_t)at;
	else
		a->failed = true;
	*mark |= WAITS;
}

/* Of a function that is called, nothing is known at its begin. */
static void reach_function(struct analysis *a, size_t at)
{
	const struct trim_state unknown = {0};
	reach(a, at, &unknown);
}

/* From one block into the next ones. */
static void run(struct analysis *a, size_t at)
{
	const struct trim_program *program = a->program;
	struct trim_state state = a->states[a->blocks[at]];
	for (size_t i = at; i < program->count; i++) {
		const struct bpf_insn *insn = &program->insns[i];
		if (i != at && (a->marks[i] & STARTS)) {
			reach(a, i, &state);
			return;
		}
		a->marks[i] |= LIVE;
		size_t target = target_of(program, i);
		if (is_call(insn) || is_callback(insn))
			reach_function(a, target);
		if (is_exit(insn))
			return;
		if (is_jump(insn)) {
			reach(a, target, &state);
			return;
		}
		if (is_branch(insn)) {
			enum trim_way way = trim_decide(&state, insn);
			if (way != TRIM_FALLS) {
				a->marks[i] |= JUMPS;
				reach(a, target, &state);
			}
			if (way == TRIM_JUMPS)
				return;
			a->marks[i] |= FALLS;
		}
		trim_step(&state, insn, a->constants);
		if (is_wide(insn))
			a->marks[++i] |= LIVE;
	}
}

static void reach_all(struct analysis *a)
{
	reach_function(a, 0);
	while (a->waiting.count && !a->failed) {
		size_t at = a->waiting.items[--a->waiting.count];
		a->marks[at] &= (uint8_t)~WAITS;
		run(a, at);
	}
}

/* --- what is left ----------------------------------------------------------------------------- */

/* A jump to what comes next anyway. */
static bool leads_on(const struct analysis *a, size_t at, size_t target)
{
	if (target <= at)
		return false;
	for (size_t i = at + 1; i < target; i++)
		if (a->marks[i] & KEPT)
			return false;
	return true;
}

/* From the last one: what a jump passes over is known then. */
static void choose(struct analysis *a)
{
	for (size_t i = a->program->count; i-- > 0;) {
		struct bpf_insn *insn = &a->program->insns[i];
		uint8_t mark = a->marks[i];
		if (!(mark & LIVE))
			continue;
		bool is_whole = !(mark & SECOND);
		if (is_whole && is_branch(insn) && !(mark & JUMPS))
			continue;
		if (is_whole && is_branch(insn) && !(mark & FALLS))
			*insn = (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = insn->off};
		if (is_whole && is_jump(insn) && leads_on(a, i, target_of(a->program, i)))
			continue;
		a->marks[i] |= KEPT;
	}
}

/* The end of the function that begins at record `i`. */
static size_t function_end(const struct trim_program *program, const uint32_t *begins, uint32_t i)
{
	return i + 1 < program->functions.count ? begins[i + 1] : program->count;
}

static uint32_t begin_of(const struct trim_records *records, uint32_t i)
{
	uint32_t at;
	memcpy(&at, (const char *)records->bytes + (size_t)i * records->size, sizeof(at));
	return at;
}

static void move_record(struct trim_records *records, uint32_t from, uint32_t to, uint32_t at)
{
	char *place = (char *)records->bytes + (size_t)to * records->size;
	memmove(place, (char *)records->bytes + (size_t)from * records->size, records->size);
	memcpy(place, &at, sizeof(at));
}

/* Line records go on at the next instruction of their function that is left; of several there, the
 * last one says where that is. */
static void move_lines(struct trim_program *program, const uint32_t *places, const uint32_t *begins)
{
	struct trim_records *lines = &program->lines;
	uint32_t left = 0, function = 0;
	for (uint32_t i = 0; i < lines->count; i++) {
		uint32_t at = begin_of(lines, i);
		while (function + 1 < program->functions.count && begins[function + 1] <= at)
			function++;
		uint32_t place = places[at];
		if (place == places[function_end(program, begins, function)])
			continue;
		if (left && begin_of(lines, left - 1) == place)
			left--;
		move_record(lines, i, left++, place);
	}
	lines->count = left;
}

static void move_functions(struct trim_program *program, const uint32_t *places,
			   const uint32_t *begins)
{
	struct trim_records *functions = &program->functions;
	uint32_t left = 0;
	for (uint32_t i = 0; i < functions->count; i++)
		if (places[begins[i]] != places[function_end(program, begins, i)])
			move_record(functions, i, left++, places[begins[i]]);
	functions->count = left;
}

/* `places`: by instruction, how many before it are kept; and one for the end. */
static void move_code(struct analysis *a, const uint32_t *places)
{
	struct trim_program *program = a->program;
	size_t left = 0;
	for (size_t i = 0; i < program->count; i++) {
		if (!(a->marks[i] & KEPT))
			continue;
		struct bpf_insn insn = program->insns[i];
		size_t target = a->marks[i] & SECOND ? SIZE_MAX : target_of(program, i);
		if (target != SIZE_MAX) {
			int32_t by = (int32_t)places[target] - (int32_t)left - 1;
			if (is_call(&insn) || is_callback(&insn))
				insn.imm = by;
			else
				insn.off = (int16_t)by;
		}
		/* What is still to be read lies behind. */
		program->insns[left++] = insn;
	}
	program->count = left;
}

static bool put_together(struct analysis *a)
{
	struct trim_program *program = a->program;
	_cleanup_free_ uint32_t *places = malloc((program->count + 1) * sizeof(*places));
	_cleanup_free_ uint32_t *begins = calloc(program->functions.count + 1, sizeof(*begins));
	if (!places || !begins)
		return false;
	choose(a);
	uint32_t kept = 0;
	for (size_t i = 0; i < program->count; i++) {
		places[i] = kept;
		kept += (a->marks[i] & KEPT) != 0;
	}
	places[program->count] = kept;
	for (uint32_t i = 0; i < program->functions.count; i++)
		begins[i] = begin_of(&program->functions, i);
	move_lines(program, places, begins);
	move_functions(program, places, begins);
	move_code(a, places);
	return true;
}

static bool records_fit(const struct trim_records *records, size_t count)
{
	if (records->count && records->size < sizeof(uint32_t))
		return false;
	for (uint32_t i = 0; i < records->count; i++)
		if (begin_of(records, i) >= count ||
		    (i && begin_of(records, i) <= begin_of(records, i - 1)))
			return false;
	return true;
}

bool trim(struct trim_program *program, const struct trim_constants *constants)
{
	_cleanup_free_ uint8_t *marks = calloc(program->count, sizeof(*marks));
	_cleanup_free_ uint32_t *blocks = calloc(program->count, sizeof(*blocks));
	struct analysis a = {
		.program = program, .constants = constants, .marks = marks, .blocks = blocks};
	if (!marks || !blocks || !program->count ||
	    !records_fit(&program->functions, program->count) ||
	    !records_fit(&program->lines, program->count) || !find_blocks(&a) || !make_states(&a))
		return false;
	reach_all(&a);
	bool done = !a.failed && put_together(&a);
	free(a.states);
	free(a.waiting.items);
	return done;
}
