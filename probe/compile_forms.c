/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, containers, owning pointers and optional values: see struct type_form. */
#include "probe/compile_parts.h"

/* Bytes of elements that are read. */
#define ITEMS_BYTES_MAX 256

bool forms_need_copy(const struct type_form *form)
{
	return form->kind == FORM_OWNER || form->kind == FORM_OPTIONAL ||
	       form->kind == FORM_VARIANTS || form->has_short;
}

/* The flag, and the value as it would be if it were there. */
static struct err *add_optional(const struct parts *parts, struct value *value)
{
	static const struct type flag_type = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
	const struct type_form *form = value->type->form;
	struct value *both = arena_array(parts->builder->arena, 2, sizeof(*both));
	struct parts inner = *parts;
	if (!both)
		return &err_nomem;
	if (++inner.nesting > NESTING_MAX) {
		value->cut = true;
		return NULL;
	}
	inner.base = value->offset;
	const struct type_member item = {.name = "", .type = form->item, .offset = form->data};
	const struct type_member flag = {.name = "", .type = &flag_type, .offset = form->length};
	struct err *e = parts_add_member(&inner, &item, &both[0]);
	e = e ?: parts_add_member(&inner, &flag, &both[1]);
	value->copy = &both[0];
	value->members = &both[1];
	return e;
}

static const struct type number_types[] = {
	{.kind = TYPE_UINT, .size = 1, .name = ""},
	{.kind = TYPE_UINT, .size = 2, .name = ""},
	{.kind = TYPE_UINT, .size = 4, .name = ""},
	{.kind = TYPE_UINT, .size = 8, .name = ""},
};

/* The number that says which, and each of them as it would be. */
static struct err *add_variants(const struct parts *parts, struct value *value)
{
	const struct type *type = value->type;
	struct plan_builder *builder = parts->builder;
	struct value *all = arena_array(builder->arena, type->n_members + 1, sizeof(*all));
	struct parts inner = *parts;
	struct err *e = all ? NULL : &err_nomem;
	if (!e && ++inner.nesting > NESTING_MAX) {
		value->cut = true;
		return NULL;
	}
	inner.base = value->offset;
	inner.maybe = true;
	for (uint32_t i = 0; !e && i < type->n_members; i++) {
		if (builder->n_members++ >= VALUES_MAX) {
			value->cut = true;
			return NULL;
		}
		e = parts_add_member(&inner, &type->members[i], &all[i]);
	}
	const struct type_member number = {
		.name = "",
		.type = &number_types[__builtin_ctz(type->form->length ?: 1) & 3],
		.offset = type->form->data};
	e = e ?: parts_add_member(&inner, &number, &all[type->n_members]);
	value->members = all;
	value->n_members = type->n_members;
	return e;
}

struct err *forms_add(const struct parts *parts, struct value *value)
{
	const struct type_form *form = value->type->form;
	struct parts inner = *parts;
	struct value *copy;
	switch (form->kind) {
	case FORM_VARIANTS:
		return add_variants(parts, value);
	case FORM_OPTIONAL:
		return add_optional(parts, value);
	case FORM_OWNER:
		copy = arena_alloc(parts->builder->arena, sizeof(*copy));
		inner.base = value->offset;
		value->copy = copy;
		return copy ? parts_add_member(&inner,
					       &(struct type_member){.name = "",
								     .type = form->item,
								     .offset = form->data},
					       copy)
			    : &err_nomem;
	default:
		value->unavailable = parts_missing(parts->origin, value->offset, value->type->size);
		return value->unavailable ? NULL : parts_follow_later(parts, value, value->offset);
	}
}

struct err *forms_add_whole(const struct parts *parts, const struct type *type, struct value *value)
{
	struct value *copy = arena_alloc(parts->builder->arena, sizeof(*copy));
	if (!copy)
		return &err_nomem;
	*copy = (struct value){.name = "",
			       .type = type,
			       .slot = parts->origin->slot,
			       .words = parts->origin->words,
			       .in_blob = true};
	value->copy = copy;
	return forms_add(parts, copy);
}

/* --- text and elements ----------------------------------------------------------------------- */

/* So that the number shifted to the left is at least as many bytes as the elements have. */
static uint8_t shift_of(uint32_t size)
{
	uint8_t shift = 0;
	while (shift < 16 && 1U << shift < size)
		shift++;
	return shift;
}

static bool draft_text(struct draft *draft, const struct follow *follow,
		       const struct type_form *form, uint32_t limit)
{
	const struct fetch_op back = {.code = FETCH_ADD, .imm = -(int64_t)form->length_before};
	const struct fetch_op deref = {.code = FETCH_DEREF, .size = 8};
	const struct fetch_op length = {
		.code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = limit};
	uint32_t at = form->length_before ? form->data : form->length;
	if (!parts_draft_at(draft, follow->origin, follow->offset + at, 8, 0))
		return false;
	if (form->length_before) {
		draft_op(draft, &back);
		draft_op(draft, &deref);
	}
	draft_op(draft, &length);
	return parts_draft_at(draft, follow->origin, follow->offset + form->data, 8, 0);
}

/* An empty one may have no address, or one that leads nowhere; what is short has any. */
static int draft_bytes(struct draft *draft, const struct type_form *form, bool maybe,
		       uint32_t limit)
{
	struct fetch_op op = {.code = FETCH_BYTES, .imm = limit};
	if (form->has_short || maybe)
		op.flags = FETCH_MAYBE;
	return draft_slot(draft, &op);
}

/* The number of elements goes to a slot; the accumulator still holds it for the length. */
static bool draft_items(struct draft *draft, const struct follow *follow,
			const struct type_form *form, uint32_t limit, int *ret_count)
{
	const struct fetch_op number = {.code = FETCH_INT, .size = 8};
	const struct fetch_op length = {.code = FETCH_LENGTH,
					.flags = FETCH_LENGTH_SIGNED,
					.shift = shift_of(form->item->size),
					.imm = limit};
	if (!parts_draft_at(draft, follow->origin, follow->offset + form->length, 8, 0))
		return false;
	*ret_count = draft_slot(draft, &number) + 1;
	draft_op(draft, &length);
	return parts_draft_at(draft, follow->origin, follow->offset + form->data, 8, 0);
}

/* Both ends go to slots, the last one first. */
static bool draft_range(struct draft *draft, const struct follow *follow,
			const struct type_form *form, uint32_t limit, int *ret_end)
{
	const struct fetch_op number = {.code = FETCH_INT, .size = 8};
	const struct fetch_op end = {.code = FETCH_LENGTH, .flags = FETCH_IN_ALL, .imm = INT64_MAX};
	const struct fetch_op start = {.code = FETCH_LENGTH, .flags = FETCH_TO_END, .imm = limit};
	if (!parts_draft_at(draft, follow->origin, follow->offset + form->length, 8, 0))
		return false;
	*ret_end = draft_slot(draft, &number) + 1;
	draft_op(draft, &end);
	if (!parts_draft_at(draft, follow->origin, follow->offset + form->data, 8, 0))
		return false;
	draft_slot(draft, &number);
	draft_op(draft, &start);
	return true;
}

void forms_follow(struct plan_builder *builder, const struct follow *follow)
{
	struct value *value = follow->value;
	const struct type_form *form = value->type->form;
	struct draft draft = draft_begin(builder);
	uint32_t limit = builder->options.string_limit;
	uint32_t items = ITEMS_BYTES_MAX;
	bool ok;
	if (form->kind != FORM_TEXT && form->item->size > items)
		items = form->item->size < FETCH_STRING_MAX ? form->item->size : FETCH_STRING_MAX;
	if (form->kind == FORM_TEXT)
		ok = draft_text(&draft, follow, form, limit);
	else if (form->kind == FORM_ITEMS)
		ok = draft_items(&draft, follow, form, items, &value->count_slot);
	else
		ok = draft_range(&draft, follow, form, items, &value->count_slot);
	int slot =
		draft_bytes(&draft, form, follow->maybe, form->kind == FORM_TEXT ? limit : items);
	if (!ok || !draft_commit(&draft)) {
		value->unavailable = ok ? compile_full : "in a register";
		return;
	}
	if (form->has_short && value->slot >= 0) {
		value->text_slot = slot;
		return;
	}
	value->in_blob = false;
	value->words = 0;
	value->slot = slot;
}
