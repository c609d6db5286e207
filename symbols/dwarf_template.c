/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of template classes. With -gsimple-template-names clang leaves the arguments to the entries
 * for parameters: "vector" is what others call "vector<int, std::allocator<int> >". They are
 * composed here; the namespaces of arguments, which the entries do not say, are missing.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

static bool is_parameter(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_template_type_parameter:
	case DW_TAG_template_value_parameter:
	case DW_TAG_GNU_template_template_param:
	case DW_TAG_GNU_template_parameter_pack:
		return true;
	default:
		return false;
	}
}

static const char *type_argument(struct type_builder *builder, Dwarf_Die *die)
{
	int depth = builder->depth;
	builder->depth = -1;
	const struct type *type = dwarf_build_target(builder, die);
	builder->depth = depth;
	return type ? type->name : NULL;
}

static const char *value_argument(struct type_builder *builder, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Sword number;
	if (!dwarf_attr(die, DW_AT_const_value, &attribute) ||
	    dwarf_formsdata(&attribute, &number) != 0)
		return "?";
	return arena_printf(&builder->info->arena, "%lld", (long long)number);
}

static const char *template_argument(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;
	if (dwarf_attr(die, DW_AT_GNU_template_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name ? name : "?";
}

static const char *argument(struct type_builder *builder, Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_template_type_parameter:
		return type_argument(builder, die);
	case DW_TAG_template_value_parameter:
		return value_argument(builder, die);
	default:
		return template_argument(die);
	}
}

/* "NAME<A" -> "NAME<A, B, C"; a pack has parameters of its own. NULL: out of memory. */
static const char *append(struct type_builder *builder, Dwarf_Die *parent, bool is_pack,
			  const char *name)
{
	Dwarf_Die child;
	for (int more = dwarf_child(parent, &child); name && more == 0;
	     more = dwarf_siblingof(&child, &child)) {
		size_t length = strlen(name);
		if (!is_parameter(&child))
			continue;
		if (dwarf_tag(&child) == DW_TAG_GNU_template_parameter_pack) {
			name = is_pack ? name : append(builder, &child, true, name);
			continue;
		}
		const char *text = argument(builder, &child);
		name = text ? arena_printf(&builder->info->arena, "%s%s%s", name,
					   name[length - 1] == '<' ? "" : ", ", text)
			    : NULL;
		/* What refers to itself would grow without end. */
		name = name ? dwarf_copy_name(builder->info, name) : NULL;
	}
	return name;
}

/* Variants of Rust's generic types have parameters, too, and no more than a name. */
static bool is_rust(Dwarf_Die *die)
{
	Dwarf_Die unit;
	return dwarf_diecu(die, &unit, NULL, NULL) && dwarf_srclang(&unit) == DW_LANG_Rust;
}

const char *dwarf_full_name(struct type_builder *builder, Dwarf_Die *die, const char *name)
{
	struct arena *arena = &builder->info->arena;
	Dwarf_Die first;
	/* They come first. */
	if (strchr(name, '<') || dwarf_child(die, &first) != 0 || !is_parameter(&first) ||
	    is_rust(die))
		return dwarf_copy_name(builder->info, name);
	name = arena_printf(arena, "%s<", name);
	name = name ? append(builder, die, false, name) : NULL;
	if (!name)
		return NULL;
	return arena_printf(arena, "%s%s", name, name[strlen(name) - 1] == '>' ? " >" : ">");
}

const char *dwarf_library_name(Dwarf_Die *die, const struct type *type)
{
	const char *name = dwarf_diename(die);
	return !name || strchr(name, '<') || !strchr(type->name, '<') ? name : type->name;
}
