/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From type DIEs to struct type.
 *
 * The type graph of a program is cyclic and can be huge, so a copy of a part of it is made: a tree
 * without cycles, in which pointers lead to structures with their members up to a depth, and to
 * structures known by name and size alone beyond it. What is malformed becomes TYPE_UNKNOWN.
 */
#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "symbols/dwarf_info.h"
#include "symbols/dwarf_types.h"

/* Through how many pointers structures are opened: unless more are asked for, and at most. */
#define POINTERS_DEFAULT 4
#define POINTERS_MAX	 9
/* Modifiers, arrays and members within each other: real ones stay below ten. */
#define NESTING_MAX 32
/* Types made for one parameter; when that does not do, they are made less deep. */
#define TYPES_MAX 4096

static const struct type unknown_type = {.kind = TYPE_UNKNOWN, .name = "?"};
static const struct type void_type = {.kind = TYPE_VOID, .name = "void"};

/* Key of the cache. */
struct type_key {
	uint64_t die;
	uint32_t depth;
	uint32_t tags;
};

static const struct type *build(struct type_builder *builder, Dwarf_Die *die);

/* What DW_AT_type names; NULL: it is not there. */
static const struct type *build_named(struct type_builder *builder, Dwarf_Attribute *attribute)
{
	Dwarf_Die target;
	if (!attribute)
		return &void_type;
	if (!dwarf_formref_die(attribute, &target))
		return &unknown_type;
	return build(builder, &target);
}

static const struct type *build_target(struct type_builder *builder, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	return build_named(builder, dwarf_attr_integrate(die, DW_AT_type, &attribute));
}

static uint32_t byte_size(Dwarf_Die *die)
{
	uint64_t size = dwarf_info_number(die, DW_AT_byte_size);
	return size <= UINT32_MAX ? (uint32_t)size : 0;
}

static bool name_type(struct type_builder *builder, Dwarf_Die *die, const char *otherwise,
		      struct type *type)
{
	const char *name = dwarf_diename(die);
	type->name = name ? dwarf_copy_name(builder->info, name) : otherwise;
	return type->name;
}

/* --- base types ------------------------------------------------------------------------------ */

static enum type_kind integer_kind(uint32_t size, enum type_kind kind)
{
	bool fits = size == 1 || size == 2 || size == 4 || size == 8;
	return fits ? kind : TYPE_UNKNOWN;
}

/*
 * Of a _BitInt, which bits of so many count is not told: clang calls it by that name alone. Where
 * its sign is, is not known then, and what lies beyond it may be anything.
 */
static enum type_kind number_kind(uint32_t size, const char *name, enum type_kind kind)
{
	if (strstr(name, "_BitInt"))
		return integer_kind(size, TYPE_HEX);
	return size == 16 ? kind : integer_kind(size, kind);
}

static enum type_kind base_kind(uint64_t encoding, uint32_t size, const char *name)
{
	switch (encoding) {
	case DW_ATE_boolean:
		return integer_kind(size, TYPE_BOOL);
	case DW_ATE_address:
		return integer_kind(size, TYPE_HEX);
	case DW_ATE_signed:
		return number_kind(size, name, TYPE_INT);
	case DW_ATE_signed_char:
		return size == 1 ? TYPE_CHAR : integer_kind(size, TYPE_INT);
	case DW_ATE_UTF:
		return size == 8 ? TYPE_UINT : integer_kind(size, TYPE_CHAR);
	case DW_ATE_unsigned:
		/* Rust's "()" */
		return size ? number_kind(size, name, TYPE_UINT) : TYPE_VOID;
	case DW_ATE_unsigned_char:
		/* Plain char is unsigned on arm64; unsigned char is a number. */
		return size == 1 && !strcmp(name, "char") ? TYPE_CHAR
							  : integer_kind(size, TYPE_UINT);
	case DW_ATE_float: /* 16: long double of x86-64, and quad precision */
		return size == 4 || size == 8 || size == 16 ? TYPE_FLOAT : TYPE_UNKNOWN;
	default:
		return TYPE_UNKNOWN;
	}
}

/*
 * The types for characters of the C and C++ standards. In C they are typedefs of numbers, and
 * C++'s wchar_t is told as a number with that name. Rust's char is no text with others.
 */
static void take_character(struct type *type)
{
	static const struct {
		const char *name;
		char prefix;
	} names[] = {{"wchar_t", 'L'}, {"char16_t", 'u'}, {"char32_t", 'U'}, {"char8_t", 0}};
	if (type->kind != TYPE_INT && type->kind != TYPE_UINT && type->kind != TYPE_CHAR)
		return;
	for (size_t i = 0; i < array_size(names); i++) {
		bool is_wide = type->size == 2 || type->size == 4;
		if (strcmp(type->name, names[i].name) != 0 ||
		    (names[i].prefix ? !is_wide : type->size != 1))
			continue;
		if (type->kind == TYPE_UINT && type->size == 1)
			type->sign = '+';
		type->kind = TYPE_CHAR;
		type->prefix = names[i].prefix;
	}
}

/* Conventions pass it as a structure of two, except for long double's. */
static bool build_complex(struct type_builder *builder, struct type *type)
{
	static const struct type parts[] = {
		{.kind = TYPE_FLOAT, .size = 4, .name = "float"},
		{.kind = TYPE_FLOAT, .size = 8, .name = "double"},
	};
	const struct type *part = &parts[type->size == 16];
	const struct type_member members[] = {
		{.name = "re", .type = part},
		{.name = "im", .type = part, .offset = part->size},
	};
	type->kind = TYPE_STRUCT;
	type->members = arena_copy(&builder->info->arena, members, sizeof(members));
	type->n_members = array_size(members);
	return type->members;
}

static bool build_base(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	if (!name_type(builder, die, "?", type))
		return false;
	type->size = byte_size(die);
	uint64_t encoding = dwarf_info_number(die, DW_AT_encoding);
	if (encoding == DW_ATE_complex_float && (type->size == 8 || type->size == 16))
		return build_complex(builder, type);
	type->kind = base_kind(encoding, type->size, type->name);
	if (type->kind == TYPE_CHAR && type->size == 1)
		type->sign = encoding == DW_ATE_signed_char ? '-' : '+';
	/* scalar_storage_order of gcc */
	type->is_big_endian =
		type->size > 1 && dwarf_info_number(die, DW_AT_endianity) == DW_END_big;
	if (!type->is_big_endian)
		take_character(type);
	return true;
}

/* --- pointers -------------------------------------------------------------------------------- */

/* "char" -> "char *" -> "char **" */
static const char *pointer_name(struct type_builder *builder, const char *target, const char *sign)
{
	size_t length = strlen(target);
	bool tight = length && (target[length - 1] == '*' || target[length - 1] == '&');
	return arena_printf(&builder->info->arena, "%s%s%s", target, tight ? "" : " ", sign);
}

/*
 * Text is what plain char points to, by whatever typedef; signed char only under its own name, as
 * int8_t is a number.
 */
static bool is_text(const struct type *target)
{
	return target->kind == TYPE_CHAR && target->size == 1;
}

static bool build_pointer(struct type_builder *builder, Dwarf_Die *die, const char *sign,
			  struct type *type)
{
	builder->depth = builder->depth > 0 ? builder->depth - 1 : -1; /* build() restores it */
	const struct type *target = build_target(builder, die);
	if (!target)
		return false;
	type->size = 8;
	type->kind = *sign == '*' && is_text(target) ? TYPE_STRING : TYPE_POINTER;
	type->target = type->kind == TYPE_POINTER && target != &unknown_type ? target : NULL;
	bool is_function = target->is_code && target->kind == TYPE_UNKNOWN;
	type->is_code = is_function;
	/* "int (*)(void)" has its asterisk; a typedef of such a function has not. */
	bool is_whole = is_function && strstr(target->name, "(*)");
	type->name = is_whole ? target->name : pointer_name(builder, target->name, sign);
	return type->name;
}

static const struct type code_type = {
	.kind = TYPE_POINTER, .size = 8, .name = "void (*)()", .is_code = true};
static const struct type adjustment_type = {.kind = TYPE_INT, .size = 8, .name = "ptrdiff_t"};
/* itanium-cxx-abi, 2.3: of a virtual function, `ptr` is one more than its place in the table. */
static const struct type_member function_members[] = {
	{.name = "ptr", .type = &code_type},
	{.name = "adj", .type = &adjustment_type, .offset = 8},
};

/* C++: "int point::*" is where the member is, -1 of none; to a function it has two words. */
static bool build_member_pointer(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die class;
	builder->depth = -1; /* build() restores it */
	const struct type *target = build_target(builder, die);
	bool has_class = dwarf_attr(die, DW_AT_containing_type, &attribute) &&
			 dwarf_formref_die(&attribute, &class);
	if (has_class)
		dwarf_enter_definition(&class);
	has_class = has_class && dwarf_diename(&class);
	const char *name = has_class ? dwarf_copy_name(builder->info, dwarf_diename(&class)) : "?";
	if (!target || !name)
		return false;
	type->kind = TYPE_INT;
	type->size = 8;
	if (target->is_code) {
		type->kind = TYPE_STRUCT;
		type->size = 16;
		type->members = function_members;
		type->n_members = array_size(function_members);
	}
	type->name = arena_printf(&builder->info->arena, "%s %s::*", target->name, name);
	return type->name;
}

/* What function pointers point to: only the name matters, "int (*)(void)". */
static bool build_subroutine(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	char text[256] = "";
	int at = 0;
	Dwarf_Die child;
	builder->depth = -1; /* build() restores it */
	const struct type *result = build_target(builder, die);
	for (int more = dwarf_child(die, &child); more == 0;
	     more = dwarf_siblingof(&child, &child)) {
		const struct type *parameter = NULL;
		if (dwarf_tag(&child) == DW_TAG_formal_parameter)
			parameter = build_target(builder, &child);
		const char *name = parameter ? parameter->name : "...";
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%s", at ? ", " : "", name);
		if ((size_t)at >= sizeof(text))
			break;
	}
	type->kind = TYPE_UNKNOWN;
	type->is_code = true;
	type->name = result ? arena_printf(&builder->info->arena, "%s (*)(%s)", result->name,
					   *text ? text : "void")
			    : NULL;
	return type->name;
}

/* --- modifiers ------------------------------------------------------------------------------- */

static bool build_typedef(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const struct type *target = build_target(builder, die);
	if (!target)
		return false;
	*type = *target;
	/* int8_t: see is_text() */
	if (type->kind == TYPE_CHAR && !strcmp(type->name, "signed char"))
		*type = (struct type){.kind = TYPE_INT, .size = 1, .name = type->name};
	if (!name_type(builder, die, type->name, type))
		return false;
	if (!type->is_big_endian)
		take_character(type);
	return dwarf_open_interface(builder, type);
}

static bool build_qualified(struct type_builder *builder, Dwarf_Die *die, const char *qualifier,
			    struct type *type)
{
	const struct type *target = build_target(builder, die);
	if (!target)
		return false;
	*type = *target;
	/* Whether a pointer itself is constant says nothing about the call. */
	bool is_pointer = type->kind == TYPE_POINTER || type->kind == TYPE_STRING;
	if (!is_pointer && *qualifier && strncmp(type->name, qualifier, strlen(qualifier)) != 0)
		type->name = arena_printf(&builder->info->arena, "%s%s", qualifier, type->name);
	return type->name;
}

/* --- arrays ---------------------------------------------------------------------------------- */

/* "int x[]", or known only at run time */
#define COUNT_OPEN UINT64_MAX

/* Elements of one dimension. */
static uint64_t dimension_count(Dwarf_Die *range)
{
	Dwarf_Attribute attribute;
	Dwarf_Word bound;
	if (dwarf_attr_integrate(range, DW_AT_count, &attribute))
		return dwarf_formudata(&attribute, &bound) == 0 ? bound : COUNT_OPEN;
	if (!dwarf_attr_integrate(range, DW_AT_upper_bound, &attribute) ||
	    dwarf_formudata(&attribute, &bound) != 0)
		return COUNT_OPEN;
	return bound < UINT32_MAX ? bound + 1 : 0;
}

static const struct type *wrap_array(struct type_builder *builder, const struct type *element,
				     uint64_t count)
{
	struct type *type = arena_alloc(&builder->info->arena, sizeof(*type));
	if (!type)
		return NULL;
	type->kind = TYPE_ARRAY;
	type->target = element;
	type->abbreviated = count == COUNT_OPEN;
	if (type->abbreviated)
		count = 0;
	if (__builtin_mul_overflow(count, element->size, &type->size))
		type->size = 0;
	/* "int [3]" in 2 is "int [2][3]" */
	const char *bracket = element->kind == TYPE_ARRAY ? strchr(element->name, '[') : NULL;
	int head = bracket ? (int)(bracket - element->name) : (int)strlen(element->name);
	type->name =
		arena_printf(&builder->info->arena, "%.*s%s[%llu]%s", head, element->name,
			     bracket ? "" : " ", (unsigned long long)count, bracket ? bracket : "");
	return type->name ? type : NULL;
}

static bool build_array(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	enum { DIMENSIONS_MAX = 8 };
	uint64_t counts[DIMENSIONS_MAX];
	int dimensions = 0;
	Dwarf_Die child;
	for (int more = dwarf_child(die, &child); more == 0 && dimensions < DIMENSIONS_MAX;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_subrange_type)
			counts[dimensions++] = dimension_count(&child);
	const struct type *element = build_target(builder, die);
	if (!dimensions)
		counts[dimensions++] = COUNT_OPEN;
	while (element && dimensions > 0)
		element = wrap_array(builder, element, counts[--dimensions]);
	if (!element)
		return false;
	*type = *element;
	/* Vector registers are no arrays in memory. */
	if (dwarf_hasattr_integrate(die, DW_AT_GNU_vector))
		type->kind = TYPE_UNKNOWN;
	return true;
}

/* --- all ------------------------------------------------------------------------------------- */

static bool build_unspecified(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	type->kind = TYPE_UNKNOWN;
	type->size = 8; /* decltype(nullptr) */
	return name_type(builder, die, "?", type);
}

static bool fill_type(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_base_type:
		return build_base(builder, die, type);
	case DW_TAG_pointer_type:
		return build_pointer(builder, die, "*", type);
	case DW_TAG_reference_type:
		return build_pointer(builder, die, "&", type);
	case DW_TAG_rvalue_reference_type:
		return build_pointer(builder, die, "&&", type);
	case DW_TAG_subroutine_type:
		return build_subroutine(builder, die, type);
	case DW_TAG_typedef:
		return build_typedef(builder, die, type);
	case DW_TAG_const_type:
		return build_qualified(builder, die, "const ", type);
	case DW_TAG_volatile_type:
		return build_qualified(builder, die, "volatile ", type);
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
	case DW_TAG_packed_type:
	case DW_TAG_shared_type:
	case DW_TAG_immutable_type:
	case DW_TAG_subrange_type:
		return build_qualified(builder, die, "", type);
	case DW_TAG_array_type:
		return build_array(builder, die, type);
	case DW_TAG_enumeration_type:
		return dwarf_build_enum(builder, die, type);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return dwarf_build_struct(builder, die, type);
	case DW_TAG_unspecified_type:
		return build_unspecified(builder, die, type);
	case DW_TAG_ptr_to_member_type:
		return build_member_pointer(builder, die, type);
	default:
		type->size = byte_size(die);
		return name_type(builder, die, "?", type);
	}
}

static const struct type *remember(struct type_builder *builder, const struct type_key *key,
				   const struct type *type)
{
	if (builder->exhausted)
		return type;
	const char *kept = arena_copy(&builder->info->arena, key, sizeof(*key));
	if (kept)
		name_map_add(&builder->info->types, kept, sizeof(*key), (uint64_t)(uintptr_t)type);
	return type;
}

static const struct type *build(struct type_builder *builder, Dwarf_Die *die)
{
	int depth = builder->depth;
	const struct type_key key = {(uintptr_t)die->addr, (uint32_t)depth, builder->tags};
	const uint64_t *known = name_map_find(&builder->info->types, (char *)&key, sizeof(key));
	if (known)
		return (const struct type *)(uintptr_t)*known;
	if (!builder->budget || builder->nesting == NESTING_MAX) {
		builder->exhausted = true;
		return &unknown_type;
	}
	struct type *type = arena_alloc(&builder->info->arena, sizeof(*type));
	if (!type)
		return NULL;
	builder->budget--;
	builder->nesting++;
	bool ok = fill_type(builder, die, type);
	builder->nesting--;
	builder->depth = depth;
	return ok ? remember(builder, &key, type) : NULL;
}

const struct type *dwarf_build_target(struct type_builder *builder, Dwarf_Die *die)
{
	return build_target(builder, die);
}

const struct type *dwarf_build_behind(struct type_builder *builder, Dwarf_Die *die)
{
	int depth = builder->depth;
	builder->depth = depth > 0 ? depth - 1 : -1;
	const struct type *type = build_target(builder, die);
	builder->depth = depth;
	return type;
}

const struct type *dwarf_type_of(struct dwarf_info *info, Dwarf_Die *die, bool tags)
{
	Dwarf_Attribute attribute;
	return dwarf_type_named(info, dwarf_attr_integrate(die, DW_AT_type, &attribute), tags);
}

const struct type *dwarf_type_named(struct dwarf_info *info, Dwarf_Attribute *named, bool tags)
{
	const struct type *type = NULL;
	unsigned int wanted = info->type_pointers;
	wanted = wanted > POINTERS_DEFAULT ? wanted : POINTERS_DEFAULT;
	for (int depth = wanted < POINTERS_MAX ? (int)wanted : POINTERS_MAX; depth > 0; depth--) {
		struct type_builder builder = {
			.info = info, .budget = TYPES_MAX, .depth = depth, .tags = tags};
		type = build_named(&builder, named);
		if (!type || !builder.exhausted)
			break;
	}
	return type;
}
