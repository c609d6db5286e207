/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/stack.h — from a copied stack to the calls that it holds, with their names.
 *
 * The target is not there any more, or somewhere else, when its stack is unwound: all there is are
 * the registers and the bytes that were copied, and the files that were mapped. A step goes by the
 * unwind tables of the file (.eh_frame, .debug_frame), and by frame pointers where there are none.
 * What ends the way up too early is told in place of a frame; frames are never guessed.
 */
#ifndef UTRAIL_SYMBOLS_STACK_H
#define UTRAIL_SYMBOLS_STACK_H

#include "symbols/symbols.h"

/* --- the result ------------------------------------------------------------------------------- */

/* A line of source, and the function that it is in. */
struct code_line {
	const char *symbol;	/* as people write it; NULL: unknown */
	const char *file;	/* as the debug information says; NULL: unknown */
	const char *short_file; /* beneath the directory of its build, when it is */
	unsigned int line;
};

/* What is known of an address of an image; lives as long as that. */
struct code_place {
	uint64_t start;	      /* address of the function; valid with a symbol */
	struct code_line own; /* the function itself: where it "called" what was inlined */
	const struct code_line *inlined; /* the innermost first */
	size_t n_inlined;
};

struct stack_frame {
	uint64_t address;	   /* in the process: where it stopped, or a call returns to */
	const char *module;	   /* path, "[vdso]"; never NULL */
	const struct image *image; /* NULL: no file, or none that could be opened */
	uint64_t offset;	   /* in the file; valid when `has_offset` */
	bool has_offset;
	bool is_signal;			/* the kernel put it there: what is above was interrupted */
	const struct code_place *place; /* NULL: nothing is known */
	uint64_t place_offset;		/* of `address` in the function, with a symbol */
};

struct stack {
	uint64_t sp;		 /* at the event */
	uint64_t return_address; /* what it led to then; 0: not copied */
	const char *cut;	 /* why there are no more frames; NULL: these are all */
	size_t n_frames;
	struct stack_frame frames[];
};

void stack_free(struct stack *stack); /* NULL is fine */

/* --- names ------------------------------------------------------------------------------------ */

/* Read once for each address. NULL: nothing is known of it, or out of memory. */
const struct code_place *image_place(struct image *image, uint64_t address);

/* --- unwinding -------------------------------------------------------------------------------- */

#define STACK_REGISTERS 33 /* as DWARF numbers them, x86-64 and aarch64 */

/* What is mapped at an address. */
struct stack_code {
	const char *module;
	struct image *image; /* may be NULL */
	uint64_t address;    /* in the image */
	uint64_t offset;     /* in the file */
	bool has_offset;
	const struct code_place *place; /* of code without an image, by address; NULL: unknown */
};

/* A word of the stack that is not what the target put there: tracers replace return addresses. */
struct stack_repair {
	uint64_t slot, original;
};

enum stack_method {
	STACK_BY_ANY, /* tables, else frame pointers */
	STACK_BY_TABLES,
	STACK_BY_FRAMES,
};

struct stack_request {
	enum stack_method method;
	uint64_t registers[STACK_REGISTERS];
	uint64_t pc, sp;
	bool at_entry; /* of a function: the return address has just been stored */
	uint64_t from; /* address of the first byte */
	const void *bytes;
	size_t size;
	bool ended; /* what is above could not be read */
	size_t max_frames;
	const struct stack_repair *repairs;
	size_t n_repairs;
	void *context;
	/* What is mapped executable there, at the time of the event; false: nothing known. */
	bool (*find)(void *context, uint64_t address, struct stack_code *ret);
};

/* NULL: out of memory. */
struct stack *stack_unwind(const struct stack_request *request);

/* The same from a chain of frame pointers that was followed already: pairs of the next frame's
 * address and a return address, the first pair at `from`. At an entry, the return address is the
 * register in which calls leave it (x86-64: as DWARF numbers it, 16). */
struct stack *stack_from_chain(const struct stack_request *request);

#endif
