/* SPDX-License-Identifier: Apache-2.0 */
/* What DWARF says of one function: its parameters, its result, where it was written. */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/prototypes.h"

/* As the ABI of variadic functions has it; nobody passes more. */
#define PARAMETERS_MAX 255

struct parameters {
	ARRAY_OF(struct parameter) list;
	bool variadic;
};

/*
 * Clones whose parameters are not those of the source: constants were propagated into them,
 * structures taken apart, or they are the rare part of a function, reached by a jump.
 */
static bool is_changed_clone(const char *symbol)
{
	static const char *const marks[] = {".constprop.", ".isra.", ".part.", ".cold"};
	for (size_t i = 0; i < array_size(marks); i++)
		if (strstr(symbol, marks[i]))
			return true;
	return false;
}

/* The compiler says that it does not call this function by the platform's convention. */
static bool has_own_convention(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word convention;
	return dwarf_attr_integrate(die, DW_AT_calling_convention, &attribute) &&
	       dwarf_formudata(&attribute, &convention) == 0 && convention == DW_CC_nocall;
}

static bool is_c(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return true;
	default:
		return false;
	}
}

/*
 * An out-of-line instance of an inlined function has only the parameters that the optimiser left
 * something to say about; the abstract instance has all.
 */
static Dwarf_Die *abstract_of(Dwarf_Die *die, Dwarf_Die *storage)
{
	Dwarf_Attribute attribute;
	if (!dwarf_attr(die, DW_AT_abstract_origin, &attribute) ||
	    !dwarf_formref_die(&attribute, storage) || dwarf_tag(storage) != DW_TAG_subprogram)
		return die;
	return storage;
}

/* Is `parameter` (of the abstract instance) one that the concrete one mentions? */
static bool is_mentioned(Dwarf_Die *concrete, Dwarf_Die *parameter)
{
	Dwarf_Die child, origin;
	Dwarf_Attribute attribute;
	for (int more = dwarf_child(concrete, &child); more == 0;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_attr(&child, DW_AT_abstract_origin, &attribute) &&
		    dwarf_formref_die(&attribute, &origin) && origin.addr == parameter->addr)
			return true;
	return false;
}

/*
 * The abstract constructor of a class with virtual bases has hidden parameters that only some of
 * its concrete forms take.
 */
static bool is_taken(Dwarf_Die *function, Dwarf_Die *abstract, Dwarf_Die *parameter)
{
	Dwarf_Attribute attribute;
	bool artificial = false;
	if (function != abstract && dwarf_attr_integrate(parameter, DW_AT_artificial, &attribute))
		dwarf_formflag(&attribute, &artificial);
	return !artificial || is_mentioned(function, parameter);
}

/* A class that cannot be copied bit by bit is passed as the address of a copy. */
static const struct type *reference_to(struct dwarf_info *info, const struct type *type)
{
	struct type *ret = arena_alloc(&info->arena, sizeof(*ret));
	if (!ret)
		return NULL;
	*ret = (struct type){.kind = TYPE_POINTER, .size = 8, .target = type};
	ret->name = arena_printf(&info->arena, "%s &", type->name);
	return ret->name ? ret : NULL;
}

static bool add_parameter(struct dwarf_info *info, Dwarf_Die *die, bool tags, struct parameters *to)
{
	const char *name = dwarf_diename(die);
	const struct type *type = dwarf_type_of(info, die, tags);
	if (type && type->kind == TYPE_STRUCT && dwarf_passed_by_reference(die))
		type = reference_to(info, type);
	struct parameter *parameter = type ? array_push(&to->list) : NULL;
	if (!parameter)
		return false;
	parameter->type = type;
	parameter->name = dwarf_copy_name(info, name ? name : "");
	return parameter->name;
}

static bool collect_parameters(struct dwarf_info *info, Dwarf_Die *function, bool tags,
			       struct parameters *to)
{
	Dwarf_Die storage, child;
	Dwarf_Die *abstract = abstract_of(function, &storage);
	for (int more = dwarf_child(abstract, &child); more == 0 && to->list.count < PARAMETERS_MAX;
	     more = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);
		to->variadic |= tag == DW_TAG_unspecified_parameters;
		if (tag != DW_TAG_formal_parameter || !is_taken(function, abstract, &child))
			continue;
		if (!add_parameter(info, &child, tags, to))
			return false;
	}
	return true;
}

/* The result's type; a class that cannot be copied bit by bit is marked. */
static const struct type *result_of(struct dwarf_info *info, Dwarf_Die *function, bool tags)
{
	const struct type *type = dwarf_type_of(info, function, tags);
	if (!type || type->kind != TYPE_STRUCT || !dwarf_passed_by_reference(function))
		return type;
	struct type *marked = arena_copy(&info->arena, type, sizeof(*type));
	if (marked)
		marked->in_memory = true;
	return marked;
}

static bool fill_prototype(struct dwarf_info *info, Dwarf_Die *function, bool tags,
			   struct prototype *ret)
{
	struct parameters parameters = {0};
	bool ok = collect_parameters(info, function, tags, &parameters);
	ret->n_parameters = (uint32_t)parameters.list.count;
	ret->variadic = parameters.variadic;
	ret->source = "DWARF";
	ret->result = ok ? result_of(info, function, tags) : NULL;
	if (ret->result)
		ret->parameters = arena_copy(&info->arena, parameters.list.items,
					     parameters.list.count * sizeof(struct parameter));
	free(parameters.list.items);
	return ret->parameters;
}

/* What an assembler writes has no parameters, and does not mean that there are none. */
static bool is_described(Dwarf_Die *function, Dwarf_Die *unit)
{
	return dwarf_diecu(function, unit, NULL, NULL) &&
	       dwarf_srclang(unit) != DW_LANG_Mips_Assembler && !has_own_convention(function);
}

static struct err *read_prototype(struct dwarf_info *info, uint64_t address,
				  const struct prototype **ret)
{
	Dwarf_Die function, unit;
	*ret = NULL;
	if (!dwarf_function_at(info, address, &function) || !is_described(&function, &unit))
		return NULL;
	struct prototype *prototype = arena_alloc(&info->arena, sizeof(*prototype));
	if (!prototype || !fill_prototype(info, &function, is_c(&unit), prototype))
		return &err_nomem;
	*ret = prototype;
	return NULL;
}

/* Answers, "nothing known" too, are kept by address. */
static struct err *dwarf_prototype(struct dwarf_info *info, uint64_t address,
				   const struct prototype **ret)
{
	const uint64_t *known = name_map_find(&info->prototypes, (char *)&address, sizeof(address));
	if (known) {
		*ret = (const struct prototype *)(uintptr_t)*known;
		return NULL;
	}
	struct err *e = read_prototype(info, address, ret);
	const char *key = e ? NULL : arena_copy(&info->arena, &address, sizeof(address));
	if (key)
		name_map_add(&info->prototypes, key, sizeof(address), (uint64_t)(uintptr_t)*ret);
	return e;
}

/*
 * The built-in prototypes of a library know more than its DWARF: which int is a descriptor, which
 * argument counts the bytes of a buffer. In a program that only contains the library, DWARF goes
 * first.
 */
struct err *image_prototype(struct image *image, const struct function *function,
			    const struct prototype **ret)
{
	const struct prototype *builtin, *found = NULL;
	bool is_library;
	*ret = NULL;
	/* At its address lies the resolver, whose parameters are not those of the function. */
	if (function->ifunc || is_changed_clone(function->symbol))
		return NULL;
	struct err *e = builtin_prototype(image, function->symbol, &is_library, &builtin);
	if (e)
		return e;
	bool is_settled = builtin && is_library;
	struct dwarf_info *info = is_settled ? NULL : dwarf_info_of(image);
	if (info)
		e = dwarf_prototype(info, function->address, &found);
	if (!e)
		*ret = found ? found : builtin;
	return e;
}

bool image_source_line(struct image *image, const struct function *function, const char **ret_file,
		       unsigned int *ret_line)
{
	Dwarf_Die die;
	int line;
	struct dwarf_info *info = dwarf_info_of(image);
	if (!info || !dwarf_function_at(info, function->address, &die))
		return false;
	const char *file = dwarf_decl_file(&die);
	if (!file || dwarf_decl_line(&die, &line) != 0 || line <= 0)
		return false;
	*ret_file = file;
	*ret_line = (unsigned int)line;
	return true;
}
