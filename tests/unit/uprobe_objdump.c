/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All functions of real programs and libraries, decoded, against what objdump says of them: every
 * instruction that a probe would sit on starts where objdump sees one start, and the returns of a
 * function that was decoded whole are exactly the ret instructions that objdump lists in it.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "uprobe/code.h"

struct listed {
	uint64_t address;
	bool is_return;
};

struct listing {
	ARRAY_OF(struct listed) lines;
};

struct elf {
	const uint8_t *bytes;
	size_t size;
};

static bool map_file(const char *path, struct elf *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return false;
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	*ret = (struct elf){.bytes = bytes, .size = (size_t)st.st_size};
	return true;
}

/* "   26e04:\tf3 c3                \trepz ret" */
static void take_line(struct listing *listing, const char *line)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);
	if (end == line || strncmp(end, ":\t", 2) != 0)
		return;
	const char *text = strchr(end + 2, '\t');
	if (!text) /* the further bytes of a long instruction */
		return;
	text++;
	while (!strncmp(text, "repz ", 5) || !strncmp(text, "bnd ", 4) ||
	       !strncmp(text, "rep ", 4) || !strncmp(text, "cs ", 3))
		text = strchr(text, ' ') + 1;
	struct listed *listed = array_push(&listing->lines);
	assert_non_null(listed);
	listed->address = address;
	listed->is_return = !strncmp(text, "ret", 3);
}

static bool list(const char *path, struct listing *ret)
{
	char command[512], line[4096];
	snprintf(command, sizeof(command), "objdump -d -w '%s' 2>/dev/null", path);
	FILE *out = popen(command, "r");
	if (!out)
		return false;
	while (fgets(line, sizeof(line), out))
		take_line(ret, line);
	return pclose(out) == 0 && ret->lines.count;
}

static const struct listed *find(const struct listing *listing, uint64_t address)
{
	size_t low = array_count_first(listing->lines.count, i,
				       listing->lines.items[i].address < address);
	return &listing->lines.items[low];
}

static const struct listed *end_of(const struct listing *listing)
{
	return &listing->lines.items[listing->lines.count];
}

static bool is_listed(const struct listing *listing, uint64_t address)
{
	const struct listed *found = find(listing, address);
	return found < end_of(listing) && found->address == address;
}

struct counts {
	size_t functions, whole, moved, refused;
};

static void check_returns(const struct listing *listing, const struct code *code, const char *name,
			  uint64_t start, uint64_t size)
{
	size_t i = 0;
	for (const struct listed *l = find(listing, start);
	     l < end_of(listing) && l->address < start + size; l++) {
		if (!l->is_return)
			continue;
		if (i >= code->n_returns || code->returns[i] != l->address)
			fail_msg("%s: return at 0x%lx not seen", name, (unsigned long)l->address);
		i++;
	}
	if (i != code->n_returns)
		fail_msg("%s: 0x%lx is no return", name, (unsigned long)code->returns[i]);
	for (i = 0; i < code->n_tail_jumps; i++)
		if (!is_listed(listing, code->tail_jumps[i]))
			fail_msg("%s: 0x%lx is no instruction", name,
				 (unsigned long)code->tail_jumps[i]);
}

static void check_function(const struct elf *elf, const struct listing *listing, const char *name,
			   const Elf64_Sym *symbol, uint64_t offset, struct counts *counts)
{
	struct arena arena = {0};
	struct code code;
	struct code_request request = {
		.machine = EM_X86_64,
		.text = {.bytes = elf->bytes + offset,
			 .address = symbol->st_value,
			 .size = symbol->st_size},
		.size = symbol->st_size,
		.has_landing_pads = true,
	};
	assert_ok(code_decode_request(&request, &arena, &code));
	counts->functions++;
	counts->whole += code.whole;
	counts->refused += !code.entry.length;
	counts->moved += code.entry.address != symbol->st_value && code.entry.length;
	if (code.entry.length && !is_listed(listing, code.entry.address))
		fail_msg("%s: entry 0x%lx is no instruction", name,
			 (unsigned long)code.entry.address);
	if (code.whole)
		check_returns(listing, &code, name, symbol->st_value, symbol->st_size);
	if (getenv("UTRAIL_TEST_VERBOSE") && !code.whole)
		printf("%s: %s\n", name, code.why_not);
	arena_deinit(&arena);
}

static bool offset_of(const struct elf *elf, uint64_t address, uint64_t *ret)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)elf->bytes;
	const Elf64_Phdr *phdr = (const Elf64_Phdr *)(elf->bytes + header->e_phoff);
	for (size_t i = 0; i < header->e_phnum; i++) {
		if (phdr[i].p_type == PT_LOAD && address >= phdr[i].p_vaddr &&
		    address - phdr[i].p_vaddr < phdr[i].p_filesz) {
			*ret = address - phdr[i].p_vaddr + phdr[i].p_offset;
			return true;
		}
	}
	return false;
}

static void check_table(const struct elf *elf, const Elf64_Shdr *sections, const Elf64_Shdr *table,
			const struct listing *listing, struct counts *counts)
{
	const Elf64_Sym *symbols = (const Elf64_Sym *)(elf->bytes + table->sh_offset);
	const char *names = (const char *)elf->bytes + sections[table->sh_link].sh_offset;
	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		uint64_t offset;
		/* The cold part of a split function is none by itself. */
		if (!strstr(names + symbols[i].st_name, ".cold") &&
		    ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_size &&
		    symbols[i].st_shndx != SHN_UNDEF &&
		    offset_of(elf, symbols[i].st_value, &offset))
			check_function(elf, listing, names + symbols[i].st_name, &symbols[i],
				       offset, counts);
	}
}

/* Every so often one: the places that objdump lists are no contradiction, the ones between are. */
static void check_contradictions(const char *path, const struct listing *listing)
{
	struct image *image;
	struct arena arena = {0};
	size_t inside = 0, asked = 0;
	assert_ok(image_open(path, -1, &image));
	for (size_t i = 0; i + 1 < listing->lines.count; i += 37) {
		uint64_t address = listing->lines.items[i].address, offset;
		bool contradicts;
		if (!image_offset_of(image, address, &offset))
			continue;
		assert_ok(code_contradicts(image, offset, &arena, &contradicts));
		if (contradicts)
			fail_msg("%s: 0x%lx is an instruction", path, (unsigned long)address);
		if (listing->lines.items[i + 1].address - address < 2)
			continue;
		assert_ok(code_contradicts(image, offset + 1, &arena, &contradicts));
		inside += contradicts;
		asked++;
	}
	printf("%s: %zu of %zu places inside of instructions are known as such\n", path, inside,
	       asked);
	assert_true(asked > 10 && inside * 100 > asked * 95);
	arena_deinit(&arena);
	image_close(image);
}

static void check_file(const char *path)
{
	struct elf elf;
	struct listing listing = {0};
	struct counts counts = {0};
	if (!map_file(path, &elf))
		return;
	if (list(path, &listing)) {
		const Elf64_Ehdr *header = (const Elf64_Ehdr *)elf.bytes;
		const Elf64_Shdr *sections = (const Elf64_Shdr *)(elf.bytes + header->e_shoff);
		for (size_t i = 0; i < header->e_shnum; i++)
			if (sections[i].sh_type == SHT_DYNSYM || sections[i].sh_type == SHT_SYMTAB)
				check_table(&elf, sections, &sections[i], &listing, &counts);
		printf("%s: %zu functions, %zu whole, %zu on the second instruction, %zu refused\n",
		       path, counts.functions, counts.whole, counts.moved, counts.refused);
		assert_true(counts.functions > 10);
		/* Compilers' output is regular: a decoder that gives up often is broken. */
		assert_true(counts.whole * 10 > counts.functions * 8);
		check_contradictions(path, &listing);
	}
	munmap((void *)(uintptr_t)elf.bytes, elf.size);
	free(listing.lines.items);
}

static void libc_agrees(void **state)
{
	(void)state;
	check_file("/lib/x86_64-linux-gnu/libc.so.6");
}

static void bash_agrees(void **state)
{
	(void)state;
	check_file("/bin/bash");
}

static void libstdcxx_agrees(void **state)
{
	(void)state;
	check_file("/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
}

static void own_program_agrees(void **state)
{
	(void)state;
	char path[4096] = {0};
	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	check_file(path);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		check_file(argv[1]);
		return 0;
	}
	if (system("command -v objdump >/dev/null 2>&1") != 0) {
		puts("no objdump to compare with");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_agrees),
		cmocka_unit_test(bash_agrees),
		cmocka_unit_test(libstdcxx_agrees),
		cmocka_unit_test(own_program_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
