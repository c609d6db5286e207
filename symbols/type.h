/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/type.h — how a value is to be understood: the type of a parameter, a return value, a
 * structure member or a system-call argument. What DWARF said is kept from run to run: a new member
 * here is written and read in types_put.c and types_take.c, too.
 *
 * Types come from DWARF, from the built-in prototypes, from the user's own words ("str", "hex") and
 * from the system-call tables; whoever made a type owns it, and it is constant once handed out.
 */
#ifndef UTRAIL_SYMBOLS_TYPE_H
#define UTRAIL_SYMBOLS_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum type_kind {
	TYPE_UNKNOWN, /* shown as hex */
	TYPE_VOID,
	TYPE_INT,   /* signed, decimal; up to 16 bytes, which no register holds */
	TYPE_UINT,  /* unsigned, decimal; the same */
	TYPE_HEX,   /* unsigned, 0x… */
	TYPE_OCTAL, /* file modes: 0644 */
	TYPE_BOOL,
	TYPE_CHAR,    /* one character, quoted: a byte, or of 2 or 4 bytes a code point */
	TYPE_FLOAT,   /* size 4 or 8; readable from memory and general registers only */
	TYPE_ENUM,    /* one enumerator by name, else the number */
	TYPE_FLAGS,   /* enumerators joined by |, the rest in hex */
	TYPE_POINTER, /* 0x…, NULL */
	TYPE_STRING,  /* pointer to a NUL-terminated string */
	TYPE_BYTES,   /* pointer to bytes; the length is fixed (`size`) or another argument
			 (`length_arg`) */
	TYPE_STRUCT,  /* by value; a pointer to one is TYPE_POINTER with `target` */
	TYPE_ARRAY,
	TYPE_ERRNO,  /* negative: an errno by name */
	TYPE_FD,     /* file descriptor; the path on -y */
	TYPE_WORD,   /* 8 bytes of unknown meaning: text when they lead to some, else a number */
	TYPE_MODE,   /* FLAGS whose rest is octal: S_IFREG|0644 */
	TYPE_DEVICE, /* the number of a device: 32 bits of major and minor */
	TYPE_SIGNAL,
	TYPE_SIGNAL_SET,  /* bit n: signal n + 1 */
	TYPE_WAIT_STATUS, /* what wait(2) says */
	TYPE_ID,	  /* unsigned; with all bits set -1: a user or group that is not changed */
	TYPE_BIT_SET,	  /* pointer to bytes: bit n of them stands for n */
	TYPE_COUNT, /* how many pointers lie in an array up to its NULL; the name says of what */
};

struct enumerator {
	const char *name;
	int64_t value;
	/* FLAGS: the bits of the field that `value` is one value of, as O_ACCMODE for O_RDONLY; 0:
	 * the bits of the value itself */
	int64_t mask;
};

struct type;

/* For length_arg: as many bytes as the function returns, none when that is negative. */
#define LENGTH_RESULT (-1)

struct type_member {
	const char *name; /* "" when anonymous */
	const struct type *type;
	uint32_t offset;    /* bytes from the start of the structure */
	uint8_t bit_size;   /* 0: not a bit-field */
	uint8_t bit_offset; /* least significant bit, counted from bit 0 of the byte at `offset` */
};

/* A member that means something only when other bytes (8 from `offset` on, or as many as there
 * are), under this mask, are `value`, or are not: st_rdev is of devices. Mask 0: always. */
struct type_condition {
	uint32_t offset;
	uint64_t mask, value;
	bool is_not;
};

/* For an offset: when no member of this name before it has a meaning. */
#define TYPE_CONDITION_ELSE UINT32_MAX

/* What a structure of a standard library stands for. */
enum form_kind {
	FORM_TEXT = 1, /* the address of text, and how many bytes */
	FORM_ITEMS,    /* the address of elements, and how many */
	FORM_RANGE,    /* the addresses of the first element, and behind the last one */
	FORM_OWNER,    /* nothing but a pointer, or another value */
	FORM_OPTIONAL, /* a value, and whether it is there */
	FORM_VARIANTS, /* one of its members, and a number that says which */
	FORM_COUNT,    /* only how many elements it has is known, or not even that */
	FORM_NODES,    /* elements in nodes of their own: struct type_nodes */
	FORM_BITS,     /* the address of words, whose bits are the elements: see TYPE_BITS_* */
	FORM_BIT_SET,  /* words themselves, `length` bits of them: the numbers of those that are set
			*/
	FORM_WEAK,     /* a pointer to what may be gone: see TYPE_WEAK_* */
};

/* How nodes hang together. */
enum nodes_kind {
	NODES_CHAIN = 1, /* each has the address of the next one */
	NODES_TREE,	 /* each has those of a parent, a left and a right one */
	NODES_BLOCKS,	 /* in blocks, whose addresses lie in an array */
	NODES_NUMBERED,	 /* the same, and the first element has a number; its address is not told */
};

/* Of FORM_NODES. Bytes are counted from the container's first, or from a node's. */
struct type_nodes {
	enum nodes_kind kind;
	bool is_map;	/* an element is a structure of a key and a value */
	bool is_set;	/* there is no first one */
	bool has_count; /* there is a number of elements, in 8 bytes at form.length */
	bool ends_null; /* CHAIN: with a NULL; else with the address of the byte `end` */
	/* TREE: what the root's parent is; BLOCKS: where the end's address is; NUMBERED: where the
	 * first one's number is */
	uint8_t end;
	uint8_t links[3]; /* in a node; CHAIN: next; TREE: parent, left, right, of 32 bytes */
	uint16_t value;	  /* of a node: its element; BLOCKS, NUMBERED: bytes of a block */
};

/*
 * Of FORM_BITS, of which `item` is the type of what lies at form.length: the number of bits, and in
 * the next 8 bytes how many words there are; or a pointer, to the word that has the bit behind the
 * last one, then 4 bytes that say which of its bits that is, and where all words end.
 */
#define TYPE_BITS_LAST 8
#define TYPE_BITS_ROOM 8
#define TYPE_BITS_END  16

/*
 * Of FORM_WEAK: at form.length is the address of what counts owners, in as many bytes as
 * form.length_before says, behind a word. A long counts from -1 on (libc++), an int from 0.
 */
#define TYPE_WEAK_INT  4
#define TYPE_WEAK_LONG 8

/* Of FORM_VARIANTS: the number that means this member; or any that means none of the others. */
struct type_variant {
	uint64_t value;
	bool is_default;
};

struct type_form {
	enum form_kind kind;
	uint32_t data;	 /* where the address or value is, in bytes from the structure's first */
	uint32_t length; /* where the length, the end or the flag is */
	/* The length is no part of the structure, but so many bytes before the text; 0: it is. */
	uint8_t length_before;
	/* Short text lies in the structure: when bit 0 of its first byte is clear, the other bits
	 * are its length, and it follows. Where the first byte is of the address (`data` is 0), it
	 * is the structure's last byte, and bit 7, and text begins with the first one. */
	bool has_short;
	uint8_t skip;		 /* TEXT, ITEMS: they begin so many bytes behind the address */
	const struct type *item; /* of an element; of the pointer; of the value; COUNT: of the
				  * number, NULL: there is none; BITS: see there */
	/* OPTIONAL, WEAK: what no value is called; COUNT, BITS: the type's name. Others: may be
	 * NULL */
	const char *none;
	/* VARIANTS: one for each member of the structure; the number is at `data`, `length` bytes
	 */
	const struct type_variant *variants;
	/* NODES: the address of the first node is at `data`, `item` is of an element, `none` the
	 * type's name */
	const struct type_nodes *nodes;
};

struct type {
	enum type_kind kind;
	uint32_t size;	  /* bytes of the value itself (8 for pointers, 0 for void or unknown) */
	const char *name; /* as the programmer wrote it: "size_t", "struct request *"; never NULL */
	const struct type *target;	      /* POINTER and ARRAY; NULL: unknown */
	const struct type_member *members;    /* STRUCT */
	uint32_t n_members;		      /* of an ARRAY: elements, 0: not known */
	const struct enumerator *enumerators; /* ENUM and FLAGS */
	uint32_t n_enumerators;
	/* BYTES and STRING: 1-based argument that holds the length, LENGTH_RESULT, 0: none */
	int8_t length_arg;
	int8_t most_arg; /* LENGTH_RESULT: the argument that is the buffer's size; 0: none */
	/* The argument points to the length, which is so many bytes; 0: it is the length. */
	uint8_t length_bytes;
	bool is_out;	/* a pointer: the call fills in what it leads to */
	bool out_if_ok; /* but not when it returns a negative number, NULL or false */
	/* STRUCT: a C++ class that is returned in memory whatever its size: the caller passes the
	 * place as a hidden first argument. (As a parameter it is a pointer to the class already.)
	 */
	bool in_memory;
	const struct type_condition *conditions; /* STRUCT: of each member; NULL: none */
	/* STRUCT: `members` are not all of them; ARRAY: more elements than `size` has follow,
	 * nobody says how many */
	bool abbreviated;
	/* STRUCT: its first bytes, so many of them, say how long it is; the next one of an array
	 * begins at the next multiple of that, of 4 at least. 0: as long as `size` says */
	uint8_t length_size;
	bool in_halves; /* STRUCT: of 8-byte numbers whose upper half lies half the size further */
	const struct type_form *form; /* STRUCT: NULL: just its members */
	bool of_kernel; /* DEVICE: as the kernel has it: 12 bits of major, 20 of minor */
	/* POINTER to strings: to an array of them, up to a NULL. Never from debug information. */
	bool is_list;
	bool is_code;	    /* POINTER: to a function; UNKNOWN: a function */
	bool is_big_endian; /* numbers: the first byte is the most significant one */
	/* CHAR of C and C++ with more than a byte: how its literals begin, 'L', 'u' or 'U'; several
	 * are text. 0: of others, whose arrays are just arrays */
	char prefix;
	/* ENUM, FLAGS, and CHAR of a byte: '-' where the program takes it for a signed number, '+'
	 * for an unsigned one; 0: it is not known, and signed where that matters */
	char sign;
};

struct parameter {
	const char *name; /* "" when unknown */
	const struct type *type;
};

/* Where DWARF finds a parameter at the function's first instruction. */
enum place_kind {
	PLACE_UNKNOWN,	/* it tells only of a later time, or in words that are not understood */
	PLACE_NOWHERE,	/* it tells of no place: the value is not there any more */
	PLACE_REGISTER, /* in register `reg` */
	PLACE_MEMORY,	/* in memory, at register `reg` + offset */
	PLACE_SUM,	/* the value is register `reg` + offset */
	PLACE_CONSTANT, /* the value is `offset`, in every call */
	PLACE_PIECES,	/* in several registers or places */
	/* in memory, at register `reg` + offset, but only behind the prologue, or from `since`
	 * bytes behind the first instruction on: uprobe/prologue.c finds out what was put there */
	PLACE_LATER,
};

#define PLACE_PIECES_MAX 4

/* Some bytes of a parameter in several places, which are there one behind the other. */
struct place_piece {
	enum place_kind kind; /* NOWHERE, REGISTER, MEMORY, CONSTANT; else UNKNOWN */
	uint16_t reg;
	uint16_t size;
	int64_t offset;
};

/* DWARF's number of the canonical frame address, in struct parameter_place: the stack pointer
 * before the call, which no register holds. */
#define PLACE_CFA UINT16_MAX

struct parameter_place {
	enum place_kind kind;
	uint16_t reg; /* by DWARF's numbers, which depend on the machine */
	/* The place is said of some addresses, this one among them; else of the whole function, its
	 * first instructions perhaps not meant. */
	bool exact;
	bool is_bytes;	  /* CONSTANT: as they would lie in memory, of any type */
	uint8_t n_pieces; /* PIECES: 0: too many, or of bits */
	bool is_address;  /* LATER, MEMORY at the CFA: there is the value's address */
	uint16_t since;	  /* LATER; 0: it is said of the whole function */
	int64_t offset;
	struct place_piece pieces[PLACE_PIECES_MAX];
};

/* What the instructions of a function prove of its result: uprobe/result_proof.h. */
enum result_proof {
	RESULT_PROOF_RAX = 1, /* it gives something back in this register */
	RESULT_PROOF_RDX = 2,
	RESULT_PROOF_UNOPTIMISED = 4, /* what its source says it does give back */
	RESULT_PROOF_HIDDEN = 8,      /* %rdi has something, and it may be no parameter */
	RESULT_PROOF_SEEN = 16,	      /* %rdi has a parameter, not the place of the result */
};

/* Why a result may not be there, of prototype.no_result: an optimiser may have dropped it. */
#define PROTOTYPE_MAYBE_DROPPED "perhaps optimised out"

/* What a function takes and gives. */
struct prototype {
	const struct parameter *parameters;
	uint32_t n_parameters;
	const struct parameter_place *places; /* of the parameters; NULL: not known */
	/* Why the calling convention does not tell where a parameter is that has no place; NULL: it
	 * does. And the same of the result. Constant text. */
	const char *no_convention;
	const char *no_result;
	/* The convention tells where a parameter is, but one of PLACE_NOWHERE may not be passed. */
	bool is_optimised;
	bool is_rust; /* structures are handed over in a way of its own */
	bool variadic;
	uint8_t result_proof;	   /* enum result_proof joined; of no debug information */
	const struct type *result; /* TYPE_VOID when nothing is returned */
	const char *source;	   /* where this was learnt: "DWARF", "built-in", "given" */
};

/* Is a result there, as far as debug information knows? */
static inline bool prototype_may_drop_result(const struct prototype *prototype)
{
	return prototype->no_result && !strcmp(prototype->no_result, PROTOTYPE_MAYBE_DROPPED);
}

/* The results of a function of Go that has several, as symbols/dwarf_prototype.c makes them. Tuples
 * of Rust have members "__0". */
static inline bool type_is_go_results(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->name[0] == '(' && type->n_members > 1 &&
	       strncmp(type->members[0].name, "__", 2) != 0;
}

/* A pointer to a function, or to where pointers to functions are: a table of C++'s virtual ones. */
static inline bool type_leads_to_code(const struct type *type)
{
	return type->kind == TYPE_POINTER &&
	       (type->is_code ||
		(type->target && type->target->kind == TYPE_POINTER && type->target->is_code));
}

/* Is the number extended with its sign when it is read? Whoever fetches and whoever shows must
 * agree. */
static inline bool type_is_signed(const struct type *type)
{
	bool may_be = (type->kind == TYPE_CHAR && type->size == 1) || type->kind == TYPE_ENUM ||
		      (type->kind == TYPE_FLAGS && type->sign);
	return type->kind == TYPE_INT || type->kind == TYPE_ERRNO || type->kind == TYPE_FD ||
	       type->kind == TYPE_SIGNAL || type->kind == TYPE_WAIT_STATUS ||
	       (may_be && type->sign != '+');
}

/* A number of 16 bytes: __int128, i128. */
static inline bool type_is_wide_number(const struct type *type)
{
	return type->size == 16 && (type->kind == TYPE_INT || type->kind == TYPE_UINT);
}

/* Are several of them text, of more than a byte each? */
static inline bool type_is_wide(const struct type *type)
{
	return type->kind == TYPE_CHAR && type->prefix;
}

/* Of a pointer to wide text (wchar_t *), no reference: the type of a character; NULL: it is none.
 */
static inline const struct type *type_wide_target(const struct type *type)
{
	bool is_text = type->kind == TYPE_POINTER && type->target && type_is_wide(type->target) &&
		       !strchr(type->name, '&');
	return is_text ? type->target : NULL;
}

/* Bytes of a character of this text, which has a form. */
static inline uint32_t type_form_unit(const struct type_form *form)
{
	const struct type *wide = form->item ? type_wide_target(form->item) : NULL;
	return wide ? wide->size : 1;
}

#endif
