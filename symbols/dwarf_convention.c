/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what rules is a function called?
 *
 * C, C++ and their like follow the platform's convention where others could call the function. What
 * only its own file calls, optimisers call as they like: gcc names such a copy (".isra.0",
 * ".constprop.0"), LLVM drops parameters, hands over what they point to, and drops results, under
 * the old name. It marks some of these with DW_CC_nocall, and by no means all. Go and Rust have
 * conventions of their own, and Rust's functions are local ones to LLVM as well.
 */
#include <dwarf.h>
#include <elf.h>
#include <string.h>

#include "symbols/clone.h"
#include "symbols/dwarf_attributes.h"
#include "symbols/dwarf_info.h"

/* Newer than the libdw of old systems. */
#define LANG_C17   0x2c
#define LANG_CXX17 0x2a
#define LANG_CXX20 0x2b

static const char optimised_out[] = "optimised out";
static const char maybe_dropped[] = PROTOTYPE_MAYBE_DROPPED;

static const char *own_convention(int language)
{
	switch (language) {
	case DW_LANG_Rust:
		return "Rust's own calling convention";
	case DW_LANG_Go:
		return "Go's own calling convention";
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case LANG_C17:
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case LANG_CXX17:
	case LANG_CXX20:
	case DW_LANG_ObjC:
	case DW_LANG_ObjC_plus_plus:
	case DW_LANG_Ada83:
	case DW_LANG_Ada95:
	case DW_LANG_Fortran77:
	case DW_LANG_Fortran90:
	case DW_LANG_Fortran95:
	case DW_LANG_Fortran03:
	case DW_LANG_Fortran08:
	case DW_LANG_Pascal83:
		return NULL;
	default:
		return "its language's own calling convention";
	}
}

static const char *producer_of(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	const char *producer = NULL;
	if (dwarf_attr(unit, DW_AT_producer, &attribute))
		producer = dwarf_formstring(&attribute);
	return producer ? producer : "";
}

/* Without optimisation LLVM keeps a frame pointer, and every parameter in the frame. */
static bool frame_has_pointer(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	if (!dwarf_attr(function, DW_AT_frame_base, &attribute) ||
	    dwarf_getlocation(&attribute, &ops, &n_ops) != 0 || n_ops != 1)
		return false;
	return ops[0].atom == DW_OP_reg6 /* rbp */ || ops[0].atom == DW_OP_reg29; /* x29 */
}

static bool is_in_frame(Dwarf_Die *parameter)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	return dwarf_attr(parameter, DW_AT_location, &attribute) &&
	       dwarf_getlocation(&attribute, &ops, &n_ops) == 0 && n_ops >= 1 &&
	       (ops[0].atom == DW_OP_fbreg || ops[0].atom == DW_OP_breg6 ||
		ops[0].atom == DW_OP_breg29);
}

static bool is_all_in_frame(Dwarf_Die *function)
{
	Dwarf_Die child;
	for (int more = dwarf_child(function, &child); more == 0;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_formal_parameter && !is_in_frame(&child))
			return false;
	return true;
}

static bool is_optimised(Dwarf_Die *function)
{
	return dwarf_hasattr(function, DW_AT_call_all_calls) ||
	       dwarf_hasattr(function, DW_AT_GNU_all_call_sites) || !frame_has_pointer(function) ||
	       !is_all_in_frame(function);
}

/* The compiler says that it does not call this function by the platform's convention. */
static bool is_nocall(struct dwarf_attributes *function)
{
	Dwarf_Attribute storage;
	Dwarf_Word convention;
	return dwarf_formudata(dwarf_attributes_any(function, DW_AT_calling_convention, &storage),
			       &convention) == 0 &&
	       convention == DW_CC_nocall;
}

/* Go 1.17 and later, on the machines that we know: the first word of a result is in the first
 * register. */
static const char *judge_go_result(const char *producer)
{
	return strstr(producer, "regabi") ? NULL : own_convention(DW_LANG_Go);
}

static bool is_mangled(const char *symbol)
{
	return !strncmp(symbol, "_R", 2) || !strncmp(symbol, "_Z", 2);
}

/* Can only its own file call it? Also what was local only when it was linked together (LTO). */
static bool is_local(Dwarf_Die *function, const struct function *symbol)
{
	return symbol->binding == STB_LOCAL || !dwarf_hasattr_integrate(function, DW_AT_external);
}

static void judge_llvm(Dwarf_Die *function, const struct function *symbol, struct prototype *ret)
{
	bool local = is_local(function, symbol);
	if (!is_optimised(function))
		return;
	/* Callers in the same file do not pass what they see the function ignore. */
	ret->is_optimised = symbol->binding != STB_WEAK;
	if (!local)
		return;
	ret->no_convention = optimised_out;
	ret->no_result = maybe_dropped;
}

/*
 * rustc does not say whether it optimised, so that its functions are taken for optimised ones; but
 * one with an unmangled name is meant for C.
 */
static void judge_rust(Dwarf_Die *function, const struct function *symbol, struct prototype *ret)
{
	if (!is_mangled(symbol->symbol) && !is_local(function, symbol)) {
		ret->no_convention = NULL;
		ret->is_optimised = true;
	} else {
		ret->no_result = maybe_dropped;
	}
}

/* Its parameters are where DWARF says, and nowhere else. */
static void judge_clone(const struct function *symbol, struct prototype *ret)
{
	if (!ret->no_convention)
		ret->no_convention = optimised_out;
	if (!ret->no_result && clone_may_drop_result(symbol->symbol))
		ret->no_result = maybe_dropped;
}

const struct unit_words *dwarf_words_of_unit(struct dwarf_info *info, Dwarf_Die *die)
{
	Dwarf_Die unit;
	struct unit_words *words = &info->words;
	if (!dwarf_diecu(die, &unit, NULL, NULL))
		return NULL;
	if (words->unit != unit.addr)
		*words = (struct unit_words){.unit = unit.addr,
					     .language = dwarf_srclang(&unit),
					     .producer = producer_of(&unit)};
	return words;
}

void dwarf_judge_convention(const struct unit_words *unit, struct dwarf_attributes *function,
			    const struct function *symbol, struct prototype *ret)
{
	int language = unit->language;
	const char *producer = unit->producer;
	ret->is_rust = language == DW_LANG_Rust;
	ret->no_convention = own_convention(language);
	if (language == DW_LANG_Go)
		ret->no_result = judge_go_result(producer);
	else if (ret->is_rust)
		judge_rust(function->die, symbol, ret);
	else if (!ret->no_convention && strncmp(producer, "GNU ", 4) != 0)
		judge_llvm(function->die, symbol, ret);
	if (clone_is_changed(symbol->symbol))
		judge_clone(symbol, ret);
	if (is_nocall(function)) {
		ret->no_convention = optimised_out;
		ret->no_result = optimised_out;
	}
}
