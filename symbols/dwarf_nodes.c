/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ containers whose elements are in nodes of their own, as libstdc++ lays them out:
 * bits/stl_tree.h, stl_list.h, forward_list.h, hashtable_policy.h, stl_deque.h. All that the walk
 * relies on is checked against what the debug information says of this very library; what differs
 * has no nodes, and is told by its number of elements.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

/* Structures in each other. */
#define NESTING_MAX 12
/* A block of a deque: _GLIBCXX_DEQUE_BUF_SIZE */
#define BLOCK_BYTES 512
#define WORD	    8

struct nodes_rule {
	const char *name;
	const char *inner; /* the member whose type's parameter is the element; NULL: this type's */
	unsigned int parameter;
	struct type_nodes nodes;
	const char *place; /* the structure that leads to the nodes */
	const char *first; /* in it: the address of the first node */
	const char *count; /* the number of elements; NULL: there is none */
};

#define TREE                                                      \
	.kind = NODES_TREE, .has_count = true, .value = 4 * WORD, \
	.links = {WORD, 2 * WORD, 3 * WORD}
#define HASH .kind = NODES_CHAIN, .has_count = true, .ends_null = true, .value = WORD

/* clang-format off */
static const struct nodes_rule rules[] = {
	{"map", "_M_t", 1, {TREE, .is_map = true}, "_M_header", "_M_left", "_M_node_count"},
	{"multimap", "_M_t", 1, {TREE, .is_map = true}, "_M_header", "_M_left", "_M_node_count"},
	{"set", "_M_t", 1, {TREE, .is_set = true}, "_M_header", "_M_left", "_M_node_count"},
	{"multiset", "_M_t", 1, {TREE, .is_set = true}, "_M_header", "_M_left", "_M_node_count"},
	{"unordered_map", "_M_h", 1, {HASH, .is_map = true}, "_M_before_begin", "_M_nxt", "_M_element_count"},
	{"unordered_multimap", "_M_h", 1, {HASH, .is_map = true}, "_M_before_begin", "_M_nxt", "_M_element_count"},
	{"unordered_set", "_M_h", 1, {HASH, .is_set = true}, "_M_before_begin", "_M_nxt", "_M_element_count"},
	{"unordered_multiset", "_M_h", 1, {HASH, .is_set = true}, "_M_before_begin", "_M_nxt", "_M_element_count"},
	{"list", NULL, 0, {.kind = NODES_CHAIN, .has_count = true, .value = 2 * WORD}, "_M_node", "_M_next", "_M_size"},
	{"list", NULL, 0, {.kind = NODES_CHAIN, .value = 2 * WORD}, "_M_node", "_M_next", NULL},
	{"forward_list", NULL, 0, {.kind = NODES_CHAIN, .ends_null = true, .value = WORD}, "_M_head", "_M_next", NULL},
	{"deque", NULL, 0, {.kind = NODES_BLOCKS}, "_M_start", "_M_cur", NULL},
};
/* clang-format on */

static bool is_pointer(const struct type *type)
{
	return (type->kind == TYPE_POINTER || type->kind == TYPE_STRING) && type->size == WORD;
}

/* Is a pointer of this name so many bytes behind the structure's first? */
static bool has_link(const struct type *type, const char *name, uint32_t offset)
{
	uint32_t at;
	const struct type *link = dwarf_find_path(type, name, true, &at);
	return link && is_pointer(link) && at == offset;
}

static bool is_laid_out(const struct nodes_rule *rule, const struct type *place)
{
	if (place->kind != TYPE_STRUCT)
		return false;
	switch (rule->nodes.kind) {
	case NODES_TREE:
		return has_link(place, "_M_parent", WORD) && has_link(place, "_M_left", 2 * WORD) &&
		       has_link(place, "_M_right", 3 * WORD);
	case NODES_BLOCKS:
		return has_link(place, "_M_cur", 0) && has_link(place, "_M_first", WORD) &&
		       has_link(place, "_M_last", 2 * WORD) && has_link(place, "_M_node", 3 * WORD);
	case NODES_CHAIN:
	case NODES_NUMBERED:
		break;
	}
	return has_link(place, rule->first, 0);
}

/*
 * Where an element is in its node follows from how it is aligned. What may want more than a word is
 * left alone: debug information does not always say so.
 */
static bool is_word_aligned(const struct type *type, int nesting)
{
	if (nesting > NESTING_MAX)
		return false;
	switch (type->kind) {
	case TYPE_UNKNOWN:
		return false;
	case TYPE_ARRAY:
		return type->target && is_word_aligned(type->target, nesting + 1);
	case TYPE_STRUCT:
		break;
	default:
		return type->size <= WORD;
	}
	for (uint32_t i = 0; i < type->n_members; i++)
		if (!is_word_aligned(type->members[i].type, nesting + 1))
			return false;
	/* What is closed here was looked at from elsewhere, or is not shown. */
	return type->n_members || type->size <= WORD || type->size % 16;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;
	return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
	       dwarf_formref_die(&attribute, ret);
}

/* The type of the member of this name. */
static bool find_inner(Dwarf_Die *die, const char *name, Dwarf_Die *ret)
{
	Dwarf_Die child;
	bool found = false;
	for (int more = dwarf_child(die, &child); !found && more == 0;
	     more = dwarf_siblingof(&child, &child)) {
		const char *member = dwarf_diename(&child);
		found = dwarf_tag(&child) == DW_TAG_member && member && !strcmp(member, name) &&
			type_of(&child, ret);
	}
	for (int i = 0; found && i < NESTING_MAX && dwarf_tag(ret) == DW_TAG_typedef; i++)
		found = type_of(ret, ret);
	return found;
}

const struct type *dwarf_type_parameter(struct type_builder *builder, Dwarf_Die *die,
					unsigned int wanted)
{
	Dwarf_Die definition = *die, child;
	unsigned int number = 0;
	dwarf_enter_definition(&definition);
	for (int more = dwarf_child(&definition, &child); more == 0;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_template_type_parameter && number++ == wanted)
			return dwarf_build_behind(builder, &child);
	return NULL;
}

static const struct type *element_of(struct type_builder *builder, Dwarf_Die *die,
				     const struct nodes_rule *rule)
{
	Dwarf_Die inner = *die;
	if (rule->inner && !find_inner(die, rule->inner, &inner))
		return NULL;
	return dwarf_type_parameter(builder, &inner, rule->parameter);
}

bool dwarf_is_word_aligned(const struct type *type)
{
	return is_word_aligned(type, 0);
}

const struct type *dwarf_node_parameter(struct type_builder *builder, Dwarf_Die *pointer)
{
	Dwarf_Die node, bare;
	if (!type_of(pointer, &node) || dwarf_peel_type(&node, &bare) != 0)
		return NULL;
	return dwarf_type_parameter(builder, &bare, 0);
}

/* Offsets in the container: of the number, of the first node's address, and of what ends it. */
static bool find_places(const struct nodes_rule *rule, const struct type *type,
			struct type_form *form, struct type_nodes *nodes)
{
	uint32_t at, first, count = 0, end;
	const struct type *place = dwarf_find_path(type, rule->place, false, &at);
	const struct type *number =
		rule->count ? dwarf_find_path(type, rule->count, false, &count) : NULL;
	if (!place || !is_laid_out(rule, place) ||
	    !dwarf_find_path(place, rule->first, true, &first))
		return false;
	if (rule->count && (!number || number->size != WORD ||
			    (number->kind != TYPE_UINT && number->kind != TYPE_INT)))
		return false;
	end = at;
	if (nodes->kind == NODES_BLOCKS) {
		const struct type *finish = dwarf_find_path(type, "_M_finish", false, &end);
		if (!finish || !is_laid_out(rule, finish))
			return false;
	}
	form->data = at + first;
	form->length = count;
	nodes->end = (uint8_t)end;
	return form->data < UINT8_MAX && end < UINT8_MAX;
}

static bool has_element(const struct type *item, struct type_nodes *nodes)
{
	if (!item || !item->size || !is_word_aligned(item, 0))
		return false;
	if (nodes->kind == NODES_BLOCKS)
		nodes->value =
			(uint16_t)(item->size < BLOCK_BYTES ? BLOCK_BYTES / item->size * item->size
							    : item->size);
	return nodes->kind != NODES_BLOCKS || item->size <= UINT16_MAX;
}

bool dwarf_keep_nodes(struct type_builder *builder, const char *name,
		      const struct type_nodes *nodes, struct type_form *form, struct type *type)
{
	struct arena *arena = &builder->info->arena;
	const struct type *item = form->item;
	if (nodes->is_map && (item->kind != TYPE_STRUCT || item->n_members != 2 || item->form))
		return false;
	form->nodes = arena_copy(arena, nodes, sizeof(*nodes));
	form->none = arena_printf(arena, "std::%s", name);
	if (form->nodes && form->none)
		type->form = arena_copy(arena, form, sizeof(*form));
	return type->form;
}

static bool apply(struct type_builder *builder, Dwarf_Die *die, const struct nodes_rule *rule,
		  struct type *type)
{
	struct type_nodes nodes = rule->nodes;
	struct type_form form = {.kind = FORM_NODES};
	if (!find_places(rule, type, &form, &nodes))
		return false;
	form.item = element_of(builder, die, rule);
	if (!has_element(form.item, &nodes))
		return false;
	return dwarf_keep_nodes(builder, rule->name, &nodes, &form, type);
}

bool dwarf_find_nodes(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	size_t length = name ? strcspn(name, "<") : 0;
	if (!name || !name[length])
		return false;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strlen(rules[i].name) == length && !memcmp(rules[i].name, name, length) &&
		    apply(builder, die, &rules[i], type))
			return true;
	return false;
}
