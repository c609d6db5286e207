/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_each.h"

#include <string.h>

#include "output/shown_form.h"
#include "output/shown_text.h"

/* Optional values in each other. */
#define NESTING_MAX 4

static uint64_t load(const char *bytes, uint32_t length, uint32_t at, uint32_t size)
{
	uint64_t ret = 0; /* both machines are little-endian */
	if (at <= length && length - at >= size && size <= sizeof(ret))
		memcpy(&ret, bytes + at, size);
	return ret;
}

/* Which list has what lies here; NULL: none. */
static const struct value_each *find_each(const struct shown_place *place, const struct type *type)
{
	for (uint32_t i = 0; i < place->n_each; i++)
		if (place->each[i].offset == place->at && place->each[i].type == type)
			return &place->each[i];
	return NULL;
}

/* *ret_before: of the lists that go on from this one, elements before those of this one's. */
static bool find_element(const struct shown_place *place, const struct value_each *each,
			 struct list_element *ret, uint32_t *ret_before)
{
	uint32_t position = 0;
	*ret_before = 0;
	if (each->slot < 0 || !place->slots || (uint32_t)each->slot >= place->slots->count)
		return false;
	const struct slot *list = &place->slots->items[each->slot];
	for (uint32_t i = 0; list->is_list && i <= place->element; i++) {
		if (i && each->stride)
			*ret_before += ret->length / each->stride;
		if (!slot_list_next(list->bytes, list->length, &position, ret))
			return false;
	}
	return list->is_list;
}

static void show_here(const struct shown_place *place, const struct type *type, const char *bytes,
		      uint32_t length, int nesting, struct shown *ret);

/* `inner`: where it was found. */
static void show_target(const struct shown_place *inner, const struct type *type, uint64_t pointer,
			const struct list_element *found, int nesting, struct shown *ret)
{
	show_here(inner, type->target, found->bytes, found->length, nesting + 1, ret);
	ret->boxed = ret->kind != SHOWN_STRUCT && !type->target->form && !strchr(type->name, '&');
	ret->address = ret->kind == SHOWN_ARRAY ? ret->address : pointer;
}

/* How many elements a container in an element has. */
static uint64_t count_items(const struct type *type, const char *bytes, uint32_t length)
{
	const struct type_form *form = type->form;
	uint64_t number = load(bytes, length, form->length, 8);
	if (form->kind == FORM_ITEMS)
		return number;
	return (number - load(bytes, length, form->data, 8)) / form->item->size;
}

static void show_items(const struct shown_place *inner, const struct type *type, const char *bytes,
		       uint32_t length, const struct list_element *found, struct shown *ret)
{
	const struct type *item = type->form->item;
	uint64_t count = count_items(type, bytes, length), there = found->length / item->size;
	bool is_wide = type_is_wide(item), is_text = shown_is_character(item) && !is_wide;
	*ret = (struct shown){.kind = is_text	? SHOWN_STRING
				      : is_wide ? SHOWN_WIDE
						: SHOWN_ARRAY,
			      .type = item,
			      .bytes = found->bytes,
			      .count = (uint32_t)(count < there ? count : there),
			      .truncated = count > there,
			      .address = load(bytes, length, type->form->data, 8)};
	ret->length = ret->count * item->size;
	ret->each = inner->each;
	ret->n_each = inner->n_each;
	ret->slots = inner->slots;
	ret->element = inner->element;
}

/* False: it is not known better than by its own bytes. */
static bool show_found(const struct shown_place *place, const struct type *type, const char *bytes,
		       uint32_t length, int nesting, struct shown *ret)
{
	struct list_element found;
	uint32_t before;
	const struct value_each *each = find_each(place, type);
	if (!each || nesting > NESTING_MAX || !find_element(place, each, &found, &before))
		return false;
	const struct shown_place inner = {.each = each->inner,
					  .n_each = (uint32_t)each->n_inner,
					  .slots = place->slots,
					  .element = before};
	const struct type_form *form = type->form;
	const char *text;
	uint32_t used;
	if (form && shown_form_is_short(type, bytes, length, &text, &used))
		return false;
	uint64_t pointer = load(bytes, length, form ? form->data : 0, 8);
	if (found.blob_flags & FETCH_BLOB_UNREADABLE) {
		shown_unavailable(ret, place->slots->unreadable ?: "unreadable");
		ret->address = pointer;
	} else if (form && form->kind != FORM_TEXT) {
		show_items(&inner, type, bytes, length, &found, ret);
	} else if (!form && !pointer) {
		*ret = (struct shown){.kind = SHOWN_NULL};
	} else if (type->kind == TYPE_POINTER) {
		show_target(&inner, type, pointer, &found, nesting, ret);
	} else {
		shown_text(form && form->item ? type_wide_target(form->item) : NULL, found.bytes,
			   found.length, found.blob_flags, ret);
	}
	return true;
}

static void show_part(const struct shown_place *place, const struct type *type, uint32_t at,
		      const char *bytes, uint32_t length, int nesting, struct shown *ret)
{
	struct shown_place inner = *place;
	if (at > length || nesting > NESTING_MAX) {
		shown_unavailable(ret, "not copied");
		return;
	}
	inner.at += at;
	inner.address += inner.address ? at : 0;
	show_here(&inner, type, bytes + at, length - at, nesting + 1, ret);
}

static void show_variant(const struct shown_place *place, const struct type *type,
			 const char *bytes, uint32_t length, struct shown *ret)
{
	const struct type_form *form = type->form;
	uint64_t number = load(bytes, length, form->data, form->length);
	const struct type_member *found = shown_form_variant(type, number);
	if (!found || found->offset > length) {
		*ret = (struct shown){.kind = SHOWN_UNSIGNED, .number = number};
		return;
	}
	if (found->type->kind == TYPE_STRUCT && !found->type->n_members) {
		*ret = (struct shown){.kind = SHOWN_NAME, .text = found->name};
		return;
	}
	*ret = (struct shown){.kind = SHOWN_STRUCT,
			      .type = found->type,
			      .name = found->name,
			      .bytes = bytes + found->offset,
			      .length = length - found->offset,
			      .count = 1,
			      .is_variant = true,
			      .is_tuple = found->type->n_members == 1 && !found->type->form &&
					  !strcmp(found->type->members[0].name, "__0")};
	ret->at = place->at + found->offset;
}

static void show_here(const struct shown_place *place, const struct type *type, const char *bytes,
		      uint32_t length, int nesting, struct shown *ret)
{
	const struct type_form *form = type->form;
	uint32_t at = place->at;
	if (show_found(place, type, bytes, length, nesting, ret))
		return;
	if (form && form->kind == FORM_OPTIONAL) {
		if (load(bytes, length, form->length, 1))
			show_part(place, form->item, form->data, bytes, length, nesting, ret);
		else
			*ret = (struct shown){.kind = SHOWN_NAME, .text = form->none};
		return;
	}
	if (form && form->kind == FORM_OWNER) {
		show_part(place, form->item, form->data, bytes, length, nesting, ret);
		return;
	}
	if (form && form->kind == FORM_VARIANTS) {
		show_variant(place, type, bytes, length, ret);
		at = ret->at;
	} else if (form && form->kind == FORM_COUNT) {
		uint64_t count = load(bytes, length, form->length, 8);
		shown_form_count(form, count, ret);
	} else if (form && form->kind == FORM_NODES) {
		uint64_t count = load(bytes, length, form->length, 8);
		shown_form_nodes(form, count, ret);
	} else if (form && form->kind == FORM_TEXT) {
		shown_form_element(type, bytes, length, place->address, ret);
	} else {
		shown_memory(type, bytes, length, ret);
	}
	ret->in_element = ret->kind == SHOWN_ARRAY;
	ret->each = place->each;
	ret->n_each = place->n_each;
	ret->slots = place->slots;
	ret->element = place->element;
	ret->at = at;
}

void shown_in_element(const struct shown_place *place, const struct type *type, const char *bytes,
		      uint32_t length, struct shown *ret)
{
	show_here(place, type, bytes, length, 0, ret);
}
