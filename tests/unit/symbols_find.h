/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/symbols_find.h — functions and their prototypes by name. */
#ifndef UTRAIL_TESTS_SYMBOLS_FIND_H
#define UTRAIL_TESTS_SYMBOLS_FIND_H

#include "symbols/symbols.h"
#include "tests/unit/unit.h"

/* By demangled name, NULL: none. */
static inline const struct function *find_function(struct image *image, const char *name)
{
	const struct function *functions;
	size_t count;
	assert_ok(image_functions(image, &functions, &count));
	for (size_t i = 0; i < count; i++)
		if (!strcmp(image_demangle(image, functions[i].symbol), name))
			return &functions[i];
	return NULL;
}

static inline const struct prototype *find_prototype(struct image *image, const char *name)
{
	const struct prototype *prototype;
	const struct function *function = find_function(image, name);
	assert_non_null(function);
	assert_ok(image_prototype(image, function, &prototype));
	return prototype;
}

static inline void check_type(const struct type *type, enum type_kind kind, uint32_t size,
			      const char *name)
{
	assert_non_null(type);
	assert_string_equal(type->name, name);
	assert_int_equal(type->kind, kind);
	assert_int_equal(type->size, size);
}

static inline void check_parameter(const struct prototype *prototype, uint32_t index,
				   const char *name, enum type_kind kind, uint32_t size,
				   const char *type_name)
{
	assert_true(index < prototype->n_parameters);
	assert_string_equal(prototype->parameters[index].name, name);
	check_type(prototype->parameters[index].type, kind, size, type_name);
}

static inline const struct type_member *find_member(const struct type *type, const char *name)
{
	for (uint32_t i = 0; i < type->n_members; i++)
		if (!strcmp(type->members[i].name, name))
			return &type->members[i];
	fail_msg("no member '%s' in '%s'", name, type->name);
	return NULL;
}

#endif
