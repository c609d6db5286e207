/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "tests/unit/unit.h"

static void sites_are_asked_for(void **state)
{
	(void)state;
	const struct compile_options options = {0};
	struct probe_set set;
	struct probe *probe;
	struct probe_site *call, *other;
	assert_ok(probe_set_init(&set, &options));
	assert_false(probe_set_has_kind(&set, SITE_ENTRY));
	assert_false(probe_set_has_flags(&set, SITE_GO));
	assert_ok(probe_set_add_probe(&set, &probe));
	assert_ok(probe_set_add_site(&set, probe, &call));
	assert_ok(probe_set_add_site(&set, probe, &other));
	call->wire.kind = SITE_ENTRY;
	call->wire.flags = SITE_STACK;
	other->wire.kind = SITE_INSTANT;
	other->wire.flags = SITE_GO | SITE_GO_KEPT;
	assert_true(probe_set_has_kind(&set, SITE_ENTRY));
	assert_true(probe_set_has_kind(&set, SITE_INSTANT));
	assert_false(probe_set_has_kind(&set, SITE_RETURN));
	assert_true(probe_set_has_flags(&set, SITE_STACK));
	assert_true(probe_set_has_flags(&set, SITE_GO | SITE_GO_KEPT));
	assert_false(probe_set_has_flags(&set, SITE_GO | SITE_STACK));
	/* As a marker is, that another spec has named before. */
	other->wire.kind = 0;
	assert_false(probe_set_has_kind(&set, SITE_INSTANT));
	assert_true(probe_set_has_flags(&set, SITE_GO));
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
