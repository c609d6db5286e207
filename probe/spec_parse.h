/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/spec_parse.h — what the parts of the spec parser share. Private to probe/spec*.c.
 *
 * The text is never rewritten: every part works on spans of the one text that the user typed, so
 * that an error knows its column. Flow: spec.c takes one item of the comma list after the other;
 * spec_scan.c cuts it at the separators; spec_kind.c (own grammar and bpftrace) or a dialect file
 * assigns the parts; spec_name.c and spec_type.c read name and types; spec_kind.c checks the whole.
 */
#ifndef UTRAIL_PROBE_SPEC_PARSE_H
#define UTRAIL_PROBE_SPEC_PARSE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "probe/spec.h"

struct spec_span {
	size_t start, end;
};

/* How names are compared: made once with the spec. */
struct spec_matcher {
	const char *literal; /* a glob's text without its escapes: a pasted name matches itself */
	bool has_regex;
	regex_t regex;
	struct spec_matcher *next;
};

struct spec_memory {
	struct arena arena;
	size_t capacity; /* of spec_list.items */
	struct spec_matcher *regexes;
	size_t regex_cost; /* spent so far, see spec_match.c */
};

struct spec_parser {
	const char *text; /* the whole argument */
	size_t length;
	size_t item; /* where the spec that is being read starts */
	struct spec_list *list;
	struct spec_memory *memory;
};

/* --- errors: spec_error.c -------------------------------------------------------------------- */

/* ERR_USAGE, with the text and a caret under byte `at` as the why. */
struct err *spec_error(const struct spec_parser *p, size_t at, const char *what, ...) must_check
	printf_like(3, 4);
#ifdef __clang_analyzer__
#define spec_error(...) err_assume((spec_error)(__VA_ARGS__)) /* see common/err.h */
#endif
/* A part of the text, cut and made printable, for messages. Never NULL. */
const char *spec_quote(const struct spec_parser *p, struct spec_span span);
/* The word of `words` (NULL-terminated) that is nearest to `word`, NULL when none is near. */
const char *spec_nearest(const char *word, const char *const *words);

/* --- scanning: spec_scan.c ------------------------------------------------------------------- */

/* More asterisks serve nobody, and fnmatch() tries their places one inside the other. */
#define SPEC_STARS_MAX	  32
#define SPEC_NESTING_MAX  256
#define SPEC_SEGMENTS_MAX 6

enum scan_unit {
	SCAN_END,
	SCAN_TEXT, /* a word, or one character without meaning; anything inside brackets */
	SCAN_SPACE,
	SCAN_ESCAPE,   /* backslash and the character behind it */
	SCAN_OPERATOR, /* C++: the word `operator` with its symbol or type */
	SCAN_OPEN,
	SCAN_CLOSE,
	SCAN_COLON,
	SCAN_SCOPE,  /* :: */
	SCAN_TRIPLE, /* ::: or more, which only DTrace writes */
	SCAN_ARROW,  /* -> */
	SCAN_COMMA,
	SCAN_QUOTED, /* "…", at the start of a segment and in conditions */
	SCAN_REGEX,  /* /…/, at the start of a segment */
	SCAN_LINE,   /* @file:123, at the start of a segment */
};

struct scanner {
	const struct spec_parser *p;
	size_t begin, at, end;
	size_t unit;	/* where the unit that scan_next() returned starts; it ends at `at` */
	bool fresh;	/* at the start of a segment */
	bool result;	/* behind `->`: a ':' separates nothing */
	bool condition; /* behind `if`: '<' and '>' compare */
	size_t depth;
	struct {
		char bracket;
		size_t at;
	} open[SPEC_NESTING_MAX];
};

void scan_init(struct scanner *s, const struct spec_parser *p, struct spec_span span);
/* Depth counts an opening bracket itself, and no longer a closing one. */
struct err *scan_next(struct scanner *s, enum scan_unit *ret) must_check;

/* One spec, cut at its separators. */
struct spec_item {
	struct spec_span text; /* with prefixes, without spaces around it */
	struct spec_span head; /* everything before `->` and `if` */
	struct spec_span segments[SPEC_SEGMENTS_MAX];
	size_t n_segments; /* may be more than are stored */
	bool triple;
	bool scope_in_module; /* '::' before the last separator, at `scope_at` */
	size_t scope_at;
	bool has_result, has_condition, has_rate;
	struct spec_span result, condition, rate;
	size_t condition_word; /* where `if` stands */
	size_t next;	       /* the comma behind it, or the end of the text */
};

struct err *spec_item_scan(const struct spec_parser *p, size_t start,
			   struct spec_item *ret) must_check;

struct spec_span spec_trim(const struct spec_parser *p, struct spec_span span);
bool spec_span_is(const struct spec_parser *p, struct spec_span span, const char *word);
bool spec_span_starts(const struct spec_parser *p, struct spec_span span, const char *prefix);
/* A copy with the escapes resolved; NULL when out of memory. */
char *spec_unescape(const struct spec_parser *p, struct spec_span span);
char *spec_copy(const struct spec_parser *p, struct spec_span span);
bool spec_is_space(char c);
bool spec_is_word(char c); /* of an identifier: letters, digits, _ $ and bytes beyond ASCII */
bool spec_is_digit(char c);

/* --- the parts ------------------------------------------------------------------------------- */

/* spec_kind.c: an item in utrail's own grammar, bpftrace's spellings included. */
struct err *spec_parse_own(const struct spec_parser *p, const struct spec_item *item,
			   struct spec *spec) must_check;
/* The kind that `span` names; false: none. */
bool spec_kind_of(const struct spec_parser *p, struct spec_span span, enum probe_kind *ret);
/* Result type, then everything that must hold for the kind. */
struct err *spec_finish(const struct spec_parser *p, const struct spec_item *item,
			struct spec *spec) must_check;
/* A USDT provider, perhaps a glob. */
struct err *spec_take_provider(const struct spec_parser *p, struct spec_span span,
			       struct spec *spec) must_check;
/* Names everything: the glob "*". */
struct err *spec_name_all(const struct spec_parser *p, struct spec *spec) must_check;

/* spec_dialect.c, spec_dtrace.c, spec_strace.c: *ret_taken tells whether it was that spelling. */
struct err *spec_refuse_systemtap(const struct spec_parser *p, struct spec_span rest) must_check;
struct err *spec_refuse_short_kind(const struct spec_parser *p,
				   const struct spec_item *item) must_check;
struct err *spec_parse_perf(const struct spec_parser *p, const struct spec_item *item,
			    struct spec *spec, bool *ret_taken) must_check;
/* A name `sys_enter_read`, of the category `syscalls` or `raw_syscalls` in `category`. */
struct err *spec_parse_syscall_event(const struct spec_parser *p, struct spec_span category,
				     struct spec_span name, struct spec *spec,
				     bool *ret_taken) must_check;
struct err *spec_parse_dtrace(const struct spec_parser *p, const struct spec_item *item,
			      struct spec *spec, bool *ret_taken) must_check;
/* `trace=…` takes the rest of the text and appends to the list itself. */
struct err *spec_parse_strace(const struct spec_parser *p, size_t start,
			      bool *ret_taken) must_check;

struct err *spec_append(const struct spec_parser *p, const struct spec *spec) must_check;

/* spec_name.c: NAME[(TYPES)], for the kind that spec->kind says already. */
struct err *spec_parse_name(const struct spec_parser *p, struct spec_span span,
			    struct spec *spec) must_check;

/* spec_symbol.c: the text of a symbol, marker or system call, with globs and escapes. */
struct err *spec_parse_symbol(const struct spec_parser *p, struct spec_span span,
			      struct spec *spec) must_check;
/* Where the words end that a demangler puts before a name ("virtual thunk to "); else the start. */
size_t spec_phrase_end(const struct spec_parser *p, struct spec_span span);
/* spec_name.c: all of `span` must be a number (decimal, or hex behind 0x). */
struct err *spec_parse_number(const struct spec_parser *p, struct spec_span span,
			      uint64_t *ret) must_check;

/* spec_type.c: what stands between the parentheses; `is_method` puts `this` in front. */
struct err *spec_parse_types(const struct spec_parser *p, struct spec_span span, bool is_method,
			     struct prototype *ret) must_check;
struct err *spec_parse_result(const struct spec_parser *p, struct spec_span span,
			      struct prototype *ret) must_check;

/* spec_word.c: the types by name. */
struct type_words {
	struct spec_span base; /* the one word that is no integer word; empty: none */
	bool has_base;
	bool has_integer; /* int, char, short, long, signed, unsigned, double */
	bool is_int, is_char, is_short, is_long, is_signed, is_unsigned, is_double;
	bool is_tagged; /* struct, union, enum, class */
	bool is_enum;
	bool is_const;
	bool is_out; /* the first word is `out` */
};
/* Takes `word` as a part of an integer type's name ("unsigned"); false: it is none. */
bool spec_take_integer_word(const struct spec_parser *p, struct spec_span word,
			    struct type_words *words);
/* "char *" */
extern const struct type spec_text_type;
/* The type that the words mean, without name; false: nobody knows. */
bool spec_type_by_words(const struct spec_parser *p, const struct type_words *words,
			struct type *ret);
struct err *spec_unknown_type(const struct spec_parser *p,
			      const struct type_words *words) must_check;

/* condition_parse.c: what stands behind `if`; `spec_text` is kept, for errors that come later. */
struct err *spec_parse_condition(const struct spec_parser *p, struct spec_span span,
				 const char *spec_text, const struct condition **ret) must_check;

/* spec_match.c */
struct err *spec_compile_regex(const struct spec_parser *p, struct spec_span pattern,
			       struct spec *spec) must_check;

#endif
