/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_form.h — strings and containers of standard libraries. Private to shown*.c. */
#ifndef UTRAIL_OUTPUT_SHOWN_FORM_H
#define UTRAIL_OUTPUT_SHOWN_FORM_H

#include "output/shown.h"

/* A value whose type has a form: see struct type_form. */
void shown_form(const struct shown_scope *scope, const struct value *value,
		const struct slots *slots, struct shown *ret);

/* An element of a copied array: what it leads to was not read. An owner's pointer is here. */
void shown_form_copied(const struct type *type, const char *bytes, uint32_t length,
		       struct shown *ret);

/* The same of a text whose address is known: a short one lies in the element itself. */
void shown_form_element(const struct type *type, const char *bytes, uint32_t length,
			uint64_t address, struct shown *ret);

/* Is it a text that may lie in its own structure, and does? These are all its bytes. */
bool shown_form_is_short(const struct type *type, const char *bytes, uint32_t length,
			 const char **ret, uint32_t *ret_used);

/* A pointer to one of the kernel's files, in `ret` as a number: its path; the error in place of
 * one. False: neither is known. */
bool shown_file(const struct value *value, const struct slots *slots, struct shown *ret);
/* What a descriptor stood for: `index` of the files of `value`, which may be NULL, or one of those
 * that are known of all around it. */
void shown_add_file(const struct value *value, const struct slots *slots, uint32_t index,
		    struct shown *shown);
/* The files of all descriptors in a value; NULL: not known. */
const struct slot *shown_fds(const struct shown_scope *scope, const struct value *value);
/* A container of which only the number of its elements is known. */
void shown_form_count(const struct type_form *form, uint64_t count, struct shown *ret);
/* The same of one whose elements have nodes, which were not visited. */
void shown_form_nodes(const struct type_form *form, uint64_t count, struct shown *ret);
/* Element `index` of one whose nodes were. */
void shown_node(const struct shown *whole, uint32_t index, struct shown *ret);
/* The member that this number means; NULL: none. */
const struct type_member *shown_form_variant(const struct type *type, uint64_t number);

#endif
