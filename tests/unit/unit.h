/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/unit.h — cmocka with the headers that it wants first, and checks for struct err. */
#ifndef UTRAIL_TESTS_UNIT_H
#define UTRAIL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

#define assert_ok(call)                                                             \
	do {                                                                        \
		struct err *assert_ok_e = (call);                                   \
		if (assert_ok_e) {                                                  \
			char *assert_ok_text = err_text(assert_ok_e, "unexpected"); \
			print_error("%s\n", assert_ok_text);                        \
			free(assert_ok_text);                                       \
			err_free(assert_ok_e);                                      \
			fail();                                                     \
		}                                                                   \
	} while (0)

/* xorshift64, the same in each run; not from 0. */
static inline uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* The call must fail with this kind, and its whole text must contain `part`. */
#define assert_err(call, expected_kind, part)                                                 \
	do {                                                                                  \
		struct err *assert_err_e = (call);                                            \
		assert_non_null(assert_err_e);                                                \
		char *assert_err_text = err_text(assert_err_e, "utrail");                     \
		if (err_kind(assert_err_e) != (expected_kind) ||                              \
		    !strstr(assert_err_text, (part))) {                                       \
			print_error("kind %d, wanted %d; text:\n%s\nwanted: %s\n",            \
				    err_kind(assert_err_e), (expected_kind), assert_err_text, \
				    (part));                                                  \
			fail();                                                               \
		}                                                                             \
		free(assert_err_text);                                                        \
		err_free(assert_err_e);                                                       \
	} while (0)

#endif
