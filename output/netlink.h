/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/netlink.h — what messages of netlink sockets hold: the tables that compile_netlink.py
 * makes of netlink.tbl. Private to output/.
 */
#ifndef UTRAIL_OUTPUT_NETLINK_H
#define UTRAIL_OUTPUT_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/type.h"

enum netlink_how {
	NETLINK_BYTES,
	NETLINK_TEXT,	  /* up to a NUL */
	NETLINK_NUMBER,	  /* `type` */
	NETLINK_ARRAY,	  /* of `type` */
	NETLINK_HARDWARE, /* the address of a device */
	NETLINK_ADDRESS,  /* of the family that the message begins with */
	NETLINK_PORT,	  /* 2 bytes in network order */
	NETLINK_STRUCT,	  /* `structure` */
	NETLINK_NESTED,	  /* `attributes` */
	NETLINK_FAMILIES, /* attributes whose numbers are families, with attributes in each */
};

struct netlink_value {
	uint8_t how;
	const struct type *type;
	const struct netlink_struct *structure;
	const struct netlink_attributes *attributes;
};

struct netlink_member {
	const char *name;
	uint16_t offset, size;
	struct netlink_value value;
};

struct netlink_struct {
	const struct netlink_member *members;
	uint16_t count, size;
};

struct netlink_attribute {
	uint16_t number;
	struct netlink_value value;
};

struct netlink_attributes {
	const struct type *number; /* names of numbers alone */
	const struct type *flags;  /* and with NLA_F_NESTED, NLA_F_NET_BYTEORDER */
	const struct netlink_attribute *items;
	size_t count;
};

/* What follows the header of a message. */
struct netlink_body {
	uint16_t protocol, type;
	int16_t family;		   /* that it begins with; -1: any */
	bool of_request, of_reply; /* only in these */
	bool has_attributes;
	const struct netlink_struct *structure;
	const struct netlink_attributes *attributes; /* NULL: without names */
};

struct netlink_protocol {
	uint16_t number;
	const struct type *types; /* of its messages */
};

extern const struct netlink_protocol netlink_protocols[];
extern const size_t netlink_protocols_count;
extern const struct netlink_body netlink_bodies[];
extern const size_t netlink_bodies_count;
extern const struct netlink_struct netlink_struct_nfgenmsg, netlink_struct_genlmsghdr;
extern const struct netlink_attributes netlink_attributes_error;
/* TYPE_ENUM and TYPE_FLAGS of the groups. */
extern const struct type netlink_names_control_types, netlink_names_netfilter_systems,
	netlink_names_nftables_types, netlink_names_conntrack_types, netlink_names_families;
extern const struct type netlink_bits_flags, netlink_bits_get_flags, netlink_bits_new_flags,
	netlink_bits_delete_flags, netlink_bits_ack_flags;

#endif
