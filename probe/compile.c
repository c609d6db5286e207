/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/compile.h"

#include <string.h>

#include "probe/compile_draft.h"
#include "probe/regs.h"

/* What is no structure, and too large for a register: arrays, numbers of other machines. */
#define ARRAY_BYTES_MAX 512

const char compile_full[] = "too many values";

void plan_builder_init(struct plan_builder *builder, struct arena *arena,
		       const struct compile_options *options)
{
	*builder = (struct plan_builder){.arena = arena, .options = *options};
}

void plan_builder_deinit(struct plan_builder *builder)
{
	free(builder->values.items);
	free(builder->follows.items);
}

void fetch_add_part(struct fetch_source *source, uint32_t size, const struct fetch_op *ops,
		    uint32_t n_ops, const char *unavailable)
{
	const struct fetch_part *before =
		source->n_parts ? &source->parts[source->n_parts - 1] : NULL;
	if (size > 8 || source->n_parts == FETCH_PARTS_MAX || n_ops > FETCH_PART_OPS) {
		source->unavailable = "in too many places";
		return;
	}
	struct fetch_part *part = &source->parts[source->n_parts++];
	*part = (struct fetch_part){.offset = before ? before->offset + before->size : 0,
				    .size = size,
				    .n_ops = n_ops,
				    .unavailable = unavailable};
	if (n_ops)
		memcpy(part->ops, ops, n_ops * sizeof(*ops));
}

struct fetch_source fetch_from_register(uint8_t reg, uint8_t size, bool is_signed)
{
	struct fetch_source source = {.n_ops = 1};
	source.ops[0] = (struct fetch_op){
		.code = FETCH_REG, .reg = reg, .size = size, .flags = is_signed ? FETCH_SIGNED : 0};
	return source;
}

struct draft draft_begin(struct plan_builder *builder)
{
	return (struct draft){.plan = &builder->plan,
			      .start = builder->plan.n_ops,
			      .n_ops = builder->plan.n_ops,
			      .n_slots = builder->plan.n_slots};
}

/* An offset is added by the operation that reads there: steps are what a hit costs. */
static bool joins_offset(const struct draft *draft, const struct fetch_op *op)
{
	return op->code == FETCH_DEREF && !op->imm && draft->n_ops > draft->start &&
	       draft->plan->ops[draft->n_ops - 1].code == FETCH_ADD;
}

void draft_op(struct draft *draft, const struct fetch_op *op)
{
	if (joins_offset(draft, op)) {
		struct fetch_op *last = &draft->plan->ops[draft->n_ops - 1];
		int64_t offset = last->imm;
		*last = *op;
		last->imm = offset;
	} else if (draft->n_ops >= FETCH_OPS_MAX) {
		draft->full = true;
	} else {
		draft->plan->ops[draft->n_ops++] = *op;
	}
}

void draft_ops(struct draft *draft, const struct fetch_op *ops, uint32_t n_ops)
{
	for (uint32_t i = 0; i < n_ops; i++)
		draft_op(draft, &ops[i]);
}

int draft_slot(struct draft *draft, const struct fetch_op *op)
{
	if (draft->n_slots >= FETCH_SLOTS_MAX)
		draft->full = true;
	draft_op(draft, op);
	return draft->full ? VALUE_NO_SLOT : (int)draft->n_slots++;
}

static void draft_source(struct draft *draft, const struct fetch_source *source)
{
	draft_ops(draft, source->ops, source->n_ops);
}

/* After this the accumulator holds the value itself. */
static void draft_load(struct draft *draft, const struct fetch_source *source, uint8_t size,
		       uint8_t flags)
{
	draft_source(draft, source);
	if (source->is_address)
		draft_op(draft,
			 &(struct fetch_op){.code = FETCH_DEREF, .size = size, .flags = flags});
}

bool draft_commit(struct draft *draft)
{
	if (draft->full)
		return false;
	draft->plan->n_ops = (uint16_t)draft->n_ops;
	draft->plan->n_slots = (uint16_t)draft->n_slots;
	return true;
}

bool compile_is_scalar_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static void add_scalar(struct draft *draft, const struct fetch_source *source,
		       const struct type *type, struct value *value)
{
	uint8_t size = compile_is_scalar_size(type->size) ? (uint8_t)type->size : 8;
	uint8_t flags = type_is_signed(type) ? FETCH_SIGNED : 0;
	draft_load(draft, source, size, flags);
	value->slot = draft_slot(
		draft, &(struct fetch_op){.code = FETCH_INT, .size = size, .flags = flags});
}

/* What the descriptor in the accumulator stands for. */
int draft_file(struct draft *draft, uint8_t flags)
{
	return 1 + draft_slot(draft, &(struct fetch_op){.code = FETCH_FILE, .flags = flags});
}

/* With an array, one for each element: see value.file_slot. */
static void add_array_files(struct draft *draft, const struct fetch_source *source,
			    struct value *value)
{
	const struct type *type = value->type;
	uint32_t size = type->size ? type->size : type->n_members * 4;
	for (uint32_t at = 0; at + 4 <= size; at += 4) {
		draft_source(draft, source);
		draft_op(draft, &(struct fetch_op){.code = FETCH_ADD, .imm = at});
		draft_op(draft,
			 &(struct fetch_op){.code = FETCH_DEREF, .size = 4, .flags = FETCH_SIGNED});
		int slot = draft_file(draft, 0);
		if (!at)
			value->file_slot = slot;
	}
}

static bool is_fd_array(const struct type *type)
{
	return type->kind == TYPE_ARRAY && type->target && type->target->kind == TYPE_FD &&
	       type->target->size == 4;
}

void plan_add_array_files(struct plan_builder *builder, const struct fetch_source *source,
			  struct value *value)
{
	struct draft draft = draft_begin(builder);
	if (!builder->options.files || !is_fd_array(value->type))
		return;
	add_array_files(&draft, source, value);
	if (!draft_commit(&draft))
		value->file_slot = 0;
}

void plan_add_file(struct plan_builder *builder, const struct fetch_source *source, int *ret_slot)
{
	struct draft draft = draft_begin(builder);
	*ret_slot = 0;
	if (!builder->options.files)
		return;
	draft_load(&draft, source, 4, FETCH_SIGNED);
	int slot = draft_file(&draft, 0);
	if (draft_commit(&draft))
		*ret_slot = slot;
}

/* Both what it is and what it would be as a pointer to text. */
static void add_word(struct draft *draft, const struct fetch_source *source, uint32_t limit,
		     struct value *value)
{
	add_scalar(draft, source, value->type, value);
	/* The accumulator still holds it. */
	value->text_slot = draft_slot(
		draft,
		&(struct fetch_op){.code = FETCH_STRING, .flags = FETCH_MAYBE, .imm = limit});
}

static void add_string(struct draft *draft, const struct fetch_source *source, uint32_t limit,
		       struct value *value)
{
	draft_load(draft, source, 8, 0);
	value->slot = draft_slot(
		draft,
		&(struct fetch_op){.code = FETCH_STRING, .flags = FETCH_NULL_OK, .imm = limit});
}

/* Bytes at a pointer; how many is in `length`, or fixed by the type. */
static void add_bytes(struct draft *draft, const struct fetch_source *source,
		      const struct fetch_source *length, const struct type *type, uint32_t limit,
		      struct value *value)
{
	struct fetch_op constant = {.code = FETCH_CONST, .imm = type->size};
	if (length)
		draft_load(draft, length, 8, FETCH_SIGNED);
	else
		draft_op(draft, &constant);
	draft_op(draft, &(struct fetch_op){
				.code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = limit});
	draft_load(draft, source, 8, 0);
	value->slot = draft_slot(
		draft,
		&(struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = limit});
}

static int add_copy(struct draft *draft, const struct fetch_source *source, uint32_t size)
{
	uint32_t copied = size < ARRAY_BYTES_MAX ? size : ARRAY_BYTES_MAX;
	draft_source(draft, source);
	return draft_slot(
		draft,
		&(struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = copied});
}

/* The accumulator still holds a scalar. What no longer fits is left out. */
static void add_files(struct plan_builder *builder, const struct fetch_source *source,
		      struct value *value)
{
	struct draft draft = draft_begin(builder);
	if (value->type->kind == TYPE_FD)
		value->file_slot = draft_file(&draft, FETCH_CWD);
	else if (source->is_address && is_fd_array(value->type))
		add_array_files(&draft, source, value);
	if (!draft_commit(&draft))
		value->file_slot = 0;
}

static void add_plain(struct plan_builder *builder, const struct fetch_source *source,
		      const struct fetch_source *length, struct value *value)
{
	struct draft draft = draft_begin(builder);
	const struct type *type = value->type;
	uint32_t limit = builder->options.string_limit;
	bool counted = length && !length->unavailable;
	if (type->kind == TYPE_STRING && !type->length_arg)
		add_string(&draft, source, limit, value);
	else if (type->kind == TYPE_WORD && type->size == 8)
		add_word(&draft, source, limit, value);
	else if (type->kind == TYPE_STRING || type->kind == TYPE_BYTES)
		add_bytes(&draft, source, counted ? length : NULL, type, limit, value);
	else if (source->is_address &&
		 (type->kind == TYPE_ARRAY || !compile_is_scalar_size(type->size)))
		value->slot = add_copy(&draft, source, type->size);
	else
		add_scalar(&draft, source, type, value);
	if (!draft_commit(&draft))
		value->unavailable = compile_full;
	else if (builder->options.files)
		add_files(builder, source, value);
}

/* An array in registers, or a number in several of them. */
static bool is_bare(const struct fetch_source *source, const struct type *type)
{
	uint32_t room = source->n_parts ? 8 * source->n_parts : 8;
	if (type_is_wide_number(type))
		return source->n_parts;
	return type->kind == TYPE_ARRAY && !source->is_address && type->size && type->size <= room;
}

struct err *plan_add_value(struct plan_builder *builder, const char *name, const struct type *type,
			   const struct fetch_source *source, const struct fetch_source *length)
{
	struct value *kept = array_push(&builder->values);
	if (!kept)
		return &err_nomem;
	struct value value = {.name = name, .type = type, .slot = VALUE_NO_SLOT};
	struct err *e = NULL;
	if (source->unavailable)
		value.unavailable = source->unavailable;
	else if (type->kind == TYPE_STRUCT && type->n_members && type->size)
		e = parts_add_struct(builder, source, &value);
	else if (is_bare(source, type))
		e = parts_add_bare(builder, source, &value);
	else if (source->n_parts)
		value.unavailable = "in several places";
	else
		add_plain(builder, source, length, &value);
	if (!value.unavailable && each_is_list(name, type))
		each_add_strings(builder, source, &value);
	else if (!e && !value.unavailable && type->kind == TYPE_POINTER && builder->options.depth)
		e = parts_add_target(builder, source, &value);
	if (value.unavailable)
		value.slot = VALUE_NO_SLOT;
	*kept = value;
	return e;
}

int plan_keep_word(struct plan_builder *builder, const struct fetch_source *source, uint8_t size,
		   bool is_signed)
{
	struct draft draft = draft_begin(builder);
	uint8_t flags = is_signed ? FETCH_SIGNED : 0;
	if (source->unavailable || source->n_parts || builder->n_words == REGS_KEPT)
		return -1;
	draft_load(&draft, source, size, flags);
	/* What lies in a register was loaded as it is. */
	struct fetch_op *last = &builder->plan.ops[draft.n_ops - 1];
	if (!draft.full && last->code == FETCH_REG) {
		last->size = size;
		last->flags = flags;
	}
	draft_op(&draft, &(struct fetch_op){.code = FETCH_KEEP, .reg = (uint8_t)builder->n_words});
	return draft_commit(&draft) ? (int)builder->n_words++ : -1;
}

int plan_add_slot(struct plan_builder *builder, const struct fetch_op *ops, size_t n_ops)
{
	struct draft draft = draft_begin(builder);
	for (size_t i = 0; i + 1 < n_ops; i++)
		draft_op(&draft, &ops[i]);
	int slot = draft_slot(&draft, &ops[n_ops - 1]);
	return draft_commit(&draft) ? slot : VALUE_NO_SLOT;
}

static bool is_same_text(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

/* Whatever points into its own list differs. */
static bool is_same_value(const struct value *one, const struct value *other)
{
	struct value named = *one;
	if (!is_same_text(one->name, other->name))
		return false;
	named.name = other->name;
	/* Bytes of padding may differ where nothing else does: then it is made once more. */
	const void *bytes = &named, *others = other;
	return memcmp(bytes, others, sizeof(named)) == 0;
}

static bool is_made(const struct plan_builder *builder)
{
	const struct plan_made *made = builder->made;
	size_t size = fetch_plan_size(&builder->plan);
	if (!made || !made->plan || made->plan->n_ops != builder->plan.n_ops ||
	    made->values.count != builder->values.count ||
	    made->values.shows_code != builder->shows_code ||
	    memcmp(made->plan, &builder->plan, size) != 0)
		return false;
	for (size_t i = 0; i < made->values.count; i++)
		if (!is_same_value(&made->values.items[i], &builder->values.items[i]))
			return false;
	return true;
}

struct err *plan_finish(struct plan_builder *builder, const struct fetch_plan **ret_plan,
			struct value_list *ret_values)
{
	size_t count = builder->values.count;
	struct value *items = NULL;
	struct err *e = parts_follow(builder);
	if (e)
		return e;
	if (is_made(builder)) {
		*ret_plan = builder->made->plan;
		*ret_values = builder->made->values;
		return NULL;
	}
	if (count) {
		items = arena_copy(builder->arena, builder->values.items, count * sizeof(*items));
		if (!items)
			return &err_nomem;
	}
	const struct fetch_plan *plan = NULL;
	if (builder->plan.n_ops) {
		plan = arena_copy(builder->arena, &builder->plan, fetch_plan_size(&builder->plan));
		if (!plan)
			return &err_nomem;
	}
	*ret_plan = plan;
	*ret_values = (struct value_list){
		.items = items,
		.count = count,
		.place_slot = builder->place_slot,
		.shows_code = builder->shows_code,
	};
	if (builder->made)
		*builder->made = (struct plan_made){plan, *ret_values};
	return NULL;
}
