/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdw opens the file that the skeleton's DW_AT_dwo_name names, and there is no other way to hand
 * it one. That name can lead anywhere, by any root but the target's. So the file is found and
 * opened here, and the attribute, in our private copy, is made to name the descriptor, in a string
 * that is ours for the time of the call.
 */
#include "symbols/sources/split.h"

#include <dwarf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/debug_file.h"
#include "symbols/image.h"
#include "symbols/sources/beneath.h"
#include "symbols/sources/view.h"

/* libdw unpacks such files as a whole when it opens them. */
#define HALF_MAX  (1ULL << 30)
#define RATIO_MAX 100
/* Units of a .dwp to look through. */
#define UNITS_MAX 1000000

struct skeleton {
	Dwarf_Attribute name_attribute;
	const char *name, *directory; /* of compilation; may be NULL */
	uint64_t id;
};

static bool read_skeleton(Dwarf_Die *unit, struct skeleton *ret)
{
	Dwarf_Attribute attribute;
	if (!dwarf_attr(unit, DW_AT_dwo_name, &ret->name_attribute) &&
	    !dwarf_attr(unit, DW_AT_GNU_dwo_name, &ret->name_attribute))
		return false;
	ret->name = dwarf_formstring(&ret->name_attribute);
	ret->directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	return ret->name &&
	       dwarf_cu_info(unit->cu, NULL, NULL, NULL, NULL, &ret->id, NULL, NULL) == 0;
}

/* --- which file ------------------------------------------------------------------------------- */

/* A small file must not fill our memory. */
static bool is_reasonable(Elf *elf, uint64_t file_size)
{
	uint64_t total = 0;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const Elf64_Shdr *header = elf64_getshdr(scn);
		const Elf64_Chdr *packed = NULL;
		if (header && header->sh_flags & SHF_COMPRESSED)
			packed = elf64_getchdr(scn);
		if (packed && __builtin_add_overflow(total, packed->ch_size, &total))
			return false;
	}
	return total <= HALF_MAX && total / RATIO_MAX <= file_size;
}

/* libdw reads the table at the beginning when it is asked for names of files. */
static bool has_sound_lines(const struct elf_file *file)
{
	Elf_Scn *lines = elf_file_section(file, ".debug_line.dwo", SHT_NULL);
	Elf_Scn *names = elf_file_section(file, ".debug_str.dwo", SHT_NULL);
	Elf_Data *data = lines ? elf_getdata(lines, NULL) : NULL;
	Elf_Data *text = names ? elf_getdata(names, NULL) : NULL;
	const char *last = text && text->d_buf ? memrchr(text->d_buf, 0, text->d_size) : NULL;
	const struct line_strings strings = {
		.str = last ? (uint64_t)(last - (const char *)text->d_buf) + 1 : 0};
	return !data || !data->d_buf ||
	       line_table_is_sound(data->d_buf, data->d_size, &strings, false);
}

/* Is the unit of that id in it? */
static bool holds_unit(int fd, uint64_t id)
{
	struct elf_file file = {.fd = -1};
	bool found = false;
	struct err *e = elf_file_open("", fd, ELF_DEBUG_ONLY, &file);
	bool ok = !e && is_reasonable(file.elf, file.size);
	err_free(e);
	Dwarf *dwarf = ok ? dwarf_begin_elf(file.elf, DWARF_C_READ, NULL) : NULL;
	Dwarf_CU *unit = NULL;
	uint8_t type;
	uint64_t its_id = 0;
	for (size_t i = 0; dwarf && !found && i < UNITS_MAX; i++) {
		if (dwarf_get_units(dwarf, unit, &unit, NULL, &type, NULL, NULL) != 0)
			break;
		found = type == DW_UT_split_compile &&
			dwarf_cu_info(unit, NULL, NULL, NULL, NULL, &its_id, NULL, NULL) == 0 &&
			its_id == id;
	}
	found = found && has_sound_lines(&file);
	dwarf_end(dwarf);
	elf_file_close(&file);
	return found;
}

struct search {
	const struct dwarf_info *info;
	uint64_t id;
	char path[PATH_MAX];
};

static int try_path(struct search *search, const char *directory, const char *name)
{
	int length = snprintf(search->path, sizeof(search->path), "%s%s%s",
			      directory ? directory : "", directory ? "/" : "", name);
	if (length < 0 || (size_t)length >= sizeof(search->path))
		return -1;
	const int roots[] = {search->info->image->root, -1};
	for (size_t i = roots[0] < 0; i < 2; i++) {
		int fd = open_regular_beneath(roots[i], search->path);
		if (fd >= 0 && holds_unit(fd, search->id))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* The directory and, with .dwp behind it, the name of the file as we see it. */
static bool place_of(const struct elf_file *file, char path[PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
	ssize_t length = readlink(link, path, PATH_MAX - sizeof(".dwp"));
	if (length <= 0 || path[0] != '/')
		return false;
	path[length] = '\0';
	return true;
}

/* PROGRAM.dwp, beside the program or its debug file. */
static int find_package(struct search *search)
{
	struct image *image = search->info->image;
	char path[PATH_MAX];
	int fd = -1, length = snprintf(path, sizeof(path), "%s.dwp", image->path);
	if (image->path[0] == '/' && length > 0 && (size_t)length < sizeof(path))
		fd = try_path(search, NULL, path);
	if (fd < 0 && place_of(&image->file, path))
		fd = try_path(search, NULL, strcat(path, ".dwp"));
	if (fd < 0 && image->debug && place_of(&image->debug->file, path))
		fd = try_path(search, NULL, strcat(path, ".dwp"));
	return fd;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Where the compiler has put it, or beside the program. */
static int find_half(struct search *search, const struct skeleton *skeleton)
{
	char path[PATH_MAX];
	int fd = -1;
	if (skeleton->name[0] == '/')
		fd = try_path(search, NULL, skeleton->name);
	else if (skeleton->directory)
		fd = try_path(search, skeleton->directory, skeleton->name);
	if (fd < 0 && place_of(&search->info->image->file, path)) {
		*strrchr(path, '/') = '\0';
		fd = try_path(search, path, base_name(skeleton->name));
	}
	return fd;
}

/* --- handing it over -------------------------------------------------------------------------- */

static size_t offset_size_of(Dwarf_Die *unit)
{
	uint8_t size = 0;
	dwarf_cu_info(unit->cu, NULL, NULL, NULL, NULL, NULL, NULL, &size);
	return size;
}

static uint64_t read_index(const Dwarf_Attribute *attribute)
{
	uint64_t index = 0;
	switch (attribute->form) {
	case DW_FORM_strx1:
		return *attribute->valp;
	case DW_FORM_strx2:
		memcpy(&index, attribute->valp, 2);
		return index;
	case DW_FORM_strx3:
		memcpy(&index, attribute->valp, 3);
		return index;
	case DW_FORM_strx4:
		memcpy(&index, attribute->valp, 4);
		return index;
	default: /* ULEB128; libdw has read it once, so that it ends in the section */
		for (size_t i = 0; i < 9; i++) {
			index |= (uint64_t)(attribute->valp[i] & 0x7f) << (7 * i);
			if (!(attribute->valp[i] & 0x80))
				break;
		}
		return index;
	}
}

/* Where the offset of the string stands that the attribute is; NULL: in another form. */
static uint8_t *string_offset(struct dwarf_info *info, Dwarf_Die *unit,
			      const Dwarf_Attribute *attribute, size_t offset_size)
{
	Dwarf_Attribute base;
	Dwarf_Word start, at;
	switch (attribute->form) {
	case DW_FORM_strp:
		return (uint8_t *)attribute->valp;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		if (!dwarf_attr(unit, DW_AT_str_offsets_base, &base) ||
		    dwarf_formudata(&base, &start) != 0 ||
		    __builtin_mul_overflow(read_index(attribute), offset_size, &at) ||
		    __builtin_add_overflow(start, at, &at))
			return NULL;
		return debug_view_bytes(info->view, ".debug_str_offsets", at, offset_size);
	default:
		return NULL;
	}
}

/* libdw is to find the open file under the skeleton's name. */
static bool link_half(struct dwarf_info *info, Dwarf_Die *unit, const struct skeleton *skeleton,
		      int fd, Dwarf_Die *ret)
{
	uint64_t spare;
	size_t size = offset_size_of(unit);
	char *string = debug_view_spare(info->view, &spare);
	uint8_t *offset = string_offset(info, unit, &skeleton->name_attribute, size);
	if (!string || !offset || (size != 4 && size != 8))
		return false;
	memcpy(offset, &spare, size);
	snprintf(string, VIEW_SPARE, "/proc/self/fd/%d", fd);
	bool ok = dwarf_cu_info(unit->cu, NULL, NULL, NULL, ret, NULL, NULL, NULL) == 0 && ret->cu;
	snprintf(string, VIEW_SPARE, "/dev/null/none");
	return ok;
}

static void note_half(struct dwarf_info *info, const char *path)
{
	if (!info->n_halves)
		info->first_half = arena_string(&info->arena, path);
	info->n_halves +=
		!info->first_half || strcmp(info->first_half, path) != 0 || !info->n_halves;
}

bool dwarf_whole_unit(struct dwarf_info *info, Dwarf_Die *unit)
{
	uint8_t type;
	struct skeleton skeleton;
	struct search search = {.info = info};
	Dwarf_Die half = {0};
	if (dwarf_cu_info(unit->cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) != 0)
		return false;
	if (type != DW_UT_skeleton)
		return type != DW_UT_split_compile;
	const uint64_t *known =
		name_map_find(&info->halves, (char *)&unit->addr, sizeof(unit->addr));
	if (known) /* libdw looks once only, so that it has found it, or never will */
		return *known &&
		       dwarf_cu_info(unit->cu, NULL, NULL, NULL, unit, NULL, NULL, NULL) == 0;
	if (!read_skeleton(unit, &skeleton))
		return false;
	search.id = skeleton.id;
	_cleanup_close_ int fd = find_package(&search);
	fd = fd >= 0 ? fd : find_half(&search, &skeleton);
	if (fd < 0)
		image_note_missing(info->image,
				   "types of its functions are in a file that is not here",
				   skeleton.name);
	bool found = fd >= 0 && link_half(info, unit, &skeleton, fd, &half);
	const char *key = arena_copy(&info->arena, &unit->addr, sizeof(unit->addr));
	if (key)
		name_map_add(&info->halves, key, sizeof(unit->addr), found);
	if (!found || !key)
		return false;
	note_half(info, search.path);
	*unit = half;
	return true;
}

const char *dwarf_split_source(struct dwarf_info *info)
{
	const char *text = info->source;
	if (info->n_halves == 1)
		text = arena_printf(&info->arena, "%s and %s", info->source, info->first_half);
	else if (info->n_halves > 1)
		text = arena_printf(&info->arena, "%s, %s and %zu more", info->source,
				    info->first_half, info->n_halves - 1);
	return text ? text : info->source;
}
