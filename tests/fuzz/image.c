/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an ELF file: open it, list its functions, ask for everything known about some. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/stack.h"
#include "symbols/symbols.h"
#include "tests/fuzz/types.h"

/* Functions to ask for prototypes of, from both ends of the list. */
#define ASKED 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_about(struct image *image, const struct function *function, size_t size)
{
	const struct prototype *prototype;
	const char *file;
	unsigned int line;
	uint64_t start;
	if (function->offset >= size || function->size > size - function->offset)
		abort();
	image_demangle(image, function->symbol);
	image_function_at(image, function->address);
	image_place(image, function->address + 3);
	image_frame_place(image, function->address + 1);
	image_frame_row(image, function->address + 1, &start);
	image_source_line(image, function, &file, &line);
	struct err *e = image_prototype(image, function, &prototype);
	if (e) {
		err_free(e);
		return;
	}
	for (uint32_t i = 0; prototype && i < prototype->n_parameters; i++)
		walk_type(prototype->parameters[i].type, 0);
	if (prototype)
		walk_type(prototype->result, 0);
}

static void ask_everything(struct image *image, size_t size)
{
	const struct function *functions;
	struct section_range section;
	size_t count;
	uint64_t out;
	image_section(image, ".note.stapsdt", &section);
	image_symbol_address(image, "main", &out);
	image_imports(image, "malloc");
	struct err *e = image_functions(image, &functions, &count);
	if (e) {
		err_free(e);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (i < ASKED || count - i <= ASKED)
			ask_about(image, &functions[i], size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	struct err *e = image_open("fuzz", fd, &image);
	close(fd);
	if (!e) {
		ask_everything(image, size);
		image_close(image);
	}
	err_free(e);
	return 0;
}
