/* SPDX-License-Identifier: Apache-2.0 */
/* output/netlink_names.h — what types and flags of netlink messages are called. Private to
 * shown_netlink.c. */
#ifndef UTRAIL_OUTPUT_NETLINK_NAMES_H
#define UTRAIL_OUTPUT_NETLINK_NAMES_H

#include "output/netlink.h"
#include "output/shown.h"

/* The type of a message of this protocol. */
void netlink_shown_type(uint32_t protocol, uint16_t type, struct shown *ret);
/* Names of the flags of such a message: some bits have several meanings. */
const struct type *netlink_flags(uint32_t protocol, uint16_t type);
/* What follows the header; false: that is not known. `family`: the first byte. */
bool netlink_find_body(uint32_t protocol, uint16_t type, uint16_t flags, uint8_t family,
		       struct netlink_body *ret);

#endif
