/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/walk.h"

#include <inttypes.h>
#include <string.h>

/*
 * One cell for each byte: 0, not looked at yet; CELL_INSIDE, a later byte of an instruction;
 * else the length of the instruction that starts there.
 */
#define CELL_INSIDE 0x80

/* A switch adds the table's base and jumps within few instructions of that. */
#define SWITCH_DISTANCE 6

static void give_up(struct walk *walk, const char *why, uint64_t address)
{
	if (walk->why_not)
		return;
	uint64_t start = walk->parts[0].code.address;
	const char *sign = address >= start ? "+" : "-";
	uint64_t distance = address >= start ? address - start : start - address;
	const char *text = arena_printf(walk->arena, "%s at %s0x%" PRIx64, why, sign, distance);
	walk->why_not = text ? text : why;
}

/* What flow leads to is certainly code; when it cannot be, the start was none. */
static void give_up_code(struct walk *walk, const char *why, uint64_t address)
{
	walk->not_code = true;
	give_up(walk, why, address);
}

static struct walk_part *part_of(const struct walk *walk, uint64_t address)
{
	for (size_t i = 0; i < walk->n_parts; i++) {
		const struct code_part *code = &walk->parts[i].code;
		if (address >= code->address && address - code->address < code->size)
			return (struct walk_part *)&walk->parts[i];
	}
	return NULL;
}

bool walk_holds(const struct walk *walk, uint64_t address)
{
	return part_of(walk, address) != NULL;
}

static uint8_t cell_of(const struct walk *walk, uint64_t address)
{
	const struct walk_part *part = part_of(walk, address);
	return part && part->cells ? part->cells[address - part->code.address] : 0;
}

bool walk_is_boundary(const struct walk *walk, uint64_t address)
{
	uint8_t cell = cell_of(walk, address);
	return cell && cell != CELL_INSIDE;
}

bool walk_is_inside(const struct walk *walk, uint64_t address)
{
	return cell_of(walk, address) == CELL_INSIDE;
}

static struct err *add_part(struct walk *walk, const struct code_part *code)
{
	struct walk_part *part = &walk->parts[walk->n_parts];
	part->code = *code;
	part->cells = calloc(code->size ? code->size : 1, 1);
	if (!part->cells)
		return &err_nomem;
	walk->n_parts++;
	return NULL;
}

static struct err *follow_later(struct walk *walk, uint64_t address)
{
	uint64_t *kept = array_push(&walk->pending);
	if (!kept)
		return &err_nomem;
	*kept = address;
	return NULL;
}

static struct err *add_jump(struct walk *walk, uint64_t address, const struct decoded *insn,
			    uint8_t indirect)
{
	struct walk_jump *jump = array_push(&walk->jumps);
	if (!jump)
		return &err_nomem;
	if (insn->refused && indirect != INDIRECT_TABLE)
		give_up(walk, "a jump out that cannot carry a probe", address);
	*jump = (struct walk_jump){
		.address = address, .target = insn->target, .indirect = indirect};
	return NULL;
}

/* The part of this function that a jump out of the known ones leads to, if it does. */
static struct err *find_part(struct walk *walk, uint64_t target, bool *ret)
{
	struct code_part code;
	*ret = part_of(walk, target) != NULL;
	if (*ret || !walk->find_part || walk->n_parts == WALK_PARTS_MAX ||
	    !walk->find_part(walk->find_context, target, &code))
		return NULL;
	bool holds = target >= code.address && target - code.address < code.size;
	if (!holds || code.size > WALK_BYTES_MAX)
		return NULL;
	*ret = true;
	return add_part(walk, &code);
}

static struct err *follow_target(struct walk *walk, uint64_t address, const struct decoded *insn)
{
	for (size_t i = 0; i < 2; i++)
		if (insn->target == walk->entry_targets[i] && address != walk->jump_back)
			walk->entry_targeted[i] = true;
	bool inside;
	struct err *e = find_part(walk, insn->target, &inside);
	if (e)
		return e;
	if (inside)
		return follow_later(walk, insn->target);
	if (insn->flow == FLOW_JUMP)
		return add_jump(walk, address, insn, INDIRECT_UNKNOWN);
	walk->conditional_exit = true;
	return NULL;
}

/* What a straight run of instructions remembers about its last addition. */
struct run {
	uint8_t added_to;
	int distance;
};

static uint8_t indirect_kind(const struct walk *walk, const struct run *run,
			     const struct decoded *insn)
{
	if (insn->indirect == INDIRECT_INDEXED)
		return walk->is_go ? INDIRECT_TABLE : INDIRECT_UNKNOWN;
	bool added = insn->indirect == INDIRECT_REGISTER && run->added_to == insn->jump_register &&
		     run->distance <= SWITCH_DISTANCE;
	return added ? INDIRECT_TABLE : insn->indirect;
}

static void run_step(struct run *run, const struct decoded *insn)
{
	if (insn->added_to != DECODED_NO_REGISTER)
		*run = (struct run){.added_to = insn->added_to};
	else if (insn->flow == FLOW_NEXT)
		run->distance++;
	else
		run->added_to = DECODED_NO_REGISTER;
}

static struct err *note_flow(struct walk *walk, uint64_t address, const struct decoded *insn,
			     const struct run *run)
{
	uint64_t *kept;
	switch (insn->flow) {
	case FLOW_BRANCH:
	case FLOW_JUMP:
		return follow_target(walk, address, insn);
	case FLOW_JUMP_INDIRECT:
		return add_jump(walk, address, insn, indirect_kind(walk, run, insn));
	case FLOW_RETURN:
		if (insn->refused)
			give_up(walk, "a return that cannot carry a probe", address);
		kept = array_push(&walk->returns);
		if (!kept)
			return &err_nomem;
		*kept = address;
		return NULL;
	default:
		return NULL;
	}
}

static bool ends_run(const struct decoded *insn)
{
	return insn->flow == FLOW_JUMP || insn->flow == FLOW_JUMP_INDIRECT ||
	       insn->flow == FLOW_RETURN || insn->flow == FLOW_STOP;
}

/* Decodes at `offset` and takes its bytes; false (with the reason kept) when that cannot be. */
static bool take(struct walk *walk, struct walk_part *part, size_t offset, struct decoded *ret)
{
	const struct code_part *code = &part->code;
	uint64_t address = code->address + offset;
	if (!decode(walk->decoder, code->bytes + offset, code->size - offset, address, ret)) {
		give_up_code(walk, "no instruction, or one cut off by the end,", address);
		return false;
	}
	if (ret->is_odd) {
		give_up_code(walk, "an instruction that programs do not use", address);
		return false;
	}
	for (size_t i = 1; i < ret->length; i++) {
		if (part->cells[offset + i]) {
			give_up_code(walk, "instructions overlap", address);
			return false;
		}
	}
	walk->has_calls |= ret->flow == FLOW_CALL;
	part->cells[offset] = ret->length;
	memset(part->cells + offset + 1, CELL_INSIDE, ret->length - 1u);
	return true;
}

/* Follows one straight run until it ends or meets what was followed before. */
static struct err *follow(struct walk *walk, uint64_t address)
{
	struct walk_part *part = part_of(walk, address);
	size_t offset = address - part->code.address;
	struct run run = {.added_to = DECODED_NO_REGISTER};
	struct decoded insn = {.flow = FLOW_NEXT};
	bool after_call = false;
	for (; offset < part->code.size; offset += insn.length) {
		after_call = insn.flow == FLOW_CALL;
		uint8_t cell = part->cells[offset];
		if (cell == CELL_INSIDE)
			give_up_code(walk, "a jump into the middle of an instruction",
				     part->code.address + offset);
		if (cell || !take(walk, part, offset, &insn))
			return NULL;
		struct err *e = note_flow(walk, part->code.address + offset, &insn, &run);
		if (e)
			return e;
		if (ends_run(&insn))
			return NULL;
		run_step(&run, &insn);
	}
	/* The last instruction may be a call that never returns; Go puts a nop behind it. */
	if (insn.flow != FLOW_CALL && !(walk->is_go && insn.is_nop && after_call))
		give_up_code(walk, "the code runs on behind its end", part->code.address + offset);
	return NULL;
}

static struct err *follow_pending(struct walk *walk)
{
	struct err *e = NULL;
	while (!e && walk->pending.count)
		e = follow(walk, walk->pending.items[--walk->pending.count]);
	return e;
}

/* The first byte at or after `offset` that is neither decoded nor padding; false: none is left. */
static bool next_gap(const struct walk *walk, struct walk_part *part, size_t *offset)
{
	const struct code_part *code = &part->code;
	while (*offset < code->size) {
		uint8_t cell = part->cells[*offset];
		struct decoded insn;
		if (cell) {
			*offset += cell == CELL_INSIDE ? 1 : cell;
			continue;
		}
		if (!decode(walk->decoder, code->bytes + *offset, code->size - *offset,
			    code->address + *offset, &insn) ||
		    !insn.is_padding)
			return true;
		/* Padding that runs into code is not padding. */
		for (size_t i = 1; i < insn.length; i++)
			if (part->cells[*offset + i])
				return true;
		*offset += insn.length;
	}
	return false;
}

static bool has_unknown_targets(const struct walk *walk)
{
	for (size_t i = 0; i < walk->jumps.count; i++) {
		const struct walk_jump *jump = &walk->jumps.items[i];
		if (!jump->target && jump->indirect != INDIRECT_LINKAGE)
			return true;
	}
	return false;
}

/* Can code exist in these parts that no direct branch of them leads to? */
static bool gaps_have_reason(const struct walk *walk)
{
	bool returns_from_elsewhere = walk->conditional_exit;
	return walk->has_landing_pads || returns_from_elsewhere || has_unknown_targets(walk);
}

static struct err *fill_gaps(struct walk *walk, bool *ret_any)
{
	*ret_any = false;
	for (size_t i = 0; i < walk->n_parts; i++) {
		struct walk_part *part = &walk->parts[i];
		size_t offset = 0;
		while (!walk->why_not && next_gap(walk, part, &offset)) {
			uint64_t address = part->code.address + offset;
			*ret_any = true;
			if (!gaps_have_reason(walk)) {
				give_up(walk, "bytes that nothing leads to", address);
				break;
			}
			struct err *e = follow_later(walk, address);
			e = e ?: follow_pending(walk);
			if (e)
				return e;
		}
	}
	return NULL;
}

/*
 * `jmp *%rax` is a switch or a call of the last resort. The form tells for most; for the others,
 * code that only an indirect jump can reach tells that one of them is a switch, but not which.
 */
static void judge_indirect(struct walk *walk, bool had_gaps)
{
	for (size_t i = 0; i < walk->jumps.count; i++) {
		const struct walk_jump *jump = &walk->jumps.items[i];
		bool known = jump->target || jump->indirect == INDIRECT_TABLE ||
			     jump->indirect == INDIRECT_LINKAGE;
		if (!known && had_gaps)
			give_up(walk, "a jump that may be a switch or leave the function",
				jump->address);
	}
}

struct err *walk_run(struct walk *walk)
{
	struct code_part first = walk->parts[0].code;
	walk->n_parts = 0;
	if (first.size > WALK_BYTES_MAX) {
		walk->parts[0].code.address = first.address;
		walk->why_not = "the function is too large";
		return NULL;
	}
	bool had_gaps = false;
	struct err *e = add_part(walk, &first);
	if (!e && first.size)
		e = follow_later(walk, first.address);
	e = e ?: follow_pending(walk);
	bool not_code = walk->not_code;
	if (!e && !walk->why_not)
		e = fill_gaps(walk, &had_gaps);
	walk->not_code = not_code; /* what fills the gaps may be data */
	if (e)
		return e;
	judge_indirect(walk, had_gaps);
	walk->whole = !walk->why_not && first.size;
	return NULL;
}

void walk_deinit(struct walk *walk)
{
	for (size_t i = 0; i < walk->n_parts; i++)
		free(walk->parts[i].cells);
	free(walk->pending.items);
	free(walk->returns.items);
	free(walk->jumps.items);
}
