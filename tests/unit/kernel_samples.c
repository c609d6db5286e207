/* SPDX-License-Identifier: Apache-2.0 */
/* `cpu:HZ` becomes the one site that there is for it. */
#include "tests/unit/unit.h"

#include "kernel/samples.h"
#include "probe/spec.h"

static struct err *add(struct probe_set *set, const char *text)
{
	struct spec_list specs = {0};
	struct err *e = spec_parse(text, &specs);
	for (size_t i = 0; !e && i < specs.count; i++)
		e = samples_add_probe(set, &specs.items[i]);
	spec_list_deinit(&specs);
	return e;
}

static void refused(struct probe_set *set, const char *text)
{
	struct err *e = add(set, text);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_USAGE);
	err_free(e);
}

static void one_site(void **state)
{
	struct probe_set set;
	(void)state;
	assert_ok(probe_set_init(&set, &(struct compile_options){0}));
	assert_null(samples_site(&set));
	assert_ok(add(&set, "cpu:49"));
	const struct probe_site *site = samples_site(&set);
	assert_non_null(site);
	assert_int_equal(samples_hz(site), 49);
	assert_int_equal(site->wire.kind, SITE_INSTANT);
	assert_int_equal(site->wire.flags, SITE_SAMPLE);
	assert_string_equal(site->probe->module, "cpu");
	assert_string_equal(site->probe->name, "49");
	/* The same again is the same. */
	assert_ok(add(&set, "cpu:49"));
	assert_int_equal(set.repeated, 1);
	assert_int_equal(set.sites.count, 2);
	refused(&set, "cpu:50");
	assert_ok(add(&set, "!cpu:"));
	assert_null(samples_site(&set));
	assert_ok(add(&set, "cpu:"));
	assert_int_equal(samples_hz(samples_site(&set)), SAMPLES_HZ);
	probe_set_deinit(&set);
}

static void no_frequencies(void **state)
{
	static const char *const texts[] = {"cpu:0",	 "cpu:x",  "cpu:9x",
					    "cpu:10001", "cpu:9*", "cpu:99999999999999999999"};
	struct probe_set set;
	(void)state;
	assert_ok(probe_set_init(&set, &(struct compile_options){0}));
	for (size_t i = 0; i < array_size(texts); i++)
		refused(&set, texts[i]);
	assert_null(samples_site(&set));
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_site),
		cmocka_unit_test(no_frequencies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
