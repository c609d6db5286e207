/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of netlink sockets, made by the macros of the kernel's headers. */
#include "tests/unit/unit.h"

#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/array.h"
#include "output/shown.h"
#include "tests/unit/output_forms.h"

struct message {
	_Alignas(4) char bytes[2048];
	uint32_t used;
};

static struct nlmsghdr *add_message(struct message *message, uint16_t type, uint16_t flags,
				    const void *body, uint32_t size)
{
	struct nlmsghdr *header = (void *)(message->bytes + message->used);
	*header = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = flags};
	if (size)
		memcpy(NLMSG_DATA(header), body, size);
	message->used += NLMSG_ALIGN(header->nlmsg_len);
	return header;
}

static void add_attribute(struct message *message, struct nlmsghdr *header, uint16_t type,
			  const void *value, uint32_t size)
{
	struct rtattr *attribute = (void *)(message->bytes + message->used);
	*attribute = (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type};
	memcpy(RTA_DATA(attribute), value, size);
	message->used += RTA_ALIGN(attribute->rta_len);
	header->nlmsg_len = (uint32_t)(message->bytes + message->used - (char *)header);
}

static struct made *made_message(int protocol, const char *bytes, uint32_t length, uint32_t flags)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", &type_bytes, bytes, length, flags)->netlink_slot = 2;
	made->arguments.items[made->arguments.count++] =
		(struct slot){.available = true, .number = (uint64_t)(protocol + 1)};
	return made;
}

static void assert_message(int protocol, const struct message *message, const char *text,
			   const char *json)
{
	assert_shown(made_message(protocol, message->bytes, message->used, 0), text, json);
}

#define HEADER(length, type, flags)                                      \
	"{nlmsg_len=" length ", nlmsg_type=" type ", nlmsg_flags=" flags \
	", nlmsg_seq=0, nlmsg_pid=0}"
#define HEADER_JSON(length, type, flags)                                           \
	"{\"nlmsg_len\":" length ",\"nlmsg_type\":" type ",\"nlmsg_flags\":" flags \
	",\"nlmsg_seq\":0,\"nlmsg_pid\":0}"

static void one_message_stands_alone(void **state)
{
	(void)state;
	struct message message = {0};
	const struct ifinfomsg link = {.ifi_index = 3, .ifi_change = IFF_UP};
	struct nlmsghdr *header =
		add_message(&message, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, &link, sizeof(link));
	add_attribute(&message, header, IFLA_IFNAME, "lo", 3);
	assert_message(
		NETLINK_ROUTE, &message,
		"[" HEADER(
			"40", "RTM_GETLINK",
			"NLM_F_REQUEST|NLM_F_DUMP") ", {ifi_family=AF_UNSPEC, ifi_type=ARPHRD_NETROM, ifi_index=3, ifi_flags=0, "
						    "ifi_change=IFF_UP}, [{nla_len=7, nla_type=IFLA_IFNAME}, \"lo\"]]",
		"[[" HEADER_JSON(
			"40", "\"RTM_GETLINK\"",
			"\"NLM_F_REQUEST|NLM_F_DUMP\"") ",{\"ifi_family\":\"AF_UNSPEC\",\"ifi_type\":\"ARPHRD_NETROM\",\"ifi_index\":3,"
							"\"ifi_flags\":0,\"ifi_change\":\"IFF_UP\"},"
							"[[{\"nla_len\":7,\"nla_type\":\"IFLA_IFNAME\"},\"lo\"]]]]");
}

static void the_same_bits_mean_something_else_elsewhere(void **state)
{
	(void)state;
	struct message message = {0};
	add_message(&message, RTM_NEWROUTE, NLM_F_REPLACE | NLM_F_EXCL, NULL, 0);
	assert_message(
		NETLINK_ROUTE, &message, HEADER("16", "RTM_NEWROUTE", "NLM_F_REPLACE|NLM_F_EXCL"),
		"[[" HEADER_JSON("16", "\"RTM_NEWROUTE\"", "\"NLM_F_REPLACE|NLM_F_EXCL\"") "]]");
	message.used = 0;
	add_message(&message, RTM_DELROUTE, NLM_F_NONREC, NULL, 0);
	add_message(&message, RTM_GETROUTE, NLM_F_ROOT, NULL, 0);
	assert_message(
		NETLINK_ROUTE, &message,
		"[" HEADER("16", "RTM_DELROUTE", "NLM_F_NONREC") ", " HEADER("16", "RTM_GETROUTE",
									     "NLM_F_ROOT") "]",
		"[[" HEADER_JSON("16", "\"RTM_DELROUTE\"", "\"NLM_F_NONREC\"") "],[" HEADER_JSON(
			"16", "\"RTM_GETROUTE\"", "\"NLM_F_ROOT\"") "]]");
}

static void addresses_are_of_the_family(void **state)
{
	(void)state;
	struct message message = {0};
	const struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = 8};
	struct nlmsghdr *header = add_message(&message, RTM_NEWADDR, 0, &address, sizeof(address));
	add_attribute(&message, header, IFA_ADDRESS, "\x7f\0\0\1", 4);
	add_attribute(&message, header, IFA_LOCAL, "\x7f", 1);
	assert_message(
		NETLINK_ROUTE, &message,
		"[" HEADER("40", "RTM_NEWADDR",
			   "0") ", {ifa_family=AF_INET, ifa_prefixlen=8, ifa_flags=0, "
				"ifa_scope=RT_SCOPE_UNIVERSE, ifa_index=0}, "
				"[[{nla_len=8, nla_type=IFA_ADDRESS}, inet_addr(\"127.0.0.1\")], "
				"[{nla_len=5, nla_type=IFA_LOCAL}, \"\\x7f\"]]]",
		"[[" HEADER_JSON(
			"40", "\"RTM_NEWADDR\"",
			"0") ",{\"ifa_family\":\"AF_INET\",\"ifa_prefixlen\":8,\"ifa_flags\":0,"
			     "\"ifa_scope\":\"RT_SCOPE_UNIVERSE\",\"ifa_index\":0},"
			     "[[{\"nla_len\":8,\"nla_type\":\"IFA_ADDRESS\"},\"127.0.0.1\"],"
			     "[{\"nla_len\":5,\"nla_type\":\"IFA_LOCAL\"},\"\\u007f\"]]]]");
}

static void an_error_holds_what_it_is_about(void **state)
{
	(void)state;
	struct message message = {0};
	const struct nlmsgerr error = {.error = -19,
				       .msg = {.nlmsg_len = 32, .nlmsg_type = RTM_GETLINK}};
	struct nlmsghdr *header = add_message(&message, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS,
					      &error, sizeof(error));
	add_attribute(&message, header, NLMSGERR_ATTR_MSG, "no", 3);
	assert_message(
		NETLINK_ROUTE, &message,
		"[" HEADER("44", "NLMSG_ERROR", "NLM_F_CAPPED|NLM_F_ACK_TLVS") ", [{error=-ENODEV, msg=" HEADER(
			"32", "RTM_GETLINK",
			"0") "}, [{nla_len=7, nla_type=NLMSGERR_ATTR_MSG}, \"no\"]]]",
		"[[" HEADER_JSON("44", "\"NLMSG_ERROR\"", "\"NLM_F_CAPPED|NLM_F_ACK_TLVS\"") ",[{\"error\":\"-ENODEV\",\"msg\":[[" HEADER_JSON(
			"32", "\"RTM_GETLINK\"",
			"0") "]]},[[{\"nla_len\":7,\"nla_type\":\"NLMSGERR_ATTR_MSG\"},\"no\"]]]]]");
}

static void other_protocols_have_other_types(void **state)
{
	(void)state;
	struct message message = {0};
	const struct genlmsghdr control = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	struct nlmsghdr *header = add_message(&message, GENL_ID_CTRL, 0, &control, sizeof(control));
	add_attribute(&message, header, CTRL_ATTR_FAMILY_NAME, "x", 2);
	assert_message(
		NETLINK_GENERIC, &message,
		"[" HEADER("28", "nlctrl",
			   "0") ", {cmd=CTRL_CMD_GETFAMILY, version=1}, "
				"[{nla_len=6, nla_type=CTRL_ATTR_FAMILY_NAME}, \"x\"]]",
		"[[" HEADER_JSON(
			"28", "\"nlctrl\"",
			"0") ",{\"cmd\":\"CTRL_CMD_GETFAMILY\",\"version\":1},"
			     "[[{\"nla_len\":6,\"nla_type\":\"CTRL_ATTR_FAMILY_NAME\"},\"x\"]]]]");
	message.used = 0;
	const struct nfgenmsg general = {.res_id = 0x0a00};
	add_message(&message, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_DUMP, &general,
		    sizeof(general));
	assert_message(
		NETLINK_NETFILTER, &message,
		"[" HEADER(
			"20", "NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETGEN",
			"NLM_F_DUMP") ", {nfgen_family=AF_UNSPEC, version=NFNETLINK_V0, res_id=htons(10)}]",
		"[[" HEADER_JSON(
			"20", "\"NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETGEN\"",
			"\"NLM_F_DUMP\"") ",{\"nfgen_family\":\"AF_UNSPEC\",\"version\":\"NFNETLINK_V0\","
					  "\"res_id\":10}]]");
	/* A protocol without a table; and no such socket. */
	message.used = 0;
	add_message(&message, 40, 1, "ab", 2);
	assert_message(NETLINK_USERSOCK, &message,
		       "[" HEADER("18", "40", "NLM_F_REQUEST") ", \"ab\"]",
		       "[[" HEADER_JSON("18", "40", "\"NLM_F_REQUEST\"") ",\"ab\"]]");
	assert_shown(made_message(-1, "text", 4, 0), "\"text\"", "\"text\"");
	assert_shown(made_message(NETLINK_KOBJECT_UEVENT, "add@/devices/one/two", 20, 0),
		     "\"add@/devices/one/two\"", "\"add@/devices/one/two\"");
}

static void what_was_not_read_is_dots(void **state)
{
	(void)state;
	struct message message = {0};
	const struct ifaddrmsg address = {.ifa_family = AF_INET};
	struct nlmsghdr *header = add_message(&message, RTM_NEWADDR, 0, &address, sizeof(address));
	add_attribute(&message, header, IFA_LABEL, "a long name", 12);
	assert_shown(
		made_message(NETLINK_ROUTE, message.bytes, message.used - 6, FETCH_BLOB_TRUNCATED),
		"[[" HEADER("40", "RTM_NEWADDR",
			    "0") ", {ifa_family=AF_INET, ifa_prefixlen=0, ifa_flags=0, "
				 "ifa_scope=RT_SCOPE_UNIVERSE, ifa_index=0}, "
				 "[[{nla_len=16, nla_type=IFA_LABEL}, \"a long\"...], ...]], ...]",
		"{\"array\":[[" HEADER_JSON(
			"40", "\"RTM_NEWADDR\"",
			"0") ",{\"ifa_family\":\"AF_INET\",\"ifa_prefixlen\":0,\"ifa_flags\":0,"
			     "\"ifa_scope\":\"RT_SCOPE_UNIVERSE\",\"ifa_index\":0},"
			     "{\"array\":[[{\"nla_len\":16,\"nla_type\":\"IFA_LABEL\"},"
			     "{\"str\":\"a long\",\"truncated\":true}]],\"truncated\":true}]],"
			     "\"truncated\":true}");
}

/* --- hostile lengths -------------------------------------------------------------------------- */

/* The bytes in memory of their own, so that AddressSanitizer sees what is read behind them. */
static void show_copy(int protocol, const char *bytes, uint32_t length, uint32_t flags)
{
	char *copy = malloc(length ?: 1);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	struct made *made = made_message(protocol, copy, length, flags);
	const struct output_options text = made_options(OUTPUT_TEXT),
				    json = made_options(OUTPUT_JSON);
	char *shown = written_event(&text, made, false),
	     *object = written_event(&json, made, false);
	assert_non_null(shown);
	assert_non_null(object);
	free(shown);
	free(object);
	made_free(made);
	free(copy);
}

static void lengths_lead_nowhere(void **state)
{
	(void)state;
	static const int protocols[] = {NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_GENERIC,
					NETLINK_NETFILTER, NETLINK_AUDIT};
	struct message whole = {0};
	uint64_t random = 2463534242U;
	static const char zeroes[200];
	const struct ifinfomsg link = {0};
	const struct nlmsgerr error = {.msg = {.nlmsg_len = 36, .nlmsg_type = NLMSG_ERROR}};
	struct nlmsghdr *header = add_message(&whole, RTM_NEWLINK, 0, &link, sizeof(link));
	add_attribute(&whole, header, IFLA_LINKINFO, "\x0a\0\1\0dummy\0\0\0\x04\0\2\0", 16);
	add_attribute(&whole, header, IFLA_STATS64, zeroes, 200);
	add_message(&whole, NLMSG_ERROR, 0, &error, sizeof(error));
	add_message(&whole, 20, 1, zeroes, 56);
	for (int i = 0; i < 4000; i++) {
		struct message message = whole;
		for (uint64_t n = next_random(&random) % 8; n; n--)
			message.bytes[next_random(&random) % whole.used] =
				(char)(next_random(&random) % 3 ? next_random(&random) % 64
								: next_random(&random));
		show_copy(protocols[(uint32_t)i % array_size(protocols)], message.bytes,
			  (uint32_t)(next_random(&random) % (whole.used + 1)),
			  next_random(&random) % 2 ? FETCH_BLOB_TRUNCATED : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_stands_alone),
		cmocka_unit_test(the_same_bits_mean_something_else_elsewhere),
		cmocka_unit_test(addresses_are_of_the_family),
		cmocka_unit_test(an_error_holds_what_it_is_about),
		cmocka_unit_test(other_protocols_have_other_types),
		cmocka_unit_test(what_was_not_read_is_dots),
		cmocka_unit_test(lengths_lead_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
