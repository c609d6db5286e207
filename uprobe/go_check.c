/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms are those of stacksplit() in cmd/internal/obj/x86/obj6.go, Go 1.17 and later, where r14
 * is the goroutine (struct g) and its word at 16 the limit; functions that run on a thread's own
 * stack have theirs at 24. By the size of the frame:
 *
 *	cmp 16(%r14), %rsp; jbe more
 *	lea -N(%rsp), %r12; cmp 16(%r14), %r12; jbe more
 *	mov %rsp, %r12; sub $N, %r12; jb more; cmp 16(%r14), %r12; jbe more
 *
 * The assembler has one encoding for each of these. They write r12 and the flags alone, which no
 * argument is in (ABIInternal, "Register-based calling convention").
 */
#include "uprobe/go_check.h"

#include <elf.h>
#include <string.h>

/* What is put aside and taken back around the call, of 9 + 15 registers, and some nops. */
#define MORE_INSTRUCTIONS_MAX 64

/* How far the check was followed. */
struct reader {
	const struct code_request *request;
	const struct decoder *decoder;
	size_t at; /* offset in the text */
};

static const char unknown_form[] =
	"the stack check of Go at its start is of no form that is known, and a probe in front of it "
	"would count calls more than once";
static const char old_form[] =
	"it begins with the stack check of Go before 1.17, or of Go's assembler, and a probe in "
	"front of it would count calls more than once";

static bool take_bytes(struct reader *reader, const uint8_t *bytes, size_t size)
{
	const struct code_part *text = &reader->request->text;
	if (text->size - reader->at < size || memcmp(text->bytes + reader->at, bytes, size) != 0)
		return false;
	reader->at += size;
	return true;
}

static bool take_decoded(struct reader *reader, struct decoded *ret)
{
	const struct code_part *text = &reader->request->text;
	if (reader->at >= text->size ||
	    !decode(reader->decoder, text->bytes + reader->at, text->size - reader->at,
		    text->address + reader->at, ret))
		return false;
	reader->at += ret->length;
	return true;
}

/* cmp 16(%r14), REG or cmp 24(%r14), REG */
static bool take_compare(struct reader *reader, bool with_r12)
{
	const uint8_t head[] = {with_r12 ? 0x4d : 0x49, 0x3b, 0x66};
	static const uint8_t limit[] = {0x10}, thread_limit[] = {0x18};
	size_t before = reader->at;
	if (take_bytes(reader, head, sizeof(head)) &&
	    (take_bytes(reader, limit, sizeof(limit)) ||
	     take_bytes(reader, thread_limit, sizeof(thread_limit))))
		return true;
	reader->at = before;
	return false;
}

/* An instruction that begins with these bytes, whose last ones are a number of any size. */
static bool take_with_number(struct reader *reader, const uint8_t *bytes, size_t size)
{
	struct decoded insn;
	size_t before = reader->at;
	if (take_bytes(reader, bytes, size)) {
		reader->at = before;
		if (take_decoded(reader, &insn) &&
		    (insn.length == size + 1 || insn.length == size + 4))
			return true;
	}
	reader->at = before;
	return false;
}

/* lea -N(%rsp), %r12 */
static bool take_lea(struct reader *reader)
{
	static const uint8_t short_form[] = {0x4c, 0x8d, 0x64, 0x24};
	static const uint8_t long_form[] = {0x4c, 0x8d, 0xa4, 0x24};
	return take_with_number(reader, short_form, sizeof(short_form)) ||
	       take_with_number(reader, long_form, sizeof(long_form));
}

/* The conditional jump whose opcode ends so; where it goes, or 0. */
static uint64_t take_branch(struct reader *reader, uint8_t condition)
{
	const struct code_part *text = &reader->request->text;
	const uint8_t *bytes = text->bytes + reader->at;
	struct decoded insn;
	if (text->size - reader->at < 6 || !(bytes[0] == (0x70 | condition) ||
					     (bytes[0] == 0x0f && bytes[1] == (0x80 | condition))))
		return 0;
	return take_decoded(reader, &insn) && insn.flow == FLOW_BRANCH ? insn.target : 0;
}

/* mov %rsp, %r12; sub $N, %r12; jb more */
static uint64_t take_large(struct reader *reader)
{
	static const uint8_t move[] = {0x49, 0x89, 0xe4};
	static const uint8_t sub_short[] = {0x49, 0x83, 0xec}, sub_long[] = {0x49, 0x81, 0xec};
	if (!take_bytes(reader, move, sizeof(move)) ||
	    (!take_with_number(reader, sub_short, sizeof(sub_short)) &&
	     !take_with_number(reader, sub_long, sizeof(sub_long))))
		return 0;
	return take_branch(reader, 2);
}

/* The comparison and its jump; where that goes, or 0. */
static uint64_t take_check(struct reader *reader)
{
	uint64_t underflow = 0, more;
	bool is_large = false;
	if (!take_compare(reader, false)) {
		if (!take_lea(reader)) {
			is_large = true;
			underflow = take_large(reader);
		}
		if ((is_large && !underflow) || !take_compare(reader, true))
			return 0;
	}
	more = take_branch(reader, 6);
	return is_large && underflow != more ? 0 : more;
}

/* Puts the registers aside, calls runtime.morestack, takes them back, and jumps to the start; the
 * address of that jump, or 0. */
static uint64_t find_jump_back(const struct reader *check, uint64_t more)
{
	const struct code_request *request = check->request;
	const struct code_part *text = &request->text;
	struct reader reader = {.request = request, .decoder = check->decoder};
	bool called = false;
	struct decoded insn;
	if (more < text->address || more - text->address >= text->size)
		return 0;
	reader.at = more - text->address;
	for (int i = 0; i < MORE_INSTRUCTIONS_MAX; i++) {
		uint64_t at = text->address + reader.at;
		if (!take_decoded(&reader, &insn))
			return 0;
		if (insn.flow == FLOW_NEXT)
			continue;
		if (insn.flow == FLOW_JUMP)
			return called && insn.target == text->address ? at : 0;
		if (insn.flow != FLOW_CALL || called || !insn.target ||
		    !request->is_morestack(request->find_context, insn.target))
			return 0;
		called = true;
	}
	return 0;
}

/* mov %fs:-8, %rcx: the goroutine, where r14 is not it. */
static bool has_old_form(const struct code_part *text)
{
	static const uint8_t load[] = {0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff};
	return text->size >= sizeof(load) && !memcmp(text->bytes, load, sizeof(load));
}

struct go_check go_check_find(const struct code_request *request, const struct decoder *decoder)
{
	struct go_check check = {0};
	struct reader reader = {.request = request, .decoder = decoder};
	if (request->machine != EM_X86_64 || !request->is_morestack || !request->size ||
	    request->text.size < request->size)
		return check;
	uint64_t more = take_check(&reader);
	if (more)
		check.jump_back = find_jump_back(&reader, more);
	if (check.jump_back)
		check.behind = request->text.address + reader.at;
	else if (more)
		check.why_not = unknown_form;
	else if (has_old_form(&request->text))
		check.why_not = old_form;
	return check;
}
