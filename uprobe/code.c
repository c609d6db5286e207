/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the probes of one function go.
 *
 * Entry. The first instruction is right as long as nothing in the function branches back to it: a
 * loop that does would look like many calls, so such a function is refused. When the first
 * instruction is endbr64, which the kernel has to single-step, and the next one is a push or nop,
 * which it emulates, the probe goes there: registers and stack are the same, and it costs a
 * fourteenth. That needs the same proof for the second instruction. Most functions need no
 * disassembly for it: a direct branch ends with the distance to its target, so a function in which
 * no four (or, nearby, one) bytes hold the right distance has no such branch. Functions of Go that
 * check their stack first are entered behind that: go_check.h.
 *
 * Returns. See walk.h. All of them or none: a span that ends only on some paths would be a lie.
 */
#include "uprobe/code.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "uprobe/go_check.h"
#include "uprobe/return_slot.h"

#define TEXT_MAX 128

struct err *code_describe(const struct decoder *decoder, const struct code_part *text,
			  const struct decoded *decoded, uint64_t address, struct arena *arena,
			  struct instruction *ret)
{
	char words[TEXT_MAX];
	size_t offset = address - text->address;
	const uint8_t *bytes = text->bytes + offset;
	const char *kept = decode_known_text(decoder, bytes, text->size - offset);
	if (!kept) {
		decode_text(decoder, bytes, text->size - offset, address, words, sizeof(words));
		kept = arena_string(arena, words);
	}
	if (!kept)
		return &err_nomem;
	*ret = (struct instruction){.address = address,
				    .length = decoded->length,
				    .emulated = decoded->emulated,
				    .is_nop5 = decoded->is_nop && decoded->length == 5,
				    .text = kept};
	return NULL;
}

/* Opcodes whose next byte is the distance: jcc, loop and jrcxz, jmp. */
static bool is_short_branch(uint8_t opcode)
{
	return (opcode & 0xf0) == 0x70 || (opcode & 0xfc) == 0xe0 || opcode == 0xeb;
}

/* Does the branch whose distance ends at `end` of the text count? */
static bool counts(const struct code_part *text, size_t end, uint64_t jump_back)
{
	uint64_t address = text->address + end;
	return !jump_back || address < jump_back + 2 || address > jump_back + 5;
}

static bool may_be_target_arm64(const struct code_part *text, size_t offset)
{
	struct decoded insn;
	for (size_t i = 0; i + 4 <= text->size; i += 4)
		if (decode_arm64(text->bytes + i, 4, text->address + i, &insn) &&
		    insn.flow != FLOW_CALL && insn.target == text->address + offset)
			return true;
	return false;
}

/* Could any bytes of the text be a direct branch to `offset` in it, but for the one at
 * `jump_back`? */
static bool may_be_target(const struct code_request *request, size_t offset, uint64_t jump_back)
{
	const struct code_part *text = &request->text;
	if (request->machine != EM_X86_64)
		return may_be_target_arm64(text, offset);
	size_t near = offset + 127 < text->size ? offset + 127 : text->size;
	for (size_t i = 1; i < near; i++)
		if ((int64_t)offset == (int64_t)i + 1 + (int8_t)text->bytes[i] &&
		    is_short_branch(text->bytes[i - 1]) && counts(text, i + 1, jump_back))
			return true;
	for (size_t i = 1; i + 4 <= text->size; i++) {
		int32_t distance;
		memcpy(&distance, text->bytes + i, sizeof(distance));
		if ((int64_t)offset == (int64_t)i + 4 + distance && counts(text, i + 4, jump_back))
			return true;
	}
	return false;
}

/* Could any bytes be a call of the function's own start? */
static bool may_call_itself(const struct code_request *request)
{
	const struct code_part *text = &request->text;
	struct decoded insn;
	if (request->machine == EM_X86_64) {
		for (size_t i = 0; i + 5 <= text->size; i++) {
			int32_t distance;
			memcpy(&distance, text->bytes + i + 1, sizeof(distance));
			if (text->bytes[i] == 0xe8 && (int64_t)i + 5 + distance == 0)
				return true;
		}
		return false;
	}
	for (size_t i = 0; i + 4 <= text->size; i += 4)
		if (decode_arm64(text->bytes + i, 4, text->address + i, &insn) &&
		    insn.flow == FLOW_CALL && insn.target == text->address)
			return true;
	return false;
}

/* The function's beginning: its first instruction, and the second when that might do better. */
struct entry {
	struct decoded first, second;
	bool has_second;
	bool first_targeted, second_targeted;
	struct go_check check; /* then `second` is behind it, and where the probe goes */
};

static bool decode_entry(const struct decoder *decoder, const struct code_part *text,
			 struct entry *ret)
{
	*ret = (struct entry){0};
	if (!decode(decoder, text->bytes, text->size, text->address, &ret->first))
		return false;
	size_t next = ret->first.length;
	ret->has_second = ret->first.is_landing && next < text->size &&
			  decode(decoder, text->bytes + next, text->size - next,
				 text->address + next, &ret->second) &&
			  ret->second.emulated && (ret->second.is_push || ret->second.is_nop) &&
			  ret->second.length != 5; /* 6.18 makes a call of it */
	return true;
}

struct walk code_walk(const struct code_request *request, const struct decoder *decoder,
		      struct arena *arena)
{
	struct walk walk = {.decoder = decoder,
			    .arena = arena,
			    .find_part = request->find_part,
			    .find_context = request->find_context,
			    .has_landing_pads = request->has_landing_pads};
	walk.parts[0].code = request->text;
	return walk;
}

static struct err *keep_sorted(struct arena *arena, uint64_t *items, size_t count,
			       const uint64_t **ret, size_t *ret_count)
{
	if (!count)
		return NULL;
	qsort(items, count, sizeof(*items), array_compare_u64);
	*ret = arena_copy(arena, items, count * sizeof(*items));
	*ret_count = count;
	return *ret ? NULL : &err_nomem;
}

/* The jumps of a whole walk that leave the function, in place of the list of all. */
static struct err *keep_tail_jumps(const struct walk *walk, struct arena *arena, struct code *ret)
{
	size_t count = 0;
	uint64_t *tails = calloc(walk->jumps.count + 1, sizeof(*tails));
	if (!tails)
		return &err_nomem;
	for (size_t i = 0; i < walk->jumps.count; i++)
		if (walk->jumps.items[i].indirect != INDIRECT_TABLE)
			tails[count++] = walk->jumps.items[i].address;
	struct err *e = keep_sorted(arena, tails, count, &ret->tail_jumps, &ret->n_tail_jumps);
	free(tails);
	return e;
}

/* Where the second instruction is, or that behind the check. */
static uint64_t second_address(const struct code_request *request, const struct entry *entry)
{
	return entry->check.behind ? entry->check.behind
				   : request->text.address + entry->first.length;
}

static struct err *walk_code(const struct code_request *request, const struct decoder *decoder,
			     struct entry *entry, struct arena *arena, struct code *ret)
{
	struct walk walk = code_walk(request, decoder, arena);
	walk.entry_targets[0] = request->text.address;
	walk.entry_targets[1] = second_address(request, entry);
	walk.jump_back = entry->check.jump_back;
	/* What a deferred call that recovered goes on with, no branch leads to. */
	walk.is_go = request->is_go || entry->check.behind;
	walk.has_landing_pads |= walk.is_go;
	struct err *e = walk_run(&walk);
	/* What a walk that gave up did not see may still be there. */
	entry->first_targeted = walk.entry_targeted[0] || !walk.whole;
	entry->second_targeted = walk.entry_targeted[1] || !walk.whole;
	ret->whole = walk.whole;
	ret->not_code = walk.not_code;
	ret->has_calls = walk.has_calls;
	ret->why_not = walk.why_not;
	ret->conditional_tail = walk.conditional_exit;
	if (!e && walk.whole)
		e = keep_sorted(arena, walk.returns.items, walk.returns.count, &ret->returns,
				&ret->n_returns);
	if (!e && walk.whole)
		e = keep_tail_jumps(&walk, arena, ret);
	walk_deinit(&walk);
	return e;
}

/* Looks at as much of the function as the request needs. */
static struct err *study(const struct code_request *request, const struct decoder *decoder,
			 struct entry *entry, struct arena *arena, struct code *ret)
{
	const struct code_part *text = &request->text;
	if (!request->size || text->size < request->size) {
		ret->why_not = request->size ? "the text ends before the function does"
					     : "the symbol table does not tell its size";
		entry->second_targeted = true;
		return NULL;
	}
	if (request->other_entry == text->address + entry->first.length)
		entry->has_second = false;
	size_t second_offset = second_address(request, entry) - text->address;
	bool first = may_be_target(request, 0, entry->check.jump_back);
	bool second =
		entry->has_second && may_be_target(request, second_offset, entry->check.jump_back);
	if (request->entry_only && !first && !second) {
		ret->why_not = "not asked for";
		return NULL;
	}
	struct err *e = walk_code(request, decoder, entry, arena, ret);
	entry->first_targeted = entry->first_targeted && first;
	entry->second_targeted = entry->second_targeted && second;
	return e;
}

/* What cannot be looked at may use it. */
static struct err *look_for_slot(const struct code_request *request, const struct decoder *decoder,
				 struct code *ret)
{
	if (!request->want_slot)
		return NULL;
	ret->uses_return_address = !request->size || request->text.size < request->size;
	if (ret->uses_return_address)
		return NULL;
	return return_slot_search(decoder, &request->text, &ret->uses_return_address);
}

static struct err *refuse_entry(struct code *ret, struct arena *arena, const char *why)
{
	const char *kept = arena_string(arena, why);
	if (!kept)
		return &err_nomem;
	*ret = (struct code){.why_not = kept, .entry_why = kept};
	return NULL;
}

static struct err *place_behind_check(const struct code_request *request,
				      const struct decoder *decoder, const struct entry *entry,
				      struct arena *arena, struct code *ret)
{
	uint64_t at = entry->check.behind;
	if (entry->first_targeted || entry->second_targeted)
		return refuse_entry(ret, arena,
				    "a loop may come back to what is behind its stack check, and "
				    "calls could not be told from rounds");
	if (entry->second.refused)
		return refuse_entry(ret, arena, entry->second.refused);
	ret->entry_why = "behind Go's stack check";
	ret->behind_check = ret->in_goroutine = true;
	return code_describe(decoder, &request->text, &entry->second, at, arena, &ret->entry);
}

static struct err *place_entry(const struct code_request *request, const struct decoder *decoder,
			       const struct entry *entry, struct arena *arena, struct code *ret)
{
	uint64_t start = request->text.address;
	if (entry->check.behind)
		return place_behind_check(request, decoder, entry, arena, ret);
	if (entry->check.why_not)
		return refuse_entry(ret, arena, entry->check.why_not);
	if (entry->first_targeted)
		return refuse_entry(ret, arena,
				    "a loop may come back to its first instruction, and calls "
				    "could not be told from rounds");
	if (entry->has_second && !entry->second_targeted) {
		ret->entry_why = entry->second.is_push ? "push after endbr64" : "nop after endbr64";
		return code_describe(decoder, &request->text, &entry->second,
				     start + entry->first.length, arena, &ret->entry);
	}
	struct err *e =
		code_describe(decoder, &request->text, &entry->first, start, arena, &ret->entry);
	if (e)
		return e;
	ret->entry_why = "first instruction";
	if (!entry->first.refused)
		return NULL;
	const char *why = arena_printf(arena, "its first instruction '%s': %s", ret->entry.text,
				       entry->first.refused);
	return why ? refuse_entry(ret, arena, why) : &err_nomem;
}

/* False: nothing can be behind it. */
static bool find_check(const struct code_request *request, const struct decoder *decoder,
		       struct entry *entry)
{
	const struct code_part *text = &request->text;
	entry->check = go_check_find(request, decoder);
	if (!entry->check.behind)
		return true;
	size_t at = entry->check.behind - text->address;
	entry->has_second = true;
	return at < text->size && decode(decoder, text->bytes + at, text->size - at,
					 entry->check.behind, &entry->second);
}

struct err *code_decode_request(const struct code_request *request, struct arena *arena,
				struct code *ret)
{
	struct decoder decoder;
	struct entry entry;
	*ret = (struct code){0};
	if (!decoder_init(&decoder, request->machine))
		return refuse_entry(ret, arena, "there is no decoder for this machine");
	if (!request->text.size || !decode_entry(&decoder, &request->text, &entry))
		return refuse_entry(ret, arena, "its first bytes are no instruction");
	if (!find_check(request, &decoder, &entry))
		return refuse_entry(ret, arena, "behind its stack check is no instruction");
	ret->calls_itself = may_call_itself(request);
	struct err *e = study(request, &decoder, &entry, arena, ret);
	e = e ?: look_for_slot(request, &decoder, ret);
	return e ?: place_entry(request, &decoder, &entry, arena, ret);
}

struct err *code_decode(unsigned int machine, const uint8_t *bytes, size_t available, uint64_t size,
			uint64_t address, struct arena *arena, struct code *ret)
{
	struct code_request request = {
		.machine = machine,
		.text = {.bytes = bytes, .address = address, .size = available},
		.size = size,
	};
	if (size && size < available)
		request.text.size = size;
	return code_decode_request(&request, arena, ret);
}
