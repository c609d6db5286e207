/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/dwarf_types.h — what dwarf_types.c and dwarf_structs.c share. Private to them. */
#ifndef UTRAIL_SYMBOLS_DWARF_TYPES_H
#define UTRAIL_SYMBOLS_DWARF_TYPES_H

#include "symbols/dwarf_info.h"

struct type_builder {
	struct dwarf_info *info;
	int budget;	/* types still to be made */
	int depth;	/* pointers to follow to structures; -1: leave structures closed */
	int nesting;	/* of calls */
	bool exhausted; /* something was left out: do not keep */
	bool tags;	/* "struct x", as in C */
};

/* dwarf_types.c: what DW_AT_type names; NULL: out of memory. */
const struct type *dwarf_build_target(struct type_builder *builder, Dwarf_Die *die);

/* The same of what lies behind a pointer, as elements of a container do. */
const struct type *dwarf_build_behind(struct type_builder *builder, Dwarf_Die *die);

/* dwarf_structs.c; false: out of memory. */
bool dwarf_build_struct(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_forms.c: is it a string, a container or the like of a standard library? Sets .form. */
void dwarf_find_form(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_variants.c: is it one of several variants? Sets .form and .members. */
void dwarf_find_variants(struct type_builder *builder, Dwarf_Die *die, struct type *type);
bool dwarf_build_enum(struct type_builder *builder, Dwarf_Die *die, struct type *type);

/* "a.b": a member b somewhere below a member a, and where in the type it is; NULL: there is none.
 * `is_address`: only a pointer is meant. In dwarf_forms.c. */
const struct type *dwarf_find_path(const struct type *type, const char *path, bool is_address,
				   uint32_t *ret_offset);
/* dwarf_nodes.c: C++ containers with a node for each element. False: it is none that is known. */
bool dwarf_find_nodes(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* May its alignment be no more than a word, by all that is known? */
bool dwarf_is_word_aligned(const struct type *type);
/* Of a template, or a type of Rust's, the parameter of that number that is a type; NULL: there is
 * none. */
const struct type *dwarf_type_parameter(struct type_builder *builder, Dwarf_Die *die,
					unsigned int wanted);
/* The first parameter of the node's type that the pointer leads to; NULL: there is none. */
const struct type *dwarf_node_parameter(struct type_builder *builder, Dwarf_Die *pointer);
/* The container's form, with its element and its nodes; false: it is a map without pairs, or there
 * is no memory. */
bool dwarf_keep_nodes(struct type_builder *builder, const char *name,
		      const struct type_nodes *nodes, struct type_form *form, struct type *type);
/* dwarf_nodes_libcxx.c: the same of libc++; and where the number of elements is, NULL: nowhere. */
bool dwarf_find_libcxx_nodes(struct type_builder *builder, Dwarf_Die *die, struct type *type);
const struct type *dwarf_find_libcxx_size(const struct type *type, uint32_t *ret_at);
/* dwarf_counts.c: C++ containers of which only the number of elements is told; std::variant. */
void dwarf_find_count(struct type_builder *builder, Dwarf_Die *die, struct type *type);
void dwarf_find_alternatives(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_go.c: interfaces; false: out of memory. */
bool dwarf_close_interface(struct type_builder *builder, struct type *type);
bool dwarf_open_interface(struct type_builder *builder, struct type *type);
/* dwarf_rust.c: types that have another value. False: it is none of them. */
bool dwarf_find_wrapped(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_sized.c: types of C++ that say how many they have, and std::weak_ptr. False: none of them.
 */
bool dwarf_find_sized(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_template.c: a copy of the type's name, with template arguments where it has some; NULL: out
 * of memory. */
const char *dwarf_full_name(struct type_builder *builder, Dwarf_Die *die, const char *name);
/* The same of a type that has been made, by which a library's is known; NULL: it has none. */
const char *dwarf_library_name(Dwarf_Die *die, const struct type *type);
/* dwarf_tuple.c: std::tuple. Sets .members. */
void dwarf_find_tuple(struct type_builder *builder, Dwarf_Die *die, struct type *type);

#endif
