/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/remote.h — what symbols/ does when the image is read by the symbolizer: each
 * remote_X() is the image_X() of symbols.h. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_REMOTE_H
#define UTRAIL_SYMBOLS_CHILD_REMOTE_H

#include "common/array.h"
#include "symbols/asked.h"
#include "symbols/image.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/stack.h"
#include "symbols/variables.h"

struct frames;
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

/* Functions whose prototypes were asked for, and what else of them. */
struct prototype_range {
	size_t first, count;
	bool lines, frames;
};

/* Where a function was written. */
struct known_line {
	const char *file; /* NULL: nobody knows */
	unsigned int line;
	bool is_known;
};

struct remote {
	struct symbolizer *symbolizer;
	uint32_t number;
	unsigned int generation; /* of the child that has it open */
	struct err *failure;
	bool retried;
	const char *missing; /* image_debug_missing() */
	struct err *refused; /* image_symbols_refused() */
	bool has_to_keep;    /* when it is closed */
	bool fetched;
	unsigned int unpacked; /* the child that was given memory for this file */
	ARRAY_OF(struct handed_file) handed;
	ARRAY_OF(struct asked_file) asked; /* image_asked(); the paths are in the image's arena */
	bool asked_elsewhere;		   /* what was learnt hangs on more than these */
	bool (*wanted)(void *context, const char *name); /* of the search that is going on */
	void *wanted_context;

	bool sources_read;
	const char *symbol_source, *symtab_source;
	bool is_stripped;
	const char *debug_source; /* image_debug_source(), until something else was asked */
	bool debug_source_known;
	struct name_map sections; /* to a struct section_range; 0: it has no content */
	struct name_map symbols;  /* to a struct remote_symbol */
	bool has_all_sections;
	bool root_known, is_other_root; /* than ours */
	struct remote_run demangled, frames, prototypes;
	/* of image->functions */
	const char **names; /* demangled; NULL: not asked yet */
	size_t named;	    /* the last one asked for */
	struct known_line *lines;
	bool wants_lines;	   /* somebody has asked for one */
	bool wants_frames;	   /* the same of these: */
	uint8_t *frame_places;	   /* + 1; 0: not asked yet */
	struct frames *own_frames; /* frames.c */
	const struct prototype **known;
	bool *is_known;
	struct prototype_range ahead; /* is on its way: symbolizer->ahead */
	bool walks_ahead;	      /* a part of a walk is, instead */
	const char **expected;	      /* image_expect() */
	size_t n_expected;
};

/* Takes the place of libelf's answers in an image that is being opened. */
struct err *remote_open(struct symbolizer *symbolizer, struct image *image) must_check;
void remote_close(struct image *image);

/* The error of the request, or NULL, and the answer from its first byte on. The wires are the
 * caller's; `request` begins with remote_begin(). */
void remote_begin(struct image *image, struct wire *request);
struct err *remote_ask(struct image *image, unsigned int verb, const struct wire *request,
		       struct wire *answer) must_check;
/* Takes what was asked ahead, whichever image it is about: see remote_prototype(). */
void remote_settle(struct symbolizer *symbolizer);
/* The answer that is on its way to this image, to the one who has asked for it. *ret_again: it will
 * not come, and is to be asked for anew. */
struct err *remote_await(struct image *image, struct wire *answer, bool *ret_again) must_check;
struct err *remote_take_ahead(struct image *image, struct wire *answer) must_check;
/* The part that all answers have. */
struct err *remote_take_head(struct image *image, struct wire *answer) must_check;
/* The end of an answer: was all of it taken, and did it make sense? */
struct err *remote_end(struct image *image, const struct wire *answer) must_check;

/* All but its symbol. False: it lies in no code of the file. */
struct wire_function;
bool remote_place_function(const struct image *image, const struct wire_function *from,
			   struct function *ret);
struct err *remote_functions(struct image *image) must_check;
void remote_sources(struct image *image);
/* What was said of one; false: it makes no sense. *ret is NULL when there is no content. */
bool remote_take_range(struct image *image, struct wire *answer, const struct section_range **ret);
bool remote_section(struct image *image, const char *name, struct section_range *ret);
/* Into image->demangled. */
const char *remote_demangle(struct image *image, const char *key);
/* Of a symbol that is one of image->functions; NULL: it is none. */
const char *remote_function_name(struct image *image, const char *symbol);
/* "Functions of the list" (protocol.h). */
void remote_put_range(const struct image *image, size_t first, size_t count, struct wire *request);
char *remote_demangle_whole(struct image *image, const char *symbol);
enum frame_place remote_frame_place(struct image *image, uint64_t address);
bool remote_frame_row(struct image *image, uint64_t address, uint64_t *ret_start);
/* Into image->imports. */
void remote_take_imports(struct image *image, struct wire *answer);
void remote_imports(struct image *image);
/* *ret_address: UINT64_MAX when it has none. */
bool remote_symbol(struct image *image, const char *symbol, uint64_t *ret_address);
/* The lists of these, one entry for each function; false: out of memory. */
bool remote_make_known(struct image *image);
bool remote_make_frames(struct image *image);
/* Those of the functions that follow are asked for while the first ones are looked at. */
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
