/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/tracepoint_format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A record is not larger than a page of the trace buffer. */
#define RECORD_MAX 8192

struct piece {
	const char *start, *end;
};

static struct piece trim(struct piece piece)
{
	while (piece.start < piece.end && isspace((unsigned char)*piece.start))
		piece.start++;
	while (piece.end > piece.start && isspace((unsigned char)piece.end[-1]))
		piece.end--;
	return piece;
}

static bool starts(struct piece piece, const char *word)
{
	size_t length = strlen(word);
	return (size_t)(piece.end - piece.start) >= length &&
	       memcmp(piece.start, word, length) == 0;
}

/* The number behind `key` up to a ';'. */
static bool number_behind(struct piece line, const char *key, uint32_t *ret)
{
	const char *found = memmem(line.start, (size_t)(line.end - line.start), key, strlen(key));
	if (!found)
		return false;
	char *end;
	unsigned long value = strtoul(found + strlen(key), &end, 10);
	if (end == found + strlen(key) || *end != ';' || value > RECORD_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "pid_t prev_pid", "char comm[16]", "__data_loc char[] name": name and type apart. */
static bool take_declaration(struct arena *arena, struct piece text, struct tracepoint_field *field)
{
	struct piece type = trim(text);
	if (starts(type, "__data_loc ") || starts(type, "__rel_loc ")) {
		field->form = starts(type, "__data_loc ") ? FIELD_DATA_LOC : FIELD_REL_LOC;
		type.start = memchr(type.start, ' ', (size_t)(type.end - type.start));
	}
	const char *bracket = memchr(type.start, '[', (size_t)(type.end - type.start));
	if (field->form == FIELD_PLAIN && bracket && type.end[-1] == ']') {
		char *end;
		field->form = FIELD_ARRAY;
		field->elements = (uint32_t)strtoul(bracket + 1, &end, 10);
		if (*end != ']')
			field->elements = 0; /* by a name: the size tells */
		type.end = bracket;
	}
	type = trim(type);
	const char *name = type.end;
	while (name > type.start && is_name(name[-1]))
		name--;
	if (name == type.end || name == type.start)
		return false;
	field->name = arena_substring(arena, name, (size_t)(type.end - name));
	type.end = name;
	if (field->form == FIELD_DATA_LOC || field->form == FIELD_REL_LOC) {
		const char *array = memchr(type.start, '[', (size_t)(type.end - type.start));
		type.end = array ? array : type.end;
	}
	type = trim(type);
	field->type = arena_substring(arena, type.start, (size_t)(type.end - type.start));
	return field->name && field->type && *field->type;
}

static void take_field(struct arena *arena, struct piece line, struct tracepoint_format *format)
{
	struct tracepoint_field field = {0};
	uint32_t is_signed = 0;
	const char *end = memchr(line.start, ';', (size_t)(line.end - line.start));
	struct piece declaration = {line.start + strlen("field:"), end};
	if (!end || format->n_fields == TRACEPOINT_FIELDS_MAX ||
	    !take_declaration(arena, declaration, &field) ||
	    !number_behind(line, "offset:", &field.offset) ||
	    !number_behind(line, "size:", &field.size))
		return;
	number_behind(line, "signed:", &is_signed);
	field.is_signed = is_signed;
	bool located = field.form == FIELD_DATA_LOC || field.form == FIELD_REL_LOC;
	if (!field.size || (located && field.size != 4) ||
	    (field.form == FIELD_ARRAY && field.elements && field.size % field.elements) ||
	    strncmp(field.name, "common_", strlen("common_")) == 0)
		return;
	format->fields[format->n_fields++] = field;
}

bool tracepoint_format_parse(struct arena *arena, const char *text, struct tracepoint_format *ret)
{
	*ret = (struct tracepoint_format){0};
	bool has_id = false;
	while (*text) {
		const char *end = text + strcspn(text, "\n");
		struct piece line = trim((struct piece){text, end});
		if (starts(line, "ID:")) {
			ret->id = (uint32_t)strtoul(line.start + strlen("ID:"), NULL, 10);
			has_id = ret->id > 0;
		} else if (starts(line, "field:")) {
			take_field(arena, line, ret);
		} else if (starts(line, "print fmt:")) {
			char *print = arena_substring(arena, line.start + strlen("print fmt:"),
						      (size_t)(line.end - line.start) -
							      strlen("print fmt:"));
			if (print)
				tracepoint_print_apply(arena, print, ret);
		}
		text = *end ? end + 1 : end;
	}
	return has_id;
}
