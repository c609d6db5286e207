/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prototypes that are kept from run to run, behind a sum that is right. What is taken from any
 * bytes can be written, read again, and is then the same.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const struct prototype *read_from(const uint8_t *data, size_t size, struct arena *arena)
{
	struct answer_reader from = {data, data + size, arena, false};
	return answer_read_prototype(&from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct answer_bytes once = {0}, twice = {0};
	const struct prototype *prototype = read_from(data, size, &arena);
	/* Names of types that nobody refers to are not written. */
	if (prototype && answer_write_prototype(&once, prototype)) {
		const struct prototype *again = read_from(once.items, once.count, &arena);
		require(again && answer_write_prototype(&twice, again));
		require(once.count == twice.count && !memcmp(once.items, twice.items, once.count));
	}
	free(once.items);
	free(twice.items);
	arena_deinit(&arena);
	return 0;
}
