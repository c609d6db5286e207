/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, containers, owning pointers and optional values: see struct type_form. */
#include "probe/compile_parts.h"

/* Bytes of elements that are read; of those that lead somewhere. */
#define ITEMS_BYTES_MAX 256
#define EACH_BYTES_MAX	512
/* Bits of vector<bool>. */
#define BITS_SOME 64
/* Elements of a container with a node for each, and bytes read of one. */
#define NODES_SOME     32
#define NODE_BYTES_MAX 1024
/* One element that is larger has no other beside it that is read. */
#define ITEM_MAX 0xffff

bool forms_need_copy(const struct type_form *form)
{
	return form->kind == FORM_OWNER || form->kind == FORM_OPTIONAL ||
	       form->kind == FORM_VARIANTS || form->kind == FORM_COUNT || form->kind == FORM_BITS ||
	       form->kind == FORM_BIT_SET || form->kind == FORM_WEAK || form->has_short;
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

/* What it leads to, and the number of its owners behind another pointer. */
static struct err *add_weak(const struct parts *parts, struct value *value)
{
	static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
	static const struct type long_type = {.kind = TYPE_INT, .size = 8, .name = "long"};
	static const struct type_member ints[] = {{.name = "", .type = &int_type, .offset = 8}};
	static const struct type_member longs[] = {{.name = "", .type = &long_type, .offset = 8}};
	static const struct type blocks[] = {
		{.kind = TYPE_STRUCT, .size = 16, .name = "", .members = ints, .n_members = 1},
		{.kind = TYPE_STRUCT, .size = 16, .name = "", .members = longs, .n_members = 1},
	};
	static const struct type pointers[] = {
		{.kind = TYPE_POINTER, .size = 8, .name = "", .target = &blocks[0]},
		{.kind = TYPE_POINTER, .size = 8, .name = "", .target = &blocks[1]},
	};
	const struct type_form *form = value->type->form;
	struct value *both = arena_array(parts->builder->arena, 2, sizeof(*both));
	struct parts inner = *parts;
	if (!both)
		return &err_nomem;
	inner.base = value->offset;
	const struct type *block = &pointers[form->length_before == TYPE_WEAK_LONG];
	const struct type_member item = {.name = "", .type = form->item, .offset = form->data};
	const struct type_member count = {.name = "", .type = block, .offset = form->length};
	struct err *e = parts_add_member(&inner, &count, &both[1]);
	e = e ?: parts_add_member(&inner, &item, &both[0]);
	value->copy = &both[0];
	value->members = &both[1];
	return e;
}

/* The number of elements. */
static struct err *add_count(const struct parts *parts, struct value *value)
{
	struct value *count = arena_alloc(parts->builder->arena, sizeof(*count));
	struct parts inner = *parts;
	const struct type_member member = {
		.name = "", .type = value->type->form->item, .offset = value->type->form->length};
	inner.base = value->offset;
	value->members = count;
	return count ? parts_add_member(&inner, &member, count) : &err_nomem;
}

struct err *forms_add(const struct parts *parts, struct value *value)
{
	const struct type_form *form = value->type->form;
	struct parts inner = *parts;
	struct value *copy;
	switch (form->kind) {
	case FORM_VARIANTS:
		return add_variants(parts, value);
	case FORM_COUNT:
		return form->item ? add_count(parts, value) : NULL;
	case FORM_OPTIONAL:
		return add_optional(parts, value);
	case FORM_WEAK:
		return add_weak(parts, value);
	case FORM_BIT_SET:
		value->unavailable = parts_missing(parts->origin, value->offset, value->type->size);
		return NULL;
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

/* Bytes that are read of a text: so many characters. */
static uint32_t text_bytes(const struct type_form *form, uint32_t limit)
{
	uint64_t bytes = (uint64_t)limit * type_form_unit(form);
	return bytes < FETCH_STRING_MAX ? (uint32_t)bytes : FETCH_STRING_MAX;
}

static bool draft_address(struct draft *draft, const struct follow *follow,
			  const struct type_form *form)
{
	if (!parts_draft_at(draft, follow->origin, follow->offset + form->data, 8, 0))
		return false;
	if (form->skip)
		draft_op(draft, &(struct fetch_op){.code = FETCH_ADD, .imm = form->skip});
	return true;
}

static bool draft_text(struct draft *draft, const struct follow *follow,
		       const struct type_form *form, uint32_t limit)
{
	const struct fetch_op back = {.code = FETCH_ADD, .imm = -(int64_t)form->length_before};
	const struct fetch_op deref = {.code = FETCH_DEREF, .size = 8};
	uint32_t unit = type_form_unit(form);
	const struct fetch_op length = {.code = FETCH_LENGTH,
					.flags = FETCH_LENGTH_SIGNED,
					.next = {unit > 1 ? (uint8_t)unit : 0},
					.imm = limit};
	uint32_t at = form->length_before ? form->data : form->length;
	if (!parts_draft_at(draft, follow->origin, follow->offset + at, 8, 0))
		return false;
	if (form->length_before) {
		draft_op(draft, &back);
		draft_op(draft, &deref);
	}
	draft_op(draft, &length);
	return draft_address(draft, follow, form);
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
	uint32_t size = form->item->size < ITEM_MAX ? form->item->size : ITEM_MAX;
	const struct fetch_op length = {.code = FETCH_LENGTH,
					.flags = FETCH_LENGTH_SIGNED,
					.next = {size & 255, size >> 8},
					.imm = limit};
	if (!parts_draft_at(draft, follow->origin, follow->offset + form->length, 8, 0))
		return false;
	*ret_count = draft_slot(draft, &number) + 1;
	draft_op(draft, &length);
	return draft_address(draft, follow, form);
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

/* Bytes of elements that are read at once. */
static uint32_t items_bytes(const struct plan_builder *builder, const struct type *item)
{
	uint32_t size = item->size, most = builder->options.max_items;
	uint64_t bytes = each_leads_on(item) ? EACH_BYTES_MAX : ITEMS_BYTES_MAX;
	if (most)
		bytes = (uint64_t)size * most;
	if (size > bytes)
		bytes = size;
	return bytes < FETCH_STRING_MAX ? (uint32_t)bytes : FETCH_STRING_MAX;
}

static uint32_t walk_links(const struct type_nodes *nodes)
{
	const uint8_t *links = nodes->links;
	if (nodes->kind == NODES_BLOCKS || nodes->kind == NODES_NUMBERED)
		return nodes->value;
	if (nodes->kind == NODES_CHAIN)
		return links[0];
	return (uint32_t)(links[0] / 8 | links[1] / 8 << 4 | links[2] / 8 << 8);
}

static struct fetch_op walk_op(const struct type_form *form, uint8_t mark)
{
	const struct type_nodes *nodes = form->nodes;
	uint64_t size = form->item->size, value = nodes->value;
	uint64_t read = size < NODE_BYTES_MAX ? size : NODE_BYTES_MAX;
	struct fetch_op op = {.code = FETCH_WALK,
			      .reg = (uint8_t)form->data,
			      .next = {nodes->ends_null ? FETCH_WALK_NULL : nodes->end, 0, mark}};
	static const uint8_t ways[] = {[NODES_CHAIN] = WALK_CHAIN,
				       [NODES_TREE] = WALK_TREE,
				       [NODES_BLOCKS] = WALK_BLOCKS,
				       [NODES_NUMBERED] = WALK_NUMBERED};
	op.size = ways[nodes->kind];
	op.imm = (int64_t)(size | value << 16 | (uint64_t)walk_links(nodes) << 32 | read << 48);
	return op;
}

/* How many there are goes to a slot, where it is known; else one more than are wanted. */
static void draft_number(struct draft *draft, const struct follow *follow, uint32_t limit,
			 struct value *value)
{
	const struct fetch_op number = {.code = FETCH_INT, .size = 8};
	const struct fetch_op more = {.code = FETCH_CONST, .imm = limit + INT64_C(1)};
	const struct fetch_op length = {.code = FETCH_LENGTH, .imm = limit};
	const struct type_form *form = value->type->form;
	if (form->nodes->has_count) {
		parts_draft_at(draft, follow->origin, follow->offset + form->length, 8, 0);
		value->count_slot = draft_slot(draft, &number) + 1;
	} else {
		draft_op(draft, &more);
	}
	draft_op(draft, &length);
}

static struct err *follow_nodes(struct plan_builder *builder, const struct follow *follow)
{
	struct value *value = follow->value;
	const struct type_form *form = value->type->form;
	uint32_t limit = builder->options.max_items ?: NODES_SOME;
	bool leads_on = form->item->size <= NODE_BYTES_MAX && each_leads_on(form->item);
	uint8_t mark = leads_on ? each_new_mark(builder) : 0;
	const struct fetch_op walk = walk_op(form, mark);
	struct draft draft = draft_begin(builder);
	value->in_blob = false;
	value->words = 0;
	if (follow->origin->registers || form->item->size > ITEM_MAX) {
		value->unavailable = follow->origin->registers ? "in a register" : "too large";
		return NULL;
	}
	draft_number(&draft, follow, limit < FETCH_WALK_MAX ? limit : FETCH_WALK_MAX, value);
	draft_ops(&draft, follow->origin->ops, follow->origin->n_ops);
	if (follow->offset)
		draft_op(&draft, &(struct fetch_op){.code = FETCH_ADD, .imm = follow->offset});
	value->slot = draft_slot(&draft, &walk);
	if (!draft_commit(&draft)) {
		value->unavailable = compile_full;
		return NULL;
	}
	return mark ? each_follow(builder, follow, form->item, mark) : NULL;
}

/* The words that have the bits, beside a copy of the container: as many as it has room for, for
 * nothing behind them is read. */
static struct err *follow_bits(struct plan_builder *builder, const struct follow *follow)
{
	struct value *value = follow->value;
	const struct type_form *form = value->type->form;
	const bool has_end = form->item->kind == TYPE_POINTER;
	struct draft draft = draft_begin(builder);
	uint32_t some = builder->options.max_items ?: BITS_SOME;
	const uint32_t limit =
		some < FETCH_STRING_MAX * 8 ? (some + 63) / 64 * 8 : FETCH_STRING_MAX;
	const struct fetch_op end = {.code = FETCH_LENGTH, .flags = FETCH_IN_ALL, .imm = INT64_MAX};
	const struct fetch_op start = {.code = FETCH_LENGTH, .flags = FETCH_TO_END, .imm = limit};
	const struct fetch_op words = {
		.code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .next = {8}, .imm = limit};
	uint32_t room = form->length + (has_end ? TYPE_BITS_END : TYPE_BITS_ROOM);
	bool ok = parts_draft_at(&draft, follow->origin, follow->offset + room, 8, 0);
	draft_op(&draft, has_end ? &end : &words);
	ok = ok && parts_draft_at(&draft, follow->origin, follow->offset + form->data, 8, 0);
	if (has_end)
		draft_op(&draft, &start);
	int slot = draft_slot(
		&draft,
		&(struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_MAYBE, .imm = limit});
	if (!ok || value->slot < 0)
		value->unavailable = ok ? compile_full : "in a register";
	else if (!draft_commit(&draft))
		value->unavailable = compile_full;
	else
		value->text_slot = slot;
	return NULL;
}

struct err *forms_follow(struct plan_builder *builder, const struct follow *follow)
{
	struct value *value = follow->value;
	const struct type_form *form = value->type->form;
	struct draft draft = draft_begin(builder);
	uint32_t limit = builder->options.string_limit;
	if (form->kind == FORM_NODES)
		return follow_nodes(builder, follow);
	if (form->kind == FORM_BITS)
		return follow_bits(builder, follow);
	uint32_t items = form->kind == FORM_TEXT ? text_bytes(form, limit)
						 : items_bytes(builder, form->item);
	bool ok;
	if (form->kind == FORM_TEXT)
		ok = draft_text(&draft, follow, form, items);
	else if (form->kind == FORM_ITEMS)
		ok = draft_items(&draft, follow, form, items, &value->count_slot);
	else
		ok = draft_range(&draft, follow, form, items, &value->count_slot);
	int slot = draft_bytes(&draft, form, follow->maybe, items);
	if (!ok || !draft_commit(&draft)) {
		value->unavailable = ok ? compile_full : "in a register";
		return NULL;
	}
	if (form->has_short && value->slot >= 0) {
		value->text_slot = slot;
		return NULL;
	}
	value->in_blob = false;
	value->words = 0;
	value->slot = slot;
	return form->kind == FORM_TEXT ? NULL : each_follow(builder, follow, form->item, 0);
}
