/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/sockaddr.h — the bytes behind a `struct sockaddr *` as text. */
#ifndef UTRAIL_KERNEL_SOCKADDR_H
#define UTRAIL_KERNEL_SOCKADDR_H

#include <stddef.h>

/*
 * {AF_INET, 127.0.0.1:80}, {AF_INET6, [::1]:80}, {AF_UNIX, "/path"}, {AF_UNIX, @"abstract"},
 * {AF_16, 10 bytes} for the rest. Printable ASCII whatever the bytes are: in names, quotes,
 * backslashes and what is not printable are written as \xNN. Returns the length that the text has,
 * as snprintf does, or -1 when the bytes do not even hold a family.
 */
int sockaddr_format(const void *bytes, size_t length, char *text, size_t size);

#endif
