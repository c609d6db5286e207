/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's results, in the registers of ABIInternal (Go 1.17 and later): each word of a string or slice
 * and each member of a structure takes the next one, whatever its size; what does not fit is on the
 * stack as a whole.
 */
#include <elf.h>
#include <string.h>

#include "probe/regs.h"
#include "uprobe/args.h"

#define NESTING_MAX 8

/* "Go's own ...": what there is to say where the convention is not known. */
bool args_is_go(const struct prototype *prototype)
{
	return prototype->no_convention && !strncmp(prototype->no_convention, "Go", 2);
}

/* What is taken so far. */
struct go_results {
	struct fetch_source *source;
	unsigned int integers, floats;
	uint32_t offset; /* behind the last part */
};

/* Parts lie one behind the other: what fills the gap between two members belongs to the first. */
static bool close_gap(struct go_results *results, uint32_t offset)
{
	struct fetch_source *source = results->source;
	uint32_t gap = offset - results->offset;
	if (!gap)
		return true;
	struct fetch_part *last = source->n_parts ? &source->parts[source->n_parts - 1] : NULL;
	if (!last || offset < results->offset || last->size + gap > 8)
		return false;
	last->size += gap;
	results->offset = offset;
	return true;
}

static bool add_scalar(struct go_results *results, const struct type *type, uint32_t offset)
{
	static const uint8_t registers[] = {X86_RAX, X86_RBX, X86_RCX, X86_RDI};
	static const char *const vectors[] = {"in xmm0", "in xmm1", "in xmm2", "in xmm3"};
	bool is_float = type->kind == TYPE_FLOAT;
	unsigned int *taken = is_float ? &results->floats : &results->integers;
	bool known = type->size && type->size <= 8 && type->kind != TYPE_UNKNOWN &&
		     *taken < FETCH_PARTS_MAX && results->source->n_parts < FETCH_PARTS_MAX;
	if (!known || !close_gap(results, offset))
		return false;
	const struct fetch_op op = {
		.code = FETCH_REG, .reg = registers[*taken], .size = (uint8_t)type->size};
	fetch_add_part(results->source, type->size, &op, is_float ? 0 : 1,
		       is_float ? vectors[*taken] : NULL);
	results->offset += type->size;
	++*taken;
	return true;
}

static bool add_value(struct go_results *results, const struct type *type, uint32_t offset,
		      int nesting)
{
	bool fits = nesting < NESTING_MAX && type->kind != TYPE_ARRAY;
	if (type->kind != TYPE_STRUCT)
		return fits && add_scalar(results, type, offset);
	if (!type->n_members || type->abbreviated)
		return false;
	for (uint32_t i = 0; fits && i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		fits = !member->bit_size &&
		       add_value(results, member->type, offset + member->offset, nesting + 1);
	}
	return fits;
}

/* Where the parts of a value begin, each in a place of its own. */
struct go_parts {
	uint32_t offset[PLACE_PIECES_MAX], size[PLACE_PIECES_MAX];
	uint32_t count;
	uint32_t seen; /* types on the way, which a hostile file may nest as it likes */
};

#define TYPES_MAX 64

static bool find_parts(const struct type *type, uint32_t offset, int nesting, struct go_parts *ret)
{
	if (nesting > NESTING_MAX || type->abbreviated || ret->seen++ > TYPES_MAX)
		return false;
	if (type->kind == TYPE_STRUCT) {
		for (uint32_t i = 0; i < type->n_members; i++)
			if (!find_parts(type->members[i].type, offset + type->members[i].offset,
					nesting + 1, ret))
				return false;
		return true;
	}
	if (ret->count == PLACE_PIECES_MAX)
		return false;
	ret->offset[ret->count] = offset;
	ret->size[ret->count++] = type->size;
	return true;
}

bool args_go_spread(const struct type *type, struct parameter_place *place)
{
	struct go_parts parts = {0};
	uint64_t all = 0;
	for (uint32_t i = 0; i < place->n_pieces; i++)
		all += place->pieces[i].size;
	if (type->kind != TYPE_STRUCT || all == type->size)
		return true;
	if (!find_parts(type, 0, 0, &parts) || parts.count != place->n_pieces)
		return false;
	for (uint32_t i = 0; i < parts.count; i++) {
		uint32_t next = i + 1 < parts.count ? parts.offset[i + 1] : type->size;
		if (place->pieces[i].size != parts.size[i] || next < parts.offset[i])
			return false;
		place->pieces[i].size = (uint16_t)(next - parts.offset[i]);
	}
	return true;
}

void args_place_go_result(unsigned int machine, const struct type *type, struct fetch_source *ret)
{
	struct go_results results = {.source = ret};
	*ret = (struct fetch_source){0};
	if (machine != EM_X86_64 || !add_value(&results, type, 0, 0) || ret->unavailable)
		*ret = args_unavailable("Go's own calling convention");
	else if (!args_has_part(ret))
		*ret = args_unavailable(ret->parts[0].unavailable);
}
