/* SPDX-License-Identifier: Apache-2.0 */
/* `sched`: the two sites that there are for it, and what conditions can ask. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "kernel/sched.h"
#include "probe/condition.h"
#include "probe/regs.h"
#include "probe/spec.h"

/* They outlive what is made of them. */
static struct spec_list kept[64];
static size_t n_kept;

static struct err *add(struct probe_set *set, const char *text)
{
	assert_true(n_kept < sizeof(kept) / sizeof(kept[0]));
	struct spec_list *specs = &kept[n_kept++];
	struct err *e = spec_parse(text, specs);
	for (size_t i = 0; !e && i < specs->count; i++)
		e = sched_add_probe(set, &specs->items[i]);
	return e;
}

static int free_specs(void **state)
{
	(void)state;
	while (n_kept)
		spec_list_deinit(&kept[--n_kept]);
	return 0;
}

static int register_of(const struct fetch_op *ops, size_t count, size_t slot)
{
	int reg = -1;
	for (size_t i = 0; i < count; i++) {
		reg = ops[i].code == FETCH_REG ? ops[i].reg : reg;
		if (ops[i].code >= FETCH_INT && !slot--)
			return reg;
	}
	return -1;
}

static void two_sites(void **state)
{
	struct probe_set set;
	(void)state;
	const struct compile_options options = {.string_limit = 32};
	assert_ok(probe_set_init(&set, &options));
	assert_null(sched_site(&set, false));
	assert_ok(add(&set, "sched:"));
	assert_ok(add(&set, "sched:runq"));
	assert_ok(add(&set, "sched:off"));
	assert_int_equal(set.sites.count, 3);
	assert_int_equal(set.repeated, 1);
	const struct probe_site *off = sched_site(&set, false), *runq = sched_site(&set, true);
	assert_string_equal(off->probe->name, "off");
	assert_string_equal(runq->probe->name, "runq");
	assert_int_equal(off->wire.kind, SITE_INSTANT);
	assert_string_equal(off->arguments.items[0].name, "dur");
	assert_int_equal(off->arguments.items[0].slot, 0);
	assert_int_equal(register_of(off->entry_plan->ops, off->entry_plan->n_ops, 0),
			 SCHED_DURATION);
	/* How long it is in the queue is all that it has. */
	assert_int_equal(register_of(runq->entry_plan->ops, runq->entry_plan->n_ops, 0),
			 SCHED_WAITING);
	assert_ok(add(&set, "!sched:off"));
	assert_null(sched_site(&set, false));
	assert_ptr_equal(sched_site(&set, true), runq);
	assert_ok(add(&set, "!sched:"));
	assert_null(sched_site(&set, true));
	probe_set_deinit(&set);
}

static void conditions(void **state)
{
	const struct {
		const char *spec, *why; /* NULL: it is fine */
	} rows[] = {
		{"sched: if dur > 1ms && blocked > 3 && waiting < 1s && !preempted", NULL},
		{"sched: if in == futex && lock == 0x7f10", NULL},
		{"sched: if in == page_fault || on == disk", NULL},
		{"sched:runq if dur > 5ms && comm ~ \"srv*\" && waker == \"cat\"", NULL},
		{"sched: if pid == 1 && tid == 1 && cpu == 0 && waker_pid != 0", NULL},
		{"sched: if uid == 0", "does not tell it"},
		{"sched: if ret == 0", "no call ends there"},
		{"sched: if in == no_such_call", "no number that is known"},
		{"sched: if n == 0", "has no 'n'"},
		{"sched:sched_switch", "'off' and 'runq'"},
	};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct probe_set set;
		assert_ok(probe_set_init(&set, &(struct compile_options){.string_limit = 32}));
		struct err *e = add(&set, rows[i].spec);
		char *text = e ? err_text(e, "test") : NULL;
		if (!rows[i].why)
			assert_ok(e);
		else if (!text || !strstr(text, rows[i].why))
			fail_msg("%s: %s", rows[i].spec, text ? text : "taken");
		const struct probe_site *site = sched_site(&set, strstr(rows[i].spec, "runq"));
		if (!e)
			assert_non_null(site->filter);
		if (!e)
			assert_false(site->filter->at_return);
		free(text);
		if (rows[i].why)
			err_free(e);
		probe_set_deinit(&set);
	}
}

/* Of two specs either holds; one without a condition always does. */
static void conditions_are_joined(void **state)
{
	struct probe_set set;
	(void)state;
	assert_ok(probe_set_init(&set, &(struct compile_options){.string_limit = 32}));
	assert_ok(add(&set, "sched: if dur > 1ms"));
	uint8_t n_ops = sched_site(&set, false)->filter->plan.n_ops;
	assert_ok(add(&set, "sched: if waiting > 1ms"));
	assert_true(sched_site(&set, false)->filter->plan.n_ops > n_ops);
	assert_ok(add(&set, "sched:"));
	assert_null(sched_site(&set, false)->filter);
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_sites),
		cmocka_unit_test(conditions),
		cmocka_unit_test(conditions_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, free_specs);
}
