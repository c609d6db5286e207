/* SPDX-License-Identifier: Apache-2.0 */
/* Files that were written to make a reader go round in circles, or to fill its memory. */
#include <elf.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/cleanup.h"
#include "symbols/image.h"
#include "symbols/stack.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_find.h"

/* Seconds; a loop without end takes more on any machine. */
#define PATIENCE 60

static char root[] = "/tmp/utrail-hostile-XXXXXX";

static int make_root(void **state)
{
	(void)state;
	alarm(PATIENCE * 5);
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

/* --- DWARF ------------------------------------------------------------------------------------ */

/*
 * A library with one function `f`, whose result and parameter are of the type at `type`, and this
 * DWARF behind. Abbreviations: 2 typedef, 3 pointer, 4 structure with 5 member, 6 array with 7
 * range, 8 a function that is another's instance, 9 const; 10 what comes again as its own sibling.
 */
static const char assembly[] =
	".text\n.globl f\n.type f,@function\nf: ret\n.size f,.-f\n.Lend:\n"
	".section .debug_abbrev,\"\",@progbits\n"
	".uleb128 1,0x11; .byte 1; .uleb128 0x3,8, 0x1b,8, 0x11,1, 0x12,1, 0,0\n"
	".uleb128 2,0x16; .byte 0; .uleb128 0x3,8, 0x49,0x13, 0,0\n"
	".uleb128 3,0x0f; .byte 0; .uleb128 0xb,0xb, 0x49,0x13, 0,0\n"
	".uleb128 4,0x13; .byte 1; .uleb128 0x3,8, 0xb,6, 0,0\n"
	".uleb128 5,0x0d; .byte 0; .uleb128 0x3,8, 0x49,0x13, 0x38,0xb, 0,0\n"
	".uleb128 6,0x01; .byte 1; .uleb128 0x49,0x13, 0,0\n"
	".uleb128 7,0x21; .byte 0; .uleb128 0x2f,0x7, 0,0\n"
	".uleb128 8,0x2e; .byte 1; .uleb128 0x31,0x13, 0x11,1, 0x12,1, 0,0\n"
	".uleb128 9,0x26; .byte 0; .uleb128 0x49,0x13, 0,0\n"
	".uleb128 10,0x34; .byte 0; .uleb128 0x1,0x13, 0,0\n"
	".uleb128 11,0x2e; .byte 1; .uleb128 0x3,8, 0x11,1, 0x12,1, 0x49,0x13, 0,0\n"
	".uleb128 12,0x05; .byte 0; .uleb128 0x3,8, 0x49,0x13, 0,0\n"
	".byte 0\n"
	".section .debug_info,\"\",@progbits\n"
	".Lunit: .4byte .Lstop - .Lversion\n.Lversion: .2byte 4\n.4byte 0\n.byte 8\n"
	".uleb128 1; .string \"a.c\"; .string \"/\"; .8byte f, .Lend\n";

#define FUNCTION                                                                \
	".uleb128 11; .string \"f\"; .8byte f, .Lend; .4byte .Ltype - .Lunit\n" \
	".uleb128 12; .string \"p\"; .4byte .Ltype - .Lunit\n.byte 0\n"

static struct image *open_with(const char *name, const char *dwarf)
{
	char path[256], command[1024];
	struct image *image;
	snprintf(path, sizeof(path), "%s/%s.s", root, name);
	FILE *out = fopen(path, "w");
	fprintf(out, "%s%s.byte 0\n.Lstop:\n", assembly, dwarf);
	assert_int_equal(fclose(out), 0);
	snprintf(command, sizeof(command), "gcc -nostdlib -shared -o '%s/%s' '%s'", root, name,
		 path);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_ok(image_open(path, -1, &image));
	return image;
}

/* A type tree that ends, without a name that is missing. */
static void walk(const struct type *type, int depth)
{
	assert_non_null(type->name);
	assert_true(depth < 200);
	for (uint32_t i = 0; depth < 5 && i < type->n_members; i++)
		walk(type->members[i].type, depth + 1);
	if (type->target)
		walk(type->target, depth + 1);
}

static void ask_all(struct image *image)
{
	const char *file;
	unsigned int line;
	const struct function *f = find_function(image, "f");
	const struct prototype *prototype = NULL;
	assert_non_null(f);
	struct err *e = image_prototype(image, f, &prototype);
	for (uint32_t i = 0; prototype && i < prototype->n_parameters; i++)
		walk(prototype->parameters[i].type, 0);
	if (prototype)
		walk(prototype->result, 0);
	image_source_line(image, f, &file, &line);
	image_place(image, f->address);
	err_free(e);
	image_close(image);
}

static void types_that_are_made_of_themselves(void **state)
{
	(void)state;
	static const char *const bodies[][2] = {
		{"sound", FUNCTION ".Ltype: .uleb128 3; .byte 8; .4byte .Ltype - .Lunit\n"},
		{"typedef", FUNCTION ".Ltype: .uleb128 2; .string \"t\"; .4byte .Ltype - .Lunit\n"},
		{"typedefs", FUNCTION ".Ltype: .uleb128 2; .string \"t\"; .4byte .Lu - .Lunit\n"
				      ".Lu: .uleb128 9; .4byte .Ltype - .Lunit\n"},
		{"structure",
		 FUNCTION ".Ltype: .uleb128 4; .string \"s\"; .4byte 1 << 30\n"
			  ".uleb128 5; .string \"m\"; .4byte .Ltype - .Lunit; .byte 0\n"
			  ".uleb128 5; .string \"n\"; .4byte .Ltype - .Lunit; .byte 8\n.byte 0\n"},
		{"array", FUNCTION ".Ltype: .uleb128 6; .4byte .Ltype - .Lunit\n"
				   ".uleb128 7; .8byte 0x7fffffffffffffff\n"
				   ".uleb128 7; .8byte 0x7fffffffffffffff\n.byte 0\n"},
		{"outside", FUNCTION ".set .Ltype, .Lunit + 0x7ffffff0\n"},
		{"middle", FUNCTION ".set .Ltype, .Lunit + 13\n"},
		{"instance",
		 ".Ltype: .uleb128 8; .4byte .Ltype - .Lunit; .8byte f, .Lend; .byte 0\n"},
		{"instances", ".La: .uleb128 8; .4byte .Lb - .Lunit; .8byte f, .Lend; .byte 0\n"
			      ".Lb: .uleb128 8; .4byte .La - .Lunit; .8byte f, .Lend; .byte 0\n"},
		{"sibling", ".Lx: .uleb128 10; .4byte .Lx - .Lunit\n" FUNCTION
			    ".Ltype: .uleb128 3; .byte 8; .4byte .Ltype - .Lunit\n"},
		{"back", ".Lx: .uleb128 10; .4byte .Ly - .Lunit\n"
			 ".Ly: .uleb128 10; .4byte .Lx - .Lunit\n" FUNCTION
			 ".Ltype: .uleb128 3; .byte 8; .4byte .Ltype - .Lunit\n"},
	};
	/* The first one is as it should be, so that the others are known to be read. */
	struct image *image = open_with(bodies[0][0], bodies[0][1]);
	const struct prototype *prototype = find_prototype(image, "f");
	assert_non_null(prototype);
	assert_int_equal(prototype->parameters[0].type->kind, TYPE_POINTER);
	image_close(image);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		alarm(PATIENCE);
		ask_all(open_with(bodies[i][0], bodies[i][1]));
	}
}

/* --- symbols ---------------------------------------------------------------------------------- */

/* An ELF file with `count` functions, all of the name at the beginning of `strings`. */
static struct image *open_with_symbols(size_t count, const char *strings, size_t strings_size)
{
	enum { TEXT = 0x1000, BLOCK = 65536 };
	const uint64_t names_at = 2 * TEXT, table_at = (names_at + strings_size + 7) & ~7ULL;
	const uint64_t sections_at = table_at + (uint64_t)count * sizeof(Elf64_Sym);
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = sections_at,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 1,
	};
	const Elf64_Phdr segment = {.p_type = PT_LOAD,
				    .p_flags = PF_R | PF_X,
				    .p_filesz = 2 * TEXT,
				    .p_memsz = 2 * TEXT,
				    .p_align = 0x1000};
	const Elf64_Shdr sections[3] = {
		{0},
		{.sh_type = SHT_STRTAB, .sh_offset = names_at, .sh_size = strings_size},
		{.sh_type = SHT_SYMTAB,
		 .sh_offset = table_at,
		 .sh_size = sections_at - table_at,
		 .sh_link = 1,
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_addralign = 8},
	};
	struct image *image;
	int fd = memory_file(&header, sizeof(header));
	assert_int_equal(pwrite(fd, &segment, sizeof(segment), sizeof(header)), sizeof(segment));
	assert_int_equal(pwrite(fd, strings, strings_size, (off_t)names_at), strings_size);
	assert_int_equal(pwrite(fd, sections, sizeof(sections), (off_t)sections_at),
			 sizeof(sections));
	_cleanup_free_ Elf64_Sym *block = calloc(BLOCK, sizeof(*block));
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t n = count - at < BLOCK ? count - at : BLOCK;
		for (size_t i = 0; i < n; i++)
			block[i] = (Elf64_Sym){.st_name = 1,
					       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
					       .st_shndx = 1,
					       .st_value = TEXT + (at + i) % TEXT};
		assert_int_equal(pwrite(fd, block, n * sizeof(*block),
					(off_t)(table_at + at * sizeof(*block))),
				 n * sizeof(*block));
	}
	assert_ok(image_open("symbols", fd, &image));
	close(fd);
	return image;
}

static uint64_t cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

/* They share 4096 places, so that sorting those of one place is most of the work. */
static void ten_million_symbols(void **state)
{
	(void)state;
	const struct function *functions;
	size_t count;
	alarm(PATIENCE * 4);
	uint64_t start = cpu_seconds();
	struct image *image = open_with_symbols(10000000, "\0f", 3);
	assert_ok(image_functions(image, &functions, &count));
	assert_int_equal(count, 4096);
	image_close(image);
	assert_true(cpu_seconds() - start < PATIENCE);
}

static void names_of_100_kilobytes(void **state)
{
	(void)state;
	enum { SIZE = 100 << 10 };
	const struct function *functions;
	size_t count;
	/* Nested templates, references back to them, and nothing at all that makes sense. */
	static const char *const parts[] = {"1aIS_", "N1a", "PFv", "S_IS_IS_E", "\x80"};
	for (size_t i = 0; i < 5; i++) {
		alarm(PATIENCE);
		_cleanup_free_ char *strings = calloc(1, SIZE + 8);
		memcpy(strings + 1, "_Z", 2);
		for (size_t at = 3; at + strlen(parts[i]) < SIZE; at += strlen(parts[i]))
			memcpy(strings + at, parts[i], strlen(parts[i]));
		struct image *image = open_with_symbols(10, strings, SIZE + 8);
		assert_ok(image_functions(image, &functions, &count));
		assert_int_equal(count, 10);
		for (size_t k = 0; k < count; k++)
			assert_non_null(image_demangle(image, functions[k].symbol));
		image_close(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_that_are_made_of_themselves),
		cmocka_unit_test(ten_million_symbols),
		cmocka_unit_test(names_of_100_kilobytes),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
