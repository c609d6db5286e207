/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a line table, of a unit that is sound: its files, a line's places, both ways. */
#include <stdlib.h>

#include "symbols/lines.h"
#include "symbols/stack.h"
#include "tests/fuzz/elf.h"

#define LINES 12 /* asked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const sections[] = {".debug_line", ".debug_line_str", ".debug_str"};
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* DW_TAG_compile_unit: name, comp_dir (strings), stmt_list (0), low_pc, high_pc. DWARF 4 and 5. */
static const uint8_t abbrev[] = {1,    0x11, 0,	   0x03, 0x08, 0x1b, 0x08, 0x10,
				 0x17, 0x11, 0x01, 0x12, 0x07, 0,    0,	   0};
static const uint8_t info[] = {
	/* length, version 5, DW_UT_compile, address size, abbreviations */
	36, 0, 0, 0, 5, 0,    1,    8, 0, 0, 0, 0, 1, 's',  '.', 'c', 0, '/', 'd', 0,
	0,  0, 0, 0, 0, 0x10, 0x40, 0, 0, 0, 0, 0, 0, 0x10, 0,	 0,   0, 0,   0,   0};

static void ask_line(struct image *image, const char *file, unsigned int line)
{
	struct line_search search = {0};
	struct err *e = image_find_line(image, file, line, &search);
	for (size_t i = 0; !e && i < search.places.count; i++) {
		const struct line_place *place = &search.places.items[i];
		if (!image_is_text(image, place->offset, 1))
			abort(); /* where a probe would go */
		if (i && search.places.items[i - 1].address > place->address)
			abort();
	}
	err_free(e);
	line_search_deinit(&search);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_section cut[N_SECTIONS + 2];
	elf_cut(data, size, sections, N_SECTIONS, cut);
	cut[N_SECTIONS] = (struct elf_section){".debug_info", info, sizeof(info)};
	cut[N_SECTIONS + 1] = (struct elf_section){".debug_abbrev", abbrev, sizeof(abbrev)};
	struct image *image = elf_open(cut, N_SECTIONS + 2, true);
	if (!image)
		abort();
	for (unsigned int line = 1; line <= LINES; line++)
		ask_line(image, "s.c", line);
	ask_line(image, "b.h", 3);
	for (uint64_t at = 0; at < 64; at += 5)
		image_place(image, ELF_TEXT_ADDRESS + at);
	image_close(image);
	return 0;
}
