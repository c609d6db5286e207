/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of strings of standard libraries: see struct type_form. */
#include <string.h>

#include "probe/condition_tree.h"

void condition_enter_owner(struct condition_binding *b)
{
	const struct type_form *form = b->type->kind == TYPE_STRUCT ? b->type->form : NULL;
	if (!form || form->kind != FORM_OWNER || form->item->kind != TYPE_POINTER || !b->is_address)
		return;
	if (form->data)
		condition_put(b, (struct fetch_op){.code = FETCH_ADD, .imm = form->data});
	b->type = form->item;
}

static bool is_text(const struct type *type)
{
	/* One that may lie in itself is read in two ways, and a condition knows but one. */
	return type->kind == TYPE_STRUCT && type->form && type->form->kind == FORM_TEXT &&
	       !type->form->has_short;
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
	return b->parts && !form->length_before && part_at(b->parts, form->data) &&
	       part_at(b->parts, form->length);
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

void condition_load_text_form(struct condition_binding *b, uint32_t limit)
{
	const struct type_form *form = b->type->form;
	struct fetch_op way[LEAF_OPS_MAX];
	size_t n_way = b->leaf->n_ops, first;
	memcpy(way, b->leaf->ops, n_way * sizeof(way[0]));
	/* What marks the phase stays in front. */
	first = n_way && way[0].code == FILTER_AT_RETURN;
	b->leaf->n_ops = first;
	put_word(b, way + first, n_way - first, form->length_before ? form->data : form->length);
	if (form->length_before)
		condition_put(b, (struct fetch_op){.code = FETCH_DEREF,
						   .size = 8,
						   .imm = -(int64_t)form->length_before});
	condition_put(b, (struct fetch_op){
				 .code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = limit});
	put_word(b, way + first, n_way - first, form->data);
	/* An empty one may have no address. */
	condition_put(b, (struct fetch_op){.code = FETCH_BYTES, .imm = limit});
}
