/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_netlink.h — messages of netlink sockets, taken apart. Private to shown*.c. */
#ifndef UTRAIL_OUTPUT_SHOWN_NETLINK_H
#define UTRAIL_OUTPUT_SHOWN_NETLINK_H

#include "output/shown.h"

/*
 * Bytes that were sent or received, in `ret` as a text: as messages, when the value knows that the
 * socket is a netlink socket. `entry`: the slots of the call's entry.
 */
void shown_netlink(const struct value *value, const struct slots *entry, struct shown *ret);
/* The same where the protocol, plus one, is known; 0: it is no such socket. */
void shown_netlink_messages(uint32_t protocol, struct shown *ret);
/* Is it a message, or an attribute: of which no part can be left out? */
static inline bool shown_netlink_is_whole(const struct shown *shown)
{
	return shown->netlink.part == NETLINK_PART_MESSAGE ||
	       shown->netlink.part == NETLINK_PART_ATTRIBUTE;
}
/* A part of what the two above made. */
void shown_netlink_part(const struct shown *whole, uint32_t index, struct shown *ret,
			const char **ret_name);

#endif
