/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/value.h — from fetched slots back to named, typed values.
 *
 * Compiling a probe yields two things side by side: the operations that BPF runs (struct
 * fetch_plan) and, for user space, how each shown value is found again in the record: struct value.
 * plan_builder makes both in step. A value points into an int slot, or at a byte offset in a bytes
 * slot (a structure that was copied whole), or says why it cannot be had at all.
 */
#ifndef UTRAIL_PROBE_VALUE_H
#define UTRAIL_PROBE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "probe/fetch.h"
#include "symbols/type.h"

#define VALUE_NO_SLOT (-1)

/* After which system calls an output is there. */
enum value_filled_by {
	FILLED_BY_SUCCESS,
	FILLED_BY_RESULT,    /* only when the result is not 0: wait4() that found nobody */
	FILLED_BY_INTERRUPT, /* only when a signal broke the call off */
	FILLED_ANYWAY,
	FILLED_BY_OK, /* of a function: unless its result is negative, NULL or false */
};

/* What a value is when the other one, that it depends on, has this number. */
struct value_choice {
	uint64_t key;
	const struct value *value; /* NULL: it means nothing then, and is not shown */
};

/* What a pointer in each element of an array leads to. */
struct value_each {
	uint32_t offset; /* in the element: of the pointer, or of the structure with a form */
	int slot;	 /* a list with as many elements, or fewer */
	const struct type *type; /* what lies at `offset` */
	/* What was found are elements of so many bytes, which lead on in turn: the elements of all
	 * blobs of the list, one behind the other. 0: they do not. */
	uint32_t stride;
	const struct value_each *inner;
	size_t n_inner;
};

struct value {
	const char *name;	 /* "req", "arg1"; "" for a return value */
	const struct type *type; /* never NULL */
	int slot;		 /* VALUE_NO_SLOT: see `unavailable` */
	/* TYPE_WORD: what it would lead to. ARRAY that a pointer to wide text leads to: what lies
	 * in the next page. STRUCT with a form: text that may lie elsewhere, or bits. Else 0 */
	int text_slot;
	/* TYPE_FD, and an array of these, with -y: the file that it stood for is in slot
	 * `file_slot - 1` and, of the elements of an array, those after it; 0: not asked for */
	int file_slot;
	/* With -y: a list slot with the files of all descriptors in it, each with its number, plus
	 * one; 0: not asked for. files_at_return: it is one of the return plan's */
	int files_slot;
	bool files_at_return;
	/* POINTER of the kernel's own: what a path can be told of, enum fetch_file_of; that is in
	 * file_slot. 0: not */
	uint8_t file_of;
	bool at_return;	   /* the slot is one of the return plan's: an output argument */
	uint8_t filled_by; /* at_return: enum value_filled_by */
	bool in_blob;	   /* the scalar lies in a bytes slot, at `offset` */
	bool boxed;	   /* it is all that a pointer leads to: [5] */
	bool cut;	   /* a structure of which `members` are not all: {a=1, ...} */
	uint8_t words;	   /* in_blob: of so many int slots, one behind the other; 0: of one */
	uint8_t levels;	   /* of structures shown in an array's elements, and one; 0: all */
	uint32_t offset;
	uint8_t bit_size, bit_offset; /* of a bit-field inside its blob; bit_size 0: whole bytes */
	/* Means something only when this other argument has one of these bits: open's mode. */
	const struct value *shown_if;
	uint64_t shown_if_bits;
	const char *unavailable; /* why there is no slot: "in xmm0", "optimised out" */
	/*
	 * A structure that was reached: its members, whatever the slot says. `slot` is then the
	 * pointer's own value (TYPE_POINTER) or VALUE_NO_SLOT (struct by value).
	 */
	const struct value *members;
	size_t n_members;
	/* POINTER with members: they were copied to slot `copy_slot - 1`; 0: to none */
	int copy_slot;
	/* POINTER: what it leads to, where that was copied to a slot of its own. STRUCT with a
	 * form: its text or elements, or the one value that it stands for. */
	const struct value *copy;
	/* STRUCT with a form: the slot of its number of elements, plus one; of a range where it
	 * ends, and in the next slot where it begins. OPTIONAL: `members` is its flag */
	int count_slot;
	/* The same once more, read when the call is over: what it was changed to. */
	const struct value *after;
	/* Shown in its place when it was not filled in, or holds no bytes. */
	const struct value *instead;
	/* ARRAY with members: how many of them there are, in this argument; NULL: in the result. */
	const struct value *counted_by;
	/* Bytes: this other argument is the size of the buffer. */
	const struct value *at_most;
	/* What it is depends on this argument: fcntl's third on its command. None fits: the value
	 * as it stands here. */
	const struct value *chosen_by;
	const struct value_choice *choices;
	size_t n_choices;
	/* BYTES and buffers that a socket sends or receives: the slot of the entry with what
	 * FETCH_NETLINK says of it, plus one. 0: not asked for */
	int netlink_slot;
	/* ARRAY, and STRUCT with elements. */
	const struct value_each *each;
	size_t n_each;
	/* Says again what another value says: JSON has it, text has not. */
	bool quiet;
};

/* A list of values, in the order shown; all memory below it is one allocation chain. */
struct value_list {
	const struct value *items;
	size_t count;
	/* The entry's slot with the hit's own address, plus one: where the file lies in memory, for
	 * the names of what pointers lead to. 0: not asked for */
	int place_slot;
	/* A function pointer, or one to a table of functions, may be among what is shown: it leads
	 * to any file. */
	bool shows_code;
};

/* What a pointer leads to, twice: as it was at the entry, and at the return. */
struct value_change {
	const struct value *before; /* of the arguments */
	const struct value *after;  /* slots of the return plan */
};

/* One slot of a record, decoded. */
struct slot {
	bool available;
	bool is_blob;
	uint64_t number;     /* int slot */
	const char *bytes;   /* not NUL-terminated, inside the record */
	uint32_t length;     /* blob */
	uint32_t blob_flags; /* enum fetch_blob_flags */
	uint64_t address;    /* blob, list: where it could not be read; 0: not known */
	/* FETCH_LIST: `bytes` are blobs, `length` with their heads and the last one; see
	 * slot_list_next(). blob_flags are the last one's */
	bool is_list;
};

struct slots {
	struct slot items[FETCH_SLOTS_MAX];
	uint32_t count;
	/* Why an unavailable slot is so: "bad address" where reads may fault pages in, else "not
	 * resident". Constant text. */
	const char *unreadable;
	/* Of an entry: read at the return. What the call changes is not as it was. */
	bool again;
};

/* Empty: the array is a kilobyte and more, and is not cleared. */
static inline void slots_init(struct slots *slots, const char *unreadable)
{
	slots->count = 0;
	slots->unreadable = unreadable;
	slots->again = false;
}

/*
 * Splits a payload into slots as `plan` (NULL: none) laid them out; bounds are checked against
 * `size`. Returns
 * the bytes consumed, or -1 when the payload does not fit the plan (a bug, or a foreign record).
 */
long slots_decode(const struct fetch_plan *plan, uint32_t unavailable, const void *payload,
		  size_t size, struct slots *ret);

/* One element of a list. */
struct list_element {
	const char *bytes;
	uint32_t length, blob_flags;
	uint64_t address; /* as in struct slot */
};
/* Walks a list's bytes: *position is 0 at first. False at the end. */
bool slot_list_next(const char *list, uint32_t length, uint32_t *position,
		    struct list_element *ret);

/* The scalar bits of a value: false when it is unavailable; *ret_why then says why, never NULL. */
bool value_scalar(const struct value *value, const struct slots *slots, uint64_t *ret,
		  const char **ret_why);
/* Was it not even tried to read `copy`, to which this pointer leads? Nothing of user space has such
 * an address: see probe/fetch.bpf.h. */
bool value_is_no_address(uint64_t pointer, const struct value *copy, const struct slots *slots);
/* Where there was nothing to read for this value; 0: not known. */
uint64_t value_bad_address(const struct value *value, const struct slots *slots);
/* Of the result of a function: negative, NULL or false, as those return that have failed. */
bool value_is_failure(const struct value *result, const struct slots *slots);
/*
 * What this value is in this record: itself, or what another argument makes of it; NULL: it is not
 * to be shown (see shown_if and choices). `slots`: of the entry. Itself also when the other
 * argument is not available.
 */
const struct value *value_choose(const struct value *value, const struct slots *slots);
/* TYPE_WORD: does it lead to text that a person can read? Then *ret is that, not NUL-terminated. */
bool value_text(const struct value *value, const struct slots *slots, const char **ret,
		uint32_t *ret_length, uint32_t *ret_blob_flags);
/*
 * TYPE_FD, or element `index` of an array of them: the struct fetch_file of what it stood for, for
 * file_path(). False: there is none.
 */
bool value_file(const struct value *value, const struct slots *slots, uint32_t index,
		const char **ret, uint32_t *ret_length);
/* The text or bytes of a TYPE_STRING / TYPE_BYTES / char array value; same result. */
bool value_bytes(const struct value *value, const struct slots *slots, const char **ret,
		 uint32_t *ret_length, uint32_t *ret_blob_flags, const char **ret_why);

#endif
