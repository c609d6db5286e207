/* SPDX-License-Identifier: Apache-2.0 */
/* What the table is sure of, libdw says as well; and it is sure of what compilers write. */
#include "symbols/frame_table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/elf_file.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_readelf.h"

#ifdef __x86_64__
static const struct frame_rule rule = {7, 8};
#else
static const struct frame_rule rule = {31, 0};
#endif

static bool is_rule(const Dwarf_Op *op)
{
	if (op->atom == DW_OP_bregx)
		return op->number == rule.reg && op->number2 == rule.offset;
	return op->atom == DW_OP_breg0 + rule.reg && op->number == rule.offset;
}

static bool libdw_says(Dwarf_CFI *cfi, uint64_t address)
{
	_cleanup_free_ Dwarf_Frame *frame = NULL;
	Dwarf_Addr start, end;
	Dwarf_Op *ops;
	size_t count;
	return dwarf_cfi_addrframe(cfi, address, &frame) == 0 &&
	       dwarf_frame_info(frame, &start, &end, NULL) >= 0 && start == address &&
	       dwarf_frame_cfa(frame, &ops, &count) == 0 && count == 1 && is_rule(ops);
}

struct text {
	uint64_t start, end;
};

static struct text text_of(const struct elf_file *file)
{
	Elf_Scn *section = elf_file_section(file, ".text", 0);
	assert_non_null(section);
	const Elf64_Shdr *header = elf64_getshdr(section);
	return (struct text){header->sh_addr, header->sh_addr + header->sh_size};
}

/* How many descriptions there are of what lies in the text. */
static size_t count_frames(const char *path, const struct text *text)
{
	struct readelf_frames frames = {0};
	size_t count = 0;
	readelf_frames(path, &frames);
	for (size_t i = 0; i < frames.count; i++)
		count += frames.items[i].start >= text->start && frames.items[i].start < text->end;
	free(frames.items);
	return count;
}

/* Of how many addresses the table is sure, and of how many it might be. */
static void compare(const char *path, size_t *ret_sure, size_t *ret_all)
{
	struct elf_file file;
	size_t count = 0;
	assert_ok(elf_file_open(path, -1, ELF_PROGRAM, &file));
	struct frame_table *table = frame_table_open(&file, rule);
	assert_non_null(table);
	Dwarf_CFI *cfi = dwarf_getcfi_elf(file.elf);
	assert_non_null(cfi);
	const struct text text = text_of(&file);
	for (uint64_t at = text.start - 8; at < text.end + 8; at++) {
		bool sure = frame_table_begins(table, at), known = libdw_says(cfi, at);
		assert_true(known || !sure);
		count += sure;
	}
	*ret_sure = count;
	*ret_all = count_frames(path, &text);
	frame_table_free(table);
	dwarf_cfi_end(cfi);
	elf_file_close(&file);
}

static void it_says_what_libdw_says(void **state)
{
	(void)state;
	/* The last ones handle exceptions. */
	static const char *const paths[] = {FIXTURES "/pie", FIXTURES "/nopie",
					    FIXTURES "/libfixture.so", FIXTURES "/cpp"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		size_t sure, all;
		compare(paths[i], &sure, &all);
		assert_true(all > 10 && sure <= all);
		/* _start says that it has no caller; parts of functions begin in another way. */
		assert_true(sure + 2 >= all);
	}
}

static void each_byte_may_be_wrong(void **state)
{
	(void)state;
	size_t size;
	uint64_t offset = 0, length = 0;
	_cleanup_free_ uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	struct elf_file file;
	for (uint64_t i = 0; i == 0 || i < offset + length; i++) {
		uint64_t at = i < offset ? offset : i;
		i = at;
		uint8_t old = bytes[at];
		if (at)
			bytes[at] = (uint8_t)(old ^ (0x55 + at));
		int fd = memory_file(bytes, size);
		bytes[at] = old;
		assert_ok(elf_file_open("changed", fd, ELF_PROGRAM, &file));
		close(fd);
		Elf_Scn *header = elf_file_section(&file, ".eh_frame_hdr", 0);
		Elf_Scn *frames = elf_file_section(&file, ".eh_frame", 0);
		assert_non_null(header);
		assert_non_null(frames);
		/* The two lie one behind the other. */
		offset = elf64_getshdr(header)->sh_offset;
		length = elf64_getshdr(frames)->sh_offset + elf64_getshdr(frames)->sh_size - offset;
		struct frame_table *table = frame_table_open(&file, rule);
		const struct text text = text_of(&file);
		for (uint64_t address = text.start; address < text.end; address++)
			frame_table_begins(table, address);
		frame_table_free(table);
		elf_file_close(&file);
	}
	assert_true(length > 100);
}

static void a_file_without_tables_begins_nowhere(void **state)
{
	(void)state;
	struct elf_file file;
	assert_ok(elf_file_open(FIXTURES "/linked.debug", -1, ELF_DEBUG_ONLY, &file));
	struct frame_table *table = frame_table_open(&file, rule);
	assert_non_null(table);
	for (uint64_t address = 0; address < 0x3000; address++)
		assert_false(frame_table_begins(table, address));
	frame_table_free(table);
	frame_table_free(NULL);
	elf_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_libdw_says),
		cmocka_unit_test(each_byte_may_be_wrong),
		cmocka_unit_test(a_file_without_tables_begins_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
