/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "uprobe/args.h"

/* Structures in structures; deeper than any that fits into 16 bytes, unless a file is hostile. */
#define NESTING_MAX 16
/* Members looked at in all: a hostile file's types may nest themselves into millions. */
#define MEMBERS_MAX 256

static const char unknown_layout[] = "passed in a way that the type does not tell";

struct fetch_source args_unavailable(const char *why)
{
	return (struct fetch_source){.unavailable = why ? why : unknown_layout};
}

bool args_is_unknown(const struct fetch_source *source)
{
	return source->unavailable == unknown_layout;
}

struct fetch_source args_at(uint8_t reg, uint64_t offset)
{
	struct fetch_source source = fetch_from_register(reg, 8, false);
	source.ops[source.n_ops++] = (struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)offset};
	source.is_address = true;
	return source;
}

static bool names(const struct type *type, const char *word)
{
	return strstr(type->name, word) != NULL;
}

/* psABI 3.2.3, "Classification", step 4: how two fields of one eightbyte join. */
static void join(struct args_shape *shape, uint32_t part, enum args_class class)
{
	enum args_class *old = &shape->classes[part];
	if (*old == ARGS_UNKNOWN || class == ARGS_UNKNOWN)
		*old = ARGS_UNKNOWN;
	else if (*old == ARGS_MEMORY || class == ARGS_MEMORY)
		*old = ARGS_MEMORY;
	else if (*old == ARGS_INTEGER || class == ARGS_INTEGER)
		*old = ARGS_INTEGER;
	else if (class != ARGS_NONE)
		*old = class;
}

/* What is known while the members of one structure are gone through. */
struct survey {
	struct args_shape shape;
	uint32_t float_size; /* of its floating-point members; 0: none yet */
	bool mixed;	     /* not all members are floating-point of one size */
	int budget;	     /* members that may still be looked at */
};

static void survey_scalar(struct survey *survey, const struct type *type, uint32_t offset,
			  bool bit_field)
{
	bool is_float = type->kind == TYPE_FLOAT;
	uint32_t size = type->size;
	uint32_t part_size = is_float && names(type, "omplex") ? size / 2 : size;
	/* long double is of class X87, which goes to memory inside of structures as well. */
	if (is_float && part_size > 8) {
		join(&survey->shape, 0, ARGS_MEMORY);
		return;
	}
	/* Fields that are not aligned send the whole structure to memory. */
	if (!bit_field && part_size && offset % part_size) {
		join(&survey->shape, 0, ARGS_MEMORY);
		return;
	}
	if (!is_float || (survey->float_size && survey->float_size != part_size))
		survey->mixed = true;
	survey->float_size = part_size;
	survey->shape.float_members += part_size ? size / part_size : 0;
	for (uint32_t at = offset; at < offset + size; at += 8 - at % 8)
		if (at / 8 < 2)
			join(&survey->shape, at / 8, is_float ? ARGS_FLOAT : ARGS_INTEGER);
}

static void survey_type(struct survey *survey, const struct type *type, uint32_t offset,
			bool bit_field, int nesting);

static void survey_struct(struct survey *survey, const struct type *type, uint32_t offset,
			  int nesting)
{
	if (!type->n_members && type->size > 1)
		join(&survey->shape, 0, ARGS_UNKNOWN);
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		survey_type(survey, member->type, offset + member->offset, member->bit_size != 0,
			    nesting + 1);
	}
}

static void survey_array(struct survey *survey, const struct type *type, uint32_t offset,
			 int nesting)
{
	const struct type *item = type->target;
	if (!item || !item->size || type->size > 16) {
		join(&survey->shape, 0, ARGS_UNKNOWN);
		return;
	}
	for (uint32_t at = 0; at + item->size <= type->size; at += item->size)
		survey_type(survey, item, offset + at, false, nesting + 1);
}

static void survey_type(struct survey *survey, const struct type *type, uint32_t offset,
			bool bit_field, int nesting)
{
	if (nesting > NESTING_MAX || survey->budget-- <= 0 || offset >= 16 || type->size > 16 ||
	    type->kind == TYPE_UNKNOWN)
		join(&survey->shape, 0, ARGS_UNKNOWN);
	else if (type->kind == TYPE_STRUCT)
		survey_struct(survey, type, offset, nesting);
	else if (type->kind == TYPE_ARRAY)
		survey_array(survey, type, offset, nesting);
	else
		survey_scalar(survey, type, offset, bit_field);
}

/* Does a value of this type lie at multiples of 16? Attributes that say so are not in the type. */
static bool is_wide(const struct type *type, int nesting, int *budget)
{
	if (nesting > NESTING_MAX || (*budget)-- <= 0)
		return false;
	if (type->kind == TYPE_ARRAY)
		return type->target && is_wide(type->target, nesting + 1, budget);
	if (type->kind == TYPE_FLOAT)
		return type->size > 8 && !(names(type, "omplex") && type->size == 16);
	if (type->kind != TYPE_STRUCT)
		return type->size > 8 && type->kind != TYPE_BYTES;
	for (uint32_t i = 0; i < type->n_members; i++)
		if (is_wide(type->members[i].type, nesting + 1, budget))
			return true;
	return false;
}

/* One class of memory or ignorance decides for all. */
static void settle(struct args_shape *shape)
{
	for (int i = 0; i < 2; i++)
		if (shape->classes[i] == ARGS_MEMORY)
			shape->classes[0] = ARGS_MEMORY;
	for (int i = 0; i < 2; i++)
		if (shape->classes[i] == ARGS_UNKNOWN)
			shape->classes[0] = ARGS_UNKNOWN;
	shape->n_parts = 0;
	if (shape->classes[0] == ARGS_MEMORY || shape->classes[0] == ARGS_UNKNOWN)
		return;
	/* A hole where the first eightbyte should be is passed as if it were floating-point. */
	if (shape->classes[0] == ARGS_NONE && shape->classes[1] != ARGS_NONE)
		shape->classes[0] = ARGS_FLOAT;
	shape->n_parts = (shape->classes[0] != ARGS_NONE) + (shape->classes[1] != ARGS_NONE);
}

static struct args_shape struct_shape(const struct type *type, bool is_rust)
{
	struct survey survey = {.shape = {.size = type->size, .is_struct = true},
				.budget = MEMBERS_MAX};
	int budget = MEMBERS_MAX;
	survey.shape.align = is_wide(type, 0, &budget) ? 16 : 8;
	if (is_rust || type->in_memory || type->size > 16) {
		bool known = !is_rust && (type->in_memory || type->n_members);
		survey.shape.classes[0] = known ? ARGS_MEMORY : ARGS_UNKNOWN;
		return survey.shape;
	}
	survey_struct(&survey, type, 0, 0);
	if (survey.mixed)
		survey.shape.float_members = 0;
	settle(&survey.shape);
	return survey.shape;
}

/* Floating-point values by themselves. */
static struct args_shape float_shape(const struct type *type)
{
	struct args_shape shape = {.classes = {ARGS_FLOAT},
				   .n_parts = 1,
				   .size = type->size,
				   .align = type->size > 8 ? 16 : 8};
	bool is_complex = names(type, "omplex");
	shape.float_members = is_complex ? 2 : 1;
	if (is_complex && type->size == 16)
		return (struct args_shape){.classes = {ARGS_FLOAT, ARGS_FLOAT},
					   .n_parts = 2,
					   .size = 16,
					   .align = 8,
					   .float_members = 2};
	if (type->size > 16 || (type->size > 8 && !names(type, "128"))) {
		shape.classes[0] = ARGS_MEMORY;
		shape.n_parts = 0;
	}
	return shape;
}

struct args_shape args_shape_of(const struct type *type, bool is_rust)
{
	struct args_shape shape = {.classes = {ARGS_INTEGER}, .n_parts = 1, .size = 8, .align = 8};
	switch (type->kind) {
	case TYPE_VOID:
		shape.classes[0] = ARGS_NONE;
		shape.n_parts = 0;
		return shape;
	case TYPE_STRUCT:
		return struct_shape(type, is_rust);
	case TYPE_FLOAT:
		return float_shape(type);
	case TYPE_ARRAY: /* an array is passed as a pointer; by value it can only be a vector */
		shape.classes[0] = ARGS_FLOAT;
		shape.size = type->size;
		shape.align = 16;
		return shape;
	case TYPE_POINTER:
	case TYPE_STRING:
	case TYPE_BYTES: /* its size is that of the bytes */
		return shape;
	case TYPE_UNKNOWN:
		if (type->size > 8)
			shape.classes[0] = ARGS_UNKNOWN;
		return shape;
	default:
		break;
	}
	if (type->size > 8)
		return (struct args_shape){.classes = {ARGS_INTEGER, ARGS_INTEGER},
					   .n_parts = 2,
					   .size = type->size,
					   .align = 16};
	return shape;
}
