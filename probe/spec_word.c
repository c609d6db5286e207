/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types by name: utrail's short words, C's integer types and the usual typedefs, with the sizes of
 * 64-bit Linux (LP64).
 */
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

struct type_word {
	const char *word;
	enum type_kind kind;
	uint8_t size;
};

static const struct type_word type_words[] = {
	{"uint", TYPE_UINT, 4},
	{"hex", TYPE_HEX, 8},
	{"ptr", TYPE_POINTER, 8},
	{"code", TYPE_POINTER, 8},
	{"bool", TYPE_BOOL, 1},
	{"_Bool", TYPE_BOOL, 1},
	{"f32", TYPE_FLOAT, 4},
	{"float", TYPE_FLOAT, 4},
	{"f64", TYPE_FLOAT, 8},
	/* An `int` result leaves the upper half of its register undefined: four bytes. */
	{"errno", TYPE_ERRNO, 4},
	{"str", TYPE_STRING, 8},
	{"strs", TYPE_POINTER, 8},
	{"fd", TYPE_FD, 4},
	/* Pointers to what has no reader of its own. */
	{"sockaddr", TYPE_POINTER, 8},
	{"timespec", TYPE_POINTER, 8},
	{"wstr", TYPE_POINTER, 8},
	{"void", TYPE_VOID, 0},
	{"int8_t", TYPE_INT, 1},
	{"int16_t", TYPE_INT, 2},
	{"int32_t", TYPE_INT, 4},
	{"int64_t", TYPE_INT, 8},
	{"uint8_t", TYPE_UINT, 1},
	{"uint16_t", TYPE_UINT, 2},
	{"uint32_t", TYPE_UINT, 4},
	{"uint64_t", TYPE_UINT, 8},
	{"intmax_t", TYPE_INT, 8},
	{"uintmax_t", TYPE_UINT, 8},
	{"intptr_t", TYPE_INT, 8},
	{"uintptr_t", TYPE_HEX, 8},
	{"ptrdiff_t", TYPE_INT, 8},
	{"size_t", TYPE_UINT, 8},
	{"ssize_t", TYPE_INT, 8},
	{"off_t", TYPE_INT, 8},
	{"off64_t", TYPE_INT, 8},
	{"loff_t", TYPE_INT, 8},
	{"time_t", TYPE_INT, 8},
	{"clock_t", TYPE_INT, 8},
	{"clockid_t", TYPE_INT, 4},
	{"pid_t", TYPE_INT, 4},
	{"uid_t", TYPE_UINT, 4},
	{"gid_t", TYPE_UINT, 4},
	{"id_t", TYPE_UINT, 4},
	{"mode_t", TYPE_OCTAL, 4},
	{"dev_t", TYPE_UINT, 8},
	{"ino_t", TYPE_UINT, 8},
	{"nlink_t", TYPE_UINT, 8},
	{"blkcnt_t", TYPE_INT, 8},
	{"blksize_t", TYPE_INT, 8},
	{"nfds_t", TYPE_UINT, 8},
	{"socklen_t", TYPE_UINT, 4},
	{"key_t", TYPE_INT, 4},
	{"pthread_t", TYPE_HEX, 8},
	{"wchar_t", TYPE_INT, 4},
	{"wint_t", TYPE_UINT, 4},
	{"char8_t", TYPE_UINT, 1},
	{"char16_t", TYPE_UINT, 2},
	{"char32_t", TYPE_UINT, 4},
	{"u_char", TYPE_UINT, 1},
	{"u_int", TYPE_UINT, 4},
	{"u_long", TYPE_UINT, 8},
	{"uchar", TYPE_UINT, 1},
	{"ushort", TYPE_UINT, 2},
	{"ulong", TYPE_UINT, 8},
	{"u8", TYPE_UINT, 1},
	{"u16", TYPE_UINT, 2},
	{"u32", TYPE_UINT, 4},
	{"u64", TYPE_UINT, 8},
	{"s8", TYPE_INT, 1},
	{"s16", TYPE_INT, 2},
	{"s32", TYPE_INT, 4},
	{"s64", TYPE_INT, 8},
	/* Rust */
	{"i8", TYPE_INT, 1},
	{"i16", TYPE_INT, 2},
	{"i32", TYPE_INT, 4},
	{"i64", TYPE_INT, 8},
	{"isize", TYPE_INT, 8},
	{"usize", TYPE_UINT, 8},
};

static const char *const suggested_words[] = {
	"int",	    "uint",	"hex",	  "ptr",     "code",	 "char",    "bool",	"f32",
	"f64",	    "errno",	"str",	  "strs",    "buf",	 "fd",	    "sockaddr", "timespec",
	"wstr",	    "void",	"long",	  "short",   "unsigned", "signed",  "float",	"double",
	"size_t",   "ssize_t",	"int8_t", "int16_t", "int32_t",	 "int64_t", "uint8_t",	"uint16_t",
	"uint32_t", "uint64_t", "off_t",  "pid_t",   "uid_t",	 "mode_t",  "time_t",	NULL,
};

bool spec_take_integer_word(const struct spec_parser *p, struct spec_span word,
			    struct type_words *words)
{
	static const struct {
		const char *word;
		size_t offset;
	} table[] = {
		{"int", offsetof(struct type_words, is_int)},
		{"char", offsetof(struct type_words, is_char)},
		{"short", offsetof(struct type_words, is_short)},
		{"long", offsetof(struct type_words, is_long)},
		{"signed", offsetof(struct type_words, is_signed)},
		{"unsigned", offsetof(struct type_words, is_unsigned)},
		{"double", offsetof(struct type_words, is_double)},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!spec_span_is(p, word, table[i].word))
			continue;
		*(bool *)((char *)words + table[i].offset) = true;
		words->has_integer = true;
		return true;
	}
	return false;
}

static const struct type word_type = {.kind = TYPE_INT, .size = 8, .name = "long"};
static const struct type_member times[] = {
	{.name = "tv_sec", .type = &word_type, .offset = 0},
	{.name = "tv_nsec", .type = &word_type, .offset = 8},
};
static const struct type timespec_type = {.kind = TYPE_STRUCT,
					  .size = 16,
					  .name = "struct timespec",
					  .members = times,
					  .n_members = array_size(times)};

const struct type spec_text_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};

static void set_type(struct type *type, enum type_kind kind, uint32_t size)
{
	type->kind = kind;
	type->size = size;
}

static void integer_type(const struct type_words *words, struct type *ret)
{
	enum type_kind kind = words->is_unsigned ? TYPE_UINT : TYPE_INT;
	if (words->is_double && words->is_long)
		set_type(ret, TYPE_UNKNOWN, 16); /* x87's 80 bits: nothing reads them */
	else if (words->is_double)
		set_type(ret, TYPE_FLOAT, 8);
	else if (words->is_char && !words->is_unsigned && !words->is_signed)
		set_type(ret, TYPE_CHAR, 1);
	else if (words->is_char)
		set_type(ret, kind, 1);
	else if (words->is_short)
		set_type(ret, kind, 2);
	else
		set_type(ret, kind, words->is_long ? 8 : 4);
}

bool spec_type_by_words(const struct spec_parser *p, const struct type_words *words,
			struct type *ret)
{
	*ret = (struct type){.name = ""};
	if (words->has_integer && !words->has_base) {
		integer_type(words, ret);
		return true;
	}
	if (words->is_enum && words->has_base) {
		set_type(ret, TYPE_INT, 4);
		return true;
	}
	/* `struct timespec *` is a structure, `timespec` a word of ours. */
	for (size_t i = 0; !words->is_tagged && i < sizeof(type_words) / sizeof(type_words[0]);
	     i++) {
		if (!spec_span_is(p, words->base, type_words[i].word))
			continue;
		set_type(ret, type_words[i].kind, type_words[i].size);
		if (!strcmp(type_words[i].word, "strs")) {
			ret->target = &spec_text_type;
			ret->is_list = true;
		}
		if (!strcmp(type_words[i].word, "timespec"))
			ret->target = &timespec_type;
		ret->is_code = !strcmp(type_words[i].word, "code");
		return true;
	}
	return false;
}

struct err *spec_unknown_type(const struct spec_parser *p, const struct type_words *words)
{
	const char *shown = spec_quote(p, words->base);
	struct err *e = spec_error(p, words->base.start, "unknown type '%s'", shown);
	const char *near = words->is_tagged ? NULL : spec_nearest(shown, suggested_words);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return err_hint(
		e,
		"types are int uint hex ptr code char bool f32 f64 errno str strs str:argN str:ret buf:N "
		"buf:argN buf:ret fd sockaddr:argN timespec wstr, C's own (size_t, uint8_t), and pointers "
		"('%s *')",
		shown);
}
