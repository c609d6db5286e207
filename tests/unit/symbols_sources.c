/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols and types from wherever they are: .gnu_debugdata, .dwo, .dwp, packed sections, roots. */
#include <dwarf.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "symbols/image.h"
#include "symbols/sources/beneath.h"
#include "symbols/sources/inflate.h"
#include "symbols/sources/line_check.h"
#include "symbols/sources/mini.h"
#include "symbols/sources/unpack.h"
#include "symbols/sources/view.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_find.h"
#include "tests/unit/symbols_root.h"

static struct image *open_below(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	return open_image(path);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* --- .gnu_debugdata --------------------------------------------------------------------------- */

/* All that the whole program's table says, the stripped one with .gnu_debugdata must say, too. */
static void mini_debug_info_has_the_symbols(void **state)
{
	(void)state;
	const struct function *whole, *mini;
	size_t n_whole, n_mini;
	struct image *a = open_image(FIXTURES "/pie");
	struct image *b = open_image(FIXTURES "/mini");
	assert_ok(image_functions(a, &whole, &n_whole));
	assert_ok(image_functions(b, &mini, &n_mini));
	assert_true(n_whole > 5);
	assert_int_equal(n_mini, n_whole);
	for (size_t i = 0; i < n_whole; i++) {
		assert_string_equal(mini[i].symbol, whole[i].symbol);
		assert_int_equal(mini[i].offset, whole[i].offset);
		assert_int_equal(mini[i].size, whole[i].size);
	}
	assert_false(image_is_stripped(b));
	assert_string_equal(image_symbol_source(a), "this file");
	assert_string_equal(image_symbol_source(b), ".gnu_debugdata of this file");
	assert_null(image_symbols_refused(b));
	image_close(a);
	image_close(b);
}

/* A stripped program with these bytes as its .gnu_debugdata. */
static struct image *open_with_debugdata(const void *bytes, size_t size)
{
	write_file("data", bytes, size);
	run("objcopy --add-section .gnu_debugdata='%s/data' '%s' '%s/odd'", root,
	    FIXTURES "/stripped", root);
	return open_below("odd");
}

static void check_refused(struct image *image, const char *why)
{
	const struct function *functions;
	size_t count;
	assert_ok(image_functions(image, &functions, &count));
	assert_true(image_is_stripped(image));
	const struct err *refused = image_symbols_refused(image);
	assert_non_null(refused);
	_cleanup_free_ char *text = err_text(refused, "test");
	assert_non_null(strstr(text, "reading .gnu_debugdata of '"));
	if (!strstr(err_reason(refused), why))
		fail_msg("'%s' does not have '%s'", err_reason(refused), why);
	image_close(image);
}

static size_t pack(const void *from, size_t size, uint8_t *to, size_t room)
{
	size_t used = 0;
	assert_int_equal(
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, from, size, to, &used, room),
		LZMA_OK);
	return used;
}

static void damaged_debugdata_is_refused(void **state)
{
	(void)state;
	uint8_t packed[4096];
	static const char text[1000] = "no ELF file";
	size_t size = pack(text, sizeof(text), packed, sizeof(packed));
	check_refused(open_with_debugdata("not xz at all, but long enough", 30), "xz format");
	check_refused(open_with_debugdata(packed, size), "ELF");
	check_refused(open_with_debugdata(packed, size - 20), "cut off");
	packed[size / 2] ^= 0x55;
	check_refused(open_with_debugdata(packed, size), "damaged");
}

/*
 * 8 GiB of zeros in a megabyte: an LZMA2 chunk holds 2 MiB at most, and can be repeated, as it
 * begins with a reset of all state. The check at the end is never reached.
 */
static size_t make_bomb(uint8_t *to, size_t room)
{
	enum { CHUNK = 1 << 21, CHUNKS = 4096 };
	lzma_options_lzma options;
	assert_false(lzma_lzma_preset(&options, 0));
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	_cleanup_free_ uint8_t *zeros = calloc(1, CHUNK);
	uint8_t chunk[4096];
	size_t chunk_size = 0, size = LZMA_STREAM_HEADER_SIZE;
	assert_int_equal(lzma_raw_buffer_encode(filters, NULL, zeros, CHUNK - 4096, chunk,
						&chunk_size, sizeof(chunk)),
			 LZMA_OK);
	chunk_size--; /* the end mark */
	lzma_stream_flags flags = {.check = LZMA_CHECK_NONE};
	assert_int_equal(lzma_stream_header_encode(&flags, to), LZMA_OK);
	lzma_block block = {.check = LZMA_CHECK_NONE,
			    .compressed_size = LZMA_VLI_UNKNOWN,
			    .uncompressed_size = LZMA_VLI_UNKNOWN,
			    .filters = filters};
	assert_int_equal(lzma_block_header_size(&block), LZMA_OK);
	assert_int_equal(lzma_block_header_encode(&block, to + size), LZMA_OK);
	size += block.header_size;
	for (size_t i = 0; i < CHUNKS; i++, size += chunk_size) {
		assert_true(size + chunk_size < room);
		memcpy(to + size, chunk, chunk_size);
	}
	to[size++] = 0;
	return size;
}

static void a_bomb_is_refused(void **state)
{
	(void)state;
	enum { ROOM = 4 << 20 };
	_cleanup_free_ uint8_t *bomb = malloc(ROOM);
	size_t size = make_bomb(bomb, ROOM);
	assert_true(size < 3 << 20);
	check_refused(open_with_debugdata(bomb, size), "inflates to more than");
}

static void limits_of_inflating(void **state)
{
	(void)state;
	enum { SIZE = 3 << 20 };
	int fd = -1;
	struct stat st;
	uint8_t packed[8192], back[16];
	_cleanup_free_ uint8_t *zeros = calloc(1, SIZE);
	size_t size = pack(zeros, SIZE, packed, sizeof(packed));
	struct inflate_limits limits = inflate_mini_limits;
	limits.ratio = 1;
	assert_err(inflate_xz(packed, size, &limits, "test", &fd), ERR_FAILED, "unpacking");
	limits.ratio = 1 << 20;
	assert_ok(inflate_xz(packed, size, &limits, "test", &fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	assert_int_equal(read(fd, back, sizeof(back)), sizeof(back));
	assert_int_equal(pwrite(fd, back, 1, 0), -1); /* sealed */
	close(fd);
	limits.memory = 1000;
	assert_err(inflate_xz(packed, size, &limits, "test", &fd), ERR_FAILED, "unpacking");
	limits = inflate_mini_limits;
	limits.bytes = SIZE - 1;
	assert_err(inflate_xz(packed, size, &limits, "test", &fd), ERR_FAILED, "unpacking");
}

static void a_file_without_it_has_none(void **state)
{
	(void)state;
	bool found = true;
	struct elf_file mini = {.fd = -1};
	struct image *image = open_image(FIXTURES "/stripped");
	assert_ok(mini_open(&image->file, "x", &mini, &found));
	assert_false(found);
	assert_true(image_is_stripped(image));
	assert_string_equal(image_symbol_source(image), ".dynsym of this file");
	image_close(image);
}

/* --- packed sections -------------------------------------------------------------------------- */

static void check_add(struct image *image)
{
	const char *file;
	unsigned int line;
	const struct prototype *prototype = find_prototype(image, "add");
	assert_non_null(prototype);
	assert_int_equal(prototype->n_parameters, 2);
	check_parameter(prototype, 0, "left", TYPE_INT, 4, "int");
	assert_true(image_source_line(image, find_function(image, "add"), &file, &line));
	assert_non_null(strstr(file, "symbols_fixture.c"));
}

static void packed_sections_are_read(void **state)
{
	(void)state;
	static const char *const forms[] = {"zlib-gnu", "zlib-gabi", "zstd"};
	for (size_t i = 0; i < 3; i++) {
		run("objcopy --compress-debug-sections=%s '%s' '%s/packed'", forms[i],
		    FIXTURES "/pie", root);
		struct image *image = open_below("packed");
		check_add(image);
		assert_string_equal(image_debug_source(image), "this file");
		image_close(image);
	}
}

/* A unit that is built from entries of another one, which must be there, too. */
static void units_that_refer_to_others_are_read(void **state)
{
	(void)state;
	struct image *image = open_image(FIXTURES "/lto");
	check_add(image);
	image_close(image);
}

/* What is not asked for is not unpacked; what is asked for is what readelf would see. */
static void unpacking_stops_where_it_may(void **state)
{
	(void)state;
	run("objcopy --compress-debug-sections=zlib-gabi '%s' '%s/lazy'", FIXTURES "/pie", root);
	run("objcopy -O binary --only-section=.debug_str --set-section-flags .debug_str=alloc "
	    "'%s' '%s/strings'",
	    FIXTURES "/pie", root);
	struct image *image = open_below("lazy");
	struct debug_view *view = debug_view_open(&image->file);
	assert_non_null(view);
	assert_non_null(debug_view_elf(view));
	size_t size;
	char path[256];
	snprintf(path, sizeof(path), "%s/strings", root);
	_cleanup_free_ uint8_t *wanted = file_bytes(path, &size);
	assert_int_equal(debug_view_size(view, ".debug_str"), size + VIEW_SPARE);
	const uint8_t *got = debug_view_bytes(view, ".debug_str", 0, size);
	assert_non_null(got);
	assert_memory_equal(got, wanted, size);
	uint64_t spare;
	char *string = debug_view_spare(view, &spare);
	assert_int_equal(spare, size);
	assert_ptr_equal(string, got + size);
	assert_true(debug_view_need(view, ".debug_info"));
	assert_false(debug_view_need(view, ".debug_nothing"));
	assert_null(debug_view_bytes(view, ".debug_info", 0, UINT64_MAX));
	assert_null(debug_view_bytes(view, ".debug_info", UINT64_MAX, 2));
	assert_int_equal(debug_view_size(view, ".debug_nothing"), 0);
	debug_view_need_all(view, NULL);
	debug_view_close(view);
	debug_view_close(NULL);
	image_close(image);
}

static void unpackers_end_where_the_data_does(void **state)
{
	(void)state;
	uint8_t to[64] = {0};
	/* "x" * 32 by zlib */
	static const uint8_t packed[] = {0x78, 0x9c, 0xab, 0xa8, 0xc0, 0x0f,
					 0x00, 0xf7, 0xa0, 0x0f, 0x01};
	struct unpacker *u =
		unpacker_new(PACKED_ZLIB, packed, sizeof(packed), false, to, sizeof(to));
	assert_non_null(u);
	assert_true(unpack_to(u, 10));
	assert_int_equal(to[9], 'x');
	assert_false(unpack_to(u, 60)); /* it promised 64 bytes and has 32 */
	assert_true(unpack_to(u, 32));
	assert_false(unpack_to(u, 65));
	unpacker_free(u);
	u = unpacker_new(PACKED_ZSTD, packed, sizeof(packed), false, to, sizeof(to));
	assert_false(unpack_to(u, 1));
	unpacker_free(u);
	unpacker_free(NULL);
}

/* A section that claims to be gigabytes. */
static void a_promise_of_gigabytes_is_refused(void **state)
{
	(void)state;
	size_t size;
	struct section_range info;
	run("objcopy --compress-debug-sections=zlib-gabi '%s' '%s/huge'", FIXTURES "/pie", root);
	char path[256];
	snprintf(path, sizeof(path), "%s/huge", root);
	struct image *image = open_image(path);
	assert_true(image_section(image, ".debug_info", &info));
	image_close(image);
	_cleanup_free_ uint8_t *bytes = file_bytes(path, &size);
	Elf64_Chdr *header = (void *)(bytes + info.offset);
	header->ch_size = 3ULL << 30;
	write_file("huge", bytes, size);
	image = open_image(path);
	assert_null(image_debug_source(image));
	assert_null(find_prototype(image, "add"));
	image_close(image);
}

/* --- line tables ------------------------------------------------------------------------------ */

/* Two directories, one file; byte 22 and 26 begin the offsets of the directories' names. */
static const uint8_t lines5[] = {43,
				 0,
				 0,
				 0,
				 5,
				 0,
				 8,
				 0,
				 30,
				 0,
				 0,
				 0,
				 1,
				 1,
				 1,
				 0xfb,
				 14,
				 1, /* no opcodes */
				 1,
				 DW_LNCT_path,
				 DW_FORM_line_strp,
				 2,
				 0,
				 0,
				 0,
				 0,
				 4,
				 0,
				 0,
				 0,
				 2,
				 DW_LNCT_path,
				 DW_FORM_string,
				 DW_LNCT_directory_index,
				 DW_FORM_udata,
				 1,
				 'a',
				 '.',
				 'c',
				 0,
				 1,
				 0,
				 0,
				 0,
				 0,
				 0,
				 0};

static bool is_sound(size_t changed, uint8_t value, bool has_directory)
{
	static const struct line_strings strings = {.str = 10, .line_str = 8};
	uint8_t bytes[sizeof(lines5)];
	memcpy(bytes, lines5, sizeof(bytes));
	bytes[changed] = value;
	return line_table_is_sound(bytes, sizeof(bytes), &strings, has_directory);
}

static void line_tables_that_libdw_cannot_read(void **state)
{
	(void)state;
	assert_true(is_sound(0, 43, true));
	assert_true(is_sound(0, 43, false));
	assert_true(is_sound(26, 7, true));
	assert_false(is_sound(26, 8, true)); /* behind the strings */
	assert_false(is_sound(0, 44, true)); /* longer than its section */
	assert_false(is_sound(20, DW_FORM_udata, true));
	assert_false(is_sound(20, DW_FORM_strx, true));
	assert_false(is_sound(19, DW_LNCT_MD5, true)); /* directories without names */
	assert_false(is_sound(21, 0xff, true));
	assert_false(is_sound(4, 6, true));
	/* An older version, whose program may define files. */
	assert_true(is_sound(4, 4, true));
	assert_false(is_sound(4, 4, false));
	const struct line_strings strings = {.str = 10, .line_str = 8};
	for (size_t size = 0; size < sizeof(lines5); size++)
		assert_false(line_table_is_sound(lines5, size, &strings, true));
}

/* --- split units ------------------------------------------------------------------------------ */

static void split_units_are_put_together(void **state)
{
	(void)state;
	static const char *const names[] = {"split4", "split5", "clang_split4", "clang_split5"};
	for (size_t i = 0; i < 4; i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", FIXTURES, names[i]);
		if (i >= 2 && access(path, F_OK) != 0)
			continue; /* no clang here */
		struct image *image = open_image(path);
		check_add(image);
		assert_non_null(strstr(image_debug_source(image), ".dwo"));
		assert_null(image_debug_missing(image));
		/* Locations need the addresses that are in the program. */
		check_parameter(find_prototype(image, "caller"), 0, "depth", TYPE_INT, 4, "int");
		image_close(image);
	}
}

static void a_package_has_them_too(void **state)
{
	(void)state;
	if (access(FIXTURES "/packaged.dwp", F_OK) != 0)
		skip();
	run("cp '%s' '%s' '%s'", FIXTURES "/packaged", FIXTURES "/packaged.dwp", root);
	struct image *image = open_below("packaged");
	check_add(image);
	assert_non_null(strstr(image_debug_source(image), "/packaged.dwp"));
	image_close(image);
}

/* A program whose .dwo is looked for in `directory`, as its DWARF says. */
static struct image *open_split(const char *name)
{
	run("cd '%s' && cp '%s' a.c && gcc -g -O0 -gsplit-dwarf -c a.c -o %s.o && gcc -o %s %s.o",
	    root, SOURCE, name, name, name);
	return open_below(name);
}

static void missing_halves_are_told(void **state)
{
	(void)state;
	struct image *image = open_split("lonely");
	run("rm '%s/lonely.dwo'", root);
	assert_null(find_prototype(image, "add"));
	assert_non_null(strstr(image_debug_missing(image), "lonely.dwo"));
	assert_string_equal(image_debug_source(image), "this file");
	image_close(image);
}

static void another_programs_half_is_not_taken(void **state)
{
	(void)state;
	struct image *image = open_split("first");
	run("cd '%s' && sed 's/left/links/g' a.c > b.c && gcc -g -O0 -gsplit-dwarf -c b.c -o "
	    "first.o",
	    root);
	assert_null(find_prototype(image, "add"));
	image_close(image);
}

/* A pipe would be waited for, and a device answer to being opened. */
static void a_pipe_is_no_half(void **state)
{
	(void)state;
	struct image *image = open_split("piped");
	run("cd '%s' && rm piped.dwo && mkfifo piped.dwo", root);
	alarm(20);
	assert_null(find_prototype(image, "add"));
	alarm(0);
	image_close(image);
	image = open_split("linked");
	run("cd '%s' && rm linked.dwo && ln -s /dev/zero linked.dwo", root);
	assert_null(find_prototype(image, "add"));
	image_close(image);
}

/* --- roots ------------------------------------------------------------------------------------ */

static void links_do_not_lead_out_of_the_root(void **state)
{
	(void)state;
	run("mkdir -p '%s/jail/etc' && echo inside > '%s/jail/etc/name' && "
	    "ln -s /etc/name '%s/jail/link' && ln -s ../../../../etc/passwd '%s/jail/out' && "
	    "mkfifo '%s/jail/pipe'",
	    root, root, root, root, root);
	char path[256], text[8] = {0};
	snprintf(path, sizeof(path), "%s/jail", root);
	int jail = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = open_regular_beneath(jail, "/link");
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, 6), 6);
	assert_string_equal(text, "inside");
	close(fd);
	assert_int_equal(open_regular_beneath(jail, "/out"), -1);
	assert_int_equal(open_regular_beneath(jail, "/pipe"), -1);
	assert_int_equal(open_regular_beneath(jail, "/etc"), -1);
	assert_int_equal(open_regular_beneath(jail, "relative"), -1);
	assert_int_equal(open_regular_beneath(-1, "relative"), -1);
	close(jail);
}

/* The debug file is in the root of the process whose file it is, and nowhere else. */
static void debug_files_of_another_root(void **state)
{
	(void)state;
	const uint8_t *id;
	char path[256];
	struct image *image = open_image(FIXTURES "/by_id");
	assert_int_equal(image_build_id(image, &id), 20);
	run("mkdir -p '%s/jail/usr/lib/debug/.build-id/%02x'", root, id[0]);
	int at = snprintf(path, sizeof(path), "%s/jail/usr/lib/debug/.build-id/%02x/", root, id[0]);
	for (size_t i = 1; i < 20; i++)
		at += snprintf(path + at, sizeof(path) - (size_t)at, "%02x", id[i]);
	run("cp '%s' '%s.debug'", FIXTURES "/by_id.debug", path);
	assert_true(image_is_stripped(image));
	image_close(image);
	image = open_image(FIXTURES "/by_id");
	snprintf(path, sizeof(path), "%s/jail", root);
	int jail = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	image_set_root(image, -1);
	image_set_root(image, jail);
	close(jail);
	check_add(image);
	assert_int_equal(strncmp(image_debug_source(image), "/usr/lib/debug/.build-id/", 25), 0);
	assert_string_equal(image_symbol_source(image), image_debug_source(image));
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mini_debug_info_has_the_symbols),
		cmocka_unit_test(damaged_debugdata_is_refused),
		cmocka_unit_test(a_bomb_is_refused),
		cmocka_unit_test(limits_of_inflating),
		cmocka_unit_test(a_file_without_it_has_none),
		cmocka_unit_test(packed_sections_are_read),
		cmocka_unit_test(units_that_refer_to_others_are_read),
		cmocka_unit_test(unpacking_stops_where_it_may),
		cmocka_unit_test(unpackers_end_where_the_data_does),
		cmocka_unit_test(a_promise_of_gigabytes_is_refused),
		cmocka_unit_test(line_tables_that_libdw_cannot_read),
		cmocka_unit_test(split_units_are_put_together),
		cmocka_unit_test(a_package_has_them_too),
		cmocka_unit_test(missing_halves_are_told),
		cmocka_unit_test(another_programs_half_is_not_taken),
		cmocka_unit_test(a_pipe_is_no_half),
		cmocka_unit_test(links_do_not_lead_out_of_the_root),
		cmocka_unit_test(debug_files_of_another_root),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
