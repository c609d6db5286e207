/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/operands.h — what the operand parsers of the machines share. Private to usdt/.
 *
 * An operand is written as the assembler would take it, since it is what the compiler put into the
 * place of "%[arg]". The parsers turn it into fetch operations, or refuse it with a reason. The
 * reason is shown to the user in the place of the value, so it is short: "in xmm0".
 */
#ifndef UTRAIL_USDT_OPERANDS_H
#define UTRAIL_USDT_OPERANDS_H

#include "usdt/usdt.h"

struct operand_context {
	struct image *image;	      /* NULL: no symbols */
	const struct usdt_note *note; /* NULL: the site is not known */
	struct arena *arena;
};

/* Text from `at` up to `end`, which need not be a NUL. */
struct operand_text {
	const char *at, *end;
};

/* A displacement: numbers added up, and at most one symbol. */
struct operand_expression {
	uint64_t number;
	const char *symbol; /* NULL: none; in the context's arena */
};

/* --- reading text; those that return false have not moved ----------------------------------- */

void text_skip_spaces(struct operand_text *text);
bool text_at_end(struct operand_text *text); /* spaces do not count */
/* Skips spaces, then takes the character if it is there. */
bool text_accept(struct operand_text *text, char c);
/* Takes letters, digits and '_'; length 0 when there are none. */
size_t text_word(struct operand_text *text, const char **ret);
bool text_word_is(const char *word, size_t length, const char *name);
/* Decimal or 0x…, unsigned, of 64 bits at most. */
bool text_number(struct operand_text *text, uint64_t *ret);
/* Digits only, as the number of a register: at most two, no leading zero. */
bool text_register_number(const char *word, size_t length, unsigned int *ret);

/*
 * Terms joined by + and -: "-4-8", "32+mp_", "x.6+8". *ret_valid is false when the text is no
 * such thing (two symbols, a symbol taken away, a number too big).
 */
struct err *text_expression(const struct operand_context *context, struct operand_text *text,
			    struct operand_expression *ret, bool *ret_valid) must_check;

/* --- making the result ---------------------------------------------------------------------- */

/* The operand cannot be had: sets the reason. Fails only for want of memory. */
struct err *operand_refuse(const struct operand_context *context, struct usdt_operand *operand,
			   const char *why, ...) must_check printf_like(3, 4);
/* The same for text that is not an operand at all. */
struct err *operand_refuse_text(const struct operand_context *context,
				struct usdt_operand *operand) must_check;
void operand_push(struct usdt_operand *operand, struct fetch_op op);
/* A known value, cut and extended as the operand's size and sign say. */
void operand_constant(struct usdt_operand *operand, uint64_t value);
/*
 * A register that holds the value: size bytes of it. When it has only `width` bytes, which begin at
 * bit `shift` (%ah), it is these.
 */
struct err *operand_register(const struct operand_context *context, struct usdt_operand *operand,
			     uint8_t reg, const char *name, size_t name_length,
			     uint8_t shift) must_check;
/* Looks a symbol up. False: the operand was refused, with the reason (or *ret_e is set). */
bool operand_symbol(const struct operand_context *context, struct usdt_operand *operand,
		    const char *symbol, uint64_t *ret, struct err **ret_e);

/* --- the machines: `text` is what follows the '@' ------------------------------------------- */

struct err *operand_parse_x86(const struct operand_context *context, struct operand_text text,
			      struct usdt_operand *operand) must_check;
struct err *operand_parse_aarch64(const struct operand_context *context, struct operand_text text,
				  struct usdt_operand *operand) must_check;

#endif
