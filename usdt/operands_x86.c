/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/operands_x86.c — operands in AT&T syntax.
 *
 *	$imm, $sym		a constant; the address of a symbol
 *	%reg			%rax %eax %ax %al %ah, %r8 %r8d %r8w %r8b, %rip
 *	disp(base,index,scale)	memory; each part may be missing
 *	disp(%rip), disp	memory at a symbol
 *
 * A symbol's address is known at link time only. But the saved instruction pointer at a hit is the
 * run-time address of the site, whose link-time address the note tells: the difference of the two
 * link-time addresses leads from one to the other, and no load bias is needed. That holds for a
 * symbol used without %rip too (non-PIE code: "tab(,%rax,4)").
 */
#include "probe/regs.h"
#include "usdt/operands.h"

struct x86_register {
	uint8_t reg;
	uint8_t width; /* bytes */
	uint8_t shift; /* bits */
};

static const struct {
	const char *names[5]; /* of 8, 4, 2, 1 bytes, and the high byte */
	uint8_t reg;
} old_registers[] = {
	{{"rax", "eax", "ax", "al", "ah"}, X86_RAX},
	{{"rbx", "ebx", "bx", "bl", "bh"}, X86_RBX},
	{{"rcx", "ecx", "cx", "cl", "ch"}, X86_RCX},
	{{"rdx", "edx", "dx", "dl", "dh"}, X86_RDX},
	{{"rsi", "esi", "si", "sil"}, X86_RSI},
	{{"rdi", "edi", "di", "dil"}, X86_RDI},
	{{"rbp", "ebp", "bp", "bpl"}, X86_RBP},
	{{"rsp", "esp", "sp", "spl"}, X86_RSP},
	{{"rip", "eip"}, X86_RIP},
};

static const uint8_t new_registers[] = {X86_R8,	 X86_R9,  X86_R10, X86_R11,
					X86_R12, X86_R13, X86_R14, X86_R15};

/* r8 to r15, with d, w, b (or Intel's l) for the low 4, 2, 1 bytes. */
static bool find_new_register(const char *name, size_t length, struct x86_register *ret)
{
	unsigned int number;
	*ret = (struct x86_register){.width = 8};
	if (length < 2 || name[0] != 'r')
		return false;
	switch (name[length - 1]) {
	case 'd':
		ret->width = 4;
		break;
	case 'w':
		ret->width = 2;
		break;
	case 'b':
	case 'l':
		ret->width = 1;
		break;
	}
	size_t digits = length - 1 - (ret->width != 8);
	if (!text_register_number(name + 1, digits, &number) || number < 8 || number > 15)
		return false;
	ret->reg = new_registers[number - 8];
	return true;
}

static bool find_register(const char *name, size_t length, struct x86_register *ret)
{
	static const struct x86_register parts[] = {
		{0, 8, 0}, {0, 4, 0}, {0, 2, 0}, {0, 1, 0}, {0, 1, 8}};
	for (size_t i = 0; i < array_size(old_registers); i++)
		for (size_t part = 0; part < array_size(parts); part++) {
			const char *candidate = old_registers[i].names[part];
			if (!candidate || !text_word_is(name, length, candidate))
				continue;
			*ret = parts[part];
			ret->reg = old_registers[i].reg;
			return true;
		}
	return find_new_register(name, length, ret);
}

/* Registers that exist, but not in what the kernel saves at a probe. */
static bool is_unsaved_register(const char *name, size_t length)
{
	static const char *const prefixes[] = {"xmm", "ymm", "zmm", "mm", "st", "k"};
	for (size_t i = 0; i < array_size(prefixes); i++) {
		size_t n = strlen(prefixes[i]);
		unsigned int number;
		if (length >= n && !memcmp(name, prefixes[i], n) &&
		    (text_register_number(name + n, length - n, &number) ||
		     text_word_is(name, length, "st")))
			return true;
	}
	return false;
}

/* The two segments with a base of their own, which the kernel does not save at a probe. */
static bool is_segment(const char *name, size_t length)
{
	return text_word_is(name, length, "fs") || text_word_is(name, length, "gs");
}

/* Behind "%": a register that holds the value, or the segment of an address. */
static struct err *parse_register(const struct operand_context *context, struct operand_text text,
				  struct usdt_operand *operand)
{
	const char *name;
	struct x86_register found;
	size_t length = text_word(&text, &name);
	int shown = (int)length;
	if (is_segment(name, length) && text_accept(&text, ':'))
		return operand_refuse(context, operand, "thread-local (%%%.*s)", shown, name);
	/* "%st(1)" */
	bool is_stack = text_word_is(name, length, "st") && text_accept(&text, '(');
	if (is_unsaved_register(name, length) && (is_stack || text_at_end(&text)))
		return operand_refuse(context, operand, "in %.*s", shown, name);
	if (!text_at_end(&text) || !find_register(name, length, &found))
		return operand_refuse_text(context, operand);
	return operand_register(context, operand, found.reg, name, length, found.shift);
}

/* Loads the run-time address of `symbol` + number. */
static struct err *load_symbol(const struct operand_context *context,
			       const struct operand_expression *expression,
			       struct usdt_operand *operand, bool *ret_loaded)
{
	uint64_t address;
	struct err *e;
	*ret_loaded = false;
	if (!operand_symbol(context, operand, expression->symbol, &address, &e))
		return e;
	if (!context->note)
		return operand_refuse(context, operand, "site of %s not known", expression->symbol);
	uint64_t distance = address + expression->number - context->note->address;
	operand_push(operand, (struct fetch_op){.code = FETCH_REG, .reg = X86_RIP, .size = 8});
	operand_push(operand, (struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)distance});
	*ret_loaded = true;
	return NULL;
}

/* Behind "$". */
static struct err *parse_immediate(const struct operand_context *context, struct operand_text text,
				   struct usdt_operand *operand)
{
	struct operand_expression expression;
	bool ok;
	struct err *e = text_expression(context, &text, &expression, &ok);
	if (e)
		return e;
	if (!ok || !text_at_end(&text))
		return operand_refuse_text(context, operand);
	if (expression.symbol)
		return load_symbol(context, &expression, operand, &ok);
	operand_constant(operand, expression.number);
	return NULL;
}

struct x86_memory {
	bool has_base, has_index;
	struct x86_register base, index;
	uint64_t scale;
};

static bool parse_address_register(struct operand_text *text, struct x86_register *ret)
{
	const char *name;
	if (!text_accept(text, '%'))
		return false;
	size_t length = text_word(text, &name);
	return find_register(name, length, ret);
}

/* What follows "disp(": "%base,%index,scale)". */
static bool parse_memory(struct operand_text *text, struct x86_memory *ret)
{
	*ret = (struct x86_memory){.scale = 1};
	ret->has_base = parse_address_register(text, &ret->base);
	if (text_accept(text, ',')) {
		ret->has_index = parse_address_register(text, &ret->index);
		if (!ret->has_index || (text_accept(text, ',') && !text_number(text, &ret->scale)))
			return false;
	}
	if ((!ret->has_base && !ret->has_index) || !text_accept(text, ')') || !text_at_end(text))
		return false;
	/* As the processor: these are all there is. */
	bool index_ok = ret->index.reg != X86_RSP && ret->index.reg != X86_RIP;
	bool base_ok = ret->base.reg != X86_RIP || !ret->has_index;
	return (!ret->has_index || index_ok) && (!ret->has_base || base_ok) &&
	       (ret->scale == 1 || ret->scale == 2 || ret->scale == 4 || ret->scale == 8);
}

/* With 32-bit registers the sum would have to be cut to 32 bits, which a plan cannot say. */
static bool is_wide(const struct x86_memory *memory)
{
	return (!memory->has_base || memory->base.width == 8) &&
	       (!memory->has_index || memory->index.width == 8);
}

static void push_index(struct usdt_operand *operand, const struct x86_register *reg, uint64_t scale)
{
	operand_push(operand, (struct fetch_op){.code = FETCH_INDEX,
						.reg = reg->reg,
						.size = 8,
						.imm = (int64_t)scale});
}

static struct err *compile_memory(const struct operand_context *context,
				  const struct operand_expression *disp,
				  const struct x86_memory *memory, struct usdt_operand *operand)
{
	bool base_pending = memory->has_base;
	if (disp->symbol) {
		bool loaded;
		struct err *e = load_symbol(context, disp, operand, &loaded);
		if (e || !loaded)
			return e;
		/* sym(%rip) means the symbol itself, not a sum. */
		base_pending = base_pending && memory->base.reg != X86_RIP;
	} else if (memory->has_base) {
		operand_push(
			operand,
			(struct fetch_op){.code = FETCH_REG, .reg = memory->base.reg, .size = 8});
		if (disp->number)
			operand_push(operand, (struct fetch_op){.code = FETCH_ADD,
								.imm = (int64_t)disp->number});
		base_pending = false;
	} else {
		operand_push(operand,
			     (struct fetch_op){.code = FETCH_CONST, .imm = (int64_t)disp->number});
	}
	if (base_pending)
		push_index(operand, &memory->base, 1);
	if (memory->has_index)
		push_index(operand, &memory->index, memory->scale);
	operand->source.is_address = true;
	return NULL;
}

struct err *operand_parse_x86(const struct operand_context *context, struct operand_text text,
			      struct usdt_operand *operand)
{
	struct operand_expression disp = {0};
	struct x86_memory memory = {0};
	if (text_accept(&text, '%'))
		return parse_register(context, text, operand);
	if (text_accept(&text, '$'))
		return parse_immediate(context, text, operand);
	if (!text_accept(&text, '(')) {
		bool ok;
		struct err *e = text_expression(context, &text, &disp, &ok);
		if (e)
			return e;
		bool bare = text_at_end(&text);
		if (!ok || (!bare && !text_accept(&text, '(')))
			return operand_refuse_text(context, operand);
		/* AT&T syntax reads a bare number as an address, other machines' notes as a
		 * constant: a guess would be a wrong value. */
		if (bare && !disp.symbol)
			return operand_refuse(context, operand, "bare number %s", operand->text);
		if (bare)
			return compile_memory(context, &disp, &memory, operand);
	}
	if (!parse_memory(&text, &memory))
		return operand_refuse_text(context, operand);
	if (!is_wide(&memory))
		return operand_refuse(context, operand, "address not in 64-bit registers");
	return compile_memory(context, &disp, &memory, operand);
}
