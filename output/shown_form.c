/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_form.h"

static void unavailable(struct shown *ret, const char *why)
{
	*ret = (struct shown){.kind = SHOWN_UNAVAILABLE, .text = why};
}

static void shown_text(const char *bytes, uint32_t length, uint32_t flags, struct shown *ret)
{
	*ret = (struct shown){.kind = SHOWN_STRING,
			      .bytes = bytes,
			      .length = length,
			      .truncated = flags & FETCH_BLOB_TRUNCATED};
}

static void form_text(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const struct type_form *form = value->type->form;
	const char *bytes, *why;
	uint32_t length, flags;
	struct value text = *value;
	if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		unavailable(ret, why);
		return;
	}
	if (!form->has_short || !value->in_blob) {
		shown_text(bytes, length, flags, ret);
		return;
	}
	if (length < value->type->size) {
		unavailable(ret, "cut off");
		return;
	}
	uint32_t used = (unsigned char)bytes[0] >> 1;
	if (!(bytes[0] & 1)) {
		shown_text(bytes + 1, used < length ? used : length - 1, 0, ret);
		return;
	}
	text.slot = value->text_slot > 0 ? value->text_slot : VALUE_NO_SLOT;
	text.in_blob = false;
	text.words = 0;
	if (value_bytes(&text, slots, &bytes, &length, &flags, &why))
		shown_text(bytes, length, flags, ret);
	else
		unavailable(ret, why);
}

/* The number in an int slot of the value's. */
static bool number_in(const struct value *value, int slot, const struct slots *slots, uint64_t *ret,
		      const char **ret_why)
{
	static const struct type word = {.kind = TYPE_UINT, .size = 8, .name = ""};
	const struct value number = {
		.type = &word, .slot = slot, .unavailable = value->unavailable};
	return value_scalar(&number, slots, ret, ret_why);
}

static bool count_items(const struct value *value, const struct slots *slots, uint64_t *ret,
			const char **ret_why)
{
	const struct type_form *form = value->type->form;
	uint64_t first, end;
	if (!number_in(value, value->count_slot - 1, slots, &end, ret_why))
		return false;
	*ret = end;
	if (form->kind == FORM_ITEMS)
		return true;
	if (!number_in(value, value->count_slot, slots, &first, ret_why))
		return false;
	*ret_why = "not a container";
	if (end < first || (end - first) % form->item->size)
		return false;
	*ret = (end - first) / form->item->size;
	return true;
}

static void form_items(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const struct type *item = value->type->form->item;
	const char *bytes, *why;
	uint32_t length, flags;
	uint64_t count;
	if (!count_items(value, slots, &count, &why)) {
		unavailable(ret, why);
		return;
	}
	if (!count) {
		bytes = "";
		length = 0;
	} else if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		unavailable(ret, why);
		return;
	}
	uint64_t there = length / item->size;
	*ret = (struct shown){.kind = SHOWN_ARRAY,
			      .type = item,
			      .bytes = bytes,
			      .count = (uint32_t)(count < there ? count : there),
			      .truncated = count > there};
	ret->length = ret->count * item->size;
	if (item->kind == TYPE_CHAR && item->size == 1)
		ret->kind = SHOWN_STRING;
}

void shown_form(const struct shown_scope *scope, const struct value *value,
		const struct slots *slots, struct shown *ret)
{
	const struct type_form *form = value->type->form;
	uint64_t is_there;
	const char *why;
	if (value->copy && value->members && !value_scalar(value->members, slots, &is_there, &why))
		unavailable(ret, why);
	else if (value->copy && value->members && !is_there)
		*ret = (struct shown){.kind = SHOWN_NAME, .text = form->none};
	else if (value->copy)
		shown_value(scope, value->copy, slots, ret);
	else if (value->cut)
		*ret = (struct shown){.kind = SHOWN_STRUCT, .truncated = true, .is_cut = true};
	else if (form->kind == FORM_TEXT)
		form_text(value, slots, ret);
	else
		form_items(value, slots, ret);
}
