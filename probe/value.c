/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/value.h"

#include <string.h>

static uint64_t padded(uint64_t length)
{
	return (length + 7) & ~7ULL;
}

/* Of what could not be read, the blob has the address. */
static uint64_t take_address(const char *bytes, uint32_t *length, uint32_t flags)
{
	uint64_t address;
	if (!(flags & FETCH_BLOB_UNREADABLE) || *length != sizeof(address))
		return 0;
	memcpy(&address, bytes, sizeof(address));
	*length = 0;
	return address;
}

static bool decode_blob(const uint8_t *at, size_t left, struct slot *slot, size_t *ret_used)
{
	struct fetch_blob blob;
	if (left < sizeof(blob))
		return false;
	memcpy(&blob, at, sizeof(blob));
	if (padded(blob.length) > left - sizeof(blob))
		return false;
	slot->is_blob = true;
	slot->bytes = (const char *)at + sizeof(blob);
	slot->length = blob.length;
	slot->blob_flags = blob.flags;
	slot->address = take_address(slot->bytes, &slot->length, blob.flags);
	*ret_used = sizeof(blob) + padded(blob.length);
	return true;
}

bool slot_list_next(const char *list, uint32_t length, uint32_t *position, struct list_element *ret)
{
	struct fetch_blob blob;
	if (*position > length || length - *position < sizeof(blob))
		return false;
	memcpy(&blob, list + *position, sizeof(blob));
	if (padded(blob.length) > length - *position - sizeof(blob) || blob.flags & FETCH_BLOB_END)
		return false;
	*ret = (struct list_element){.bytes = list + *position + sizeof(blob),
				     .length = blob.length,
				     .blob_flags = blob.flags};
	ret->address = take_address(ret->bytes, &ret->length, blob.flags);
	*position += (uint32_t)(sizeof(blob) + padded(blob.length));
	return true;
}

/* All blobs up to the one that ends the list. That some element was unreadable is for the element
 * to say. */
static bool decode_list(const uint8_t *at, size_t left, struct slot *slot, size_t *ret_used)
{
	size_t used = 0, step;
	do {
		if (!decode_blob(at + used, left - used, slot, &step))
			return false;
		used += step;
	} while (!(slot->blob_flags & FETCH_BLOB_END));
	slot->is_list = true;
	slot->bytes = (const char *)at;
	slot->length = (uint32_t)used;
	slot->available = !(slot->blob_flags & FETCH_BLOB_UNREADABLE);
	*ret_used = used;
	return true;
}

long slots_decode(const struct fetch_plan *plan, uint32_t unavailable, const void *payload,
		  size_t size, struct slots *ret)
{
	const uint8_t *at = payload;
	size_t used = 0;
	ret->count = 0;
	for (uint32_t i = 0; plan && i < plan->n_ops; i++) {
		uint8_t code = plan->ops[i].code;
		if (code < FETCH_INT)
			continue;
		if (ret->count >= FETCH_SLOTS_MAX)
			return -1;
		struct slot *slot = &ret->items[ret->count];
		*slot = (struct slot){.available = !(unavailable & (1U << ret->count))};
		size_t step = sizeof(slot->number);
		if (code == FETCH_INT) {
			if (size - used < step)
				return -1;
			memcpy(&slot->number, at + used, step);
			slot->bytes = (const char *)at + used;
		} else if (code == FETCH_EACH || code == FETCH_WALK ||
			   plan->ops[i].flags & FETCH_LIST) {
			if (!decode_list(at + used, size - used, slot, &step))
				return -1;
		} else if (!decode_blob(at + used, size - used, slot, &step)) {
			return -1;
		}
		used += step;
		ret->count++;
	}
	return (long)used;
}

/* The slot of a value; NULL with the reason when there is nothing in it. */
static const struct slot *find_slot(const struct value *value, const struct slots *slots,
				    const char **ret_why)
{
	if (value->unavailable || value->slot < 0) {
		*ret_why = value->unavailable ? value->unavailable : "not fetched";
		return NULL;
	}
	if (!slots || (uint32_t)value->slot >= slots->count) {
		*ret_why = "not fetched";
		return NULL;
	}
	const struct slot *slot = &slots->items[value->slot];
	for (uint32_t i = 0; i < (value->words ?: 1U); i++) {
		if ((uint32_t)value->slot + i >= slots->count || (i && slot[i].is_blob)) {
			*ret_why = "not fetched";
			return NULL;
		}
		if (!slot[i].available) {
			*ret_why = slots->unreadable ? slots->unreadable : "unreadable";
			return NULL;
		}
	}
	return slot;
}

bool value_is_no_address(uint64_t pointer, const struct value *copy, const struct slots *slots)
{
	if ((pointer >= 0x10000 && !(pointer >> 48)) || !slots || copy->slot < 0 ||
	    (uint32_t)copy->slot >= slots->count || !copy->type->size)
		return false;
	const struct slot *slot = &slots->items[copy->slot];
	return slot->available && slot->is_blob && !slot->length && !slot->blob_flags;
}

uint64_t value_bad_address(const struct value *value, const struct slots *slots)
{
	if (value->unavailable || value->slot < 0 || !slots ||
	    (uint32_t)value->slot >= slots->count || slots->items[value->slot].available)
		return 0;
	const struct slot *slot = &slots->items[value->slot];
	/* Where a list could not be read on is its own address only at its beginning. */
	bool is_inside = slot->is_list && slot->length > sizeof(struct fetch_blob) + sizeof(__u64);
	return is_inside ? 0 : slot->address;
}

static uint64_t extend(uint64_t bits, unsigned int width, bool sign)
{
	if (width == 0 || width >= 64)
		return bits;
	uint64_t mask = (1ULL << width) - 1;
	bits &= mask;
	if (sign && (bits >> (width - 1)) & 1)
		bits |= ~mask;
	return bits;
}

/* The bytes that a structure was copied to: a blob, or the registers that held it, whose slots lie
 * one behind the other in the record. */
static const char *slot_memory(const struct value *value, const struct slot *slot, size_t *ret_size)
{
	*ret_size = slot->is_blob ? slot->length : sizeof(slot->number);
	if (!slot->is_blob && value->words > 1)
		*ret_size *= value->words;
	return slot->bytes || slot->is_blob ? slot->bytes : (const char *)&slot->number;
}

static bool scalar_in_memory(const struct value *value, const struct slot *slot, uint64_t *ret,
			     const char **ret_why)
{
	size_t size;
	const char *memory = slot_memory(value, slot, &size);
	size_t width = value->type->size;
	/* A bit-field may lie in more bytes than its own type has; eight hold any. */
	if (value->bit_size)
		width = (value->bit_offset + value->bit_size + 7U) / 8;
	if (width == 0 || width > sizeof(uint64_t)) {
		*ret_why = "not a scalar";
		return false;
	}
	if (value->offset > size || size - value->offset < width) {
		*ret_why = slot->blob_flags & FETCH_BLOB_NULL ? "NULL" : "cut off";
		return false;
	}
	uint64_t bits = 0;
	memcpy(&bits, memory + value->offset, width);
	if (value->bit_size)
		*ret = extend(bits >> value->bit_offset, value->bit_size,
			      type_is_signed(value->type));
	else
		*ret = extend(bits, (unsigned int)width * 8, type_is_signed(value->type));
	return true;
}

bool value_scalar(const struct value *value, const struct slots *slots, uint64_t *ret,
		  const char **ret_why)
{
	const struct slot *slot = find_slot(value, slots, ret_why);
	if (!slot)
		return false;
	if (value->in_blob)
		return scalar_in_memory(value, slot, ret, ret_why);
	if (slot->is_blob) {
		*ret_why = "not a scalar";
		return false;
	}
	*ret = slot->number;
	return true;
}

bool value_is_failure(const struct value *result, const struct slots *slots)
{
	uint64_t bits;
	const char *why;
	const struct slot *slot = find_slot(result, slots, &why);
	if (slot && slot->is_blob && slot->blob_flags & FETCH_BLOB_NULL)
		return true;
	if (!slot || !value_scalar(result, slots, &bits, &why))
		return false;
	bool is_yes = result->type->kind == TYPE_POINTER || result->type->kind == TYPE_BOOL;
	return is_yes ? !bits : (int64_t)bits < 0;
}

static bool is_text_array(const struct type *type)
{
	if (type->kind == TYPE_ARRAY)
		return type->target && type->target->kind == TYPE_CHAR && type->target->size == 1;
	return type->kind == TYPE_STRING || type->kind == TYPE_BYTES;
}

bool value_bytes(const struct value *value, const struct slots *slots, const char **ret,
		 uint32_t *ret_length, uint32_t *ret_blob_flags, const char **ret_why)
{
	const struct slot *slot = find_slot(value, slots, ret_why);
	if (!slot)
		return false;
	size_t size;
	const char *memory = slot_memory(value, slot, &size);
	uint32_t flags = slot->blob_flags;
	if (value->in_blob) {
		uint32_t wanted = value->type->size;
		if (value->offset > size || (size - value->offset < wanted && flags)) {
			*ret_why = flags & FETCH_BLOB_NULL ? "NULL" : "cut off";
			return false;
		}
		memory += value->offset;
		size -= value->offset;
		flags = wanted > size ? FETCH_BLOB_TRUNCATED : 0;
		size = wanted > size ? size : wanted;
		/* A character array inside a structure: up to its first NUL, as C reads it. */
		if (is_text_array(value->type)) {
			size_t there = size;
			size = strnlen(memory, there);
			flags = size < there ? 0 : flags;
		}
	}
	*ret = memory;
	*ret_length = (uint32_t)size;
	*ret_blob_flags = flags;
	return true;
}

/* Printable ASCII, usual white space and UTF-8 beyond: what a wild pointer rarely leads to. */
static bool is_text(const char *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\t' && c != '\r'))
			return false;
	}
	return length > 0;
}

bool value_text(const struct value *value, const struct slots *slots, const char **ret,
		uint32_t *ret_length, uint32_t *ret_blob_flags)
{
	if (value->type->kind != TYPE_WORD || value->unavailable || value->text_slot <= 0 ||
	    (uint32_t)value->text_slot >= slots->count)
		return false;
	const struct slot *slot = &slots->items[value->text_slot];
	if (!slot->available || !slot->is_blob || !is_text(slot->bytes, slot->length))
		return false;
	*ret = slot->bytes;
	*ret_length = slot->length;
	*ret_blob_flags = slot->blob_flags;
	return true;
}

bool value_file(const struct value *value, const struct slots *slots, uint32_t index,
		const char **ret, uint32_t *ret_length)
{
	if (value->file_slot <= 0 || !slots || index >= FETCH_SLOTS_MAX ||
	    (uint32_t)value->file_slot - 1 + index >= slots->count)
		return false;
	const struct slot *slot = &slots->items[(uint32_t)value->file_slot - 1 + index];
	if (!slot->available || !slot->is_blob || !slot->length)
		return false;
	*ret = slot->bytes;
	*ret_length = slot->length;
	return true;
}

static uint64_t cut(uint64_t bits, uint32_t size)
{
	return size && size < 8 ? bits & ((1ULL << size * 8) - 1) : bits;
}

static const struct value *choose(const struct value *value, const struct slots *slots)
{
	uint64_t bits;
	const char *why;
	if (!value_scalar(value->chosen_by, slots, &bits, &why))
		return value;
	uint32_t size = value->chosen_by->type->size;
	for (size_t i = 0; i < value->n_choices; i++)
		if (cut(value->choices[i].key, size) == cut(bits, size))
			return value->choices[i].value;
	return value;
}

const struct value *value_choose(const struct value *value, const struct slots *slots)
{
	uint64_t bits;
	const char *why;
	if (value->shown_if && value_scalar(value->shown_if, slots, &bits, &why) &&
	    !(bits & value->shown_if_bits))
		return NULL;
	const struct value *before = NULL;
	while (value && value != before && value->chosen_by) {
		before = value;
		value = choose(value, slots);
	}
	return value;
}
