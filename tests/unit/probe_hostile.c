/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types that no compiler makes (probe_hostile.S), through to plans: whatever they say, a plan keeps
 * its bounds, and no record that it could lead to is read beyond its end.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "probe/compile.h"
#include "symbols/symbols.h"

static struct image *open_hostile(void)
{
	struct image *image;
	int fd = open(HOSTILE, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(image_open(HOSTILE, fd, &image));
	close(fd);
	return image;
}

static const struct prototype *hostile_prototype(struct image *image)
{
	const struct function *functions;
	const struct prototype *ret = NULL;
	size_t count;
	assert_ok(image_functions(image, &functions, &count));
	for (size_t i = 0; i < count; i++)
		if (!strcmp(functions[i].symbol, "hostile"))
			assert_ok(image_prototype(image, &functions[i], &ret));
	assert_non_null(ret);
	return ret;
}

/* Everything that can be asked of a value; the answers do not matter. */
static void ask(const struct value *value, const struct slots *slots, int nesting, int *budget)
{
	uint64_t number;
	const char *bytes, *why;
	uint32_t length, flags;
	assert_true(nesting < 64);
	if (!value || (*budget)-- <= 0)
		return;
	if (!value_scalar(value, slots, &number, &why))
		assert_non_null(why);
	/* A sanitizer looks at each byte that is there by what was said. */
	if (value_bytes(value, slots, &bytes, &length, &flags, &why))
		assert_int_equal(memchr(bytes, 'x', length) != NULL, 0);
	for (size_t i = 0; i < value->n_members; i++)
		ask(&value->members[i], slots, nesting + 1, budget);
	ask(value->copy, slots, nesting + 1, budget);
}

/* A record in which each slot is there, and as long as the plan lets it be. */
static void read_record(const struct fetch_plan *plan, const struct value_list *values)
{
	static uint64_t payload[FETCH_SLOTS_MAX * (FETCH_STRING_MAX + 16) / 8];
	struct slots slots;
	size_t used = 0;
	memset(payload, 0, sizeof(payload));
	for (uint32_t i = 0; plan && i < plan->n_ops; i++) {
		const struct fetch_op *op = &plan->ops[i];
		if (op->code == FETCH_INT) {
			payload[used++] = 0;
		} else if (op->code > FETCH_INT) {
			assert_in_range(op->imm, 0, FETCH_STRING_MAX);
			payload[used++] = (uint64_t)op->imm;
			used += ((uint64_t)op->imm + 7) / 8;
		}
	}
	/* Exactly as large, so that a sanitizer sees what is read beyond. */
	uint64_t *copy = malloc(used * 8 + 1);
	memcpy(copy, payload, used * 8);
	slots_init(&slots, "bad address");
	assert_int_equal(slots_decode(plan, 0, copy, used * 8, &slots), used * 8);
	int budget = 100000;
	for (size_t i = 0; i < values->count; i++)
		ask(&values->items[i], &slots, 0, &budget);
	free(copy);
}

static void compile(const struct prototype *prototype, uint32_t depth, uint32_t members,
		    bool is_address)
{
	const struct compile_options options = {
		.string_limit = 256, .depth = depth, .max_members = members};
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		struct arena arena = {0};
		struct plan_builder builder;
		const struct fetch_plan *plan;
		struct value_list values;
		struct fetch_source source = fetch_from_register(0, 8, false);
		source.is_address = is_address;
		plan_builder_init(&builder, &arena, &options);
		assert_ok(plan_add_value(&builder, "x", prototype->parameters[i].type, &source,
					 NULL));
		assert_ok(plan_finish(&builder, &plan, &values));
		assert_true(!plan || plan->n_ops <= FETCH_OPS_MAX);
		assert_true(!plan || plan->n_slots <= FETCH_SLOTS_MAX);
		read_record(plan, &values);
		plan_builder_deinit(&builder);
		arena_deinit(&arena);
	}
}

static void plans_keep_their_bounds(void **state)
{
	(void)state;
	const uint32_t members[] = {0, 1, COMPILE_MEMBERS_MAX};
	for (uint32_t depth = 0; depth <= COMPILE_DEPTH_MAX; depth++) {
		struct image *image = open_hostile();
		image_open_types(image, depth);
		const struct prototype *prototype = hostile_prototype(image);
		assert_int_equal(prototype->n_parameters, 14);
		for (int i = 0; i < 3; i++) {
			compile(prototype, depth, members[i], false);
			compile(prototype, depth, members[i], true);
		}
		image_close(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_keep_their_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
