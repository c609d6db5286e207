/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are compiled, run by a small interpreter of the operations as probe/fetch.h defines them,
 * on real memory of this process, and read back: what comes out must be what was put in.
 */
#include "tests/unit/probe_compile.h"

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

/* As functions say it: a number below 0, NULL, false. */
static void results_that_tell_of_failure(void **state)
{
	(void)state;
	static const struct type yes_type = {.kind = TYPE_BOOL, .size = 4, .name = "bool"};
	static const struct type pointer_type = {.kind = TYPE_POINTER, .size = 8, .name = "ptr"};
	static const struct {
		const struct type *type;
		uint64_t value;
		bool is_failure;
	} rows[] = {{&int_type, 0xffffffff, true},
		    {&int_type, 0, false},
		    {&long_type, 7, false},
		    {&pointer_type, 0, true},
		    {&pointer_type, 0x1000, false},
		    {&yes_type, 0, true},
		    {&yes_type, 1, false},
		    {&string_type, 0, true},
		    {&string_type, (uintptr_t) "", false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct round_trip trip;
		begin(&trip);
		add(&trip, rows[i].type, 0, rows[i].value);
		run(&trip);
		assert_int_equal(value_is_failure(&trip.values.items[0], &trip.slots),
				 rows[i].is_failure);
		end(&trip);
	}
}

/* An entry keeps words for its return, cut to their size, and as many as there is room for. */
static void words_are_kept(void **state)
{
	(void)state;
	struct round_trip trip;
	begin(&trip);
	const struct fetch_source reg = fetch_from_register(0, 8, false);
	struct fetch_source memory = fetch_from_register(1, 8, false), none = {.unavailable = "no"};
	const int32_t there = -3;
	memory.is_address = true;
	trip.machine.regs[0] = 0x1fffffffe;
	trip.machine.regs[1] = (uintptr_t)&there;
	assert_int_equal(plan_keep_word(&trip.builder, &none, 8, false), -1);
	assert_int_equal(plan_keep_word(&trip.builder, &reg, 8, false), 0);
	assert_int_equal(plan_keep_word(&trip.builder, &reg, 4, true), 1);
	assert_int_equal(plan_keep_word(&trip.builder, &memory, 4, true), 2);
	memory = fetch_from_register(2, 8, false); /* 0: leads nowhere */
	memory.is_address = true;
	assert_int_equal(plan_keep_word(&trip.builder, &memory, 8, false), 3);
	for (int i = 4; i < REGS_KEPT; i++)
		assert_int_equal(plan_keep_word(&trip.builder, &reg, 8, false), i);
	assert_int_equal(plan_keep_word(&trip.builder, &reg, 8, false), -1);
	run(&trip);
	assert_int_equal(trip.slots.count, 0);
	assert_true(trip.machine.regs[X86_KEPT] == 0x1fffffffe);
	assert_int_equal((int64_t)trip.machine.regs[X86_KEPT + 1], -2);
	assert_int_equal((int64_t)trip.machine.regs[X86_KEPT + 2], -3);
	assert_true(trip.machine.regs[X86_KEPT + 3] == UINT64_MAX);
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

/* --- the same once more ----------------------------------------------------------------------- */

struct making {
	struct arena arena;
	struct plan_made made;
	const struct fetch_plan *plan;
	struct value_list values;
};

static void make(struct making *making, const char *name, const struct type *type, uint8_t reg)
{
	const struct compile_options options = {.string_limit = 16, .depth = 2};
	const struct fetch_source source = fetch_from_register(reg, 8, false);
	struct plan_builder builder;
	plan_builder_init(&builder, &making->arena, &options);
	builder.made = &making->made;
	assert_ok(plan_add_value(&builder, name, type, &source, NULL));
	assert_ok(plan_finish(&builder, &making->plan, &making->values));
	plan_builder_deinit(&builder);
}

static void what_is_alike_is_made_once(void **state)
{
	(void)state;
	static const struct type number = {.kind = TYPE_INT, .size = 4, .name = "int"};
	static const struct type other = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
	struct making making = {0};
	char name[] = "count", same[] = "count";
	make(&making, name, &number, 5);
	const struct fetch_plan *plan = making.plan;
	const struct value *items = making.values.items;
	assert_non_null(plan);
	make(&making, same, &number, 5);
	assert_ptr_equal(making.plan, plan);
	assert_ptr_equal(making.values.items, items);
	assert_int_equal(making.values.count, 1);
	/* Each of these differs from the one before it in one thing. */
	make(&making, "length", &number, 5);
	assert_string_equal(making.values.items[0].name, "length");
	make(&making, "length", &other, 5);
	assert_ptr_equal(making.values.items[0].type, &other);
	plan = making.plan;
	make(&making, "length", &other, 4);
	assert_ptr_not_equal(making.plan, plan);
	assert_int_equal(making.plan->ops[0].reg, 4);
	assert_string_equal(items[0].name, "count");
	arena_deinit(&making.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_alike_is_made_once),
		cmocka_unit_test(integers_are_cut_and_extended),
		cmocka_unit_test(strings_are_whole_cut_null_or_unreadable),
		cmocka_unit_test(results_that_tell_of_failure),
		cmocka_unit_test(words_are_kept),
		cmocka_unit_test(buffers_take_their_length_from_another_argument),
		cmocka_unit_test(a_pointer_to_a_structure_shows_its_members),
		cmocka_unit_test(a_structure_in_memory_shows_its_members),
		cmocka_unit_test(a_structure_in_a_register_shows_its_members),
		cmocka_unit_test(a_null_structure_has_no_members),
		cmocka_unit_test(a_full_plan_says_so),
		cmocka_unit_test(what_cannot_be_had_keeps_its_reason),
		cmocka_unit_test(descriptors_are_read_with_their_files),
		cmocka_unit_test(files_give_way_in_a_full_plan),
		cmocka_unit_test(a_short_payload_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
