/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the elements of an array lead to: texts, further elements, structures. One operation for
 * each pointer that an element has: see FETCH_EACH. What these make are lists; where their elements
 * lead on in turn, more operations go on from there, level by level.
 */
#include <string.h>

#include "probe/compile_parts.h"

/* Pointers of one element that are followed, and how deep they may lie in it. */
#define EACH_PER_ITEM 6
#define EACH_NESTING  6
/* Bytes read of what one element leads to, if it is neither text nor a structure; so many elements
 * of those that lead on. */
#define EACH_ITEMS_MAX 128
#define EACH_SOME      8
#define EACH_NUMBER    0xffff /* as one of the four numbers of an operation */
#define EACH_BYTES_MAX 512
#define EACH_STRINGS   64 /* of an array up to its NULL */

struct each {
	struct plan_builder *builder;
	uint32_t stride;
	uint32_t level;	  /* of structures and containers: see struct follow */
	uint8_t source;	  /* mark of the list where the elements are, plus one; 0: an array */
	bool only_texts;  /* what pointers lead to lies too deep */
	bool no_elements; /* what else is in containers, too */
	struct value_each found[EACH_PER_ITEM];
	struct fetch_op ops[EACH_PER_ITEM];
	uint32_t count;
};

/* Of elements in a list, what was copied is read, by whole words. */
static bool is_in_reach(const struct each *each, const struct fetch_op *op, uint32_t offset,
			uint32_t pointer, uint32_t second)
{
	if (pointer > EACH_NUMBER || second > EACH_NUMBER)
		return false;
	if (!each->source)
		return true;
	bool has_second = second && op->size != EACH_BEFORE;
	return !(offset % 8) && !(pointer % 8) && pointer + 8 <= each->stride &&
	       (!has_second || (!(second % 8) && second + 8 <= each->stride));
}

static void found_one(struct each *each, uint32_t offset, const struct type *type,
		      struct fetch_op op, uint32_t pointer, uint32_t second, uint32_t limit)
{
	if (each->count == EACH_PER_ITEM || !is_in_reach(each, &op, offset, pointer, second))
		return;
	op.shift = each->source;
	op.code = FETCH_EACH;
	op.imm = (int64_t)((uint64_t)each->stride | (uint64_t)pointer << 16 |
			   (uint64_t)second << 32 | (uint64_t)limit << 48);
	each->found[each->count] = (struct value_each){.offset = offset, .type = type};
	each->ops[each->count++] = op;
}

static void add_text(struct each *each, const struct type *type, uint32_t at)
{
	const struct type_form *form = type->form;
	uint32_t unit = type_form_unit(form);
	uint32_t limit = (each->builder ? each->builder->options.string_limit : 1) * unit;
	struct fetch_op op = {
		.size = EACH_ITEMS, .flags = FETCH_NULL_OK | FETCH_MAYBE, .next = {(uint8_t)unit}};
	if (form->length_before)
		op.size = EACH_BEFORE;
	else if (form->has_short && at > UINT8_MAX)
		return;
	else if (form->has_short && form->data) /* else text may look like an address */
		op.size = EACH_SHORT;
	op.reg = (uint8_t)at;
	found_one(each, at, type, op, at + form->data, form->length_before ?: at + form->length,
		  limit < FETCH_STRING_MAX ? limit : FETCH_STRING_MAX);
}

/* What is read of a container in an element. */
static uint32_t items_limit(const struct plan_builder *builder, const struct type *item)
{
	uint32_t size = item->size, some = EACH_ITEMS_MAX;
	if (size * EACH_SOME > some && each_leads_on(item))
		some = size * EACH_SOME;
	if (builder && builder->options.max_items && builder->options.max_items < EACH_NUMBER)
		some = size * builder->options.max_items;
	if (some > EACH_BYTES_MAX && (!builder || !builder->options.max_items))
		some = EACH_BYTES_MAX;
	some = some < FETCH_STRING_MAX ? some : FETCH_STRING_MAX;
	return some < size && size <= FETCH_STRING_MAX ? size : some;
}

static void add_items(struct each *each, const struct type *type, uint32_t at)
{
	const struct type_form *form = type->form;
	uint32_t size = form->item->size;
	struct fetch_op op = {.size = form->kind == FORM_RANGE ? EACH_RANGE : EACH_ITEMS,
			      .flags = FETCH_NULL_OK | FETCH_MAYBE,
			      .next = {size & 255, (size >> 8) & 255}};
	if (size <= EACH_NUMBER && !each->no_elements)
		found_one(each, at, type, op, at + form->data, at + form->length,
			  items_limit(each->builder, form->item));
}

static void add_pointer(struct each *each, const struct type *type, uint32_t at)
{
	struct fetch_op op = {.size = EACH_BYTES, .flags = FETCH_NULL_OK};
	uint32_t size = type->target->size;
	if (type->target->kind == TYPE_STRUCT && each->builder)
		size = parts_copied_bytes(each->builder, type->target);
	found_one(each, at, type, op, at, 0, size);
}

static void look(struct each *each, const struct type *type, uint32_t at, int nesting)
{
	const struct type_form *form = type->form;
	static const struct fetch_op text = {.size = EACH_TEXT,
					     .flags = FETCH_NULL_OK | FETCH_MAYBE};
	if (nesting > EACH_NESTING)
		return;
	if (type->kind == TYPE_STRING && !type->length_arg)
		found_one(each, at, type, text, at, 0,
			  each->builder ? each->builder->options.string_limit : 1);
	else if (type->kind == TYPE_POINTER && !each->only_texts &&
		 (parts_leads_to_struct(type) || parts_leads_to_scalar(type)))
		add_pointer(each, type, at);
	if (type->kind == TYPE_ARRAY && type->target && type->target->size)
		for (uint32_t i = 0; each->count < EACH_PER_ITEM &&
				     i < type->size / type->target->size && i < EACH_PER_ITEM;
		     i++)
			look(each, type->target, at + i * type->target->size, nesting + 1);
	if (type->kind != TYPE_STRUCT)
		return;
	if (form && form->skip) /* no operation for elements has that */
		return;
	if (form && form->kind == FORM_TEXT)
		add_text(each, type, at);
	else if (form && (form->kind == FORM_ITEMS || form->kind == FORM_RANGE))
		add_items(each, type, at);
	else if (form && (form->kind == FORM_OWNER || form->kind == FORM_OPTIONAL))
		look(each, form->item, at + form->data, nesting + 1);
	else if (!form || form->kind == FORM_VARIANTS)
		for (uint32_t i = 0; i < type->n_members && each->count < EACH_PER_ITEM; i++)
			if (!type->members[i].bit_size)
				look(each, type->members[i].type, at + type->members[i].offset,
				     nesting + 1);
}

bool each_leads_on(const struct type *item)
{
	struct each each = {.stride = item->size};
	if (item->size > EACH_NUMBER || !item->size)
		return false;
	look(&each, item, 0, 0);
	return each.count;
}

uint8_t each_new_mark(struct plan_builder *builder)
{
	return builder->n_marks < FETCH_MARKS ? (uint8_t)++builder->n_marks : 0;
}

/* What was found by this one, and the bytes of an element of it; NULL: nothing that leads on. */
static const struct type *each_found(const struct plan_builder *builder, const struct type *type,
				     uint32_t *ret_stride)
{
	const struct type *item = NULL;
	if (type->kind == TYPE_POINTER)
		item = type->target;
	else if (type->kind == TYPE_STRUCT && type->form && type->form->kind != FORM_TEXT)
		item = type->form->item;
	if (!item ||
	    (item->kind != TYPE_STRUCT && item->kind != TYPE_STRING && item->kind != TYPE_POINTER))
		return NULL;
	*ret_stride = item->size;
	if (type->kind == TYPE_POINTER && item->kind == TYPE_STRUCT)
		*ret_stride = parts_copied_bytes(builder, item);
	/* Of arrays, the next element must begin with a word. */
	bool fits = type->kind == TYPE_POINTER || !(item->size % 8);
	return fits && *ret_stride && each_leads_on(item) ? item : NULL;
}

/* Is it worth to go on from what this one finds? Later, as others are nearer. */
static struct err *follow_found(const struct each *each, struct value_each *found,
				struct fetch_op *op)
{
	struct plan_builder *builder = each->builder;
	uint32_t stride;
	if (!each_found(builder, found->type, &stride))
		return NULL;
	uint8_t mark = each_new_mark(builder);
	struct follow *follow = mark ? array_push(&builder->follows) : NULL;
	if (mark && !follow)
		return &err_nomem;
	if (!mark)
		return NULL;
	op->next[2] = mark;
	*follow = (struct follow){.each = found, .mark = mark, .level = each->level + 1};
	return NULL;
}

/* Those that fit. */
static struct err *add(struct each *each, const struct value_each **ret, size_t *ret_count)
{
	uint32_t count = 0;
	struct plan_builder *builder = each->builder;
	struct value_each *kept =
		arena_copy(builder->arena, each->found, each->count * sizeof(each->found[0]));
	if (each->count && !kept)
		return &err_nomem;
	for (; count < each->count; count++) {
		struct draft draft = draft_begin(builder);
		kept[count].slot = draft_slot(&draft, &each->ops[count]);
		if (!draft_commit(&draft))
			break;
		struct err *e = follow_found(each, &kept[count],
					     &builder->plan.ops[builder->plan.n_ops - 1]);
		if (e)
			return e;
	}
	*ret = count ? kept : NULL;
	*ret_count = count;
	return NULL;
}

/* Nothing but the name tells such a pointer from one to a single string. The environment may hold
 * secrets, and is not shown unasked. */
bool each_is_list(const char *name, const struct type *type)
{
	static const char list[] = "argv";
	size_t length = strlen(name), tail = strlen(list);
	if (type->kind != TYPE_POINTER || !type->target || type->target->kind != TYPE_STRING ||
	    type->is_out)
		return false;
	return type->is_list || (length >= tail && !strcmp(name + length - tail, list) &&
				 (length == tail || name[length - tail - 1] == '_'));
}

void each_add_strings(struct plan_builder *builder, const struct fetch_source *source,
		      struct value *value)
{
	static const struct type text = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
	static const struct type list = {.kind = TYPE_ARRAY, .name = "char **", .target = &text};
	uint32_t most = builder->options.max_items;
	most = most > EACH_STRINGS ? most : EACH_STRINGS;
	const uint32_t size = ((most < FETCH_EACH_MAX ? most : FETCH_EACH_MAX) + 1) * 8;
	struct draft draft = draft_begin(builder);
	uint64_t limit = builder->options.string_limit;
	draft_op(&draft, &(struct fetch_op){.code = FETCH_CONST, .imm = size});
	draft_op(&draft, &(struct fetch_op){.code = FETCH_LENGTH, .imm = size});
	draft_ops(&draft, source->ops, source->n_ops);
	if (source->is_address)
		draft_op(&draft, &(struct fetch_op){.code = FETCH_DEREF, .size = 8});
	int slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_EACH,
							 .size = EACH_TEXT,
							 .flags = FETCH_MAYBE | FETCH_EACH_TO_NULL,
							 .imm = (int64_t)(8 | limit << 48)});
	if (!draft_commit(&draft))
		return;
	value->type = &list;
	value->slot = slot;
}

static struct each each_begin(struct plan_builder *builder, uint32_t stride, uint32_t level)
{
	return (struct each){.builder = builder,
			     .stride = stride,
			     .level = level,
			     .only_texts = level >= builder->options.depth};
}

struct err *each_follow(struct plan_builder *builder, const struct follow *follow,
			const struct type *item, uint8_t mark)
{
	struct each each = each_begin(builder, item->size, follow->level);
	each.source = mark;
	if (item->size > EACH_NUMBER)
		return NULL;
	look(&each, item, 0, 0);
	return add(&each, &follow->value->each, &follow->value->n_each);
}

struct err *each_follow_list(struct plan_builder *builder, const struct follow *follow)
{
	uint32_t stride;
	const struct type *item = each_found(builder, follow->each->type, &stride);
	if (!item || stride > EACH_NUMBER)
		return NULL;
	struct each each = each_begin(builder, stride, follow->level);
	each.source = follow->mark;
	each.no_elements = follow->level > builder->options.depth;
	look(&each, item, 0, 0);
	follow->each->stride = stride;
	return add(&each, &follow->each->inner, &follow->each->n_inner);
}

struct err *each_follow_array(struct plan_builder *builder, const struct follow *follow)
{
	const struct type *type = follow->value->type;
	struct each each = each_begin(builder, type->target->size, follow->level);
	struct draft draft = draft_begin(builder);
	look(&each, type->target, 0, 0);
	draft_op(&draft, &(struct fetch_op){.code = FETCH_CONST, .imm = type->size});
	draft_op(&draft, &(struct fetch_op){.code = FETCH_LENGTH, .imm = FETCH_STRING_MAX});
	draft_ops(&draft, follow->origin->ops, follow->origin->n_ops);
	draft_op(&draft, &(struct fetch_op){.code = FETCH_ADD, .imm = follow->offset});
	if (!each.count || follow->maybe || draft.n_ops >= FETCH_OPS_MAX || !draft_commit(&draft))
		return NULL;
	return add(&each, &follow->value->each, &follow->value->n_each);
}
