/* SPDX-License-Identifier: Apache-2.0 */
/* What DWARF says of one function: its parameters, its result, where it was written. */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/answers.h"
#include "symbols/child/remote.h"
#include "symbols/clone.h"
#include "symbols/dwarf_attributes.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/prototypes.h"

/* As the ABI of variadic functions has it; nobody passes more. */
#define PARAMETERS_MAX 255

/* More are not shown: a value has at most four parts. */
#define GO_RESULTS 4

struct parameters {
	ARRAY_OF(struct parameter) list;
	ARRAY_OF(struct parameter_place) places; /* of each */
	bool variadic, is_rust;
	uint64_t address;	       /* of the function */
	Dwarf_Die results[GO_RESULTS]; /* the parameters that are results (Go) */
	unsigned int n_results;	       /* such parameters, also those that are not kept */
};

static bool is_c(int language)
{
	switch (language) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return true;
	default:
		return false;
	}
}

bool dwarf_unit_is_c(Dwarf_Die *unit)
{
	return is_c(dwarf_srclang(unit));
}

/*
 * An out-of-line instance of an inlined function has only the parameters that the optimiser left
 * something to say about; the abstract instance has all.
 */
static Dwarf_Die *abstract_of(struct dwarf_attributes *function, Dwarf_Die *storage)
{
	Dwarf_Attribute found;
	Dwarf_Attribute *origin = dwarf_attributes_own(function, DW_AT_abstract_origin, &found);
	if (!origin || !dwarf_formref_die(origin, storage) ||
	    dwarf_tag(storage) != DW_TAG_subprogram)
		return function->die;
	return storage;
}

/* The concrete function's own words on `parameter` of the abstract instance; NULL: none. */
static Dwarf_Die *mention_of(Dwarf_Die *concrete, Dwarf_Die *abstract, Dwarf_Die *parameter,
			     Dwarf_Die *storage)
{
	Dwarf_Die origin;
	Dwarf_Attribute attribute;
	if (concrete == abstract)
		return parameter;
	for (int more = dwarf_child(concrete, storage); more == 0;
	     more = dwarf_siblingof(storage, storage))
		if (dwarf_attr(storage, DW_AT_abstract_origin, &attribute) &&
		    dwarf_formref_die(&attribute, &origin) && origin.addr == parameter->addr)
			return storage;
	return NULL;
}

/*
 * The abstract constructor of a class with virtual bases has hidden parameters that only some of
 * its concrete forms take.
 */
static bool is_taken(struct dwarf_attributes *parameter, const Dwarf_Die *mention)
{
	return mention || !dwarf_attributes_flag(parameter, DW_AT_artificial);
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

/* What is passed as the address of a copy has its place where that address leads. */
static struct parameter_place address_of(struct parameter_place place)
{
	if (place.kind == PLACE_MEMORY && place.reg != PLACE_CFA)
		place.kind = PLACE_SUM;
	else if (place.kind != PLACE_NOWHERE)
		place.kind = PLACE_UNKNOWN;
	return place;
}

/*
 * Before DWARF 5, or strictly, gcc does not say which constructors are defaulted ones, that move
 * bits. But it says where the parameter is: a class that is passed as an address is behind that.
 */
static bool lies_there(struct dwarf_info *info, struct dwarf_attributes *told,
		       const struct parameter_place *place)
{
	Dwarf_Attribute storage;
	Dwarf_Op *ops;
	size_t count;
	const struct unit_words *unit = told ? dwarf_words_of_unit(info, told->die) : NULL;
	if (!unit || strncmp(unit->producer, "GNU ", 4) != 0)
		return false;
	if (place->kind == PLACE_REGISTER || place->kind == PLACE_PIECES)
		return true;
	Dwarf_Attribute *location = dwarf_attributes_own(told, DW_AT_location, &storage);
	return location && dwarf_getlocation(location, &ops, &count) == 0 && count == 1 &&
	       ops[0].atom == DW_OP_fbreg;
}

static bool is_by_reference(struct dwarf_info *info, Dwarf_Die *die, struct dwarf_attributes *told,
			    const struct parameter_place *place)
{
	return dwarf_passed_by_reference(die) &&
	       !(dwarf_passed_by_guess(die) && lies_there(info, told, place));
}

static bool add_parameter(struct dwarf_info *info, struct dwarf_attributes *die, bool tags,
			  struct dwarf_attributes *told, struct parameter_place place,
			  struct parameters *to)
{
	Dwarf_Attribute storage;
	const char *name = dwarf_formstring(dwarf_attributes_any(die, DW_AT_name, &storage));
	const struct type *type =
		dwarf_type_named(info, dwarf_attributes_any(die, DW_AT_type, &storage), tags);
	if (type && type->kind == TYPE_STRUCT && is_by_reference(info, die->die, told, &place)) {
		type = reference_to(info, type);
		place = address_of(place);
	}
	struct parameter *parameter = type ? array_push(&to->list) : NULL;
	struct parameter_place *its_place = parameter ? array_push(&to->places) : NULL;
	if (!its_place)
		return false;
	*its_place = place;
	parameter->type = type;
	parameter->name = dwarf_copy_name(info, name ? name : "");
	return parameter->name;
}

static bool take_parameter(struct dwarf_info *info, struct dwarf_attributes *function,
			   Dwarf_Die *abstract, Dwarf_Die *die, bool tags, struct parameters *to)
{
	Dwarf_Die storage;
	struct dwarf_attributes own, concrete;
	Dwarf_Die *mention = mention_of(function->die, abstract, die, &storage);
	dwarf_attributes_read(die, &own);
	if (!is_taken(&own, mention))
		return true;
	if (dwarf_attributes_flag(&own, DW_AT_variable_parameter)) {
		if (to->n_results < GO_RESULTS)
			to->results[to->n_results] = *die;
		to->n_results++;
		return true;
	}
	if (mention && mention != die)
		dwarf_attributes_read(mention, &concrete);
	struct dwarf_attributes *told = !mention ? NULL : mention == die ? &own : &concrete;
	struct parameter_place place = dwarf_place_of(function, told, to->address);
	if (to->is_rust && (place.kind == PLACE_UNKNOWN || place.kind == PLACE_NOWHERE)) {
		struct parameter_place later = dwarf_place_later(function, told, to->address);
		place = later.kind == PLACE_LATER ? later : place;
	}
	return add_parameter(info, &own, tags, told, place, to);
}

static bool collect_parameters(struct dwarf_info *info, struct dwarf_attributes *function,
			       bool tags, struct parameters *to)
{
	Dwarf_Die storage, child;
	Dwarf_Die *abstract = abstract_of(function, &storage);
	for (int more = dwarf_child(abstract, &child); more == 0 && to->list.count < PARAMETERS_MAX;
	     more = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);
		to->variadic |= tag == DW_TAG_unspecified_parameters;
		if (tag == DW_TAG_formal_parameter &&
		    !take_parameter(info, function, abstract, &child, tags, to))
			return false;
	}
	return true;
}

/* The result's type; a class that cannot be copied bit by bit is marked. */
static const struct type *result_of(struct dwarf_info *info, struct dwarf_attributes *function,
				    bool tags)
{
	Dwarf_Attribute storage;
	const struct type *type =
		dwarf_type_named(info, dwarf_attributes_any(function, DW_AT_type, &storage), tags);
	if (!type || type->kind != TYPE_STRUCT || !dwarf_passed_by_reference(function->die))
		return type;
	struct type *marked = arena_copy(&info->arena, type, sizeof(*type));
	if (marked)
		marked->in_memory = true;
	return marked;
}

/* Several results are shown as a structure, in which each begins at a multiple of eight. */
static const struct type *go_tuple(struct dwarf_info *info, struct parameters *parameters)
{
	struct type_member members[GO_RESULTS];
	struct type tuple = {.kind = TYPE_STRUCT, .n_members = parameters->n_results, .name = ""};
	for (unsigned int i = 0; i < parameters->n_results; i++) {
		const char *name = dwarf_diename(&parameters->results[i]);
		const struct type *type = dwarf_type_of(info, &parameters->results[i], false);
		if (!type)
			return NULL;
		/* "~r0" is one that the source gives no name */
		name = name ? name + strspn(name, "~") : "";
		members[i] = (struct type_member){
			.name = dwarf_copy_name(info, name), .type = type, .offset = tuple.size};
		tuple.size += (type->size + 7) / 8 * 8;
		tuple.name =
			arena_printf(&info->arena, "%s%s%s", tuple.name, i ? ", " : "", type->name);
		if (!tuple.name || !members[i].name)
			return NULL;
	}
	tuple.name = arena_printf(&info->arena, "(%s)", tuple.name);
	tuple.members =
		arena_copy(&info->arena, members, parameters->n_results * sizeof(members[0]));
	return tuple.name && tuple.members ? arena_copy(&info->arena, &tuple, sizeof(tuple)) : NULL;
}

/* Go's results are parameters of their own; small ones are at known places. */
static const struct type *go_result(struct dwarf_info *info, struct parameters *parameters,
				    struct prototype *prototype)
{
	static const char own[] = "Go's own calling convention";
	if (parameters->n_results > 1 && parameters->n_results <= GO_RESULTS)
		return go_tuple(info, parameters);
	const struct type *type = dwarf_type_of(info, &parameters->results[0], false);
	bool is_small = type && type->kind != TYPE_ARRAY && type->kind != TYPE_FLOAT &&
			type->kind != TYPE_UNKNOWN && type->size &&
			(type->size <= 8 || type->kind == TYPE_STRUCT);
	/* Single ones are in registers, also those that are not read. */
	bool is_real = type && type->kind == TYPE_FLOAT && type->size <= 8;
	if (parameters->n_results != 1 || !is_small)
		prototype->no_result = parameters->n_results == 1 && is_real ? "in xmm0" : own;
	return type;
}

static bool fill_prototype(struct dwarf_info *info, struct dwarf_attributes *function, bool tags,
			   struct parameters *parameters, struct prototype *ret)
{
	size_t count = 0;
	if (!collect_parameters(info, function, tags, parameters))
		return false;
	count = parameters->list.count;
	ret->n_parameters = (uint32_t)count;
	ret->variadic = parameters->variadic;
	ret->source = "DWARF";
	ret->result = parameters->n_results ? go_result(info, parameters, ret)
					    : result_of(info, function, tags);
	ret->parameters =
		arena_copy(&info->arena, parameters->list.items, count * sizeof(struct parameter));
	ret->places = arena_copy(&info->arena, parameters->places.items,
				 count * sizeof(struct parameter_place));
	return ret->result && ret->parameters && ret->places;
}

/* What an assembler writes has no parameters, and does not mean that there are none. NULL: that. */
static const struct unit_words *described_by(struct dwarf_info *info, Dwarf_Die *function)
{
	const struct unit_words *words = dwarf_words_of_unit(info, function);
	return words && words->language != DW_LANG_Mips_Assembler ? words : NULL;
}

static bool declared_at(Dwarf_Die *die, const char **ret_file, unsigned int *ret_line)
{
	int line;
	const char *file = dwarf_decl_file(die);
	if (!file || dwarf_decl_line(die, &line) != 0 || line <= 0)
		return false;
	*ret_file = file;
	*ret_line = (unsigned int)line;
	return true;
}

/* For later runs. */
static void keep_prototype(const struct dwarf_info *info, Dwarf_Die *function, uint64_t address,
			   const struct prototype *prototype)
{
	struct answer answer = {
		.address = address, .depth = info->type_pointers, .prototype = prototype};
	if (!info->image->cache)
		return;
	if (!declared_at(function, &answer.file, &answer.line))
		answer.file = NULL;
	image_keep_answer(info->image, &answer);
}

static struct err *read_prototype(struct dwarf_info *info, const struct function *symbol,
				  const struct prototype **ret)
{
	Dwarf_Die function;
	const struct unit_words *unit = NULL;
	struct dwarf_attributes attributes;
	*ret = NULL;
	if (dwarf_function_at(info, symbol->address, &function))
		unit = described_by(info, &function);
	if (!unit)
		return NULL;
	dwarf_attributes_read(&function, &attributes);
	struct parameters parameters = {.address = symbol->address};
	struct prototype *prototype = arena_alloc(&info->arena, sizeof(*prototype));
	if (prototype)
		dwarf_judge_convention(unit, &attributes, symbol, prototype);
	parameters.is_rust = prototype && prototype->is_rust;
	bool ok = prototype &&
		  fill_prototype(info, &attributes, is_c(unit->language), &parameters, prototype);
	free(parameters.list.items);
	free(parameters.places.items);
	if (!ok)
		return &err_nomem;
	*ret = prototype;
	keep_prototype(info, &function, symbol->address, prototype);
	return NULL;
}

/* By an earlier run. */
static bool kept_prototype(struct dwarf_info *info, const struct function *function,
			   const struct prototype **ret)
{
	struct answer answer;
	if (!image_kept_answer(info->image, function->address, &answer) || !answer.prototype)
		return false;
	*ret = answer.prototype;
	return true;
}

/* Answers, "nothing known" too, are kept by address. */
static struct err *dwarf_prototype(struct dwarf_info *info, const struct function *function,
				   const struct prototype **ret)
{
	uint64_t address = function->address;
	const uint64_t *known = name_map_find(&info->prototypes, (char *)&address, sizeof(address));
	if (known) {
		*ret = (const struct prototype *)(uintptr_t)*known;
		return NULL;
	}
	struct err *e =
		kept_prototype(info, function, ret) ? NULL : read_prototype(info, function, ret);
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
	if (image->remote)
		return remote_prototype(image, function, ret);
	/* At its address lies the resolver, whose parameters are not those of the function. And to
	 * what was moved out of a function a jump leads, in the midst of it. */
	if (function->ifunc || clone_is_cold(function->symbol))
		return NULL;
	struct err *e = builtin_prototype(image, function->symbol, &is_library, &builtin);
	if (e)
		return e;
	bool is_settled = builtin && is_library;
	struct dwarf_info *info = is_settled ? NULL : dwarf_info_part(image);
	if (info)
		info->type_pointers = image->type_pointers;
	if (info)
		e = dwarf_prototype(info, function, &found);
	if (!e)
		*ret = found ? found : builtin;
	return e;
}

void image_open_types(struct image *image, unsigned int pointers)
{
	image->type_pointers = pointers;
}

bool image_source_line(struct image *image, const struct function *function, const char **ret_file,
		       unsigned int *ret_line)
{
	Dwarf_Die die;
	struct answer answer;
	if (image->remote)
		return remote_source_line(image, function, ret_file, ret_line);
	struct dwarf_info *info = dwarf_info_part(image);
	if (info && image_kept_answer(image, function->address, &answer) && answer.file) {
		*ret_file = answer.file;
		*ret_line = answer.line;
		return true;
	}
	return info && dwarf_function_at(info, function->address, &die) &&
	       declared_at(&die, ret_file, ret_line);
}
