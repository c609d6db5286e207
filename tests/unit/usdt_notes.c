/* SPDX-License-Identifier: Apache-2.0 */
/* The note section: addresses to offsets, prelink, semaphores, and what hostile files hold. */
#include "tests/unit/unit.h"

#include "common/array.h"
#include "tests/unit/usdt_elf.h"
#include "usdt/placement.h"
#include "usdt/usdt.h"

#define BASE (TEXT_ADDRESS + SEGMENT_SIZE - 1)

/* One file opened, and its notes. */
struct opened {
	struct image *image;
	struct arena arena;
	const struct usdt_note *notes;
	size_t count, malformed;
};

static struct opened read_elf(const struct elf *elf)
{
	struct opened ret = {0};
	int fd = elf_finish(elf);
	assert_true(fd >= 0);
	assert_ok(image_open("synthetic", fd, &ret.image));
	close(fd);
	assert_ok(usdt_notes(ret.image, &ret.arena, &ret.notes, &ret.count, &ret.malformed));
	return ret;
}

static void opened_close(struct opened *opened)
{
	arena_deinit(&opened->arena);
	image_close(opened->image);
}

static void sites_have_offsets_and_operands_of_their_own(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf_put_nop(&elf, TEXT_ADDRESS + 0x10);
	elf_put_nop(&elf, TEXT_ADDRESS + 0x20);
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + 0x10, BASE, 0, "app", "hit",
						 "8@%rdi -4@-20(%rbp)"});
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + 0x20, BASE, DATA_ADDRESS + 0x104,
						 "app", "hit", "8@%rax -4@$1"});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 2);
	assert_int_equal(opened.malformed, 0);
	const struct usdt_note *note = &opened.notes[0];
	assert_string_equal(note->provider, "app");
	assert_string_equal(note->name, "hit");
	assert_string_equal(note->operands, "8@%rdi -4@-20(%rbp)");
	assert_int_equal(note->address, TEXT_ADDRESS + 0x10);
	assert_int_equal(note->offset, TEXT_OFFSET + 0x10);
	assert_int_equal(note->semaphore_offset, 0);
	assert_null(note->refused);
	assert_int_equal(note->nop_length, 1);
	note = &opened.notes[1];
	assert_string_equal(note->operands, "8@%rax -4@$1");
	assert_int_equal(note->offset, TEXT_OFFSET + 0x20);
	assert_int_equal(note->semaphore_offset, DATA_OFFSET + 0x104);
	assert_null(note->refused);
	opened_close(&opened);
}

static void a_prelinked_file_is_followed(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf_put_nop(&elf, TEXT_ADDRESS + 0x10);
	/* Linked at 0x10000 less, moved since. */
	elf_put_marker(&elf,
		       (struct elf_marker){TEXT_ADDRESS + 0x10 - 0x10000, BASE - 0x10000,
					   DATA_ADDRESS + 0x100 - 0x10000, "app", "moved", ""});
	/* Linked higher, moved down. */
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + 0x10 + 0x5000, BASE + 0x5000, 0,
						 "app", "down", ""});
	/* Does not refer to the base: never moved. */
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + 0x10, 0, 0, "app", "fixed", ""});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(opened.notes[i].address, TEXT_ADDRESS + 0x10);
		assert_int_equal(opened.notes[i].offset, TEXT_OFFSET + 0x10);
		assert_null(opened.notes[i].refused);
	}
	assert_int_equal(opened.notes[0].semaphore_offset, DATA_OFFSET + 0x100);
	opened_close(&opened);
}

static void without_the_base_section_addresses_stand(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.base_address = 0;
	elf_put_nop(&elf, TEXT_ADDRESS + 0x10);
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + 0x10, 0x1234, 0, "app", "x", ""});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 1);
	assert_int_equal(opened.notes[0].address, TEXT_ADDRESS + 0x10);
	assert_null(opened.notes[0].refused);
	opened_close(&opened);
}

static void a_file_without_notes_has_none(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.no_notes = true;
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 0);
	assert_int_equal(opened.malformed, 0);
	opened_close(&opened);
	elf.no_notes = false;
	opened = read_elf(&elf);
	assert_int_equal(opened.count, 0);
	opened_close(&opened);
}

/* --- malformed ------------------------------------------------------------------------------ */

static const struct elf_marker good = {TEXT_ADDRESS, BASE, 0, "app", "good", "8@%rdi"};

static void expect(struct elf *elf, size_t count, size_t malformed)
{
	elf_put_nop(elf, TEXT_ADDRESS);
	struct opened opened = read_elf(elf);
	assert_int_equal(opened.count, count);
	assert_int_equal(opened.malformed, malformed);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(opened.notes[i].name, "good");
	opened_close(&opened);
}

/* A bad note between two good ones does not take them with it. */
static void expect_skipped(const char *owner, uint32_t owner_size, uint32_t type, const void *desc,
			   uint32_t desc_size)
{
	struct elf elf;
	elf_init(&elf);
	elf_put_marker(&elf, good);
	elf_put_note(&elf, owner, owner_size, type, desc, desc_size);
	elf_put_marker(&elf, good);
	expect(&elf, 2, 1);
}

static void notes_that_are_none_are_skipped_and_counted(void **state)
{
	(void)state;
	uint8_t desc[2048];
	uint32_t size = elf_make_desc(&good, desc);
	expect_skipped("stapsdt", 8, 1, desc, size);   /* another type */
	expect_skipped("stapsdX", 8, 3, desc, size);   /* another owner */
	expect_skipped("stapsdt", 7, 3, desc, size);   /* owner without its NUL */
	expect_skipped("stapsdt\0", 9, 3, desc, size); /* longer owner */
	expect_skipped("", 0, 3, desc, size);	       /* no owner */
	expect_skipped("stapsdt", 8, 3, desc, 0);      /* nothing in it */
	expect_skipped("stapsdt", 8, 3, desc, 8);      /* not even the addresses */
	expect_skipped("stapsdt", 8, 3, desc, 23);
	expect_skipped("stapsdt", 8, 3, desc, 24);	 /* no strings */
	expect_skipped("stapsdt", 8, 3, desc, 27);	 /* provider without NUL */
	expect_skipped("stapsdt", 8, 3, desc, 28);	 /* no name */
	expect_skipped("stapsdt", 8, 3, desc, 32);	 /* name without NUL */
	expect_skipped("stapsdt", 8, 3, desc, 33);	 /* no operands, not even empty ones */
	expect_skipped("stapsdt", 8, 3, desc, size - 1); /* operands without NUL */
	memset(desc + 24, 0, 3);
	expect_skipped("stapsdt", 8, 3, desc, 28); /* empty strings */
}

static void lengths_beyond_the_section_end_the_reading(void **state)
{
	(void)state;
	static const uint32_t headers[][3] = {
		{0xffffffff, 8, 3},	     {8, 0xffffffff, 3}, {0xffffffff, 0xffffffff, 3},
		{0xfffffffd, 4, 3},	     {8, 0x10000, 3},	 {0x10000, 8, 3},
		{0x80000000, 0x80000000, 3},
	};
	for (size_t i = 0; i < array_size(headers); i++) {
		struct elf elf;
		elf_init(&elf);
		elf_put_marker(&elf, good);
		elf_put(&elf, headers[i], sizeof(headers[i]));
		elf_put(&elf, "stapsdt", 8);
		elf_put_marker(&elf, good);
		expect(&elf, 1, 1);
	}
}

static void a_section_may_be_cut_anywhere(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf_put_marker(&elf, good);
	size_t whole = elf.notes_used;
	elf_put_marker(&elf, good);
	elf_put_nop(&elf, TEXT_ADDRESS);
	/* 12 + 8 + 24 + "app" "good" "8@%rdi" with their NULs; then one byte of padding. */
	size_t content = whole + 60;
	for (size_t size = 1; size <= 2 * whole; size++) {
		elf.notes_size = size;
		struct opened opened = read_elf(&elf);
		size_t expected = size >= content ? 2 : size >= 60 ? 1 : 0;
		bool clean = expected == 2 || size == whole || size == content - whole;
		assert_int_equal(opened.count, expected);
		assert_int_equal(opened.malformed, clean ? 0 : 1);
		opened_close(&opened);
	}
}

static void a_section_larger_than_the_file_is_no_crash(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {0x100000, 0x7fffffffffffffff, UINT64_MAX, 0x80000000};
	for (size_t i = 0; i < array_size(sizes); i++) {
		struct elf elf;
		elf_init(&elf);
		elf_put_nop(&elf, TEXT_ADDRESS);
		elf_put_marker(&elf, good);
		elf.notes_size = sizes[i];
		int fd = elf_finish(&elf);
		struct image *image = NULL;
		struct err *e = image_open("synthetic", fd, &image);
		close(fd);
		struct arena arena = {0};
		const struct usdt_note *notes;
		size_t count = 0, malformed = 0;
		e = e ?: usdt_notes(image, &arena, &notes, &count, &malformed);
		/* Refused as a whole, or taken as absent; never read past the end. */
		assert_int_equal(count, 0);
		err_free(e);
		arena_deinit(&arena);
		image_close(image);
	}
}

static void a_flood_of_notes_is_refused_with_its_size(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.notes_size = 5u << 20;
	int fd = elf_finish(&elf);
	assert_true(fd >= 0);
	/* Long enough that the section lies within the file. */
	assert_int_equal(ftruncate(fd, 6 << 20), 0);
	struct image *image;
	assert_ok(image_open("synthetic", fd, &image));
	close(fd);
	struct arena arena = {0};
	const struct usdt_note *notes;
	size_t count, malformed;
	assert_err(usdt_notes(image, &arena, &notes, &count, &malformed), ERR_FAILED,
		   "5242880 bytes");
	arena_deinit(&arena);
	image_close(image);
}

/* --- placement ------------------------------------------------------------------------------ */

/* Each as the assembler writes it; GNU as 2.40 made the bytes from the words. */
static const struct {
	const char *bytes;
	size_t size, nop; /* nop: its length, 0: is none */
} nops[] = {
	{"\x90", 1, 1},					      /* nop */
	{"\x66\x90", 2, 2},				      /* xchg %ax,%ax */
	{"\x0f\x1f\x00", 3, 3},				      /* nopl (%rax) */
	{"\x0f\x1f\x40\x00", 4, 4},			      /* nopl 0(%rax) */
	{"\x0f\x1f\x44\x00\x00", 5, 5},			      /* nopl 0(%rax,%rax,1) */
	{"\x66\x0f\x1f\x40\x00", 5, 5},			      /* nopw 0(%rax) */
	{"\x66\x66\x66\x66\x90", 5, 5},			      /* data16 x3, xchg %ax,%ax */
	{"\x66\x0f\x1f\x44\x00\x00", 6, 6},		      /* nopw 0(%rax,%rax,1) */
	{"\x0f\x1f\x80\x00\x00\x00\x00", 7, 7},		      /* nopl 0(%rax) */
	{"\x0f\x1f\x84\x00\x00\x00\x00\x00", 8, 8},	      /* nopl 0(%rax,%rax,1) */
	{"\x66\x0f\x1f\x84\x00\x00\x00\x00\x00", 9, 9},	      /* nopw 0(%rax,%rax,1) */
	{"\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10, 10}, /* cs nopw 0(%rax,%rax,1) */
	{"\x0f\x1f\x05\x00\x00\x00\x00", 7, 7},		      /* nopl 0(%rip) */
	{"\x0f\x1f\x04\x25\x00\x00\x00\x00", 8, 8},	      /* nopl 0x0 */
	{"\x0f\x1f\xc0", 3, 3},				      /* nop %eax */
	{"\x0f\x1f\x44\x00\x00\x90", 6, 5},
	{"\xcc", 1, 0},		    /* int3 */
	{"\xc3", 1, 0},		    /* ret */
	{"\x55", 1, 0},		    /* push %rbp */
	{"\x41\x90", 2, 0},	    /* xchg %eax,%r8d */
	{"\xf3\x90", 2, 0},	    /* pause */
	{"\xf3\x0f\x1e\xfa", 4, 0}, /* endbr64 */
	{"\x0f\x1e\xc0", 3, 0},
	{"\x0f\x0b", 2, 0},		/* ud2 */
	{"\x66\x89\xc0", 3, 0},		/* mov %ax,%ax */
	{"\xe8\x00\x00\x00\x00", 5, 0}, /* call */
	/* cut */
	{"", 0, 0},
	{"\x66", 1, 0},
	{"\x0f", 1, 0},
	{"\x0f\x1f", 2, 0},
	{"\x0f\x1f\x40", 3, 0},
	{"\x0f\x1f\x44", 3, 0},
	{"\x0f\x1f\x44\x00", 4, 0},
	{"\x0f\x1f\x80\x00\x00\x00", 6, 0},
	{"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 16, 0},
};

static void nops_are_told_from_other_instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(nops); i++) {
		/* On the heap, so that reading too far is seen. */
		uint8_t *bytes = malloc(nops[i].size ? nops[i].size : 1);
		assert_non_null(bytes);
		memcpy(bytes, nops[i].bytes, nops[i].size);
		size_t length = x86_nop_length(bytes, nops[i].size);
		if (length != nops[i].nop)
			print_error("row %zu: %zu\n", i, length);
		assert_int_equal(length, nops[i].nop);
		free(bytes);
	}
}

/* One marker at an address, with these bytes there when it is in the text. */
static void expect_place(uint64_t address, const char *bytes, size_t size, uint64_t semaphore,
			 const char *refused)
{
	struct elf elf;
	elf_init(&elf);
	if (size)
		elf_put_text(&elf, address, bytes, size);
	elf_put_marker(&elf, (struct elf_marker){address, BASE, semaphore, "app", "x", ""});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 1);
	assert_int_equal(opened.malformed, 0);
	const char *made = opened.notes[0].refused;
	if (!made != !refused || (made && strcmp(made, refused) != 0))
		print_error("%#lx: '%s'\n", (unsigned long)address, made ? made : "fine");
	if (refused)
		assert_string_equal(made, refused);
	else
		assert_null(made);
	if (refused)
		assert_int_equal(opened.notes[0].semaphore_offset, 0);
	opened_close(&opened);
}

static void places_unfit_for_a_probe_are_refused(void **state)
{
	(void)state;
	uint64_t text = TEXT_ADDRESS, end = TEXT_ADDRESS + SEGMENT_SIZE;
	expect_place(text, "\x90", 1, 0, NULL);
	expect_place(end - 2, "\x90", 1, 0, NULL);
	expect_place(text, "\x0f\x1f\x44\x00\x00", 5, 0, NULL); /* the caller's to decide */
	expect_place(text, "\x55", 1, 0, "not a nop");
	expect_place(text, "\xcc", 1, 0, "not a nop");
	expect_place(end - 3, "\x0f\x1f\x44", 3, 0, "not a nop"); /* leads out of the segment */
	expect_place(DATA_ADDRESS, NULL, 0, 0, "not in executable text");
	expect_place(DATA_ADDRESS + SEGMENT_SIZE, NULL, 0, 0, "not in the file"); /* .bss */
	expect_place(0, NULL, 0, 0, "not in the file");
	expect_place(end, NULL, 0, 0, "not in the file");
	expect_place(UINT64_MAX, NULL, 0, 0, "not in the file");
	expect_place(TEXT_OFFSET, NULL, 0, 0, "not in the file"); /* an offset is no address */
}

static void semaphores_must_be_data_of_the_file(void **state)
{
	(void)state;
	const char *why = "semaphore is not in the file's data";
	uint64_t text = TEXT_ADDRESS;
	expect_place(text, "\x90", 1, DATA_ADDRESS + 0x100, NULL); /* .probes */
	expect_place(text, "\x90", 1, DATA_ADDRESS + 0x1fe, NULL);
	expect_place(text, "\x90", 1, DATA_ADDRESS + 0x800, NULL);	     /* other data */
	expect_place(text, "\x90", 1, DATA_ADDRESS + 0x101, why);	     /* odd */
	expect_place(text, "\x90", 1, TEXT_ADDRESS + 0x10, why);	     /* text */
	expect_place(text, "\x90", 1, DATA_ADDRESS + SEGMENT_SIZE + 8, why); /* .bss */
	expect_place(text, "\x90", 1, 0x10, why);
	expect_place(text, "\x90", 1, UINT64_MAX - 1, why);
}

static void a_semaphore_is_found_without_its_section(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.no_probes = true;
	elf_put_nop(&elf, TEXT_ADDRESS);
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS, BASE, DATA_ADDRESS + 0x104, "app",
						 "x", ""});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 1);
	assert_int_equal(opened.notes[0].semaphore_offset, DATA_OFFSET + 0x104);
	opened_close(&opened);
}

static void a_section_that_lies_leads_to_no_code(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.probes_lie = true;
	elf_put_nop(&elf, TEXT_ADDRESS);
	elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS, BASE, DATA_ADDRESS + 0x104, "app",
						 "x", ""});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 1);
	assert_int_equal(opened.notes[0].semaphore_offset, 0);
	assert_string_equal(opened.notes[0].refused, "semaphore is not in the file's data");
	opened_close(&opened);
}

static void arm64_has_one_nop(void **state)
{
	(void)state;
	struct elf elf;
	elf_init(&elf);
	elf.machine = EM_AARCH64;
	elf_put_text(&elf, TEXT_ADDRESS, "\x1f\x20\x03\xd5", 4);
	elf_put_text(&elf, TEXT_ADDRESS + 9, "\x1f\x20\x03\xd5", 4);
	elf_put_text(&elf, TEXT_ADDRESS + 16, "\xc0\x03\x5f\xd6", 4); /* ret */
	static const uint64_t places[] = {0, 9, 16, SEGMENT_SIZE - 2};
	for (size_t i = 0; i < array_size(places); i++)
		elf_put_marker(&elf, (struct elf_marker){TEXT_ADDRESS + places[i], BASE, 0, "app",
							 "x", "8@[sp, 24]"});
	struct opened opened = read_elf(&elf);
	assert_int_equal(opened.count, 4);
	assert_null(opened.notes[0].refused);
	assert_int_equal(opened.notes[0].nop_length, 4);
	assert_string_equal(opened.notes[1].refused, "not on an instruction");
	assert_string_equal(opened.notes[2].refused, "not a nop");
	assert_string_equal(opened.notes[3].refused, "not on an instruction");
	opened_close(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_have_offsets_and_operands_of_their_own),
		cmocka_unit_test(a_prelinked_file_is_followed),
		cmocka_unit_test(without_the_base_section_addresses_stand),
		cmocka_unit_test(a_file_without_notes_has_none),
		cmocka_unit_test(notes_that_are_none_are_skipped_and_counted),
		cmocka_unit_test(lengths_beyond_the_section_end_the_reading),
		cmocka_unit_test(a_section_may_be_cut_anywhere),
		cmocka_unit_test(a_section_larger_than_the_file_is_no_crash),
		cmocka_unit_test(a_flood_of_notes_is_refused_with_its_size),
		cmocka_unit_test(nops_are_told_from_other_instructions),
		cmocka_unit_test(places_unfit_for_a_probe_are_refused),
		cmocka_unit_test(semaphores_must_be_data_of_the_file),
		cmocka_unit_test(a_semaphore_is_found_without_its_section),
		cmocka_unit_test(a_section_that_lies_leads_to_no_code),
		cmocka_unit_test(arm64_has_one_nop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
