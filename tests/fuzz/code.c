/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding of arbitrary bytes as a function: the first byte chooses the machine and how much the
 * symbol table claims, the rest is text. Whatever comes out must lie inside.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "uprobe/code.h"

#define START 0x401000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_inside(const uint64_t *addresses, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		require(addresses[i] >= START && addresses[i] - START < size);
		require(!i || addresses[i - 1] < addresses[i]);
	}
}

/* A second part at a fixed place: the text itself, once more. */
static bool find_part(void *context, uint64_t target, struct code_part *ret)
{
	const struct code_part *text = context;
	if (target < START + 0x100000)
		return false;
	*ret = *text;
	ret->address = START + 0x100000;
	return true;
}

static void check(struct code_request *request, bool parts)
{
	struct arena arena = {0};
	struct code whole, entry;
	size_t size = request->text.size;
	request->find_part = parts ? find_part : NULL;
	request->find_context = &request->text;
	request->entry_only = false;
	require(!code_decode_request(request, &arena, &whole));
	require(whole.whole || whole.why_not);
	if (whole.entry.length) {
		uint64_t offset = whole.entry.address - START;
		require(offset < 16 && offset + whole.entry.length <= size);
		require(whole.entry.text && whole.entry_why);
	}
	if (!parts) {
		require_inside(whole.returns, whole.n_returns, size);
		require_inside(whole.tail_jumps, whole.n_tail_jumps, size);
	}
	require(whole.whole || (!whole.n_returns && !whole.n_tail_jumps));
	request->entry_only = true;
	require(!code_decode_request(request, &arena, &entry));
	require(entry.entry.address == whole.entry.address);
	require(entry.entry.length == whole.entry.length);
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct code_request request = {
		.machine = data[0] & 1 ? EM_AARCH64 : EM_X86_64,
		.text = {.bytes = data + 1, .address = START, .size = size - 1},
		.size = data[0] & 2 ? 0 : size - 1 + (data[0] >> 6),
		.has_landing_pads = data[0] & 4,
	};
	check(&request, data[0] & 8);
	return 0;
}
