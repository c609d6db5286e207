/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/usdt_render.h — an operand as a line of text, so that tables of expectations can be
 * read:
 *
 *	8u rdi.8	size, then u, s or f; a register, 8 bytes of it
 *	4s rax.4s	the same, sign-extended
 *	1u rax>>8.1	shifted first
 *	8?u …		the size was missing
 *	4s =-5		a constant
 *	8u [rbp -8]	memory at rbp - 8
 *	8u [rbp -8 +rax*4]	with an index; +w1.4s*4 is cut and sign-extended first
 *	8u !in xmm0	unavailable, and why
 */
#ifndef UTRAIL_TESTS_USDT_RENDER_H
#define UTRAIL_TESTS_USDT_RENDER_H

#include <inttypes.h>
#include <stdio.h>

#include "usdt/usdt.h"

static inline void render_register(FILE *out, const struct fetch_op *op, const char *const *names,
				   bool whole)
{
	fputs(names[op->reg], out);
	if (op->shift)
		fprintf(out, ">>%u", op->shift);
	if (!whole || op->size != 8)
		fprintf(out, ".%u%s", op->size, op->flags & FETCH_SIGNED ? "s" : "");
}

static inline void render_op(FILE *out, const struct fetch_op *op, const char *const *names,
			     bool is_address)
{
	switch (op->code) {
	case FETCH_REG:
		render_register(out, op, names, is_address);
		break;
	case FETCH_CONST:
		fprintf(out, "=%" PRId64, (int64_t)op->imm);
		break;
	case FETCH_ADD:
		fprintf(out, " %+" PRId64, (int64_t)op->imm);
		break;
	case FETCH_INDEX:
		fputs(" +", out);
		render_register(out, op, names, true);
		fprintf(out, "*%" PRId64, (int64_t)op->imm);
		break;
	default:
		fprintf(out, " ?%u", op->code);
	}
}

/* Free it. */
static inline char *render_operand(const struct usdt_operand *operand, const char *const *names)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fprintf(out, "%d%s%s ", operand->size, operand->size_assumed ? "?" : "",
		operand->is_float    ? "f"
		: operand->is_signed ? "s"
				     : "u");
	if (operand->source.unavailable) {
		fprintf(out, "!%s", operand->source.unavailable);
	} else {
		bool is_address = operand->source.is_address;
		fputs(is_address ? "[" : "", out);
		for (uint32_t i = 0; i < operand->source.n_ops; i++)
			render_op(out, &operand->source.ops[i], names, is_address);
		fputs(is_address ? "]" : "", out);
	}
	fclose(out);
	return text;
}

#endif
