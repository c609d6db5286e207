/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structures, and what pointers lead to.
 *
 * A structure is copied as bytes, and its members are found in the copy. What pointers inside of it
 * lead to is read by operations of its own, after all arguments and level by level: a plan has room
 * for so many, and what is nearest to the arguments matters most.
 */
#include <string.h>

#include "probe/compile_parts.h"

/* So many bytes are copied of a structure; more when more members were asked for. */
#define STRUCT_BYTES_MIN 256
#define STRUCT_BYTES_MAX 4000
#define MEMBERS_DEFAULT	 32
/* Of an array that a pointer leads to. */
#define ARRAY_BYTES_MAX 512
/* Of all structures that lie in others by pointer. */
#define FOLLOWED_BYTES_MAX 1024
static uint32_t max_members(const struct plan_builder *builder)
{
	return builder->options.max_members ?: MEMBERS_DEFAULT;
}

/* Up to the last member that is shown, within bounds. */
uint32_t parts_copied_bytes(const struct plan_builder *builder, const struct type *type)
{
	uint32_t count = max_members(builder), end = 0;
	uint32_t limit = 8 * count > STRUCT_BYTES_MIN ? 8 * count : STRUCT_BYTES_MIN;
	for (uint32_t i = 0; i < type->n_members && i < count; i++) {
		const struct type_member *member = &type->members[i];
		uint32_t bytes = member->bit_size ? (member->bit_offset + member->bit_size + 7U) / 8
						  : member->type->size;
		uint32_t last;
		if (__builtin_add_overflow(member->offset, bytes, &last))
			last = limit;
		end = last > end ? last : end;
	}
	end = end < type->size ? end : type->size;
	limit = limit < STRUCT_BYTES_MAX ? limit : STRUCT_BYTES_MAX;
	return end < limit ? end : limit;
}

/* --- pointers, later ------------------------------------------------------------------------- */

struct err *parts_follow_later(const struct parts *parts, struct value *value, uint32_t offset)
{
	struct follow *follow = array_push(&parts->builder->follows);
	if (!follow)
		return &err_nomem;
	*follow = (struct follow){.value = value,
				  .origin = parts->origin,
				  .offset = offset,
				  .level = parts->level,
				  .maybe = parts->maybe};
	return NULL;
}

/* The part that has this byte; NULL: none. */
static const struct fetch_part *part_at(const struct fetch_source *source, uint32_t offset)
{
	for (uint32_t i = 0; i < source->n_parts; i++)
		if (offset - source->parts[i].offset < source->parts[i].size)
			return &source->parts[i];
	return NULL;
}

bool parts_draft_at(struct draft *draft, const struct origin *origin, uint32_t offset, uint8_t size,
		    uint8_t flags)
{
	if (origin->registers) {
		const struct fetch_source *source = origin->registers;
		const struct fetch_part *part = part_at(source, offset);
		if (source->n_parts && part && part->offset == offset && part->size >= size)
			draft_ops(draft, part->ops, part->n_ops);
		else if (!source->n_parts && !offset)
			draft_ops(draft, source->ops, source->n_ops);
		else
			return false;
		return true;
	}
	draft_ops(draft, origin->ops, origin->n_ops);
	if (offset)
		draft_op(draft, &(struct fetch_op){.code = FETCH_ADD, .imm = offset});
	draft_op(draft, &(struct fetch_op){.code = FETCH_DEREF, .size = size, .flags = flags});
	return true;
}

static void follow_text(struct plan_builder *builder, const struct follow *follow)
{
	struct value *value = follow->value;
	struct draft draft = draft_begin(builder);
	bool ok = parts_draft_at(&draft, follow->origin, follow->offset, 8, 0);
	uint8_t flags = follow->maybe ? FETCH_NULL_OK | FETCH_MAYBE : FETCH_NULL_OK;
	value->in_blob = false;
	value->words = 0;
	value->slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_STRING,
							    .flags = flags,
							    .imm = builder->options.string_limit});
	if (ok && draft_commit(&draft))
		return;
	value->slot = VALUE_NO_SLOT;
	value->unavailable = ok ? compile_full : "in a register";
}

static void follow_file(struct plan_builder *builder, const struct follow *follow)
{
	struct draft draft = draft_begin(builder);
	bool ok = parts_draft_at(&draft, follow->origin, follow->offset, 4, FETCH_SIGNED);
	int slot = draft_file(&draft, FETCH_CWD);
	if (ok && draft_commit(&draft))
		follow->value->file_slot = slot;
}

static struct err *add_target(struct plan_builder *builder, struct origin *way, uint32_t level,
			      struct value *value);

static struct err *follow_pointer(struct plan_builder *builder, const struct follow *follow)
{
	struct draft draft = draft_begin(builder);
	uint32_t start = draft.n_ops;
	struct origin way = {0};
	if (!parts_draft_at(&draft, follow->origin, follow->offset, 8, FETCH_NULL_OK) ||
	    draft.full || draft.n_ops - start > ORIGIN_OPS_MAX)
		return NULL;
	way.n_ops = draft.n_ops - start;
	memcpy(way.ops, &draft.plan->ops[start], way.n_ops * sizeof(way.ops[0]));
	return add_target(builder, &way, follow->level + 1, follow->value);
}

struct err *parts_follow(struct plan_builder *builder)
{
	struct err *e = NULL;
	/* More are appended on the way. */
	for (size_t i = 0; !e && i < builder->follows.count; i++) {
		struct follow follow = builder->follows.items[i];
		if (follow.each)
			e = each_follow_list(builder, &follow);
		else if (follow.value->type->kind == TYPE_STRING)
			follow_text(builder, &follow);
		else if (follow.value->type->kind == TYPE_FD)
			follow_file(builder, &follow);
		else if (follow.value->type->kind == TYPE_STRUCT)
			e = forms_follow(builder, &follow);
		else if (follow.value->type->kind == TYPE_ARRAY)
			e = each_follow_array(builder, &follow);
		else
			e = follow_pointer(builder, &follow);
	}
	builder->follows.count = 0;
	return e;
}

/* --- members --------------------------------------------------------------------------------- */

static struct err *add_members(const struct parts *parts, const struct type *type,
			       struct value *ret);

/* Is it a part of the structure around it in all but layout? A base class has its type's name. */
static bool is_inline(const struct type_member *member)
{
	return !*member->name || !strcmp(member->name, member->type->name);
}

static struct err *add_inner(const struct parts *parts, const struct type_member *member,
			     struct value *ret)
{
	struct parts inner = *parts;
	inner.base = ret->offset;
	inner.nesting++;
	if (!is_inline(member))
		inner.level++;
	if (inner.level > parts->builder->options.depth || inner.nesting > NESTING_MAX ||
	    !member->type->n_members) {
		ret->cut = member->type->size > 1 || member->type->n_members;
		return NULL;
	}
	return add_members(&inner, member->type, ret);
}

const char *parts_missing(const struct origin *origin, uint32_t offset, uint32_t size)
{
	const struct fetch_source *source = origin->registers;
	for (uint32_t at = offset; source && source->n_parts && at < offset + (size ?: 1);) {
		const struct fetch_part *part = part_at(source, at);
		if (!part || part->unavailable)
			return part ? part->unavailable : "optimised out";
		at = part->offset + part->size;
	}
	return NULL;
}

/* From the bytes of the structure to those of the slot that has them. Across slots, only whole
 * ones lie one behind the other. */
static void find_slot(const struct origin *origin, uint32_t size, struct value *value)
{
	const struct fetch_source *source = origin->registers;
	const struct fetch_part *part = source ? part_at(source, value->offset) : NULL;
	if (!part)
		return;
	uint32_t index = (uint32_t)(part - source->parts);
	value->offset -= part->offset;
	value->slot += (int)index;
	value->words = 1;
	for (; value->words * 8U < value->offset + size; value->words++, part++)
		if (part->size != 8)
			break;
	if (value->words * 8U < value->offset + size ||
	    (value->words == 1 && value->offset + size > part->size))
		value->unavailable = "in several places";
}

bool parts_leads_to_struct(const struct type *type)
{
	return type->kind == TYPE_POINTER && type->target && type->target->kind == TYPE_STRUCT &&
	       type->target->n_members && type->target->size;
}

/* A byte without a sign is a buffer's first one, as a rule. */
bool parts_leads_to_scalar(const struct type *type)
{
	const struct type *target = type->kind == TYPE_POINTER ? type->target : NULL;
	bool is_long = target && target->kind == TYPE_FLOAT && target->size == 16;
	if (!target ||
	    (!compile_is_scalar_size(target->size) && !type_is_wide_number(target) && !is_long))
		return false;
	switch (target->kind) {
	case TYPE_CHAR: /* C's are text */
		return !type_wide_target(type) && (target->size > 1 || strchr(type->name, '&'));
	case TYPE_UINT:
		return target->size > 1;
	case TYPE_INT:
	case TYPE_BOOL:
	case TYPE_FLOAT:
	case TYPE_ENUM:
	case TYPE_FLAGS:
		return true;
	default:
		return false;
	}
}

bool parts_leads_to_array(const struct type *type)
{
	const struct type *target = type->kind == TYPE_POINTER ? type->target : NULL;
	return target && target->kind == TYPE_ARRAY && target->size && target->target &&
	       target->target->size;
}

struct err *parts_add_member(const struct parts *parts, const struct type_member *member,
			     struct value *ret)
{
	const struct type *type = member->type;
	const struct plan_builder *builder = parts->builder;
	*ret = (struct value){.name = member->name,
			      .type = type,
			      .slot = parts->origin->slot,
			      .words = parts->origin->words,
			      .in_blob = true,
			      .offset = parts->base + member->offset,
			      .bit_size = member->bit_size,
			      .bit_offset = member->bit_offset};
	if (type->kind == TYPE_STRUCT && type->form)
		return forms_add(parts, ret);
	if (type->kind == TYPE_STRUCT)
		return add_inner(parts, member, ret);
	uint32_t offset = ret->offset;
	uint32_t size =
		member->bit_size ? (member->bit_offset + member->bit_size + 7U) / 8 : type->size;
	ret->unavailable = parts_missing(parts->origin, offset, size);
	if (ret->unavailable)
		return NULL;
	find_slot(parts->origin, size, ret);
	if (type->kind == TYPE_ARRAY)
		ret->levels = (uint8_t)(builder->options.depth - parts->level + 1);
	if (type->kind == TYPE_ARRAY && !parts->origin->registers && type->target &&
	    each_leads_on(type->target))
		return parts_follow_later(parts, ret, offset);
	if (type->kind == TYPE_BYTES)
		ret->unavailable = "buffer";
	else if (type->kind == TYPE_STRING ||
		 (type->kind == TYPE_FD && type->size == 4 && builder->options.files) ||
		 (parts_leads_to_struct(type) && parts->level < builder->options.depth) ||
		 parts_leads_to_scalar(type) || parts_leads_to_array(type) ||
		 type_wide_target(type))
		return parts_follow_later(parts, ret, offset);
	return NULL;
}

/* Was nothing of it copied? */
static bool is_beyond(const struct parts *parts, const struct type_member *member)
{
	uint32_t start = parts->base + member->offset;
	uint32_t size = member->bit_size ? (member->bit_offset + member->bit_size + 7U) / 8
					 : member->type->size;
	bool has_parts = member->type->kind == TYPE_ARRAY || member->type->kind == TYPE_STRUCT;
	if (start < parts->base || start > parts->origin->copied)
		return true;
	uint32_t left = parts->origin->copied - start;
	return has_parts ? size && !left : size > left;
}

static struct err *add_members(const struct parts *parts, const struct type *type,
			       struct value *ret)
{
	struct plan_builder *builder = parts->builder;
	uint32_t limit = max_members(builder), count = 0;
	uint32_t some = type->n_members < limit ? type->n_members : limit;
	struct value *members = arena_array(builder->arena, some ?: 1, sizeof(*members));
	struct err *e = members ? NULL : &err_nomem;
	ret->cut = type->n_members > some;
	for (uint32_t i = 0; !e && i < some; i++) {
		if (is_beyond(parts, &type->members[i]) || builder->n_members == VALUES_MAX) {
			ret->cut = true;
			continue;
		}
		builder->n_members++;
		e = parts_add_member(parts, &type->members[i], &members[count++]);
	}
	ret->members = members;
	ret->n_members = count;
	return e;
}

/* --- structures ------------------------------------------------------------------------------ */

/* Takes a copy of the structure whose address the operations of `way` give. */
static bool copy_struct(struct plan_builder *builder, struct origin *way, const struct type *type)
{
	struct draft draft = draft_begin(builder);
	if (type->form && !forms_need_copy(type->form)) {
		way->slot = VALUE_NO_SLOT;
		return true;
	}
	way->copied = type->form ? type->size : parts_copied_bytes(builder, type);
	if (way->copied > STRUCT_BYTES_MAX)
		way->copied = STRUCT_BYTES_MAX;
	draft_ops(&draft, way->ops, way->n_ops);
	way->slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_BYTES,
							  .flags = FETCH_NULL_OK,
							  .imm = way->copied});
	return draft_commit(&draft);
}

/* One slot for each register. */
static bool copy_registers(struct plan_builder *builder, const struct fetch_source *source,
			   uint32_t size, struct origin *way)
{
	static const struct fetch_op nothing = {.code = FETCH_CONST};
	struct draft draft = draft_begin(builder);
	way->words = (uint8_t)(source->n_parts ?: 1);
	way->copied = source->n_parts ? size : 8;
	for (uint32_t i = 0; i < way->words; i++) {
		const struct fetch_part *part = &source->parts[i];
		if (!source->n_parts)
			draft_ops(&draft, source->ops, source->n_ops);
		else if (part->unavailable)
			draft_op(&draft, &nothing);
		else
			draft_ops(&draft, part->ops, part->n_ops);
		int slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_INT, .size = 8});
		way->slot = i ? way->slot : slot;
	}
	return draft_commit(&draft);
}

static struct err *open_struct(struct plan_builder *builder, const struct origin *way,
			       const struct type *type, uint32_t level, struct value *value)
{
	const struct origin *origin = arena_copy(builder->arena, way, sizeof(*way));
	struct parts parts = {.builder = builder, .origin = origin, .level = level};
	if (!origin)
		return &err_nomem;
	return type->form ? forms_add_whole(&parts, type, value) : add_members(&parts, type, value);
}

struct err *parts_add_struct(struct plan_builder *builder, const struct fetch_source *source,
			     struct value *value)
{
	struct origin way = {0};
	bool ok;
	if (source->is_address) {
		way.n_ops = source->n_ops;
		memcpy(way.ops, source->ops, source->n_ops * sizeof(way.ops[0]));
		ok = copy_struct(builder, &way, value->type);
	} else {
		way.registers = arena_copy(builder->arena, source, sizeof(*source));
		if (!way.registers)
			return &err_nomem;
		ok = copy_registers(builder, way.registers, value->type->size, &way);
	}
	if (!ok) {
		value->unavailable = compile_full;
		return NULL;
	}
	value->slot = way.slot;
	/* Several results are no structure that the programmer has made. */
	uint32_t level = type_is_go_results(value->type) ? 0 : 1;
	return open_struct(builder, &way, value->type, level, value);
}

/* As the only member of a structure. Nothing of it leads on, which would need it in the arena. */
struct err *parts_add_bare(struct plan_builder *builder, const struct fetch_source *source,
			   struct value *value)
{
	const struct type_member whole = {.name = value->name, .type = value->type};
	struct origin way = {.registers = arena_copy(builder->arena, source, sizeof(*source))};
	if (!way.registers)
		return &err_nomem;
	if (!copy_registers(builder, way.registers, value->type->size, &way)) {
		value->unavailable = compile_full;
		return NULL;
	}
	const struct origin *origin = arena_copy(builder->arena, &way, sizeof(way));
	const struct parts parts = {.builder = builder, .origin = origin, .level = 1};
	return origin ? parts_add_member(&parts, &whole, value) : &err_nomem;
}

static struct err *add_scalar_target(struct plan_builder *builder, const struct origin *way,
				     struct value *value)
{
	const struct type *target = value->type->target;
	struct draft draft = draft_begin(builder);
	struct value *copy = arena_alloc(builder->arena, sizeof(*copy));
	if (!copy)
		return &err_nomem;
	*copy = (struct value){.name = "", .type = target, .in_blob = true};
	copy->boxed = !strchr(value->type->name, '&');
	draft_ops(&draft, way->ops, way->n_ops);
	copy->slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_BYTES,
							   .flags = FETCH_NULL_OK,
							   .imm = target->size});
	if (draft_commit(&draft)) {
		value->copy = copy;
		value->copy_slot = copy->slot + 1;
	}
	return NULL;
}

/* As of an array in a structure, a part may be copied. */
static struct err *add_array_target(struct plan_builder *builder, struct origin *way,
				    uint32_t level, struct value *value)
{
	const struct type *target = value->type->target;
	const struct type_member whole = {.name = "", .type = target};
	struct draft draft = draft_begin(builder);
	struct value *copy = arena_alloc(builder->arena, sizeof(*copy));
	if (!copy)
		return &err_nomem;
	way->copied = target->size < ARRAY_BYTES_MAX ? target->size : ARRAY_BYTES_MAX;
	draft_ops(&draft, way->ops, way->n_ops);
	way->slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_BYTES,
							  .flags = FETCH_NULL_OK,
							  .imm = way->copied});
	if ((level > 1 && builder->followed_bytes > FOLLOWED_BYTES_MAX) || !draft_commit(&draft))
		return NULL;
	builder->followed_bytes += level > 1 ? way->copied : 0;
	const struct origin *origin = arena_copy(builder->arena, way, sizeof(*way));
	const struct parts parts = {.builder = builder, .origin = origin, .level = level};
	struct err *e = origin ? parts_add_member(&parts, &whole, copy) : &err_nomem;
	copy->boxed = !strchr(value->type->name, '&');
	value->copy = copy;
	value->copy_slot = way->slot + 1;
	return e;
}

/* What the call has put there: a string. */
static struct err *add_text_target(struct plan_builder *builder, const struct origin *way,
				   struct value *value)
{
	struct draft draft = draft_begin(builder);
	struct value *copy = arena_alloc(builder->arena, sizeof(*copy));
	if (!copy)
		return &err_nomem;
	*copy = (struct value){.name = "", .type = value->type->target, .boxed = true};
	draft_ops(&draft, way->ops, way->n_ops);
	draft_op(&draft, &(struct fetch_op){.code = FETCH_DEREF, .size = 8});
	copy->slot = draft_slot(&draft, &(struct fetch_op){.code = FETCH_STRING,
							   .flags = FETCH_NULL_OK,
							   .imm = builder->options.string_limit});
	if (draft_commit(&draft))
		value->copy = copy;
	return NULL;
}

/* Wide text, as many characters as of other text: its end is found when it is shown. It may be the
 * last thing in its page, and nothing behind that. */
static struct err *add_wide_target(struct plan_builder *builder, const struct origin *way,
				   struct value *value)
{
	const struct type *character = type_wide_target(value->type);
	const uint32_t most = FETCH_STRING_MAX / character->size;
	uint32_t limit = builder->options.string_limit;
	struct draft draft = draft_begin(builder);
	struct value *copy = arena_alloc(builder->arena, sizeof(*copy));
	struct type *text = arena_alloc(builder->arena, sizeof(*text));
	if (!copy || !text)
		return &err_nomem;
	/* One more, to tell a cut text from one that just fits. */
	const struct fetch_op page = {.code = FETCH_BYTES,
				      .flags = FETCH_NULL_OK | FETCH_TO_PAGE,
				      .imm = (__s64)(limit < most ? limit + 1 : most) *
					     character->size};
	const struct fetch_op next = {.code = FETCH_BYTES};
	*text = (struct type){.kind = TYPE_ARRAY,
			      .size = (limit < most ? limit : most) * character->size,
			      .name = value->type->name,
			      .target = character};
	*copy = (struct value){.name = "", .type = text};
	draft_ops(&draft, way->ops, way->n_ops);
	copy->slot = draft_slot(&draft, &page);
	copy->text_slot = draft_slot(&draft, &next);
	if (draft_commit(&draft)) {
		value->copy = copy;
		value->copy_slot = copy->slot + 1;
	}
	return NULL;
}

/* What the pointer leads to whose number the operations of `way` give. Where it does not fit, it is
 * a number and no more. */
static struct err *add_target(struct plan_builder *builder, struct origin *way, uint32_t level,
			      struct value *value)
{
	const struct type *type = value->type;
	if (parts_leads_to_scalar(type))
		return add_scalar_target(builder, way, value);
	if (parts_leads_to_array(type))
		return add_array_target(builder, way, level, value);
	if (type_wide_target(type))
		return add_wide_target(builder, way, value);
	if (type->is_out && type->target && type->target->kind == TYPE_STRING)
		return add_text_target(builder, way, value);
	if (!parts_leads_to_struct(type) || level > builder->options.depth ||
	    (level > 1 && builder->followed_bytes > FOLLOWED_BYTES_MAX) ||
	    !copy_struct(builder, way, type->target))
		return NULL;
	builder->followed_bytes += level > 1 ? way->copied : 0;
	value->copy_slot = way->slot == VALUE_NO_SLOT ? 0 : way->slot + 1;
	return open_struct(builder, way, type->target, level, value);
}

struct err *parts_add_target(struct plan_builder *builder, const struct fetch_source *source,
			     struct value *value)
{
	static const struct fetch_op deref = {
		.code = FETCH_DEREF, .size = 8, .flags = FETCH_NULL_OK};
	struct origin way = {.n_ops = source->n_ops};
	memcpy(way.ops, source->ops, source->n_ops * sizeof(way.ops[0]));
	if (source->is_address)
		way.ops[way.n_ops++] = deref;
	return add_target(builder, &way, 1, value);
}
