/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/types.c — from sizes to types. A note says of an argument that it has 8 bytes and no sign;
 * that it is a string is known to the user, or to the table of well-known markers, or to nobody.
 */
#include "usdt/types.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

static const struct {
	const char *word;
	struct type type;
} words[] = {
	{"int", {.kind = TYPE_INT, .size = 8, .name = "int"}},
	{"uint", {.kind = TYPE_UINT, .size = 8, .name = "uint"}},
	{"hex", {.kind = TYPE_HEX, .size = 8, .name = "hex"}},
	{"ptr", {.kind = TYPE_POINTER, .size = 8, .name = "ptr"}},
	{"bool", {.kind = TYPE_BOOL, .size = 1, .name = "bool"}},
	{"char", {.kind = TYPE_CHAR, .size = 1, .name = "char"}},
	{"fd", {.kind = TYPE_FD, .size = 4, .name = "fd"}},
	{"errno", {.kind = TYPE_ERRNO, .size = 8, .name = "errno"}},
	{"str", {.kind = TYPE_STRING, .size = 8, .name = "str"}},
	{"buf", {.kind = TYPE_BYTES, .name = "buf"}},
};

/* "str:arg2": the word, and the argument with the length (0: none). */
static struct err *type_of_word(const char *word, size_t length, struct arena *arena,
				const struct type **ret)
{
	static const char arg[] = ":arg";
	const char *colon = memchr(word, ':', length);
	size_t head = colon ? (size_t)(colon - word) : length;
	for (size_t i = 0; i < array_size(words); i++) {
		if (strlen(words[i].word) != head || memcmp(words[i].word, word, head) != 0)
			continue;
		*ret = &words[i].type;
		if (!colon)
			return NULL;
		struct type *made = arena_copy(arena, *ret, sizeof(*made));
		if (!made)
			return &err_nomem;
		made->name = arena_substring(arena, word, length);
		if (!strncmp(colon, arg, strlen(arg)))
			made->length_arg = (int8_t)strtol(colon + strlen(arg), NULL, 10);
		*ret = made;
		return made->name ? NULL : &err_nomem;
	}
	*ret = NULL;
	return NULL;
}

static size_t count_items(const char *text)
{
	size_t count = *text ? 1 : 0;
	for (; *text; text++)
		count += *text == ',';
	return count;
}

/* " TYPE name": `end` is the comma or the end of the text. */
static struct err *parse_item(const char *at, const char *end, struct arena *arena,
			      struct parameter *ret)
{
	while (at < end && *at == ' ')
		at++;
	const char *word = at;
	while (at < end && *at != ' ')
		at++;
	struct err *e = type_of_word(word, (size_t)(at - word), arena, &ret->type);
	if (e)
		return e;
	while (at < end && *at == ' ')
		at++;
	ret->name = arena_substring(arena, at, (size_t)(end - at));
	return ret->name ? NULL : &err_nomem;
}

struct err *types_parse(const char *text, struct arena *arena, const struct parameter **ret,
			size_t *ret_count)
{
	size_t count = count_items(text);
	struct parameter *made = arena_array(arena, count ? count : 1, sizeof(*made));
	if (!made)
		return &err_nomem;
	for (size_t i = 0; i < count; i++) {
		const char *end = strchrnul(text, ',');
		struct err *e = parse_item(text, end, arena, &made[i]);
		if (e)
			return e;
		text = end + (*end == ',');
	}
	*ret = made;
	*ret_count = count;
	return NULL;
}

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct types_row *)row)->marker);
}

static const struct types_row *find_row(const char *marker)
{
	return bsearch(marker, types_table, types_table_count, sizeof(types_table[0]), compare_row);
}

struct err *types_of_marker(const char *provider, const char *name, size_t n_operands,
			    struct arena *arena, const struct parameter **ret, size_t *ret_count)
{
	char marker[128];
	*ret_count = 0;
	int length = snprintf(marker, sizeof(marker), "%s:%s/%zu", provider, name, n_operands);
	if (length < 0 || (size_t)length >= sizeof(marker))
		return NULL;
	const struct types_row *row = find_row(marker);
	if (!row) {
		*strrchr(marker, '/') = 0;
		row = find_row(marker);
	}
	return row ? types_parse(row->types, arena, ret, ret_count) : NULL;
}

static const struct type integers[2][4] = {
	{{.kind = TYPE_UINT, .size = 1, .name = "uint8_t"},
	 {.kind = TYPE_UINT, .size = 2, .name = "uint16_t"},
	 {.kind = TYPE_UINT, .size = 4, .name = "uint32_t"},
	 /* An unsigned long, or a pointer: the note does not tell them apart. */
	 {.kind = TYPE_WORD, .size = 8, .name = "uint64_t"}},
	{{.kind = TYPE_INT, .size = 1, .name = "int8_t"},
	 {.kind = TYPE_INT, .size = 2, .name = "int16_t"},
	 {.kind = TYPE_INT, .size = 4, .name = "int32_t"},
	 {.kind = TYPE_INT, .size = 8, .name = "int64_t"}},
};
const struct type types_number = {.kind = TYPE_UINT, .size = 8, .name = "uint64_t"};
static const struct type float_type = {.kind = TYPE_FLOAT, .size = 4, .name = "float"};
static const struct type double_type = {.kind = TYPE_FLOAT, .size = 8, .name = "double"};

static bool is_scalar_size(int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static const struct type *integer_type(int size, bool is_signed)
{
	int column = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
	return &integers[is_signed][column];
}

static struct err *make_bytes(int size, struct arena *arena, const struct type **ret)
{
	struct type *made = arena_alloc(arena, sizeof(*made));
	if (!made)
		return &err_nomem;
	*made = (struct type){.kind = TYPE_BYTES, .size = (uint32_t)size};
	made->name = arena_printf(arena, "char[%d]", size);
	*ret = made;
	return made->name ? NULL : &err_nomem;
}

static struct err *default_type(const struct usdt_operand *operand, struct arena *arena,
				const struct type **ret)
{
	if (!is_scalar_size(operand->size) && operand->source.is_address)
		return make_bytes(operand->size, arena, ret);
	if (operand->is_float && (operand->size == 4 || operand->size == 8))
		*ret = operand->size == 4 ? &float_type : &double_type;
	else
		*ret = integer_type(operand->size, operand->is_signed);
	return NULL;
}

/* The wanted type, of the operand's size. */
static struct err *resize(const struct usdt_operand *operand, const struct type *wanted,
			  struct arena *arena, const struct type **ret)
{
	*ret = wanted;
	if (wanted->size == (uint32_t)operand->size)
		return NULL;
	struct type *made = arena_copy(arena, wanted, sizeof(*made));
	if (!made)
		return &err_nomem;
	made->size = (uint32_t)operand->size;
	*ret = made;
	return NULL;
}

struct err *types_fit(const struct usdt_operand *operand, const struct type *wanted,
		      struct arena *arena, const struct type **ret, const char **ret_why)
{
	bool scalar = is_scalar_size(operand->size);
	*ret_why = NULL;
	if (!wanted || wanted->kind == TYPE_VOID)
		return default_type(operand, arena, ret);
	switch (wanted->kind) {
	case TYPE_BYTES:
		if (!scalar)
			break;
		/* fall through */
	case TYPE_POINTER:
	case TYPE_STRING:
		*ret = wanted;
		if (operand->size != 8)
			*ret_why = "not 8 bytes, so not a pointer";
		return NULL;
	case TYPE_FLOAT:
		if (operand->size == 4 || operand->size == 8) {
			*ret = operand->size == 4 ? &float_type : &double_type;
			return NULL;
		}
		break;
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		if (operand->source.is_address && wanted->size <= (uint32_t)operand->size) {
			*ret = wanted;
			return NULL;
		}
		break;
	case TYPE_CHAR: /* may have been widened to int on its way: the low byte comes first */
		*ret = wanted;
		return NULL;
	default:
		if (scalar)
			return resize(operand, wanted, arena, ret);
		break;
	}
	return default_type(operand, arena, ret);
}

const char *types_name(const struct parameter *parameter, size_t index, struct arena *arena)
{
	if (parameter->name && *parameter->name)
		return arena_string(arena, parameter->name);
	return arena_printf(arena, "arg%zu", index + 1);
}

struct err *usdt_parameters(const struct usdt_note *note, const struct usdt_operand *operands,
			    size_t count, struct arena *arena, const struct parameter **ret)
{
	const struct parameter *known;
	size_t n_known;
	struct err *e = types_of_marker(note->provider, note->name, count, arena, &known, &n_known);
	struct parameter *made = arena_array(arena, count ? count : 1, sizeof(*made));
	if (e || !made)
		return e ? e : &err_nomem;
	for (size_t i = 0; i < count; i++) {
		struct parameter parameter = {.name = ""};
		const char *why;
		if (i < n_known)
			parameter = known[i];
		e = types_fit(&operands[i], parameter.type, arena, &made[i].type, &why);
		if (e)
			return e;
		made[i].name = types_name(&parameter, i, arena);
		if (!made[i].name)
			return &err_nomem;
	}
	*ret = made;
	return NULL;
}
