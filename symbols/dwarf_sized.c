/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ types that say how many they have: std::bitset, a std::span of a fixed extent, std::array of
 * none; std::complex of libc++. And std::weak_ptr, whose object may be gone: how many owners that
 * has is beside it.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

#define WORD 8

/* The first of these parameters; false: it has none, or no number. */
static bool value_parameter(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Die child;
	for (int more = dwarf_child(die, &child); more == 0; more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_template_value_parameter) {
			if (!dwarf_attr(&child, DW_AT_const_value, &attribute) ||
			    dwarf_formudata(&attribute, &value) != 0)
				return false;
			*ret = value;
			return true;
		}
	return false;
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool keep(struct type_builder *builder, const struct type_form *form, struct type *type)
{
	type->form = arena_copy(&builder->info->arena, form, sizeof(*form));
	return type->form;
}

/* Of words, or one that is none of an array: libstdc++, libc++. */
static bool find_bitset(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	uint32_t at;
	uint64_t bits;
	struct type_form form = {.kind = FORM_BIT_SET, .none = "std::bitset"};
	const struct type *words = dwarf_find_path(type, "_M_w", false, &at);
	if (!words)
		words = dwarf_find_path(type, "__first_", false, &at);
	if (!words || at || !value_parameter(die, &bits) || !bits || bits > UINT32_MAX - 64 ||
	    (bits + 63) / 64 * WORD != type->size || words->size != type->size)
		return false;
	form.length = (uint32_t)bits;
	return keep(builder, &form, type);
}

/* An array of so many, for whoever looks at it behind a pointer. */
static const struct type *array_of(struct arena *arena, const struct type *item, uint64_t count)
{
	struct type array = {.kind = TYPE_ARRAY, .target = item};
	if (!item || !item->size || count > UINT32_MAX / item->size)
		return NULL;
	array.size = (uint32_t)(item->size * count);
	array.name = arena_printf(arena, "%s [%llu]", item->name, (unsigned long long)count);
	return array.name ? arena_copy(arena, &array, sizeof(array)) : NULL;
}

static bool find_fixed_span(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	static const char *const members[] = {"_M_ptr", "__data", "__data_"};
	static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
	struct arena *arena = &builder->info->arena;
	struct type_form form = {.kind = FORM_OWNER};
	const struct type *data = NULL;
	uint64_t count;
	for (size_t i = 0; !data && i < sizeof(members) / sizeof(members[0]); i++)
		data = dwarf_find_path(type, members[i], true, &form.data);
	if (!data || type->size != WORD || !value_parameter(die, &count) || !count)
		return false;
	struct type pointer = {.kind = TYPE_POINTER, .size = WORD};
	pointer.target =
		array_of(arena, data->kind == TYPE_STRING ? &char_type : data->target, count);
	pointer.name = pointer.target ? arena_printf(arena, "%s &", pointer.target->name) : NULL;
	if (!pointer.name)
		return false;
	form.item = arena_copy(arena, &pointer, sizeof(pointer));
	return form.item && keep(builder, &form, type);
}

/* In libc++ it has bytes, in libstdc++ a structure. */
static bool find_no_array(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	static const struct type byte = {.kind = TYPE_UINT, .size = 1, .name = "?"};
	struct type_form form = {.kind = FORM_OWNER};
	uint64_t count;
	if (!value_parameter(die, &count) || count ||
	    (!dwarf_find_path(type, "__elems_", false, &form.data) &&
	     !dwarf_find_path(type, "_M_elems", false, &form.data)))
		return false;
	form.item = array_of(&builder->info->arena, &byte, 0);
	return form.item && keep(builder, &form, type);
}

/*
 * libstdc++: struct _Sp_counted_base of bits/shared_ptr_base.h; libc++: __shared_weak_count of
 * __memory/shared_ptr.h. Without its definition the pointer is a number, and no more.
 */
static bool find_weak(struct type_builder *builder, struct type *type)
{
	struct arena *arena = &builder->info->arena;
	struct type_form form = {.kind = FORM_WEAK, .none = "expired"};
	uint32_t at, owners;
	bool is_gnu = dwarf_find_path(type, "_M_pi", true, &at);
	const struct type *block = dwarf_find_path(type, is_gnu ? "_M_pi" : "__cntrl_", true, &at);
	const struct type *data =
		dwarf_find_path(type, is_gnu ? "_M_ptr" : "__ptr_", true, &form.data);
	if (!block || !data || type->size != 2 * WORD)
		return false;
	form.length = at;
	form.item = data;
	const struct type *count =
		block->target && block->target->kind == TYPE_STRUCT
			? dwarf_find_path(block->target,
					  is_gnu ? "_M_use_count" : "__shared_owners_", false,
					  &owners)
			: NULL;
	form.length_before = count ? (uint8_t)count->size : 0;
	if (count && owners == WORD && count->kind == TYPE_INT &&
	    count->size == (is_gnu ? TYPE_WEAK_INT : TYPE_WEAK_LONG))
		return keep(builder, &form, type);
	struct type *closed = arena_copy(arena, data, sizeof(*closed));
	if (!closed)
		return false;
	closed->kind = TYPE_POINTER;
	closed->target = NULL;
	form = (struct type_form){.kind = FORM_OWNER, .data = form.data, .item = closed};
	return keep(builder, &form, type);
}

/* By the names that numbers of C have. */
static bool name_complex(struct type_builder *builder, struct type *type)
{
	static const char *const names[] = {"re", "im"};
	struct type_member *members =
		arena_copy(&builder->info->arena, type->members, 2 * sizeof(*members));
	if (!members || type->n_members != 2 || strcmp(members[0].name, "__re_") != 0 ||
	    strcmp(members[1].name, "__im_") != 0)
		return false;
	for (size_t i = 0; i < 2; i++)
		members[i].name = names[i];
	type->members = members;
	return true;
}

bool dwarf_find_sized(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	if (begins(name, "bitset<"))
		return find_bitset(builder, die, type);
	if (begins(name, "span<"))
		return find_fixed_span(builder, die, type);
	if (begins(name, "array<"))
		return find_no_array(builder, die, type);
	if (begins(name, "complex<") && type->n_members == 2)
		return name_complex(builder, type);
	return begins(name, "weak_ptr<") && find_weak(builder, type);
}
