/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/dwarf_go.c — interfaces of Go (runtime/runtime2.go): two words, of which the first leads
 * to the runtime's own tables. What they say about the value, its type's name, is in the file.
 */
#include <string.h>

#include "symbols/dwarf_types.h"

/* struct stringStruct, runtime/string.go */
static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "uint8"};
static const struct type bytes_type = {
	.kind = TYPE_POINTER, .size = 8, .name = "*uint8", .target = &byte_type};
static const struct type length_type = {.kind = TYPE_INT, .size = 8, .name = "int"};
static const struct type_member string_members[] = {
	{.name = "str", .type = &bytes_type},
	{.name = "len", .type = &length_type, .offset = 8},
};
static const struct type_form string_form = {
	.kind = FORM_TEXT, .data = 0, .length = 8, .item = &byte_type};
static const struct type string_type = {.kind = TYPE_STRUCT,
					.size = 16,
					.name = "string",
					.members = string_members,
					.n_members = 2,
					.form = &string_form};
/* What an interface holds, if it is a number, or begins with a text: its type's name says so when
 * it is there. */
static const struct type word_type = {.kind = TYPE_UINT, .size = 8, .name = "uint64"};
static const struct type_member content_members[] = {
	{.name = "word", .type = &word_type},
	{.name = "text", .type = &string_type},
};
static const struct type content_type = {.kind = TYPE_STRUCT,
					 .size = 16,
					 .name = "content",
					 .members = content_members,
					 .n_members = 2};
static const struct type data_type = {
	.kind = TYPE_POINTER, .size = 8, .name = "unsafe.Pointer", .target = &content_type};

static bool is_interface(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->n_members == 2 && type->size == 16 &&
	       (!strcmp(type->members[0].name, "tab") || !strcmp(type->members[0].name, "_type")) &&
	       !strcmp(type->members[1].name, "data");
}

/* A copy of the members, which other types may share. */
static struct type_member *own_members(struct type_builder *builder, struct type *type)
{
	struct type_member *members = arena_copy(&builder->info->arena, type->members,
						 type->n_members * sizeof(*members));
	if (members)
		type->members = members;
	return members;
}

/* A `dyn Trait` of Rust: the same, but that the table is the second word. */
static bool is_dyn(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->n_members == 2 && type->size == 16 &&
	       !strcmp(type->members[0].name, "pointer") &&
	       !strcmp(type->members[1].name, "vtable");
}

/* The member is an address and no more. */
static bool close_pointer(struct type_builder *builder, struct type *type, uint32_t index)
{
	struct type_member *members = own_members(builder, type);
	struct type *word = arena_copy(&builder->info->arena, members ? members[index].type : NULL,
				       members ? sizeof(*word) : 0);
	if (!word)
		return false;
	word->target = NULL;
	members[index].type = word;
	return true;
}

/* The tables are not opened: nobody wants to see them. */
bool dwarf_close_interface(struct type_builder *builder, struct type *type)
{
	if (is_dyn(type))
		return close_pointer(builder, type, 1);
	bool is_go = !strcmp(type->name, "runtime.iface") || !strcmp(type->name, "runtime.eface");
	if (!is_go || !is_interface(type))
		return true;
	if (!close_pointer(builder, type, 0))
		return false;
	/* interface{} */
	if (!strcmp(type->name, "runtime.eface")) {
		struct type_member *members = own_members(builder, type);
		if (!members)
			return false;
		members[1].type = &data_type;
	}
	return true;
}

/* Numbers and texts are shown, whatever they are called; and most errors are a text. */
bool dwarf_open_interface(struct type_builder *builder, struct type *type)
{
	if (!is_interface(type) || strcmp(type->members[0].name, "tab") != 0 ||
	    type->members[1].type == &data_type)
		return true;
	struct type_member *members = own_members(builder, type);
	if (members)
		members[1].type = &data_type;
	return members;
}
