/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ containers whose elements are spread over the heap: of those only the number is told; and
 * std::variant, whose alternatives are parameters of its type.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

/* More than anybody writes by hand. */
#define ALTERNATIVES_MAX 64

static const char *const names[] = {
	"map",		 "multimap",	       "set",
	"multiset",	 "unordered_map",      "unordered_multimap",
	"unordered_set", "unordered_multiset", "list",
	"deque",	 "function",
};

/* Members that none but a standard library has; `has_number`: it is how many elements there are. */
static const struct {
	const char *path;
	bool has_number;
} members[] = {
	/* libstdc++: stl_tree.h, hashtable.h, stl_list.h, stl_deque.h, std_function.h */
	{"_M_node_count", true},
	{"_M_element_count", true},
	{"_M_size", true},
	{"_M_node", false}, /* the old list */
	{"_M_map_size", false},
	{"_M_invoker", false},
	/* libc++: __tree, __hash_table, list, deque, __functional/function.h; since 20 by
	 * dwarf_find_libcxx_size() */
	{"__pair3_.__value_", true},
	{"__p2_.__value_", true},
	{"__size_alloc_.__value_", true},
	{"__size_.__value_", true},
	{"__f_", false},
};

static const char *container_name(const char *name)
{
	size_t length = strcspn(name, "<");
	for (size_t i = 0; name[length] && i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && !memcmp(names[i], name, length))
			return names[i];
	return NULL;
}

static bool keep_count(struct type_builder *builder, const char *name, const struct type *number,
		       uint32_t at, struct type *type)
{
	struct arena *arena = &builder->info->arena;
	struct type_form form = {.kind = FORM_COUNT, .length = at, .item = number};
	form.none = arena_printf(arena, "std::%s", name);
	type->form = form.none ? arena_copy(arena, &form, sizeof(form)) : NULL;
	return type->form;
}

static bool is_number(const struct type *type)
{
	return (type->kind == TYPE_UINT || type->kind == TYPE_INT) && type->size == 8;
}

void dwarf_find_count(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	name = name && type->n_members ? container_name(name) : NULL;
	uint32_t at = 0;
	const struct type *size = name ? dwarf_find_libcxx_size(type, &at) : NULL;
	if (size) {
		keep_count(builder, name, size, at, type);
		return;
	}
	for (size_t i = 0; name && i < sizeof(members) / sizeof(members[0]); i++) {
		const struct type *found = dwarf_find_path(type, members[i].path, false, &at);
		if (!found || (members[i].has_number && !is_number(found)))
			continue;
		keep_count(builder, name, members[i].has_number ? found : NULL, at, type);
		return;
	}
}

/* --- std::variant ----------------------------------------------------------------------------- */

struct alternatives {
	struct type_member members[ALTERNATIVES_MAX];
	struct type_variant values[ALTERNATIVES_MAX];
	uint32_t count;
};

/* Its parameters are a pack; false: something is not understood. */
static bool add_alternatives(struct type_builder *builder, Dwarf_Die *die, uint32_t at,
			     struct alternatives *to)
{
	Dwarf_Die child;
	for (int more = dwarf_child(die, &child); more == 0;
	     more = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) == DW_TAG_GNU_template_parameter_pack)
			return add_alternatives(builder, &child, at, to);
		if (dwarf_tag(&child) != DW_TAG_template_type_parameter)
			continue;
		if (to->count == ALTERNATIVES_MAX)
			return false;
		struct type_member *member = &to->members[to->count];
		*member = (struct type_member){.name = "", .offset = at};
		member->type = dwarf_build_target(builder, &child);
		to->values[to->count] = (struct type_variant){.value = to->count};
		if (!member->type)
			return false;
		to->count++;
	}
	return to->count;
}

void dwarf_find_alternatives(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	struct arena *arena = &builder->info->arena;
	const char *name = dwarf_library_name(die, type);
	struct alternatives found = {0};
	struct type_form form = {.kind = FORM_VARIANTS, .none = "valueless"};
	uint32_t at = 0;
	if (!name || strncmp(name, "variant<", 8) != 0)
		return;
	const struct type *index = dwarf_find_path(type, "_M_index", false, &form.data);
	const struct type *data = dwarf_find_path(type, "_M_u", false, &at);
	if (!index || !data) {
		index = dwarf_find_path(type, "__index", false, &form.data);
		data = dwarf_find_path(type, "__data", false, &at);
	}
	if (!index || !data || index->size > 4 || !index->size ||
	    !add_alternatives(builder, die, at, &found))
		return;
	form.length = index->size;
	form.variants = arena_copy(arena, found.values, found.count * sizeof(found.values[0]));
	const struct type_member *all =
		arena_copy(arena, found.members, found.count * sizeof(found.members[0]));
	const struct type_form *kept = arena_copy(arena, &form, sizeof(form));
	if (!form.variants || !all || !kept)
		return;
	type->members = all;
	type->n_members = found.count;
	type->form = kept;
}
