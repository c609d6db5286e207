/* SPDX-License-Identifier: Apache-2.0 */
/* From notes to probes: matching, sites, types, values. */
#include "tests/unit/unit.h"

#include <fnmatch.h>
#include <stdio.h>

#include "common/array.h"
#include "probe/regs.h"
#include "tests/unit/usdt_elf.h"
#include "usdt/types.h"

#define BASE (TEXT_ADDRESS + SEGMENT_SIZE - 1)

/* Stands in for the spec module. */
bool spec_name_matches(const struct spec *spec, const char *name)
{
	if (spec->name_kind == SPEC_NAME_EXACT)
		return !strcmp(spec->name, name);
	return spec->name_kind == SPEC_NAME_GLOB && !fnmatch(spec->name, name, 0);
}

struct fixture {
	struct elf elf;
	struct image *image;
	struct probe_set set;
	size_t n_sites;
};

static void fixture_init(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	elf_init(&fixture->elf);
	struct compile_options options = {.string_limit = 64, .depth = 1};
	assert_ok(probe_set_init(&fixture->set, &options));
}

static void fixture_deinit(struct fixture *fixture)
{
	probe_set_deinit(&fixture->set);
	image_close(fixture->image);
}

/* A marker on a nop of its own. */
static void add(struct fixture *fixture, const char *provider, const char *name,
		const char *operands)
{
	uint64_t address = TEXT_ADDRESS + 16 * fixture->n_sites++;
	elf_put_nop(&fixture->elf, address);
	elf_put_marker(&fixture->elf,
		       (struct elf_marker){address, BASE, 0, provider, name, operands});
}

static void add_spec(struct fixture *fixture, const struct spec *spec,
		     const struct usdt_options *options)
{
	if (!fixture->image) {
		int fd = elf_finish(&fixture->elf);
		assert_true(fd >= 0);
		assert_ok(image_open("synthetic", fd, &fixture->image));
		close(fd);
	}
	assert_ok(usdt_add_probes(&fixture->set, fixture->image, "app", spec, options));
}

static struct spec make_spec(const char *provider, const char *name)
{
	return (struct spec){.kind = PROBE_USDT,
			     .provider = provider,
			     .name = name,
			     .name_kind = strpbrk(name, "*?[") ? SPEC_NAME_GLOB : SPEC_NAME_EXACT};
}

static void ask(struct fixture *fixture, const char *provider, const char *name)
{
	struct spec spec = make_spec(provider, name);
	add_spec(fixture, &spec, NULL);
}

/* --- matching ------------------------------------------------------------------------------- */

static const struct {
	const char *provider, *name;
	size_t n_probes;
} questions[] = {
	{"postgresql", "query__start", 1},
	{"postgresql", "query-start", 1},
	{"postgresql", "query__*", 2},
	{"postgresql", "query-*", 2},
	{"postgresql", "query-?tart", 1},
	{NULL, "query__start", 2},
	{"*", "query__start", 2},
	{"*sql", "query__start", 2},
	{"my[sq]*", "query__start", 1},
	{"*", "*", 6},
	{NULL, "*", 6},
	{"postgresql", "*", 2},
	{"a__b", "c-d", 1},
	{"a-b", "c__d", 1},
	{"a-b", "c-d", 1},
	{"a__*", "c*", 1},
	{"app", "mixed-name__here", 1},
	{"app", "mixed__name__here", 1},
	{"app", "mixed-name-here", 1},
	{"postgresql", "query", 0},
	{"postgresql", "query_start", 0},
	{"postgres", "query__start", 0},
	{"", "query__start", 0},
	{"nobody", "*", 0},
};

static void markers_are_matched_in_both_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(questions); i++) {
		struct fixture fixture;
		fixture_init(&fixture);
		add(&fixture, "postgresql", "query__start", "8@%rdi");
		add(&fixture, "mysql", "query__start", "8@%rdi");
		add(&fixture, "postgresql", "query__done", "8@%rdi");
		add(&fixture, "a__b", "c__d", "");
		add(&fixture, "app", "mixed-name__here", "");
		add(&fixture, "app", "other", "");
		ask(&fixture, questions[i].provider, questions[i].name);
		if (fixture.set.probes.count != questions[i].n_probes)
			print_error("%s:%s\n", questions[i].provider, questions[i].name);
		assert_int_equal(fixture.set.probes.count, questions[i].n_probes);
		assert_int_equal(fixture.set.sites.count, 1 + questions[i].n_probes);
		fixture_deinit(&fixture);
	}
}

static void a_name_beyond_all_reason_is_matched_as_it_is(void **state)
{
	(void)state;
	char name[2000];
	memset(name, '-', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	struct spec spec = make_spec(NULL, "*");
	assert_true(usdt_matches(&spec, "p", name));
	spec = make_spec(NULL, name);
	assert_true(usdt_matches(&spec, "p", name));
	name[10] = 0;
	assert_true(usdt_matches(&spec, "p", "____________________"));
	/* 300 dashes fit, but not as 600 underscores. */
	memset(name, '-', 300);
	name[300] = 0;
	assert_false(usdt_matches(&spec, "p", "a"));
	assert_true(usdt_matches(&spec, "p", name));
}

/* --- sites ---------------------------------------------------------------------------------- */

static void one_probe_has_a_site_for_each_note(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "hit", "8@%rdi -4@-20(%rbp)");
	add(&fixture, "app", "miss", "");
	add(&fixture, "app", "hit", "8@%rax -4@$1");
	ask(&fixture, "app", "*");
	struct probe_set *set = &fixture.set;
	assert_int_equal(set->probes.count, 2);
	assert_int_equal(set->sites.count, 4);
	assert_int_equal(set->notes.count, 0);
	const struct probe *probe = set->probes.items[0];
	assert_int_equal(probe->kind, PROBE_USDT);
	assert_string_equal(probe->module, "app");
	assert_string_equal(probe->provider, "app");
	assert_string_equal(probe->name, "hit");
	static const char *const operands[] = {NULL, "8@%rdi -4@-20(%rbp)", "8@%rax -4@$1", ""};
	static const uint64_t offsets[] = {0, TEXT_OFFSET, TEXT_OFFSET + 32, TEXT_OFFSET + 16};
	for (uint32_t id = 1; id < 4; id++) {
		const struct probe_site *site = set->sites.items[id];
		assert_int_equal(site->id, id);
		assert_int_equal(site->wire.kind, SITE_INSTANT);
		assert_int_equal(site->wire.owner, id);
		assert_ptr_equal(site->image, fixture.image);
		assert_ptr_equal(site->probe, set->probes.items[id == 3]);
		assert_int_equal(site->offset, offsets[id]);
		assert_string_equal(site->operands, operands[id]);
		assert_true(site->emulated);
	}
	assert_int_equal(set->sites.items[1]->arguments.count, 2);
	assert_int_equal(set->sites.items[3]->arguments.count, 0);
	assert_null(set->sites.items[3]->entry_plan);
	fixture_deinit(&fixture);
}

static void a_semaphore_travels_with_its_site(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	for (uint64_t i = 0; i < 2; i++) {
		elf_put_nop(&fixture.elf, TEXT_ADDRESS + i);
		elf_put_marker(&fixture.elf,
			       (struct elf_marker){TEXT_ADDRESS + i, BASE,
						   DATA_ADDRESS + 0x100 + 2 * i, "a", "x", ""});
	}
	ask(&fixture, "a", "x");
	assert_int_equal(fixture.set.sites.count, 3);
	assert_int_equal(fixture.set.sites.items[1]->ref_ctr_offset, DATA_OFFSET + 0x100);
	assert_int_equal(fixture.set.sites.items[2]->ref_ctr_offset, DATA_OFFSET + 0x102);
	fixture_deinit(&fixture);
}

static void unsafe_sites_are_left_out_and_told(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "half", "");
	elf_put_marker(&fixture.elf, (struct elf_marker){TEXT_ADDRESS + 0x800, BASE, 0, "app",
							 "half", ""}); /* int3 there */
	elf_put_marker(&fixture.elf, (struct elf_marker){DATA_ADDRESS, BASE, 0, "app", "none", ""});
	ask(&fixture, "app", "*");
	assert_int_equal(fixture.set.probes.count, 1);
	assert_int_equal(fixture.set.sites.count, 2);
	assert_int_equal(fixture.set.notes.count, 2);
	assert_string_equal(fixture.set.notes.items[0].text,
			    "app: app:half: 1 of 2 sites refused; the one at 0x201800: not a nop");
	assert_string_equal(fixture.set.notes.items[1].text,
			    "app: app:none: 1 of 1 sites refused; the one at 0x302000: "
			    "not in executable text");
	fixture_deinit(&fixture);
}

/* Stands in for whoever decodes the code around. */
static struct err *refuse_second(void *context, struct image *image, uint64_t offset,
				 const char **ret_why)
{
	size_t *asked = context;
	assert_non_null(image);
	++*asked;
	if (offset == TEXT_OFFSET + 16)
		*ret_why = "in the middle";
	return NULL;
}

static void what_decoding_says_is_asked_of_each_nop(void **state)
{
	(void)state;
	size_t asked = 0;
	const struct usdt_options options = {.check = refuse_second, .check_context = &asked};
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x", "");
	add(&fixture, "app", "x", "");
	add(&fixture, "app", "y", "");
	elf_put_marker(&fixture.elf,
		       (struct elf_marker){TEXT_ADDRESS + 0x800, BASE, 0, "app", "x", ""});
	struct spec spec = make_spec("app", "x");
	add_spec(&fixture, &spec, &options);
	assert_int_equal(asked, 2); /* neither what is not asked for nor what is no nop */
	assert_int_equal(fixture.set.sites.count, 2);
	assert_int_equal(fixture.set.sites.items[1]->offset, TEXT_OFFSET);
	assert_int_equal(fixture.set.notes.count, 1);
	assert_true(fixture.set.notes.items[0].is_refusal);
	assert_string_equal(fixture.set.notes.items[0].text,
			    "app: app:x: 2 of 3 sites refused; the one at 0x201010: in the middle");
	fixture_deinit(&fixture);
}

static void a_long_nop_is_probed_only_where_that_is_safe(void **state)
{
	(void)state;
	static const char *const nop5[] = {"\x0f\x1f\x44\x00\x00", "\x66\x0f\x1f\x40\x00"};
	for (size_t i = 0; i < array_size(nop5); i++) {
		struct fixture fixture;
		fixture_init(&fixture);
		elf_put_text(&fixture.elf, TEXT_ADDRESS, nop5[i], 5);
		elf_put_marker(&fixture.elf,
			       (struct elf_marker){TEXT_ADDRESS, BASE, 0, "app", "x", ""});
		ask(&fixture, "app", "x");
		assert_int_equal(fixture.set.sites.count, 1);
		assert_int_equal(fixture.set.notes.count, 1);
		assert_non_null(strstr(fixture.set.notes.items[0].text, "5-byte nop"));
		struct spec spec = make_spec("app", "x");
		struct usdt_options options = {.allow_nop5 = true};
		add_spec(&fixture, &spec, &options);
		assert_int_equal(fixture.set.sites.count, 2);
		assert_int_equal(fixture.set.sites.items[1]->offset, TEXT_OFFSET);
		assert_false(fixture.set.sites.items[1]->emulated);
		fixture_deinit(&fixture);
	}
}

static void malformed_notes_are_told_once(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	elf_put_note(&fixture.elf, "stapsdt", 8, 3, "", 0);
	add(&fixture, "app", "x", "");
	ask(&fixture, "app", "x");
	ask(&fixture, "app", "y");
	assert_int_equal(fixture.set.sites.count, 2);
	assert_int_equal(fixture.set.notes.count, 1);
	assert_string_equal(fixture.set.notes.items[0].text, "app: 1 malformed USDT notes skipped");
	fixture_deinit(&fixture);
}

/* --- arguments ------------------------------------------------------------------------------ */

static const struct value *argument(const struct fixture *fixture, size_t index)
{
	const struct probe_site *site = fixture->set.sites.items[1];
	assert_true(index < site->arguments.count);
	return &site->arguments.items[index];
}

static void assert_type(const struct value *value, const char *name, enum type_kind kind,
			uint32_t size)
{
	assert_string_equal(value->name, name);
	assert_int_equal(value->type->kind, kind);
	assert_int_equal(value->type->size, size);
}

static void without_a_word_types_come_from_sizes(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x",
	    "-1@%al 1@%al -2@%ax 2@%ax -4@%eax 4@%eax -8@%rax 8@%rax 4f@%eax 8f@-8(%rbp) "
	    "16@(%rdi) %rsi");
	ask(&fixture, "app", "x");
	assert_type(argument(&fixture, 0), "arg1", TYPE_INT, 1);
	assert_type(argument(&fixture, 1), "arg2", TYPE_UINT, 1);
	assert_type(argument(&fixture, 2), "arg3", TYPE_INT, 2);
	assert_type(argument(&fixture, 3), "arg4", TYPE_UINT, 2);
	assert_type(argument(&fixture, 4), "arg5", TYPE_INT, 4);
	assert_type(argument(&fixture, 5), "arg6", TYPE_UINT, 4);
	assert_type(argument(&fixture, 6), "arg7", TYPE_INT, 8);
	assert_type(argument(&fixture, 7), "arg8", TYPE_WORD, 8);
	assert_type(argument(&fixture, 8), "arg9", TYPE_FLOAT, 4);
	assert_type(argument(&fixture, 9), "arg10", TYPE_FLOAT, 8);
	assert_type(argument(&fixture, 10), "arg11", TYPE_BYTES, 16);
	assert_type(argument(&fixture, 11), "arg12", TYPE_WORD, 8);
	/* A word has a second slot, for the text that it may lead to. */
	for (int i = 0; i < 12; i++)
		assert_int_equal(argument(&fixture, (size_t)i)->slot, i + (i > 7));
	assert_int_equal(argument(&fixture, 7)->text_slot, 8);
	fixture_deinit(&fixture);
}

/* The operations of the site's plan as codes, for what matters here: how memory is read. */
static void assert_plan(const struct fixture *fixture, const char *expected)
{
	static const char *const names[] = {
		[FETCH_REG] = "reg",	 [FETCH_CONST] = "const",   [FETCH_ADD] = "add",
		[FETCH_INDEX] = "index", [FETCH_DEREF] = "deref",   [FETCH_LENGTH] = "length",
		[FETCH_INT] = "int",	 [FETCH_STRING] = "string", [FETCH_BYTES] = "bytes",
	};
	const struct fetch_plan *plan = fixture->set.sites.items[1]->entry_plan;
	char made[1024] = "";
	for (unsigned int i = 0; plan && i < plan->n_ops; i++) {
		size_t used = strlen(made);
		const struct fetch_op *op = &plan->ops[i];
		snprintf(made + used, sizeof(made) - used, "%s%s", used ? " " : "",
			 names[op->code]);
		used = strlen(made);
		if (op->code == FETCH_DEREF || op->code == FETCH_INT)
			snprintf(made + used, sizeof(made) - used, "%u%s", op->size,
				 op->flags & FETCH_SIGNED ? "s" : "");
		used = strlen(made);
		if (op->code == FETCH_DEREF && op->imm)
			snprintf(made + used, sizeof(made) - used, "%+d", (int)op->imm);
	}
	assert_string_equal(made, expected);
}

static void memory_is_read_in_exactly_its_size(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x", "-1@-8(%rbp) 2@(%rax,%rcx,2) -4@(%rdi) 8@8(%rsp) 24@16(%rsp)");
	ask(&fixture, "app", "x");
	assert_plan(&fixture, "reg deref1s-8 int1s reg index deref2 int2 reg deref4s int4s "
			      "reg deref8+8 int8 string const length reg add bytes");
	fixture_deinit(&fixture);
}

static const struct type type_str = {.kind = TYPE_STRING, .size = 8, .name = "str"};
static const struct type type_str_arg2 = {
	.kind = TYPE_STRING, .size = 8, .name = "str:arg2", .length_arg = 2};
static const struct type type_str_arg9 = {
	.kind = TYPE_STRING, .size = 8, .name = "str:arg9", .length_arg = 9};
static const struct type type_int = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type type_hex = {.kind = TYPE_HEX, .size = 8, .name = "hex"};
static const struct type type_buf16 = {.kind = TYPE_BYTES, .size = 16, .name = "buf:16"};

static void ask_typed(struct fixture *fixture, const char *provider, const char *name,
		      const struct parameter *parameters, uint32_t count)
{
	struct spec spec = make_spec(provider, name);
	spec.has_types = true;
	spec.types = (struct prototype){.parameters = parameters, .n_parameters = count};
	add_spec(fixture, &spec, NULL);
}

static void the_users_types_win(void **state)
{
	(void)state;
	static const struct parameter given[] = {
		{"", &type_hex}, {"text", &type_str}, {"", &type_int}, {"", &type_buf16}};
	struct fixture fixture;
	fixture_init(&fixture);
	/* The table has (str, str, int) for this one. */
	add(&fixture, "python", "line", "8@%rdi 8@(%rsi) 8@-8(%rbp) 8@%rdx 4@%eax");
	ask_typed(&fixture, "python", "line", given, 4);
	assert_type(argument(&fixture, 0), "filename", TYPE_HEX, 8);
	assert_type(argument(&fixture, 1), "text", TYPE_STRING, 8);
	/* "int" is no word about its size: the note has it. */
	assert_type(argument(&fixture, 2), "lineno", TYPE_INT, 8);
	assert_type(argument(&fixture, 3), "arg4", TYPE_BYTES, 16);
	assert_type(argument(&fixture, 4), "arg5", TYPE_UINT, 4);
	assert_plan(&fixture, "reg int8 reg deref8 string reg deref8s-8 int8s "
			      "const length reg bytes reg int4");
	fixture_deinit(&fixture);
}

static void more_types_than_arguments_are_told(void **state)
{
	(void)state;
	static const struct parameter given[] = {{"", &type_int}, {"", &type_int}};
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x", "-4@%eax");
	add(&fixture, "app", "x", "-4@%ebx");
	ask_typed(&fixture, "app", "x", given, 2);
	assert_int_equal(fixture.set.sites.count, 3);
	assert_int_equal(fixture.set.notes.count, 1);
	assert_string_equal(fixture.set.notes.items[0].text,
			    "app: app:x: 2 argument types given, but it has 1 arguments");
	fixture_deinit(&fixture);
}

static void the_table_names_and_types_known_markers(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "python", "function__entry", "8@%rbp 8@%r12 -4@%eax");
	ask(&fixture, "python", "*");
	assert_type(argument(&fixture, 0), "filename", TYPE_STRING, 8);
	assert_type(argument(&fixture, 1), "funcname", TYPE_STRING, 8);
	assert_type(argument(&fixture, 2), "lineno", TYPE_INT, 4);
	assert_plan(&fixture, "reg string reg string reg int4s");
	fixture_deinit(&fixture);
}

static void a_string_takes_its_length_from_another_argument(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "hotspot", "class__loaded", "8@%rdx -4@-8(%rbp) 8@152(%rdi) 1@%cl");
	ask(&fixture, "hotspot", "class*");
	assert_type(argument(&fixture, 0), "class", TYPE_STRING, 8);
	assert_type(argument(&fixture, 1), "length", TYPE_INT, 4);
	assert_type(argument(&fixture, 2), "loader", TYPE_POINTER, 8);
	assert_type(argument(&fixture, 3), "shared", TYPE_BOOL, 1);
	/* The length is the 4 signed bytes in memory, not their address. */
	assert_plan(&fixture, "reg deref4s-8 length reg bytes reg deref4s-8 int4s "
			      "reg deref8+152 int8 reg int1");
	fixture_deinit(&fixture);
}

static void what_cannot_be_read_is_one_argument_of_one_site(void **state)
{
	(void)state;
	static const struct parameter given[] = {{"", &type_str},
						 {"", &type_int},
						 {"", &type_str_arg2},
						 {"", &type_str_arg9},
						 {"", &type_str}};
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x", "4@%edi 8f@%xmm0 8@%rsi 8@%rdi 8@%rdx -4@%eax");
	add(&fixture, "app", "x", "8@%rdi -4@%ebx 8@%rsi");
	ask_typed(&fixture, "app", "x", given, 5);
	assert_string_equal(argument(&fixture, 0)->unavailable, "not 8 bytes, so not a pointer");
	assert_string_equal(argument(&fixture, 1)->unavailable, "in xmm0");
	assert_string_equal(argument(&fixture, 2)->unavailable, "in xmm0");
	assert_string_equal(argument(&fixture, 3)->unavailable, "no such argument for its length");
	assert_null(argument(&fixture, 4)->unavailable);
	assert_null(argument(&fixture, 5)->unavailable);
	assert_int_equal(argument(&fixture, 0)->slot, VALUE_NO_SLOT);
	assert_int_equal(argument(&fixture, 4)->slot, 0);
	const struct value_list *other = &fixture.set.sites.items[2]->arguments;
	assert_int_equal(other->count, 3);
	for (size_t i = 0; i < other->count; i++)
		assert_null(other->items[i].unavailable);
	fixture_deinit(&fixture);
}

static void numbers_go_before_texts_where_not_all_fit(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	char operands[20 * 16] = "";
	for (int i = 0; i < 20; i++)
		strcat(operands, "8@-24(%rbp) ");
	add(&fixture, "app", "twenty", operands);
	add(&fixture, "app", "two", "8@-24(%rbp) 8@%rdi");
	ask(&fixture, "app", "twenty");
	const struct probe_site *site = fixture.set.sites.items[1];
	assert_int_equal(site->arguments.count, 20);
	for (size_t i = 0; i < 20; i++) {
		assert_null(site->arguments.items[i].unavailable);
		/* There is room for so many texts beside them. */
		assert_int_equal(site->arguments.items[i].type->kind,
				 i < 2 ? TYPE_WORD : TYPE_UINT);
	}
	ask(&fixture, "app", "two");
	site = fixture.set.sites.items[2];
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(site->arguments.items[i].type->kind, TYPE_WORD);
	fixture_deinit(&fixture);
}

static void thirty_arguments_are_kept_as_far_as_the_plan_holds(void **state)
{
	(void)state;
	char operands[30 * 16] = "";
	for (int i = 0; i < 30; i++)
		strcat(operands, "-4@-20(%rbp) ");
	struct fixture fixture;
	fixture_init(&fixture);
	add(&fixture, "app", "x", operands);
	ask(&fixture, "app", "x");
	assert_int_equal(fixture.set.sites.items[1]->arguments.count, 30);
	/* Each takes three operations. */
	size_t fits = FETCH_OPS_MAX / 3;
	assert_int_equal(argument(&fixture, 0)->slot, 0);
	assert_int_equal(argument(&fixture, fits - 1)->slot, fits - 1);
	assert_string_equal(argument(&fixture, fits)->unavailable, "too many values");
	assert_string_equal(argument(&fixture, 29)->unavailable, "too many values");
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markers_are_matched_in_both_spellings),
		cmocka_unit_test(a_name_beyond_all_reason_is_matched_as_it_is),
		cmocka_unit_test(one_probe_has_a_site_for_each_note),
		cmocka_unit_test(a_semaphore_travels_with_its_site),
		cmocka_unit_test(unsafe_sites_are_left_out_and_told),
		cmocka_unit_test(what_decoding_says_is_asked_of_each_nop),
		cmocka_unit_test(a_long_nop_is_probed_only_where_that_is_safe),
		cmocka_unit_test(malformed_notes_are_told_once),
		cmocka_unit_test(without_a_word_types_come_from_sizes),
		cmocka_unit_test(memory_is_read_in_exactly_its_size),
		cmocka_unit_test(the_users_types_win),
		cmocka_unit_test(more_types_than_arguments_are_told),
		cmocka_unit_test(the_table_names_and_types_known_markers),
		cmocka_unit_test(a_string_takes_its_length_from_another_argument),
		cmocka_unit_test(what_cannot_be_read_is_one_argument_of_one_site),
		cmocka_unit_test(numbers_go_before_texts_where_not_all_fit),
		cmocka_unit_test(thirty_arguments_are_kept_as_far_as_the_plan_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
