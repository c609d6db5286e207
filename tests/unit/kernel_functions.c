/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the kernel: by what they are probed, where their values are, what is asked of them.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "common/array.h"
#include "kernel/backends.h"
#include "kernel/function_groups.h"
#include "kernel/functions.h"
#include "kernel/point.h"

/* `long demo_read(struct file *file, char *text, int count)`, `void demo_none(struct pair, long)`,
 * `long do_exit(void)` and 20 of `long many_N(void)`. */
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
	int file = btf__add_struct(btf, "file", 8);
	btf__add_field(btf, "f_mode", small, 0, 0);
	int dentry = btf__add_struct(btf, "dentry", 8);
	btf__add_field(btf, "d_flags", small, 0, 0);
	int file_pointer = btf__add_ptr(btf, file);
	int kiocb = btf__add_struct(btf, "kiocb", 8);
	btf__add_field(btf, "ki_filp", file_pointer, 0, 0);
	int entry_pointer = btf__add_ptr(btf, btf__add_const(btf, dentry));
	int iocb_pointer = btf__add_ptr(btf, kiocb);
	int open = btf__add_func_proto(btf, file_pointer);
	btf__add_func_param(btf, "where", small);
	btf__add_func_param(btf, "entry", entry_pointer);
	btf__add_func_param(btf, "file", file_pointer);
	btf__add_func_param(btf, "iocb", iocb_pointer);
	assert_true(btf__add_func(btf, "demo_open", BTF_FUNC_STATIC, open) > 0);
	int none = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "pair", pair);
	btf__add_func_param(btf, "after", number);
	assert_true(btf__add_func(btf, "demo_none", BTF_FUNC_STATIC, none) > 0);
	int nothing = btf__add_func_proto(btf, number);
	assert_true(btf__add_func(btf, "do_exit", BTF_FUNC_STATIC, nothing) > 0);
	for (int i = 0; i < 20; i++) {
		char name[16];
		snprintf(name, sizeof(name), "many_%d", i);
		assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, nothing) > 0);
	}
	return btf;
}

static const struct function_forms both = {.kprobe = true, .fentry = true};
static const struct function_forms fentry_only = {.fentry = true};
static const struct function_forms kprobe_only = {.kprobe = true, .no_fentry = "a test"};

/* The first error of a list of specs; NULL: none. */
static struct err *add(struct probe_set *set, const char *text, const struct function_forms *forms)
{
	struct compile_options options = {.string_limit = 32, .depth = 1};
	struct spec_list specs = {0};
	struct btf *btf = make_types();
	assert_ok(probe_set_init(set, &options));
	struct err *e = spec_parse(text, &specs);
	for (size_t i = 0; !e && i < specs.count; i++)
		e = functions_add_probes(set, &specs.items[i], btf, forms, 100);
	spec_list_deinit(&specs);
	btf__free(btf);
	return e;
}

static void forms_are_chosen_by_cost(void **state)
{
	(void)state;
	static const struct function_forms none = {.no_fentry = "a test"};
	const struct {
		const struct function_forms *forms;
		enum probe_kind kind;
		size_t count;
		int form; /* -1: refused */
	} rows[] = {
		{&both, PROBE_KERNEL, 1, FUNCTION_FENTRY},
		{&both, PROBE_KERNEL, 12, FUNCTION_FENTRY},
		{&both, PROBE_KERNEL, 13, FUNCTION_KPROBE},
		{&fentry_only, PROBE_KERNEL, 13, FUNCTION_FENTRY},
		{&kprobe_only, PROBE_KERNEL, 1, FUNCTION_KPROBE},
		{&none, PROBE_KERNEL, 1, -1},
		{&both, PROBE_KPROBE, 1, FUNCTION_KPROBE},
		{&fentry_only, PROBE_KRETPROBE, 1, -1},
		{&both, PROBE_FENTRY, 100, FUNCTION_FENTRY},
		{&kprobe_only, PROBE_FEXIT, 1, -1},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		enum function_form form;
		struct err *e =
			function_form_choose(rows[i].forms, rows[i].kind, rows[i].count, &form);
		assert_int_equal(e != NULL, rows[i].form < 0);
		if (e)
			assert_int_equal(err_kind(e), ERR_UNSUPPORTED);
		else
			assert_int_equal(form, rows[i].form);
		err_free(e);
	}
	assert_string_equal(function_form_name(FUNCTION_FENTRY), "fentry");
	assert_string_equal(function_form_name(FUNCTION_KPROBE), "kprobe");
}

/* Where the types do not name the functions behind fentry, it is tried. */
static void forms_of_a_kernel(void **state)
{
	(void)state;
	struct function_forms forms;
	struct btf *btf = make_types();
	function_forms_detect(btf, &forms);
	assert_non_null(strstr(forms.no_fentry, "DIRECT_CALLS"));
	uint32_t type;
	struct err *e = syscall_backend_try(SYSCALLS_FENTRY);
	assert_int_equal(forms.fentry, e == NULL);
	err_free(e);
	e = functions_event_type(&type);
	assert_int_equal(forms.kprobe, e == NULL);
	err_free(e);
	e = functions_no_kprobes();
	assert_int_equal(err_kind(e), ERR_UNSUPPORTED);
	err_free(e);
	btf__free(btf);
}

/* The register that the last slot of a plan comes from. */
static int last_register(const struct fetch_plan *plan)
{
	int reg = -1;
	for (uint16_t i = 0; plan && i < plan->n_ops; i++)
		if (plan->ops[i].code == FETCH_REG)
			reg = plan->ops[i].reg;
	return reg;
}

static void spans_have_both_ends(void **state)
{
	(void)state;
	struct probe_set set;
	assert_ok(add(&set, "kernel:demo_read", &both));
	const struct probe_site *site = set.sites.items[1];
	assert_true(site->by_fentry);
	assert_int_equal(site->wire.kind, SITE_ENTRY);
	assert_int_equal(site->wire.flags, SITE_IN_KERNEL | SITE_HAS_RETURN);
	assert_int_equal(site->arguments.count, 3);
	assert_int_equal(site->results.count, 1);
	/* Three words of arguments, then the result. */
	assert_int_equal(last_register(site->entry_plan), 2);
	assert_int_equal(last_register(site->return_plan), 3);
	probe_set_deinit(&set);

	assert_ok(add(&set, "kernel:demo_none,kernel:do_exit", &fentry_only));
	site = set.sites.items[1];
	assert_int_equal(site->results.count, 0);
	/* The structure takes two words, and what follows is behind them. */
	assert_non_null(site->arguments.items[0].unavailable);
	assert_int_equal(last_register(site->entry_plan), 2);
	assert_int_equal(set.sites.items[2]->wire.flags, SITE_IN_KERNEL);
	probe_set_deinit(&set);

	/* Trampolines of many kernels take no structures. */
	const struct function_forms *const others[] = {&kprobe_only, &both};
	for (size_t i = 0; i < array_size(others); i++) {
		assert_ok(add(&set, "kernel:demo_none", others[i]));
		site = set.sites.items[1];
		assert_false(site->by_fentry);
		assert_false(site->of_pattern);
		assert_string_equal(site->arguments.items[1].unavailable, "behind a structure");
		probe_set_deinit(&set);
	}

	assert_ok(add(&set, "kernel:many_*", &both));
	assert_int_equal(set.sites.count, 21);
	assert_false(set.sites.items[1]->by_fentry);
	assert_true(set.sites.items[1]->of_pattern);
	probe_set_deinit(&set);
}

static void fexit_has_arguments_and_result(void **state)
{
	(void)state;
	struct probe_set set;
	assert_ok(add(&set, "fentry:demo_read,fexit:demo_read", &both));
	const struct probe_site *entry = set.sites.items[1], *end = set.sites.items[2];
	assert_int_equal(entry->wire.kind, SITE_INSTANT);
	assert_int_equal(entry->arguments.count, 3);
	assert_int_equal(entry->results.count, 0);
	assert_int_equal(end->arguments.count, 3);
	assert_int_equal(end->results.count, 1);
	assert_int_equal(last_register(end->entry_plan), 3);
	assert_null(end->return_plan);
	probe_set_deinit(&set);
}

static void conditions_name_values(void **state)
{
	(void)state;
	const struct {
		const char *spec, *why; /* NULL: it is fine */
		bool at_return;
	} rows[] = {
		{"kernel:demo_read if count > 3", NULL, false},
		{"kernel:demo_read if arg3 > 3 && ret < 0", NULL, true},
		{"kernel:demo_read if dur > 1ms", NULL, true},
		{"kernel:demo_read if plain.mode == 7", NULL, false},
		{"kernel:demo_read if text ~ \"*.conf\"", NULL, false},
		{"kernel:demo_read if pid == 1", NULL, false},
		{"kprobe:demo_read if count > 3", NULL, false},
		{"fexit:demo_read if ret == 3 && count > 3", NULL, true},
		{"kretprobe:demo_read if ret == 3", NULL, true},
		{"fentry:demo_read if ret == 3", "one place", false},
		{"fexit:demo_read if dur > 1ms", "one place", false},
		{"kprobe:demo_read if dur > 1ms", "one place", false},
		{"kernel:do_exit if ret == 1", "does not come back", false},
		{"kernel:demo_none if ret == 1", "returns nothing", false},
		{"kernel:demo_none if pair > 1", "cannot be asked for", false},
		{"kernel:demo_read if cnt > 3", "no 'cnt'", false},
		{"kprobe:demo_open if file ~ \"/tmp/*\" && entry !~ \"*.o\"", NULL, false},
		{"kprobe:demo_open if file != NULL", NULL, false},
		{"kprobe:demo_open if path ~ \"/tmp/*\"", NULL, false},
		{"kretprobe:demo_open if ret ~ \"/tmp/*\"", NULL, true},
		{"kprobe:demo_read if path ~ \"/tmp/*\"", "no 'path'", false},
		{"kprobe:demo_open if iocb ~ \"/tmp/*\"", "is no text", false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct probe_set set;
		struct err *e = add(&set, rows[i].spec, &both);
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

/* A file is read as its number and its path; a condition on it reads the path alone. */
static void files_are_read_by_path(void **state)
{
	(void)state;
	static const uint8_t wanted[] = {0, FETCH_OF_DENTRY, FETCH_OF_FILE, 0};
	struct probe_set set;
	assert_ok(add(&set, "kprobe:demo_open if path == \"/tmp/x\"", &both));
	const struct probe_site *site = set.sites.items[1];
	assert_int_equal(site->arguments.count, array_size(wanted));
	for (size_t i = 0; i < array_size(wanted); i++) {
		const struct value *value = &site->arguments.items[i];
		assert_int_equal(value->file_of, wanted[i]);
		assert_int_equal(!!value->file_slot, !!wanted[i]);
	}
	/* What a member leads to has one, too. */
	const struct value *iocb = &site->arguments.items[3];
	assert_int_equal(iocb->n_members, 1);
	assert_int_equal(iocb->members[0].file_of, FETCH_OF_FILE);
	int files = 0;
	for (uint32_t i = 0; i < site->entry_plan->n_ops; i++)
		files += site->entry_plan->ops[i].code == FETCH_FILE;
	assert_int_equal(files, 3);
	/* The first argument that has a path. */
	const struct filter_plan *filter = &site->filter->plan;
	assert_int_equal(filter->ops[filter->start + 1].code, FETCH_FILE);
	assert_int_equal(filter->ops[filter->start + 1].size, FETCH_OF_DENTRY);
	assert_int_equal(filter->ops[filter->start + 1].flags, FETCH_AS_TEXT);
	probe_set_deinit(&set);
	assert_true(point_is_path("path"));
	assert_false(point_is_path("inode"));
}

/* A hit counts when either spec says so; of a pattern, functions without the name are left out. */
static void conditions_are_joined(void **state)
{
	(void)state;
	struct probe_set set;
	assert_ok(add(&set, "kernel:demo_read if count > 3,kernel:demo_read if count < 1", &both));
	assert_int_equal(set.sites.count, 2);
	assert_int_equal(set.repeated, 1);
	assert_int_equal(set.sites.items[1]->filter->plan.n_ops, 4);
	probe_set_deinit(&set);
	assert_ok(add(&set, "kernel:demo_read if count > 3,kernel:demo_read", &both));
	assert_null(set.sites.items[1]->filter);
	probe_set_deinit(&set);
	assert_ok(add(&set, "kernel:demo_* if count > 3", &both));
	assert_int_equal(set.sites.items[1]->wire.kind, SITE_ENTRY);
	assert_int_equal(set.sites.items[2]->wire.kind, 0);
	assert_int_equal(set.sites.items[3]->wire.kind, 0);
	assert_int_equal(set.notes.count, 2);
	probe_set_deinit(&set);
}

static void groups_are_tables(void **state)
{
	(void)state;
	assert_true(function_group_exists("ext4"));
	assert_false(function_group_exists("ext"));
	assert_true(function_group_is_in("nfs", "nfsv4"));
	assert_false(function_group_is_in("vfs", "ext4"));
	assert_false(function_group_is_in("nothing", "ext4"));
	assert_string_equal(function_group_names("ext4", 0), "ext4_file_read_iter");
	assert_null(function_group_names("ext4", 4));
	assert_null(function_group_names("ext4", 100));
	assert_null(function_group_names("nothing", 0));
	assert_true(function_group_has("pagecache", "mark_page_accessed"));
	assert_true(function_group_has("pagecache", "folio_mark_accessed"));
	assert_false(function_group_has("pagecache", "mark_page"));
	assert_false(function_group_has("pagecache", "accessed"));
	const char *group;
	size_t count = 0;
	for (; (group = function_groups_at(count)); count++)
		assert_non_null(strstr(function_groups_all(), group));
	assert_int_equal(count, 6);
}

/* Of several names of a function the first that there is; what is missing is left out. */
static struct btf *make_cache_types(void)
{
	static const char *const names[] = {"add_to_page_cache_lru", "mark_page_accessed",
					    "folio_mark_accessed", "vfs_read"};
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int nothing = btf__add_func_proto(btf, number);
	for (size_t i = 0; i < array_size(names); i++)
		assert_true(btf__add_func(btf, names[i], BTF_FUNC_STATIC, nothing) > 0);
	return btf;
}

static struct err *add_of_cache(struct probe_set *set, const char *text)
{
	struct btf *btf = make_cache_types();
	struct spec_list specs = {0};
	assert_ok(probe_set_init(set, &(struct compile_options){0}));
	assert_ok(spec_parse(text, &specs));
	struct err *e = NULL;
	for (size_t i = 0; !e && i < specs.count; i++) {
		if (specs.items[i].negated)
			point_remove(set, &specs.items[i]);
		else
			e = functions_add_probes(set, &specs.items[i], btf, &both, 100);
	}
	spec_list_deinit(&specs);
	btf__free(btf);
	return e;
}

static void functions_of_groups_are_found(void **state)
{
	(void)state;
	struct probe_set set;
	assert_ok(add_of_cache(&set, "kernel:%pagecache"));
	assert_int_equal(set.sites.count, 3);
	assert_string_equal(set.sites.items[1]->probe->name, "folio_mark_accessed");
	assert_string_equal(set.sites.items[2]->probe->name, "add_to_page_cache_lru");
	assert_true(set.sites.items[1]->of_pattern);
	probe_set_deinit(&set);

	assert_ok(add_of_cache(&set, "kernel:%pagecache if dur > 1ms,!kernel:%pagecache"));
	assert_int_equal(set.sites.items[1]->wire.kind, 0);
	assert_int_equal(set.sites.items[2]->wire.kind, 0);
	probe_set_deinit(&set);

	assert_ok(add_of_cache(&set, "kprobe:%vfs"));
	assert_int_equal(set.sites.count, 2);
	probe_set_deinit(&set);
	assert_ok(add_of_cache(&set, "kernel:%ext4"));
	assert_int_equal(set.sites.count, 1);
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_chosen_by_cost),
		cmocka_unit_test(forms_of_a_kernel),
		cmocka_unit_test(spans_have_both_ends),
		cmocka_unit_test(fexit_has_arguments_and_result),
		cmocka_unit_test(conditions_name_values),
		cmocka_unit_test(files_are_read_by_path),
		cmocka_unit_test(conditions_are_joined),
		cmocka_unit_test(groups_are_tables),
		cmocka_unit_test(functions_of_groups_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
