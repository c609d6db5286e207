/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/operands_aarch64.c — operands of arm64.
 *
 *	imm, #imm			a constant
 *	xN, wN, sp, fp, lr, xzr		a register; gcc writes xN for 32-bit values too
 *	[xN], [xN, imm]			memory
 *	[xN, xM], [xN, xM, lsl s]	memory with an index; sxtw s, uxtw s for wM
 *	[xN, #:lo12:sym+imm]		memory at a symbol whose page xN holds
 */
#include "probe/regs.h"
#include "usdt/operands.h"

enum a64_kind {
	A64_GENERAL,
	A64_SP,
	A64_ZERO,
	A64_UNSAVED, /* floating point, vector: not in what the kernel saves at a probe */
};

struct a64_register {
	enum a64_kind kind;
	uint8_t reg;
	uint8_t width; /* bytes */
};

static const struct {
	const char *name;
	struct a64_register reg;
} named_registers[] = {
	{"sp", {A64_SP, ARM64_SP, 8}},
	{"wsp", {A64_SP, ARM64_SP, 4}},
	{"fp", {A64_GENERAL, ARM64_FP, 8}},
	{"lr", {A64_GENERAL, ARM64_LR, 8}},
	{"ip0", {A64_GENERAL, ARM64_X0 + 16, 8}},
	{"ip1", {A64_GENERAL, ARM64_X0 + 17, 8}},
	{"xzr", {A64_ZERO, 0, 8}},
	{"wzr", {A64_ZERO, 0, 4}},
};

static bool find_register(const char *name, size_t length, struct a64_register *ret)
{
	for (size_t i = 0; i < array_size(named_registers); i++)
		if (text_word_is(name, length, named_registers[i].name)) {
			*ret = named_registers[i].reg;
			return true;
		}
	unsigned int number;
	if (length < 2 || !text_register_number(name + 1, length - 1, &number) || number > 31)
		return false;
	/* x31 is not a name: it is sp in one place and xzr in another. */
	if ((name[0] == 'x' || name[0] == 'w') && number < 31)
		*ret = (struct a64_register){.reg = (uint8_t)(ARM64_X0 + number),
					     .width = name[0] == 'x' ? 8 : 4};
	else if (strchr("bhsdqvz", name[0]))
		*ret = (struct a64_register){.kind = A64_UNSAVED};
	else
		return false;
	return true;
}

static struct err *parse_register(const struct operand_context *context, struct operand_text text,
				  struct usdt_operand *operand)
{
	const char *name;
	struct a64_register found;
	size_t length = text_word(&text, &name);
	if (!find_register(name, length, &found))
		return operand_refuse_text(context, operand);
	/* "v0.2d" */
	if (found.kind == A64_UNSAVED && (text_at_end(&text) || text_accept(&text, '.')))
		return operand_refuse(context, operand, "in %.*s", (int)length, name);
	if (!text_at_end(&text))
		return operand_refuse_text(context, operand);
	if (found.kind == A64_ZERO) {
		operand_constant(operand, 0);
		return NULL;
	}
	return operand_register(context, operand, found.reg, name, length, 0);
}

static struct err *parse_immediate(const struct operand_context *context, struct operand_text text,
				   struct usdt_operand *operand)
{
	struct operand_expression expression;
	bool ok;
	struct err *e = text_expression(context, &text, &expression, &ok);
	if (e)
		return e;
	if (!ok || !text_at_end(&text) || expression.symbol)
		return operand_refuse_text(context, operand);
	operand_constant(operand, expression.number);
	return NULL;
}

/* The part behind the comma of "[base, …]". */
struct a64_offset {
	uint64_t number;
	const char *symbol; /* number is what to add to it, and the low 12 bits of the sum count */
	bool has_index;
	struct a64_register index;
	bool index_signed;
	unsigned int shift;
};

/* "lsl 3", "sxtw #2", "uxtw" behind an index register. */
static bool parse_extend(struct operand_text *text, struct a64_offset *ret)
{
	const char *word;
	uint64_t shift = 0;
	size_t length = text_word(text, &word);
	bool is_lsl = text_word_is(word, length, "lsl") || text_word_is(word, length, "uxtx");
	bool is_sxtx = text_word_is(word, length, "sxtx");
	bool is_sxtw = text_word_is(word, length, "sxtw");
	bool is_uxtw = text_word_is(word, length, "uxtw");
	bool hash = text_accept(text, '#');
	if (!text_number(text, &shift) && (hash || text_word_is(word, length, "lsl")))
		return false;
	ret->shift = (unsigned int)shift;
	ret->index_signed = is_sxtw;
	/* An access of 16 bytes, the widest, can be scaled by 16. */
	return shift <= 4 && (ret->index.width == 8 ? is_lsl || is_sxtx : is_sxtw || is_uxtw);
}

static bool parse_index(struct operand_text *text, struct a64_offset *ret)
{
	const char *name;
	size_t length = text_word(text, &name);
	if (!find_register(name, length, &ret->index) ||
	    (ret->index.kind != A64_GENERAL && ret->index.kind != A64_ZERO))
		return false;
	ret->has_index = true;
	if (text_accept(text, ','))
		return parse_extend(text, ret);
	return ret->index.width == 8; /* wM needs its extension */
}

/* "lo12:" behind the first colon; sets what the symbol is. */
static bool parse_relocation(struct operand_text *text)
{
	const char *word;
	size_t length = text_word(text, &word);
	return text_word_is(word, length, "lo12") && text_accept(text, ':');
}

static struct err *parse_offset(const struct operand_context *context, struct operand_text *text,
				struct a64_offset *ret, bool *ret_valid)
{
	struct operand_text start = *text;
	struct operand_expression expression;
	if (parse_index(text, ret)) {
		*ret_valid = true;
		return NULL;
	}
	*text = start;
	*ret = (struct a64_offset){0};
	*ret_valid = false;
	text_accept(text, '#');
	bool relocated = text_accept(text, ':');
	if (relocated && !parse_relocation(text))
		return NULL;
	struct err *e = text_expression(context, text, &expression, ret_valid);
	ret->number = expression.number;
	ret->symbol = expression.symbol;
	*ret_valid = *ret_valid && relocated == (expression.symbol != NULL);
	return e;
}

/*
 * The base register holds the symbol's page, so its run-time address is the base plus the low 12
 * bits of its link-time address: a load bias is a multiple of the page size.
 */
static struct err *add_symbol(const struct operand_context *context,
			      const struct a64_offset *offset, struct usdt_operand *operand)
{
	uint64_t address;
	struct err *e;
	if (!operand_symbol(context, operand, offset->symbol, &address, &e))
		return e;
	uint64_t low = (address + offset->number) & 0xfff;
	operand_push(operand, (struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)low});
	return NULL;
}

static struct err *compile_memory(const struct operand_context *context,
				  const struct a64_register *base, const struct a64_offset *offset,
				  struct usdt_operand *operand)
{
	operand_push(operand, (struct fetch_op){.code = FETCH_REG, .reg = base->reg, .size = 8});
	operand->source.is_address = true;
	if (offset->symbol)
		return add_symbol(context, offset, operand);
	if (offset->number)
		operand_push(operand,
			     (struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)offset->number});
	if (offset->has_index && offset->index.kind == A64_GENERAL)
		operand_push(operand,
			     (struct fetch_op){.code = FETCH_INDEX,
					       .reg = offset->index.reg,
					       .size = offset->index.width,
					       .flags = offset->index_signed ? FETCH_SIGNED : 0,
					       .imm = (int64_t)1 << offset->shift});
	return NULL;
}

/* Behind "[". */
static struct err *parse_memory(const struct operand_context *context, struct operand_text text,
				struct usdt_operand *operand)
{
	const char *name;
	struct a64_register base;
	struct a64_offset offset = {0};
	bool ok = true;
	size_t length = text_word(&text, &name);
	if (!find_register(name, length, &base) || base.width != 8 || base.kind == A64_ZERO)
		return operand_refuse_text(context, operand);
	if (text_accept(&text, ',')) {
		struct err *e = parse_offset(context, &text, &offset, &ok);
		if (e)
			return e;
	}
	/* "[x0, 8]!" and "[x0], 8" would change the register: they are no operands. */
	if (!ok || !text_accept(&text, ']') || !text_at_end(&text))
		return operand_refuse_text(context, operand);
	return compile_memory(context, &base, &offset, operand);
}

struct err *operand_parse_aarch64(const struct operand_context *context, struct operand_text text,
				  struct usdt_operand *operand)
{
	if (text_accept(&text, '['))
		return parse_memory(context, text, operand);
	text_skip_spaces(&text);
	if (text.at < text.end && strchr("#+-0123456789", *text.at)) {
		text_accept(&text, '#');
		return parse_immediate(context, text, operand);
	}
	return parse_register(context, text, operand);
}
