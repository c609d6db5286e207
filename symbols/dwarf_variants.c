/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust's enumerations with contents: DWARF 5, 5.7.10, "Variant Entries". A number at a place that
 * all variants have in common says which one it is; where Rust found a value that the contents
 * never have (a "niche": the NULL of a reference), all other numbers mean the variant without one.
 */
#include <dwarf.h>

#include "common/array.h"
#include "symbols/dwarf_types.h"

/* More than anybody writes by hand. */
#define VARIANTS_MAX 512

struct variants {
	ARRAY_OF(struct type_member) members;
	ARRAY_OF(struct type_variant) values;
};

static bool child_with_tag(Dwarf_Die *die, int tag, Dwarf_Die *ret)
{
	for (int more = dwarf_child(die, ret); more == 0; more = dwarf_siblingof(ret, ret))
		if (dwarf_tag(ret) == tag)
			return true;
	return false;
}

/* Where the number is, and how many bytes it has. */
static bool read_discriminant(Dwarf_Die *part, struct type_form *form)
{
	Dwarf_Attribute attribute;
	Dwarf_Die member, type;
	Dwarf_Word size;
	if (!dwarf_attr(part, DW_AT_discr, &attribute) || !dwarf_formref_die(&attribute, &member) ||
	    !dwarf_attr_integrate(&member, DW_AT_type, &attribute) ||
	    !dwarf_formref_die(&attribute, &type) || dwarf_aggregate_size(&type, &size) != 0)
		return false;
	uint64_t offset = dwarf_info_number(&member, DW_AT_data_member_location);
	if (offset > INT32_MAX || (size != 1 && size != 2 && size != 4 && size != 8))
		return false;
	form->data = (uint32_t)offset;
	form->length = (uint32_t)size;
	return true;
}

/* False: not understood, or out of memory. */
static bool add_variant(struct type_builder *builder, Dwarf_Die *die, struct variants *to)
{
	Dwarf_Die child;
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;
	bool has_value = dwarf_attr(die, DW_AT_discr_value, &attribute);
	if (dwarf_hasattr(die, DW_AT_discr_list) || to->members.count == VARIANTS_MAX ||
	    (has_value && dwarf_formudata(&attribute, &value) != 0) ||
	    !child_with_tag(die, DW_TAG_member, &child))
		return false;
	struct type_member *member = array_push(&to->members);
	struct type_variant *variant = array_push(&to->values);
	if (!member || !variant)
		return false;
	*variant = (struct type_variant){.value = value, .is_default = !has_value};
	const char *name = dwarf_diename(&child);
	member->type = dwarf_build_target(builder, &child);
	member->name = dwarf_copy_name(builder->info, name ? name : "");
	uint64_t offset = dwarf_info_number(&child, DW_AT_data_member_location);
	member->offset = (uint32_t)offset;
	return member->name && member->type && offset <= INT32_MAX;
}

static bool keep(struct arena *arena, const struct variants *from, struct type_form *form,
		 struct type *type)
{
	size_t count = from->members.count;
	form->kind = FORM_VARIANTS;
	form->variants = arena_copy(arena, from->values.items, count * sizeof(struct type_variant));
	type->members = arena_copy(arena, from->members.items, count * sizeof(struct type_member));
	type->form = arena_copy(arena, form, sizeof(*form));
	type->n_members = type->members && type->form && form->variants ? (uint32_t)count : 0;
	if (!type->n_members)
		type->form = NULL;
	return type->form;
}

void dwarf_find_variants(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	Dwarf_Die part, child;
	struct type_form form = {0};
	struct variants variants = {0};
	if (type->n_members || !child_with_tag(die, DW_TAG_variant_part, &part) ||
	    !read_discriminant(&part, &form))
		return;
	bool ok = true;
	for (int more = dwarf_child(&part, &child); ok && more == 0;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_variant)
			ok = add_variant(builder, &child, &variants);
	if (ok && variants.members.count)
		keep(&builder->info->arena, &variants, &form, type);
	free(variants.members.items);
	free(variants.values.items);
}
