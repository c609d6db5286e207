/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/inlined.h"

#include <dwarf.h>
#include <string.h>

#include "symbols/child/remote.h"
#include "symbols/image.h"
#include "symbols/place.h"

/* Entries to visit in all; the biggest browsers have some hundred millions, and are cut. */
#define DIES_MAX   200000000u
#define COPIES_MAX 2000000u
/* Of blocks, inlined functions and namespaces in each other. */
#define DEPTH_MAX 256

/* What is known of a function that was inlined somewhere. */
struct origin {
	const char *name; /* NULL: not wanted */
	const char *file;
	unsigned int line;
};

struct search {
	struct image *image;
	struct dwarf_info *info;
	bool (*wanted)(void *context, const char *name);
	void *context;
	struct name_map origins; /* by address of the entry: struct origin * */
	struct inlined_list *list;
	Dwarf_Die unit;
	uint32_t budget;
	bool failed; /* out of memory */
};

static struct origin *read_origin(struct search *search, Dwarf_Die *die)
{
	struct origin *origin = arena_alloc(&search->info->arena, sizeof(*origin));
	const char *name = origin ? place_name_of(search->image, search->info, die) : NULL;
	int line;
	if (!name || !search->wanted(search->context, name))
		return origin;
	const char *file = dwarf_decl_file(die);
	origin->name = name;
	if (!file || dwarf_decl_line(die, &line) != 0 || line <= 0)
		return origin;
	origin->file = arena_string(&search->info->arena, file);
	origin->line = (unsigned int)line;
	return origin;
}

/* Read once for each function. NULL: out of memory, or nothing is named. */
static const struct origin *origin_of(struct search *search, Dwarf_Die *copy)
{
	Dwarf_Attribute attribute;
	Dwarf_Die die;
	if (!dwarf_attr(copy, DW_AT_abstract_origin, &attribute) ||
	    !dwarf_formref_die(&attribute, &die))
		return NULL;
	const uint64_t *known =
		name_map_find(&search->origins, (char *)&die.addr, sizeof(die.addr));
	if (known)
		return (const struct origin *)(uintptr_t)*known;
	struct origin *origin = read_origin(search, &die);
	const char *key = arena_copy(&search->info->arena, &die.addr, sizeof(die.addr));
	if (!origin || !key ||
	    !name_map_add(&search->origins, key, sizeof(die.addr), (uint64_t)(uintptr_t)origin))
		search->failed = true;
	return origin;
}

/*
 * Where control enters a copy. gcc tells of an entry before which the copy's code was moved away,
 * and of copies of which no instruction is left: those are not there.
 */
static bool copy_address(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Addr base, low, high, entry;
	ptrdiff_t at = 0;
	bool has_entry = dwarf_entrypc(die, &entry) == 0, found = false;
	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		if (low >= high)
			continue;
		if (has_entry && entry >= low && entry < high) {
			*ret = entry;
			return true;
		}
		*ret = found ? *ret : low;
		found = true;
	}
	return found;
}

static void note_copy(struct search *search, Dwarf_Die *die)
{
	const struct origin *origin = origin_of(search, die);
	uint64_t address, offset;
	/* One outside of the text is a lie. */
	if (!origin || !origin->name || !copy_address(die, &address) ||
	    !image_offset_of(search->image, address, &offset) ||
	    !image_is_text(search->image, offset, 1))
		return;
	struct inlined_list *list = search->list;
	list->cut = list->cut || list->copies.count == COPIES_MAX;
	struct inlined_copy *copy = list->cut ? NULL : array_push(&list->copies);
	if (!copy) {
		search->failed |= !list->cut;
		return;
	}
	struct code_line call;
	const struct function *caller = image_function_at(search->image, address);
	place_find_call(search->info, &search->unit, die, &call);
	*copy = (struct inlined_copy){
		.name = origin->name,
		.file = origin->file,
		.line = origin->line,
		.address = address,
		.offset = offset,
		.caller = caller ? image_demangle(search->image, caller->symbol) : NULL,
		.call_file = call.file,
		.call_line = call.line,
	};
}

static bool holds_code(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return true;
	default:
		return false;
	}
}

static void walk(struct search *search, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);
		if (!search->budget || search->failed || search->list->cut)
			return;
		search->budget--;
		if (tag == DW_TAG_inlined_subroutine)
			note_copy(search, &die);
		if (holds_code(tag) && dwarf_haschildren(&die))
			walk(search, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int by_name(const void *left, const void *right)
{
	const struct inlined_copy *a = left, *b = right;
	int difference = a->name == b->name ? 0 : strcmp(a->name, b->name);
	return difference ? difference : (a->address > b->address) - (a->address < b->address);
}

/* A unit that came in twice (dwz's imports) tells of the same copies twice. */
static void drop_twins(struct inlined_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->copies.count; i++) {
		struct inlined_copy *copy = &list->copies.items[i];
		if (!kept || by_name(copy, &list->copies.items[kept - 1]) != 0)
			list->copies.items[kept++] = *copy;
	}
	list->copies.count = kept;
}

struct err *image_find_inlined(struct image *image, bool (*wanted)(void *context, const char *name),
			       void *context, struct inlined_list *ret)
{
	struct inlined_list list = {0};
	struct search search = {.image = image,
				.info = image->remote ? NULL : dwarf_info_of(image),
				.wanted = wanted,
				.context = context,
				.list = &list,
				.budget = DIES_MAX};
	Dwarf_CU *unit = NULL;
	uint8_t type;
	*ret = list;
	if (image->remote)
		return remote_find_inlined(image, wanted, context, ret);
	if (!search.info)
		return NULL;
	while (!search.failed && dwarf_get_units(search.info->dwarf, unit, &unit, NULL, &type,
						 &search.unit, NULL) == 0)
		if (type == DW_UT_compile)
			walk(&search, &search.unit, 0);
	name_map_deinit(&search.origins);
	if (search.failed) {
		inlined_list_deinit(&list);
		return &err_nomem;
	}
	list.cut |= !search.budget;
	if (list.copies.count)
		qsort(list.copies.items, list.copies.count, sizeof(*list.copies.items), by_name);
	drop_twins(&list);
	*ret = list;
	return NULL;
}

void inlined_list_deinit(struct inlined_list *list)
{
	free(list->copies.items);
	*list = (struct inlined_list){0};
}
