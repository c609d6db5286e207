/* SPDX-License-Identifier: Apache-2.0 */
#include "output/netlink_names.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>

static const struct type *types_of(uint32_t protocol)
{
	for (size_t i = 0; i < netlink_protocols_count; i++)
		if (netlink_protocols[i].number == protocol)
			return netlink_protocols[i].types;
	return &netlink_names_control_types;
}

static const char *name_of(const struct type *type, uint8_t number)
{
	struct shown shown;
	shown_bits(type, number, &shown);
	return shown.kind == SHOWN_NAME ? shown.text : NULL;
}

/* NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETGEN */
static void shown_subsystem(uint16_t type, struct shown *ret)
{
	uint8_t system = type >> 8, message = type & UINT8_MAX;
	const char *name = name_of(&netlink_names_netfilter_systems, system);
	if (!name)
		return;
	ret->kind = SHOWN_SUBSYSTEM;
	ret->number = type;
	ret->bytes = name;
	ret->name = system == NFNL_SUBSYS_NFTABLES ? name_of(&netlink_names_nftables_types, message)
		    : system == NFNL_SUBSYS_CTNETLINK
			    ? name_of(&netlink_names_conntrack_types, message)
			    : NULL;
}

void netlink_shown_type(uint32_t protocol, uint16_t type, struct shown *ret)
{
	shown_bits(type < NLMSG_MIN_TYPE ? &netlink_names_control_types : types_of(protocol), type,
		   ret);
	if (protocol == NETLINK_NETFILTER && type >= NLMSG_MIN_TYPE && ret->kind != SHOWN_NAME)
		shown_subsystem(type, ret);
}

/* By the name of the message: NEW, GET, DEL. */
static const struct type *flags_by_name(const char *name)
{
	if (!name)
		return &netlink_bits_flags;
	if (strstr(name, "NEW"))
		return &netlink_bits_new_flags;
	if (strstr(name, "GET"))
		return &netlink_bits_get_flags;
	return strstr(name, "DEL") ? &netlink_bits_delete_flags : &netlink_bits_flags;
}

static const struct type *route_flags(uint16_t type)
{
	static const struct type *const kinds[] = {
		&netlink_bits_new_flags,
		&netlink_bits_delete_flags,
		&netlink_bits_get_flags,
		&netlink_bits_flags,
	};
	return type == RTM_DELACTION ? &netlink_bits_get_flags : kinds[type & 3];
}

const struct type *netlink_flags(uint32_t protocol, uint16_t type)
{
	struct shown shown;
	if (type == NLMSG_ERROR)
		return &netlink_bits_ack_flags;
	if (type < NLMSG_MIN_TYPE)
		return &netlink_bits_flags;
	switch (protocol) {
	case NETLINK_ROUTE:
		return route_flags(type);
	case NETLINK_SOCK_DIAG:
	case NETLINK_GENERIC:
		return &netlink_bits_get_flags;
	case NETLINK_NETFILTER:
	case NETLINK_XFRM:
		netlink_shown_type(protocol, type, &shown);
		return flags_by_name(shown.kind == SHOWN_SUBSYSTEM ? shown.name
				     : shown.kind == SHOWN_NAME	   ? shown.text
								   : NULL);
	default:
		return &netlink_bits_flags;
	}
}

bool netlink_find_body(uint32_t protocol, uint16_t type, uint16_t flags, uint8_t family,
		       struct netlink_body *ret)
{
	bool is_request = flags & NLM_F_REQUEST;
	for (size_t i = 0; i < netlink_bodies_count; i++) {
		const struct netlink_body *body = &netlink_bodies[i];
		if (body->protocol != protocol || body->type != type ||
		    (body->family >= 0 && body->family != family) ||
		    (body->of_request && !is_request) || (body->of_reply && is_request))
			continue;
		*ret = *body;
		return true;
	}
	if (protocol != NETLINK_NETFILTER || type < NLMSG_MIN_TYPE)
		return false;
	*ret = (struct netlink_body){.structure = &netlink_struct_nfgenmsg,
				     .has_attributes = type != NFNL_MSG_BATCH_BEGIN &&
						       type != NFNL_MSG_BATCH_END};
	return true;
}
