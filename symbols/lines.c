/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/lines.h"

#include <dwarf.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"

/* Places of one line: a header's may be copied into every function there is. */
#define PLACES_MAX 8192
/* Files of one name that are told apart. */
#define FILES_MAX 64

/* --- names of files ----------------------------------------------------------------------------
 */

void line_file_normalise(const char *path, char *buffer)
{
	size_t used = 0, floor = *path == '/' ? 1 : 0;
	if (floor)
		buffer[used++] = '/';
	while (*path) {
		path += strspn(path, "/");
		size_t length = strcspn(path, "/");
		bool up = length == 2 && !strncmp(path, "..", 2);
		if (!length || (length == 1 && *path == '.')) {
			path += length;
			continue;
		}
		if (up && used > floor) {
			while (used > floor && buffer[--used] != '/')
				;
		} else {
			if (used && buffer[used - 1] != '/')
				buffer[used++] = '/';
			memcpy(buffer + used, path, length);
			used += length;
			/* What is above the beginning stays. */
			floor = up ? used : floor;
		}
		path += length;
	}
	buffer[used] = '\0';
}

bool line_file_matches(const char *path, const char *wanted)
{
	_cleanup_free_ char *clean = malloc(strlen(path) + 1);
	_cleanup_free_ char *end = malloc(strlen(wanted) + 1);
	if (!clean || !end)
		return false;
	line_file_normalise(path, clean);
	line_file_normalise(wanted, end);
	size_t length = strlen(clean), tail = strlen(end);
	if (!tail || tail > length || strcmp(clean + length - tail, end) != 0)
		return false;
	return tail == length || (*end != '/' && clean[length - tail - 1] == '/');
}

/* --- rows --------------------------------------------------------------------------------------
 */

struct search {
	struct image *image;
	struct dwarf_info *info;
	const char *file;
	unsigned int line;
	struct line_search *result;
	bool exact; /* the words are a whole path */
};

/* A row of a unit's line table. */
struct row {
	uint64_t address;
	const char *path;
	int line;
	bool is_statement, ends;
};

static bool read_row(Dwarf_Lines *lines, size_t index, struct row *ret)
{
	Dwarf_Line *line = dwarf_onesrcline(lines, index);
	Dwarf_Addr address;
	if (!line || dwarf_lineaddr(line, &address) != 0 || dwarf_lineno(line, &ret->line) != 0 ||
	    dwarf_linebeginstatement(line, &ret->is_statement) != 0 ||
	    dwarf_lineendsequence(line, &ret->ends) != 0)
		return false;
	ret->address = address;
	ret->path = dwarf_linesrc(line, NULL, NULL);
	return ret->path != NULL;
}

/* Equal paths are the same string in one unit's table. */
struct known_path {
	const char *path;
	bool matches;
};

static bool note_file(struct search *search, const char *path)
{
	struct line_search *result = search->result;
	_cleanup_free_ char *clean = malloc(strlen(path) + 1);
	if (!clean)
		return false;
	line_file_normalise(path, clean);
	for (size_t i = 0; i < result->files.count; i++)
		if (!strcmp(result->files.items[i], clean))
			return true;
	if (result->files.count == FILES_MAX)
		return true;
	const char **kept = array_push(&result->files);
	if (kept)
		*kept = arena_string(&search->info->arena, clean);
	return kept && *kept;
}

static void note_near(struct line_search *result, unsigned int line, unsigned int wanted)
{
	if (line < wanted && line > result->before)
		result->before = line;
	if (line > wanted && (!result->after || line < result->after))
		result->after = line;
}

/* The innermost function, inlined or not, around the address. */
static uint64_t instance_at(Dwarf_Die *unit, uint64_t address)
{
	_cleanup_free_ Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes(unit, address, &scopes);
	for (int i = 0; i < n; i++) {
		int tag = dwarf_tag(&scopes[i]);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram)
			return dwarf_dieoffset(&scopes[i]);
	}
	return 0;
}

static bool add_place(struct search *search, Dwarf_Die *unit, const struct row *row, bool is_empty)
{
	uint64_t offset;
	/* Of a function that the linker threw away the addresses are left, at 0 or so. */
	if (!image_offset_of(search->image, row->address, &offset) ||
	    !image_is_text(search->image, offset, 1) || search->result->places.count == PLACES_MAX)
		return true;
	struct line_place *place = array_push(&search->result->places);
	if (!place)
		return false;
	*place = (struct line_place){.address = row->address,
				     .offset = offset,
				     .instance = instance_at(unit, row->address),
				     .is_empty = is_empty};
	return true;
}

static bool is_file(const char *path, const char *clean)
{
	_cleanup_free_ char *buffer = malloc(strlen(path) + 1);
	if (!buffer)
		return false;
	line_file_normalise(path, buffer);
	return !strcmp(buffer, clean);
}

static bool is_wanted_path(const struct search *search, const char *path, struct known_path *known)
{
	if (known->path == path)
		return known->matches;
	bool matches =
		search->exact ? is_file(path, search->file) : line_file_matches(path, search->file);
	*known = (struct known_path){path, matches};
	return known->matches;
}

/* False: out of memory. */
static bool read_lines(struct search *search, Dwarf_Die *unit, Dwarf_Lines *lines, size_t count)
{
	struct known_path known = {0};
	struct row row, next, before = {.ends = true};
	bool before_wanted = false;
	for (size_t i = 0; i < count; i++, before = row) {
		if (!read_row(lines, i, &row))
			return true;
		bool wanted = !row.ends && is_wanted_path(search, row.path, &known);
		bool goes_on = before_wanted && !before.ends && before.line == row.line;
		before_wanted = wanted;
		if (!wanted || row.line <= 0)
			continue;
		if (row.is_statement)
			note_near(search->result, (unsigned int)row.line, search->line);
		if ((unsigned int)row.line != search->line || goes_on || !row.is_statement)
			continue;
		/* Rows of one address: all but the last have no instruction. */
		bool is_empty = i + 1 < count && read_row(lines, i + 1, &next) && !next.ends &&
				next.address == row.address && next.line != row.line;
		if (!add_place(search, unit, &row, is_empty))
			return false;
	}
	return true;
}

/* Does the unit have lines of such a file? Its files are then noted. */
static bool names_file(struct search *search, Dwarf_Die *unit, bool *ret_ok)
{
	Dwarf_Files *files;
	size_t count;
	bool found = false;
	if (dwarf_getsrcfiles(unit, &files, &count) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *path = dwarf_filesrc(files, i, NULL, NULL);
		found |= path && line_file_matches(path, search->file);
	}
	*ret_ok = true;
	return found;
}

/* Only files with code count: those that a unit just names (for types) are not meant. */
static bool note_files(struct search *search, Dwarf_Lines *lines, size_t count)
{
	struct known_path known = {0};
	const char *noted = NULL;
	struct row row;
	for (size_t i = 0; i < count && read_row(lines, i, &row); i++) {
		if (row.path == noted || row.ends || !is_wanted_path(search, row.path, &known))
			continue;
		noted = row.path;
		if (!note_file(search, row.path))
			return false;
	}
	return true;
}

static bool read_unit(struct search *search, Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	size_t count;
	if (!names_file(search, unit, &search->result->has_lines) ||
	    dwarf_getsrclines(unit, &lines, &count) != 0)
		return true;
	return note_files(search, lines, count) && read_lines(search, unit, lines, count);
}

/* --- the result --------------------------------------------------------------------------------
 */

static int by_address(const void *left, const void *right)
{
	const struct line_place *a = left, *b = right;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->is_empty - (int)b->is_empty;
}

static bool has_code(const struct line_search *search, uint64_t instance)
{
	for (size_t i = 0; i < search->places.count; i++)
		if (search->places.items[i].instance == instance &&
		    !search->places.items[i].is_empty)
			return true;
	return false;
}

/* A place without an instruction of its own counts where its copy has no other. */
static void reduce(struct line_search *search)
{
	struct line_place *places = search->places.items;
	size_t kept = 0;
	if (search->places.count)
		qsort(places, search->places.count, sizeof(*places), by_address);
	for (size_t i = 0; i < search->places.count; i++) {
		bool again = i && places[i].address == places[i - 1].address;
		places[i].is_empty &= !again;
	}
	_cleanup_free_ bool *drop = calloc(search->places.count + 1, sizeof(*drop));
	for (size_t i = 0; drop && i < search->places.count; i++)
		drop[i] = places[i].is_empty && has_code(search, places[i].instance);
	for (size_t i = 0; drop && i < search->places.count; i++) {
		bool again = kept && places[i].address == places[kept - 1].address;
		if (!drop[i] && !again)
			places[kept++] = places[i];
	}
	search->places.count = drop ? kept : search->places.count;
}

/* False: out of memory. */
static bool read_units(struct search *search)
{
	Dwarf_CU *next = NULL;
	Dwarf_Die unit;
	uint8_t type;
	while (dwarf_get_units(search->info->dwarf, next, &next, NULL, &type, &unit, NULL) == 0)
		if (type == DW_UT_compile && !read_unit(search, &unit))
			return false;
	return true;
}

/* Of "a.c" and "x/a.c", the words "a.c" mean the first: the whole path of one file. */
static const char *whole_path(const struct search *search)
{
	const struct line_search *found = search->result;
	for (size_t i = 0; found->files.count > 1 && i < found->files.count; i++)
		if (is_file(search->file, found->files.items[i]))
			return found->files.items[i];
	return NULL;
}

struct err *image_find_line(struct image *image, const char *file, unsigned int line,
			    struct line_search *ret)
{
	struct search search = {.image = image,
				.info = image->remote ? NULL : dwarf_info_of(image),
				.file = file,
				.line = line,
				.result = ret};
	*ret = (struct line_search){0};
	if (image->remote)
		return remote_find_line(image, file, line, ret);
	if (!search.info)
		return NULL;
	bool ok = read_units(&search);
	const char *whole = ok ? whole_path(&search) : NULL;
	if (whole) {
		search.file = whole;
		search.exact = true;
		line_search_deinit(ret);
		ok = read_units(&search);
	}
	if (!ok) {
		line_search_deinit(ret);
		return &err_nomem;
	}
	reduce(ret);
	return NULL;
}

void line_search_deinit(struct line_search *search)
{
	free(search->places.items);
	free(search->files.items);
	*search = (struct line_search){0};
}
