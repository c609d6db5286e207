/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/compile_place.c — where the probed file lies in memory: by that, what a pointer leads to
 * has a name. It is read at the hit, so that it is right for whichever process and program it was.
 */
#include "probe/compile.h"
#include "probe/compile_parts.h"
#include "probe/regs.h"

typedef bool pointer_test(const struct type *pointer);

static bool shows(const struct type *type, pointer_test *test, unsigned int opened,
		  unsigned int nested);

static bool any_member(const struct type *type, pointer_test *test, unsigned int opened,
		       unsigned int nested)
{
	for (uint32_t i = 0; i < type->n_members; i++)
		if (shows(type->members[i].type, test, opened, nested + 1))
			return true;
	return false;
}

/* Is there such a pointer that is shown as one, and not as what it leads to? `opened`: through so
 * many pointers structures are still opened. */
static bool shows(const struct type *type, pointer_test *test, unsigned int opened,
		  unsigned int nested)
{
	if (!type || nested > NESTING_MAX)
		return false;
	switch (type->kind) {
	case TYPE_POINTER:
		if (parts_leads_to_struct(type) && opened)
			return any_member(type->target, test, opened - 1, nested);
		if (parts_leads_to_array(type))
			return shows(type->target, test, opened, nested + 1);
		return test(type);
	case TYPE_STRUCT:
		if (type->form && type->form->kind != FORM_VARIANTS)
			return shows(type->form->item, test, opened, nested + 1);
		return any_member(type, test, opened, nested);
	case TYPE_ARRAY:
		return shows(type->target, test, opened, nested + 1);
	default:
		return false;
	}
}

static bool is_shown(const struct type *pointer)
{
	return !parts_leads_to_scalar(pointer) && !type_wide_target(pointer);
}

void plan_add_place(struct plan_builder *builder, uint8_t pc, const struct type *type)
{
	const struct fetch_op place = {
		.code = FETCH_INT, .flags = FETCH_FROM_REG, .reg = pc, .size = 8};
	unsigned int depth = builder->options.depth;
	if (!builder->place_slot && shows(type, is_shown, depth, 0))
		builder->place_slot = 1 + plan_add_slot(builder, &place, 1);
	builder->shows_code = builder->shows_code || shows(type, type_leads_to_code, depth, 0);
}
