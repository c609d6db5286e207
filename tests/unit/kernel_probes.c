/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/syscall.h>

#include "tests/unit/kernel_call.h"
#include "tests/unit/unit.h"

static void depth_0_leaves_pointers_alone(void **state)
{
	(void)state;
	struct probe_set set;
	const struct compile_options options = {.string_limit = 32, .depth = 0};
	assert_ok(probe_set_init(&set, &options));
	add(&set, SPEC_NAME_EXACT, "clock_gettime");
	const struct value *now = &set.sites.items[1]->arguments.items[1];
	assert_null(now->copy);
	assert_true(now->slot >= 0);
	probe_set_deinit(&set);
}

/* Nothing was left out for want of space in the plan. */
static void assert_fits(const struct value *value)
{
	if (value->unavailable || (value->slot < 0 && !value->n_members))
		fail_msg("%s: %s", value->name, value->unavailable ?: "no slot");
	if (value->copy)
		assert_fits(value->copy);
	if (value->after)
		assert_fits(value->after);
	for (size_t i = 0; i < value->n_members; i++)
		assert_fits(&value->members[i]);
	for (size_t i = 0; i < value->n_choices; i++)
		if (value->choices[i].value)
			assert_fits(value->choices[i].value);
}

static void all_calls_fit_their_plans(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set);
	add(&set, SPEC_NAME_GLOB, "*");
	size_t count;
	syscall_first(&count);
	/* The two that only the kernel's trampolines make are asked for by name or not at all; one
	 * more has those without a name. */
	assert_int_equal(set.sites.count, count + 1 - 2 + 1);
	assert_int_equal(set.probes.count, count - 2 + 1);
	assert_null(site_named(&set, "uretprobe"));
	ask(&set, "", SPEC_NAME_EXACT, "uretprobe");
	assert_non_null(site_named(&set, "uretprobe"));
	assert_ids(&set);
	for (size_t i = 1; i < set.sites.count; i++) {
		const struct probe_site *site = set.sites.items[i];
		const struct syscall_info *call = syscall_by_number(site->syscall_number);
		if (site->is_others)
			continue;
		assert_string_equal(site->probe->name, call->name);
		assert_int_equal(site->probe->kind, PROBE_SYSCALL);
		/* That of rt_sigreturn is in no register. */
		assert_int_equal(site->arguments.count,
				 call->n_arguments + !strcmp(call->name, "rt_sigreturn"));
		assert_int_equal(!call->no_return, !!(site->wire.flags & SITE_HAS_RETURN));
		for (size_t n = 0; n < site->arguments.count; n++)
			if (result_spares_arguments)
				assert_fits(&site->arguments.items[n]);
	}
	probe_set_deinit(&set);
}

static void names_globs_and_classes_add_calls_once(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set);
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, 2);
	add(&set, SPEC_NAME_GLOB, "openat*");
	assert_int_equal(set.sites.count, 3);
	assert_non_null(site_named(&set, "openat2"));
	add(&set, SPEC_NAME_CLASS, "ipc");
	assert_non_null(site_named(&set, "shmget"));
	assert_null(site_named(&set, "read"));
	add(&set, SPEC_NAME_REGEX, "^p(read|write)64$");
	assert_non_null(site_named(&set, "pread64"));
	assert_non_null(site_named(&set, "pwrite64"));
	size_t before = set.sites.count;
	add(&set, SPEC_NAME_EXACT, "no_such_call");
	add(&set, SPEC_NAME_CLASS, "no_such_class");
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, before);
	assert_ids(&set);
	probe_set_deinit(&set);
}

static void bare_names_may_be_calls(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set);
	struct spec spec = {.kind = PROBE_CALL,
			    .kind_given = true,
			    .name_kind = SPEC_NAME_EXACT,
			    .name = "openat",
			    .text = "openat"};
	assert_ok(syscalls_add_probes(&set, &spec)); /* call:openat */
	assert_int_equal(set.sites.count, 1);
	spec.kind_given = false;
	spec.module = "libc";
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 1);
	spec.module = NULL;
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 2);
	spec.name_kind = SPEC_NAME_GLOB;
	spec.name = "*";
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 2);
	probe_set_deinit(&set);
}

static void negation_takes_calls_away_and_keeps_owners(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set);
	add(&set, SPEC_NAME_GLOB, "open*");
	/* A function behind them: its return site names the entry site as its owner. */
	struct probe *function;
	struct probe_site *entry, *leave;
	assert_ok(probe_set_add_probe(&set, &function));
	function->kind = PROBE_CALL;
	function->name = "openat";
	assert_ok(probe_set_add_site(&set, function, &entry));
	entry->wire.kind = SITE_ENTRY;
	assert_ok(probe_set_add_site(&set, function, &leave));
	leave->wire.kind = SITE_RETURN;
	leave->wire.owner = entry->id;
	size_t sites = set.sites.count, probes = set.probes.count;
	take_away(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, sites - 1);
	assert_int_equal(set.probes.count, probes - 1);
	assert_ptr_equal(site_named(&set, "openat"), entry);
	assert_int_equal(leave->wire.owner, entry->id);
	assert_ids(&set);
	take_away(&set, SPEC_NAME_CLASS, "file");
	assert_null(site_named(&set, "openat2"));
	assert_int_equal(leave->wire.owner, entry->id);
	assert_ids(&set);
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.items[set.sites.count - 1]->wire.kind, SITE_SYSCALL);
	probe_set_deinit(&set);
}

static void no_return_means_no_return_plan(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "exit_group", WORDS(3), 0);
	assert_null(call.site->return_plan);
	assert_int_equal(call.site->wire.flags & SITE_HAS_RETURN, 0);
	assert_number(&call, value_at(&call, 0, "error_code"), 3);
	end_call(&call);
}

/* Of newer kernels, of x32, of none: one site has all of them. */
static void calls_without_a_name_show_raw_words(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set);
	add(&set, SPEC_NAME_EXACT, "read");
	add(&set, SPEC_NAME_CLASS, "file");
	assert_null(site_named(&set, "syscall_?"));
	add(&set, SPEC_NAME_GLOB, "*");
	const struct probe_site *site = site_named(&set, "syscall_?");
	assert_non_null(site);
	assert_true(site->is_others);
	assert_int_equal(site->syscall_number, SYSCALL_OTHERS);
	assert_true(site->wire.flags & SITE_HAS_RETURN);
	assert_int_equal(site->arguments.count, 6);
	static struct plan_run run;
	for (int i = 0; i < SYSCALL_ARGUMENTS_MAX; i++)
		run.regs[argument_words[i]] = 0xf000000000000000 + (uint64_t)i;
	plan_run(&run, site->entry_plan);
	for (size_t i = 0; i < 6; i++) {
		uint64_t got = 0;
		const char *why;
		assert_int_equal(site->arguments.items[i].type->kind, TYPE_HEX);
		assert_true(value_scalar(&site->arguments.items[i], &run.slots, &got, &why));
		assert_true(got == 0xf000000000000000 + i);
	}
	take_away(&set, SPEC_NAME_GLOB, "syscall_*");
	assert_null(site_named(&set, "syscall_?"));
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_0_leaves_pointers_alone),
		cmocka_unit_test(all_calls_fit_their_plans),
		cmocka_unit_test(names_globs_and_classes_add_calls_once),
		cmocka_unit_test(bare_names_may_be_calls),
		cmocka_unit_test(negation_takes_calls_away_and_keeps_owners),
		cmocka_unit_test(no_return_means_no_return_plan),
		cmocka_unit_test(calls_without_a_name_show_raw_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
