/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files cut off at every interesting byte and with every header field overwritten. Nothing may
 * crash; what opens must answer all questions, and whatever it says must lie inside the file.
 */
#include <elf.h>

#include "common/array.h"
#include "symbols/stack.h"
#include "symbols/symbols.h"
#include "symbols/unwind_row.h"
#include "tests/unit/symbols_bytes.h"

/* The tree of a type must end, and have names everywhere. */
static void walk_type(const struct type *type, int depth)
{
	assert_non_null(type->name);
	assert_true(depth < 100);
	for (uint32_t i = 0; depth < 4 && i < type->n_members; i++)
		walk_type(type->members[i].type, depth + 1);
	if (type->target)
		walk_type(type->target, depth + 1);
}

static void ask_about_prototype(struct image *image, const struct function *function)
{
	const struct prototype *prototype;
	const char *file;
	unsigned int line;
	struct err *e = image_prototype(image, function, &prototype);
	if (image_source_line(image, function, &file, &line))
		assert_true(line > 0 && strlen(file) > 0);
	if (!e && prototype) {
		for (uint32_t i = 0; i < prototype->n_parameters; i++)
			walk_type(prototype->parameters[i].type, 0);
		walk_type(prototype->result, 0);
	}
	err_free(e);
}

static void ask_about_functions(struct image *image, size_t size)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	if (e) {
		err_free(e);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		assert_true(functions[i].offset < size);
		assert_true(functions[i].size <= size - functions[i].offset);
		assert_true(functions[i].symbol[0] != '\0');
		assert_non_null(image_demangle(image, functions[i].symbol));
		assert_true(i == 0 || functions[i].address >= functions[i - 1].address);
	}
	for (size_t i = 0; i < count; i += 7) {
		image_function_at(image, functions[i].address);
		image_frame_place(image, functions[i].address);
		image_unwind_row(image, functions[i].address + 3);
		image_place(image, functions[i].address + 3);
		ask_about_prototype(image, &functions[i]);
	}
}

static void ask_everything(struct image *image, size_t size)
{
	struct section_range section;
	const uint8_t *id;
	uint64_t out;
	if (image_section(image, ".text", &section))
		assert_true(section.offset + section.size <= size);
	assert_true(image_build_id(image, &id) < size);
	for (const char *const *needed = image_needed(image); needed && *needed; needed++)
		assert_true(strlen(*needed) > 0);
	image_soname(image);
	image_interpreter(image);
	image_offset_of(image, 0x1000, &out);
	image_is_stripped(image);
	image_imports(image, "strlen");
	image_symbol_address(image, "add", &out);
	ask_about_functions(image, size);
}

/* Returns whether it could be opened. */
static bool try_bytes(const uint8_t *bytes, size_t size)
{
	struct image *image;
	int fd = memory_file(bytes, size);
	struct err *e = image_open("damaged", fd, &image);
	close(fd);
	if (!e) {
		ask_everything(image, size);
		image_close(image);
		return true;
	}
	assert_true(strlen(err_reason(e)) > 0);
	err_free(e);
	return false;
}

static void truncated_anywhere(void **state)
{
	(void)state;
	size_t size, opened = 0, refused = 0;
	uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	for (size_t cut = 0; cut < size; cut += cut < 1024 ? 1 : 61)
		*(try_bytes(bytes, cut) ? &opened : &refused) += 1;
	assert_true(opened > 10);
	assert_true(refused > 64);
	assert_true(try_bytes(bytes, size));
	free(bytes);
}

static const uint64_t values[] = {
	0,
	1,
	2,
	0x7f,
	0xff,
	0xffff,
	0x10000,
	0x7fffffff,
	0xffffffff,
	INT64_MAX,
	UINT64_MAX,
	UINT64_MAX - 63,
	UINT64_MAX - 4095,
	1ULL << 32,
	1ULL << 48,
};

/* Overwrites each 1, 2, 4 and 8 byte field in [start, start + length), one at a time. */
static void overwrite_range(uint8_t *bytes, size_t size, size_t start, size_t length, size_t step)
{
	for (size_t at = start; at + 8 <= start + length && at + 8 <= size; at += step) {
		for (size_t v = 0; v < array_size(values); v++) {
			uint8_t saved[8];
			memcpy(saved, bytes + at, 8);
			memcpy(bytes + at, &values[v], step);
			try_bytes(bytes, size);
			memcpy(bytes + at, saved, 8);
		}
	}
}

static void overwritten_elf_header(void **state)
{
	(void)state;
	size_t size;
	uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	overwrite_range(bytes, size, 0, sizeof(Elf64_Ehdr), 1);
	overwrite_range(bytes, size, 0, sizeof(Elf64_Ehdr), 2);
	overwrite_range(bytes, size, 0, sizeof(Elf64_Ehdr), 8);
	free(bytes);
}

static void overwritten_program_and_section_headers(void **state)
{
	(void)state;
	size_t size;
	uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	overwrite_range(bytes, size, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr), 8);
	overwrite_range(bytes, size, header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr), 4);
	free(bytes);
}

static void overwritten_dynamic_section_without_section_headers(void **state)
{
	(void)state;
	size_t size;
	struct image *image;
	struct section_range dynamic, hash;
	assert_ok(image_open(FIXTURES "/libfixture.so", -1, &image));
	assert_true(image_section(image, ".dynamic", &dynamic));
	assert_true(image_section(image, ".gnu.hash", &hash));
	image_close(image);
	uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	header.e_shoff = 0;
	header.e_shnum = header.e_shstrndx = 0;
	memcpy(bytes, &header, sizeof(header));
	overwrite_range(bytes, size, dynamic.offset, dynamic.size, 8);
	overwrite_range(bytes, size, hash.offset, hash.size, 4);
	free(bytes);
}

static void overwritten_symbols(void **state)
{
	(void)state;
	size_t size;
	struct image *image;
	struct section_range symbols;
	assert_ok(image_open(FIXTURES "/libfixture.so", -1, &image));
	assert_true(image_section(image, ".dynsym", &symbols));
	image_close(image);
	uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	overwrite_range(bytes, size, symbols.offset, symbols.size, 4);
	free(bytes);
}

/* One byte at a time; false: the file has no such section. */
static bool overwrite_section(const char *path, const char *name)
{
	static const uint8_t tried[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t size;
	struct image *image;
	struct section_range section;
	assert_ok(image_open(path, -1, &image));
	bool found = image_section(image, name, &section);
	image_close(image);
	if (!found)
		return false;
	uint8_t *bytes = file_bytes(path, &size);
	for (size_t at = section.offset; at < section.offset + section.size; at += 2) {
		uint8_t saved = bytes[at];
		bytes[at] = tried[at / 2 % array_size(tried)];
		try_bytes(bytes, size);
		bytes[at] = saved;
	}
	free(bytes);
	return true;
}

/* The sections that hold the types. */
static void overwritten_dwarf(void **state)
{
	(void)state;
	/* Units lead to their code by .debug_aranges, which clang does not write, or by their own
	 * ranges. */
	static const char *const files[] = {FIXTURES "/dwarf5", FIXTURES "/no_aranges",
					    FIXTURES "/clang5"};
	static const char *const optional[] = {".debug_aranges", ".debug_rnglists", ".debug_addr"};
	for (size_t f = 0; f < array_size(files); f++) {
		if (access(files[f], R_OK) != 0)
			continue; /* no clang here */
		assert_true(overwrite_section(files[f], ".debug_info"));
		assert_true(overwrite_section(files[f], ".debug_abbrev"));
		for (size_t s = 0; s < array_size(optional); s++)
			overwrite_section(files[f], optional[s]);
	}
}

static void overwritten_unwind_tables(void **state)
{
	(void)state;
	assert_true(overwrite_section(FIXTURES "/libfixture.so", ".eh_frame"));
	assert_true(overwrite_section(FIXTURES "/libfixture.so", ".eh_frame_hdr"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(overwritten_elf_header),
		cmocka_unit_test(overwritten_program_and_section_headers),
		cmocka_unit_test(overwritten_dynamic_section_without_section_headers),
		cmocka_unit_test(overwritten_symbols),
		cmocka_unit_test(overwritten_dwarf),
		cmocka_unit_test(overwritten_unwind_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
