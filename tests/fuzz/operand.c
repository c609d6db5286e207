/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary operand strings. The first byte chooses the machine; symbols are found where their name
 * says so. Each operand is either operations that a plan can hold, or has a reason.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "probe/regs.h"
#include "usdt/usdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct image {
	int unused;
};

/* In the place of the module symbols: names with an 'n' are not there. */
bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret)
{
	(void)image;
	*ret = 0x1000 + (unsigned char)symbol[0];
	return !strchr(symbol, 'n');
}

bool image_defines(struct image *image, const char *symbol)
{
	(void)image;
	return !strchr(symbol, 'm');
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_op(const struct fetch_op *op, uint32_t index, unsigned int n_regs)
{
	bool loads = op->code == FETCH_REG || op->code == FETCH_CONST;
	require(loads == (index == 0));
	require(loads || op->code == FETCH_ADD || op->code == FETCH_INDEX);
	if (op->code == FETCH_REG || op->code == FETCH_INDEX) {
		require(op->reg < n_regs);
		require(op->size == 1 || op->size == 2 || op->size == 4 || op->size == 8);
		require(op->shift == 0 || op->shift == 8);
	}
	if (op->code == FETCH_INDEX)
		require(op->imm == 1 || op->imm == 2 || op->imm == 4 || op->imm == 8 ||
			op->imm == 16);
}

static void check(const struct usdt_operand *operand, const char *whole, unsigned int n_regs)
{
	const struct fetch_source *source = &operand->source;
	require(operand->text[0] && strstr(whole, operand->text));
	require(operand->size >= 0);
	if (source->unavailable) {
		require(source->unavailable[0] && !source->n_ops);
		return;
	}
	require(operand->size > 0 && operand->size <= FETCH_STRING_MAX);
	require(source->n_ops && source->n_ops <= FETCH_SOURCE_OPS);
	for (uint32_t i = 0; i < source->n_ops; i++)
		check_op(&source->ops[i], i, n_regs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct usdt_note note = {.address = 0x1000};
	struct arena arena = {0};
	struct image image = {0};
	const struct usdt_operand *operands;
	size_t count;
	if (!size)
		return 0;
	bool arm = data[0] & 1;
	char *text = arena_substring(&arena, (const char *)data + 1, size - 1);
	require(text);
	struct err *e =
		usdt_operands(text, arm ? EM_AARCH64 : EM_X86_64, data[0] & 2 ? NULL : &image,
			      data[0] & 4 ? NULL : &note, &arena, &operands, &count);
	require(!e);
	for (size_t i = 0; i < count; i++)
		check(&operands[i], text, arm ? ARM64_REGS : X86_REGS);
	arena_deinit(&arena);
	return 0;
}
