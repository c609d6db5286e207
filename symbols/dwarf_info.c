/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/dwarf_info.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/debug_file.h"
#include "symbols/image.h"
#include "symbols/sources/split.h"
#include "symbols/sources/view.h"

/* Names are shown in one line; C++ template names can be tens of kilobytes. */
#define NAME_LENGTH_MAX 255

const char *dwarf_copy_name(struct dwarf_info *info, const char *name)
{
	return arena_substring(&info->arena, name, strnlen(name, NAME_LENGTH_MAX));
}

static bool open_dwarf(const struct elf_file *file, struct debug_view **ret_view, Dwarf **ret)
{
	*ret_view = debug_view_open(file);
	if (*ret_view)
		*ret = dwarf_begin_elf(debug_view_elf(*ret_view), DWARF_C_READ, NULL);
	return *ret;
}

/*
 * dwz files are named relative to the debug file ("../../.dwz/x86_64-linux-gnu/bash.debug") or
 * absolutely; of that, what follows ".dwz/" is kept, which Debian and Fedora put beneath
 * /usr/lib/debug/.dwz.
 */
static struct debug_file *find_dwz(const struct image *image, const char *name, const uint8_t *id,
				   size_t size)
{
	char path[PATH_MAX];
	struct debug_file *found = debug_file_by_build_id(image->root, image->debug_root, id, size);
	if (found)
		return found;
	const char *below = strstr(name, ".dwz/");
	if (!below || strstr(below, ".."))
		return NULL;
	int length = snprintf(path, sizeof(path), "%s/%s", image->debug_root, below);
	if (length < 0 || (size_t)length >= sizeof(path))
		return NULL;
	return debug_file_at(image->root, path, id, size);
}

void image_note_missing(struct image *image, const char *what, const char *name)
{
	if (!image->debug_missing)
		image->debug_missing = arena_printf(&image->arena, "%s: %.255s", what, name);
}

const char *image_debug_missing(const struct image *image)
{
	return image->remote ? image->remote->missing : image->debug_missing;
}

/* Hands libdw the file that dwz has moved common parts into; false: it is named, but not here. */
static bool attach_dwz(struct dwarf_info *info, struct image *image)
{
	const char *name;
	const void *id;
	debug_view_need(info->view, ".gnu_debugaltlink");
	ssize_t size = dwelf_dwarf_gnu_debugaltlink(info->dwarf, &name, &id);
	if (size == 0)
		return true;
	info->alt_file = size > 0 ? find_dwz(image, name, id, (size_t)size) : NULL;
	if (!info->alt_file || !open_dwarf(&info->alt_file->file, &info->alt_view, &info->alt)) {
		image_note_missing(image,
				   "the common parts of its debug information are in a file "
				   "that is not here",
				   size > 0 ? name : "");
		return false;
	}
	debug_view_need_all(info->alt_view, NULL);
	dwarf_check_lines(info->alt_view, info->alt);
	/* One that names a third would be chased by libdw; dwz makes none. */
	if (dwelf_dwarf_gnu_debugaltlink(info->alt, &name, &id) != 0)
		return false;
	dwarf_setalt(info->dwarf, info->alt);
	return true;
}

static struct dwarf_info *try_open(const struct elf_file *file, const char *source,
				   struct image *image)
{
	struct dwarf_info *info = calloc(1, sizeof(*info));
	if (!info)
		return NULL;
	info->source = source;
	info->image = image;
	if (open_dwarf(file, &info->view, &info->dwarf) && attach_dwz(info, image))
		return info;
	dwarf_info_free(info);
	return NULL;
}

struct dwarf_info *dwarf_info_part(struct image *image)
{
	if (image->dwarf_opened)
		return image->dwarf;
	image->dwarf_opened = true;
	image->dwarf = try_open(&image->file, "this file", image);
	const struct debug_file *debug = image->dwarf ? NULL : debug_file_of(image);
	if (debug)
		image->dwarf = try_open(&debug->file, debug->path, image);
	return image->dwarf;
}

void dwarf_info_unpack(struct dwarf_info *info)
{
	if (info->is_whole)
		return;
	info->is_whole = true;
	debug_view_need_all(info->view, NULL);
	dwarf_check_lines(info->view, info->dwarf);
}

struct dwarf_info *dwarf_info_of(struct image *image)
{
	struct dwarf_info *info = dwarf_info_part(image);
	if (info)
		dwarf_info_unpack(info);
	return info;
}

const char *image_debug_source(struct image *image)
{
	if (image->remote)
		return remote_debug_source(image);
	struct dwarf_info *info = dwarf_info_part(image);
	return info ? dwarf_split_source(info) : NULL;
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
	name_map_deinit(&info->halves);
	name_map_deinit(&info->complete);
	name_map_deinit(&info->types);
	name_map_deinit(&info->prototypes);
	dwarf_end(info->dwarf);
	dwarf_end(info->alt);
	debug_view_close(info->view);
	debug_view_close(info->alt_view);
	debug_file_free(info->alt_file);
	free(info->aranges.items);
	free(info->unit_ranges.items);
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

void dwarf_enter_definition(Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die definition;
	if (dwarf_attr(type, DW_AT_signature, &attribute) &&
	    dwarf_formref_die(&attribute, &definition))
		*type = definition;
}
