/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the kernel: by what they are probed, where their values are, what is asked of them.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "kernel/functions.h"
#include "kernel/point.h"

/* `long demo_read(struct plain *plain, char *text, int count)`, `void demo_none(struct pair,
 * long)`. */
static struct btf *make_types(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int small = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int text = btf__add_ptr(btf, btf__add_int(btf, "char", 1, 0));
	int pair = btf__add_struct(btf, "pair", 16);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 64, 0);
	int plain = btf__add_struct(btf, "plain", 16);
	btf__add_field(btf, "mode", small, 64, 0);
	int pointer = btf__add_ptr(btf, plain);
	int read = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "plain", pointer);
	btf__add_func_param(btf, "text", text);
	btf__add_func_param(btf, "count", small);
	assert_true(btf__add_func(btf, "demo_read", BTF_FUNC_STATIC, read) > 0);
	int none = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "pair", pair);
	btf__add_func_param(btf, "after", number);
	assert_true(btf__add_func(btf, "demo_none", BTF_FUNC_STATIC, none) > 0);
	return btf;
}

/* The first error of a list of specs; NULL: none. */
static struct err *add(struct probe_set *set, const char *text)
{
	struct compile_options options = {.string_limit = 32, .depth = 1};
	struct spec_list specs = {0};
	struct btf *btf = make_types();
	assert_ok(probe_set_init(set, &options));
	struct err *e = spec_parse(text, &specs);
	for (size_t i = 0; !e && i < specs.count; i++)
		e = functions_add_probes(set, &specs.items[i], btf, 100);
	spec_list_deinit(&specs);
	btf__free(btf);
	return e;
}

static void conditions_name_values(void **state)
{
	(void)state;
	const struct {
		const char *spec, *why; /* NULL: it is fine */
		bool at_return;
	} rows[] = {
		{"kprobe:demo_read if count > 3", NULL, false},
		{"kprobe:demo_read if arg3 > 3 && pid == 1", NULL, false},
		{"kprobe:demo_read if plain.mode == 7", NULL, false},
		{"kprobe:demo_read if text ~ \"*.conf\"", NULL, false},
		{"kretprobe:demo_read if ret == 3", NULL, true},
		{"kprobe:demo_read if ret == 3", "one place", false},
		{"kprobe:demo_read if dur > 1ms", "one place", false},
		{"kretprobe:demo_read if dur > 1ms", "one place", false},
		{"kretprobe:demo_none if ret == 1", "returns nothing", false},
		{"kprobe:demo_none if pair > 1", "cannot be asked for", false},
		{"kprobe:demo_none if after > 1", "behind a structure", false},
		{"kprobe:demo_read if cnt > 3", "no 'cnt'", false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct probe_set set;
		struct err *e = add(&set, rows[i].spec);
		if (rows[i].why) {
			if (!e)
				fail_msg("%s: taken", rows[i].spec);
			char *text = err_text(e, "test");
			assert_non_null(text);
			if (!strstr(text, rows[i].why))
				fail_msg("%s: %s", rows[i].spec, text);
			free(text);
			err_free(e);
		} else {
			assert_ok(e);
			assert_non_null(set.sites.items[1]->filter);
			assert_int_equal(set.sites.items[1]->filter->at_return, rows[i].at_return);
		}
		probe_set_deinit(&set);
	}
}

/* A hit counts when either spec says so; of a pattern, functions without the name are left out. */
static void conditions_are_joined(void **state)
{
	(void)state;
	struct probe_set set;
	assert_ok(add(&set, "kprobe:demo_read if count > 3,kprobe:demo_read if count < 1"));
	assert_int_equal(set.sites.count, 2);
	assert_int_equal(set.repeated, 1);
	assert_int_equal(set.sites.items[1]->filter->plan.n_ops, 4);
	probe_set_deinit(&set);
	assert_ok(add(&set, "kprobe:demo_read if count > 3,kprobe:demo_read"));
	assert_null(set.sites.items[1]->filter);
	probe_set_deinit(&set);
	assert_ok(add(&set, "kprobe:demo_* if count > 3"));
	assert_int_equal(set.sites.items[1]->wire.kind, SITE_INSTANT);
	assert_int_equal(set.sites.items[2]->wire.kind, 0);
	assert_int_equal(set.notes.count, 1);
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_name_values),
		cmocka_unit_test(conditions_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
