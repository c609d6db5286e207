/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/symbols.h"
#include "tests/unit/symbols_readelf.h"

static struct image *open_image(const char *path)
{
	struct image *image;
	assert_ok(image_open(path, -1, &image));
	return image;
}

static void identity_is_that_of_the_file(void **state)
{
	(void)state;
	struct stat st;
	char expected[128], got[128] = "";
	const uint8_t *id;
	struct image *image = open_image(FIXTURES "/pie");
	assert_int_equal(stat(FIXTURES "/pie", &st), 0);
	assert_string_equal(image_path(image), FIXTURES "/pie");
	assert_int_equal(image_device(image), st.st_dev);
	assert_int_equal(image_inode(image), st.st_ino);
	assert_true(readelf_field("-nW", FIXTURES "/pie", "Build ID: ", "\n", expected,
				  sizeof(expected)));
	size_t size = image_build_id(image, &id);
	for (size_t i = 0; i < size; i++)
		snprintf(got + i * 2, 3, "%02x", id[i]);
	assert_string_equal(got, expected);
	image_close(image);
	image = open_image(FIXTURES "/plain");
	assert_int_equal(image_build_id(image, &id), 0);
	image_close(image);
}

static void a_descriptor_counts_and_stays_the_callers(void **state)
{
	(void)state;
	struct stat ours, theirs;
	struct image *image;
	int fd = open(FIXTURES "/pie", O_RDONLY | O_CLOEXEC);
	assert_ok(image_open("any name at all", fd, &image));
	assert_string_equal(image_path(image), "any name at all");
	assert_int_not_equal(image_fd(image), fd);
	assert_int_equal(fstat(image_fd(image), &ours), 0);
	assert_int_equal(fstat(fd, &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	image_close(image);
	assert_int_equal(fstat(fd, &theirs), 0);
	close(fd);
}

static void check_dynamic(const char *path)
{
	struct image *image = open_image(path);
	char expected[256];
	const char *soname = image_soname(image);
	const char *interpreter = image_interpreter(image);
	assert_int_equal(
		readelf_field("-dW", path, "Library soname: [", "]", expected, sizeof(expected)),
		!!soname);
	if (soname)
		assert_string_equal(soname, expected);
	assert_int_equal(readelf_field("-lW", path, "program interpreter: ", "]", expected,
				       sizeof(expected)),
			 !!interpreter);
	if (interpreter)
		assert_string_equal(interpreter, expected);
	_cleanup_free_ char *found = NULL;
	assert_ok(image_find_interpreter(path, &found));
	assert_int_equal(found != NULL, interpreter != NULL);
	if (found)
		assert_string_equal(found, expected);
	bool has_needed =
		readelf_field("-dW", path, "Shared library: [", "]", expected, sizeof(expected));
	const char *const *needed = image_needed(image);
	assert_int_equal(has_needed, needed && needed[0]);
	if (has_needed)
		assert_string_equal(needed[0], expected);
	image_close(image);
}

static void a_script_names_no_interpreter_of_this_kind(void **state)
{
	(void)state;
	char *found = NULL;
	assert_err(image_find_interpreter(SOURCE, &found), ERR_USAGE, "not an ELF file");
	assert_err(image_find_interpreter("/nowhere", &found), ERR_USAGE, "No such file");
	assert_null(found);
}

static void names_of_libraries_and_interpreter_agree_with_readelf(void **state)
{
	(void)state;
	check_dynamic(FIXTURES "/pie");
	check_dynamic(FIXTURES "/nopie");
	check_dynamic(FIXTURES "/static");
	check_dynamic(FIXTURES "/libfixture.so");
	check_dynamic("/bin/bash");
	struct image *image = open_image(FIXTURES "/static");
	assert_null(image_needed(image));
	image_close(image);
}

static void all_needed_libraries_are_there(void **state)
{
	(void)state;
	char line[4096];
	size_t count = 0;
	struct image *image = open_image("/bin/bash");
	const char *const *needed = image_needed(image);
	FILE *out = readelf_run("-dW", "/bin/bash");
	while (fgets(line, sizeof(line), out)) {
		const char *at = strstr(line, "Shared library: [");
		if (!at)
			continue;
		assert_non_null(needed[count]);
		assert_memory_equal(at + 17, needed[count], strlen(needed[count]));
		count++;
	}
	pclose(out);
	assert_true(count >= 2);
	assert_null(needed[count]);
	image_close(image);
}

static void types_and_machine(void **state)
{
	(void)state;
	struct image *image = open_image(FIXTURES "/nopie");
	assert_int_equal(image_elf_type(image), ET_EXEC);
#if defined(__x86_64__)
	assert_int_equal(image_machine(image), EM_X86_64);
#elif defined(__aarch64__)
	assert_int_equal(image_machine(image), EM_AARCH64);
#endif
	image_close(image);
	image = open_image(FIXTURES "/pie");
	assert_int_equal(image_elf_type(image), ET_DYN);
	image_close(image);
}

/* "  [14] .text  PROGBITS  0000000000001080 001080 0001f3 00  AX ..." */
static void check_section(const char *path, const char *name)
{
	struct section_range section;
	char label[64], fields[256];
	unsigned long long address, offset, size;
	struct image *image = open_image(path);
	snprintf(label, sizeof(label), "] %s ", name);
	assert_true(readelf_field("-SW", path, label, "\n", fields, sizeof(fields)));
	assert_int_equal(sscanf(fields, "%*s %llx %llx %llx", &address, &offset, &size), 3);
	assert_true(image_section(image, name, &section));
	assert_int_equal(section.address, address);
	assert_int_equal(section.offset, offset);
	assert_int_equal(section.size, size);
	image_close(image);
}

static void sections_agree_with_readelf(void **state)
{
	(void)state;
	check_section(FIXTURES "/pie", ".text");
	check_section(FIXTURES "/nopie", ".data");
	check_section(FIXTURES "/libfixture.so", ".dynstr");
	struct section_range section;
	struct image *image = open_image(FIXTURES "/pie");
	assert_false(image_section(image, ".bss", &section));
	assert_false(image_section(image, ".no-such-section", &section));
	image_close(image);
}

/* Address and offset of each loaded section, there and back, by the program headers. */
static void check_translation(const char *path)
{
	static const char *const names[] = {".text", ".rodata", ".data", ".dynamic", ".init"};
	struct image *image = open_image(path);
	struct section_range section;
	for (size_t i = 0; i < array_size(names); i++) {
		uint64_t offset, address;
		if (!image_section(image, names[i], &section))
			continue;
		assert_true(image_offset_of(image, section.address, &offset));
		assert_int_equal(offset, section.offset);
		assert_true(image_offset_of(image, section.address + section.size - 1, &offset));
		assert_int_equal(offset, section.offset + section.size - 1);
		assert_true(image_address_of(image, section.offset, &address));
		assert_int_equal(address, section.address);
		bool text = !strcmp(names[i], ".text") || !strcmp(names[i], ".init");
		assert_int_equal(image_is_text(image, section.offset, section.size), text);
	}
	image_close(image);
}

static void addresses_and_offsets_translate(void **state)
{
	(void)state;
	check_translation(FIXTURES "/pie");
	check_translation(FIXTURES "/nopie");
	check_translation(FIXTURES "/static");
	check_translation(FIXTURES "/libfixture.so");
}

static void what_no_segment_covers_is_refused(void **state)
{
	(void)state;
	struct stat st;
	struct section_range text;
	uint64_t out = 42;
	struct image *image = open_image(FIXTURES "/pie");
	assert_int_equal(stat(FIXTURES "/pie", &st), 0);
	assert_false(image_offset_of(image, UINT64_MAX, &out));
	assert_false(image_offset_of(image, 1ULL << 40, &out));
	assert_false(image_address_of(image, (uint64_t)st.st_size, &out));
	assert_false(image_address_of(image, UINT64_MAX, &out));
	assert_int_equal(out, 42);
	assert_true(image_section(image, ".text", &text));
	assert_false(image_is_text(image, text.offset, SIZE_MAX));
	assert_false(image_is_text(image, text.offset, 1 << 20));
	assert_false(image_is_text(image, UINT64_MAX, 1));
	assert_false(image_is_text(image, 0, 1));
	image_close(image);
}

static void content_is_read_and_bounds_are_kept(void **state)
{
	(void)state;
	struct stat st;
	uint8_t bytes[SELFMAG];
	struct image *image = open_image(FIXTURES "/pie");
	assert_int_equal(stat(FIXTURES "/pie", &st), 0);
	assert_ok(image_read(image, 0, bytes, SELFMAG));
	assert_memory_equal(bytes, ELFMAG, SELFMAG);
	assert_ok(image_read(image, (uint64_t)st.st_size, bytes, 0));
	assert_err(image_read(image, (uint64_t)st.st_size, bytes, 1), ERR_FAILED, "past the end");
	assert_err(image_read(image, UINT64_MAX, bytes, 4), ERR_FAILED, "past the end");
	image_close(image);
}

/* In any order, beside each other or not: every byte is that of the file. */
static void content_is_the_same_in_any_order(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 7, 64, 4096, 20000, 70000};
	struct image *image;
	assert_ok(image_open("/proc/self/exe", -1, &image));
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	uint8_t *whole = malloc((size_t)st.st_size), *piece = malloc(70000);
	assert_int_equal(read(fd, whole, (size_t)st.st_size), st.st_size);
	uint32_t random = 1;
	uint64_t at = 0;
	for (int i = 0; i < 3000; i++) {
		random = random * 1103515245 + 12345;
		size_t size = sizes[(random >> 16) % array_size(sizes)];
		if (i % 16 == 0 || at + size > (uint64_t)st.st_size)
			at = random % ((uint64_t)st.st_size - 70000);
		assert_ok(image_read(image, at, piece, size));
		assert_memory_equal(piece, whole + at, size);
		at += random & 1 ? size : size + 13;
	}
	/* The last bytes, beside what was read before them. */
	at = (uint64_t)st.st_size - 100;
	for (; at < (uint64_t)st.st_size; at += 10) {
		assert_ok(image_read(image, at, piece, 10));
		assert_memory_equal(piece, whole + at, 10);
	}
	assert_err(image_read(image, at - 5, piece, 10), ERR_FAILED, "past the end");
	free(whole);
	free(piece);
	close(fd);
	image_close(image);
}

/* As ld.lld lays files out: a page of the file ends one segment and begins the next one, which is
 * mapped a page further on. */
static struct image *open_dense(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[3];
	} file = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.segments = {{PT_LOAD, PF_R, 0, 0, 0, 0x8ec, 0x8ec, 0x1000},
			     {PT_LOAD, PF_R | PF_X, 0x8f0, 0x18f0, 0x18f0, 0x160, 0x160, 0x1000},
			     {PT_LOAD, PF_R | PF_W, 0xa50, 0x2a50, 0x2a50, 0x240, 0x3000, 0x1000}},
	};
	char path[] = "/tmp/utrail-unit-XXXXXX";
	int fd = mkstemp(path);
	struct image *image;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, &file, sizeof(file)), sizeof(file));
	assert_int_equal(ftruncate(fd, 0x2000), 0);
	assert_ok(image_open(path, fd, &image));
	unlink(path);
	close(fd);
	return image;
}

static void a_page_may_be_in_two_segments(void **state)
{
	(void)state;
	struct image *image = open_dense();
	const uint64_t shift = 0x7f0000000000;
	uint64_t address;
	if (sysconf(_SC_PAGESIZE) != 0x1000)
		skip();
	assert_true(image_address_of(image, 0, &address));
	assert_int_equal(address, 0);
	assert_true(image_code_page_of(image, 0, &address));
	assert_int_equal(address, 0x1000);
	assert_false(image_code_page_of(image, 0x1000, &address));
	/* Headers, code, data with two pages of zeros: 0 to 0x6000, all pages in use. */
	assert_true(image_lies_in(image, shift, shift, shift + 1));
	assert_true(image_lies_in(image, shift, shift - 0x1000, shift + 0x10000));
	assert_true(image_lies_in(image, shift, shift + 0x5fff, shift + 0x10000));
	assert_false(image_lies_in(image, shift, shift + 0x6000, shift + 0x10000));
	assert_false(image_lies_in(image, shift, shift - 0x1000, shift));
	assert_true(image_zeros_begin_at(image, shift, shift + 0x3000));
	assert_false(image_zeros_begin_at(image, shift, shift + 0x4000));
	assert_false(image_zeros_begin_at(image, shift, shift + 0x1000));
	image_close(image);
}

static void closing_nothing_is_fine(void **state)
{
	(void)state;
	struct image *image = NULL;
	image_close(image);
	image_closep(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_is_that_of_the_file),
		cmocka_unit_test(a_descriptor_counts_and_stays_the_callers),
		cmocka_unit_test(a_script_names_no_interpreter_of_this_kind),
		cmocka_unit_test(names_of_libraries_and_interpreter_agree_with_readelf),
		cmocka_unit_test(all_needed_libraries_are_there),
		cmocka_unit_test(types_and_machine),
		cmocka_unit_test(sections_agree_with_readelf),
		cmocka_unit_test(addresses_and_offsets_translate),
		cmocka_unit_test(what_no_segment_covers_is_refused),
		cmocka_unit_test(content_is_read_and_bounds_are_kept),
		cmocka_unit_test(content_is_the_same_in_any_order),
		cmocka_unit_test(a_page_may_be_in_two_segments),
		cmocka_unit_test(closing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
