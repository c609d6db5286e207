/* SPDX-License-Identifier: Apache-2.0 */
/* Where frames begin, as readelf reads the unwind tables. */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "symbols/symbols.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_readelf.h"

static size_t check_frames(struct image *image, const char *path)
{
	struct readelf_frames frames = {0};
	size_t checked = 0;
	readelf_frames(path, &frames);
	for (size_t i = 0; i < frames.count; i++) {
		uint64_t start = frames.items[i].start, end = frames.items[i].end;
		const struct function *function = image_function_at(image, start);
		/* The linkage table's frames begin with something on the stack. */
		if (!function || function->address != start || end - start < 2)
			continue;
		assert_int_equal(image_frame_place(image, start), FRAME_START);
		/* Every first instruction here has more than one byte, or pushes. */
		assert_int_equal(image_frame_place(image, start + 1), FRAME_INSIDE);
		uint64_t row;
		assert_true(image_frame_row(image, start, &row));
		assert_int_equal(row, start);
		assert_true(image_frame_row(image, end - 1, &row));
		assert_true(row >= start && row < end);
		checked++;
	}
	free(frames.items);
	uint64_t row;
	assert_int_equal(image_frame_place(image, 1), FRAME_UNKNOWN);
	assert_false(image_frame_row(image, 1, &row));
	return checked;
}

static void functions_begin_where_readelf_says(void **state)
{
	(void)state;
	/* Not the static one: the C library's own assembly has frames of other kinds. */
	static const char *const paths[] = {FIXTURES "/pie", FIXTURES "/nopie",
					    FIXTURES "/libfixture.so"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct image *image;
		assert_ok(image_open(paths[i], -1, &image));
		assert_true(check_frames(image, paths[i]) > 10);
		image_close(image);
	}
}

/* Opens the library's bytes after a change to its section headers. */
static struct image *open_changed(void (*change)(uint8_t *bytes))
{
	struct image *image;
	size_t size;
	_cleanup_free_ uint8_t *bytes = file_bytes(FIXTURES "/libfixture.so", &size);
	change(bytes);
	int fd = memory_file(bytes, size);
	assert_ok(image_open("changed", fd, &image));
	close(fd);
	return image;
}

static void drop_section_headers(uint8_t *bytes)
{
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	header.e_shoff = 0;
	header.e_shnum = header.e_shstrndx = 0;
	memcpy(bytes, &header, sizeof(header));
}

static void without_section_headers_the_segment_leads_there(void **state)
{
	(void)state;
	struct image *image = open_changed(drop_section_headers);
	assert_true(check_frames(image, FIXTURES "/libfixture.so") > 5);
	image_close(image);
}

static void drop_section_names(uint8_t *bytes)
{
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	for (unsigned int i = 0; i < header.e_shnum; i++)
		memset(bytes + header.e_shoff + i * sizeof(Elf64_Shdr), 0, sizeof(Elf64_Word));
}

/* And no memory is lost, which the sanitized build tells. */
static void sections_without_names_tell_nothing(void **state)
{
	(void)state;
	const struct function *functions;
	size_t count;
	struct image *image = open_changed(drop_section_names);
	assert_ok(image_functions(image, &functions, &count));
	assert_true(count > 5);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(image_frame_place(image, functions[i].address), FRAME_UNKNOWN);
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_begin_where_readelf_says),
		cmocka_unit_test(without_section_headers_the_segment_leads_there),
		cmocka_unit_test(sections_without_names_tell_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
