/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/err.h — errors as objects: who, what, why, hint.
 *
 * A function that can fail returns `struct err *`: NULL means success, and the out-parameters are
 * written only then. The place that meets the failure says what failed and why; each layer above
 * may add what it was doing; only cli/ prints. The caller owns the error and ends it with
 * err_free() or by returning it.
 *
 *	utrail: usdt 'libpq:query__start': no such probe in '/usr/lib/libpq.so.5'
 *	  while: attaching to pid 4242 (postgres)
 *	  why:   12 probes, provider 'postgresql', none named 'query__start'
 *	  hint:  list them with 'utrail list /usr/lib/libpq.so.5 usdt:*'
 *
 * Calls chain with `e = e ?: step();`, as the first failure wins.
 */
#ifndef UTRAIL_COMMON_ERR_H
#define UTRAIL_COMMON_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define must_check	  __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* The value is the exit status of the program. */
enum err_kind {
	ERR_FAILED = 1,	     /* the work could not be done */
	ERR_USAGE = 2,	     /* bad command line, bad spec, nothing matches */
	ERR_PERMISSION = 3,  /* a privilege is missing */
	ERR_UNSUPPORTED = 5, /* this kernel (or this build) lacks it */
	ERR_BUG = 6,	     /* cannot happen */
};

struct err;

/* Out of memory, as a static object: reporting it cannot fail, err_free() ignores it. */
extern struct err err_nomem;

/* What failed. `errnum` > 0 becomes the why ("No such file or directory"); 0: none yet. Never NULL.
 */
struct err *err_new(enum err_kind kind, int errnum, const char *what, ...) must_check
	printf_like(3, 4);

/* Each returns `e` itself; the last why and hint win, `while` lines stack up innermost first. */
struct err *err_why(struct err *e, const char *why, ...) must_check printf_like(2, 3);
struct err *err_hint(struct err *e, const char *hint, ...) must_check printf_like(2, 3);
/* NULL in, NULL out: `return err_wrap(step(), "doing X")` works for success too. */
struct err *err_wrap(struct err *e, const char *doing, ...) must_check printf_like(2, 3);

enum err_kind err_kind(const struct err *e);
int err_errno(const struct err *e);	     /* 0 when no system call was to blame */
const char *err_what(const struct err *e);   /* the first line alone, without "utrail: " */
const char *err_reason(const struct err *e); /* the why, or "" */
const char *err_advice(const struct err *e); /* the hint, or "" */

/* The whole text, as above, ending in a newline. Free it; NULL when out of memory. */
char *err_text(const struct err *e, const char *program) must_check;

#ifdef __clang_analyzer__
/* It sees no body, and would follow paths on which a failed function returns success. */
#define err_assume(call)                         \
	({                                       \
		struct err *e_ = (call);         \
		if (!e_)                         \
			__builtin_unreachable(); \
		e_;                              \
	})
#define err_new(...) err_assume((err_new)(__VA_ARGS__))
/* Of a failure: nobody explains a success. */
#define err_why(...)  err_assume((err_why)(__VA_ARGS__))
#define err_hint(...) err_assume((err_hint)(__VA_ARGS__))
#endif

void err_free(struct err *e);
static inline void err_freep(struct err **e)
{
	err_free(*e);
}

#endif
