/* SPDX-License-Identifier: Apache-2.0 */
/* From specs to probes and sites, over a library that the build makes (uprobe_functions.c). */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "probe/regs.h"
#include "uprobe/match.h"
#include "uprobe/uprobe.h"

struct fixture {
	struct probe_set set;
	struct image *image;
	struct spec_list specs;
};

static int set_up(void **state)
{
	const struct compile_options options = {.string_limit = 32, .depth = 1};
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_ok(probe_set_init(&f->set, &options));
	assert_ok(image_open(FUNCTIONS_PATH, -1, &f->image));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	probe_set_deinit(&f->set);
	image_close(f->image);
	spec_list_deinit(&f->specs);
	free(f);
	return 0;
}

static struct err *add_with(struct fixture *f, const char *text,
			    const struct uprobe_options *options)
{
	size_t first = f->specs.count;
	struct err *e = spec_parse(text, &f->specs);
	for (size_t i = first; !e && i < f->specs.count; i++)
		e = uprobe_add_probes(&f->set, f->image, "lib", &f->specs.items[i], options);
	return e;
}

static struct err *add(struct fixture *f, const char *text, enum return_mode mode)
{
	const struct uprobe_options options = {
		.return_mode = mode, .return_why = "the test says so", .max_probes = 1000};
	return add_with(f, text, &options);
}

static struct probe_site *site(struct fixture *f, size_t id)
{
	assert_true(id < f->set.sites.count);
	return f->set.sites.items[id];
}

static uint64_t address_of(struct fixture *f, const char *symbol)
{
	uint64_t address;
	assert_true(image_symbol_address(f->image, symbol, &address));
	return address;
}

static uint64_t site_address(struct fixture *f, size_t id)
{
	uint64_t address;
	assert_true(image_address_of(f->image, site(f, id)->offset, &address));
	return address;
}

static uint8_t byte_at(struct fixture *f, size_t id)
{
	uint8_t byte;
	assert_ok(image_read(f->image, site(f, id)->offset, &byte, 1));
	return byte;
}

static void a_call_by_trampoline_has_one_site(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_frame", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 1);
	assert_int_equal(f->set.sites.count, 2);
	const struct probe_site *entry = site(f, 1);
	assert_int_equal(entry->wire.kind, SITE_ENTRY);
	assert_int_equal(entry->wire.flags, SITE_HAS_RETURN | SITE_TRAMPOLINE);
	assert_int_equal(entry->wire.owner, 1);
	assert_ptr_equal(entry->image, f->image);
	/* gcc -fcf-protection: endbr64, then a push. */
	assert_int_equal(site_address(f, 1), address_of(f, "with_frame") + 4);
	assert_true(entry->emulated);
	assert_non_null(strstr(entry->instruction, "push"));
	assert_string_equal(entry->probe->name, "with_frame");
	assert_string_equal(entry->probe->symbol, "with_frame");
	assert_string_equal(entry->probe->module, "lib");
	assert_string_equal(entry->probe->return_form, "trampoline");
	assert_string_equal(entry->probe->return_why, "the test says so");
}

static void a_call_by_sites_has_one_for_each_return(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_frame", RETURN_SITE));
	assert_int_equal(site(f, 1)->wire.flags, SITE_HAS_RETURN);
	assert_string_equal(site(f, 1)->probe->return_form, "site");
	assert_true(f->set.sites.count > 2);
	for (size_t i = 2; i < f->set.sites.count; i++) {
		assert_int_equal(site(f, i)->wire.kind, SITE_RETURN);
		assert_int_equal(site(f, i)->wire.owner, 1);
		assert_int_equal(site(f, i)->wire.flags, 0);
		assert_ptr_equal(site(f, i)->return_plan, site(f, 1)->return_plan);
		assert_int_equal(byte_at(f, i), 0xc3);
	}
}

static void a_tail_jump_ends_the_call_without_a_result(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "hands_over", RETURN_SITE));
	assert_int_equal(f->set.sites.count, 3);
	assert_int_equal(site(f, 2)->wire.flags, SITE_TAIL_CALL);
	assert_null(site(f, 2)->return_plan);
	assert_non_null(strstr(site(f, 2)->instruction, "jmp"));
	assert_true(site(f, 2)->emulated);
}

static void types_come_from_the_image_and_the_spec(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_frame", RETURN_TRAMPOLINE));
	const struct probe_site *entry = site(f, 1);
	assert_int_equal(entry->arguments.count, 2);
	assert_string_equal(entry->arguments.items[0].name, "text");
	assert_int_equal(entry->arguments.items[0].type->kind, TYPE_STRING);
	assert_string_equal(entry->arguments.items[1].name, "n");
	assert_int_equal(entry->entry_plan->ops[0].code, FETCH_REG);
	assert_int_equal(entry->entry_plan->ops[0].reg, X86_RDI);
	assert_int_equal(entry->results.count, 1);
	assert_string_equal(entry->results.items[0].name, "");
	assert_int_equal(entry->return_plan->ops[0].reg, X86_RAX);
	/* Half by hand. */
	assert_ok(add(f, "recursive(hex)", RETURN_TRAMPOLINE));
	entry = site(f, 2);
	assert_int_equal(entry->arguments.count, 1);
	assert_int_equal(entry->arguments.items[0].type->kind, TYPE_HEX);
	assert_string_equal(entry->arguments.items[0].name, "arg1");
	assert_int_equal(entry->results.items[0].type->kind, TYPE_INT);
}

static size_t count_code(const struct fetch_plan *plan, uint8_t code)
{
	size_t count = 0;
	for (uint16_t i = 0; plan && i < plan->n_ops; i++)
		count += plan->ops[i].code == code;
	return count;
}

/* The address and its length are kept at the entry, and used at the return. */
static void what_a_call_fills_in_is_read_at_its_return(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_frame(buf:arg2, int)", RETURN_TRAMPOLINE));
	const struct probe_site *entry = site(f, 1);
	assert_int_equal(entry->arguments.count, 2);
	assert_true(entry->arguments.items[0].at_return);
	assert_false(entry->arguments.items[1].at_return);
	assert_int_equal(count_code(entry->entry_plan, FETCH_KEEP), 2);
	assert_int_equal(entry->results.count, 1);
	assert_int_equal(entry->arguments.items[0].slot, 1);
	assert_int_equal(count_code(entry->return_plan, FETCH_BYTES), 1);
	/* Nothing but the result tells: one word. */
	assert_ok(add(f, "hands_over(buf:ret)", RETURN_TRAMPOLINE));
	assert_int_equal(count_code(site(f, 2)->entry_plan, FETCH_KEEP), 1);
	assert_int_equal(site(f, 2)->arguments.items[0].filled_by, FILLED_BY_OK);
	/* No return is seen: an address, and nothing is kept for it. */
	assert_ok(add(f, "uprobe:recursive(buf:arg2, int)", RETURN_TRAMPOLINE));
	assert_int_equal(count_code(site(f, 3)->entry_plan, FETCH_KEEP), 0);
	assert_int_equal(site(f, 3)->arguments.items[0].type->kind, TYPE_POINTER);
	assert_ok(add(f, "never_returns(buf:8)", RETURN_SITE));
	entry = site(f, 4);
	assert_int_equal(entry->wire.flags, 0);
	assert_int_equal(entry->arguments.items[0].type->kind, TYPE_POINTER);
}

/* What is too much says so, and does not take the place of what fits. */
static void words_that_do_not_fit_are_told(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "recursive(out str, out str, out str, out str, out str, out str, out str)",
		      RETURN_TRAMPOLINE));
	const struct value_list *list = &site(f, 1)->arguments;
	assert_int_equal(list->count, 7);
	for (size_t i = 0; i < REGS_KEPT; i++)
		assert_null(list->items[i].unavailable);
	assert_string_equal(list->items[6].unavailable, "too many values");
}

static void what_pointers_lead_to_is_read_again_for_changes(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "nothing_back", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->n_changes, 0);
	f->set.options.changes = true;
	assert_ok(add(f, "with_frame", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 2)->n_changes, 0); /* a string is const for us */
	f->set.sites.count = 1;
	assert_ok(add(f, "nothing_back", RETURN_TRAMPOLINE));
	const struct probe_site *entry = site(f, 1);
	assert_int_equal(entry->n_changes, 1);
	assert_ptr_equal(entry->changes[0].before, &entry->arguments.items[0]);
	assert_string_equal(entry->changes[0].after->name, entry->changes[0].before->name);
	assert_int_equal(entry->results.count, 0);
	assert_int_equal(count_code(entry->entry_plan, FETCH_KEEP), 1);
}

static void without_types_the_result_is_a_number(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_data", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->arguments.count, 0);
	assert_null(site(f, 1)->entry_plan);
	assert_int_equal(site(f, 1)->results.items[0].type->kind, TYPE_UNKNOWN);
}

static void what_has_no_result_shows_none(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "nothing_back", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->results.count, 0);
	assert_null(site(f, 1)->return_plan);
	assert_ok(add(f, "in_floats", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, 2)->arguments.items[0].unavailable, "in xmm0");
	assert_null(site(f, 2)->arguments.items[1].unavailable);
	assert_string_equal(site(f, 2)->results.items[0].unavailable, "in xmm0");
}

/* What lists functions says of each what a trace would do. */
static void the_entry_is_where_the_probe_goes(void **state)
{
	struct fixture *f = *state;
	const struct function *functions;
	size_t count, refused = 0, behind_landing = 0;
	assert_ok(image_functions(f->image, &functions, &count));
	for (size_t i = 0; i < count; i++) {
		struct instruction entry;
		const char *why;
		size_t sites = f->set.sites.count;
		assert_ok(uprobe_find_entry(f->image, &functions[i], &f->set.arena, &entry, &why));
		struct err *e = add(f, functions[i].symbol, RETURN_TRAMPOLINE);
		if (!entry.length) {
			assert_non_null(e);
			assert_non_null(strstr(err_reason(e), why));
			refused++;
		} else if (!e && f->set.sites.count > sites) { /* else: an alias */
			assert_int_equal(site_address(f, sites), entry.address);
			assert_int_equal(site(f, sites)->emulated, entry.emulated);
			behind_landing += entry.address != functions[i].address;
		}
		assert_true(!e || !entry.length);
		err_free(e);
	}
	assert_true(refused > 2 && behind_landing > 2);
}

static void some_functions_go_by_sites_all_the_same(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "_setjmp", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, 1)->probe->return_form, "site");
	assert_non_null(strstr(site(f, 1)->probe->return_why, "its own return address"));
	size_t recursive = f->set.sites.count;
	assert_ok(add(f, "recursive", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, recursive)->probe->return_form, "site");
	assert_non_null(strstr(site(f, recursive)->probe->return_why, "calls itself"));
}

static void a_symbol_alone_does_not_prove_an_entry(void **state)
{
	struct fixture *f = *state;
	assert_err(add(f, "inside", RETURN_TRAMPOLINE), ERR_FAILED, "no function begins there");
	assert_err(add(f, "inside", RETURN_SITE), ERR_FAILED, "no function begins there");
	assert_err(add(f, "operand", RETURN_SITE), ERR_FAILED, "another function's symbol");
	size_t around = f->set.sites.count;
	assert_ok(add(f, "around", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, around)->probe->return_form, "trampoline");
	size_t untold = f->set.sites.count;
	assert_ok(add(f, "untold", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, untold)->probe->return_form, "site");
	assert_non_null(strstr(site(f, untold)->probe->return_why, "no unwind tables"));
}

static void the_user_may_insist_on_the_trampoline(void **state)
{
	struct fixture *f = *state;
	const struct uprobe_options options = {
		.return_mode = RETURN_TRAMPOLINE, .return_forced = true, .max_probes = 10};
	assert_ok(add_with(f, "recursive", &options));
	assert_string_equal(site(f, 1)->probe->return_form, "trampoline");
}

static void unseen_returns_are_told(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_data", RETURN_SITE));
	assert_int_equal(f->set.sites.count, 2);
	assert_int_equal(site(f, 1)->wire.flags, 0);
	assert_string_equal(site(f, 1)->probe->return_form, "none");
	assert_non_null(strstr(site(f, 1)->probe->return_why, "nothing leads to"));
	assert_ok(add(f, "never_returns", RETURN_SITE));
	assert_string_equal(site(f, 2)->probe->return_form, "none");
	assert_string_equal(site(f, 2)->probe->return_why, "it never returns");
	assert_err(add(f, "uretprobe:lib:with_data", RETURN_SITE), ERR_FAILED,
		   "its return cannot be seen");
}

static void aliases_are_one_probe_under_the_asked_name(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "other_name", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 1);
	assert_string_equal(site(f, 1)->probe->name, "other_name");
	/* The same function by another name: there already. */
	assert_ok(add(f, "shared_callee", RETURN_TRAMPOLINE));
	assert_ok(add(f, "other_*", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 1);
	assert_int_equal(f->set.sites.count, 2);
	/* Another kind is another wish. */
	assert_ok(add(f, "uprobe:lib:shared_callee", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 2);
}

static void a_call_and_its_return_are_one_span(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "uretprobe:lib:shared_callee", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->probe->kind, PROBE_URETPROBE);
	assert_ok(add(f, "shared_callee", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.sites.count, 2);
	assert_int_equal(site(f, 1)->probe->kind, PROBE_CALL);
	assert_ok(add(f, "uretprobe:lib:shared_callee", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.sites.count, 2);
	assert_int_equal(f->set.notes.count, 1);
	assert_non_null(strstr(f->set.notes.items[0].text, "its calls show their returns"));
	assert_err(add(f, "uretprobe:lib:shared_callee if ret > 1", RETURN_TRAMPOLINE), ERR_USAGE,
		   "with terms of its own");
}

static void patterns_go_on_without_what_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "/^(looping|with_frame|indirect)$/", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 1);
	assert_int_equal(f->set.notes.count, 2);
	bool loop = false, resolver = false;
	for (size_t i = 0; i < 2; i++) {
		loop |= strstr(f->set.notes.items[i].text, "lib:looping: not probed: a loop") != 0;
		resolver |= strstr(f->set.notes.items[i].text, "lib:indirect: not probed") != 0;
	}
	assert_true(loop && resolver);
	assert_ok(add(f, "no_such_*", RETURN_TRAMPOLINE));
	assert_ok(add(f, "no_such", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 1);
}

static void names_that_are_refused_are_errors(void **state)
{
	struct fixture *f = *state;
	assert_err(add(f, "looping", RETURN_TRAMPOLINE), ERR_FAILED, "a loop");
	assert_err(add(f, "indirect", RETURN_TRAMPOLINE), ERR_FAILED, "IFUNC");
	assert_err(add(f, "with_frame(ns::Type)", RETURN_TRAMPOLINE), ERR_USAGE,
		   "no function of that name has these parameters");
	/* Whoever asked tells that there is no such file. */
	assert_ok(add(f, "lib:@nosuchfile.c:12", RETURN_TRAMPOLINE));
	assert_int_equal(f->set.probes.count, 0);
}

/* The fixture's own source: a function's code begins at its brace, in the line behind its name. */
static void lines_have_probes(void **state)
{
	struct fixture *f = *state;
	const struct function *functions;
	size_t count, found = 0;
	assert_ok(image_functions(f->image, &functions, &count));
	for (size_t i = 0; i < count; i++) {
		const char *file;
		unsigned int line;
		char spec[512];
		if (strcmp(functions[i].symbol, "with_frame") != 0 ||
		    !image_source_line(f->image, &functions[i], &file, &line))
			continue;
		snprintf(spec, sizeof(spec), "lib:@%s:%u", file, line + 1);
		assert_ok(add(f, spec, RETURN_TRAMPOLINE));
		found++;
	}
	assert_int_equal(found, 1);
	assert_true(f->set.probes.count >= 1);
	for (size_t i = 1; i < f->set.sites.count; i++)
		assert_int_equal(f->set.sites.items[i]->wire.kind, SITE_INSTANT);
	assert_non_null(strstr(f->set.probes.items[0]->name, "with_frame@uprobe_functions.c:"));
}

static void offsets_must_start_instructions(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "with_nop5+0x6", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->wire.kind, SITE_INSTANT);
	assert_int_equal(site(f, 1)->probe->kind, PROBE_UPROBE);
	assert_string_equal(site(f, 1)->probe->name, "with_nop5+0x6");
	assert_string_equal(site(f, 1)->instruction, "pop %rax");
	assert_int_equal(site(f, 1)->arguments.count, 0);
	assert_err(add(f, "with_nop5+0x1", RETURN_TRAMPOLINE), ERR_USAGE, "5-byte nop");
	assert_err(add(f, "with_nop5+0x2", RETURN_TRAMPOLINE), ERR_USAGE,
		   "not the start of an instruction");
	assert_err(add(f, "with_nop5+0x8", RETURN_TRAMPOLINE), ERR_USAGE, "0x8 bytes");
	assert_err(add(f, "with_data+0x5", RETURN_TRAMPOLINE), ERR_USAGE, "nothing leads to");
	/* What flow reaches is certain, whatever else is in there. */
	assert_ok(add(f, "with_data+0x2", RETURN_TRAMPOLINE));
	assert_string_equal(site(f, 2)->instruction, "ret");
	/* The same as the function itself. */
	assert_ok(add(f, "uprobe:lib:with_nop5+0", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 3)->offset + 6, site(f, 1)->offset);
}

static void addresses_are_those_of_the_symbol_table(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *start = NULL, *inside = NULL, *data = NULL;
	uint64_t address = address_of(f, "with_nop5");
	assert_true(asprintf(&start, "lib:0x%lx", (unsigned long)address) > 0);
	assert_true(asprintf(&inside, "lib:0x%lx", (unsigned long)address + 6) > 0);
	assert_true(asprintf(&data, "lib:0x%lx", (unsigned long)address_of(f, "sink")) > 0);
	assert_ok(add(f, inside, RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 1)->wire.kind, SITE_INSTANT);
	assert_string_equal(site(f, 1)->probe->name, "with_nop5+0x6");
	assert_int_equal(site_address(f, 1), address + 6);
	assert_err(add(f, data, RETURN_TRAMPOLINE), ERR_USAGE, "no such address");
	assert_err(add(f, "lib:0xffffffffffff0000", RETURN_TRAMPOLINE), ERR_USAGE,
		   "no such address");
	/* The ELF header: loaded, but no text. */
	assert_err(add(f, "lib:0x10", RETURN_TRAMPOLINE), ERR_USAGE, "text");
	size_t before = f->set.sites.count;
	assert_ok(add(f, start, RETURN_TRAMPOLINE));
	assert_string_equal(site(f, before)->probe->name, "with_nop5");
}

static void entries_alone_are_instants(void **state)
{
	struct fixture *f = *state;
	assert_ok(add(f, "uprobe:lib:with_frame", RETURN_SITE));
	assert_int_equal(f->set.sites.count, 2);
	assert_int_equal(site(f, 1)->wire.kind, SITE_INSTANT);
	assert_int_equal(site(f, 1)->arguments.count, 2);
	assert_int_equal(site(f, 1)->results.count, 0);
	assert_ok(add(f, "uretprobe:lib:with_frame", RETURN_TRAMPOLINE));
	assert_int_equal(site(f, 2)->probe->kind, PROBE_URETPROBE);
	assert_int_equal(site(f, 2)->wire.kind, SITE_ENTRY);
	assert_int_equal(site(f, 2)->arguments.count, 0);
	assert_int_equal(site(f, 2)->results.count, 1);
}

static void too_many_matches_add_nothing(void **state)
{
	struct fixture *f = *state;
	const struct uprobe_options options = {.return_mode = RETURN_TRAMPOLINE, .max_probes = 2};
	assert_err(add_with(f, "with_*", &options), ERR_USAGE,
		   "3 functions match, more than --max-probes=2");
	assert_int_equal(f->set.probes.count, 0);
	assert_ok(add_with(f, "with_data", &options));
	assert_err(add_with(f, "recurs*,with_*", &options), ERR_USAGE, "2 were there before");
}

static void rust_names_are_known_by_their_form(void **state)
{
	(void)state;
	assert_true(match_is_rust("_RNvC3app4main"));
	assert_true(match_is_rust("_ZN3app4main17h0123456789abcdefE"));
	assert_false(match_is_rust("_ZN3app4mainEv"));
	assert_false(match_is_rust("_ZN3app4main17h0123456789abcdeE"));
	assert_false(match_is_rust("malloc"));
	assert_false(match_is_rust("17h0123456789abcdefE"));
}

#define IN_SET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SET(a_call_by_trampoline_has_one_site),
		IN_SET(a_call_by_sites_has_one_for_each_return),
		IN_SET(a_tail_jump_ends_the_call_without_a_result),
		IN_SET(types_come_from_the_image_and_the_spec),
		IN_SET(what_a_call_fills_in_is_read_at_its_return),
		IN_SET(words_that_do_not_fit_are_told),
		IN_SET(what_pointers_lead_to_is_read_again_for_changes),
		IN_SET(without_types_the_result_is_a_number),
		IN_SET(what_has_no_result_shows_none),
		IN_SET(the_entry_is_where_the_probe_goes),
		IN_SET(some_functions_go_by_sites_all_the_same),
		IN_SET(a_symbol_alone_does_not_prove_an_entry),
		IN_SET(the_user_may_insist_on_the_trampoline),
		IN_SET(unseen_returns_are_told),
		IN_SET(aliases_are_one_probe_under_the_asked_name),
		IN_SET(a_call_and_its_return_are_one_span),
		IN_SET(patterns_go_on_without_what_is_refused),
		IN_SET(names_that_are_refused_are_errors),
		IN_SET(lines_have_probes),
		IN_SET(offsets_must_start_instructions),
		IN_SET(addresses_are_those_of_the_symbol_table),
		IN_SET(entries_alone_are_instants),
		IN_SET(too_many_matches_add_nothing),
		cmocka_unit_test(rust_names_are_known_by_their_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
