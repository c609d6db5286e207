/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/protocol.h — what the collector asks the symbolizer, and the other way round.
 * Private to symbols/child/.
 *
 * One stream socket, one request at a time. A message is a header and so many bytes (wire.h).
 * While it answers, the symbolizer may ask for a file, which it cannot open itself; the collector
 * decides, and sends a descriptor (SCM_RIGHTS, with the header). Descriptors from the symbolizer
 * are not taken.
 *
 *	request:  flags (enum request_flags), pointers (image_open_types()), the program of
 *		  image_use_cache(), then as VERB_ says; OPEN and CLOSE have none of these
 *	answer:   error; image_debug_missing(), image_symbols_refused(), is there something to keep
 *		  (VERB_ASK_KEEP, when it is closed)? Without an error, the rest
 */
#ifndef UTRAIL_SYMBOLS_CHILD_PROTOCOL_H
#define UTRAIL_SYMBOLS_CHILD_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/wire.h"

/* Both ends are one program, so that another version is a broken one. */
#define PROTOCOL_MAGIC 0x75745331u

/* Bytes of a message. The largest are tables of functions: 100 bytes for each is usual. */
#define PROTOCOL_REQUEST_MAX (32u << 20)
#define PROTOCOL_ANSWER_MAX  (512u << 20)

enum verb {
	VERB_HELLO, /* first, unasked: enum sandbox_state */
	VERB_OPEN,  /* path, place as we see it; carries the file -> build id, names, imports */
	VERB_CLOSE, /* is there an answer, an empty one? */
	/* names -> count, struct wire_function..., bytes of names, names; as VERB_SOURCES; of those
	 * that have these names, what is asked next: count, indexes and frames, prototypes */
	VERB_FUNCTIONS,
	/* first, least, symbols?, untyped? (symbols/walk.h) -> how many there are, are there
	 * types?, count, struct wire_function..., bytes of names, name of each and, when wished
	 * for, its symbol, empty where it is the name */
	VERB_WALK,
	VERB_SOURCES,	     /* -> what the symbols are from */
	VERB_DEBUG_SOURCE,   /* -> what the types are from */
	VERB_SECTION,	     /* name -> is it there, range */
	VERB_DEMANGLE,	     /* symbol -> name */
	VERB_NAMES,	     /* functions of the list -> names */
	VERB_DEMANGLE_WHOLE, /* symbol -> name */
	VERB_FRAME_PLACES,   /* count, addresses -> one byte each */
	VERB_FRAME_ROW,	     /* address -> is there one, its start */
	VERB_IMPORTS,	     /* -> count, names */
	VERB_SYMBOL,	     /* name -> defined?, has an address?, address */
	VERB_PROTOTYPE,	     /* function -> types, prototype */
	/* functions of the list, lines?, frames? -> count (not all, perhaps), types, prototypes,
	 * then, when asked for: file and line of each; one byte each */
	VERB_PROTOTYPES_OF,
	VERB_SOURCE_LINE, /* function -> is it known, file, line */
	VERB_FIND_LINE,	  /* file, line -> struct line_search */
	VERB_INLINED,	  /* -> struct inlined_list */
	VERB_VARIABLES,	  /* address, outwards, line -> types, variables */
	VERB_PLACE,	  /* address -> struct code_place */
	VERB_UNWIND_ROW,  /* address -> struct unwind_row */
	VERB_CALL,	  /* address of a function, what it takes -> what it answers: call.h */
	VERB_COUNT,
	/* from the symbolizer */
	VERB_ANSWER = 100,
	VERB_ASK_OPEN,	 /* is it in the process's root?, path -> errno; carries the file */
	VERB_ASK_PLACE,	 /* device, inode of a file that was handed over -> path as we see it */
	VERB_ASK_MEMORY, /* for what is unpacked; carries an empty file that is but memory */
	VERB_ASK_FETCH,	 /* -> error; carries the file, when a server has it */
	VERB_ASK_KEPT,	 /* -> what an earlier run has kept of the image (image_use_cache()) */
	VERB_ASK_KEEP,	 /* bytes, for a later run */
	VERB_ASK_WANTED, /* name -> is it wanted? */
	VERB_ASK_EXIST,	 /* count; as for VERB_ASK_OPEN -> a bit for each that there is */
};

enum request_flags {
	REQUEST_HAS_ROOT = 1,	/* image_set_root() */
	REQUEST_HAS_SOURCE = 2, /* image_set_source() */
};

enum sandbox_state {
	SANDBOX_FULL,
	SANDBOX_NO_LANDLOCK, /* as before 5.13: no path can be opened all the same */
	SANDBOX_FAILED,	     /* then what failed, and errno */
};

struct message_header {
	uint32_t magic, verb;
	uint32_t image; /* 0: none */
	uint32_t size;
};

/* "Functions of the list": how many it has, the first, and how many; the list is the one that
 * VERB_FUNCTIONS has answered, or else all have changed. */

/* Names in one VERB_FUNCTIONS. */
#define EXPECTED_MAX 64

/* A function without its name, which follows in the order of these. */
struct wire_function {
	uint64_t address, size;
	uint8_t binding, ifunc, tables, reserved[5];
};

/* --- the symbolizer's end: waits as long as it takes ------------------------------------------ */

/* False: the other end is gone, or talks nonsense. *ret_fd: -1 when none came. */
bool protocol_receive(int socket, struct message_header *ret, struct wire *to, int *ret_fd);
/* `rest` follows `from`; NULL: nothing does. */
bool protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
		   const struct wire *rest);

#endif
