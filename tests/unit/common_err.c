/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

static void text_has_all_lines(void **state)
{
	(void)state;
	struct err *e = err_new(ERR_FAILED, ENOENT, "opening '%s'", "/x");
	e = err_wrap(e, "reading notes");
	e = err_wrap(e, "attaching to pid %d", 7);
	e = err_hint(e, "check the path");
	char *text = err_text(e, "utrail");
	assert_string_equal(text, "utrail: opening '/x'\n"
				  "  while: reading notes\n"
				  "  while: attaching to pid 7\n"
				  "  why:   No such file or directory\n"
				  "  hint:  check the path\n");
	assert_int_equal(err_errno(e), ENOENT);
	free(text);
	err_free(e);
}

static void a_hint_of_two_lines_keeps_its_indent(void **state)
{
	(void)state;
	struct err *e = err_hint(err_new(ERR_USAGE, 0, "bad spec"), "one\ntwo");
	char *text = err_text(e, "utrail");
	assert_string_equal(text, "utrail: bad spec\n  hint:  one\n         two\n");
	free(text);
	err_free(e);
}

static void success_passes_through(void **state)
{
	(void)state;
	assert_null(err_wrap(NULL, "doing"));
	assert_null(err_hint(NULL, "hint"));
	assert_ptr_equal(err_wrap(&err_nomem, "doing"), &err_nomem);
	err_free(NULL);
	err_free(&err_nomem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_all_lines),
		cmocka_unit_test(a_hint_of_two_lines_keeps_its_indent),
		cmocka_unit_test(success_passes_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
