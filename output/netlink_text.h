/* SPDX-License-Identifier: Apache-2.0 */
/* output/netlink_text.h — values of netlink messages that nothing else has, as text. */
#ifndef UTRAIL_OUTPUT_NETLINK_TEXT_H
#define UTRAIL_OUTPUT_NETLINK_TEXT_H

#include "output/buffer.h"
#include "output/shown.h"

#define NETLINK_TEXT_MAX 128

/* Of a SHOWN_ADDRESS, SHOWN_HARDWARE or SHOWN_SUBSYSTEM: "::1", "02:fc:00:00:00:01",
 * "NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETGEN". Returns `ret`. */
const char *netlink_text(const struct shown *shown, char ret[NETLINK_TEXT_MAX]);
/* These and a SHOWN_PORT as strace writes them: inet_addr("127.0.0.1"), htons(80). */
void netlink_put(struct buffer *buffer, const struct shown *shown);

#endif
