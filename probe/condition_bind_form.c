/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and containers of standard libraries, in comparisons: see struct type_form. */
#include <string.h>

#include "probe/condition_tree.h"

bool condition_enter_owner(struct condition_binding *b)
{
	const struct type_form *form = b->type->kind == TYPE_STRUCT ? b->type->form : NULL;
	if (!form || form->kind != FORM_OWNER || !b->is_address)
		return false;
	if (form->data)
		condition_put(b, (struct fetch_op){.code = FETCH_ADD, .imm = form->data});
	b->type = form->item;
	return true;
}

/* A reference to it is never asked for itself; a pointer is. */
void condition_enter_value(struct condition_binding *b)
{
	const struct type *target = b->type->kind == TYPE_POINTER ? b->type->target : NULL;
	if (target && target->kind == TYPE_STRUCT && target->form &&
	    target->form->kind == FORM_OWNER && strchr(b->type->name, '&'))
		condition_enter_pointer(b);
	for (int i = 0; i < OWNERS_MAX && condition_enter_owner(b); i++)
		;
}

static bool is_text(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->form && type->form->kind == FORM_TEXT &&
	       type_form_unit(type->form) == 1;
}

/* std::filesystem::path */
static bool has_text(const struct type *type)
{
	return type && type->kind == TYPE_STRUCT && type->form && type->form->kind == FORM_OWNER &&
	       is_text(type->form->item);
}

/* The part of a value in registers that begins there; NULL: none does. */
static const struct fetch_part *part_at(const struct fetch_source *source, uint32_t offset)
{
	for (uint32_t i = 0; i < source->n_parts; i++)
		if (source->parts[i].offset == offset && source->parts[i].size == 8 &&
		    !source->parts[i].unavailable)
			return &source->parts[i];
	return NULL;
}

bool condition_enter_text(struct condition_binding *b)
{
	if (has_text(b->type->kind == TYPE_POINTER ? b->type->target : b->type)) {
		condition_enter_pointer(b);
		condition_enter_owner(b);
	}
	const struct type *type = b->type;
	if (type->kind == TYPE_POINTER && type->target && is_text(type->target)) {
		if (b->is_address)
			condition_put_deref(b, 8, 0);
		b->is_address = true;
		b->type = type->target;
		return true;
	}
	if (!is_text(type) || b->is_address)
		return is_text(type);
	const struct type_form *form = type->form;
	return b->parts && !form->length_before && !form->has_short &&
	       part_at(b->parts, form->data) && part_at(b->parts, form->length);
}

static void put_ops(struct condition_binding *b, const struct fetch_op *ops, size_t n_ops)
{
	for (size_t i = 0; i < n_ops; i++)
		condition_put(b, ops[i]);
}

static void put_word(struct condition_binding *b, const struct fetch_op *way, size_t n_way,
		     uint32_t offset)
{
	if (b->is_address) {
		put_ops(b, way, n_way);
		condition_put(b, (struct fetch_op){.code = FETCH_DEREF, .size = 8, .imm = offset});
		return;
	}
	const struct fetch_part *part = part_at(b->parts, offset);
	put_ops(b, part->ops, part->n_ops);
}

/* Operations so far, without what marks the phase: they are to be made several times. */
struct way {
	struct fetch_op ops[LEAF_OPS_MAX];
	size_t count;
};

static void take_way(struct condition_binding *b, struct way *ret)
{
	size_t first = b->leaf->n_ops && b->leaf->ops[0].code == FILTER_AT_RETURN;
	ret->count = b->leaf->n_ops - first;
	memcpy(ret->ops, b->leaf->ops + first, ret->count * sizeof(ret->ops[0]));
	b->leaf->n_ops = first;
}

/* --- text that may lie in itself -------------------------------------------------------------- */

/* In one byte of such a string: is it long? If not, the other bits are how long. */
static struct fetch_op load_head(const struct type *type)
{
	return (struct fetch_op){
		.code = FETCH_DEREF, .size = 1, .imm = type->form->data ? 0 : type->size - 1};
}

static int64_t long_bit(const struct type *type)
{
	return type->form->data ? 1 : 0x80;
}

/* A test within the leaf, whose ends are operations of it; returns its number. */
static size_t put_branch(struct condition_binding *b)
{
	condition_put(b,
		      (struct fetch_op){.code = FILTER_EQUAL, .size = 1, .imm = long_bit(b->type)});
	return b->leaf->n_ops - 1;
}

static void set_ends(struct condition_binding *b, size_t branch, size_t yes, size_t no)
{
	struct fetch_op *op = &b->leaf->ops[branch];
	op->next[FILTER_TRUE] = op->next[FILTER_UNKNOWN] = (uint8_t)yes;
	op->next[FILTER_FALSE] = (uint8_t)no;
}

/* Whether it is long; behind this the length of a short one is in the accumulator. */
static size_t put_short_length(struct condition_binding *b, const struct way *way)
{
	condition_put(b, (struct fetch_op){.code = FETCH_CONST});
	condition_put(b, (struct fetch_op){.code = FILTER_HOLD});
	put_ops(b, way->ops, way->count);
	condition_put(b, load_head(b->type));
	condition_put(b, (struct fetch_op){.code = FILTER_MASK, .imm = long_bit(b->type)});
	size_t branch = put_branch(b);
	put_ops(b, way->ops, way->count);
	condition_put(b, load_head(b->type));
	/* One bit further down: half of it, as the lowest is clear. */
	condition_put(b,
		      (struct fetch_op){.code = FILTER_COUNT, .imm = b->type->form->data ? 2 : 1});
	return branch;
}

/* From the short one to the test; behind this is what a long one needs. */
static size_t put_jump(struct condition_binding *b, size_t branch)
{
	size_t jump = put_branch(b);
	set_ends(b, branch, b->leaf->n_ops, branch + 1);
	return jump;
}

static void put_short_text(struct condition_binding *b, const struct way *way, uint32_t limit)
{
	condition_put(b, (struct fetch_op){
				 .code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = limit});
	put_ops(b, way->ops, way->count);
	if (b->type->form->data)
		condition_put(b, (struct fetch_op){.code = FETCH_ADD, .imm = 1});
	condition_put(b, (struct fetch_op){.code = FETCH_BYTES, .imm = limit});
}

/* Length and text of one that does not lie in itself. */
static void put_text(struct condition_binding *b, const struct way *way, uint32_t limit)
{
	const struct type_form *form = b->type->form;
	put_word(b, way->ops, way->count, form->length_before ? form->data : form->length);
	if (form->length_before)
		condition_put(b, (struct fetch_op){.code = FETCH_DEREF,
						   .size = 8,
						   .imm = -(int64_t)form->length_before});
	condition_put(b, (struct fetch_op){
				 .code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = limit});
	put_word(b, way->ops, way->count, form->data);
	if (form->skip)
		condition_put(b, (struct fetch_op){.code = FETCH_ADD, .imm = form->skip});
	/* An empty one may have no address. */
	condition_put(b, (struct fetch_op){.code = FETCH_BYTES, .imm = limit});
}

void condition_load_text_form(struct condition_binding *b, uint32_t limit)
{
	struct way way;
	take_way(b, &way);
	if (!b->type->form->has_short) {
		put_text(b, &way, limit);
		return;
	}
	size_t branch = put_short_length(b, &way);
	put_short_text(b, &way, limit);
	size_t jump = put_jump(b, branch);
	put_text(b, &way, limit);
	set_ends(b, jump, b->leaf->n_ops, b->leaf->n_ops);
}

static void put_short_or_long(struct condition_binding *b, const struct type_form *form)
{
	struct way way;
	take_way(b, &way);
	size_t jump = put_jump(b, put_short_length(b, &way));
	put_word(b, way.ops, way.count, form->length);
	set_ends(b, jump, b->leaf->n_ops, b->leaf->n_ops);
}

/* --- how many there are ----------------------------------------------------------------------- */

static const struct type size_type = {.kind = TYPE_UINT, .size = 8, .name = "size"};

static struct err *no_size(const struct condition_binding *b, const struct condition_word *from,
			   const struct condition_word *word)
{
	return err_hint(condition_error(b->source, word->at, "'%s' has no '%s()' that is known",
					from->text, word->text),
			"its type is '%s'; strings and containers of C++, Rust and Go have one, "
			"unless it has to be counted; how long other texts are is asked by a "
			"pattern: 's ~ \"????*\"'",
			b->type->name);
}

static bool is_size(const char *word)
{
	return strcmp(word, "size") == 0 || strcmp(word, "length") == 0 || strcmp(word, "len") == 0;
}

/* Is the number itself in memory, or in a register? */
static bool has_number(const struct condition_binding *b, const struct type_form *form)
{
	switch (form->kind) {
	case FORM_TEXT:
	case FORM_ITEMS:
		return !form->has_short &&
		       (b->is_address ||
			(b->parts &&
			 part_at(b->parts, form->length_before ? form->data : form->length)));
	case FORM_NODES:
		return b->is_address && form->nodes->has_count;
	case FORM_COUNT:
		return b->is_address && form->item;
	case FORM_BITS:
		return b->is_address && form->item->kind != TYPE_POINTER;
	default:
		return false;
	}
}

static void put_number(struct condition_binding *b, const struct type_form *form)
{
	uint32_t at = form->length_before ? form->data : form->length;
	uint8_t size = form->kind == FORM_COUNT ? (uint8_t)form->item->size : 8;
	if (b->is_address)
		condition_put(b, (struct fetch_op){.code = FETCH_DEREF, .size = size, .imm = at});
	else
		put_word(b, NULL, 0, at);
	if (form->length_before)
		condition_put(b, (struct fetch_op){.code = FETCH_DEREF,
						   .size = 8,
						   .imm = -(int64_t)form->length_before});
}

static void put_range(struct condition_binding *b, const struct type_form *form)
{
	struct way way;
	take_way(b, &way);
	put_word(b, way.ops, way.count, form->data);
	condition_put(b, (struct fetch_op){.code = FILTER_HOLD});
	put_word(b, way.ops, way.count, form->length);
	condition_put(b, (struct fetch_op){.code = FILTER_COUNT, .imm = form->item->size});
}

struct err *condition_enter_size(struct condition_binding *b, const struct condition_word *from,
				 const struct condition_word *word)
{
	if (!is_size(word->text))
		return err_hint(
			condition_error(b->source, word->at, "'%s()' cannot be called", word->text),
			"of strings and containers 'size()' is known; members stand "
			"without brackets");
	condition_enter_pointer(b);
	for (int i = 0; i < OWNERS_MAX && condition_enter_owner(b); i++)
		condition_enter_pointer(b);
	const struct type_form *form = b->type->kind == TYPE_STRUCT ? b->type->form : NULL;
	if (!form)
		return no_size(b, from, word);
	if (form->kind == FORM_RANGE && b->is_address && form->item->size)
		put_range(b, form);
	else if (form->kind == FORM_TEXT && form->has_short && b->is_address)
		put_short_or_long(b, form);
	else if (has_number(b, form))
		put_number(b, form);
	else
		return no_size(b, from, word);
	b->type = &size_type;
	b->is_address = false;
	b->parts = b->length = NULL;
	b->file_of = 0;
	return NULL;
}
