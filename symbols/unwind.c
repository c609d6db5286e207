/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/unwind.c — what the unwind tables (.eh_frame) tell of one address.
 *
 * They are the compiler's own word on where a frame begins, which a symbol's name is not: assembly
 * code marks places inside functions as functions, and a symbol table can be made to lie.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/frame_table.h"
#include "symbols/image.h"

/* The stack pointer's DWARF number, and where the frame's address (CFA) lies above it at the start
 * of a function: behind the return address, which on arm64 is in a register. */
static void entry_rule(const struct image *image, Dwarf_Word *ret_register, Dwarf_Word *ret_offset)
{
	bool x86 = image->file.header.e_machine == EM_X86_64;
	*ret_register = x86 ? 7 : 31;
	*ret_offset = x86 ? 8 : 0;
}

static bool is_entry_rule(const struct image *image, const Dwarf_Op *op)
{
	Dwarf_Word stack_pointer, offset;
	entry_rule(image, &stack_pointer, &offset);
	if (op->atom == DW_OP_bregx)
		return op->number == stack_pointer && op->number2 == offset;
	return op->atom == DW_OP_breg0 + stack_pointer && op->number == offset;
}

/*
 * Without a section .eh_frame libdw goes by the program headers, and has libelf read the whole file
 * for it; libelf (0.192, elf_end.c) then loses the sections that it read one by one before. Only a
 * file without section headers has none of these, and is the one that needs that way: linkers make
 * the segment from the section.
 */
static bool may_have_tables(const struct image *image)
{
	size_t sections;
	return elf_file_section(&image->file, ".eh_frame", 0) ||
	       (elf_getshdrnum(image->file.elf, &sections) == 0 && sections == 0);
}

Dwarf_Frame *image_frame_at(struct image *image, uint64_t address)
{
	if (!image->unwind_opened && may_have_tables(image))
		image->unwind = dwarf_getcfi_elf(image->file.elf);
	image->unwind_opened = true;
	Dwarf_Frame *frame = NULL;
	if (!image->unwind || dwarf_cfi_addrframe(image->unwind, address, &frame) != 0)
		return NULL;
	return frame;
}

static bool begins_as_usual(struct image *image, uint64_t address)
{
	Dwarf_Word stack_pointer, offset;
	entry_rule(image, &stack_pointer, &offset);
	if (!image->frame_table)
		image->frame_table = frame_table_open(
			&image->file, (struct frame_rule){(uint8_t)stack_pointer, (uint8_t)offset});
	return image->frame_table && frame_table_begins(image->frame_table, address);
}

enum frame_place image_frame_place(struct image *image, uint64_t address)
{
	if (image->remote)
		return remote_frame_place(image, address);
	if (begins_as_usual(image, address))
		return FRAME_START;
	_cleanup_free_ Dwarf_Frame *frame = image_frame_at(image, address);
	Dwarf_Op *ops = NULL;
	size_t count = 0;
	Dwarf_Addr start = 0, end;
	/* The rules from `start` on; a function's first rules begin with it. */
	if (!frame || dwarf_frame_info(frame, &start, &end, NULL) < 0 ||
	    dwarf_frame_cfa(frame, &ops, &count) != 0)
		return FRAME_UNKNOWN;
	return start == address && count == 1 && is_entry_rule(image, ops) ? FRAME_START
									   : FRAME_INSIDE;
}

bool image_frame_row(struct image *image, uint64_t address, uint64_t *ret_start)
{
	if (image->remote)
		return remote_frame_row(image, address, ret_start);
	_cleanup_free_ Dwarf_Frame *frame = image_frame_at(image, address);
	Dwarf_Addr start, end;
	if (!frame || dwarf_frame_info(frame, &start, &end, NULL) < 0 || start > address ||
	    end <= address)
		return false;
	*ret_start = start;
	return true;
}
