/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/placement.c — the checks that the kernel does not make.
 *
 * A uprobe is a breakpoint written over the first byte of whatever is at the offset. A note that
 * lies, or is older than the file's text, would put it into the middle of an instruction and change
 * what the target does. The marker is a nop, so anything but a nop is refused.
 *
 * A 5-byte nop is a nop that some kernels (x86-64 from 6.18 until they went over to a 10-byte form)
 * replace by a call to a trampoline once it has been hit. The call pushes its return address over
 * the red zone, the 128 bytes below the stack pointer that a leaf function may use: its variables
 * are destroyed. The kernel takes any nop of 5 bytes, however it is spelt.
 */
#include "usdt/placement.h"

#include <elf.h>

#define X86_INSN_MAX 15

static bool is_nop_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 ||
	       byte == 0x64 || byte == 0x65;
}

/* Bytes of ModRM and what belongs to it: SIB, displacement. */
static size_t modrm_length(const uint8_t *bytes, size_t size)
{
	uint8_t mod = bytes[0] >> 6, rm = bytes[0] & 7;
	size_t length = 1;
	if (mod == 3)
		return length;
	if (rm == 4) {
		if (size < 2)
			return 0;
		length++;
		if (mod == 0 && (bytes[1] & 7) == 5)
			return length + 4;
	}
	if (mod == 0)
		return rm == 5 ? length + 4 : length;
	return length + (mod == 1 ? 1 : 4);
}

size_t x86_nop_length(const uint8_t *bytes, size_t size)
{
	size_t at = 0;
	while (at < size && is_nop_prefix(bytes[at]))
		at++;
	if (at < size && bytes[at] == 0x90)
		at++;
	else if (at + 2 < size && bytes[at] == 0x0f && bytes[at + 1] == 0x1f) {
		size_t rest = modrm_length(bytes + at + 2, size - at - 2);
		at = rest ? at + 2 + rest : size + 1;
	} else {
		return 0;
	}
	return at <= size && at <= X86_INSN_MAX ? at : 0;
}

static struct err *check_x86(const struct image *image, struct usdt_note *note)
{
	uint8_t bytes[X86_INSN_MAX] = {0};
	size_t size = sizeof(bytes);
	while (size > 1 && !image_is_text(image, note->offset, size))
		size--;
	struct err *e = image_read(image, note->offset, bytes, size);
	if (e)
		return e;
	note->nop_length = (uint8_t)x86_nop_length(bytes, size);
	if (!note->nop_length)
		note->refused = "not a nop";
	return NULL;
}

static struct err *check_aarch64(const struct image *image, struct usdt_note *note)
{
	static const uint8_t nop[] = {0x1f, 0x20, 0x03, 0xd5};
	uint8_t bytes[sizeof(nop)];
	if (note->offset % sizeof(nop) || !image_is_text(image, note->offset, sizeof(nop))) {
		note->refused = "not on an instruction";
		return NULL;
	}
	struct err *e = image_read(image, note->offset, bytes, sizeof(bytes));
	if (e)
		return e;
	if (memcmp(bytes, nop, sizeof(nop)) != 0)
		note->refused = "not a nop";
	else
		note->nop_length = sizeof(nop);
	return NULL;
}

struct err *placement_check(const struct image *image, struct usdt_note *note)
{
	if (!image_offset_of(image, note->address, &note->offset)) {
		note->offset = 0;
		note->refused = "not in the file";
		return NULL;
	}
	if (!image_is_text(image, note->offset, 1)) {
		note->refused = "not in executable text";
		return NULL;
	}
	return image_machine(image) == EM_AARCH64 ? check_aarch64(image, note)
						  : check_x86(image, note);
}

void placement_find_semaphore(const struct image *image, const struct section_range *probes,
			      uint64_t address, struct usdt_note *note)
{
	uint64_t offset = 0;
	if (address >= probes->address && address - probes->address < probes->size)
		offset = probes->offset + (address - probes->address);
	else if (!image_offset_of(image, address, &offset))
		offset = 0;
	/* A section table can lie: never is a word of code to be counted up. */
	if (image_is_text(image, offset, 1) || image_is_text(image, offset + 1, 1))
		offset = 0;
	/* The kernel takes even offsets only, and 0 means that there is none. */
	if (!offset || offset % 2)
		note->refused = "semaphore is not in the file's data";
	else
		note->semaphore_offset = offset;
}
