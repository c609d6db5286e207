/* SPDX-License-Identifier: Apache-2.0 */
/* Structures in several places and in each other, and what those of standard libraries stand for.
 */
#include "probe/compile_draft.h"
#include "tests/unit/probe_compile.h"

/* --- structures in several places, and in each other ----------------------------------------- */

struct pair {
	long number;
	const char *text;
};

static const struct type_member pair_members[] = {
	{.name = "number", .type = &long_type},
	{.name = "text", .type = &string_type, .offset = 8},
};
static const struct type pair_type = {.kind = TYPE_STRUCT,
				      .size = 16,
				      .name = "struct pair",
				      .members = pair_members,
				      .n_members = 2};

static void add_pair(struct round_trip *trip, const char *why_second)
{
	struct fetch_source source = {0};
	const struct fetch_op ops[] = {{.code = FETCH_REG, .reg = 1, .size = 8},
				       {.code = FETCH_REG, .reg = 2, .size = 8}};
	fetch_add_part(&source, 8, &ops[0], 1, NULL);
	fetch_add_part(&source, 8, &ops[1], why_second ? 0 : 1, why_second);
	trip->machine.regs[1] = 77;
	trip->machine.regs[2] = (uintptr_t) "second";
	assert_ok(plan_add_value(&trip->builder, "pair", &pair_type, &source, NULL));
}

static void a_structure_in_two_registers_shows_both(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add_pair(&trip, NULL);
	run(&trip);
	assert_int_equal(scalar(&trip, &trip.values.items[0].members[0]), 77);
	assert_bytes(&trip, &trip.values.items[0].members[1], "second", 0);
	end(&trip);
}

static void half_a_structure_is_shown_when_the_rest_cannot_be_had(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add_pair(&trip, "in xmm0");
	run(&trip);
	assert_int_equal(scalar(&trip, &trip.values.items[0].members[0]), 77);
	assert_unavailable(&trip, &trip.values.items[0].members[1], "in xmm0");
	end(&trip);
}

/* Two numbers of four bytes, each in a register of its own; of the third half is not there. */
static void parts_may_be_smaller_than_registers(void **state)
{
	(void)state;
	static const struct type_member members[] = {{.name = "a", .type = &int_type},
						     {.name = "b", .type = &int_type, .offset = 4},
						     {.name = "c", .type = &long_type, .offset = 8},
						     {.name = "ab", .type = &long_type}};
	static const struct type type = {
		.kind = TYPE_STRUCT, .size = 16, .name = "t", .members = members, .n_members = 4};
	struct fetch_source source = {0};
	const struct fetch_op ops[] = {{.code = FETCH_REG, .reg = 1, .size = 8},
				       {.code = FETCH_REG, .reg = 2, .size = 8}};
	struct round_trip trip;
	begin(&trip);
	for (int i = 0; i < 2; i++)
		fetch_add_part(&source, 4, &ops[i], 1, NULL);
	fetch_add_part(&source, 4, &ops[1], 1, NULL);
	trip.machine.regs[1] = 0xdeadbeef00000005;
	trip.machine.regs[2] = 0xdeadbeef00000006;
	assert_ok(plan_add_value(&trip.builder, "t", &type, &source, NULL));
	run(&trip);
	const struct value *m = trip.values.items[0].members;
	assert_int_equal(trip.values.items[0].n_members, 4);
	assert_int_equal(scalar(&trip, &m[0]), 5);
	assert_int_equal(scalar(&trip, &m[1]), 6);
	assert_unavailable(&trip, &m[2], "optimised out");
	assert_unavailable(&trip, &m[3], "in several places");
	end(&trip);
}

static void a_number_in_two_registers_is_not_put_together(void **state)
{
	(void)state;
	struct round_trip trip;
	struct fetch_source source = {0};
	const struct fetch_op op = {.code = FETCH_REG, .reg = 1, .size = 8};
	begin(&trip);
	fetch_add_part(&source, 8, &op, 1, NULL);
	fetch_add_part(&source, 8, &op, 1, NULL);
	assert_ok(plan_add_value(&trip.builder, "n", &long_type, &source, NULL));
	for (int i = 0; i < FETCH_PARTS_MAX; i++)
		fetch_add_part(&source, 8, &op, 1, NULL);
	assert_int_equal(source.n_parts, FETCH_PARTS_MAX);
	assert_non_null(source.unavailable);
	run(&trip);
	assert_unavailable(&trip, &trip.values.items[0], "in several places");
	end(&trip);
}

/* A type that leads to itself, by pointer. */
struct chain {
	struct chain *next;
	int number;
};

static struct type chain_type, chain_pointer;
static struct type_member chain_members[2];

static void make_chain_type(void)
{
	chain_pointer = (struct type){
		.kind = TYPE_POINTER, .size = 8, .name = "struct chain *", .target = &chain_type};
	chain_members[0] = (struct type_member){.name = "next", .type = &chain_pointer};
	chain_members[1] = (struct type_member){.name = "number", .type = &int_type, .offset = 8};
	chain_type = (struct type){.kind = TYPE_STRUCT,
				   .size = sizeof(struct chain),
				   .name = "struct chain",
				   .members = chain_members,
				   .n_members = 2};
}

static void pointers_are_followed_to_the_depth(void **state)
{
	(void)state;
	struct chain third = {.number = 3}, second = {&third, 2}, first = {&second, 1};
	make_chain_type();
	for (uint32_t depth = 0; depth <= 3; depth++) {
		struct round_trip trip;
		begin(&trip);
		trip.builder.options.depth = depth;
		add(&trip, &chain_pointer, 0, (uintptr_t)&first);
		run(&trip);
		const struct value *value = &trip.values.items[0];
		for (uint32_t i = 1; i <= depth; i++) {
			assert_int_equal(value->n_members, 2);
			assert_int_equal(scalar(&trip, &value->members[1]), i);
			value = &value->members[0];
		}
		assert_int_equal(value->n_members, 0);
		assert_true(scalar(&trip, value) == (uintptr_t)(depth == 0   ? &first
								: depth == 1 ? &second
								: depth == 2 ? &third
									     : NULL));
		end(&trip);
	}
}

static void a_pointer_to_a_number_shows_it(void **state)
{
	(void)state;
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "int *", .target = &int_type};
	const int number = -9;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &pointer, 0, (uintptr_t)&number);
	add(&trip, &pointer, 1, 8);
	run(&trip);
	assert_int_equal((int64_t)scalar(&trip, trip.values.items[0].copy), -9);
	assert_true(trip.values.items[0].copy->boxed);
	assert_int_equal(scalar(&trip, &trip.values.items[1]), 8);
	assert_unavailable(&trip, trip.values.items[1].copy, "bad address");
	end(&trip);
}

static void members_beyond_the_limits_are_cut(void **state)
{
	(void)state;
	struct round_trip trip;
	static const char huge[8192];
	struct type_member members[600];
	struct type type = {.kind = TYPE_STRUCT, .size = 8192, .name = "struct huge"};
	struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "struct huge *", .target = &type};
	for (uint32_t i = 0; i < 600; i++)
		members[i] = (struct type_member){.name = "m", .type = &long_type, .offset = i * 8};
	type.members = members;
	type.n_members = 600;
	const uint32_t limits[] = {0, 5, 512}, shown[] = {32, 5, 500}, copied[] = {256, 40, 4000};
	for (int i = 0; i < 3; i++) {
		begin(&trip);
		trip.builder.options.max_members = limits[i];
		add(&trip, &pointer, 0, (uintptr_t)huge);
		run(&trip);
		const struct value *value = &trip.values.items[0];
		assert_int_equal(value->n_members, shown[i]);
		assert_true(value->cut);
		assert_int_equal(trip.slots.items[value->copy_slot - 1].length, copied[i]);
		end(&trip);
	}
}

/* Each of thirty types holds two of the next: a thousand million numbers, if all were shown. */
static void types_that_multiply_end(void **state)
{
	(void)state;
	enum { LEVELS = 30 };
	struct type types[LEVELS];
	struct type_member members[LEVELS][2];
	struct type pointer = {.kind = TYPE_POINTER, .size = 8, .name = "t *", .target = types};
	struct round_trip trip;
	for (int i = 0; i < LEVELS; i++) {
		const struct type *inner = i + 1 < LEVELS ? &types[i + 1] : &byte_type;
		members[i][0] = members[i][1] = (struct type_member){.name = "", .type = inner};
		types[i] = (struct type){.kind = TYPE_STRUCT,
					 .size = 8,
					 .name = "t",
					 .members = members[i],
					 .n_members = 2};
	}
	begin(&trip);
	add(&trip, &pointer, 0, (uintptr_t) "12345678");
	run(&trip);
	assert_true(trip.values.items[0].cut);
	assert_true(trip.builder.n_members < 10000);
	end(&trip);
}

/* Offsets and sizes that do not fit into a structure, as a hostile file may give them. */
static void members_beyond_the_structure_are_cut(void **state)
{
	(void)state;
	static const struct type vast = {
		.kind = TYPE_ARRAY, .size = UINT32_MAX, .name = "int [1]", .target = &int_type};
	static const struct type_member members[] = {
		{.name = "far", .type = &long_type, .offset = UINT32_MAX - 3},
		{.name = "vast", .type = &vast, .offset = 8},
		{.name = "near", .type = &int_type, .offset = 0},
	};
	static const struct type type = {.kind = TYPE_STRUCT,
					 .size = UINT32_MAX,
					 .name = "struct odd",
					 .members = members,
					 .n_members = 3};
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "struct odd *", .target = &type};
	static const char memory[4096] = {5};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &pointer, 0, (uintptr_t)memory);
	run(&trip);
	const struct value *value = &trip.values.items[0];
	assert_true(value->cut);
	assert_int_equal(value->n_members, 2);
	assert_int_equal(scalar(&trip, &value->members[1]), 5);
	end(&trip);
}

/* --- what structures of standard libraries stand for ------------------------------------------ */

struct text_form {
	uint64_t size;
	const char *text;
};

static const struct type_form as_text = {
	.kind = FORM_TEXT, .data = 8, .length = 0, .item = &string_type};
static const struct type_member text_form_members[] = {
	{.name = "size", .type = &long_type},
	{.name = "text", .type = &string_type, .offset = 8},
};
static const struct type text_form_type = {.kind = TYPE_STRUCT,
					   .size = 16,
					   .name = "string_view",
					   .members = text_form_members,
					   .n_members = 2,
					   .form = &as_text};
static const struct type text_form_pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "string_view &", .target = &text_form_type};

static void a_text_with_its_length_is_read(void **state)
{
	(void)state;
	struct text_form whole = {6, "no NUL?"}, cut = {17, "sixteen bytes and more"},
			 empty = {0, (const char *)1}, bad = {3, (const char *)1};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &text_form_pointer, 0, (uintptr_t)&whole);
	add(&trip, &text_form_pointer, 1, (uintptr_t)&cut);
	add(&trip, &text_form_pointer, 2, (uintptr_t)&empty);
	add(&trip, &text_form_pointer, 3, (uintptr_t)&bad);
	run(&trip);
	assert_bytes(&trip, trip.values.items[0].copy, "no NUL", 0);
	assert_bytes(&trip, trip.values.items[1].copy, "sixteen bytes an", FETCH_BLOB_TRUNCATED);
	assert_bytes(&trip, trip.values.items[2].copy, "", 0);
	assert_unavailable(&trip, trip.values.items[3].copy, "bad address");
	end(&trip);
}

struct range_form {
	const int *start, *end;
};

static const struct type int_pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "int *", .target = &int_type};
static const struct type_form as_range = {
	.kind = FORM_RANGE, .data = 0, .length = 8, .item = &int_type};
static const struct type_member range_members[] = {
	{.name = "start", .type = &int_pointer},
	{.name = "end", .type = &int_pointer, .offset = 8},
};
static const struct type range_type = {.kind = TYPE_STRUCT,
				       .size = 16,
				       .name = "vector",
				       .members = range_members,
				       .n_members = 2,
				       .form = &as_range};
static const struct type range_pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "vector &", .target = &range_type};

static uint32_t bytes_read(const struct round_trip *trip, const struct value *value)
{
	const char *bytes, *why = "";
	uint32_t length, flags;
	if (!value_bytes(value, &trip->slots, &bytes, &length, &flags, &why))
		fail_msg("not available: %s", why);
	return length;
}

/* No byte behind the last element is touched. */
static void a_range_is_read_from_its_start_to_its_end(void **state)
{
	(void)state;
	static const int numbers[200];
	struct range_form some = {numbers, numbers + 3}, none = {NULL, NULL},
			  many = {numbers, numbers + 200}, wrong = {numbers + 3, numbers};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &range_pointer, 0, (uintptr_t)&some);
	add(&trip, &range_pointer, 1, (uintptr_t)&none);
	add(&trip, &range_pointer, 2, (uintptr_t)&many);
	add(&trip, &range_pointer, 3, (uintptr_t)&wrong);
	run(&trip);
	assert_int_equal(bytes_read(&trip, trip.values.items[0].copy), 12);
	assert_int_equal(bytes_read(&trip, trip.values.items[1].copy), 0);
	assert_int_equal(bytes_read(&trip, trip.values.items[2].copy), 256);
	assert_int_equal(bytes_read(&trip, trip.values.items[3].copy), 0);
	assert_true(trip.slots.items[trip.values.items[2].copy->count_slot - 1].number ==
		    (uintptr_t)(numbers + 200));
	end(&trip);
}

/* --- what elements lead to -------------------------------------------------------------------- */

static const struct fetch_op *find_each_op(const struct fetch_plan *plan)
{
	for (uint16_t i = 0; i < plan->n_ops; i++)
		if (plan->ops[i].code == FETCH_EACH)
			return &plan->ops[i];
	return NULL;
}

/* Right behind the operation that has the array in the accumulator. */
static void texts_of_elements_are_one_operation(void **state)
{
	(void)state;
	static const struct type pointer = {.kind = TYPE_POINTER,
					    .size = 8,
					    .name = "string_view *",
					    .target = &text_form_type};
	static const struct type_form form = {
		.kind = FORM_RANGE, .data = 0, .length = 8, .item = &text_form_type};
	static const struct type_member members[] = {
		{.name = "start", .type = &pointer},
		{.name = "end", .type = &pointer, .offset = 8},
	};
	static const struct type type = {.kind = TYPE_STRUCT,
					 .size = 16,
					 .name = "vector",
					 .members = members,
					 .n_members = 2,
					 .form = &form};
	static const struct type reference = {
		.kind = TYPE_POINTER, .size = 8, .name = "vector &", .target = &type};
	static const struct text_form none[1];
	struct {
		const struct text_form *start, *end;
	} empty = {none, none};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &reference, 0, (uintptr_t)&empty);
	run(&trip);
	const struct value *value = trip.values.items[0].copy;
	const struct fetch_op *op = find_each_op(&trip.builder.plan);
	assert_non_null(op);
	assert_int_equal(op[-1].code, FETCH_BYTES);
	assert_int_equal(op->size, EACH_ITEMS);
	assert_int_equal(op->next[0], 1);
	assert_int_equal(op->imm & 0xffff, 16);	      /* bytes of an element */
	assert_int_equal(op->imm >> 16 & 0xffff, 8);  /* its text */
	assert_int_equal(op->imm >> 32 & 0xffff, 0);  /* its length */
	assert_int_equal(op->imm >> 48 & 0xffff, 16); /* -s */
	assert_int_equal(value->n_each, 1);
	assert_ptr_equal(value->each[0].type, &text_form_type);
	end(&trip);
}

/* The second list goes on from where the first one is. */
static void lists_in_lists_have_marks(void **state)
{
	(void)state;
	static const struct type item_pointer = {.kind = TYPE_POINTER,
						 .size = 8,
						 .name = "string_view *",
						 .target = &text_form_type};
	static const struct type_form row_form = {
		.kind = FORM_ITEMS, .data = 0, .length = 8, .item = &text_form_type};
	static const struct type_member members[] = {
		{.name = "start", .type = &item_pointer},
		{.name = "count", .type = &long_type, .offset = 8},
	};
	static const struct type row = {.kind = TYPE_STRUCT,
					.size = 16,
					.name = "row",
					.members = members,
					.n_members = 2,
					.form = &row_form};
	static const struct type_form all_form = {
		.kind = FORM_ITEMS, .data = 0, .length = 8, .item = &row};
	static const struct type all = {.kind = TYPE_STRUCT,
					.size = 16,
					.name = "rows",
					.members = members,
					.n_members = 2,
					.form = &all_form};
	static const struct type reference = {
		.kind = TYPE_POINTER, .size = 8, .name = "rows &", .target = &all};
	static const uint64_t none[2] = {0, 0};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &reference, 0, (uintptr_t)&none);
	run(&trip);
	const struct fetch_op *first = find_each_op(&trip.builder.plan);
	assert_non_null(first);
	assert_int_equal(first->shift, 0);
	assert_int_equal(first->next[2], 1);
	assert_int_equal(first[1].code, FETCH_EACH);
	assert_int_equal(first[1].shift, 1);
	assert_int_equal(first[1].imm & 0xffff, 16); /* bytes of an element of those lists */
	const struct value *value = trip.values.items[0].copy;
	assert_int_equal(value->n_each, 1);
	assert_int_equal(value->each[0].stride, 16);
	assert_int_equal(value->each[0].n_inner, 1);
	assert_ptr_equal(value->each[0].inner[0].type, &text_form_type);
	assert_int_equal(value->each[0].inner[0].slot, value->each[0].slot + 1);
	end(&trip);
}

/* How many, then where from. What is in no order of addresses has no array. */
static void nodes_are_one_operation(void **state)
{
	(void)state;
	static const struct type_nodes nodes = {
		.kind = NODES_TREE, .has_count = true, .end = 8, .links = {8, 16, 24}, .value = 32};
	static const struct type_form form = {.kind = FORM_NODES,
					      .data = 24,
					      .length = 40,
					      .item = &long_type,
					      .none = "std::set",
					      .nodes = &nodes};
	static const struct type_member members[] = {
		{.name = "count", .type = &long_type, .offset = 40}};
	static const struct type type = {.kind = TYPE_STRUCT,
					 .size = 48,
					 .name = "set",
					 .members = members,
					 .n_members = 1,
					 .form = &form};
	static const struct type reference = {
		.kind = TYPE_POINTER, .size = 8, .name = "set &", .target = &type};
	static const uint64_t set[6] = {0, 0, 0, 0, 0, 3};
	struct round_trip trip;
	begin(&trip);
	add(&trip, &reference, 0, (uintptr_t)&set);
	run(&trip);
	const struct fetch_plan *plan = &trip.builder.plan;
	const struct fetch_op *op = &plan->ops[plan->n_ops - 1];
	assert_int_equal(op->code, FETCH_WALK);
	assert_int_equal(op->size, WALK_TREE);
	assert_int_equal(op->reg, 24);
	assert_int_equal(op->next[0], 8);
	assert_true(op->imm ==
		    (INT64_C(8) | INT64_C(32) << 16 | INT64_C(0x321) << 32 | INT64_C(8) << 48));
	const struct value *value = trip.values.items[0].copy;
	assert_int_equal(trip.slots.items[value->count_slot - 1].number, 3);
	assert_true(trip.slots.items[value->slot].is_list);
	end(&trip);
}

static void only_argv_is_a_list(void **state)
{
	(void)state;
	struct type texts = {
		.kind = TYPE_POINTER, .size = 8, .name = "char **", .target = &string_type};
	assert_true(each_is_list("argv", &texts));
	assert_true(each_is_list("child_argv", &texts));
	assert_false(each_is_list("margv", &texts));
	assert_false(each_is_list("envp", &texts));
	assert_false(each_is_list("", &texts));
	assert_false(each_is_list("argv", &string_type));
	texts.is_list = true;
	assert_true(each_is_list("line", &texts));
	texts.is_out = true;
	assert_false(each_is_list("argv", &texts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_elements_are_one_operation),
		cmocka_unit_test(lists_in_lists_have_marks),
		cmocka_unit_test(nodes_are_one_operation),
		cmocka_unit_test(only_argv_is_a_list),
		cmocka_unit_test(a_structure_in_two_registers_shows_both),
		cmocka_unit_test(half_a_structure_is_shown_when_the_rest_cannot_be_had),
		cmocka_unit_test(parts_may_be_smaller_than_registers),
		cmocka_unit_test(a_number_in_two_registers_is_not_put_together),
		cmocka_unit_test(pointers_are_followed_to_the_depth),
		cmocka_unit_test(a_pointer_to_a_number_shows_it),
		cmocka_unit_test(members_beyond_the_limits_are_cut),
		cmocka_unit_test(types_that_multiply_end),
		cmocka_unit_test(members_beyond_the_structure_are_cut),
		cmocka_unit_test(a_text_with_its_length_is_read),
		cmocka_unit_test(a_range_is_read_from_its_start_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
