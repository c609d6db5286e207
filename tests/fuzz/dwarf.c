/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the sections of debug information, in a program whose symbols are sound: types and
 * places of all functions, inlined copies, what is in scope.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/inlined.h"
#include "symbols/variables.h"
#include "tests/fuzz/elf.h"
#include "tests/fuzz/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const sections[] = {".debug_info",	     ".debug_abbrev",	".debug_str",
				       ".debug_str_offsets", ".debug_addr",	".debug_loclists",
				       ".debug_rnglists",    ".debug_line_str", ".debug_loc",
				       ".debug_ranges"};
/* dwarf_getscopes() of libdw 0.192 forgets what it has found so far when it meets an error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdw.so";
}

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static void check_place(const struct parameter_place *place)
{
	if (place->kind > PLACE_LATER || place->n_pieces > PLACE_PIECES_MAX)
		abort();
	for (uint8_t i = 0; i < place->n_pieces; i++)
		if (place->pieces[i].kind >= PLACE_PIECES)
			abort();
}

static void ask_types(struct image *image, const struct function *function)
{
	const struct prototype *prototype;
	const char *file;
	unsigned int line;
	image_source_line(image, function, &file, &line);
	struct err *e = image_prototype(image, function, &prototype);
	if (e) {
		err_free(e);
		return;
	}
	for (uint32_t i = 0; prototype && i < prototype->n_parameters; i++) {
		walk_type(prototype->parameters[i].type, 0);
		if (prototype->places)
			check_place(&prototype->places[i]);
	}
	if (prototype && prototype->result)
		walk_type(prototype->result, 0);
}

static void ask_variables(struct image *image, uint64_t address)
{
	struct variable_list list;
	struct err *e = image_variables_at(image, address, 0, 0, &list);
	if (e) {
		err_free(e);
		return;
	}
	if (list.count > VARIABLES_MAX)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		const struct variable *variable = &list.items[i];
		if (!variable->name || variable->place.n_steps > VARIABLE_STEPS_MAX ||
		    variable->n_pieces > PLACE_PIECES_MAX)
			abort();
		walk_type(variable->type, 0);
	}
}

static bool any(void *context, const char *name)
{
	(void)context;
	return name != NULL;
}

static void ask_everything(struct image *image)
{
	const struct function *functions;
	size_t count;
	struct inlined_list inlined = {0};
	struct err *e = image_functions(image, &functions, &count);
	if (e || count != ELF_FUNCTIONS)
		abort(); /* the symbols are ours */
	for (size_t i = 0; i < count; i++) {
		ask_types(image, &functions[i]);
		ask_variables(image, functions[i].address + 3);
	}
	err_free(image_find_inlined(image, any, NULL, &inlined));
	inlined_list_deinit(&inlined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_section cut[N_SECTIONS];
	elf_cut(data, size, sections, N_SECTIONS, cut);
	struct image *image = elf_open(cut, N_SECTIONS, true);
	if (!image)
		abort();
	ask_everything(image);
	image_close(image);
	return 0;
}
