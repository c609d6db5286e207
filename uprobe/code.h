/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/code.h — decoding with what only an image knows: the parts of a split function, exception
 * tables, other names of the same address. Private to uprobe/.
 */
#ifndef UTRAIL_UPROBE_CODE_H
#define UTRAIL_UPROBE_CODE_H

#include "uprobe/uprobe.h"
#include "uprobe/walk.h"

/* Everything placement needs to know about one function. */
struct code {
	struct instruction entry; /* where an entry probe goes: see `entry_why` */
	const char *entry_why;	  /* "first instruction", "push after endbr64" */
	const uint64_t *returns;  /* addresses of ret instructions */
	size_t n_returns;
	const uint64_t *tail_jumps; /* unconditional jumps out of the function */
	size_t n_tail_jumps;
	bool whole;		  /* every byte was decoded with certainty; else `why_not` */
	bool not_code;		  /* following its flow led to what cannot be code: see `why_not` */
	const char *why_not;	  /* "jump table inside the text", "unknown instruction at +0x31" */
	bool conditional_tail;	  /* a conditional jump leaves the function: its return is unseen */
	bool calls_itself;	  /* directly: it may nest deeper than the trampoline can follow */
	bool uses_return_address; /* not only by `ret`: looked for where a trampoline is thought of
				   */
	bool has_calls;		  /* of others; known when it is `whole` */
	bool is_go;		  /* code of Go */
	bool in_goroutine;	  /* the same, which may go on in another thread at any place */
	bool behind_check;	  /* the entry is behind Go's stack check: go_check.h */
	bool entry_proven; /* by the unwind tables: the return address is on top of the stack there
			    */
};

/*
 * Decodes a function: `bytes` are its text, `size` of them, at `address`. `size` 0 decodes the
 * entry alone from what is there (`available` bytes). Fails only for want of memory; what cannot be
 * decoded is told in the result, with entry.length == 0 when not even the entry is safe.
 */
struct err *code_decode(unsigned int machine, const uint8_t *bytes, size_t available, uint64_t size,
			uint64_t address, struct arena *arena, struct code *ret) must_check;

struct code_request {
	unsigned int machine;
	struct code_part text; /* what there is of the function, at most `size` bytes */
	uint64_t size;	       /* as the symbol table says; 0: not known */
	bool entry_only;       /* the returns do not matter: decode no more than the entry needs */
	bool want_slot;	       /* is the return address used? (uses_return_address) */
	bool is_go;	       /* compiled by Go, or written for its assembler */
	bool has_landing_pads;
	uint64_t
		other_entry; /* another symbol's address inside it, which is entered too; 0: none */
	code_part_finder *find_part; /* may be NULL */
	/* Does a function of Go's that makes stacks larger begin there? NULL: it is no Go program
	 */
	bool (*is_morestack)(void *context, uint64_t target);
	void *find_context;
};

/* As code_decode(). */
struct err *code_decode_request(const struct code_request *request, struct arena *arena,
				struct code *ret) must_check;

/* What walk_run() wants to know of a request. */
struct walk code_walk(const struct code_request *request, const struct decoder *decoder,
		      struct arena *arena);

/* What is the same for all functions of an image. */
struct code_file {
	struct image *image;
	bool has_landing_pads;
	uint64_t go_start, go_end; /* addresses of the text of Go; equal: there is none */
};

struct code_file code_file_of(struct image *image);

/* How much of a function is to be known: the entry alone is ten times faster than all. */
enum code_depth {
	CODE_ENTRY,
	CODE_ENTRY_AND_SLOT, /* and whether it uses its return address */
	CODE_WHOLE,
};

/*
 * Reads and decodes a function of an image, and tells by its unwind tables and neighbours whether
 * it is one: entry.length is 0, with why_not, where no probe may sit at its start.
 */
struct err *code_decode_function(const struct code_file *file, const struct function *function,
				 enum code_depth depth, struct arena *arena,
				 struct code *ret) must_check;

/* Fills address, length, text and the like. */
struct err *code_describe(const struct decoder *decoder, const struct code_part *text,
			  const struct decoded *decoded, uint64_t address, struct arena *arena,
			  struct instruction *ret) must_check;

/* The text from an address on: at most *size bytes, which becomes how many there are; 0: none. */
struct err *code_read_text(const struct image *image, uint64_t address, uint8_t *bytes,
			   size_t *size) must_check;

/* Describes an instruction at an address where decoding has found one. */
struct err *code_instruction_at(struct image *image, uint64_t address, struct arena *arena,
				struct instruction *ret) must_check;

#endif
