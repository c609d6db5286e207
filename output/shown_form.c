/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_form.h"

#include <string.h>

#include "output/shown_each.h"
#include "output/shown_text.h"

static const struct type *character_of(const struct type_form *form)
{
	return form->item ? type_wide_target(form->item) : NULL;
}

bool shown_form_is_short(const struct type *type, const char *bytes, uint32_t length,
			 const char **ret, uint32_t *ret_used)
{
	const bool is_last = !type->form->data;
	uint32_t unit = type_form_unit(type->form);
	if (!type->form->has_short || length < type->size || type->size < 2 * unit)
		return false;
	unsigned char head = (unsigned char)bytes[is_last ? type->size - 1 : 0];
	if (head & (is_last ? 0x80 : 1))
		return false;
	uint32_t used = (is_last ? head : head >> 1) * unit;
	*ret = bytes + (is_last ? 0 : unit);
	*ret_used = used <= type->size - unit ? used : type->size - unit;
	return true;
}

static void form_text(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const struct type_form *form = value->type->form;
	const char *bytes, *why;
	uint32_t length, flags;
	struct value text = *value;
	if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	if (!form->has_short || !value->in_blob) {
		shown_text(character_of(form), bytes, length, flags, ret);
		return;
	}
	if (length < value->type->size) {
		shown_unavailable(ret, "cut off");
		return;
	}
	if (shown_form_is_short(value->type, bytes, length, &bytes, &length)) {
		shown_text(character_of(form), bytes, length, 0, ret);
		return;
	}
	text.slot = value->text_slot > 0 ? value->text_slot : VALUE_NO_SLOT;
	text.in_blob = false;
	text.words = 0;
	if (value_bytes(&text, slots, &bytes, &length, &flags, &why))
		shown_text(character_of(form), bytes, length, flags, ret);
	else
		shown_unavailable(ret, why);
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
		shown_unavailable(ret, why);
		return;
	}
	if (!count) {
		bytes = "";
		length = 0;
	} else if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	uint64_t there = length / item->size;
	*ret = (struct shown){.kind = SHOWN_ARRAY,
			      .type = item,
			      .bytes = bytes,
			      .count = (uint32_t)(count < there ? count : there),
			      .truncated = count > there};
	ret->length = ret->count * item->size;
	ret->each = value->each;
	ret->n_each = (uint32_t)value->n_each;
	ret->slots = slots;
	if (value->type->form->kind == FORM_RANGE &&
	    !number_in(value, value->count_slot, slots, &ret->address, &why))
		ret->address = 0;
	if (shown_is_character(item))
		shown_text(item, bytes, ret->length, count > there ? FETCH_BLOB_TRUNCATED : 0, ret);
}

/* How many bits there are, by the container's own bytes; false: it is none. */
static bool count_bits(const struct type *type, const char *bytes, uint32_t length, uint64_t *ret)
{
	const struct type_form *form = type->form;
	uint64_t first, end;
	uint32_t last;
	if (length < UINT64_C(0) + form->length + TYPE_BITS_LAST + sizeof(last) ||
	    length < UINT64_C(0) + form->data + sizeof(first))
		return false;
	memcpy(&first, bytes + form->data, sizeof(first));
	memcpy(&end, bytes + form->length, sizeof(end));
	memcpy(&last, bytes + form->length + TYPE_BITS_LAST, sizeof(last));
	*ret = end;
	if (form->item->kind != TYPE_POINTER)
		return true;
	*ret = (end - first) * 8 + last;
	return end >= first && last < 64 && end - first < UINT64_C(1) << 60;
}

static void form_bits(const struct value *value, const struct slots *slots, struct shown *ret)
{
	static const struct type bit = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
	struct value words = *value;
	const char *bytes, *why;
	uint32_t length, flags;
	uint64_t count;
	if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	if (!count_bits(value->type, bytes, length, &count)) {
		shown_unavailable(ret, length < value->type->size ? "cut off" : "not a container");
		return;
	}
	words.slot = value->text_slot > 0 ? value->text_slot : VALUE_NO_SLOT;
	words.in_blob = false;
	words.words = 0;
	if (!value_bytes(&words, slots, &bytes, &length, &flags, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	uint64_t there = length * UINT64_C(8);
	*ret = (struct shown){.kind = SHOWN_ARRAY,
			      .type = &bit,
			      .bytes = bytes,
			      .length = length,
			      .count = (uint32_t)(count < there ? count : there),
			      .truncated = count > there,
			      .is_bits = true};
}

/* Those that are set, by their numbers. */
static void shown_bit_set(const struct type *type, const char *bytes, uint32_t length,
			  struct shown *ret)
{
	uint32_t whole = length < type->size ? length : type->size;
	*ret = (struct shown){.kind = SHOWN_BIT_SET,
			      .bytes = bytes,
			      .length = whole,
			      .limit = type->form->length,
			      .truncated = whole < type->size};
}

static void form_bit_set(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const char *bytes, *why;
	uint32_t length, flags;
	if (value_bytes(value, slots, &bytes, &length, &flags, &why))
		shown_bit_set(value->type, bytes, length, ret);
	else
		shown_unavailable(ret, why);
}

void shown_form_copied(const struct type *type, const char *bytes, uint32_t length,
		       struct shown *ret)
{
	uint64_t pointer;
	uint32_t at = type->form->data;
	if (type->form->kind == FORM_BITS && count_bits(type, bytes, length, &pointer)) {
		*ret = (struct shown){.kind = SHOWN_COUNT,
				      .name = type->form->none,
				      .is_whole = true,
				      .count = pointer < UINT32_MAX ? (uint32_t)pointer
								    : UINT32_MAX};
		return;
	}
	if (type->form->kind == FORM_BIT_SET) {
		shown_bit_set(type, bytes, length, ret);
		return;
	}
	bool is_pointer = type->form->item && (type->form->item->kind == TYPE_POINTER ||
					       type->form->item->kind == TYPE_STRING);
	bool is_one = type->form->kind == FORM_OWNER || type->form->kind == FORM_WEAK;
	if (!is_one || at > length || (is_pointer && length - at < sizeof(pointer))) {
		*ret = (struct shown){.kind = SHOWN_STRUCT, .truncated = true, .is_cut = true};
		return;
	}
	if (!is_pointer) {
		shown_memory(type->form->item, bytes + at, length - at, ret);
		return;
	}
	memcpy(&pointer, bytes + at, sizeof(pointer));
	shown_raw_pointer(ret, pointer);
}

/* libstdc++: the pointer leads into the string itself. */
static bool find_short(const struct type *type, const char *bytes, uint64_t address,
		       const char **ret, uint32_t *ret_length)
{
	const struct type_form *form = type->form;
	uint64_t pointer, used;
	if (!address || form->length_before || form->data > type->size - sizeof(pointer) ||
	    form->length > type->size - sizeof(used))
		return false;
	memcpy(&pointer, bytes + form->data, sizeof(pointer));
	memcpy(&used, bytes + form->length, sizeof(used));
	uint64_t at = pointer - address, unit = type_form_unit(form);
	if (at >= type->size || used >= (type->size - at) / unit)
		return false;
	*ret = bytes + at;
	*ret_length = (uint32_t)(used * unit);
	return true;
}

void shown_form_element(const struct type *type, const char *bytes, uint32_t length,
			uint64_t address, struct shown *ret)
{
	const struct type_form *form = type->form;
	const char *text;
	uint32_t used;
	if (form->kind == FORM_TEXT && length >= type->size && type->size >= 16) {
		if (shown_form_is_short(type, bytes, length, &text, &used)) {
			shown_text(character_of(form), text, used, 0, ret);
			return;
		}
		if (!form->has_short && find_short(type, bytes, address, &text, &used)) {
			shown_text(character_of(form), text, used, 0, ret);
			return;
		}
	}
	shown_form_copied(type, bytes, length, ret);
}

static bool is_variant(const struct type_form *form, uint32_t index, uint64_t number)
{
	uint64_t mask = form->length < 8 ? (UINT64_C(1) << form->length * 8) - 1 : UINT64_MAX;
	return !form->variants[index].is_default &&
	       (form->variants[index].value & mask) == (number & mask);
}

const struct type_member *shown_form_variant(const struct type *type, uint64_t number)
{
	const struct type_form *form = type->form;
	const struct type_member *other = NULL;
	for (uint32_t i = 0; i < type->n_members; i++) {
		if (is_variant(form, i, number))
			return &type->members[i];
		if (form->variants[i].is_default)
			other = &type->members[i];
	}
	return other;
}

static const struct value *find_variant(const struct value *value, uint64_t number)
{
	const struct type_member *found = shown_form_variant(value->type, number);
	size_t index = found ? (size_t)(found - value->type->members) : value->n_members;
	return index < value->n_members ? &value->members[index] : NULL;
}

void shown_form_count(const struct type_form *form, uint64_t count, struct shown *ret)
{
	*ret = (struct shown){.kind = SHOWN_COUNT, .name = form->none, .is_whole = true};
	if (!form->item)
		*ret = (struct shown){.kind = SHOWN_UNAVAILABLE, .text = form->none};
	else
		ret->count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

void shown_form_nodes(const struct type_form *form, uint64_t count, struct shown *ret)
{
	shown_form_count(form, count, ret);
	if (!form->nodes->has_count)
		shown_unavailable(ret, form->none);
}

/* Rust's None, Some(5), Rect{w=1, h=2} */
static void form_variants(const struct shown_scope *scope, const struct value *value,
			  const struct slots *slots, struct shown *ret)
{
	uint64_t number;
	const char *why;
	if (!value_scalar(&value->members[value->n_members], slots, &number, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	const struct value *found = find_variant(value, number);
	if (!found && value->type->form->none && *value->type->form->none) {
		*ret = (struct shown){.kind = SHOWN_NAME, .text = value->type->form->none};
		return;
	}
	if (!found) {
		*ret = (struct shown){.kind = SHOWN_UNSIGNED, .number = number};
		return;
	}
	if (!*found->name) { /* std::variant */
		shown_value(scope, found, slots, ret);
		return;
	}
	if (found->type->kind == TYPE_STRUCT && !found->type->n_members) {
		*ret = (struct shown){.kind = SHOWN_NAME, .text = found->name};
		return;
	}
	bool is_single = found->n_members == 1 && !found->cut && !found->type->form &&
			 !strcmp(found->members[0].name, "__0");
	*ret = (struct shown){.kind = SHOWN_STRUCT,
			      .name = found->name,
			      .members = is_single ? found->members : found,
			      .count = 1,
			      .slots = slots,
			      .is_variant = true,
			      .is_tuple = is_single};
}

static void form_count(const struct value *value, const struct slots *slots, struct shown *ret)
{
	uint64_t count = 0;
	const char *why;
	if (value->members && !value_scalar(value->members, slots, &count, &why))
		shown_unavailable(ret, why);
	else
		shown_form_count(value->type->form, count, ret);
}

/* Those that were reached, and what was in the way of the others. */
static void form_nodes(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const struct type_form *form = value->type->form;
	const struct slot *list = value->slot >= 0 && (uint32_t)value->slot < slots->count
					  ? &slots->items[value->slot]
					  : NULL;
	uint32_t position = 0, there = 0;
	struct list_element element;
	uint64_t count;
	const char *why;
	if (!list || !list->is_list) {
		shown_unavailable(ret, "not fetched");
		return;
	}
	while (slot_list_next(list->bytes, list->length, &position, &element))
		there++;
	count = there + (list->blob_flags & FETCH_BLOB_TRUNCATED ? 1 : 0);
	if (form->nodes->has_count &&
	    !number_in(value, value->count_slot - 1, slots, &count, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	*ret = (struct shown){.kind = SHOWN_ARRAY,
			      .type = form->item,
			      .bytes = list->bytes,
			      .length = list->length,
			      .count = (uint32_t)(count < there ? count : there),
			      .truncated = count > there,
			      .is_nodes = true,
			      .is_map = form->nodes->is_map,
			      .is_set = form->nodes->is_set,
			      .each = value->each,
			      .n_each = (uint32_t)value->n_each,
			      .slots = slots};
	why = slots->unreadable ?: "unreadable";
	if (!list->available && !there)
		shown_unavailable(ret, why);
	if (list->available || !there)
		return;
	ret->missing = why;
	ret->truncated = false;
	ret->count++;
}

void shown_node(const struct shown *whole, uint32_t index, struct shown *ret)
{
	uint32_t position = 0;
	struct list_element element = {0};
	struct shown_place place = {
		.each = whole->each, .n_each = whole->n_each, .slots = whole->slots};
	if (whole->missing && index + 1 == whole->count) {
		shown_unavailable(ret, whole->missing);
		return;
	}
	for (uint32_t i = 0; i <= index; i++) {
		if (i)
			place.element += element.length / whole->type->size;
		if (!slot_list_next(whole->bytes, whole->length, &position, &element)) {
			shown_unavailable(ret, "not copied");
			return;
		}
	}
	if (element.blob_flags & FETCH_BLOB_UNREADABLE)
		shown_unavailable(ret, whole->slots->unreadable ?: "unreadable");
	else
		shown_in_element(&place, whole->type, element.bytes, element.length, ret);
}

/* What has no owner any more is not there, though its bytes may be. */
static void form_weak(const struct shown_scope *scope, const struct value *value,
		      const struct slots *slots, struct shown *ret)
{
	const struct value *block = value->members;
	uint64_t address, owners;
	const char *why;
	if (!value_scalar(block, slots, &address, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	shown_value(scope, value->copy, slots, ret);
	if (!address || ret->kind == SHOWN_NULL)
		return;
	bool is_long = value->type->form->length_before == TYPE_WEAK_LONG;
	bool is_known = block->n_members && value_scalar(block->members, slots, &owners, &why);
	bool is_gone = is_known && (is_long ? (int64_t)owners == -1 : !(uint32_t)owners);
	if (is_gone)
		*ret = (struct shown){.kind = SHOWN_NAME, .text = value->type->form->none};
	else if (!is_known && value_scalar(value->copy, slots, &address, &why))
		shown_raw_pointer(ret, address);
	else if (!is_known)
		shown_unavailable(ret, why);
}

void shown_form(const struct shown_scope *scope, const struct value *value,
		const struct slots *slots, struct shown *ret)
{
	const struct type_form *form = value->type->form;
	uint64_t is_there;
	const char *why;
	if (form->kind == FORM_VARIANTS && value->n_members)
		form_variants(scope, value, slots, ret);
	else if (form->kind == FORM_WEAK && value->copy && value->members)
		form_weak(scope, value, slots, ret);
	else if (form->kind == FORM_BIT_SET)
		form_bit_set(value, slots, ret);
	else if (form->kind == FORM_COUNT && !value->copy)
		form_count(value, slots, ret);
	else if (value->copy && value->members &&
		 !value_scalar(value->members, slots, &is_there, &why))
		shown_unavailable(ret, why);
	else if (value->copy && value->members && !is_there)
		*ret = (struct shown){.kind = SHOWN_NAME, .text = form->none};
	else if (value->copy)
		shown_value(scope, value->copy, slots, ret);
	else if (value->cut)
		*ret = (struct shown){.kind = SHOWN_STRUCT, .truncated = true, .is_cut = true};
	else if (form->kind == FORM_NODES)
		form_nodes(value, slots, ret);
	else if (form->kind == FORM_BITS)
		form_bits(value, slots, ret);
	else if (form->kind == FORM_TEXT)
		form_text(value, slots, ret);
	else
		form_items(value, slots, ret);
}
