/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/place.c — an address of code as people know it: function, source line, and the functions
 * that the compiler has put in place of calls.
 *
 * A program stops at few places, so what was found is kept for as long as the image.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/place.h"

#define INLINED_MAX 64

struct kept_place {
	uint64_t address;
	const struct code_place *place;
	UT_hash_handle hh;
};

struct place_map {
	struct kept_place *by_address;
};

void image_places_free(struct image *image)
{
	struct kept_place *kept, *next;
	if (!image->places)
		return;
	HASH_ITER (hh, image->places->by_address, kept, next) {
		HASH_DEL(image->places->by_address, kept);
		free(kept);
	}
	free(image->places);
	image->places = NULL;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The part of a path that is beneath the directory where the unit was compiled. */
static const char *shorten(Dwarf_Die *unit, const char *file)
{
	Dwarf_Attribute attribute;
	const char *directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	size_t length = directory ? strlen(directory) : 0;
	if (length && strncmp(file, directory, length) == 0 && file[length] == '/' &&
	    file[length + 1])
		return file + length + 1;
	return file;
}

static void set_file(struct dwarf_info *info, Dwarf_Die *unit, const char *file,
		     struct code_line *ret)
{
	ret->file = file ? arena_string(&info->arena, file) : NULL;
	ret->short_file = ret->file ? shorten(unit, ret->file) : NULL;
}

static void find_line(struct dwarf_info *info, Dwarf_Die *unit, uint64_t address,
		      struct code_line *ret)
{
	int number;
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	if (!line || dwarf_lineno(line, &number) != 0 || number <= 0)
		return;
	set_file(info, unit, dwarf_linesrc(line, NULL, NULL), ret);
	ret->line = (unsigned int)number;
}

void place_find_call(struct dwarf_info *info, Dwarf_Die *unit, Dwarf_Die *call,
		     struct code_line *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t n_files;
	*ret = (struct code_line){0};
	if (dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attribute), &line) != 0 ||
	    dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attribute), &file) != 0 ||
	    dwarf_getsrcfiles(unit, &files, &n_files) != 0 || file >= n_files)
		return;
	set_file(info, unit, dwarf_filesrc(files, file, NULL, NULL), ret);
	ret->line = (unsigned int)line;
}

/* --- functions in functions --------------------------------------------------------------------
 */

const char *place_name_of(struct image *image, struct dwarf_info *info, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *linkage =
		dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
	if (!linkage)
		linkage = dwarf_formstring(
			dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute));
	const char *name = linkage ? linkage : dwarf_diename(die);
	name = name ? dwarf_copy_name(info, name) : NULL;
	return name && linkage ? image_demangle(image, name) : name;
}

struct inlining {
	struct code_line *lines;
	size_t count;
};

/* The scopes around the address, the innermost first, up to the function itself. */
static void walk_scopes(struct image *image, struct dwarf_info *info, Dwarf_Die *unit,
			Dwarf_Die *scopes, int n_scopes, struct code_line line,
			struct inlining *ret)
{
	struct code_line here = line;
	for (int i = 0; i < n_scopes; i++) {
		int tag = dwarf_tag(&scopes[i]);
		if (tag == DW_TAG_subprogram)
			break;
		if (tag != DW_TAG_inlined_subroutine || ret->count == INLINED_MAX)
			continue;
		here.symbol = place_name_of(image, info, &scopes[i]);
		ret->lines[ret->count++] = here;
		place_find_call(info, unit, &scopes[i], &here);
	}
	/* The function's own line comes last; there is room for it. */
	ret->lines[ret->count] = here;
}

/* Fills in .own.line, .inlined; .own.symbol when the symbol table has none. */
static void read_debug(struct image *image, uint64_t address, struct code_place *place)
{
	struct dwarf_info *info = dwarf_info_part(image);
	struct code_line lines[INLINED_MAX + 1] = {0}, line = {0};
	struct inlining inlining = {.lines = lines};
	Dwarf_Die unit;
	if (!info || !dwarf_unit_at(info, address, &unit))
		return;
	find_line(info, &unit, address, &line);
	/* libdw's scopes go on in the abstract function once one is inlined; those of the
	 * innermost entry are all of the function at hand. */
	_cleanup_free_ Dwarf_Die *innermost = NULL;
	_cleanup_free_ Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes(&unit, address, &innermost);
	n = n > 0 ? dwarf_getscopes_die(&innermost[0], &scopes) : 0;
	walk_scopes(image, info, &unit, scopes, n, line, &inlining);
	struct code_line own = lines[inlining.count];
	own.symbol = place->own.symbol;
	place->own = own;
	place->inlined = inlining.count
				 ? arena_copy(&info->arena, lines, inlining.count * sizeof(*lines))
				 : NULL;
	place->n_inlined = place->inlined ? inlining.count : 0;
}

static const struct code_place *read_place(struct image *image, uint64_t address)
{
	if (image->remote)
		return remote_place(image, address);
	struct code_place *place = arena_alloc(&image->arena, sizeof(*place));
	if (!place)
		return NULL;
	const struct function *function = image_function_at(image, address);
	if (function) {
		place->own.symbol = image_demangle(image, function->symbol);
		place->start = function->address;
	}
	read_debug(image, address, place);
	return place->own.symbol || place->own.file || place->n_inlined ? place : NULL;
}

const struct code_place *image_place(struct image *image, uint64_t address)
{
	struct kept_place *kept = NULL;
	if (!image->places)
		image->places = calloc(1, sizeof(*image->places));
	if (!image->places)
		return NULL;
	HASH_FIND(hh, image->places->by_address, &address, sizeof(address), kept);
	if (kept)
		return kept->place;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->address = address;
	kept->place = read_place(image, address);
	HASH_ADD(hh, image->places->by_address, address, sizeof(kept->address), kept);
	return kept->place;
}
