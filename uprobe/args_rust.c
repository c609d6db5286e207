/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions of Rust have their results, on x86-64.
 *
 * rustc (compiler/rustc_target/src/callconv, adjust_for_rust_abi; compiler/rustc_abi/src/layout.rs)
 * knows values as one scalar, as a pair of scalars, or as bytes in memory. A scalar is in %rax, or
 * in %xmm0 when it is floating-point, or in %rax and %rdx when it has 16 bytes. Of a pair, each
 * half is in a register of its own, whatever its size. Up to 8 bytes in memory are a number in
 * %rax. What else there is lies where the caller said, and %rax has that address.
 *
 * Which of these a structure is may depend on attributes (repr(C), repr(align), repr(simd)), on
 * `extern "C"` and on rustc's version, of which debug information is silent. So only that is told
 * in which all of them agree, or for which the instructions leave but one: enum result_proof.
 */
#include <string.h>

#include "probe/regs.h"
#include "uprobe/args.h"

#define NESTING_MAX 16
#define BUDGET	    256

static const char own[] = "Rust's own calling convention";

struct leaf {
	uint32_t offset, size;
	bool is_float;
};

/* The scalars that a value consists of. */
struct leaves {
	struct leaf items[2];
	unsigned int count; /* different ones */
	bool is_memory;	    /* no pair, whatever else: more than two, an array */
	bool has_float;
	bool has_wide; /* of 16 bytes */
	bool unknown;
	int budget;
};

static void add_leaf(struct leaves *to, uint32_t offset, uint32_t size, bool is_float)
{
	const struct leaf leaf = {offset, size, is_float};
	to->has_float |= is_float;
	to->has_wide |= size > 8;
	for (unsigned int i = 0; i < to->count; i++)
		if (to->items[i].offset == offset && to->items[i].size == size &&
		    to->items[i].is_float == is_float)
			return;
	if (to->count == 2)
		to->is_memory = true;
	else
		to->items[to->count++] = leaf;
}

static void survey(struct leaves *to, const struct type *type, uint32_t offset, int nesting);

/* One of several, and a number that says which; or nothing but one of them and values that this
 * never has. */
static void survey_variants(struct leaves *to, const struct type *type, uint32_t offset,
			    int nesting)
{
	const struct type_form *form = type->form;
	bool has_default = false, others = false;
	for (uint32_t i = 0; i < type->n_members; i++)
		has_default |= form->variants[i].is_default;
	for (uint32_t i = 0; i < type->n_members; i++) {
		struct leaves one = {.budget = to->budget};
		const struct type_member *member = &type->members[i];
		/* One without contents has no members, but the size of the others. */
		if (member->type->kind == TYPE_STRUCT && !member->type->n_members)
			continue;
		survey(&one, member->type, member->offset, nesting + 1);
		others |= has_default && !form->variants[i].is_default && one.count;
		survey(to, member->type, offset + member->offset, nesting + 1);
	}
	if (!has_default && form->length)
		add_leaf(to, offset + form->data, form->length, false);
	to->is_memory |= others;
}

static void survey_struct(struct leaves *to, const struct type *type, uint32_t offset, int nesting)
{
	if (type->form && type->form->kind == FORM_VARIANTS) {
		survey_variants(to, type, offset, nesting);
		return;
	}
	to->unknown |= type->abbreviated;
	to->unknown |= !type->n_members && type->size;
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		survey(to, member->type, offset + member->offset, nesting + 1);
	}
}

static void survey(struct leaves *to, const struct type *type, uint32_t offset, int nesting)
{
	if (nesting > NESTING_MAX || to->budget-- <= 0) {
		to->unknown = true;
		return;
	}
	switch (type->kind) {
	case TYPE_VOID:
		return;
	case TYPE_STRUCT:
		survey_struct(to, type, offset, nesting);
		return;
	case TYPE_ARRAY:
		to->is_memory |= type->size != 0;
		if (type->target && type->size)
			survey(to, type->target, offset, nesting + 1);
		return;
	case TYPE_UNKNOWN:
		to->unknown |= type->size != 0;
		return;
	default:
		if (type->size)
			add_leaf(to, offset, type->size, type->kind == TYPE_FLOAT);
	}
}

static struct fetch_source in_both(uint32_t first, uint32_t size)
{
	static const struct fetch_op rax = {.code = FETCH_REG, .reg = X86_RAX, .size = 8};
	static const struct fetch_op rdx = {.code = FETCH_REG, .reg = X86_RDX, .size = 8};
	struct fetch_source source = {0};
	fetch_add_part(&source, first, &rax, 1, NULL);
	fetch_add_part(&source, size - first, &rdx, 1, NULL);
	return source;
}

/* Is there something in %rax, and for sure? */
static bool has_rax(uint8_t proof)
{
	return proof & (RESULT_PROOF_RAX | RESULT_PROOF_UNOPTIMISED);
}

static bool has_both(uint8_t proof)
{
	return has_rax(proof) && proof & RESULT_PROOF_RDX;
}

static struct fetch_source at_rax(void)
{
	struct fetch_source source = fetch_from_register(X86_RAX, 8, false);
	source.is_address = true;
	return source;
}

/* Up to 8 bytes that are several scalars, or an array. Floating-point ones by themselves may be in
 * %xmm0, where nothing is in %rax then. */
static void place_small(const struct type *type, const struct leaves *leaves, uint8_t proof,
			struct fetch_source *ret)
{
	bool is_one = leaves->is_memory || leaves->count == 1;
	bool is_sure = leaves->has_float ? proof & RESULT_PROOF_RAX : has_rax(proof);
	const struct leaf *second = &leaves->items[leaves->items[0].offset ? 0 : 1];
	if (is_one && is_sure)
		*ret = fetch_from_register(X86_RAX, 8, false);
	else if (!is_one && !leaves->has_float && second->offset && has_both(proof))
		*ret = in_both(second->offset, type->size);
}

static void place_compound(const struct type *type, uint8_t proof, struct fetch_source *ret)
{
	struct leaves leaves = {.budget = BUDGET};
	survey(&leaves, type, 0, 0);
	bool is_hidden = proof & RESULT_PROOF_HIDDEN;
	if (leaves.unknown || !has_rax(proof))
		return;
	if (type->size > 16) {
		/* Before 1.86 or so, pairs of large numbers may be in registers. */
		if (is_hidden || !leaves.has_wide || leaves.is_memory)
			*ret = at_rax();
	} else if (type->size <= 8) {
		place_small(type, &leaves, proof, ret);
	} else if (has_both(proof) || (proof & RESULT_PROOF_UNOPTIMISED &&
				       proof & RESULT_PROOF_SEEN && !leaves.has_float)) {
		*ret = in_both(8, type->size);
	} else if (leaves.is_memory && is_hidden) {
		*ret = at_rax();
	}
}

void args_place_rust_result(const struct type *type, uint8_t proof, struct fetch_source *ret)
{
	*ret = args_unavailable(has_rax(proof) ? own : PROTOTYPE_MAYBE_DROPPED);
	switch (type->kind) {
	case TYPE_VOID:
		return;
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		if (type->size)
			place_compound(type, proof, ret);
		else
			*ret = args_unavailable("empty");
		return;
	case TYPE_FLOAT:
		*ret = args_unavailable("in xmm0");
		return;
	case TYPE_UNKNOWN:
		return;
	default:
		break;
	}
	if (type->size > 8 && (has_both(proof) || proof & RESULT_PROOF_UNOPTIMISED))
		*ret = in_both(8, type->size);
	else if (type->size <= 8 && has_rax(proof))
		*ret = args_in_register(X86_RAX, type);
}
