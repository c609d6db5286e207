/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ containers whose elements are in nodes of their own, as libc++ (LLVM's) lays them out: its
 * headers __tree, __hash_table, list and forward_list, from version 14 to 22.
 *
 * A node of a tree ends with a bool, and its element may begin right behind that; so where it is,
 * and where the links are, is taken from the node's own type. Nodes of the others begin with whole
 * words; where their type is but declared, the element's alignment tells the rest.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

#define WORD 8
/* Types in each other on the way to a node's, and entries looked at in all. */
#define DEPTH_MAX   6
#define ENTRIES_MAX 4000
#define NESTING_MAX 12

struct shape {
	const char *node;  /* how the name of a node's type begins */
	const char *first; /* the address of the first node */
	const char *end;   /* TREE: what the end's node begins with; CHAIN: its last member */
	const char *count; /* the number of elements; NULL: there is none */
	struct type_nodes nodes;
};

#define TREE .kind = NODES_TREE, .has_count = true
#define HASH .kind = NODES_CHAIN, .has_count = true, .ends_null = true, .value = 2 * WORD
#define LIST .kind = NODES_CHAIN, .has_count = true, .value = 2 * WORD, .links = {WORD}

/* What comes second is since 20, which has no pairs for what may be empty. */
static const struct shape shapes[] = {
	{"__tree_node<", "__begin_node_", "__pair1_.__left_", "__pair3_.__value_", {TREE}},
	{"__tree_node<", "__begin_node_", "__end_node_.__left_", "__size_", {TREE}},
	{"__hash_node<", "__p1_.__next_", NULL, "__p2_.__value_", {HASH}},
	{"__hash_node<", "__first_node_.__next_", NULL, "__size_", {HASH}},
	{"__list_node<", "__end_.__next_", "__end_.__prev_", "__size_alloc_.__value_", {LIST}},
	{"__list_node<", "__end_.__next_", "__end_.__prev_", "__size_", {LIST}},
	{"__forward_list_node<",
	 "__before_begin_.__next_",
	 NULL,
	 NULL,
	 {.kind = NODES_CHAIN, .ends_null = true, .value = WORD}},
};

static const struct container {
	const char *name, *node;
	bool is_map, is_set;
} containers[] = {
	{"map", "__tree_node<", true, false},
	{"multimap", "__tree_node<", true, false},
	{"set", "__tree_node<", false, true},
	{"multiset", "__tree_node<", false, true},
	{"unordered_map", "__hash_node<", true, false},
	{"unordered_multimap", "__hash_node<", true, false},
	{"unordered_set", "__hash_node<", false, true},
	{"unordered_multiset", "__hash_node<", false, true},
	{"list", "__list_node<", false, false},
	{"forward_list", "__forward_list_node<", false, false},
};

/* --- the number ------------------------------------------------------------------------------- */

static bool is_number(const struct type *type)
{
	return (type->kind == TYPE_UINT || type->kind == TYPE_INT) && type->size == WORD;
}

/* Of this type itself: of its bases, and of what has no name in it, but of no other member. A hash
 * table has a __size_ in its array of buckets, too, which is how long that is. */
static const struct type *find_own(const struct type *type, const char *name, uint32_t *at,
				   int nesting)
{
	for (uint32_t i = 0;
	     nesting < NESTING_MAX && type->kind == TYPE_STRUCT && i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		const struct type *found = member->type;
		uint32_t inside = *at + member->offset;
		bool is_it = strcmp(member->name, name) == 0;
		if (!is_it && *member->name && !strchr(member->name, '<'))
			continue;
		if (!is_it)
			found = find_own(found, name, &inside, nesting + 1);
		if (!found)
			continue;
		*at = inside;
		return found;
	}
	return NULL;
}

const struct type *dwarf_find_libcxx_size(const struct type *type, uint32_t *ret_at)
{
	static const char *const tables[] = {"__tree_", "__table_"};
	uint32_t at = 0;
	const struct type *table = NULL, *found;
	for (size_t i = 0; !table && i < sizeof(tables) / sizeof(tables[0]); i++)
		table = find_own(type, tables[i], &at, 0);
	found = find_own(table ? table : type, "__size_", &at, 0);
	if (!found || !is_number(found) || at > type->size - WORD)
		return NULL;
	*ret_at = at;
	return found;
}

static bool find_count(const struct shape *shape, const struct type *type, uint32_t *ret_at)
{
	const struct type *found;
	if (strcmp(shape->count, "__size_") == 0)
		return dwarf_find_libcxx_size(type, ret_at);
	found = dwarf_find_path(type, shape->count, false, ret_at);
	return found && is_number(found);
}

/* --- the node --------------------------------------------------------------------------------- */

struct node_search {
	const char *name;
	int budget;
};

/* The definition of what DW_AT_type leads to, without names for it and qualifiers. */
static bool bare_type(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;
	if (!dwarf_attr_integrate(die, DW_AT_type, &attribute) ||
	    !dwarf_formref_die(&attribute, &type) || dwarf_peel_type(&type, ret) != 0)
		return false;
	dwarf_enter_definition(ret);
	return true;
}

/* Does it begin with `wanted`, which ends in "<"? With -gsimple-template-names that is left out. */
static bool is_template(const char *name, const char *wanted)
{
	size_t length = strlen(wanted) - 1;
	return strncmp(name, wanted, length) == 0 && (name[length] == '<' || !name[length]);
}

static bool find_node(struct node_search *search, Dwarf_Die *die, int depth, Dwarf_Die *ret);

/* Is it a pointer to such a node, or a structure that has one? */
static bool leads_to_node(struct node_search *search, Dwarf_Die *die, int depth, Dwarf_Die *ret)
{
	Dwarf_Die type, target;
	int tag = dwarf_tag(die);
	if (!bare_type(die, &type))
		return false;
	bool is_part = tag == DW_TAG_member || tag == DW_TAG_inheritance;
	if (dwarf_tag(&type) != DW_TAG_pointer_type)
		return is_part && find_node(search, &type, depth + 1, ret);
	const char *name = bare_type(&type, &target) ? dwarf_diename(&target) : NULL;
	if (!name)
		return false;
	if (is_template(name, search->name)) {
		*ret = type;
		return true;
	}
	/* The end of a list is the part that all its nodes have. */
	const char *base = strstr(name, "_node_base");
	return is_part && base && is_template(base, "_node_base<") &&
	       find_node(search, &target, depth + 1, ret);
}

/* Members and names for types first, which lead there at once, then what functions take and give.
 */
static bool find_node(struct node_search *search, Dwarf_Die *die, int depth, Dwarf_Die *ret)
{
	Dwarf_Die child, inner;
	for (int functions = 0; depth < DEPTH_MAX && functions < 2; functions++) {
		for (int more = dwarf_child(die, &child); more == 0 && search->budget > 0;
		     more = dwarf_siblingof(&child, &child)) {
			bool is_function = dwarf_tag(&child) == DW_TAG_subprogram;
			search->budget--;
			if (is_function != functions)
				continue;
			if (leads_to_node(search, &child, depth, ret))
				return true;
			for (int some = is_function ? dwarf_child(&child, &inner) : 1;
			     some == 0 && search->budget-- > 0;
			     some = dwarf_siblingof(&inner, &inner))
				if (leads_to_node(search, &inner, DEPTH_MAX, ret))
					return true;
		}
	}
	return false;
}

static bool has_link(const struct type *node, const char *name, uint8_t *ret)
{
	uint32_t at;
	if (!dwarf_find_path(node, name, true, &at) || at % WORD || at > 3 * WORD)
		return false;
	*ret = (uint8_t)at;
	return true;
}

/* Fills in links and value; false: it is another node than is meant. */
static bool is_laid_out(const struct type *node, uint32_t value, struct type_nodes *nodes)
{
	uint8_t next = 0;
	if (value > UINT16_MAX || node->size < value)
		return false;
	if (nodes->kind == NODES_TREE && (!has_link(node, "__parent_", &nodes->links[0]) ||
					  !has_link(node, "__left_", &nodes->links[1]) ||
					  !has_link(node, "__right_", &nodes->links[2])))
		return false;
	if (nodes->kind == NODES_CHAIN &&
	    (!has_link(node, "__next_", &next) || next != nodes->links[0]))
		return false;
	/* So many bytes are read of it. */
	if (nodes->kind == NODES_TREE && node->size < 4 * WORD)
		return false;
	nodes->value = (uint16_t)value;
	return true;
}

/* Up to 19, the pair of a map is in a structure of its own. */
static const struct type *without_wrap(const struct type *type)
{
	bool is_wrap = type->kind == TYPE_STRUCT && !type->form && type->n_members == 1 &&
		       strncmp(type->members[0].name, "__cc", 4) == 0 && !type->members[0].offset;
	return is_wrap ? type->members[0].type : type;
}

/* The element, by the node's type. */
static const struct type *element_of(struct type_builder *builder, Dwarf_Die *die,
				     const struct shape *shape, struct type_nodes *nodes)
{
	struct node_search search = {.name = shape->node, .budget = ENTRIES_MAX};
	Dwarf_Die pointer;
	uint32_t value;
	if (!find_node(&search, die, 0, &pointer))
		return NULL;
	const struct type *node = dwarf_build_behind(builder, &pointer);
	if (!node || node->kind != TYPE_STRUCT)
		return NULL;
	const struct type *item = dwarf_find_path(node, "__value_", false, &value);
	if (item)
		return is_laid_out(node, value, nodes) ? without_wrap(item) : NULL;
	/* But declared. */
	if (node->n_members || nodes->kind == NODES_TREE)
		return NULL;
	item = dwarf_node_parameter(builder, &pointer);
	item = item ? without_wrap(item) : NULL;
	return item && dwarf_is_word_aligned(item) ? item : NULL;
}

/* --- the container ---------------------------------------------------------------------------- */

static bool find_places(const struct shape *shape, const struct type *type, struct type_form *form,
			struct type_nodes *nodes)
{
	uint32_t end = 0;
	if (!dwarf_find_path(type, shape->first, true, &form->data) ||
	    (shape->end && !dwarf_find_path(type, shape->end, true, &end)) ||
	    (shape->count && !find_count(shape, type, &form->length)))
		return false;
	if (nodes->kind == NODES_CHAIN && shape->end && form->data != end + WORD)
		return false;
	nodes->end = (uint8_t)end;
	return form->data < UINT8_MAX && end < UINT8_MAX;
}

static bool apply(struct type_builder *builder, Dwarf_Die *die, const struct shape *shape,
		  const struct container *container, struct type *type)
{
	struct type_nodes nodes = shape->nodes;
	struct type_form form = {.kind = FORM_NODES};
	nodes.is_map = container->is_map;
	nodes.is_set = container->is_set;
	if (!find_places(shape, type, &form, &nodes))
		return false;
	form.item = element_of(builder, die, shape, &nodes);
	if (!form.item || !form.item->size)
		return false;
	return dwarf_keep_nodes(builder, container->name, &nodes, &form, type);
}

/* --- deque ------------------------------------------------------------------------------------ */

/* __deque_block_size of its header: so many elements in 4096 bytes, or 16 large ones. */
static uint32_t block_bytes(uint32_t size)
{
	return size < 256 ? 4096 / size * size : 16 * size;
}

static bool find_deque(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	struct type_nodes nodes = {.kind = NODES_NUMBERED, .has_count = true};
	struct type_form form = {.kind = FORM_NODES};
	uint32_t at, start;
	const struct type *map = dwarf_find_path(type, "__map_", false, &at);
	const struct type *number = dwarf_find_path(type, "__start_", false, &start);
	const struct type *count = dwarf_find_path(type, "__size_.__value_", false, &form.length);
	if (!count)
		count = dwarf_find_libcxx_size(type, &form.length);
	if (!map || !dwarf_find_path(map, "__begin_", true, &form.data) || !number || !count ||
	    !is_number(number) || !is_number(count) || start >= UINT8_MAX)
		return false;
	form.data += at;
	form.item = dwarf_type_parameter(builder, die, 0);
	if (form.data >= UINT8_MAX || !form.item || !form.item->size ||
	    form.item->size > UINT16_MAX / 16)
		return false;
	nodes.end = (uint8_t)start;
	nodes.value = (uint16_t)block_bytes(form.item->size);
	return dwarf_keep_nodes(builder, "deque", &nodes, &form, type);
}

bool dwarf_find_libcxx_nodes(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	size_t length = name ? strcspn(name, "<") : 0;
	const struct container *found = NULL;
	if (name && !strncmp(name, "deque<", 6))
		return find_deque(builder, die, type);
	for (size_t i = 0; name && name[length] && i < sizeof(containers) / sizeof(containers[0]);
	     i++)
		if (strlen(containers[i].name) == length &&
		    memcmp(containers[i].name, name, length) == 0)
			found = &containers[i];
	for (size_t i = 0; found && i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].node, found->node) == 0 &&
		    apply(builder, die, &shapes[i], found, type))
			return true;
	return false;
}
