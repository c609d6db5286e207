/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compilers give the stack pointer back from the frame pointer, by adding to it, or from the
 * register that a realigned function keeps. Only switching code loads it with anything else (and
 * functions with arrays of variable length may look like it). A search of the raw bytes for such
 * instructions is fast, and errs on the safe side.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "uprobe/callers.h"
#include "uprobe/handlers.h"
#include "uprobe/interrupted.h"
#include "uprobe/made_code.h"
#include "uprobe/return_slot.h"
#include "uprobe/safety.h"

#define CHUNK (1u << 20)
#define PAGE  4096u
/* REX, opcode, ModRM, SIB: what is looked at, which chunks must overlap by. */
#define WINDOW	4
#define OVERLAP 4096u
/* More is not looked through for a hint. */
#define TEXT_MAX (64u << 20)

#define REX_B	 1
#define REX_R	 4
#define RSP	 4
#define RBP	 5
#define R10	 2 /* with REX_B */

struct text {
	const struct decoder *decoder;
	const uint8_t *bytes;
	size_t size;
};

/* How far from its use a function that has arrays of variable length may save the pointer. */
#define SAVE_DISTANCE 4096

/* mov %rsp,%reg */
static bool saves_to(const uint8_t *insn, unsigned int reg)
{
	return (insn[0] & (0xf8 | REX_R)) == 0x48 && insn[1] == 0x89 && insn[2] >> 6 == 3 &&
	       (insn[2] >> 3 & 7) == RSP && ((insn[2] & 7u) | (insn[0] & REX_B ? 8u : 0u)) == reg;
}

/*
 * mov %reg,%rsp with mov %rsp,%reg near it, before or (in a loop) after: what was saved comes
 * back. Compilers save it in registers that survive calls: %rbx, %r12 to %r15.
 */
static bool is_restored(const struct text *text, unsigned int reg, size_t at)
{
	if (reg != 3 && reg < 12)
		return false;
	size_t start = at > SAVE_DISTANCE ? at - SAVE_DISTANCE : 0;
	size_t end = text->size - at > SAVE_DISTANCE ? at + SAVE_DISTANCE : text->size;
	for (size_t i = start; i + 3 <= end; i++)
		if (saves_to(text->bytes + i, reg))
			return true;
	return false;
}

/* `leave` a few instructions behind, which loads the stack pointer from the frame pointer. */
#define LEAVE	       0xc9
#define LEAVE_STEPS    5
#define LEAVE_DISTANCE 24

/* mov ...,%rbp, and the stack pointer from it at once: compilers set the frame pointer from the
 * stack pointer, or take it from the stack, where functions end by `leave`. */
static bool moves_frame(const struct text *text, size_t at)
{
	size_t left = text->size - at, near = left < LEAVE_DISTANCE ? left : LEAVE_DISTANCE;
	const uint8_t *insn = text->bytes + at, *end = insn + near;
	if (!memchr(insn, LEAVE, near))
		return false;
	for (int step = 0; step < LEAVE_STEPS && insn < end; step++) {
		struct decoded decoded;
		if (*insn == LEAVE)
			return true;
		if (!decode(text->decoder, insn, (size_t)(end - insn), 0, &decoded) ||
		    decoded.flow != FLOW_NEXT)
			return false;
		insn += decoded.length;
	}
	return false;
}

/* What takes two opcode bytes: cmov into it, and movq from a register for vectors. */
static bool loads_by_two_bytes(const struct text *text, size_t at)
{
	const uint8_t *insn = text->bytes + at;
	uint8_t rex = insn[0], modrm = insn[3];
	bool to_reg = (modrm >> 3 & 7) == RSP && !(rex & REX_R);
	bool to_rm = modrm >> 6 == 3 && (modrm & 7) == RSP && !(rex & REX_B);
	if ((insn[2] & 0xf0) == 0x40)
		return to_reg;
	return insn[2] == 0x7e && to_rm && at && insn[-1] == 0x66;
}

/* A REX prefix with W, and what follows it, at a position of the text. */
static bool loads_stack_pointer(const struct text *text, size_t at)
{
	const uint8_t *insn = text->bytes + at;
	uint8_t rex = insn[0], modrm = insn[2], sib = insn[3];
	uint8_t mod = modrm >> 6, reg = modrm >> 3 & 7, rm = modrm & 7;
	bool to_reg = reg == RSP && !(rex & REX_R);
	bool to_rm = mod == 3 && rm == RSP && !(rex & REX_B);
	bool is_frame = rm == RBP && mod && !(rex & REX_B); /* %rbp or what lies around it */
	switch (insn[1]) {
	case 0x89: /* mov %reg,%rsp */
		if (mod == 3 && rm == RBP && !(rex & REX_B) &&
		    (reg != RSP || (rex & REX_R))) /* %reg,%rbp */
			return moves_frame(text, at);
		if (!to_rm || (reg == RBP && !(rex & REX_R)))
			return false;
		return !is_restored(text, reg | (rex & REX_R ? 8u : 0u), at);
	case 0x8b: /* mov ...,%rsp */
		return to_reg && !is_frame;
	case 0x87: /* xchg */
		return to_reg || to_rm;
	case 0x94: /* xchg %rax,%rsp */
		return !(rex & REX_B);
	case 0x8d: /* lea ...,%rsp */
		if (!to_reg || mod == 3 || is_frame)
			return false;
		if (rm == RSP)
			return (sib & 7) != RSP || (rex & REX_B);
		return !(rm == R10 && (rex & REX_B));
	default:
		return false;
	}
}

/* What no compiler writes, but by chance is found in the middle of other instructions. */
static bool computes_stack_pointer(const struct text *text, size_t at)
{
	const uint8_t *insn = text->bytes + at;
	uint8_t rex = insn[0], modrm = insn[2];
	bool to_reg = (modrm >> 3 & 7) == RSP && !(rex & REX_R);
	bool to_rm = modrm >> 6 == 3 && (modrm & 7) == RSP && !(rex & REX_B);
	bool found = false;
	switch (insn[1]) {
	case 0x01: /* add, or, and, xor %reg,%rsp: a difference, or what was 0 */
	case 0x09:
	case 0x21:
	case 0x31:
		found = to_rm;
		break;
	case 0x03: /* the same from memory, or by the other form */
	case 0x0b:
	case 0x33:
		found = to_reg;
		break;
	case 0x0f:
		found = loads_by_two_bytes(text, at);
		break;
	default:
		break;
	}
	const struct code_part part = {.bytes = text->bytes, .size = text->size};
	bool has_prefix = insn[1] == 0x0f && insn[2] == 0x7e;
	return found && is_instruction(text->decoder, &part, at - has_prefix);
}

static bool search(const struct text *text)
{
	for (size_t i = 0; i + WINDOW <= text->size; i++)
		if ((text->bytes[i] & 0xf8) == 0x48 &&
		    (loads_stack_pointer(text, i) || computes_stack_pointer(text, i)))
			return true;
	return false;
}

/* Number of sigaltstack(2), as a register's value behind its opcode; and what comes soon behind. */
static const uint8_t set_signal_stack[] = {131, 0, 0, 0};
#define MOV_EAX	      0xb8
#define MOV_EDI	      0xbf
#define CALL_DISTANCE 32

static bool calls_kernel(const uint8_t *bytes, size_t size)
{
	static const uint8_t instruction[] = {0x0f, 0x05};
	return memmem(bytes, size < CALL_DISTANCE ? size : CALL_DISTANCE, instruction,
		      sizeof(instruction));
}

/* By an instruction of its own, or by syscall(), where that is imported. */
static bool sets_signal_stack(const struct text *text, bool has_syscall)
{
	const uint8_t *at = text->bytes, *end = text->bytes + text->size;
	while ((at = memmem(at, (size_t)(end - at), set_signal_stack, sizeof(set_signal_stack)))) {
		uint8_t opcode = at > text->bytes ? at[-1] : 0;
		at += sizeof(set_signal_stack);
		if ((opcode == MOV_EAX && calls_kernel(at, (size_t)(end - at))) ||
		    (opcode == MOV_EDI && has_syscall))
			return true;
	}
	return false;
}

static enum text_risk judge(const struct decoder *decoder, const struct code_part *part,
			    bool has_syscall)
{
	const struct text text = {.decoder = decoder, .bytes = part->bytes, .size = part->size};
	if (sets_signal_stack(&text, has_syscall))
		return TEXT_SIGNALS;
	if (search(&text) || stack_pop_search(decoder, part))
		return TEXT_SWITCHES;
	return frame_walk_search(decoder, part) ? TEXT_WALKS : TEXT_HARMLESS;
}

struct looked_at {
	struct image *image;
	const struct decoder *decoder;
	bool has_syscall; /* syscall(), to make any call by its number */
	bool sets_handlers;
};

/* The overlap keeps a short function whole in one of two chunks. */
static struct err *search_range(const struct looked_at *file, uint64_t start, uint64_t end,
				uint8_t *buffer, enum text_risk *ret)
{
	while (!*ret && start < end) {
		size_t size = end - start < CHUNK ? end - start : CHUNK;
		struct err *e = image_read(file->image, start, buffer, size);
		if (e)
			return e;
		const struct code_part part = {.bytes = buffer, .address = start, .size = size};
		*ret = judge(file->decoder, &part, file->has_syscall);
		if (size < CHUNK)
			break;
		start += size - OVERLAP;
	}
	return NULL;
}

/* What is in one place of the text may say what another one is: all of it at once. */
static struct err *search_whole(const struct looked_at *file, uint64_t start, uint64_t end,
				enum text_risk *ret)
{
	_cleanup_free_ uint8_t *bytes = malloc(end - start);
	bool found = false;
	if (!bytes)
		return &err_nomem;
	const struct code_part text = {.bytes = bytes, .address = start, .size = end - start};
	struct err *e = image_read(file->image, start, bytes, text.size);
	struct relocations relocations = {0};
	e = e ?: relocations_read(file->image, &relocations);
	e = e ?: made_code_search(file->image, &relocations, &text, &found);
	if (!e && found)
		*ret = TEXT_MAKES_CODE;
	else if (!e && file->sets_handlers)
		e = interrupted_search(file->image, &relocations, file->decoder, &text, &found);
	if (!e && found && !*ret)
		*ret = TEXT_INTERRUPTED;
	relocations_deinit(&relocations);
	return e;
}

static struct err *search_run(const struct looked_at *file, uint64_t start, uint64_t end,
			      uint8_t *buffer, enum text_risk *ret)
{
	struct err *e = search_range(file, start, end, buffer, ret);
	if (!e && !*ret && start < end)
		e = search_whole(file, start, end, ret);
	return e;
}

static bool has_text(const struct image *image, uint64_t page, uint64_t size)
{
	return image_is_text(image, page, 1) || image_is_text(image, page + size - 1, 1);
}

struct err *text_search(struct image *image, enum text_risk *ret)
{
	struct stat st;
	struct decoder decoder;
	*ret = TEXT_HARMLESS;
	if (image_machine(image) != EM_X86_64 || !decoder_init(&decoder, EM_X86_64)) {
		*ret = TEXT_SWITCHES; /* there is no such search yet: unproven */
		return NULL;
	}
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);
	if (!buffer)
		return &err_nomem;
	if (fstat(image_fd(image), &st))
		return err_new(ERR_FAILED, errno, "reading '%s'", image_path(image));
	const struct looked_at file = {.image = image,
				       .decoder = &decoder,
				       .has_syscall = image_is_static(image)
							      ? image_defines(image, "syscall")
							      : image_imports(image, "syscall"),
				       .sets_handlers = sets_handlers(image)};
	uint64_t size = (uint64_t)st.st_size, start = 0;
	struct err *e = NULL;
	/* Runs of pages that hold text. */
	for (uint64_t page = 0; !e && !*ret && page < size; page += PAGE) {
		uint64_t length = size - page < PAGE ? size - page : PAGE;
		if (has_text(image, page, length))
			continue;
		e = search_run(&file, start, page, buffer, ret);
		start = page + PAGE;
	}
	if (!e && !*ret)
		e = search_run(&file, start, size, buffer, ret);
	return e;
}

/* --- coroutines ------------------------------------------------------------------------------- */

/* From where a stack's pointer is put away to where another's is taken. */
#define SWITCH_DISTANCE 64

/* mov %rsp,...: into memory that is not on the stack itself, as no compiler does for itself. */
static bool puts_away(const uint8_t *insn)
{
	uint8_t rex = insn[0], modrm = insn[2];
	uint8_t mod = modrm >> 6, rm = modrm & 7;
	if ((rex & (0xf8 | REX_R)) != 0x48 || insn[1] != 0x89 || (modrm >> 3 & 7) != RSP ||
	    mod == 3)
		return false;
	if (rm == RSP)
		return (insn[3] & 7) != RSP || (rex & REX_B);
	return rm != RBP || mod == 0 || (rex & REX_B);
}

/* The place where the text puts the stack pointer away, and loads another soon behind. */
static bool find_switch(const struct text *text, size_t *ret)
{
	const struct code_part part = {.bytes = text->bytes, .size = text->size};
	for (size_t i = 0; i + WINDOW <= text->size; i++) {
		if (!puts_away(text->bytes + i) || !is_instruction(text->decoder, &part, i))
			continue;
		size_t end = i + SWITCH_DISTANCE;
		for (size_t k = i + 3; k < end && k + WINDOW <= text->size; k++) {
			if ((text->bytes[k] & 0xf8) == 0x48 && loads_stack_pointer(text, k) &&
			    is_instruction(text->decoder, &part, k)) {
				*ret = i;
				return true;
			}
		}
	}
	return false;
}

bool stack_switch_find(struct image *image, uint64_t *ret)
{
	struct decoder decoder;
	struct section_range range;
	if (image_machine(image) != EM_X86_64 || !decoder_init(&decoder, EM_X86_64) ||
	    !image_section(image, ".text", &range) || range.size > TEXT_MAX)
		return false;
	_cleanup_free_ uint8_t *bytes = malloc(range.size);
	struct err *e = bytes ? image_read(image, range.offset, bytes, range.size) : &err_nomem;
	size_t at;
	const struct text text = {.decoder = &decoder, .bytes = bytes, .size = range.size};
	bool found = !e && find_switch(&text, &at);
	err_free(e);
	if (found)
		*ret = range.address + at;
	return found;
}
