/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/compile_place.c — where the probed file lies in memory: by that, what a pointer leads to
 * has a name. It is read at the hit, so that it is right for whichever process and program it was.
 */
#include "probe/compile.h"
#include "probe/compile_parts.h"
#include "probe/regs.h"

static bool shows_pointer(const struct type *type, unsigned int opened, unsigned int nested);

static bool any_member(const struct type *type, unsigned int opened, unsigned int nested)
{
	for (uint32_t i = 0; i < type->n_members; i++)
		if (shows_pointer(type->members[i].type, opened, nested + 1))
			return true;
	return false;
}

/* Is there a pointer that is shown as such, and not as what it leads to? `opened`: through so many
 * pointers structures are still opened. */
static bool shows_pointer(const struct type *type, unsigned int opened, unsigned int nested)
{
	if (!type || nested > NESTING_MAX)
		return false;
	switch (type->kind) {
	case TYPE_POINTER:
		if (parts_leads_to_struct(type) && opened)
			return any_member(type->target, opened - 1, nested);
		return !parts_leads_to_scalar(type);
	case TYPE_STRUCT:
		if (type->form)
			return shows_pointer(type->form->item, opened, nested + 1);
		return any_member(type, opened, nested);
	case TYPE_ARRAY:
		return shows_pointer(type->target, opened, nested + 1);
	default:
		return false;
	}
}

void plan_add_place(struct plan_builder *builder, uint8_t pc, const struct type *type)
{
	const struct fetch_op place = {
		.code = FETCH_INT, .flags = FETCH_FROM_REG, .reg = pc, .size = 8};
	if (!builder->place_slot && shows_pointer(type, builder->options.depth, 0))
		builder->place_slot = 1 + plan_add_slot(builder, &place, 1);
}
