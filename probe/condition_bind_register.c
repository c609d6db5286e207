/* SPDX-License-Identifier: Apache-2.0 */
/* Members of structures that registers hold, in comparisons: each is loaded from its register. */
#include "probe/condition_tree.h"

/* Bytes of a structure that are in one place. */
struct stretch {
	const struct fetch_op *ops;
	uint32_t n_ops, offset, size;
	const char *unavailable;
};

static bool stretch_at(const struct fetch_source *source, uint32_t offset, struct stretch *ret)
{
	if (!source->n_parts) {
		*ret = (struct stretch){.ops = source->ops, .n_ops = source->n_ops, .size = 8};
		return offset < ret->size;
	}
	for (uint32_t i = 0; i < source->n_parts; i++) {
		const struct fetch_part *part = &source->parts[i];
		if (offset - part->offset >= part->size)
			continue;
		*ret = (struct stretch){.ops = part->ops,
					.n_ops = part->n_ops,
					.offset = part->offset,
					.size = part->size,
					.unavailable = part->unavailable};
		return true;
	}
	return false;
}

/* What loads the whole, so changed that it loads `size` bytes, `by` further on; false: it cannot.
 */
static bool narrow(struct fetch_op *op, uint32_t by, uint8_t size, bool sign)
{
	switch (op->code) {
	case FETCH_REG:
		op->shift = (uint8_t)(op->shift + by * 8);
		break;
	case FETCH_DEREF:
		op->imm += by;
		break;
	case FETCH_CONST:
		op->imm = (int64_t)((uint64_t)op->imm >> by * 8);
		return true;
	default:
		return false;
	}
	op->size = size;
	op->flags = sign ? FETCH_SIGNED : 0;
	return true;
}

static struct err *not_whole(const struct condition_binding *b, const struct condition_word *word,
			     const char *why)
{
	return err_hint(condition_error(b->source, word->at, "'%s' cannot be asked for: %s",
					word->text, why),
			"leave it out of the condition");
}

struct err *condition_enter_register(struct condition_binding *b, const struct condition_word *word)
{
	static const char several[] = "it is in several places";
	const struct type *type = b->type;
	uint32_t bits = b->bit_size ? b->bit_offset + b->bit_size : type->size * 8;
	struct stretch stretch;
	/* Its own members may be in one place each. */
	if (type->kind == TYPE_STRUCT)
		return NULL;
	if (!compile_is_scalar_size(type->size) || bits > type->size * 8 ||
	    !stretch_at(b->registers, b->offset, &stretch))
		return not_whole(b, word, several);
	if (stretch.unavailable)
		return not_whole(b, word, stretch.unavailable);
	uint32_t by = b->offset - stretch.offset;
	/* Bits that lie in it may belong to a type that goes on behind it. */
	if ((bits + 7) / 8 > stretch.size - by || !stretch.n_ops)
		return not_whole(b, word, several);
	bool sign = type_is_signed(type) && !b->bit_size;
	for (uint32_t i = 0; i < stretch.n_ops; i++) {
		struct fetch_op op = stretch.ops[i];
		if (i + 1 == stretch.n_ops && !narrow(&op, by, (uint8_t)type->size, sign))
			return not_whole(b, word, several);
		condition_put(b, op);
	}
	b->registers = NULL;
	return NULL;
}
