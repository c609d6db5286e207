/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/redact.h — hides what looks like a secret in commands, arguments and strings: `***`.
 *
 * Best effort: it knows the usual shapes (--password=..., PASSWORD=..., tokens, Authorization
 * headers, passwords in URLs, mysql's -p..., keys of AWS and others) and the patterns that the user
 * gives. What it does not know is shown. Want of memory hides everything.
 */
#ifndef UTRAIL_OUTPUT_REDACT_H
#define UTRAIL_OUTPUT_REDACT_H

#include <stddef.h>

#include "common/err.h"

struct redact;

/*
 * With the usual shapes, and `patterns`: POSIX extended regular expressions, of which all that
 * matches is hidden, or what the first group matches where there is one. A bad one is ERR_USAGE.
 */
struct err *redact_create(const char *const *patterns, size_t n_patterns,
			  struct redact **ret) must_check;
void redact_destroy(struct redact *redact); /* NULL is fine */

/* Bytes; those of a result last until the next call. */
struct redacted {
	const char *bytes;
	size_t size;
};

/* A command as typed, or any other text. NULL for `redact` changes nothing. */
struct redacted redact_text(struct redact *redact, const char *text, size_t size);
/* Arguments of a program, each but perhaps the last with a NUL behind it: what one of them says
 * (--password) is known when the next is looked at. */
struct redacted redact_argv(struct redact *redact, const char *argv, size_t size);

#endif
