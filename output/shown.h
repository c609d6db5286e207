/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/shown.h — what is to be shown for a value, before it is text or JSON.
 *
 * All writers agree on what a value is, and differ only in how they spell it: this is the one place
 * that looks at types, slots and missing pieces. A compound (structure, array) is shown through its
 * parts, one by one; parts come from members that were fetched apart, or from bytes that were
 * copied whole.
 */
#ifndef UTRAIL_OUTPUT_SHOWN_H
#define UTRAIL_OUTPUT_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/value.h"
#include "stream/stream.h"
#include "symbols/type.h"

enum shown_kind {
	SHOWN_UNAVAILABLE, /* text: why */
	SHOWN_VOID,
	SHOWN_NULL,	   /* a pointer that is NULL */
	SHOWN_SIGNED,	   /* number */
	SHOWN_UNSIGNED,	   /* number */
	SHOWN_WIDE_NUMBER, /* bytes: 16 of a number, `type` */
	SHOWN_HEX,
	SHOWN_OCTAL,
	SHOWN_BOOL,
	SHOWN_CHAR,  /* number: a byte, or a code point when is_wide */
	SHOWN_REAL,  /* real */
	SHOWN_NAME,  /* text: an enumerator */
	SHOWN_FLAGS, /* number, type */
	SHOWN_ERRNO, /* text: "ENOENT", of a negative number */
	SHOWN_FD,    /* number, signed; bytes: of file_path(), NULL when that was not read */
	SHOWN_FILE,  /* bytes: of file_path() */
	SHOWN_STRING,
	SHOWN_WIDE,	   /* bytes: units as long as `type`, a character's: see output/wide.h */
	SHOWN_SOCKADDR,	   /* bytes */
	SHOWN_ADDRESS,	   /* bytes: 4 or 16 of an internet address */
	SHOWN_HARDWARE,	   /* bytes: the address of a device */
	SHOWN_PORT,	   /* number */
	SHOWN_SUBSYSTEM,   /* number; bytes: the name of its upper byte; name: of its lower, or NULL
			    */
	SHOWN_ENDPOINT,	   /* bytes */
	SHOWN_SIGNAL,	   /* number, signed; no signal: just a number */
	SHOWN_SIGNAL_SET,  /* number */
	SHOWN_WAIT_STATUS, /* number */
	SHOWN_DEVICE,	   /* number */
	SHOWN_BIT_SET,	   /* bytes: numbers, see bit_set_next() */
	SHOWN_COUNT,	   /* number: a pointer; to `count` things called `name` */
	SHOWN_HIDDEN,	   /* a part that means nothing beside what the others say */
	SHOWN_STRUCT,	   /* `count` parts with names */
	SHOWN_ARRAY,	   /* `count` parts without */
};

/* What the bytes of a message of a netlink socket are. */
enum netlink_part {
	NETLINK_PART_NONE,
	NETLINK_PART_MESSAGES,
	NETLINK_PART_MESSAGE, /* header, what its type says, attributes */
	NETLINK_PART_HEADER,
	NETLINK_PART_MEMBERS, /* of `structure` */
	NETLINK_PART_ATTRIBUTES,
	NETLINK_PART_ATTRIBUTE, /* its head, its value */
	NETLINK_PART_ATTRIBUTE_HEAD,
	NETLINK_PART_ERROR,
	NETLINK_PART_ERROR_AND_MORE, /* `head` bytes of it, then attributes */
	NETLINK_PART_FAMILY,	     /* and the rest as bytes */
	NETLINK_PART_NUMBERS,
};

struct shown_netlink {
	uint8_t part; /* enum netlink_part */
	uint8_t family;
	uint8_t depth;
	bool is_cut;	      /* there are more bytes than were read */
	bool of_families;     /* the numbers of its attributes are families */
	uint16_t protocol;    /* plus one; 0: none */
	uint16_t type, flags; /* of the message */
	uint32_t head;
	const struct netlink_attributes *attributes;
	const struct netlink_struct *structure;
};

struct shown {
	enum shown_kind kind;
	bool truncated; /* STRING, WIDE, ARRAY, STRUCT: there was more */
	bool boxed;	/* all that a pointer leads to */
	bool is_list; /* ARRAY: its elements are blobs, see slot_list_next(); STRUCT: one of them */
	bool is_single; /* REAL: of 4 bytes */
	bool is_wide;
	uint8_t level;	 /* of nesting in copied bytes */
	uint8_t levels;	 /* of structures that may still be opened, and one; 0: all */
	bool is_variant; /* STRUCT: `name`, with its contents as the one part */
	bool is_pointer; /* HEX: an address of the target; */
	bool is_code;	 /* of a function, as its type has it */
	bool is_whole;	 /* COUNT: it is no pointer that has elements, but a container itself */
	bool is_tuple;	 /* a variant whose contents have no name: Some(5) */
	bool is_bare;	 /* ARRAY: of one, which needs no brackets */
	bool in_element; /* ARRAY: it lies in element `element`, from `at` on */
	/* ARRAY: its elements are blobs, and no array in the target; of a key and a value each;
	 * in no order that counts */
	bool is_nodes, is_map, is_set;
	bool is_bits; /* ARRAY: its elements are the bits of its bytes */
	bool is_cut;  /* STRUCT: its parts are not all of them, which its type does not say */
	uint32_t count;
	union {
		uint64_t number;
		double real;
		const char *text;
	};
	const struct type *type;
	const char *name; /* COUNT; a variant */
	/* UNAVAILABLE: the pointer that could not be followed. ARRAY: where its first element lies
	 * in the target. 0: not known */
	uint64_t address;
	/* STRING, WIDE, SOCKADDR, ENDPOINT, FD, and compounds that were copied whole */
	const char *bytes;
	uint32_t length;
	const char *rest; /* WIDE: these are the bytes after that, in another place */
	uint32_t rest_length;
	uint32_t limit;	     /* BIT_SET: numbers from here on are not part of it; 0: all are */
	uint32_t blob_flags; /* is_list, STRUCT */
	/* STRUCT whose members were fetched one by one */
	const struct value *members;
	const struct value *files; /* ARRAY: it knows the files of its elements; may be NULL */
	const struct slots *slots;
	/* In an array's copied elements: what their pointers lead to; which element it is, and
	 * where in it. */
	const struct value_each *each;
	uint32_t n_each;
	uint32_t element, at;
	/* What all descriptors in it stand for; NULL: nobody knows. */
	const struct slot *fds;
	const char *missing; /* is_nodes: why the last part is not there; NULL: it is */
	/* What it was changed to, in the event's results; NULL: nothing was read. To be shown only
	 * when it is another one. */
	const struct value *after;
	struct shown_netlink netlink;
};

/* Where a pointer can lead to, by its type. */
enum shown_leads {
	LEADS_ANYWHERE,
	LEADS_TO_CODE,	/* of a function */
	LEADS_TO_TABLE, /* of functions */
};

/* Who knows what processes have mapped. */
struct shown_finder {
	void *context;
	/*
	 * The file that has this at the address, at the time of the event, and where in it. False:
	 * nobody knows. Events come in order of time, more or less.
	 */
	bool (*find)(void *context, const struct stream_event *event, uint64_t address,
		     enum shown_leads leads, struct image **ret, uint64_t *ret_address);
};

/* What the parts of one event have in common. */
struct shown_scope {
	const struct stream_event *event;
	const struct shown_finder *finder; /* NULL: only the probed file is known */
	bool opening;			   /* only the entry is known yet */
	bool failed; /* the system call failed: it filled no output argument */
	bool restarts;
	uint32_t array_limit; /* elements shown, 0: all */
};

/* `why` lives as long as what is shown. */
static inline void shown_unavailable(struct shown *ret, const char *why)
{
	*ret = (struct shown){.kind = SHOWN_UNAVAILABLE, .text = why};
}

/* An address of the target. */
static inline void shown_raw_pointer(struct shown *ret, uint64_t address)
{
	*ret = (struct shown){
		.kind = address ? SHOWN_HEX : SHOWN_NULL, .is_pointer = true, .number = address};
}

struct shown_scope shown_scope(const struct stream_event *event, bool opening, uint32_t array_limit,
			       const struct shown_finder *finder);

/* A value of the event's arguments, or below one. `slots`: of its parent. */
void shown_value(const struct shown_scope *scope, const struct value *value,
		 const struct slots *slots, struct shown *ret);
/* False when there is no result to show: none was seen, or none is known. */
bool shown_result(const struct shown_scope *scope, struct shown *ret);
/* Of a hit of a return alone, whose one value is what the record holds. False: there is none. */
bool shown_instant_result(const struct shown_scope *scope, struct shown *ret);
/* The parts of a STRUCT or ARRAY; *ret_name is "" when it has none. */
void shown_part(const struct shown_scope *scope, const struct shown *whole, uint32_t index,
		struct shown *ret, const char **ret_name);

/* Where a pointer leads to in the probed file, as its symbol table counts; NULL: not there, or not
 * known. */
struct image *shown_place(const struct shown_scope *scope, uint64_t pointer, uint64_t *ret);

/* What a pointer leads to. */
struct shown_pointee {
	const char *name; /* of a function, or of data */
	uint64_t offset;  /* into it */
	bool is_code;	  /* a function begins there, and the pointer's type says so, too */
};
/* Of a pointer (HEX) into the probed file, or of one to functions into any; false: nobody knows. */
bool shown_pointee(const struct shown_scope *scope, const struct shown *shown,
		   struct shown_pointee *ret);
/* The scalar `bits` as its type wants it. */
void shown_bits(const struct type *type, uint64_t bits, struct shown *ret);
/* A value of this type that lies in `bytes`; `available` of them are there. */
void shown_memory(const struct type *type, const char *bytes, uint32_t available,
		  struct shown *ret);

/* The names of a SHOWN_FLAGS: start with a zeroed walk; after the last, `rest` has no name. */
struct flags_walk {
	uint32_t next;
	bool started;
	uint64_t rest;
	char number[40]; /* of what is no name: see flags_next() */
};
/* An enumerator whose name is "<<12" stands for the number in the bits of its mask. */
bool flags_next(const struct shown *flags, struct flags_walk *walk, const char **ret_name);

/* The numbers in a SHOWN_BIT_SET, from *number on, which is 0 at first. */
bool bit_set_next(const struct shown *set, uint32_t *number);

/* What the descriptor `fd`, in this value, stands for: bytes of file_path(). False: not known. */
bool shown_find_file(const struct shown *shown, uint32_t fd, const char **ret,
		     uint32_t *ret_length);

/* "arg1", "arg2" or nothing: a name that says no more than the place does. */
bool argument_name_is_bare(const char *name);

#endif
