/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file is refused, in words that help: what it is instead, and what to name in its place. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "symbols/elf_file.h"

/* Shown bytes of a file that is not ELF. */
#define SHOWN 40

/* The beginning of the first line, printable ASCII only: the bytes are anybody's. */
static size_t printable_prefix(const uint8_t *head, size_t size, char text[SHOWN + 1])
{
	size_t length = 0;
	while (length < size && length < SHOWN && head[length] >= ' ' && head[length] < 0x7f) {
		text[length] = (char)head[length];
		length++;
	}
	text[length] = '\0';
	return length;
}

static struct err *refuse_script(const char *path, const char *line)
{
	struct err *e = err_new(ERR_USAGE, 0, "'%s' cannot be probed", path);
	e = err_why(e, "not an ELF file: it begins with '%s'", line);
	const char *interpreter = line + 2 + strspn(line + 2, " ");
	int length = (int)strcspn(interpreter, " ");
	if (!length)
		return e;
	return err_hint(e, "it is a script: name its interpreter, '%.*s'", length, interpreter);
}

static struct err *refuse_other(const char *path, const uint8_t *head, size_t size)
{
	char text[SHOWN + 1];
	size_t length = printable_prefix(head, size, text);
	if (length >= 2 && !memcmp(text, "#!", 2))
		return refuse_script(path, text);
	struct err *e = err_new(ERR_USAGE, 0, "'%s' cannot be probed", path);
	/* include/ar.h: ARMAG, SARMAG */
	if (size >= 8 && !memcmp(head, "!<arch>\n", 8))
		return err_hint(
			err_why(e, "it is an archive of object files, which no process runs"),
			"name the program or library that these were linked into");
	bool is_text = length == size || length == SHOWN || (length && isspace(head[length]));
	if (is_text)
		return err_why(e, "not an ELF file: it begins with '%s'", text);
	char bytes[4 * 3 + 1] = "";
	for (size_t i = 0; i < 4 && i < size; i++)
		snprintf(bytes + i * 3, 4, " %02x", head[i]);
	return err_why(e, "not an ELF file: it begins with the bytes%s", bytes);
}

static struct err *refuse_width(const char *path, const uint8_t *ident)
{
	bool no_class = ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64;
	bool no_order = ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB;
	/* The mark of ELF before bytes that are none. */
	struct err *e = err_new(no_class || no_order ? ERR_USAGE : ERR_UNSUPPORTED, 0,
				"'%s' cannot be probed", path);
	if (no_class)
		return err_why(e, "damaged: its ELF class is %u, neither 32-bit nor 64-bit",
			       ident[EI_CLASS]);
	if (no_order)
		return err_why(e, "damaged: its ELF data encoding is %u, no byte order",
			       ident[EI_DATA]);
	if (ident[EI_CLASS] == ELFCLASS32)
		return err_why(e, "it is a 32-bit program; only 64-bit ones are supported");
	return err_why(e, "it is not little-endian (ELF data encoding %u)", ident[EI_DATA]);
}

static const char *type_name(unsigned int type)
{
	switch (type) {
	case ET_REL:
		return "a relocatable object, which no process runs";
	case ET_CORE:
		return "a core file";
	default:
		return "neither a program nor a shared library";
	}
}

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), size = strlen(end);
	return length > size && strcmp(path + length - size, end) == 0;
}

static struct err *check_type(const char *path, const Elf64_Ehdr *header)
{
	struct err *e;
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
		e = err_new(ERR_USAGE, 0, "'%s' cannot be probed", path);
		e = err_why(e, "it is %s (ELF type %u)", type_name(header->e_type), header->e_type);
		if (header->e_type == ET_REL)
			e = err_hint(
				e, "%s",
				ends_with(path, ".ko")
					? "the functions of a kernel module that is loaded are "
					  "probed by their names: -e kprobe:FUNCTION"
					: "name the program or library that it was linked into");
		if (header->e_type == ET_CORE)
			e = err_hint(e, "name the program that dumped it");
		return e;
	}
	if (header->e_machine == EM_X86_64 || header->e_machine == EM_AARCH64)
		return NULL;
	e = err_new(ERR_UNSUPPORTED, 0, "'%s' cannot be probed", path);
	return err_why(e, "it is for another machine (ELF machine %u); x86-64 and arm64 are known",
		       header->e_machine);
}

static struct err *check_program_headers(const char *path, const Elf64_Ehdr *header, uint64_t size)
{
	uint64_t bytes = (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), end;
	const char *why = NULL;
	if (!header->e_phnum || !header->e_phoff)
		why = "it has no program headers";
	else if (header->e_phentsize != sizeof(Elf64_Phdr))
		why = "its program headers have the wrong size";
	else if (__builtin_add_overflow(header->e_phoff, bytes, &end) || end > size)
		why = "truncated: its program headers lie past the end of the file";
	if (!why)
		return NULL;
	return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", path), "%s", why);
}

struct err *elf_check_header(const char *path, const void *head, size_t head_size,
			     uint64_t file_size, enum elf_purpose purpose)
{
	const uint8_t *ident = head;
	Elf64_Ehdr header;
	if (!file_size)
		return err_why(err_new(ERR_USAGE, 0, "'%s' cannot be probed", path),
			       "the file is empty");
	if (head_size < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return refuse_other(path, ident, head_size);
	if (head_size > EI_DATA && (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB))
		return refuse_width(path, ident);
	if (head_size < sizeof(header))
		return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", path),
			       "truncated: %zu bytes, and the ELF header alone has %zu", head_size,
			       sizeof(header));
	memcpy(&header, head, sizeof(header));
	if (purpose == ELF_DEBUG_ONLY)
		return NULL;
	struct err *e = check_type(path, &header);
	return e ?: check_program_headers(path, &header, file_size);
}
