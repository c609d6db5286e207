/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of arbitrary files. With an even first byte, the rest is the content of .note.stapsdt in a
 * file that is otherwise sound; with an odd one, the rest is the file. The probes that come out
 * must sit on nops in executable text, with semaphores outside of it.
 */
#include <stdlib.h>

#include "tests/unit/usdt_elf.h"
#include "usdt/placement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int make_file(const uint8_t *data, size_t size)
{
	struct elf elf;
	if (data[0] & 1) {
		int fd = memfd_create("fuzz", MFD_CLOEXEC);
		require(fd >= 0 && elf_write_at(fd, data + 1, size - 1, 0));
		return fd;
	}
	elf_init(&elf);
	elf.machine = data[0] & 2 ? EM_AARCH64 : EM_X86_64;
	elf.base_address = data[0] & 4 ? 0 : TEXT_ADDRESS + SEGMENT_SIZE - 1;
	/* Nops of all kinds and other things, so that addresses meet either. */
	for (size_t i = 0; i + 16 <= SEGMENT_SIZE; i += 16)
		memcpy(elf.text + i,
		       "\x90\xcc\x0f\x1f\x44\x00\x00\x55\x1f\x20\x03\xd5\x66\x90\xc3\xc3", 16);
	elf_put(&elf, data + 1, size - 1 < NOTES_MAX ? size - 1 : NOTES_MAX);
	int fd = elf_finish(&elf);
	require(fd >= 0);
	return fd;
}

static void check_site(const struct image *image, const struct probe_site *site)
{
	uint8_t byte;
	require(image_is_text(image, site->offset, 1));
	require(!image_read(image, site->offset, &byte, 1));
	if (image_machine(image) == EM_X86_64)
		require(byte == 0x90 || byte == 0x0f || x86_nop_length(&byte, 1) || byte == 0x66 ||
			byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 ||
			byte == 0x64 || byte == 0x65);
	else
		require(byte == 0x1f && site->offset % 4 == 0);
	require(site->ref_ctr_offset % 2 == 0);
	require(!site->entry_plan || (site->entry_plan->n_ops <= FETCH_OPS_MAX &&
				      site->entry_plan->n_slots <= FETCH_SLOTS_MAX));
	for (size_t i = 0; i < site->arguments.count; i++) {
		const struct value *value = &site->arguments.items[i];
		require(value->type && value->name);
		require((value->slot == VALUE_NO_SLOT) == (value->unavailable != NULL));
	}
}

static void check_note(const struct image *image, const struct usdt_note *note)
{
	require(note->provider[0] && note->name[0] && note->operands);
	if (note->refused)
		return;
	require(image_is_text(image, note->offset, 1) && note->nop_length);
	require(!note->semaphore_offset || !image_is_text(image, note->semaphore_offset, 1));
}

/* As `list` does: the operands and types of each note, whether a probe may sit there or not. */
static struct err *read_all(struct image *image)
{
	struct arena arena = {0};
	const struct usdt_note *notes;
	const struct usdt_operand *operands;
	const struct parameter *parameters;
	size_t count = 0, n_operands, malformed = 0;
	struct err *e = usdt_notes(image, &arena, &notes, &count, &malformed);
	for (size_t i = 0; !e && i < count; i++) {
		check_note(image, &notes[i]);
		e = usdt_operands(notes[i].operands, image_machine(image), image, &notes[i], &arena,
				  &operands, &n_operands);
		require(!e && n_operands <= USDT_OPERANDS_MAX);
		e = usdt_parameters(&notes[i], operands, n_operands, &arena, &parameters);
		for (size_t j = 0; !e && j < n_operands; j++)
			require(parameters[j].type && parameters[j].name);
	}
	arena_deinit(&arena);
	return e;
}

static struct err *add_probes(struct image *image)
{
	static const struct compile_options options = {.string_limit = 64, .depth = 1};
	const struct spec spec = {
		.kind = PROBE_USDT, .provider = "*", .name = "*", .name_kind = SPEC_NAME_GLOB};
	struct probe_set set;
	struct err *e = probe_set_init(&set, &options);
	e = e ?: usdt_add_probes(&set, image, "fuzz", &spec, NULL);
	for (size_t i = 1; !e && i < set.sites.count; i++)
		check_site(image, set.sites.items[i]);
	probe_set_deinit(&set);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	if (!size)
		return 0;
	int fd = make_file(data, size);
	struct err *e = image_open("fuzz", fd, &image);
	close(fd);
	if (!e) {
		e = read_all(image);
		e = e ?: add_probes(image);
		image_close(image);
	}
	err_free(e);
	return 0;
}
