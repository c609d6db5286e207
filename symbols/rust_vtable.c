/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/rust_vtable.c — of which type what a `dyn Trait` of Rust points to is. Its vtable has no
 * symbol in an optimised program; in the debug information it is a variable of the unit, with the
 * name "<TYPE as TRAIT>::{vtable}".
 */
#include <dwarf.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/call.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"

/* The biggest programs have some ten thousand. */
#define VTABLES_MAX (1u << 20)
/* Names with more are cut. */
#define TYPE_MAX 1024

static bool keep(struct image *image, uint64_t address, const char *type)
{
	const char *key = arena_copy(&image->arena, &address, sizeof(address));
	return key &&
	       name_map_add(&image->rust_types, key, sizeof(address), (uint64_t)(uintptr_t)type);
}

/* "<TYPE as TRAIT>::{vtable}": how long the type is, which may have such words inside; 0: this is
 * another name. */
static size_t type_length(const char *name)
{
	static const char tail[] = "::{vtable}", as[] = " as ";
	size_t length = strlen(name);
	int depth = 0;
	if (name[0] != '<' || length < sizeof(tail) ||
	    strcmp(name + length - strlen(tail), tail) != 0)
		return 0;
	for (const char *at = name + 1; *at; at++) {
		bool is_arrow = *at == '>' && at[-1] == '-';
		depth += strchr("<([", *at) ? 1 : strchr(">)]", *at) && !is_arrow ? -1 : 0;
		if (!depth && !strncmp(at, as, strlen(as)))
			return (size_t)(at - name - 1);
	}
	return 0;
}

static bool address_of(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute, of_op;
	Dwarf_Op *ops;
	size_t count;
	Dwarf_Addr address;
	if (!dwarf_attr(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1)
		return false;
	*ret = ops[0].number;
	if (ops[0].atom == DW_OP_addr)
		return true;
	if (ops[0].atom != DW_OP_addrx ||
	    dwarf_getlocation_attr(&attribute, &ops[0], &of_op) != 0 ||
	    dwarf_formaddr(&of_op, &address) != 0)
		return false;
	*ret = address;
	return true;
}

static bool add(struct image *image, Dwarf_Die *die, unsigned int *count)
{
	uint64_t address;
	const char *name = dwarf_tag(die) == DW_TAG_variable ? dwarf_diename(die) : NULL;
	size_t length = name ? type_length(name) : 0;
	if (!length || !address_of(die, &address))
		return true;
	const char *type =
		arena_substring(&image->arena, name + 1, length < TYPE_MAX ? length : TYPE_MAX);
	return type && keep(image, address, type) && ++*count < VTABLES_MAX;
}

/* All of the file's, once. Without memory there are fewer. */
static void read_all(struct image *image)
{
	struct dwarf_info *info = dwarf_info_of(image);
	unsigned int count = 0;
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, child;
	bool ok = true;
	if (image->has_rust_types)
		return;
	image->has_rust_types = true;
	while (ok && info && dwarf_get_units(info->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		if (dwarf_srclang(&die) == DW_LANG_Rust)
			for (int more = dwarf_child(&die, &child); ok && more == 0;
			     more = dwarf_siblingof(&child, &child))
				ok = add(image, &child, &count);
}

static const char *find(const struct image *image, uint64_t address, bool *ret_is_known)
{
	const uint64_t *known =
		name_map_find(&image->rust_types, (const char *)&address, sizeof(address));
	*ret_is_known = known;
	return known ? (const char *)(uintptr_t)*known : NULL;
}

static struct err *serve(struct image *image, struct wire *in, struct wire *out)
{
	bool is_known;
	read_all(image);
	wire_put_text(out, find(image, wire_take_u64(in), &is_known));
	return NULL;
}

static const char *ask(struct image *image, uint64_t address)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	image_call_begin(image, serve, &request);
	wire_put_u64(&request, address);
	struct err *e = image_call(image, &request, &answer);
	const char *name = e ? NULL : wire_keep_text(&answer, &image->arena);
	e = e ? e : image_call_end(image, &answer);
	name = e ? NULL : name;
	err_free(e);
	return name;
}

const char *image_rust_type_at(struct image *image, uint64_t address)
{
	bool is_known;
	const char *name = find(image, address, &is_known);
	if (is_known || !image_has_memory(image, address))
		return name;
	if (image_is_elsewhere(image)) {
		name = ask(image, address);
		keep(image, address, name);
		return name;
	}
	read_all(image);
	return find(image, address, &is_known);
}
