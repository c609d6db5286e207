/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an argument of this C++ class passed as its value, or as the address of a copy?
 *
 * The C++ ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#non-trivial) passes a class by
 * address when its copy constructor, move constructor or destructor is not trivial. clang says
 * which it is (DW_AT_calling_convention); for gcc it follows from what the class declares: a
 * constructor or destructor that the program wrote, virtual functions and bases, or a part that has
 * these.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_info.h"

/* Classes within classes, and children to look at in all. */
#define DEPTH_MAX    8
#define CHILDREN_MAX 20000

struct class_walk {
	int budget;
	int depth;
};

static bool is_by_reference(struct class_walk *walk, Dwarf_Die *class);

static bool flag_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	bool flag = false;
	return dwarf_attr_integrate(die, name, &attribute) &&
	       dwarf_formflag(&attribute, &flag) == 0 && flag;
}

/* The definition of the type that the DIE names, without typedefs and qualifiers; arrays count as
 * their elements. */
static bool bare_type(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;
	int arrays = 0;
	do {
		if (!dwarf_attr_integrate(die, DW_AT_type, &attribute) ||
		    !dwarf_formref_die(&attribute, &type) || dwarf_peel_type(&type, ret) != 0)
			return false;
		die = ret;
	} while (dwarf_tag(ret) == DW_TAG_array_type && ++arrays < DEPTH_MAX);
	dwarf_enter_definition(ret);
	return true;
}

static bool is_class(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* Do the two names agree up to template arguments? Constructors have none in their names. */
static bool same_stem(const char *one, const char *other)
{
	size_t length = strcspn(one, "<");
	return length == strcspn(other, "<") && !memcmp(one, other, length);
}

/* Does a constructor take one reference to its own class? */
static bool copies_or_moves(Dwarf_Die *constructor, Dwarf_Die *class)
{
	Dwarf_Die child, target, reference;
	int count = 0;
	bool matches = false;
	for (int more = dwarf_child(constructor, &child); more == 0;
	     more = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) != DW_TAG_formal_parameter ||
		    flag_of(&child, DW_AT_artificial))
			continue;
		if (++count > 1 || !bare_type(&child, &reference))
			return false;
		int tag = dwarf_tag(&reference);
		matches = (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) &&
			  bare_type(&reference, &target) && target.addr == class->addr;
	}
	return matches;
}

/* A member function that makes copying or destroying more than moving bits. */
static bool is_nontrivial(Dwarf_Die *function, Dwarf_Die *class, const char *class_name)
{
	const char *name = dwarf_diename(function);
	if (dwarf_info_number(function, DW_AT_virtuality) != DW_VIRTUALITY_none)
		return true;
	if (!name || flag_of(function, DW_AT_artificial) || flag_of(function, DW_AT_deleted) ||
	    dwarf_info_number(function, DW_AT_defaulted) == DW_DEFAULTED_in_class)
		return false;
	if (name[0] == '~')
		return true;
	return same_stem(name, class_name) && copies_or_moves(function, class);
}

static bool part_is_by_reference(struct class_walk *walk, Dwarf_Die *part)
{
	Dwarf_Die type;
	return !flag_of(part, DW_AT_external) && bare_type(part, &type) && is_class(&type) &&
	       is_by_reference(walk, &type);
}

static bool child_decides(struct class_walk *walk, Dwarf_Die *child, Dwarf_Die *class,
			  const char *class_name)
{
	switch (dwarf_tag(child)) {
	case DW_TAG_subprogram:
		return is_nontrivial(child, class, class_name);
	case DW_TAG_inheritance:
		return dwarf_info_number(child, DW_AT_virtuality) != DW_VIRTUALITY_none ||
		       part_is_by_reference(walk, child);
	case DW_TAG_member:
		return part_is_by_reference(walk, child);
	default:
		return false;
	}
}

static bool is_by_reference(struct class_walk *walk, Dwarf_Die *class)
{
	uint64_t convention = dwarf_info_number(class, DW_AT_calling_convention);
	const char *name = dwarf_diename(class);
	Dwarf_Die child;
	bool ret = false;
	if (convention == DW_CC_pass_by_reference || convention == DW_CC_pass_by_value)
		return convention == DW_CC_pass_by_reference;
	if (walk->depth == DEPTH_MAX)
		return false;
	walk->depth++;
	for (int more = dwarf_child(class, &child); !ret && more == 0 && walk->budget > 0;
	     more = dwarf_siblingof(&child, &child)) {
		walk->budget--;
		ret = child_decides(walk, &child, class, name ? name : "");
	}
	walk->depth--;
	return ret;
}

bool dwarf_passed_by_reference(Dwarf_Die *die)
{
	struct class_walk walk = {.budget = CHILDREN_MAX};
	Dwarf_Die type;
	return bare_type(die, &type) && is_class(&type) && is_by_reference(&walk, &type);
}

bool dwarf_passed_by_guess(Dwarf_Die *die)
{
	Dwarf_Die type;
	return bare_type(die, &type) && !dwarf_info_number(&type, DW_AT_calling_convention);
}
