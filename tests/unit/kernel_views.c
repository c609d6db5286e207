/* SPDX-License-Identifier: Apache-2.0 */
/* What specs mean in the kernel's views: events as sites, with their fields. */
#include "tests/unit/unit.h"

#include "kernel/views.h"

static struct probe_set set;
/* Conditions point into the specs. */
static struct spec_list kept[16];
static size_t n_kept;

static struct err *add(const char *text)
{
	struct spec_list *specs = &kept[n_kept++];
	struct err *e = spec_parse(text, specs);
	for (size_t i = 0; !e && i < specs->count; i++)
		e = views_add_probes(&set, &specs->items[i]);
	return e;
}

static void refused(const char *text, const char *hint)
{
	struct err *e = add(text);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_USAGE);
	if (!strstr(err_advice(e), hint))
		fail_msg("%s", err_advice(e));
	err_free(e);
}

static int begin(void **state)
{
	(void)state;
	return probe_set_init(&set, &(struct compile_options){.string_limit = 4}) != NULL;
}

static int end(void **state)
{
	(void)state;
	while (n_kept)
		spec_list_deinit(&kept[--n_kept]);
	memset(kept, 0, sizeof(kept));
	probe_set_deinit(&set);
	return 0;
}

static const struct probe_site *site_of(enum view_number number)
{
	uint32_t id = views_site(&set, number);
	return id ? set.sites.items[id] : NULL;
}

static void bare_word_is_some(void **state)
{
	(void)state;
	assert_false(views_want(&set, PROBE_TCP));
	assert_ok(add("tcp"));
	assert_true(views_want(&set, PROBE_TCP));
	assert_non_null(site_of(VIEW_TCP_CONNECT));
	assert_non_null(site_of(VIEW_TCP_RETRANSMIT));
	assert_null(site_of(VIEW_TCP_STATE));
	assert_ok(add("tcp:"));
	assert_non_null(site_of(VIEW_TCP_STATE));
	assert_int_equal(set.repeated, 6);
	assert_ok(add("!tcp:state"));
	assert_null(site_of(VIEW_TCP_STATE));
	assert_ok(add("!tcp"));
	assert_false(views_want(&set, PROBE_TCP));
	assert_ok(add("tcp:st*"));
	assert_non_null(site_of(VIEW_TCP_STATE));
}

static const struct value *value_of(const struct probe_site *site, const char *name)
{
	for (size_t i = 0; i < site->arguments.count; i++)
		if (strcmp(site->arguments.items[i].name, name) == 0)
			return &site->arguments.items[i];
	return NULL;
}

static void fields_are_arguments(void **state)
{
	(void)state;
	assert_ok(add("tcp:close"));
	const struct probe_site *site = site_of(VIEW_TCP_CLOSE);
	assert_int_equal(site->wire.kind, SITE_INSTANT);
	assert_int_equal(site->wire.flags, SITE_VIEW);
	assert_string_equal(site->probe->module, "tcp");
	assert_string_equal(site->probe->name, "close");
	assert_string_equal(probe_kind_name(site->probe->kind), "tcp");
	assert_string_equal(site->view->fields[0].name, "local");
	assert_int_equal(site->arguments.count, site->view->n_fields);
	for (size_t i = 0; i < site->arguments.count; i++) {
		assert_string_equal(site->arguments.items[i].name, site->view->fields[i].name);
		assert_true(site->arguments.items[i].slot >= 0);
		assert_int_equal(site->arguments.items[i].quiet, site->view->fields[i].quiet);
	}
	assert_true(value_of(site, "port")->quiet);
	assert_false(value_of(site, "sent")->quiet);
	/* Every one in its record, whatever -s says. */
	for (uint16_t i = 0; i < site->entry_plan->n_ops; i++) {
		const struct fetch_op *op = &site->entry_plan->ops[i];
		if (op->code == FETCH_BYTES)
			assert_true((size_t)op->imm >= sizeof(struct view_endpoint));
		if (op->code == FETCH_ADD)
			assert_true((size_t)op->imm < sizeof(struct tcp_record));
	}
}

static void conditions_know_the_fields(void **state)
{
	(void)state;
	assert_ok(add("tcp:close if dur > 1s && port == 443 || sent > 100"));
	assert_non_null(site_of(VIEW_TCP_CLOSE)->filter);
	assert_true(site_of(VIEW_TCP_CLOSE)->filter->at_return);
	assert_ok(add("tcp:retransmit if state == SYN_SENT"));
	assert_non_null(site_of(VIEW_TCP_RETRANSMIT)->filter);
	assert_ok(add("tcp:reset_* if port == 443 && state != CLOSE"));
	assert_non_null(site_of(VIEW_TCP_RESET_SENT)->filter);
	assert_non_null(site_of(VIEW_TCP_RESET_RECEIVED)->filter);
}

static void patterns_leave_out(void **state)
{
	(void)state;
	/* Of several, those that lack what it names are left out. */
	assert_ok(add("tcp:* if result < 0"));
	assert_non_null(site_of(VIEW_TCP_CONNECT));
	assert_null(site_of(VIEW_TCP_ACCEPT));
	assert_int_equal(set.notes.count, 5);
}

static void blocks_are_another(void **state)
{
	(void)state;
	assert_ok(add("block if op == READ && device == \"vda\" && dur > 10ms"));
	const struct probe_site *site = site_of(VIEW_BLOCK_IO);
	assert_non_null(site);
	assert_string_equal(site->probe->module, "block");
	assert_false(views_want(&set, PROBE_TCP));
	assert_true(views_want(&set, PROBE_BLOCK));
	assert_int_equal(value_of(site, "device")->type->kind, TYPE_STRING);
	assert_ok(add("!block"));
	assert_false(views_want(&set, PROBE_BLOCK));
	assert_ptr_equal(view_of_kind(PROBE_BLOCK), &view_block);
}

static void what_is_refused(void **state)
{
	struct err *e;
	(void)state;
	refused("tcp:foo", "tcp:connect, tcp:accept");
	assert_ok(add("?tcp:foo"));
	assert_non_null(e = add("tcp:state if dur > 1"));
	err_free(e);
	assert_non_null(e = add("tcp:connect if uid == 0"));
	err_free(e);
	assert_non_null(e = add("tcp:connect if nothing == 0"));
	err_free(e);
	assert_null(view_of_kind(PROBE_CALL));
	assert_ptr_equal(view_of_kind(PROBE_TCP), &view_tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bare_word_is_some, begin, end),
		cmocka_unit_test_setup_teardown(fields_are_arguments, begin, end),
		cmocka_unit_test_setup_teardown(conditions_know_the_fields, begin, end),
		cmocka_unit_test_setup_teardown(patterns_leave_out, begin, end),
		cmocka_unit_test_setup_teardown(blocks_are_another, begin, end),
		cmocka_unit_test_setup_teardown(what_is_refused, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
