/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are compiled, run by a small interpreter of the operations as probe/fetch.h defines them,
 * on real memory of this process, and read back: what comes out must be what was put in.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>

#include "probe/compile.h"
#include "probe/value.h"

struct machine {
	uint64_t regs[32];
	uint64_t acc, end;
	bool poisoned, has_length;
	uint32_t length, length_flags;
	uint32_t unavailable, n_slots;
	char payload[FETCH_PAYLOAD_MAX];
	size_t used;
};

/* Addresses below the first page stand for memory that is not there. */
static bool readable(uint64_t address)
{
	return address >= 4096;
}

static uint64_t cut(uint64_t value, uint8_t size, bool sign)
{
	unsigned int shift = size && size < 8 ? 64 - size * 8U : 0;
	return sign ? (uint64_t)((int64_t)(value << shift) >> shift) : value << shift >> shift;
}

static void put_blob(struct machine *m, const void *bytes, uint32_t length, uint32_t flags, bool ok)
{
	struct fetch_blob blob = {.length = length, .flags = flags};
	memcpy(m->payload + m->used, &blob, sizeof(blob));
	if (length)
		memcpy(m->payload + m->used + sizeof(blob), bytes, length);
	m->used += sizeof(blob) + ((length + 7) & ~7U);
	m->unavailable |= ok ? 0 : 1U << m->n_slots;
	m->n_slots++;
}

static void run_text(struct machine *m, const struct fetch_op *op)
{
	if (m->poisoned)
		put_blob(m, NULL, 0, 0, false);
	else if (m->acc == 0 && (op->flags & FETCH_NULL_OK))
		put_blob(m, NULL, 0, FETCH_BLOB_NULL, true);
	else if (op->code == FETCH_BYTES && m->has_length && !m->length)
		put_blob(m, NULL, 0, m->length_flags, true);
	else if (!readable(m->acc))
		put_blob(m, NULL, 0, 0, false);
	else if (op->code == FETCH_STRING) {
		const char *text = (const char *)m->acc;
		size_t length = strlen(text);
		bool long_one = length > (size_t)op->imm;
		put_blob(m, text, long_one ? (uint32_t)op->imm : (uint32_t)length,
			 long_one ? FETCH_BLOB_TRUNCATED : 0, true);
	} else {
		put_blob(m, (const void *)m->acc, m->has_length ? m->length : (uint32_t)op->imm,
			 m->has_length ? m->length_flags : 0, true);
	}
	m->has_length = false;
}

static void run_op(struct machine *m, const struct fetch_op *op)
{
	bool sign = op->flags & FETCH_SIGNED;
	switch (op->code) {
	case FETCH_REG:
		m->acc = cut(m->regs[op->reg] >> op->shift, op->size, sign);
		m->poisoned = false;
		break;
	case FETCH_CONST:
		m->acc = (uint64_t)op->imm;
		m->poisoned = false;
		break;
	case FETCH_ADD:
		m->acc += (uint64_t)op->imm;
		break;
	case FETCH_INDEX:
		m->acc += cut(m->regs[op->reg], op->size, sign) * (uint64_t)op->imm;
		break;
	case FETCH_DEREF: {
		uint64_t value = 0;
		if (m->poisoned || !readable(m->acc))
			m->poisoned = true;
		else
			memcpy(&value, (const void *)m->acc, op->size);
		m->acc = cut(value, op->size, sign);
		break;
	}
	case FETCH_LENGTH: {
		int64_t length = m->poisoned ? 0 : (int64_t)(m->acc << op->shift);
		if (op->flags & FETCH_IN_ALL) {
			m->end = (uint64_t)length;
			break;
		}
		if (op->flags & FETCH_TO_END)
			length = (int64_t)m->end - length;
		if (length < 0)
			length = 0;
		m->length = length > op->imm ? (uint32_t)op->imm : (uint32_t)length;
		m->length_flags = length > op->imm ? FETCH_BLOB_TRUNCATED : 0;
		m->has_length = true;
		break;
	}
	case FETCH_INT: {
		uint64_t value = m->poisoned ? 0 : cut(m->acc, op->size, sign);
		memcpy(m->payload + m->used, &value, sizeof(value));
		m->used += sizeof(value);
		m->unavailable |= m->poisoned ? 1U << m->n_slots : 0;
		m->n_slots++;
		break;
	}
	case FETCH_FILE: { /* what it is asked for */
		int32_t fd = (int32_t)m->acc;
		put_blob(m, &fd, m->poisoned ? 0 : sizeof(fd), 0, !m->poisoned);
		break;
	}
	default:
		run_text(m, op);
	}
}

/* --- one value, there and back ------------------------------------------------------------------
 */

struct round_trip {
	struct arena arena;
	struct plan_builder builder;
	struct machine machine;
	const struct fetch_plan *plan;
	struct value_list values;
	struct slots slots;
};

static void begin(struct round_trip *trip)
{
	const struct compile_options options = {.string_limit = 16, .depth = 2};
	memset(trip, 0, sizeof(*trip));
	plan_builder_init(&trip->builder, &trip->arena, &options);
}

static void add(struct round_trip *trip, const struct type *type, uint8_t reg, uint64_t value)
{
	const struct fetch_source source = fetch_from_register(reg, 8, false);
	trip->machine.regs[reg] = value;
	assert_ok(plan_add_value(&trip->builder, "x", type, &source, NULL));
}

static void run(struct round_trip *trip)
{
	assert_ok(plan_finish(&trip->builder, &trip->plan, &trip->values));
	for (uint32_t i = 0; trip->plan && i < trip->plan->n_ops; i++)
		run_op(&trip->machine, &trip->plan->ops[i]);
	trip->slots.unreadable = "bad address";
	assert_int_equal(slots_decode(trip->plan, trip->machine.unavailable, trip->machine.payload,
				      trip->machine.used, &trip->slots),
			 trip->machine.used);
}

static void end(struct round_trip *trip)
{
	plan_builder_deinit(&trip->builder);
	arena_deinit(&trip->arena);
}

static uint64_t scalar(const struct round_trip *trip, const struct value *value)
{
	uint64_t ret = 0;
	const char *why = "";
	if (!value_scalar(value, &trip->slots, &ret, &why))
		fail_msg("not available: %s", why);
	return ret;
}

static void assert_bytes(const struct round_trip *trip, const struct value *value,
			 const char *wanted, uint32_t flags)
{
	const char *bytes, *why = "";
	uint32_t length, got_flags;
	if (!value_bytes(value, &trip->slots, &bytes, &length, &got_flags, &why))
		fail_msg("not available: %s", why);
	assert_int_equal(length, strlen(wanted));
	assert_memory_equal(bytes, wanted, length);
	assert_int_equal(got_flags, flags);
}

static void assert_unavailable(const struct round_trip *trip, const struct value *value,
			       const char *wanted)
{
	uint64_t ignored;
	const char *why = "";
	assert_false(value_scalar(value, &trip->slots, &ignored, &why));
	assert_string_equal(why, wanted);
}

static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type short_type = {.kind = TYPE_INT, .size = 2, .name = "short"};
static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "uint8_t"};
static const struct type long_type = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long"};
static const struct type string_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct type name_type = {
	.kind = TYPE_ARRAY, .size = 8, .name = "char[8]", .target = &char_type};

static void integers_are_cut_and_extended(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &int_type, 0, 0xfffffffffffffff5);
	add(&trip, &short_type, 1, 0x12348000);
	add(&trip, &byte_type, 2, 0x1ff);
	add(&trip, &long_type, 3, UINT64_MAX);
	run(&trip);
	assert_int_equal((int64_t)scalar(&trip, &trip.values.items[0]), -11);
	assert_int_equal((int64_t)scalar(&trip, &trip.values.items[1]), -32768);
	assert_int_equal(scalar(&trip, &trip.values.items[2]), 0xff);
	assert_true(scalar(&trip, &trip.values.items[3]) == UINT64_MAX);
	end(&trip);
}

static void strings_are_whole_cut_null_or_unreadable(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &string_type, 0, (uintptr_t) "");
	add(&trip, &string_type, 1, (uintptr_t) "sixteen bytes ok");
	add(&trip, &string_type, 2, (uintptr_t) "sixteen bytes ok!");
	add(&trip, &string_type, 3, 0);
	add(&trip, &string_type, 4, 8);
	add(&trip, &int_type, 5, 42);
	run(&trip);
	assert_bytes(&trip, &trip.values.items[0], "", 0);
	assert_bytes(&trip, &trip.values.items[1], "sixteen bytes ok", 0);
	assert_bytes(&trip, &trip.values.items[2], "sixteen bytes ok", FETCH_BLOB_TRUNCATED);
	assert_bytes(&trip, &trip.values.items[3], "", FETCH_BLOB_NULL);
	assert_unavailable(&trip, &trip.values.items[4], "bad address");
	/* What follows an unreadable one keeps its place. */
	assert_int_equal(scalar(&trip, &trip.values.items[5]), 42);
	end(&trip);
}

static void buffers_take_their_length_from_another_argument(void **state)
{
	(void)state;
	static const struct type buffer = {
		.kind = TYPE_BYTES, .size = 0, .name = "void *", .length_arg = 2};
	const struct fetch_source pointer = fetch_from_register(0, 8, false);
	const struct fetch_source length = fetch_from_register(1, 8, false);
	const struct {
		int64_t length;
		const char *wanted;
		uint32_t flags;
	} cases[] = {{3, "abc", 0},
		     {16, "abcdefghijklmnop", 0},
		     {20, "abcdefghijklmnop", FETCH_BLOB_TRUNCATED},
		     {0, "", 0},
		     {-14, "", 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct round_trip trip;
		begin(&trip);
		trip.machine.regs[0] = (uintptr_t) "abcdefghijklmnopqrstuvwxyz";
		trip.machine.regs[1] = (uint64_t)cases[i].length;
		assert_ok(plan_add_value(&trip.builder, "buf", &buffer, &pointer, &length));
		run(&trip);
		assert_bytes(&trip, &trip.values.items[0], cases[i].wanted, cases[i].flags);
		end(&trip);
	}
}

struct request {
	int id;
	const char *path;
	unsigned char low : 3, high : 5;
	char name[8];
	struct {
		short x, y;
	} at;
};

static const struct type_member at_members[] = {{.name = "x", .type = &short_type, .offset = 0},
						{.name = "y", .type = &short_type, .offset = 2}};
static const struct type at_type = {
	.kind = TYPE_STRUCT, .size = 4, .name = "struct at", .members = at_members, .n_members = 2};
static const struct type_member request_members[] = {
	{.name = "id", .type = &int_type, .offset = offsetof(struct request, id)},
	{.name = "path", .type = &string_type, .offset = offsetof(struct request, path)},
	{.name = "low", .type = &byte_type, .offset = 16, .bit_size = 3, .bit_offset = 0},
	{.name = "high", .type = &byte_type, .offset = 16, .bit_size = 5, .bit_offset = 3},
	{.name = "name", .type = &name_type, .offset = offsetof(struct request, name)},
	{.name = "at", .type = &at_type, .offset = offsetof(struct request, at)},
};
static const struct type request_type = {.kind = TYPE_STRUCT,
					 .size = sizeof(struct request),
					 .name = "struct request",
					 .members = request_members,
					 .n_members = 6};
static const struct type request_pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "struct request *", .target = &request_type};

static const struct request sample = {
	.id = -7, .path = "/index", .low = 5, .high = 17, .name = "abc", .at = {-1, 300}};

static void assert_sample(const struct round_trip *trip, const struct value *value)
{
	assert_int_equal(value->n_members, 6);
	const struct value *m = value->members;
	assert_int_equal((int64_t)scalar(trip, &m[0]), -7);
	assert_bytes(trip, &m[1], "/index", 0);
	assert_int_equal(scalar(trip, &m[2]), 5);
	assert_int_equal(scalar(trip, &m[3]), 17);
	assert_bytes(trip, &m[4], "abc", 0);
	assert_int_equal((int64_t)scalar(trip, &m[5].members[0]), -1);
	assert_int_equal(scalar(trip, &m[5].members[1]), 300);
}

static void a_pointer_to_a_structure_shows_its_members(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &request_pointer, 3, (uintptr_t)&sample);
	run(&trip);
	assert_true(scalar(&trip, &trip.values.items[0]) == (uintptr_t)&sample);
	assert_sample(&trip, &trip.values.items[0]);
	end(&trip);
}

static void a_structure_in_memory_shows_its_members(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	struct fetch_source source = fetch_from_register(3, 8, false);
	source.is_address = true;
	trip.machine.regs[3] = (uintptr_t)&sample;
	assert_ok(plan_add_value(&trip.builder, "r", &request_type, &source, NULL));
	run(&trip);
	assert_sample(&trip, &trip.values.items[0]);
	end(&trip);
}

static void a_structure_in_a_register_shows_its_members(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &at_type, 3, 0x012cffff);
	run(&trip);
	assert_int_equal((int64_t)scalar(&trip, &trip.values.items[0].members[0]), -1);
	assert_int_equal(scalar(&trip, &trip.values.items[0].members[1]), 300);
	end(&trip);
}

static void a_null_structure_has_no_members(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &request_pointer, 3, 0);
	run(&trip);
	assert_true(scalar(&trip, &trip.values.items[0]) == 0);
	assert_unavailable(&trip, &trip.values.items[0].members[0], "NULL");
	end(&trip);
}

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

static void a_full_plan_says_so(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	for (int i = 0; i < 100; i++)
		add(&trip, &int_type, 0, 1);
	run(&trip);
	assert_int_equal(trip.values.count, 100);
	assert_true(trip.plan->n_ops <= FETCH_OPS_MAX && trip.plan->n_slots <= FETCH_SLOTS_MAX);
	assert_int_equal(scalar(&trip, &trip.values.items[0]), 1);
	assert_unavailable(&trip, &trip.values.items[99], "too many values");
	end(&trip);
}

static void what_cannot_be_had_keeps_its_reason(void **state)
{
	(void)state;
	struct round_trip trip;
	const struct fetch_source source = {.unavailable = "in xmm0"};
	begin(&trip);
	assert_ok(plan_add_value(&trip.builder, "d", &long_type, &source, NULL));
	run(&trip);
	assert_null(trip.plan);
	assert_unavailable(&trip, &trip.values.items[0], "in xmm0");
	end(&trip);
}

static int32_t file_of(const struct round_trip *trip, const struct value *value, uint32_t index)
{
	const char *bytes;
	uint32_t length;
	int32_t fd;
	assert_true(value_file(value, &trip->slots, index, &bytes, &length));
	assert_int_equal(length, sizeof(fd));
	memcpy(&fd, bytes, sizeof(fd));
	return fd;
}

static void descriptors_are_read_with_their_files(void **state)
{
	(void)state;
	static const struct type fd_type = {.kind = TYPE_FD, .size = 4, .name = "fd"};
	static const struct type_member members[] = {{.name = "flags", .type = &int_type},
						     {.name = "fd", .type = &fd_type, .offset = 4}};
	static const struct type holder = {.kind = TYPE_STRUCT,
					   .size = 8,
					   .name = "struct holder",
					   .members = members,
					   .n_members = 2};
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "struct holder *", .target = &holder};
	const int32_t held[2] = {1, 11};
	const char *bytes;
	uint32_t length;
	struct round_trip trip;
	begin(&trip);
	trip.builder.options.files = true;
	add(&trip, &fd_type, 0, 0xdead00000007);
	add(&trip, &int_type, 1, 8);
	add(&trip, &pointer, 2, (uintptr_t)held);
	run(&trip);
	assert_int_equal((int64_t)scalar(&trip, &trip.values.items[0]), 7);
	assert_int_equal(file_of(&trip, &trip.values.items[0], 0), 7);
	assert_false(value_file(&trip.values.items[0], &trip.slots, 99, &bytes, &length));
	assert_false(value_file(&trip.values.items[0], NULL, 0, &bytes, &length));
	assert_false(value_file(&trip.values.items[1], &trip.slots, 0, &bytes, &length));
	assert_int_equal(file_of(&trip, &trip.values.items[2].members[1], 0), 11);
	end(&trip);
}

/* A value whose file has no room left is still there. */
static void files_give_way_in_a_full_plan(void **state)
{
	(void)state;
	static const struct type fd_type = {.kind = TYPE_FD, .size = 4, .name = "fd"};
	const char *bytes;
	uint32_t length;
	struct round_trip trip;
	begin(&trip);
	trip.builder.options.files = true;
	for (uint32_t i = 0; i < FETCH_SLOTS_MAX - 1; i++)
		add(&trip, &int_type, 0, 3);
	add(&trip, &fd_type, 0, 3);
	const struct fetch_source source = fetch_from_register(0, 4, true);
	int slot = 99;
	plan_add_file(&trip.builder, &source, &slot);
	assert_int_equal(slot, 0);
	bool has_room = trip.builder.plan.n_slots == FETCH_SLOTS_MAX;
	run(&trip);
	const struct value *last = &trip.values.items[FETCH_SLOTS_MAX - 1];
	assert_false(value_file(last, &trip.slots, 0, &bytes, &length));
	if (has_room)
		assert_int_equal(scalar(&trip, last), 3);
	else
		assert_string_equal(last->unavailable, "too many values");
	end(&trip);
}

static void a_short_payload_is_refused(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	add(&trip, &int_type, 0, 1);
	add(&trip, &string_type, 1, (uintptr_t) "hello");
	run(&trip);
	for (size_t size = 0; size < trip.machine.used; size++)
		assert_int_equal(
			slots_decode(trip.plan, 0, trip.machine.payload, size, &trip.slots), -1);
	end(&trip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_cut_and_extended),
		cmocka_unit_test(strings_are_whole_cut_null_or_unreadable),
		cmocka_unit_test(buffers_take_their_length_from_another_argument),
		cmocka_unit_test(a_pointer_to_a_structure_shows_its_members),
		cmocka_unit_test(a_structure_in_memory_shows_its_members),
		cmocka_unit_test(a_structure_in_a_register_shows_its_members),
		cmocka_unit_test(a_null_structure_has_no_members),
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
		cmocka_unit_test(a_full_plan_says_so),
		cmocka_unit_test(what_cannot_be_had_keeps_its_reason),
		cmocka_unit_test(descriptors_are_read_with_their_files),
		cmocka_unit_test(files_give_way_in_a_full_plan),
		cmocka_unit_test(a_short_payload_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
