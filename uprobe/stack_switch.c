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
#include <sys/stat.h>

#include "common/cleanup.h"
#include "uprobe/return_slot.h"
#include "uprobe/safety.h"

#define CHUNK (1u << 20)
#define PAGE  4096u
/* REX, opcode, ModRM, SIB: what is looked at, which chunks must overlap by. */
#define WINDOW	4
#define OVERLAP 4096u

#define REX_B	1
#define REX_R	4
#define RSP	4
#define RBP	5
#define R10	2 /* with REX_B */

struct text {
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

static bool search(const struct text *text)
{
	for (size_t i = 0; i + WINDOW <= text->size; i++)
		if ((text->bytes[i] & 0xf8) == 0x48 && loads_stack_pointer(text, i))
			return true;
	return false;
}

static enum text_risk judge(const struct decoder *decoder, const struct code_part *part)
{
	const struct text text = {.bytes = part->bytes, .size = part->size};
	if (search(&text) || stack_pop_search(decoder, part))
		return TEXT_SWITCHES;
	return frame_walk_search(decoder, part) ? TEXT_WALKS : TEXT_HARMLESS;
}

/* The overlap keeps a short function whole in one of two chunks. */
static struct err *search_range(const struct image *image, const struct decoder *decoder,
				uint64_t start, uint64_t end, uint8_t *buffer, enum text_risk *ret)
{
	while (!*ret && start < end) {
		size_t size = end - start < CHUNK ? end - start : CHUNK;
		struct err *e = image_read(image, start, buffer, size);
		if (e)
			return e;
		const struct code_part part = {.bytes = buffer, .address = start, .size = size};
		*ret = judge(decoder, &part);
		if (size < CHUNK)
			break;
		start += size - OVERLAP;
	}
	return NULL;
}

static bool has_text(const struct image *image, uint64_t page, uint64_t size)
{
	return image_is_text(image, page, 1) || image_is_text(image, page + size - 1, 1);
}

struct err *text_search(const struct image *image, enum text_risk *ret)
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
	uint64_t size = (uint64_t)st.st_size, start = 0;
	struct err *e = NULL;
	/* Runs of pages that hold text. */
	for (uint64_t page = 0; !e && !*ret && page < size; page += PAGE) {
		uint64_t length = size - page < PAGE ? size - page : PAGE;
		if (has_text(image, page, length))
			continue;
		e = search_range(image, &decoder, start, page, buffer, ret);
		start = page + PAGE;
	}
	if (!e && !*ret)
		e = search_range(image, &decoder, start, size, buffer, ret);
	return e;
}
