/* SPDX-License-Identifier: Apache-2.0 */
/* probe/condition_tree.h — a condition between parsing and compiling. Private to condition*.c. */
#ifndef UTRAIL_PROBE_CONDITION_TREE_H
#define UTRAIL_PROBE_CONDITION_TREE_H

#include "probe/condition.h"
#include "probe/spec_parse.h"

#define CONDITION_PATH_MAX     8   /* a->b->c */
#define CONDITION_LITERALS_MAX 16  /* O_RDWR|O_CREAT */
#define CONDITION_TEXT_MAX     255 /* characters of a string */
#define CONDITION_LEAVES_MAX   32
#define CONDITION_NESTING_MAX  32

enum condition_kind {
	CONDITION_AND,
	CONDITION_OR,
	CONDITION_NOT,
	CONDITION_TEST,
};

enum condition_operator {
	TEST_NONZERO, /* the name alone */
	TEST_EQUAL,
	TEST_NOT_EQUAL,
	TEST_LESS,
	TEST_LESS_OR_EQUAL,
	TEST_GREATER,
	TEST_GREATER_OR_EQUAL,
	TEST_MATCH,
	TEST_NO_MATCH,
};

struct condition_word {
	const char *text;
	size_t at;
	bool is_call; /* size() */
};

/* A number, or the name of one. */
struct condition_number {
	const char *name; /* NULL: a number */
	uint64_t magnitude;
	bool is_negative;
	bool is_duration;
	bool is_hex; /* as addresses are written */
	size_t at;
};

/* Several are joined by |. */
struct condition_numbers {
	struct condition_number items[CONDITION_LITERALS_MAX];
	size_t count;
};

/* Characters as typed; of one behind a backslash, it is not the meaning in a pattern. */
struct condition_string {
	uint16_t items[CONDITION_TEXT_MAX];
	size_t count;
};
#define CONDITION_ESCAPED 0x100

struct condition_test {
	struct condition_word path[CONDITION_PATH_MAX];
	size_t n_path;
	bool has_mask, is_string;
	struct condition_numbers mask; /* name & mask */
	enum condition_operator op;
	size_t op_at, value_at;
	struct condition_numbers value;
	struct condition_string string;
};

/* Where it was typed, for carets. */
struct condition_source {
	const char *text; /* the spec */
	size_t offset;	  /* of the condition in it */
	size_t end;
};

struct condition {
	enum condition_kind kind;
	const struct condition *left, *right; /* NOT: left alone */
	const struct condition_test *test;
	const struct condition_source *source;
};

/* A caret under place `at` of what was typed. */
struct err *condition_error(const struct condition_source *source, size_t at, const char *what,
			    ...) must_check printf_like(3, 4);
#ifdef __clang_analyzer__
#define condition_error(...) err_assume((condition_error)(__VA_ARGS__)) /* see common/err.h */
#endif

/* --- one test, bound: condition_bind.c -------------------------------------------------------- */

#define LEAF_OPS_MAX 48

struct condition_leaf {
	/* The last is the test. The ends of those before it are operations of this leaf, later
	 * ones. */
	struct fetch_op ops[LEAF_OPS_MAX];
	size_t n_ops;
	bool inverted;	  /* the test says the contrary */
	bool at_return;	  /* asked then */
	bool is_constant; /* whatever the value, it is `constant` */
	bool constant;
	bool has_pattern;  /* the test's imm is where its elements begin */
	const char *words; /* "n (int) > 100" */
};

struct condition_binding {
	const struct condition_source *source;
	const struct condition_test *test;
	const struct condition_scope *scope;
	struct arena *arena;
	struct filter_plan *patterns;
	size_t *n_elements, *n_classes;
	struct condition_leaf *leaf;
	/* The value, as far as the path has been followed. */
	const struct type *type;
	const struct fetch_source *length;
	bool is_address; /* the operations so far give where it is */
	/* It is in several registers, by these parts; NULL: it is not. */
	const struct fetch_source *parts;
	/* It is a structure in registers, or `offset` bytes into one: nothing is loaded yet. NULL:
	 * it is not. */
	const struct fetch_source *registers;
	uint32_t offset;
	uint8_t bit_size, bit_offset;
	bool is_full;
	bool is_comm;
	uint8_t file_of; /* as in struct condition_name */
};

/* One operation more; too many are an error in the end. */
void condition_put(struct condition_binding *b, struct fetch_op op);
void condition_put_source(struct condition_binding *b, const struct fetch_source *source);
void condition_put_deref(struct condition_binding *b, uint8_t size, uint8_t flags);
/* A pointer to a structure: that is looked at, by its address. */
void condition_enter_pointer(struct condition_binding *b);

/* condition_bind_text.c, condition_bind_number.c: the test behind the value. */
bool condition_is_text(const struct type *type);
struct err *condition_bind_text(struct condition_binding *b) must_check;
struct err *condition_bind_number(struct condition_binding *b) must_check;
/* In each other: a hostile file may have any number. */
#define OWNERS_MAX 8
/* condition_bind_form.c: through a unique_ptr or the like, whose address the operations give.
 * False: it is none. */
bool condition_enter_owner(struct condition_binding *b);
/* To what is compared: what an atomic number or a cell has. */
void condition_enter_value(struct condition_binding *b);
/* `word`, of what `from` is or leads to: how many elements, or bytes of text. */
struct err *condition_enter_size(struct condition_binding *b, const struct condition_word *from,
				 const struct condition_word *word) must_check;
/* Is it a string of a standard library, or a pointer to one? Then it is what is looked at. */
bool condition_enter_text(struct condition_binding *b);
/* Its bytes, for the test behind. */
void condition_load_text_form(struct condition_binding *b, uint32_t limit);
/* condition_bind_register.c: a member of b->registers becomes what is looked at, b->type at
 * b->offset. `word`: its name. */
struct err *condition_enter_register(struct condition_binding *b,
				     const struct condition_word *word) must_check;
/* condition_words.c: fills leaf->words. */
struct err *condition_describe(struct condition_binding *b) must_check;

struct err *condition_bind(const struct condition *test, const struct condition_scope *scope,
			   struct arena *arena, struct filter_plan *patterns, size_t *n_elements,
			   size_t *n_classes, struct condition_leaf *ret) must_check;

#endif
