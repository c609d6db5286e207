/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/shown_netlink.c — messages of netlink sockets as parts of parts: messages, of each its
 * header, what its type says, attributes, of each its head and its value. What the parts are called
 * is data: netlink.tbl. Lengths are the target's own, and believed as far as there are bytes.
 */
#include "output/shown_netlink.h"

#include <linux/genetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "common/array.h"
#include "output/netlink.h"
#include "output/netlink_names.h"

/* MAX_ADDR_LEN in include/linux/netdevice.h */
#define HARDWARE_MAX 32
/* Attributes in attributes, messages in errors. */
#define DEPTH_MAX 16

static uint32_t aligned(uint32_t length)
{
	return length > UINT32_MAX - 3 ? length : (length + 3) & ~3U;
}

/* --- one behind the other --------------------------------------------------------------------- */

struct element {
	uint32_t start, length; /* length: as far as there are bytes */
	bool is_cut;		/* it says that it is longer than what is there */
};

static uint32_t length_at(const struct shown *whole, uint32_t position)
{
	uint32_t length;
	uint16_t short_length;
	if (whole->netlink.part == NETLINK_PART_MESSAGES) {
		memcpy(&length, whole->bytes + position, sizeof(length));
		return length;
	}
	memcpy(&short_length, whole->bytes + position, sizeof(short_length));
	return short_length;
}

/* The element at *position, which is 0 at first; false: there is none. What is too short for a head
 * is an element, too. After one that is shorter than its own head comes nothing. */
static bool next_element(const struct shown *whole, uint32_t *position, struct element *ret)
{
	uint32_t head = whole->netlink.part == NETLINK_PART_MESSAGES ? NLMSG_HDRLEN : NLA_HDRLEN;
	uint32_t left = whole->length - *position;
	if (*position >= whole->length)
		return false;
	*ret = (struct element){.start = *position, .length = left};
	*position = whole->length;
	if (left < head) {
		ret->is_cut = true;
		return !whole->netlink.is_cut;
	}
	uint32_t length = length_at(whole, ret->start);
	ret->is_cut = length > left;
	if (length < head)
		ret->length = head;
	else if (length <= left)
		ret->length = length;
	if (length >= head && aligned(length) < left)
		*position = ret->start + aligned(length);
	return true;
}

static void count_elements(struct shown *ret)
{
	struct element element = {0};
	uint32_t position = 0;
	for (ret->count = 0; next_element(ret, &position, &element); ret->count++)
		;
	ret->truncated = ret->netlink.is_cut && (element.is_cut || !ret->count);
	ret->is_bare = ret->count == 1 && !ret->truncated;
}

static bool element_at(const struct shown *whole, uint32_t index, struct element *ret)
{
	uint32_t position = 0;
	for (uint32_t i = 0; i <= index; i++)
		if (!next_element(whole, &position, ret))
			return false;
	return true;
}

/* --- values ----------------------------------------------------------------------------------- */

static void shown_bytes(const char *bytes, uint32_t length, bool is_cut, struct shown *ret)
{
	*ret = (struct shown){
		.kind = SHOWN_STRING, .bytes = bytes, .length = length, .truncated = is_cut};
}

/* A part of a part, about other bytes of the same message. */
static void begin(const struct shown *whole, enum shown_kind kind, enum netlink_part part,
		  const char *bytes, uint32_t length, struct shown *ret)
{
	*ret = (struct shown){
		.kind = kind, .bytes = bytes, .length = length, .netlink = whole->netlink};
	ret->netlink.part = (uint8_t)part;
	ret->netlink.depth++;
}

static void shown_attributes(const struct shown *whole, const struct netlink_attributes *attributes,
			     bool of_families, const char *bytes, uint32_t length,
			     struct shown *ret)
{
	if (length < NLA_HDRLEN || whole->netlink.depth >= DEPTH_MAX) {
		shown_bytes(bytes, length, whole->netlink.is_cut, ret);
		return;
	}
	begin(whole, SHOWN_ARRAY, NETLINK_PART_ATTRIBUTES, bytes, length, ret);
	ret->netlink.attributes = attributes;
	ret->netlink.of_families = of_families;
	count_elements(ret);
}

/* How many of its members the bytes hold: older kernels know fewer. */
static uint32_t count_members(const struct netlink_struct *structure, uint32_t length)
{
	uint32_t count = 0;
	while (count < structure->count &&
	       structure->members[count].offset + structure->members[count].size <= length)
		count++;
	return count;
}

static void shown_structure(const struct shown *whole, const struct netlink_struct *structure,
			    const char *bytes, uint32_t length, struct shown *ret)
{
	begin(whole, SHOWN_STRUCT, NETLINK_PART_MEMBERS, bytes, length, ret);
	ret->netlink.structure = structure;
	ret->count = count_members(structure, length);
	if (!ret->count)
		shown_bytes(bytes, length, whole->netlink.is_cut, ret);
}

static void shown_address(uint8_t family, const char *bytes, uint32_t length, struct shown *ret)
{
	uint32_t size = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
	shown_bytes(bytes, length, false, ret);
	if (!size || length < size)
		return;
	ret->kind = SHOWN_ADDRESS;
	ret->length = size;
}

static void shown_one(const struct shown *whole, const struct netlink_value *value,
		      const char *bytes, uint32_t length, struct shown *ret)
{
	uint32_t size = value->how == NETLINK_PORT ? 2 : value->type ? value->type->size : 0;
	shown_bytes(bytes, length, false, ret);
	if (length < size)
		return;
	switch ((enum netlink_how)value->how) {
	case NETLINK_BYTES:
		break;
	case NETLINK_TEXT:
		ret->length = (uint32_t)strnlen(bytes, length);
		ret->truncated = ret->length == length;
		break;
	case NETLINK_NUMBER:
		shown_memory(value->type, bytes, length, ret);
		break;
	case NETLINK_ARRAY:
		begin(whole, SHOWN_ARRAY, NETLINK_PART_NUMBERS, bytes, length, ret);
		ret->type = value->type;
		ret->count = size ? length / size : 0;
		break;
	case NETLINK_HARDWARE:
		if (length <= HARDWARE_MAX)
			ret->kind = SHOWN_HARDWARE;
		break;
	case NETLINK_ADDRESS:
		shown_address(whole->netlink.family, bytes, length, ret);
		break;
	case NETLINK_PORT:
		*ret = (struct shown){.kind = SHOWN_PORT,
				      .number =
					      (uint64_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]};
		break;
	case NETLINK_STRUCT:
		shown_structure(whole, value->structure, bytes, length, ret);
		break;
	case NETLINK_NESTED:
		shown_attributes(whole, value->attributes, false, bytes, length, ret);
		break;
	case NETLINK_FAMILIES:
		shown_attributes(whole, NULL, true, bytes, length, ret);
		break;
	}
}

static void shown_member(const struct shown *whole, uint32_t index, struct shown *ret,
			 const char **ret_name)
{
	const struct netlink_member *member = &whole->netlink.structure->members[index];
	*ret_name = member->name;
	shown_one(whole, &member->value, whole->bytes + member->offset, member->size, ret);
}

/* --- attributes ------------------------------------------------------------------------------- */

static struct nlattr attribute_head(const struct shown *whole)
{
	struct nlattr head;
	memcpy(&head, whole->bytes, sizeof(head));
	return head;
}

static void shown_attribute(const struct shown *whole, uint32_t index, struct shown *ret)
{
	struct element element = {0};
	if (!element_at(whole, index, &element) || element.length < NLA_HDRLEN) {
		shown_bytes(whole->bytes + element.start, element.length, false, ret);
		return;
	}
	begin(whole, SHOWN_ARRAY, NETLINK_PART_ATTRIBUTE, whole->bytes + element.start,
	      element.length, ret);
	ret->netlink.is_cut = whole->netlink.is_cut && element.is_cut;
	ret->count = element.length > NLA_HDRLEN ? 2 : 1;
	ret->is_bare = ret->count == 1;
}

/* What is in an attribute of this number. */
static const struct netlink_value *find_value(const struct shown *attribute, uint16_t number)
{
	static const struct netlink_value bytes = {.how = NETLINK_BYTES};
	const struct netlink_attributes *all = attribute->netlink.attributes;
	for (size_t i = 0; all && i < all->count; i++)
		if (all->items[i].number == number)
			return &all->items[i].value;
	return &bytes;
}

static void shown_attribute_part(const struct shown *whole, uint32_t index, struct shown *ret)
{
	if (!index) {
		begin(whole, SHOWN_STRUCT, NETLINK_PART_ATTRIBUTE_HEAD, whole->bytes, NLA_HDRLEN,
		      ret);
		ret->count = 2;
		return;
	}
	uint16_t number = attribute_head(whole).nla_type & NLA_TYPE_MASK;
	shown_one(whole, find_value(whole, number), whole->bytes + NLA_HDRLEN,
		  whole->length - NLA_HDRLEN, ret);
	if (ret->kind == SHOWN_STRING)
		ret->truncated |= whole->netlink.is_cut;
}

static void shown_attribute_head(const struct shown *whole, uint32_t index, struct shown *ret,
				 const char **ret_name)
{
	struct nlattr head = attribute_head(whole);
	const struct netlink_attributes *all = whole->netlink.attributes;
	*ret_name = index ? "nla_type" : "nla_len";
	if (!index) {
		*ret = (struct shown){.kind = SHOWN_UNSIGNED, .number = head.nla_len};
	} else if (whole->netlink.of_families) {
		shown_bits(&netlink_names_families, head.nla_type, ret);
	} else if (all) {
		bool is_plain = !(head.nla_type & ~NLA_TYPE_MASK);
		shown_bits(is_plain ? all->number : all->flags, head.nla_type, ret);
	} else {
		*ret = (struct shown){.kind = SHOWN_HEX, .number = head.nla_type};
	}
}

/* --- messages --------------------------------------------------------------------------------- */

static void shown_header(const struct shown *whole, uint32_t index, struct shown *ret,
			 const char **ret_name)
{
	static const char *const names[] = {"nlmsg_len", "nlmsg_type", "nlmsg_flags", "nlmsg_seq",
					    "nlmsg_pid"};
	struct nlmsghdr header;
	memcpy(&header, whole->bytes, sizeof(header));
	const uint32_t numbers[] = {header.nlmsg_len, 0, 0, header.nlmsg_seq, header.nlmsg_pid};
	*ret_name = names[index];
	*ret = (struct shown){.kind = index == 4 ? SHOWN_SIGNED : SHOWN_UNSIGNED,
			      .number = numbers[index]};
	if (index == 4)
		ret->number = (uint64_t)(int64_t)(int32_t)header.nlmsg_pid;
	if (index == 1)
		netlink_shown_type(whole->netlink.protocol - 1U, header.nlmsg_type, ret);
	if (index == 2)
		shown_bits(netlink_flags(whole->netlink.protocol - 1U, header.nlmsg_type),
			   header.nlmsg_flags, ret);
}

/* {error=-ENODEV, msg=...} */
static void shown_error(const struct shown *whole, uint32_t index, struct shown *ret,
			const char **ret_name)
{
	static const struct type error = {.kind = TYPE_ERRNO, .size = 4, .name = "int"};
	*ret_name = index ? "msg" : "error";
	if (!index) {
		shown_memory(&error, whole->bytes, whole->length, ret);
		return;
	}
	begin(whole, SHOWN_ARRAY, NETLINK_PART_MESSAGES, whole->bytes + sizeof(int),
	      whole->length - (uint32_t)sizeof(int), ret);
	count_elements(ret);
}

/* How much of an error's bytes the message is that it is about. */
static uint32_t error_length(const struct shown *message, uint32_t length)
{
	uint32_t most = length - (uint32_t)sizeof(int), inner;
	memcpy(&inner, message->bytes + NLMSG_HDRLEN + sizeof(int), sizeof(inner));
	if (message->netlink.flags & NLM_F_CAPPED || inner < NLMSG_HDRLEN)
		inner = NLMSG_HDRLEN;
	return (uint32_t)sizeof(int) + (inner < most ? inner : most);
}

static void begin_error(const struct shown *message, const char *bytes, uint32_t length,
			struct shown *ret)
{
	begin(message, SHOWN_STRUCT, NETLINK_PART_ERROR, bytes, length, ret);
	ret->count = 2;
}

static void shown_error_and_more(const struct shown *whole, uint32_t index, struct shown *ret)
{
	uint32_t length = whole->netlink.head;
	if (!index)
		begin_error(whole, whole->bytes, length, ret);
	else
		shown_attributes(whole, &netlink_attributes_error, false, whole->bytes + length,
				 whole->length - length, ret);
}

static void shown_error_body(const struct shown *message, const char *bytes, uint32_t length,
			     struct shown *ret)
{
	if (length < sizeof(int) + NLMSG_HDRLEN || message->netlink.depth >= DEPTH_MAX) {
		shown_bytes(bytes, length, message->netlink.is_cut, ret);
		return;
	}
	uint32_t head = error_length(message, length);
	if (aligned(head) >= length) {
		begin_error(message, bytes, head, ret);
		return;
	}
	begin(message, SHOWN_ARRAY, NETLINK_PART_ERROR_AND_MORE, bytes, length, ret);
	ret->netlink.head = aligned(head);
	ret->count = 2;
}

/* What follows the header. */
struct payload {
	const char *bytes;
	uint32_t length;
	struct netlink_body body;
	bool has_body;
};

static struct payload payload_of(const struct shown *message)
{
	struct payload ret = {.bytes = message->bytes + NLMSG_HDRLEN,
			      .length = message->length - NLMSG_HDRLEN};
	const struct shown_netlink *netlink = &message->netlink;
	uint8_t family = ret.length ? (uint8_t)ret.bytes[0] : 0;
	/* A family alone says nothing of what else there would be. */
	uint32_t least = netlink->protocol - 1U == NETLINK_SOCK_DIAG ? 2 : 1;
	ret.has_body =
		ret.length >= least && netlink_find_body(netlink->protocol - 1U, netlink->type,
							 netlink->flags, family, &ret.body);
	return ret;
}

/* The attributes, when there are bytes for any. */
static uint32_t attributes_at(const struct payload *payload)
{
	uint32_t at = payload->has_body && payload->body.has_attributes
			      ? aligned(payload->body.structure->size)
			      : payload->length;
	return at < payload->length ? at : 0;
}

/* Do all messages of its protocol? */
static bool begins_with_family(const struct shown *message)
{
	uint32_t protocol = message->netlink.protocol - 1U;
	return (protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG) &&
	       message->netlink.type >= NLMSG_MIN_TYPE;
}

/* {family=AF_INET, data="..."} */
static void shown_family(const struct shown *whole, uint32_t index, struct shown *ret,
			 const char **ret_name)
{
	*ret_name = index ? "data" : "family";
	if (index)
		shown_bytes(whole->bytes + 1, whole->length - 1, whole->netlink.is_cut, ret);
	else
		shown_bits(&netlink_names_families, (uint8_t)whole->bytes[0], ret);
}

static void shown_body(const struct shown *message, const struct payload *payload,
		       struct shown *ret)
{
	static const struct type number = {.kind = TYPE_INT, .size = 4, .name = "int"};
	if (message->netlink.type == NLMSG_ERROR) {
		shown_error_body(message, payload->bytes, payload->length, ret);
	} else if (message->netlink.type == NLMSG_DONE && payload->length == sizeof(int)) {
		shown_memory(&number, payload->bytes, payload->length, ret);
	} else if (payload->has_body) {
		const struct netlink_struct *structure = payload->body.structure;
		shown_structure(message, structure, payload->bytes, payload->length, ret);
		if (ret->kind == SHOWN_STRUCT && payload->length < structure->size) {
			ret->count = 1;
			ret->truncated = true;
		}
	} else if (begins_with_family(message)) {
		begin(message, SHOWN_STRUCT, NETLINK_PART_FAMILY, payload->bytes, payload->length,
		      ret);
		ret->count = payload->length > 1 ? 2 : 1;
	} else {
		shown_bytes(payload->bytes, payload->length, message->netlink.is_cut, ret);
	}
}

static void shown_message_part(const struct shown *message, uint32_t index, struct shown *ret)
{
	struct payload payload;
	if (!index) {
		begin(message, SHOWN_STRUCT, NETLINK_PART_HEADER, message->bytes, NLMSG_HDRLEN,
		      ret);
		ret->count = 5;
		return;
	}
	payload = payload_of(message);
	uint32_t at = attributes_at(&payload);
	if (index == 1)
		shown_body(message, &payload, ret);
	else
		shown_attributes(message, payload.body.attributes, false, payload.bytes + at,
				 payload.length - at, ret);
}

static void shown_message(const struct shown *whole, uint32_t index, struct shown *ret)
{
	struct element element = {0};
	struct nlmsghdr header;
	if (!element_at(whole, index, &element) || element.length < NLMSG_HDRLEN) {
		shown_bytes(whole->bytes + element.start, element.length, false, ret);
		return;
	}
	begin(whole, SHOWN_ARRAY, NETLINK_PART_MESSAGE, whole->bytes + element.start,
	      element.length, ret);
	memcpy(&header, ret->bytes, sizeof(header));
	ret->netlink.type = header.nlmsg_type;
	ret->netlink.flags = header.nlmsg_flags;
	ret->netlink.family = element.length > NLMSG_HDRLEN ? (uint8_t)ret->bytes[NLMSG_HDRLEN] : 0;
	ret->netlink.is_cut = whole->netlink.is_cut && element.is_cut;
	const struct payload payload = payload_of(ret);
	ret->count = !payload.length ? 1 : attributes_at(&payload) ? 3 : 2;
	ret->is_bare = ret->count == 1;
}

/* --- from outside ----------------------------------------------------------------------------- */

void shown_netlink_part(const struct shown *whole, uint32_t index, struct shown *ret,
			const char **ret_name)
{
	*ret_name = "";
	switch ((enum netlink_part)whole->netlink.part) {
	case NETLINK_PART_MESSAGES:
		shown_message(whole, index, ret);
		break;
	case NETLINK_PART_MESSAGE:
		shown_message_part(whole, index, ret);
		break;
	case NETLINK_PART_HEADER:
		shown_header(whole, index, ret, ret_name);
		break;
	case NETLINK_PART_MEMBERS:
		shown_member(whole, index, ret, ret_name);
		break;
	case NETLINK_PART_ATTRIBUTES:
		shown_attribute(whole, index, ret);
		break;
	case NETLINK_PART_ATTRIBUTE:
		shown_attribute_part(whole, index, ret);
		break;
	case NETLINK_PART_ATTRIBUTE_HEAD:
		shown_attribute_head(whole, index, ret, ret_name);
		break;
	case NETLINK_PART_ERROR:
		shown_error(whole, index, ret, ret_name);
		break;
	case NETLINK_PART_ERROR_AND_MORE:
		shown_error_and_more(whole, index, ret);
		break;
	case NETLINK_PART_FAMILY:
		shown_family(whole, index, ret, ret_name);
		break;
	case NETLINK_PART_NUMBERS:
		shown_memory(whole->type, whole->bytes + (size_t)index * whole->type->size,
			     whole->type->size, ret);
		break;
	case NETLINK_PART_NONE:
		*ret = (struct shown){.kind = SHOWN_HIDDEN};
		break;
	}
}

void shown_netlink_messages(uint32_t protocol, struct shown *ret)
{
	/* An event of a device is a text. */
	if (!protocol || protocol - 1 == NETLINK_KOBJECT_UEVENT || ret->kind != SHOWN_STRING ||
	    ret->length < NLMSG_HDRLEN)
		return;
	ret->kind = SHOWN_ARRAY;
	ret->netlink = (struct shown_netlink){.part = NETLINK_PART_MESSAGES,
					      .protocol = (uint16_t)protocol,
					      .is_cut = ret->truncated};
	count_elements(ret);
}

void shown_netlink(const struct value *value, const struct slots *entry, struct shown *ret)
{
	uint32_t slot = (uint32_t)value->netlink_slot - 1;
	if (value->netlink_slot <= 0 || !entry || slot >= entry->count ||
	    !entry->items[slot].available || entry->items[slot].is_blob)
		return;
	ret->netlink.protocol = (uint16_t)entry->items[slot].number;
	if (!ret->is_list)
		shown_netlink_messages(ret->netlink.protocol, ret);
}
