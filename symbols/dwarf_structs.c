/* SPDX-License-Identifier: Apache-2.0 */
/* Types with parts: structures, classes, unions and their members; enumerations. */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/dwarf_types.h"

/* Members or enumerators of one type; generated code has some thousand error numbers. */
#define PARTS_MAX 16384

static bool tagged_name(struct type_builder *builder, Dwarf_Die *die, const char *tag,
			struct type *type)
{
	const char *name = dwarf_diename(die);
	struct arena *arena = &builder->info->arena;
	const char *shown = name ? dwarf_full_name(builder, die, name) : "{...}";
	if (!shown)
		return false;
	type->name = name && !builder->tags ? shown : arena_printf(arena, "%s %s", tag, shown);
	return type->name;
}

/* --- enumerations ---------------------------------------------------------------------------- */

struct enumerators {
	ARRAY_OF(struct enumerator) list;
};

/*
 * Compilers write negative values in signed forms and all others in unsigned ones, whatever the
 * enumeration's type is.
 */
static int64_t enumerator_value(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Sword as_signed;
	Dwarf_Word as_unsigned;
	if (!dwarf_attr(die, DW_AT_const_value, &attribute))
		return 0;
	unsigned int form = dwarf_whatform(&attribute);
	if ((form == DW_FORM_sdata || form == DW_FORM_implicit_const) &&
	    dwarf_formsdata(&attribute, &as_signed) == 0)
		return as_signed;
	return dwarf_formudata(&attribute, &as_unsigned) == 0 ? (int64_t)as_unsigned : 0;
}

static bool add_enumerator(struct type_builder *builder, Dwarf_Die *die, struct enumerators *to)
{
	const char *name = dwarf_diename(die);
	if (dwarf_tag(die) != DW_TAG_enumerator || !name)
		return true;
	struct enumerator *enumerator = array_push(&to->list);
	if (!enumerator)
		return false;
	enumerator->value = enumerator_value(die);
	enumerator->name = dwarf_copy_name(builder->info, name);
	return enumerator->name;
}

/* One that C++ or Rust declare with a type, or GNU C with a mode, is of that type's size. */
static uint32_t enum_size(struct type_builder *builder, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word size;
	if (dwarf_attr_integrate(die, DW_AT_byte_size, &attribute) &&
	    dwarf_formudata(&attribute, &size) == 0 && size <= 8)
		return (uint32_t)size;
	const struct type *base = dwarf_build_target(builder, die);
	return base && base->size ? base->size : 4;
}

/*
 * Are the names meant to be joined? Each has one bit of its own, or joins bits that have names; and
 * there is a third flag, or no zero: 0, 1, 2 are numbers as a rule.
 */
static bool is_flags(const struct enumerator *items, size_t count)
{
	uint64_t single = 0, all = 0;
	bool has_zero = false;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = (uint64_t)items[i].value;
		if (items[i].value < 0)
			return false;
		if (value && !(value & (value - 1)))
			single |= value;
		all |= value;
		has_zero |= !value;
	}
	int flags = __builtin_popcountll(single);
	if (all != single || flags < (has_zero ? 3 : 2))
		return false;
	/* 1, 2, 3: numbers that are counted, unless most names are single bits. */
	for (size_t i = 0; i < count; i++)
		if (items[i].value == 3 && flags < 4)
			return false;
	return (size_t)flags * 2 >= count;
}

/* Its type says it, or its encoding; else no name of an unsigned one is negative (gcc before 8). */
static char enum_sign(struct type_builder *builder, Dwarf_Die *die,
		      const struct enumerators *enumerators)
{
	uint64_t encoding = dwarf_info_number(die, DW_AT_encoding);
	const struct type *base = dwarf_build_target(builder, die);
	if (base && (base->kind == TYPE_UINT || base->kind == TYPE_BOOL))
		return '+';
	if (base && (base->kind == TYPE_INT || base->kind == TYPE_CHAR))
		return type_is_signed(base) ? '-' : '+';
	if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char)
		return '-';
	for (size_t i = 0; !encoding && i < enumerators->list.count; i++)
		if (enumerators->list.items[i].value < 0)
			return '-';
	return '+';
}

bool dwarf_build_enum(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	struct enumerators enumerators = {0};
	Dwarf_Die definition = *die, child;
	dwarf_enter_definition(&definition);
	die = &definition;
	bool ok = tagged_name(builder, die, "enum", type);
	for (int more = dwarf_child(die, &child);
	     ok && more == 0 && enumerators.list.count < PARTS_MAX;
	     more = dwarf_siblingof(&child, &child))
		ok = add_enumerator(builder, &child, &enumerators);
	type->kind =
		is_flags(enumerators.list.items, enumerators.list.count) ? TYPE_FLAGS : TYPE_ENUM;
	type->size = enum_size(builder, die);
	type->sign = enum_sign(builder, die, &enumerators);
	type->n_enumerators = (uint32_t)enumerators.list.count;
	if (ok)
		type->enumerators = arena_copy(&builder->info->arena, enumerators.list.items,
					       enumerators.list.count * sizeof(struct enumerator));
	free(enumerators.list.items);
	return ok && type->enumerators;
}

/* --- members --------------------------------------------------------------------------------- */

struct members {
	ARRAY_OF(struct type_member) list;
};

static bool read_number(Dwarf_Die *die, unsigned int name, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr_integrate(die, name, &attribute) ||
	    dwarf_formudata(&attribute, &value) != 0)
		return false;
	*ret = value;
	return true;
}

/* DWARF 2 writes offsets as expressions; false for those of virtual bases, known at run time. */
static bool member_offset(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t count;
	*ret = 0;
	if (!dwarf_attr_integrate(die, DW_AT_data_member_location, &attribute))
		return true;
	if (read_number(die, DW_AT_data_member_location, ret))
		return true;
	if (dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1 ||
	    ops[0].atom != DW_OP_plus_uconst)
		return false;
	*ret = ops[0].number;
	return true;
}

/*
 * The first bit of a bit-field, from the start of the structure. The older DW_AT_bit_offset counts
 * from the most significant bit of the storage unit, as on big-endian machines.
 */
static bool first_bit(Dwarf_Die *die, uint64_t bytes, uint64_t width, uint32_t unit, uint64_t *ret)
{
	uint64_t from_top;
	if (read_number(die, DW_AT_data_bit_offset, ret))
		return true;
	if (!read_number(die, DW_AT_bit_offset, &from_top) || bytes > UINT32_MAX)
		return false;
	uint64_t size = unit;
	read_number(die, DW_AT_byte_size, &size);
	if (size > 16 || from_top + width > size * 8)
		return false;
	*ret = bytes * 8 + size * 8 - from_top - width;
	return true;
}

/*
 * A bit-field lies within a unit of its type, unless the structure is packed: reading that unit
 * reads what the program reads. Otherwise the first byte counts.
 */
static bool place_bits(struct type_member *member, uint64_t bit, uint64_t width,
		       uint32_t struct_size)
{
	uint64_t unit = member->type->size * 8ULL;
	if (bit / 8 > UINT32_MAX || width > 64)
		return false;
	bool within = unit && unit <= 64 && bit % unit + width <= unit &&
		      (bit / unit + 1) * unit <= struct_size * 8ULL;
	if (!within)
		unit = 8;
	member->offset = (uint32_t)(bit / unit * (unit / 8));
	member->bit_offset = (uint8_t)(bit % unit);
	member->bit_size = (uint8_t)width;
	return true;
}

static bool place_member(Dwarf_Die *die, struct type_member *member, uint32_t struct_size)
{
	uint64_t bytes, width, bit;
	bool has_offset = member_offset(die, &bytes);
	if (read_number(die, DW_AT_bit_size, &width) && width)
		return first_bit(die, bytes, width, member->type->size, &bit) &&
		       place_bits(member, bit, width, struct_size);
	member->offset = (uint32_t)bytes;
	return has_offset && bytes <= UINT32_MAX;
}

/* A static member is a variable elsewhere; in DWARF 4 it looks like a member. */
static bool is_member(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);
	return tag == DW_TAG_inheritance ||
	       (tag == DW_TAG_member && !dwarf_hasattr(die, DW_AT_external));
}

/* It takes no place, and says nothing: std::allocator in a string, the base of std::pair. */
static bool is_empty_base(Dwarf_Die *die, const struct type *type)
{
	return dwarf_tag(die) == DW_TAG_inheritance && type->kind == TYPE_STRUCT &&
	       type->size == 1 && !type->n_members;
}

static bool add_member(struct type_builder *builder, Dwarf_Die *die, struct members *to,
		       uint32_t struct_size)
{
	struct type_member member = {0};
	if (!is_member(die))
		return true;
	member.type = dwarf_build_target(builder, die);
	if (!member.type)
		return false;
	if (is_empty_base(die, member.type))
		return true;
	const char *name = dwarf_diename(die);
	if (!name)
		name = dwarf_tag(die) == DW_TAG_inheritance ? member.type->name : "";
	member.name = dwarf_copy_name(builder->info, name);
	if (!member.name)
		return false;
	if (!place_member(die, &member, struct_size))
		return true;
	struct type_member *place = array_push(&to->list);
	if (place)
		*place = member;
	return place;
}

static bool add_members(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	struct members members = {0};
	Dwarf_Die child;
	bool ok = true;
	for (int more = dwarf_child(die, &child); ok && more == 0 && members.list.count < PARTS_MAX;
	     more = dwarf_siblingof(&child, &child))
		ok = add_member(builder, &child, &members, type->size);
	type->n_members = (uint32_t)members.list.count;
	if (ok)
		type->members = arena_copy(&builder->info->arena, members.list.items,
					   members.list.count * sizeof(struct type_member));
	free(members.list.items);
	return ok && type->members;
}

static const char *struct_tag(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_union_type:
		return "union";
	case DW_TAG_class_type:
		return "class";
	default:
		return "struct";
	}
}

bool dwarf_build_struct(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	Dwarf_Die definition = *die;
	uint64_t size = 0;
	dwarf_enter_definition(&definition);
	die = &definition;
	read_number(die, DW_AT_byte_size, &size);
	type->kind = TYPE_STRUCT;
	type->size = size <= UINT32_MAX ? (uint32_t)size : 0;
	if (!tagged_name(builder, die, struct_tag(die), type))
		return false;
	if (builder->depth < 0)
		return true;
	if (!add_members(builder, die, type))
		return false;
	if (!dwarf_close_interface(builder, type))
		return false;
	dwarf_find_form(builder, die, type);
	dwarf_find_variants(builder, die, type);
	return true;
}
