/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown.h"

#include <errno.h>
#include <string.h>

#include "output/endpoint.h"
#include "output/names.h"
#include "output/shown_each.h"
#include "output/shown_form.h"
#include "output/shown_list.h"
#include "output/shown_netlink.h"
#include "output/shown_text.h"
#include "output/sockaddr.h"

/* Structures by value cannot nest without end, but the types come from the target's own file. */
#define NESTING_MAX 8

struct shown_scope shown_scope(const struct stream_event *event, bool opening, uint32_t array_limit,
			       const struct shown_finder *finder)
{
	struct shown_scope ret = {
		.event = event, .opening = opening, .array_limit = array_limit, .finder = finder};
	if (event->kind != STREAM_SYSCALL || event->ending != ENDING_RETURNED)
		return ret;
	ret.failed = result_failed(event->syscall_result);
	/* An interrupted sleep does fill in the time that is left. */
	ret.restarts = ret.failed && (event->syscall_result == -EINTR ||
				      names_errno_restarts((int)-event->syscall_result));
	return ret;
}

/* --- compounds that were copied whole -------------------------------------------------------- */

/* `truncated`: fewer bytes were copied than the array has. */
static void shown_array(const struct type *type, const char *bytes, uint32_t length, bool truncated,
			struct shown *ret)
{
	truncated |= type->abbreviated;
	if (shown_is_character(type->target)) {
		shown_text_array(type->target, bytes, length, truncated, ret);
		return;
	}
	if (!type->target || !type->target->size) {
		shown_unavailable(ret, "elements of unknown type");
		return;
	}
	*ret = (struct shown){
		.kind = SHOWN_ARRAY,
		.type = type->target,
		.bytes = bytes,
		.length = length,
		.count = type->target->length_size ? shown_count_sized(type->target, bytes, length)
						   : length / type->target->size,
		.truncated = truncated,
	};
}

static void shown_struct(const struct type *type, const char *bytes, uint32_t length,
			 struct shown *ret)
{
	if (type->form && (type->form->kind == FORM_OWNER || type->form->kind == FORM_TEXT ||
			   type->form->kind == FORM_ITEMS || type->form->kind == FORM_RANGE ||
			   type->form->kind == FORM_BITS || type->form->kind == FORM_BIT_SET ||
			   type->form->kind == FORM_WEAK)) {
		shown_form_copied(type, bytes, length, ret);
		return;
	}
	if (!type->n_members && type->size > 1) {
		shown_unavailable(ret, "members unknown"); /* an empty C++ class has size 1 */
		return;
	}
	*ret = (struct shown){
		.kind = SHOWN_STRUCT,
		.type = type,
		.bytes = bytes,
		.length = length,
		.count = type->n_members,
		.truncated = type->abbreviated,
	};
}

static uint64_t load(const char *bytes, uint32_t size)
{
	uint64_t ret = 0; /* both machines are little-endian */
	memcpy(&ret, bytes, size < sizeof(ret) ? size : sizeof(ret));
	return ret;
}

void shown_memory(const struct type *type, const char *bytes, uint32_t available, struct shown *ret)
{
	uint32_t size = type->size;
	if (type->kind == TYPE_BYTES && !size) { /* all that is left of a structure */
		shown_rest(type, bytes, available, ret);
	} else if (type->kind == TYPE_ARRAY && !size) {
		shown_array(type, bytes, available, false, ret);
	} else if (type->kind == TYPE_ARRAY) {
		uint32_t there = available < size ? available : size;
		shown_array(type, bytes, there, there < size, ret);
	} else if (type->kind == TYPE_STRUCT) {
		shown_struct(type, bytes, available < size ? available : size, ret);
	} else if (type->kind == TYPE_VOID) {
		shown_bits(type, 0, ret);
	} else if (!size || size > available) {
		shown_unavailable(ret, "not copied");
	} else if (size > sizeof(uint64_t)) {
		shown_wide(type, bytes, ret);
	} else {
		shown_bits(type, load(bytes, size), ret);
	}
}

static void shown_bit_field(const struct type_member *member, const char *bytes, uint32_t available,
			    struct shown *ret)
{
	uint32_t size = (member->bit_offset + member->bit_size + 7u) / 8;
	if (size > available || size > sizeof(uint64_t)) {
		shown_unavailable(ret, "not copied");
		return;
	}
	shown_width(member->type, load(bytes, size) >> member->bit_offset, member->bit_size, ret);
}

static void shown_member(const struct shown *whole, const struct type_member *member,
			 struct shown *ret)
{
	if (whole->is_list && member->type->kind == TYPE_BYTES) {
		shown_gathered(whole, ret);
		shown_netlink_messages(whole->netlink.protocol, ret);
		return;
	}
	if (member->offset > whole->length) {
		shown_unavailable(ret, "not copied");
		return;
	}
	const char *bytes = whole->bytes + member->offset;
	uint32_t available = whole->length - member->offset;
	if (member->bit_size)
		shown_bit_field(member, bytes, available, ret);
	else if (whole->type->in_halves)
		shown_halves(whole, member, ret);
	else
		shown_in_element(&(struct shown_place){.each = whole->each,
						       .n_each = whole->n_each,
						       .slots = whole->slots,
						       .element = whole->element,
						       .at = whole->at + member->offset},
				 member->type, bytes, available, ret);
	if (member->type->kind == TYPE_BYTES && whole->blob_flags & FETCH_BLOB_TRUNCATED)
		ret->truncated = true;
}

static void limit_array(const struct shown_scope *scope, struct shown *ret)
{
	uint32_t limit = scope->array_limit;
	bool is_fixed = ret->is_list || shown_netlink_is_whole(ret);
	if (ret->kind == SHOWN_ARRAY && !is_fixed && limit && ret->count > limit) {
		ret->count = limit;
		ret->truncated = true;
	}
}

/* A member that means nothing beside another one: see value.shown_if. */
static bool is_hidden(const struct shown_scope *scope, const struct value *value,
		      const struct slots *slots)
{
	uint64_t bits;
	const char *why;
	const struct value *other = value->shown_if;
	if (other && other->at_return)
		slots = scope->opening ? NULL : scope->event->results;
	return other && slots && value_scalar(other, slots, &bits, &why) &&
	       !(bits & value->shown_if_bits);
}

/* A structure without a name belongs to the one around it. */
static void limit_levels(const struct shown *whole, const char *name, struct shown *ret)
{
	ret->levels = whole->levels;
	if (!ret->levels || ret->kind != SHOWN_STRUCT || (whole->kind == SHOWN_STRUCT && !*name))
		return;
	if (ret->levels > 1) {
		ret->levels--;
		return;
	}
	ret->truncated = ret->is_cut = true;
	ret->count = 0;
}

/* Of a variant that was copied. */
static void shown_contents(const struct shown *whole, struct shown *ret, const char **ret_name)
{
	struct shown opened = *whole;
	opened.is_variant = false;
	*ret_name = whole->name;
	if (whole->is_tuple) {
		shown_member(&opened, &whole->type->members[0], ret);
	} else {
		*ret = opened;
		ret->count = whole->type->n_members;
	}
	ret->level = whole->level + 1;
}

void shown_part(const struct shown_scope *scope, const struct shown *whole, uint32_t index,
		struct shown *ret, const char **ret_name)
{
	*ret_name = "";
	if (whole->netlink.part) {
		shown_netlink_part(whole, index, ret, ret_name);
		limit_array(scope, ret);
		return;
	}
	if (whole->members) {
		const struct value *member = &whole->members[index];
		*ret_name = (whole->is_variant ? whole->name : member->name) ?: "";
		if (member->chosen_by)
			member = value_choose(member, whole->slots);
		if (!member || is_hidden(scope, member, whole->slots))
			*ret = (struct shown){.kind = SHOWN_HIDDEN};
		else
			shown_value(scope, member, whole->slots, ret);
		return;
	}
	if (whole->is_variant) {
		shown_contents(whole, ret, ret_name);
		return;
	}
	if (whole->kind == SHOWN_STRUCT)
		*ret_name = whole->type->members[index].name ?: "";
	if (whole->level >= NESTING_MAX) {
		shown_unavailable(ret, "nested too deeply");
	} else if (whole->is_bits) {
		shown_bits(whole->type, whole->bytes[index / 8] >> index % 8 & 1, ret);
	} else if (whole->is_nodes) {
		shown_node(whole, index, ret);
	} else if (whole->kind == SHOWN_ARRAY && whole->is_list) {
		shown_element(whole, index, ret);
	} else if (whole->kind == SHOWN_STRUCT && !shown_has_meaning(whole, index)) {
		*ret = (struct shown){.kind = SHOWN_HIDDEN};
	} else if (whole->kind == SHOWN_STRUCT) {
		shown_member(whole, &whole->type->members[index], ret);
	} else if (whole->type->length_size) {
		shown_sized(whole, index, ret);
	} else {
		uint32_t at = index * whole->type->size;
		const struct shown_place place = {
			.each = whole->each,
			.n_each = whole->n_each,
			.slots = whole->slots,
			.element = whole->element + (whole->in_element ? 0 : index),
			.at = whole->in_element ? whole->at + at : 0,
			.address = whole->address ? whole->address + at : 0,
		};
		shown_in_element(&place, whole->type, whole->bytes + at, whole->length - at, ret);
	}
	ret->fds = whole->fds;
	shown_add_file(whole->kind == SHOWN_ARRAY ? whole->files : NULL, whole->slots, index, ret);
	ret->level = whole->level + 1;
	limit_levels(whole, *ret_name, ret);
	limit_array(scope, ret);
}

/* --- values of a record ---------------------------------------------------------------------- */

/* Which slots a value is in; NULL: none, and *ret_why says why. */
static const struct slots *slots_of(const struct shown_scope *scope, const struct value *value,
				    const struct slots *inherited, const char **ret_why)
{
	*ret_why = "not recorded";
	if (!value->at_return)
		return inherited;
	*ret_why = scope->opening ? "at return" : "not returned";
	return scope->opening ? NULL : scope->event->results;
}

/* An array inside a structure that was copied ends at its first NUL, that is no cut. */
static bool is_cut(const struct value *value, uint32_t length, bool truncated)
{
	return truncated || (!value->in_blob && length < value->type->size);
}

static void shown_blob(const struct value *value, const struct slots *slots, struct shown *ret)
{
	uint32_t length, flags;
	const char *bytes, *why;
	const struct type *type = value->type;
	if (!value_bytes(value, slots, &bytes, &length, &flags, &why)) {
		shown_unavailable(ret, why);
		ret->address = value->in_blob ? 0 : value_bad_address(value, slots);
		return;
	}
	bool truncated = flags & FETCH_BLOB_TRUNCATED;
	if (flags & FETCH_BLOB_NULL)
		*ret = (struct shown){.kind = SHOWN_NULL};
	else if (flags & FETCH_BLOB_END)
		shown_list(type, bytes, length, truncated, slots, ret);
	else if (type->kind == TYPE_ARRAY && value->text_slot)
		shown_text_pages(value, slots, bytes, length, ret);
	else if (type->kind == TYPE_ARRAY)
		shown_array(type, bytes, length, is_cut(value, length, truncated), ret);
	else if (type->kind == TYPE_STRUCT)
		shown_struct(type, bytes, length, ret);
	else
		*ret = (struct shown){
			.kind = type->kind == TYPE_BIT_SET ? SHOWN_BIT_SET : SHOWN_STRING,
			.bytes = bytes,
			.length = length,
			.truncated = truncated,
		};
	/* Of a structure whose last member is all that follows. */
	ret->blob_flags = flags;
	if (ret->kind == SHOWN_ARRAY) {
		ret->files = value;
		ret->each = value->each;
		ret->n_each = (uint32_t)value->n_each;
		ret->slots = slots;
		ret->levels = value->levels;
	}
	if (type->kind == TYPE_BYTES && ret->kind == SHOWN_STRING && length >= 2)
		ret->kind = sockaddr_is_type(type)   ? SHOWN_SOCKADDR
			    : endpoint_is_type(type) ? SHOWN_ENDPOINT
						     : SHOWN_STRING;
}

/* Of a function. */
static bool is_failure(const struct shown_scope *scope)
{
	const struct value_list *results = &scope->event->site->results;
	return results->count && scope->event->results &&
	       value_is_failure(&results->items[0], scope->event->results);
}

/* Is what a call gives back there? */
static bool is_filled(const struct shown_scope *scope, const struct value *value)
{
	if (!value->at_return)
		return true;
	if (scope->opening)
		return false;
	switch ((enum value_filled_by)value->filled_by) {
	case FILLED_BY_SUCCESS:
		return !scope->failed;
	case FILLED_BY_RESULT:
		return !scope->failed && scope->event->syscall_result != 0;
	case FILLED_BY_INTERRUPT:
		return scope->restarts;
	case FILLED_ANYWAY:
		return true;
	case FILLED_BY_OK:
		return !is_failure(scope);
	}
	return false;
}

static bool is_blob(const struct value *value)
{
	switch (value->type->kind) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_BIT_SET:
	case TYPE_ARRAY:
	case TYPE_STRUCT:
		return true;
	default:
		return false;
	}
}

/* Was there nothing where the bytes should be? */
static bool is_null(const struct value *value, const struct slots *slots)
{
	const struct slot *slot = &slots->items[value->slot < 0 ? 0 : value->slot];
	return value->slot >= 0 && (uint32_t)value->slot < slots->count && slot->available &&
	       slot->is_blob && slot->blob_flags & FETCH_BLOB_NULL;
}

/* Members that were fetched one by one, or found in a copy. */
static void shown_members(const struct value *value, const struct slots *slots, struct shown *ret)
{
	*ret = (struct shown){
		.kind = SHOWN_STRUCT,
		.type = value->type,
		.members = value->members,
		.count = (uint32_t)value->n_members,
		.slots = slots,
		.truncated = value->cut,
		.is_cut = value->cut,
	};
}

/* Was what the pointer leads to asked for, and could not be read? */
static bool is_unreadable(const struct value *value, const struct slots *slots)
{
	return value->copy_slot > 0 && (uint32_t)value->copy_slot <= slots->count &&
	       !slots->items[value->copy_slot - 1].available;
}

/* What the pointer leads to whose number is in `ret`. */
static void shown_copy(const struct shown_scope *scope, const struct value *copy,
		       const struct slots *inherited, struct shown *ret)
{
	const char *why;
	uint64_t pointer = ret->number;
	const struct slots *slots = slots_of(scope, copy, inherited, &why);
	bool is_bad = value_bad_address(copy, slots);
	if (is_bad || value_is_no_address(pointer, copy, slots)) {
		shown_unavailable(ret, (is_bad ? slots->unreadable : NULL) ?: "bad address");
		ret->address = pointer;
	} else {
		shown_value(scope, copy, inherited, ret);
	}
}

/* A pointer's number is in `ret`; is there more to say of it? */
static void shown_pointer(const struct shown_scope *scope, const struct value *value,
			  const struct slots *slots, struct shown *ret)
{
	uint64_t count;
	const char *why;
	const struct value *copy = value->copy;
	if (value->file_of && shown_file(value, slots, ret))
		return;
	if (is_unreadable(value, slots)) {
		uint64_t address = ret->number;
		shown_unavailable(ret, slots->unreadable ?: "unreadable");
		ret->address = address;
	} else if (value->n_members || (value->copy_slot && !copy)) {
		shown_members(value, slots, ret);
	} else if (copy && copy->type->kind == TYPE_COUNT) {
		slots = slots_of(scope, copy, slots, &why);
		if (!slots || !is_filled(scope, copy) || !value_scalar(copy, slots, &count, &why))
			return;
		ret->kind = SHOWN_COUNT;
		ret->count = (uint32_t)count;
		ret->name = copy->type->name;
	} else if (copy && is_filled(scope, copy)) {
		shown_copy(scope, copy, slots, ret);
	} else if (copy && copy->instead && !scope->opening) {
		shown_copy(scope, copy->instead, scope->event->arguments, ret);
	}
}

static void shown_scalar(const struct shown_scope *scope, const struct value *value,
			 const struct slots *slots, struct shown *ret)
{
	uint64_t bits;
	const char *why;
	const char *text;
	uint32_t length, flags;
	if (value_text(value, slots, &text, &length, &flags)) {
		*ret = (struct shown){.kind = SHOWN_STRING,
				      .bytes = text,
				      .length = length,
				      .truncated = flags & FETCH_BLOB_TRUNCATED};
		return;
	}
	if (value->type->kind == TYPE_VOID) {
		shown_bits(value->type, 0, ret);
		return;
	}
	if (value->type->size > sizeof(bits) &&
	    value_bytes(value, slots, &text, &length, &flags, &why)) {
		shown_memory(value->type, text, length, ret);
		ret->boxed = value->boxed;
		return;
	}
	if (!value_scalar(value, slots, &bits, &why)) {
		if (value->in_blob && is_null(value, slots))
			*ret = (struct shown){.kind = SHOWN_NULL};
		else
			shown_unavailable(ret, why);
		if (ret->kind == SHOWN_UNAVAILABLE && value->boxed)
			ret->address = value_bad_address(value, slots);
		return;
	}
	shown_width(value->type, bits, value->bit_size ?: type_width(value->type), ret);
	shown_add_file(value, slots, 0, ret);
	ret->boxed = value->boxed;
	if (value->type->kind == TYPE_POINTER && ret->kind != SHOWN_NULL)
		shown_pointer(scope, value, slots, ret);
}

/* Of a call that has not returned, all members may be unknown for one reason: that is said once. */
static void merge_open(const struct shown_scope *scope, struct shown *ret)
{
	const char *why = NULL, *name;
	if (scope->event->ending != ENDING_OPEN || ret->kind != SHOWN_STRUCT)
		return;
	for (uint32_t i = 0; i < ret->count; i++) {
		struct shown part;
		shown_part(scope, ret, i, &part, &name);
		if (part.kind != SHOWN_UNAVAILABLE || (why && strcmp(part.text, why) != 0))
			return;
		why = part.text;
	}
	if (why)
		shown_unavailable(ret, why);
}

void shown_value(const struct shown_scope *scope, const struct value *value,
		 const struct slots *inherited, struct shown *ret)
{
	const char *why;
	const struct slots *slots = slots_of(scope, value, inherited, &why);
	if (value->unavailable) {
		shown_unavailable(ret, value->unavailable);
	} else if (!slots) {
		shown_unavailable(ret, why);
	} else if (value->type->kind == TYPE_ARRAY && value->n_members && is_filled(scope, value)) {
		shown_elements(scope, value, slots, ret);
	} else if (value->type->kind == TYPE_STRUCT && value->type->form &&
		   is_filled(scope, value)) {
		shown_form(scope, value, slots, ret);
	} else if (value->type->kind == TYPE_STRUCT && (value->n_members || value->cut) &&
		   is_filled(scope, value)) {
		shown_members(value, slots, ret);
	} else if (!is_filled(scope, value) && value->instead && !scope->opening) {
		shown_value(scope, value->instead, scope->event->arguments, ret);
	} else if (!is_filled(scope, value)) {
		if (is_blob(value) && is_null(value, slots))
			*ret = (struct shown){.kind = SHOWN_NULL};
		else
			shown_unavailable(ret, "call failed");
	} else if (is_blob(value)) {
		shown_blob(value, slots, ret);
		ret->fds = shown_fds(scope, value);
		ret->boxed = value->boxed;
		shown_limit(value, inherited, ret);
		shown_netlink(value, scope->event->arguments, ret);
		if (value->instead && ret->kind == SHOWN_STRING && !ret->length)
			shown_value(scope, value->instead, inherited, ret);
	} else {
		shown_scalar(scope, value, slots, ret);
	}
	limit_array(scope, ret);
	merge_open(scope, ret);
	if (!value->after || !scope->event->results || !is_filled(scope, value->after) ||
	    is_hidden(scope, value->after, slots) || ret->kind == SHOWN_UNAVAILABLE ||
	    ret->kind == SHOWN_NULL)
		return;
	ret->after = value->after;
	if (slots && slots->again) {
		shown_unavailable(ret, "not resident");
		ret->after = value->after;
	}
}

bool shown_result(const struct shown_scope *scope, struct shown *ret)
{
	const struct stream_event *event = scope->event;
	const struct value_list *results = &event->site->results;
	if (event->ending != ENDING_RETURNED && event->ending != ENDING_RETURNED_ALONE)
		return false;
	if (event->kind == STREAM_SYSCALL) {
		static const struct type plain = {.kind = TYPE_INT, .size = 8, .name = "long"};
		const struct value *result =
			results->count ? value_choose(&results->items[0], event->arguments) : NULL;
		const struct type *type = result ? result->type : &plain;
		if (type->kind == TYPE_VOID || scope->failed)
			type = &plain;
		shown_bits(type, (uint64_t)event->syscall_result, ret);
		if (results->count)
			shown_add_file(&results->items[0], event->results, 0, ret);
		return true;
	}
	if (!results->count || !event->results || results->items[0].type->kind == TYPE_VOID)
		return false;
	shown_value(scope, &results->items[0], event->results, ret);
	return true;
}

bool shown_instant_result(const struct shown_scope *scope, struct shown *ret)
{
	const struct stream_event *event = scope->event;
	const struct probe_site *site = event->site;
	const struct value_list *list = site->results.count ? &site->results : &site->arguments;
	if (!list->count || list->items[0].type->kind == TYPE_VOID)
		return false;
	shown_value(scope, &list->items[0], event->results ?: event->arguments, ret);
	return true;
}
