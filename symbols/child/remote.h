/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/remote.h — what symbols/ does when the image is read by the symbolizer: each
 * remote_X() is the image_X() of symbols.h. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_REMOTE_H
#define UTRAIL_SYMBOLS_CHILD_REMOTE_H

#include "common/array.h"
#include "symbols/image.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/stack.h"
#include "symbols/variables.h"

struct symbolizer;
struct unwind_row;
struct wire;

/* A file that the symbolizer was handed. */
struct handed_file {
	dev_t device;
	ino_t inode;
	const char *place; /* as we see it */
};

/* A run through the functions, in their order: questions that will come are asked ahead. */
struct remote_run {
	size_t end;    /* of what was asked */
	size_t length; /* of the last question */
};

struct remote {
	struct symbolizer *symbolizer;
	uint32_t number;
	unsigned int generation; /* of the child that has it open */
	struct err *failure;
	bool retried;
	const char *missing; /* image_debug_missing() */
	struct err *refused; /* image_symbols_refused() */
	bool fetched;
	unsigned int unpacked; /* the child that was given memory for this file */
	ARRAY_OF(struct handed_file) handed;
	bool (*wanted)(void *context, const char *name); /* of the search that is going on */
	void *wanted_context;

	bool sources_read;
	const char *symbol_source, *symtab_source;
	bool is_stripped;
	struct name_map sections; /* to a struct section_range; 0: it has no content */
	bool has_all_sections;
	bool root_known, is_other_root; /* than ours */
	struct remote_run demangled, frames, prototypes;
	/* of image->functions */
	uint8_t *frame_places; /* + 1; 0: not asked yet */
	const struct prototype **known;
	bool *is_known;
};

/* Takes the place of libelf's answers in an image that is being opened. */
struct err *remote_open(struct symbolizer *symbolizer, struct image *image) must_check;
void remote_close(struct image *image);

/* The error of the request, or NULL, and the answer from its first byte on. The wires are the
 * caller's; `request` begins with remote_begin(). */
void remote_begin(struct image *image, struct wire *request);
struct err *remote_ask(struct image *image, unsigned int verb, const struct wire *request,
		       struct wire *answer) must_check;
/* The end of an answer: was all of it taken, and did it make sense? */
struct err *remote_end(struct image *image, const struct wire *answer) must_check;

struct err *remote_functions(struct image *image) must_check;
void remote_sources(struct image *image);
/* What was said of one; false: it makes no sense. *ret is NULL when there is no content. */
bool remote_take_range(struct image *image, struct wire *answer, const struct section_range **ret);
bool remote_section(struct image *image, const char *name, struct section_range *ret);
/* Into image->demangled. */
const char *remote_demangle(struct image *image, const char *symbol, const char *key);
char *remote_demangle_whole(struct image *image, const char *symbol);
enum frame_place remote_frame_place(struct image *image, uint64_t address);
bool remote_frame_row(struct image *image, uint64_t address, uint64_t *ret_start);
/* Into image->imports. */
void remote_imports(struct image *image);
/* *ret_address: UINT64_MAX when it has none. */
bool remote_symbol(struct image *image, const char *symbol, uint64_t *ret_address);
struct err *remote_prototype(struct image *image, const struct function *function,
			     const struct prototype **ret) must_check;
const char *remote_debug_source(struct image *image);
bool remote_source_line(struct image *image, const struct function *function, const char **ret_file,
			unsigned int *ret_line);
struct err *remote_find_line(struct image *image, const char *file, unsigned int line,
			     struct line_search *ret) must_check;
struct err *remote_find_inlined(struct image *image,
				bool (*wanted)(void *context, const char *name), void *context,
				struct inlined_list *ret) must_check;
struct err *remote_variables_at(struct image *image, uint64_t address, size_t outwards,
				unsigned int line, struct variable_list *ret) must_check;
/* Not kept; in the image's arena. */
const struct code_place *remote_place(struct image *image, uint64_t address);
bool remote_unwind_row(struct image *image, uint64_t address, struct unwind_row *ret);

#endif
