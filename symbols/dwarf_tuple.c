/* SPDX-License-Identifier: Apache-2.0 */
/*
 * std::tuple: each element is in a base class of its own, which has its number. In libstdc++ these
 * are in each other, in libc++ beside each other. What is shown are the elements, in their order.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_types.h"

#define ELEMENTS_MAX 32
#define NESTING_MAX  (2 * ELEMENTS_MAX)

struct elements {
	struct type_member members[ELEMENTS_MAX];
	uint32_t found; /* a bit for each */
	uint32_t count; /* that there must be */
};

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static void add_element(struct elements *to, const char *name, const struct type *base, uint32_t at,
			const char *value)
{
	unsigned long number = strtoul(strchr(name, '<') + 1, NULL, 10);
	if (base->kind != TYPE_STRUCT || base->n_members != 1 || number >= ELEMENTS_MAX ||
	    strcmp(base->members[0].name, value) != 0)
		return;
	to->found |= UINT32_C(1) << number;
	to->members[number] = (struct type_member){
		.name = "", .type = base->members[0].type, .offset = at + base->members[0].offset};
}

static void gather(struct elements *to, const struct type *type, uint32_t at, int nesting)
{
	if (type->kind != TYPE_STRUCT || nesting > NESTING_MAX)
		return;
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		if (begins(member->name, "_Tuple_impl<")) {
			to->count++;
			gather(to, member->type, at + member->offset, nesting + 1);
		} else if (begins(member->name, "_Head_base<")) {
			add_element(to, member->name, member->type, at + member->offset,
				    "_M_head_impl");
		} else if (begins(member->name, "__base_")) {
			gather(to, member->type, at + member->offset, nesting + 1);
		} else if (begins(member->name, "__tuple_leaf<")) {
			to->count++;
			add_element(to, member->name, member->type, at + member->offset,
				    "__value_");
		}
	}
}

void dwarf_find_tuple(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	struct elements found = {0};
	if (!name || !begins(name, "tuple<"))
		return;
	gather(&found, type, 0, 0);
	uint32_t count = found.count;
	/* One of an empty class is not there; gcc does not always tell the parameters. */
	if (!count || count >= ELEMENTS_MAX || found.found != (UINT32_C(1) << count) - 1)
		return;
	const struct type_member *all =
		arena_copy(&builder->info->arena, found.members, count * sizeof(found.members[0]));
	if (!all)
		return;
	type->members = all;
	type->n_members = count;
}
