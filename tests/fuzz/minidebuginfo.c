/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the symbol table that Fedora packs into .gnu_debugdata: an ELF file inside of a
 * program that has no other symbols. It is packed here, so that what is read is what was made up.
 */
#include <lzma.h>
#include <stdlib.h>

#include "tests/fuzz/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *pack(const uint8_t *data, size_t size, size_t *ret_size)
{
	size_t room = lzma_stream_buffer_bound(size);
	uint8_t *packed = malloc(room);
	*ret_size = 0;
	if (!packed || lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, size, packed,
					       ret_size, room) != LZMA_OK)
		abort();
	return packed;
}

static void ask_about(struct image *image, const struct function *function)
{
	/* Wherever the inner file says: a probe goes there. */
	if (!function->symbol || !image_is_text(image, function->offset, 1))
		abort();
	image_demangle(image, function->symbol);
	image_function_at(image, function->address);
	image_frame_place(image, function->address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct function *functions;
	size_t count = 0, packed_size;
	uint64_t address;
	uint8_t *packed = pack(data, size, &packed_size);
	const struct elf_section section = {".gnu_debugdata", packed, packed_size};
	struct image *image = elf_open(&section, 1, false);
	free(packed);
	if (!image)
		abort();
	struct err *e = image_functions(image, &functions, &count);
	for (size_t i = 0; !e && i < count && i < 64; i++)
		ask_about(image, &functions[i]);
	err_free(e);
	image_symbol_address(image, "main", &address);
	image_symbol_source(image);
	image_symbols_refused(image);
	image_is_stripped(image);
	image_close(image);
	return 0;
}
