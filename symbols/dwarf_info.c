/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/dwarf_info.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/debug_file.h"
#include "symbols/image.h"

/*
 * libdw decompresses all debug sections when it opens a file. The biggest programs (browsers) come
 * to about 2 GiB; more than this is refused, as a small file can claim any size.
 */
#define INFLATED_MAX (4ULL << 30)
/* Names are shown in one line; C++ template names can be tens of kilobytes. */
#define NAME_LENGTH_MAX 255

const char *dwarf_copy_name(struct dwarf_info *info, const char *name)
{
	return arena_substring(&info->arena, name, strnlen(name, NAME_LENGTH_MAX));
}

static bool is_debug_section(const char *name)
{
	return name && (!strncmp(name, ".debug_", 7) || !strncmp(name, ".zdebug_", 8));
}

/* What a section takes in memory: its own size, or what its compression header promises. */
static uint64_t inflated_size(Elf_Scn *section, const Elf64_Shdr *header, const char *name)
{
	if (header->sh_flags & SHF_COMPRESSED) {
		const Elf64_Chdr *compressed = elf64_getchdr(section);
		return compressed ? compressed->ch_size : UINT64_MAX;
	}
	/* The older form, .zdebug_*: "ZLIB" and the size as 8 bytes, big-endian. */
	Elf_Data *data = name[1] == 'z' ? elf_rawdata(section, NULL) : NULL;
	if (!data || !data->d_buf || data->d_size < 12)
		return 0;
	uint64_t size;
	memcpy(&size, (const char *)data->d_buf + 4, sizeof(size));
	return __builtin_bswap64(size);
}

/* Is there DWARF, of a size that we want in memory? */
static bool has_usable_dwarf(Elf *elf)
{
	size_t names;
	uint64_t total = 0;
	bool has_info = false;
	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		const Elf64_Shdr *header = elf64_getshdr(section);
		if (!header || header->sh_type == SHT_NOBITS)
			continue;
		const char *name = elf_strptr(elf, names, header->sh_name);
		if (!is_debug_section(name))
			continue;
		if (__builtin_add_overflow(total, inflated_size(section, header, name), &total))
			return false;
		has_info |= !strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info");
	}
	return has_info && total <= INFLATED_MAX;
}

static bool open_dwarf(const struct elf_file *file, Elf **ret_elf, Dwarf **ret)
{
	Elf *elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
	Dwarf *dwarf = NULL;
	if (elf && has_usable_dwarf(elf))
		dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!dwarf) {
		elf_end(elf);
		return false;
	}
	*ret_elf = elf;
	*ret = dwarf;
	return true;
}

/*
 * dwz files are named relative to the debug file ("../../.dwz/x86_64-linux-gnu/bash.debug") or
 * absolutely; of that, what follows ".dwz/" is kept, which Debian and Fedora put beneath
 * /usr/lib/debug/.dwz.
 */
static struct debug_file *find_dwz(const char *root, const char *name, const uint8_t *id,
				   size_t size)
{
	char path[PATH_MAX];
	struct debug_file *found = debug_file_by_build_id(root, id, size);
	if (found)
		return found;
	const char *below = strstr(name, ".dwz/");
	if (!below || strstr(below, ".."))
		return NULL;
	int length = snprintf(path, sizeof(path), "%s/%s", root, below);
	if (length < 0 || (size_t)length >= sizeof(path))
		return NULL;
	return debug_file_at(path, id, size);
}

/* Hands libdw the file that dwz has moved common parts into; false: it is named, but not here. */
static bool attach_dwz(struct dwarf_info *info, const char *root)
{
	const char *name;
	const void *id;
	ssize_t size = dwelf_dwarf_gnu_debugaltlink(info->dwarf, &name, &id);
	if (size == 0)
		return true;
	info->alt_file = size > 0 ? find_dwz(root, name, id, (size_t)size) : NULL;
	if (!info->alt_file || !open_dwarf(&info->alt_file->file, &info->alt_elf, &info->alt))
		return false;
	/* One that names a third would be chased by libdw; dwz makes none. */
	if (dwelf_dwarf_gnu_debugaltlink(info->alt, &name, &id) != 0)
		return false;
	dwarf_setalt(info->dwarf, info->alt);
	return true;
}

static struct dwarf_info *try_open(const struct elf_file *file, const char *source,
				   const char *root)
{
	struct dwarf_info *info = calloc(1, sizeof(*info));
	if (!info)
		return NULL;
	info->source = source;
	if (open_dwarf(file, &info->elf, &info->dwarf) && attach_dwz(info, root))
		return info;
	dwarf_info_free(info);
	return NULL;
}

struct dwarf_info *dwarf_info_of(struct image *image)
{
	if (image->dwarf_opened)
		return image->dwarf;
	image->dwarf_opened = true;
	image->dwarf = try_open(&image->file, "this file", image->debug_root);
	const struct debug_file *debug = image->dwarf ? NULL : debug_file_of(image);
	if (debug)
		image->dwarf = try_open(&debug->file, debug->path, image->debug_root);
	return image->dwarf;
}

const char *image_debug_source(struct image *image)
{
	const struct dwarf_info *info = dwarf_info_of(image);
	return info ? info->source : NULL;
}

void dwarf_info_free(struct dwarf_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < info->units.capacity; i++) {
		struct unit_index *index = (void *)(uintptr_t)info->units.slots[i].value;
		if (info->units.slots[i].name && index)
			free(index->functions);
	}
	name_map_deinit(&info->units);
	name_map_deinit(&info->types);
	name_map_deinit(&info->prototypes);
	dwarf_end(info->dwarf);
	dwarf_end(info->alt);
	elf_end(info->elf);
	elf_end(info->alt_elf);
	debug_file_free(info->alt_file);
	free(info->ranges);
	arena_deinit(&info->arena);
	free(info);
}

uint64_t dwarf_info_number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr_integrate(die, name, &attribute) ||
	    dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return value;
}
