/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/code.h — decoding with what only an image knows: the parts of a split function, exception
 * tables, other names of the same address. Private to uprobe/.
 */
#ifndef UTRAIL_UPROBE_CODE_H
#define UTRAIL_UPROBE_CODE_H

#include "uprobe/uprobe.h"
#include "uprobe/walk.h"

struct code_request {
	unsigned int machine;
	struct code_part text; /* what there is of the function, at most `size` bytes */
	uint64_t size;	       /* as the symbol table says; 0: not known */
	bool entry_only;       /* the returns do not matter: decode no more than the entry needs */
	bool want_slot;	       /* is the return address used? (uses_return_address) */
	bool has_landing_pads;
	uint64_t
		other_entry; /* another symbol's address inside it, which is entered too; 0: none */
	code_part_finder *find_part; /* may be NULL */
	void *find_context;
};

/* As code_decode(). */
struct err *code_decode_request(const struct code_request *request, struct arena *arena,
				struct code *ret) must_check;

/* What is the same for all functions of an image. */
struct code_file {
	struct image *image;
	bool has_landing_pads;
};

struct code_file code_file_of(struct image *image);

/* How much of a function is to be known: the entry alone is ten times faster than all. */
enum code_depth {
	CODE_ENTRY,
	CODE_ENTRY_AND_SLOT, /* and whether it uses its return address */
	CODE_WHOLE,
};

/* Reads and decodes a function of an image. */
struct err *code_decode_function(const struct code_file *file, const struct function *function,
				 enum code_depth depth, struct arena *arena,
				 struct code *ret) must_check;

/* Fills address, length, text and the like. */
struct err *code_describe(const struct decoder *decoder, const struct code_part *text,
			  const struct decoded *decoded, uint64_t address, struct arena *arena,
			  struct instruction *ret) must_check;

/* Describes an instruction at an address where decoding has found one. */
struct err *code_instruction_at(struct image *image, uint64_t address, struct arena *arena,
				struct instruction *ret) must_check;

/* Is it a name that the compiler gave to the cold part of a split function? */
bool code_is_cold_name(const char *symbol);

#endif
