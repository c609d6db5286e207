/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on task life: the sites that there are for them, and what they can ask. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>

#include "kernel/life.h"
#include "probe/spec.h"

/* As the plan does. The conditions of all of them stay until the test ends. */
static struct err *add_to(struct spec_list *specs, struct probe_set *set, const char *text,
			  uint32_t signal, const char *name)
{
	struct err *e = spec_parse(text, specs);
	if (e)
		return e;
	struct spec typed = specs->items[specs->count - 1];
	assert_true(spec_is_life(&typed, &typed.kind));
	return life_add(set, &typed, signal, name, false);
}

static void words(void **state)
{
	static const struct {
		const char *text;
		bool is_life;
		enum probe_kind kind;
	} rows[] = {
		{"exec", true, PROBE_EXEC},
		{"fork", true, PROBE_FORK},
		{"exit:*", true, PROBE_EXIT},
		{"signal", true, PROBE_SIGNAL},
		{"signal:HUP", true, PROBE_SIGNAL},
		{"signal:", true, PROBE_SIGNAL},
		{"libc:exit", false, 0},
		{"call:fork", false, 0},
		{"exe?", false, 0},
		{"syscall:exit", false, 0},
	};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list specs = {0};
		enum probe_kind kind = PROBE_CPU;
		assert_ok(spec_parse(rows[i].text, &specs));
		assert_int_equal(spec_is_life(&specs.items[0], NULL), rows[i].is_life);
		assert_int_equal(spec_is_life(&specs.items[0], &kind), rows[i].is_life);
		assert_int_equal(kind, rows[i].is_life ? rows[i].kind : PROBE_CPU);
		spec_list_deinit(&specs);
	}
}

static void sites(void **state)
{
	struct spec_list specs = {0};
	struct probe_set set;
	(void)state;
	assert_ok(probe_set_init(&set, &(struct compile_options){0}));
	assert_int_equal(life_number(PROBE_FORK), LIFE_FORKS);
	assert_int_equal(life_number(PROBE_SIGNAL), 0);
	/* Without a condition, none is needed. */
	assert_ok(add_to(&specs, &set, "exec", 0, "exec"));
	assert_false(life_has_sites(&set));
	assert_ok(add_to(&specs, &set, "exec if comm == \"ls\"", 0, "exec"));
	assert_ok(add_to(&specs, &set, "signal:HUP rate 3/s", SIGHUP, "SIGHUP"));
	assert_true(life_has_sites(&set));
	assert_int_equal(life_site(&set, LIFE_EXECS), 1);
	assert_int_equal(life_site(&set, SIGHUP), 2);
	assert_int_equal(life_site(&set, SIGTERM), 0);
	const struct probe_site *exec = set.sites.items[1], *hup = set.sites.items[2];
	assert_int_equal(exec->wire.flags, SITE_LIFE);
	assert_int_equal(exec->wire.kind, SITE_INSTANT);
	assert_string_equal(exec->probe->module, "");
	assert_string_equal(exec->probe->name, "exec");
	assert_non_null(exec->filter);
	assert_string_equal(hup->probe->module, "signal");
	assert_string_equal(hup->probe->name, "SIGHUP");
	assert_null(hup->filter);
	assert_int_equal(hup->rate.count, 3);
	/* Either of two, and all of them with one that has no condition. */
	uint8_t n_ops = exec->filter->plan.n_ops;
	assert_ok(add_to(&specs, &set, "exec if pid == 3", 0, "exec"));
	assert_true(exec->filter->plan.n_ops > n_ops);
	assert_ok(add_to(&specs, &set, "exec", 0, "exec"));
	assert_null(exec->filter);
	life_remove(&set, LIFE_EXECS);
	life_remove(&set, LIFE_EXITS);
	assert_int_equal(life_site(&set, LIFE_EXECS), 0);
	assert_int_equal(life_site(&set, SIGHUP), 2);
	probe_set_deinit(&set);
	spec_list_deinit(&specs);
}

static void names(void **state)
{
	static const struct {
		const char *spec, *why; /* NULL: it is fine */
	} rows[] = {
		{"exec if comm == \"ls\" && path ~ \"/usr/*\" && filename != \"x\"", NULL},
		{"exec if ppid == 1 && pid > 1 && tid > 1 && uid == 0 && gid == 0 && cpu < 4",
		 NULL},
		{"fork if child_pid != 3 && child_tid > 0 && thread && comm ~ \"s*\"", NULL},
		{"exit if status != 0 || signal == SIGKILL || core_dumped || thread", NULL},
		{"signal if signal == SIGTERM && !ignored && si_code == SI_USER", NULL},
		{"signal if si_pid == 1 && si_uid == 0 && si_status == 3 && comm == \"x\"", NULL},
		{"exec if argv == \"x\"", "it is a list"},
		{"exec if status == 0", "exec has no 'status'"},
		{"exit if filename == \"x\"", "exit has no 'filename'"},
		{"exit if ret == 0", "returns nothing"},
		{"fork if dur > 1", "takes no time"},
		{"signal if gid == 0", "in the thread that sends them"},
		{"signal if si_code == SI_NOBODY", "no number that is known"},
	};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list specs = {0};
		struct probe_set set;
		bool is_signal = strncmp(rows[i].spec, "signal", 6) == 0;
		assert_ok(probe_set_init(&set, &(struct compile_options){0}));
		struct err *e = add_to(&specs, &set, rows[i].spec, is_signal ? SIGTERM : 0, "name");
		char *text = e ? err_text(e, "test") : NULL;
		if (!rows[i].why)
			assert_ok(e);
		else if (!text || !strstr(text, rows[i].why))
			fail_msg("%s: %s", rows[i].spec, text ? text : "taken");
		if (!e)
			assert_false(set.sites.items[1]->filter->at_return);
		free(text);
		if (rows[i].why)
			err_free(e);
		probe_set_deinit(&set);
		spec_list_deinit(&specs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(sites),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
