/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/operands.c — an operand string taken apart: "8@%rdi -4@-20(%rbp) 8@[sp, 24]".
 *
 * Each operand is [-]SIZE[f]@WHERE: a minus for signed, f for a float. They are separated by
 * spaces, but WHERE has spaces too (arm64), so the place to split is a space with the next SIZE@
 * behind it. Hand-written notes may leave SIZE@ out; then a space outside of brackets splits.
 */
#include "usdt/operands.h"

#include <ctype.h>
#include <elf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

static const char *skip_spaces(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* The part up to and with '@'; letters are type tags, of which only f exists today. */
struct size_prefix {
	int size; /* saturates at INT_MAX */
	bool is_signed;
	char tag; /* 0: none */
	const char *end;
};

static bool read_size_prefix(const char *text, struct size_prefix *ret)
{
	*ret = (struct size_prefix){.is_signed = *text == '-'};
	if (ret->is_signed)
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		ret->size = ret->size > INT_MAX / 10 - 1 ? INT_MAX : ret->size * 10 + *text - '0';
	if (isalpha((unsigned char)*text))
		ret->tag = *text++;
	ret->end = text + 1;
	return *text == '@';
}

/* Where the operand that starts at `text` ends. */
static const char *find_end(const char *text)
{
	struct size_prefix next;
	int depth = 0;
	for (const char *at = text; *at; at++) {
		if (*at == '(' || *at == '[')
			depth++;
		else if ((*at == ')' || *at == ']') && depth)
			depth--;
		if (!isspace((unsigned char)*at))
			continue;
		const char *behind = skip_spaces(at);
		if (!*behind || read_size_prefix(behind, &next))
			return at;
		if (!depth && *behind != ',' && at[-1] != ',')
			return at;
		at = behind - 1;
	}
	return text + strlen(text);
}

static size_t count_operands(const char *operands)
{
	size_t count = 0;
	const char *at = skip_spaces(operands);
	for (; *at && count < USDT_OPERANDS_MAX; at = skip_spaces(find_end(at)))
		count++;
	return count;
}

struct err *operand_refuse(const struct operand_context *context, struct usdt_operand *operand,
			   const char *why, ...)
{
	char made[160];
	va_list args;
	va_start(args, why);
	vsnprintf(made, sizeof(made), why, args);
	va_end(args);
	operand->source = (struct fetch_source){.unavailable = arena_string(context->arena, made)};
	return operand->source.unavailable ? NULL : &err_nomem;
}

struct err *operand_refuse_text(const struct operand_context *context, struct usdt_operand *operand)
{
	return operand_refuse(context, operand, "operand '%s' not understood", operand->text);
}

void operand_push(struct usdt_operand *operand, struct fetch_op op)
{
	struct fetch_source *source = &operand->source;
	/* The longest is REG, ADD, INDEX, INDEX: far from full. */
	if (source->n_ops < FETCH_SOURCE_OPS)
		source->ops[source->n_ops++] = op;
}

static bool is_scalar_size(int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

void operand_constant(struct usdt_operand *operand, uint64_t value)
{
	if (operand->size < 8) {
		int spare = 64 - 8 * operand->size;
		value <<= spare;
		value = operand->is_signed ? (uint64_t)((int64_t)value >> spare) : value >> spare;
	}
	operand_push(operand, (struct fetch_op){.code = FETCH_CONST, .imm = (int64_t)value});
}

struct err *operand_register(const struct operand_context *context, struct usdt_operand *operand,
			     uint8_t reg, const char *name, size_t name_length, uint8_t shift)
{
	if (!is_scalar_size(operand->size))
		return operand_refuse(context, operand, "%d bytes in %.*s", operand->size,
				      (int)name_length, name);
	/* The size before the '@' governs, not the width that the register's name tells (see the
	 * remark in sys/sdt.h); but above %ah lies nothing of the value. */
	uint8_t size = shift ? 1 : (uint8_t)operand->size;
	operand_push(operand, (struct fetch_op){.code = FETCH_REG,
						.reg = reg,
						.size = size,
						.shift = shift,
						.flags = operand->is_signed ? FETCH_SIGNED : 0});
	return NULL;
}

bool operand_symbol(const struct operand_context *context, struct usdt_operand *operand,
		    const char *symbol, uint64_t *ret, struct err **ret_e)
{
	*ret_e = NULL;
	if (symbol[0] == '.' && symbol[1] == 'L')
		*ret_e = operand_refuse(context, operand, "label %s leaves no trace in the file",
					symbol);
	else if (strchr(symbol, '@'))
		*ret_e = operand_refuse(context, operand, "%s is known to the linker only", symbol);
	else if (!context->image || !image_defines(context->image, symbol))
		*ret_e = operand_refuse(context, operand, "no symbol %s", symbol);
	else if (!image_symbol_address(context->image, symbol, ret))
		*ret_e = operand_refuse(context, operand, "%s has no single address", symbol);
	else
		return true;
	return false;
}

static struct err *compile_operand(const struct operand_context *context, unsigned int machine,
				   const char *where, char tag, struct usdt_operand *operand)
{
	struct operand_text text = {.at = where, .end = operand->text + strlen(operand->text)};
	if (tag && tag != 'f')
		return operand_refuse(context, operand, "type tag '%c' not understood", tag);
	if (operand->size < 1 || operand->size > FETCH_STRING_MAX)
		return operand_refuse(context, operand, "size out of range");
	if (machine == EM_X86_64)
		return operand_parse_x86(context, text, operand);
	if (machine == EM_AARCH64)
		return operand_parse_aarch64(context, text, operand);
	return operand_refuse(context, operand, "machine %u not supported", machine);
}

/* One operand, which is the `length` bytes at `text`. */
static struct err *parse_operand(const struct operand_context *context, unsigned int machine,
				 const char *text, size_t length, struct usdt_operand *ret)
{
	struct size_prefix prefix;
	ret->text = arena_substring(context->arena, text, length);
	if (!ret->text)
		return &err_nomem;
	if (!read_size_prefix(ret->text, &prefix))
		prefix = (struct size_prefix){.size = 8, .end = ret->text};
	ret->size_assumed = prefix.end == ret->text;
	ret->size = prefix.size;
	ret->is_signed = prefix.is_signed;
	ret->is_float = prefix.tag == 'f';
	return compile_operand(context, machine, prefix.end, prefix.tag, ret);
}

struct err *usdt_operands(const char *operands, unsigned int machine, struct image *image,
			  const struct usdt_note *note, struct arena *arena,
			  const struct usdt_operand **ret, size_t *ret_count)
{
	struct operand_context context = {.image = image, .note = note, .arena = arena};
	size_t count = count_operands(operands);
	struct usdt_operand *made = arena_array(arena, count ? count : 1, sizeof(*made));
	if (!made)
		return &err_nomem;
	const char *at = skip_spaces(operands);
	for (size_t i = 0; i < count; i++) {
		const char *end = find_end(at);
		struct err *e = parse_operand(&context, machine, at, (size_t)(end - at), &made[i]);
		if (e)
			return e;
		at = skip_spaces(end);
	}
	*ret = made;
	*ret_count = count;
	return NULL;
}
