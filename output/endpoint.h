/* SPDX-License-Identifier: Apache-2.0 */
/* output/endpoint.h — one end of a connection as people write it, as with -yy. */
#ifndef UTRAIL_OUTPUT_ENDPOINT_H
#define UTRAIL_OUTPUT_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "symbols/type.h"

#define ENDPOINT_MAX (INET6_ADDRSTRLEN + sizeof("[]:65535"))

/* Is it the type of such a field (kernel/view_records.h: struct view_endpoint)? */
bool endpoint_is_type(const struct type *type);
/* "127.0.0.1:80", "[::1]:80". False: these are no such bytes. */
bool endpoint_text(const char *bytes, uint32_t length, char ret[ENDPOINT_MAX]);

#endif
