/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/tracepoints.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "common/array.h"
#include "kernel/btf_types.h"
#include "kernel/functions.h"
#include "kernel/point.h"
#include "kernel/tracepoint_format.h"
#include "kernel/tracepoint_types.h"
#include "tests/unit/unit.h"

#define COMMON                                                                 \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char demo[] =
	"name: demo\nID: 372\nformat:\n" COMMON
	"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:struct file * file;\toffset:96;\tsize:8;\tsigned:0;\n"
	"\tfield:long state;\toffset:32;\tsize:8;\tsigned:1;\n"
	"\tfield:__data_loc char[] path;\toffset:40;\tsize:4;\tsigned:0;\n"
	"\tfield:__rel_loc u8[] bytes;\toffset:44;\tsize:4;\tsigned:0;\n"
	"\tfield:const char * text;\toffset:48;\tsize:8;\tsigned:0;\n"
	"\tfield:void * where;\toffset:56;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long args[2];\toffset:64;\tsize:16;\tsigned:0;\n"
	"\tfield:bool on;\toffset:80;\tsize:1;\tsigned:0;\n"
	"\tfield:int action;\toffset:84;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned long mask;\toffset:88;\tsize:8;\tsigned:0;\n"
	"\tfield:dev_t dev;\toffset:104;\tsize:4;\tsigned:0;\n"
	"\nprint fmt: \"comm=%s pid=%d %% state=%s%s mask=%#lx action=%s\", REC->comm, REC->pid, "
	"(REC->state & 0xff) ? __print_flags(REC->state & 0xff, \"|\", { 0x01, \"S\" }, "
	"{ 0x02UL, \"D\" }, { (1 << 4), \"X\" }) : \"R\", REC->state & 0x100 ? \"+\" : \"\", "
	"REC->mask, __print_symbolic(REC->action, { 0, \"none, \\\"(really)\" }, { 1, \"some\" })\n";

static const struct tracepoint_field *field_of(const struct tracepoint_format *format,
					       const char *name)
{
	for (uint32_t i = 0; i < format->n_fields; i++)
		if (strcmp(format->fields[i].name, name) == 0)
			return &format->fields[i];
	fail_msg("no field '%s'", name);
	return NULL;
}

static void formats_are_read(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct tracepoint_format format;
	assert_true(tracepoint_format_parse(&arena, demo, &format));
	assert_int_equal(format.id, 372);
	assert_int_equal(format.n_fields, 13);
	const struct {
		const char *name, *type;
		enum field_form form;
		enum type_kind kind;
		uint32_t offset, size;
	} rows[] = {
		{"comm", "char", FIELD_ARRAY, TYPE_ARRAY, 8, 16},
		{"pid", "pid_t", FIELD_PLAIN, TYPE_INT, 24, 4},
		{"state", "long", FIELD_PLAIN, TYPE_FLAGS, 32, 8},
		{"path", "char", FIELD_DATA_LOC, TYPE_STRING, 40, 8},
		{"bytes", "u8", FIELD_REL_LOC, TYPE_BYTES, 44, 0},
		{"text", "const char *", FIELD_PLAIN, TYPE_STRING, 48, 8},
		{"where", "void *", FIELD_PLAIN, TYPE_POINTER, 56, 8},
		{"args", "unsigned long", FIELD_ARRAY, TYPE_ARRAY, 64, 16},
		{"on", "bool", FIELD_PLAIN, TYPE_BOOL, 80, 1},
		{"action", "int", FIELD_PLAIN, TYPE_ENUM, 84, 4},
		{"mask", "unsigned long", FIELD_PLAIN, TYPE_HEX, 88, 8},
		{"file", "struct file *", FIELD_PLAIN, TYPE_POINTER, 96, 8},
		{"dev", "dev_t", FIELD_PLAIN, TYPE_DEVICE, 104, 4},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct tracepoint_field *field = field_of(&format, rows[i].name);
		const struct type *type;
		assert_ok(tracepoint_field_type(&arena, field, &type));
		assert_string_equal(field->type, rows[i].type);
		assert_int_equal(field->form, rows[i].form);
		assert_int_equal(field->offset, rows[i].offset);
		assert_int_equal(type->kind, rows[i].kind);
		assert_int_equal(type->size, rows[i].size);
	}
	assert_int_equal(field_of(&format, "args")->elements, 2);
	arena_deinit(&arena);
}

/* Expressions are no numbers, and are left out; a word for none of the bits is one for 0. */
static void names_of_values(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct tracepoint_format format;
	assert_true(tracepoint_format_parse(&arena, demo, &format));
	const struct tracepoint_field *field = field_of(&format, "state");
	assert_int_equal(field->n_enumerators, 3);
	assert_string_equal(field->enumerators[1].name, "D");
	assert_int_equal(field->enumerators[1].value, 2);
	assert_string_equal(field->enumerators[2].name, "R");
	assert_int_equal(field->enumerators[2].value, 0);
	field = field_of(&format, "action");
	assert_false(field->is_flags);
	assert_int_equal(field->n_enumerators, 2);
	assert_string_equal(field->enumerators[0].name, "none, \\\"(really)");
	arena_deinit(&arena);
}

/* Every part of a format, with every byte changed: nothing is read beyond, and what is accepted
 * lies inside a record. */
static void damaged_formats(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"ID: x\n",
		"ID: 1\nprint fmt: \"",
		"ID: 1\nprint fmt: \"%\", ",
		"ID: 1\nprint fmt: \"%d\", REC->",
		"ID: 1\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\nprint fmt: \"%d\", "
		"__print_flags(REC->a, \"|\", { 1",
		"ID: 1\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\nprint fmt: \"%d\", "
		"__print_flags(REC->a, \"|\", { 1, \"",
		"ID: 1\n\tfield:;\toffset:0;\tsize:4;",
		"ID: 1\n\tfield:int;\toffset:0;\tsize:4;",
		"ID: 1\n\tfield:char a[;\toffset:0;\tsize:4;",
		"ID: 1\n\tfield:char a[3];\toffset:0;\tsize:4;",
		"ID: 1\n\tfield:int a;\toffset:99999999999;\tsize:4;",
		"ID: 1\n\tfield:__data_loc char[] a;\toffset:8;\tsize:8;",
	};
	struct arena arena = {0};
	struct tracepoint_format format;
	for (size_t i = 0; i < array_size(rows); i++) {
		char *exact = strdup(rows[i]);
		tracepoint_format_parse(&arena, exact, &format);
		free(exact);
	}
	for (size_t at = 0; at < sizeof(demo) - 1; at++) {
		for (const char *c = "\n;[](){}\",\\%9"; *c; c++) {
			char *text = strdup(demo);
			text[at] = *c;
			tracepoint_format_parse(&arena, text, &format);
			for (uint32_t i = 0; i < format.n_fields; i++) {
				const struct type *type;
				assert_in_range(format.fields[i].size, 1, 8192);
				assert_in_range(format.fields[i].offset, 0, 8192);
				assert_ok(tracepoint_field_type(&arena, &format.fields[i], &type));
			}
			free(text);
		}
		arena_deinit(&arena);
	}
}

/* --- specs ------------------------------------------------------------------------------------ */

static void put_event(const char *directory, const char *category, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", directory, category);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, category, name);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s/format", directory, category, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(demo, file);
	fclose(file);
}

static size_t count_live(const struct probe_set *set)
{
	size_t count = 0;
	for (size_t i = 1; i < set->sites.count; i++)
		count += set->sites.items[i]->wire.kind != 0;
	return count;
}

static void add(struct probe_set *set, const char *text, const char *directory,
		const struct btf *btf)
{
	struct spec_list specs = {0};
	assert_ok(spec_parse(text, &specs));
	for (size_t i = 0; i < specs.count; i++) {
		const struct spec *spec = &specs.items[i];
		if (spec->negated)
			point_remove(set, spec);
		else if (btf)
			assert_ok(raw_tracepoints_add_probes(set, spec, btf, 8));
		else
			assert_ok(tracepoints_add_probes(set, spec, directory, 8));
	}
	spec_list_deinit(&specs);
}

static void specs_find_events(void **state)
{
	(void)state;
	char directory[] = "/tmp/utrail-unit-XXXXXX", command[64];
	assert_non_null(mkdtemp(directory));
	put_event(directory, "sched", "one");
	put_event(directory, "sched", "two");
	put_event(directory, "block", "one");
	const struct {
		const char *spec;
		size_t sites;
	} rows[] = {
		{"tracepoint:sched:one", 1},
		{"tracepoint:one", 2},
		{"tracepoint:*:*", 3},
		{"tracepoint:s*:t*", 1},
		{"tracepoint:sched:three", 0},
		{"tracepoint:*:*,!tracepoint:sched:*", 1},
		{"tracepoint:sched:one,tracepoint:sched:*", 2},
	};
	struct compile_options options = {.string_limit = 32, .depth = 1};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct probe_set set;
		assert_ok(probe_set_init(&set, &options));
		add(&set, rows[i].spec, directory, NULL);
		assert_int_equal(count_live(&set), rows[i].sites);
		if (rows[i].sites) {
			const struct probe_site *site = set.sites.items[1];
			assert_int_equal(site->tracepoint_id, 372);
			assert_int_equal(site->wire.flags, SITE_IN_KERNEL);
			assert_int_equal(site->arguments.count, 13);
			/* `where` is a void *. */
			assert_int_equal(site->arguments.items[7].file_of, 0);
			assert_int_equal(site->arguments.items[2].file_of, FETCH_OF_FILE);
			assert_int_not_equal(site->arguments.items[2].file_slot, 0);
		}
		probe_set_deinit(&set);
	}
	struct probe_set set;
	struct spec_list specs = {0};
	assert_ok(probe_set_init(&set, &options));
	assert_ok(spec_parse("tracepoint:*:*", &specs));
	struct err *e = tracepoints_add_probes(&set, specs.items, directory, 2);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_USAGE);
	err_free(e);
	spec_list_deinit(&specs);
	probe_set_deinit(&set);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

/* --- types ------------------------------------------------------------------------------------ */

/* `void (*)(void *, ARGUMENTS)` behind the typedef btf_trace_NAME. */
static void add_raw_type(struct btf *btf, const char *name, const int *arguments, size_t count)
{
	int prototype = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "", 1);
	for (size_t i = 0; i < count; i++)
		btf__add_func_param(btf, "", arguments[i]);
	assert_true(btf__add_typedef(btf, name, btf__add_ptr(btf, prototype)) > 0);
}

static const struct value *argument(const struct probe_set *set, size_t index)
{
	const struct probe_site *site = set->sites.items[1];
	assert_true(index < site->arguments.count);
	return &site->arguments.items[index];
}

static void types_of_the_kernel(void **state)
{
	(void)state;
	struct btf *btf = btf__new_empty();
	int nothing = btf__add_ptr(btf, 0);
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int character = btf__add_int(btf, "char", 1, 0);
	int text = btf__add_ptr(btf, btf__add_const(btf, character));
	int array = btf__add_array(btf, number, character, 16);
	int task = btf__add_struct(btf, "task_struct", 4096);
	btf__add_field(btf, "pid", number, 2000 * 8, 0);
	btf__add_field(btf, "comm", array, 3000 * 8, 0);
	int plain = btf__add_struct(btf, "plain", 16);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", nothing, 64, 0);
	int choice = btf__add_enum(btf, "choice", 4);
	btf__add_enum_value(btf, "FIRST", 1);
	int circle = btf__add_typedef(btf, "circle", btf__type_cnt(btf));
	const int arguments[] = {
		number, text, btf__add_ptr(btf, task), btf__add_ptr(btf, plain), choice,
		circle, 9999};
	add_raw_type(btf, "btf_trace_demo", arguments, array_size(arguments));
	struct probe_set set;
	struct compile_options options = {.string_limit = 32, .depth = 1};
	assert_ok(probe_set_init(&set, &options));
	add(&set, "rawtracepoint:de*", NULL, btf);
	btf__free(btf);
	assert_int_equal(count_live(&set), 1);
	assert_string_equal(set.sites.items[1]->probe->name, "demo");
	assert_int_equal(argument(&set, 0)->type->kind, TYPE_INT);
	assert_string_equal(argument(&set, 0)->name, "arg1");
	assert_int_equal(argument(&set, 1)->type->kind, TYPE_STRING);
	assert_string_equal(argument(&set, 1)->type->name, "const char *");
	assert_int_equal(argument(&set, 2)->type->kind, TYPE_POINTER);
	assert_int_equal(argument(&set, 2)->n_members, 2);
	assert_string_equal(argument(&set, 2)->members[1].name, "comm");
	assert_string_equal(argument(&set, 2)->type->name, "struct task_struct *");
	assert_int_equal(argument(&set, 3)->n_members, 2);
	assert_int_equal(argument(&set, 4)->type->kind, TYPE_ENUM);
	assert_string_equal(argument(&set, 4)->type->enumerators[0].name, "FIRST");
	assert_int_equal(argument(&set, 5)->type->kind, TYPE_HEX);
	assert_int_equal(argument(&set, 6)->type->kind, TYPE_HEX);
	probe_set_deinit(&set);
}

static void functions_of_the_kernel(void **state)
{
	(void)state;
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int pair = btf__add_struct(btf, "pair", 16);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 64, 0);
	int prototype = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "first", number);
	btf__add_func_param(btf, "both", pair);
	btf__add_func_param(btf, "last", number);
	assert_true(btf__add_func(btf, "demo_read", BTF_FUNC_STATIC, prototype) > 0);
	assert_true(btf__add_func(btf, "demo_write", BTF_FUNC_STATIC, prototype) > 0);
	const struct {
		const char *spec;
		size_t sites, arguments, results;
	} rows[] = {
		{"kprobe:demo_read", 1, 3, 0}, {"kprobe:demo_read+4", 1, 0, 0},
		{"kretprobe:demo_*", 2, 0, 1}, {"kprobe:none", 0, 0, 0},
		{"kprobe:demo_*", 2, 3, 0},    {"kernel:demo_*", 2, 3, 1},
	};
	const struct function_forms forms = {.kprobe = true, .no_fentry = "a test"};
	struct compile_options options = {.string_limit = 32, .depth = 1};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct probe_set set;
		struct spec_list specs = {0};
		assert_ok(probe_set_init(&set, &options));
		assert_ok(spec_parse(rows[i].spec, &specs));
		assert_ok(functions_add_probes(&set, specs.items, btf, &forms, 2));
		assert_int_equal(count_live(&set), rows[i].sites);
		if (rows[i].sites) {
			assert_int_equal(set.sites.items[1]->arguments.count, rows[i].arguments);
			assert_int_equal(set.sites.items[1]->results.count, rows[i].results);
		}
		if (rows[i].arguments == 3) {
			assert_true(argument(&set, 0)->slot >= 0);
			assert_non_null(argument(&set, 1)->unavailable);
			assert_string_equal(argument(&set, 2)->unavailable, "behind a structure");
		}
		struct err *e = functions_add_probes(&set, specs.items, btf, &forms, 0);
		assert_int_equal(e != NULL, rows[i].sites > 0);
		err_free(e);
		spec_list_deinit(&specs);
		probe_set_deinit(&set);
	}
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_read),    cmocka_unit_test(names_of_values),
		cmocka_unit_test(damaged_formats),     cmocka_unit_test(specs_find_events),
		cmocka_unit_test(types_of_the_kernel), cmocka_unit_test(functions_of_the_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
