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
	struct wire from = {0};
	wire_put_bytes(&from, data, size);
	const struct prototype *prototype = answer_read_prototype(&from, arena);
	wire_deinit(&from);
	return prototype;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct wire once = {0}, twice = {0};
	const struct prototype *prototype = read_from(data, size, &arena);
	/* Names of types that nobody refers to are not written. */
	if (prototype && answer_write_prototype(&once, prototype)) {
		const struct prototype *again = read_from(once.bytes, once.size, &arena);
		require(again && answer_write_prototype(&twice, again));
		require(once.size == twice.size && !memcmp(once.bytes, twice.bytes, once.size));
	}
	wire_deinit(&once);
	wire_deinit(&twice);
	arena_deinit(&arena);
	return 0;
}
