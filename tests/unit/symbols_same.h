/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/symbols_same.h — types and prototypes that have been elsewhere, member by member. */
#ifndef UTRAIL_TESTS_SYMBOLS_SAME_H
#define UTRAIL_TESTS_SYMBOLS_SAME_H

#include "symbols/type.h"
#include "tests/unit/unit.h"

static inline void same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static inline void same_type(const struct type *a, const struct type *b);

static inline void same_form(const struct type *a, const struct type *b)
{
	assert_int_equal(!a->form, !b->form);
	if (!a->form || !b->form)
		return;
	assert_int_equal(a->form->kind, b->form->kind);
	assert_int_equal(a->form->data, b->form->data);
	assert_int_equal(a->form->length, b->form->length);
	assert_int_equal(a->form->length_before, b->form->length_before);
	assert_int_equal(a->form->has_short, b->form->has_short);
	assert_int_equal(a->form->skip, b->form->skip);
	same_type(a->form->item, b->form->item);
	same_text(a->form->none, b->form->none);
	assert_int_equal(!a->form->nodes, !b->form->nodes);
	if (a->form->nodes)
		assert_memory_equal(a->form->nodes, b->form->nodes, sizeof(*a->form->nodes));
	assert_int_equal(!a->form->variants, !b->form->variants);
	for (uint32_t i = 0; a->form->variants && b->form->variants && i < a->n_members; i++) {
		assert_int_equal(a->form->variants[i].value, b->form->variants[i].value);
		assert_int_equal(a->form->variants[i].is_default, b->form->variants[i].is_default);
	}
}

static inline void same_members(const struct type *a, const struct type *b)
{
	assert_int_equal(!a->members, !b->members);
	assert_int_equal(!a->conditions, !b->conditions);
	for (uint32_t i = 0; a->members && b->members && i < a->n_members; i++) {
		same_text(a->members[i].name, b->members[i].name);
		same_type(a->members[i].type, b->members[i].type);
		assert_int_equal(a->members[i].offset, b->members[i].offset);
		assert_int_equal(a->members[i].bit_size, b->members[i].bit_size);
		assert_int_equal(a->members[i].bit_offset, b->members[i].bit_offset);
		if (!a->conditions || !b->conditions)
			continue;
		assert_int_equal(a->conditions[i].offset, b->conditions[i].offset);
		assert_int_equal(a->conditions[i].mask, b->conditions[i].mask);
		assert_int_equal(a->conditions[i].value, b->conditions[i].value);
		assert_int_equal(a->conditions[i].is_not, b->conditions[i].is_not);
	}
}

static inline void same_type(const struct type *a, const struct type *b)
{
	assert_int_equal(!a, !b);
	if (!a || !b)
		return;
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->size, b->size);
	same_text(a->name, b->name);
	same_type(a->target, b->target);
	assert_int_equal(a->n_members, b->n_members);
	same_members(a, b);
	assert_int_equal(a->n_enumerators, b->n_enumerators);
	for (uint32_t i = 0; i < a->n_enumerators; i++) {
		same_text(a->enumerators[i].name, b->enumerators[i].name);
		assert_int_equal(a->enumerators[i].value, b->enumerators[i].value);
		assert_int_equal(a->enumerators[i].mask, b->enumerators[i].mask);
	}
	assert_int_equal(a->length_arg, b->length_arg);
	assert_int_equal(a->most_arg, b->most_arg);
	assert_int_equal(a->length_bytes, b->length_bytes);
	assert_int_equal(a->is_out, b->is_out);
	assert_int_equal(a->out_if_ok, b->out_if_ok);
	assert_int_equal(a->in_memory, b->in_memory);
	assert_int_equal(a->abbreviated, b->abbreviated);
	assert_int_equal(a->length_size, b->length_size);
	assert_int_equal(a->in_halves, b->in_halves);
	assert_int_equal(a->is_code, b->is_code);
	assert_int_equal(a->is_big_endian, b->is_big_endian);
	same_form(a, b);
}

static inline void same_prototype(const struct prototype *a, const struct prototype *b)
{
	assert_int_equal(a->n_parameters, b->n_parameters);
	assert_int_equal(!a->places, !b->places);
	for (uint32_t i = 0; i < a->n_parameters; i++) {
		same_text(a->parameters[i].name, b->parameters[i].name);
		same_type(a->parameters[i].type, b->parameters[i].type);
		if (!a->places || !b->places)
			continue;
		assert_int_equal(a->places[i].kind, b->places[i].kind);
		assert_int_equal(a->places[i].reg, b->places[i].reg);
		assert_int_equal(a->places[i].exact, b->places[i].exact);
		assert_int_equal(a->places[i].is_bytes, b->places[i].is_bytes);
		assert_int_equal(a->places[i].n_pieces, b->places[i].n_pieces);
		assert_int_equal(a->places[i].offset, b->places[i].offset);
		for (size_t k = 0; k < PLACE_PIECES_MAX; k++) {
			const struct place_piece *x = &a->places[i].pieces[k];
			const struct place_piece *y = &b->places[i].pieces[k];
			assert_int_equal(x->kind, y->kind);
			assert_int_equal(x->reg, y->reg);
			assert_int_equal(x->size, y->size);
			assert_int_equal(x->offset, y->offset);
		}
	}
	same_text(a->no_convention, b->no_convention);
	same_text(a->no_result, b->no_result);
	assert_int_equal(a->is_optimised, b->is_optimised);
	assert_int_equal(a->is_rust, b->is_rust);
	assert_int_equal(a->variadic, b->variadic);
	same_type(a->result, b->result);
	same_text(a->source, b->source);
}

#endif
