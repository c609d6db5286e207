/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/sources/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/sources/unpack.h"

/*
 * The biggest programs (browsers) have about 2 GiB of DWARF. Compressed sections are a quarter to a
 * tenth of what they hold; what claims to be more than 100 times its size is a bomb.
 */
#define UNPACKED_MAX (4ULL << 30)
#define RATIO_MAX    100
#define RATIO_FREE   (1ULL << 20) /* up to this size any ratio goes: an empty table packs well */
#define NAME_MAX_    32
/* Objects of -ffunction-sections have one .debug_* of each kind for a function; programs a dozen.
 */
#define SECTIONS_MAX 64

struct view_section {
	char name[NAME_MAX_];
	Elf64_Shdr header; /* in the view */
	enum packing packing;
	uint64_t packed_at, packed_size; /* in the file */
	uint8_t *bytes;			 /* of header.sh_size */
	uint8_t *packed;		 /* mapped with packed_size */
	struct unpacker *unpacker;
};

struct debug_view {
	uint8_t *base;
	size_t size;
	uint64_t page;
	Elf *elf;
	struct view_section *sections;
	size_t count;
	size_t spare; /* offset in .debug_str, 0: none */
};

/* --- what is in the file ---------------------------------------------------------------------- */

static bool is_debug_section(const char *name)
{
	return name && strlen(name) < NAME_MAX_ - 1 &&
	       (!strncmp(name, ".debug_", 7) || !strncmp(name, ".zdebug_", 8) ||
		!strcmp(name, ".gnu_debugaltlink"));
}

/* SHF_COMPRESSED: an Elf64_Chdr, then the stream. */
static bool read_header(const struct elf_file *file, struct view_section *section)
{
	Elf64_Chdr header;
	if (section->packed_size < sizeof(header) ||
	    !elf_file_read(file, section->packed_at, &header, sizeof(header)))
		return false;
	section->packing = header.ch_type == ELFCOMPRESS_ZLIB ? PACKED_ZLIB : PACKED_ZSTD;
	section->packed_at += sizeof(header);
	section->packed_size -= sizeof(header);
	section->header.sh_size = header.ch_size;
	section->header.sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
	return header.ch_type == ELFCOMPRESS_ZLIB || header.ch_type == ELFCOMPRESS_ZSTD;
}

/* The older form, .zdebug_*: "ZLIB", the size as 8 bytes, big-endian, then the stream. */
static bool read_old_header(const struct elf_file *file, struct view_section *section)
{
	uint8_t header[12];
	uint64_t size;
	memmove(section->name + 1, section->name + 2, strlen(section->name + 1));
	if (section->packed_size < sizeof(header) ||
	    !elf_file_read(file, section->packed_at, header, sizeof(header)))
		return false;
	if (memcmp(header, "ZLIB", 4) != 0)
		return true; /* not worth packing */
	memcpy(&size, header + 4, sizeof(size));
	section->packing = PACKED_ZLIB;
	section->packed_at += sizeof(header);
	section->packed_size -= sizeof(header);
	section->header.sh_size = __builtin_bswap64(size);
	return true;
}

static bool is_bomb(const struct view_section *section)
{
	uint64_t size = section->header.sh_size;
	return size > RATIO_FREE && size / RATIO_MAX > section->packed_size;
}

static bool describe(const struct elf_file *file, const Elf64_Shdr *header, const char *name,
		     struct view_section *ret)
{
	uint64_t end;
	if (__builtin_add_overflow(header->sh_offset, header->sh_size, &end) || end > file->size)
		return false;
	*ret = (struct view_section){
		.header = {.sh_type = SHT_PROGBITS,
			   .sh_flags = header->sh_flags,
			   .sh_size = header->sh_size,
			   .sh_entsize = header->sh_entsize,
			   .sh_addralign = 1},
		.packed_at = header->sh_offset,
		.packed_size = header->sh_size,
	};
	strcpy(ret->name, name);
	if (header->sh_flags & SHF_COMPRESSED)
		return read_header(file, ret) && !is_bomb(ret);
	return name[1] != 'z' || (read_old_header(file, ret) && !is_bomb(ret));
}

static bool list_sections(const struct elf_file *file, struct debug_view *view)
{
	size_t names;
	bool has_info = false;
	uint64_t total = 0;
	view->sections = calloc(SECTIONS_MAX, sizeof(*view->sections));
	if (!view->sections || elf_getshdrstrndx(file->elf, &names) < 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(file->elf, scn));) {
		const Elf64_Shdr *header = elf64_getshdr(scn);
		const char *name = header ? elf_strptr(file->elf, names, header->sh_name) : NULL;
		if (!is_debug_section(name) || header->sh_type == SHT_NOBITS)
			continue;
		struct view_section *section = &view->sections[view->count];
		if (view->count == SECTIONS_MAX || !describe(file, header, name, section) ||
		    __builtin_add_overflow(total, section->header.sh_size, &total))
			return false;
		view->count++;
		has_info |= !strcmp(section->name, ".debug_info");
	}
	return has_info && total <= UNPACKED_MAX;
}

/* --- the file in memory ----------------------------------------------------------------------- */

static uint64_t round_up(const struct debug_view *view, uint64_t size)
{
	return (size + view->page - 1) & ~(view->page - 1);
}

/* Room for a part of the file that is mapped where its offset in a page stays the same. */
static uint64_t mapped_room(const struct debug_view *view, const struct view_section *section)
{
	return round_up(view, (section->packed_at & (view->page - 1)) + section->packed_size);
}

static uint64_t room_of(const struct debug_view *view, const struct view_section *section)
{
	uint64_t room = mapped_room(view, section);
	if (section->packing)
		room += round_up(view, section->header.sh_size);
	return room + round_up(view, VIEW_SPARE);
}

static bool map_packed(const struct debug_view *view, const struct elf_file *file,
		       struct view_section *section, uint8_t *at)
{
	uint64_t inside = section->packed_at & (view->page - 1);
	section->packed = at + inside;
	if (!section->packed_size)
		return true;
	return mmap(at, inside + section->packed_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_FIXED, file->fd,
		    (off_t)(section->packed_at - inside)) != MAP_FAILED;
}

/* A string of ours has a place behind those of the file. */
static void add_spare(struct debug_view *view, struct view_section *section)
{
	if (strcmp(section->name, ".debug_str") != 0 || view->spare)
		return;
	view->spare = section->header.sh_size;
	memset(section->bytes + view->spare, 0, VIEW_SPARE);
	section->header.sh_size += VIEW_SPARE;
}

static bool place_section(struct debug_view *view, const struct elf_file *file,
			  struct view_section *section, uint64_t *at)
{
	uint8_t *here = view->base + *at;
	if (!map_packed(view, file, section, here))
		return false;
	section->bytes = section->packed;
	if (section->packing) {
		section->bytes = here + mapped_room(view, section);
		section->unpacker =
			unpacker_new(section->packing, section->packed, section->packed_size, true,
				     section->bytes, section->header.sh_size);
		if (!section->unpacker)
			return false;
	}
	*at += room_of(view, section);
	section->header.sh_offset = (uint64_t)(section->bytes - view->base);
	add_spare(view, section);
	return true;
}

/* One page: the file's header, those of its sections, and their names. */
static bool write_headers(struct debug_view *view, const struct elf_file *file)
{
	Elf64_Ehdr *header = (void *)view->base;
	Elf64_Shdr *sections = (void *)(view->base + sizeof(*header));
	size_t count = view->count + 2;
	char *names = (char *)(sections + count);
	uint32_t at = 1;
	*header = file->header;
	header->e_phoff = header->e_phnum = 0;
	header->e_shoff = sizeof(*header);
	header->e_shentsize = sizeof(*sections);
	header->e_shnum = (Elf64_Half)count;
	header->e_shstrndx = (Elf64_Half)(count - 1);
	for (size_t i = 0; i < view->count; i++) {
		sections[i + 1] = view->sections[i].header;
		sections[i + 1].sh_name = at;
		strcpy(names + at, view->sections[i].name);
		at += (uint32_t)strlen(view->sections[i].name) + 1;
	}
	sections[count - 1] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_name = at};
	strcpy(names + at, ".shstrtab");
	sections[count - 1].sh_offset = (uint64_t)((uint8_t *)names - view->base);
	sections[count - 1].sh_size = at + sizeof(".shstrtab");
	return true;
}

/* SECTIONS_MAX of (64 + 32) bytes and what is around them. */
#define HEADERS_SIZE 8192U

static bool build(struct debug_view *view, const struct elf_file *file)
{
	uint64_t at = round_up(view, HEADERS_SIZE);
	uint64_t size = at;
	for (size_t i = 0; i < view->count; i++)
		size += room_of(view, &view->sections[i]);
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return false;
	view->base = base;
	view->size = size;
	for (size_t i = 0; i < view->count; i++)
		if (!place_section(view, file, &view->sections[i], &at))
			return false;
	write_headers(view, file);
	view->elf = elf_memory((char *)view->base, view->size);
	return view->elf;
}

struct debug_view *debug_view_open(const struct elf_file *file)
{
	struct debug_view *view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	view->page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (list_sections(file, view) && build(view, file))
		return view;
	debug_view_close(view);
	return NULL;
}

void debug_view_close(struct debug_view *view)
{
	if (!view)
		return;
	elf_end(view->elf);
	for (size_t i = 0; i < view->count; i++)
		unpacker_free(view->sections[i].unpacker);
	if (view->base)
		munmap(view->base, view->size);
	free(view->sections);
	free(view);
}

Elf *debug_view_elf(const struct debug_view *view)
{
	return view->elf;
}

bool debug_view_is_packed(const struct debug_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->sections[i].packing)
			return true;
	return false;
}

/* --- on demand -------------------------------------------------------------------------------- */

static struct view_section *find(const struct debug_view *view, const char *name)
{
	for (size_t i = 0; i < view->count; i++)
		if (!strcmp(view->sections[i].name, name))
			return &view->sections[i];
	return NULL;
}

uint64_t debug_view_size(const struct debug_view *view, const char *name)
{
	const struct view_section *section = find(view, name);
	return section ? section->header.sh_size : 0;
}

uint8_t *debug_view_bytes(struct debug_view *view, const char *name, uint64_t offset, uint64_t size)
{
	struct view_section *section = find(view, name);
	uint64_t end;
	if (!section || __builtin_add_overflow(offset, size, &end) || end > section->header.sh_size)
		return NULL;
	if (section->unpacker && !unpack_to(section->unpacker, end))
		return NULL;
	return section->bytes + offset;
}

/* Without the spare bytes, which are not in the file. */
static uint64_t stored_size(const struct debug_view *view, const struct view_section *section)
{
	bool has_spare = view->spare && !strcmp(section->name, ".debug_str");
	return section->header.sh_size - (has_spare ? VIEW_SPARE : 0);
}

static bool need(const struct debug_view *view, struct view_section *section)
{
	return !section->unpacker || unpack_to(section->unpacker, stored_size(view, section));
}

bool debug_view_need(struct debug_view *view, const char *name)
{
	struct view_section *section = find(view, name);
	return section && need(view, section);
}

void debug_view_need_all(struct debug_view *view, const char *except)
{
	for (size_t i = 0; i < view->count; i++)
		if (!except || strcmp(view->sections[i].name, except) != 0)
			need(view, &view->sections[i]);
}

char *debug_view_spare(struct debug_view *view, uint64_t *ret_offset)
{
	struct view_section *section = view->spare ? find(view, ".debug_str") : NULL;
	*ret_offset = view->spare;
	return section ? (char *)section->bytes + view->spare : NULL;
}
