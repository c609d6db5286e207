/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/tracepoint_types.h"

#include <string.h>

static bool is_char(const char *type)
{
	return strcmp(type, "char") == 0 || strcmp(type, "const char") == 0;
}

static bool is_text_pointer(const char *type)
{
	return strcmp(type, "char *") == 0 || strcmp(type, "const char *") == 0;
}

static bool ends_with_star(const char *type)
{
	size_t length = strlen(type);
	return length && type[length - 1] == '*';
}

static bool is_device(const char *type)
{
	return strcmp(type, "dev_t") == 0;
}

static enum type_kind number_kind(const struct tracepoint_field *field)
{
	if (is_device(field->type))
		return TYPE_DEVICE;
	if (field->enumerators)
		return field->is_flags ? TYPE_FLAGS : TYPE_ENUM;
	if (strcmp(field->type, "bool") == 0)
		return TYPE_BOOL;
	if (field->is_octal)
		return TYPE_OCTAL;
	if (field->is_hex)
		return TYPE_HEX;
	return field->is_signed ? TYPE_INT : TYPE_UINT;
}

/* Numbers that fill their fields; what has another size (a structure) is shown as its bytes. */
static void take_number(const struct tracepoint_field *field, uint32_t size, struct type *type)
{
	type->size = size;
	type->kind = number_kind(field);
	type->of_kernel = type->kind == TYPE_DEVICE;
	if (type->kind == TYPE_ENUM || type->kind == TYPE_FLAGS) {
		type->enumerators = field->enumerators;
		type->n_enumerators = field->n_enumerators;
	}
}

static bool is_number_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

struct err *tracepoint_field_type(struct arena *arena, const struct tracepoint_field *field,
				  const struct type **ret)
{
	struct type *type = arena_alloc(arena, sizeof(*type));
	struct type *element = arena_alloc(arena, sizeof(*element));
	if (!type || !element)
		return &err_nomem;
	type->name = element->name = field->type;
	type->size = field->size;
	*ret = type;
	uint32_t count = field->elements ? field->elements : field->size;
	if (field->form == FIELD_DATA_LOC || field->form == FIELD_REL_LOC) {
		type->kind = is_char(field->type) ? TYPE_STRING : TYPE_BYTES;
		type->size = is_char(field->type) ? 8 : 0;
		type->name = is_char(field->type) ? "char *" : field->type;
	} else if (field->form == FIELD_ARRAY) {
		*type = (struct type){.kind = TYPE_ARRAY,
				      .size = field->size,
				      .name = field->type,
				      .target = element,
				      .n_members = count};
		take_number(field, field->size / count, element);
		element->kind = is_char(field->type) ? TYPE_CHAR : element->kind;
	} else if (is_text_pointer(field->type) && field->size == 8) {
		type->kind = TYPE_STRING;
	} else if (ends_with_star(field->type) && field->size == 8) {
		type->kind = TYPE_POINTER;
	} else if (is_number_size(field->size)) {
		take_number(field, field->size, type);
	} else {
		*element = (struct type){.kind = TYPE_HEX, .size = 1, .name = "u8"};
		type->kind = TYPE_ARRAY;
		type->target = element;
		type->n_members = field->size;
	}
	return NULL;
}
