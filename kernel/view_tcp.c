/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/view_tcp.c — `tcp`: what is told of a connection. The programs are in kernel/tcp.bpf.c. */
#include "common/array.h"
#include "kernel/views.h"

#define FIELD(field_name, field_type, member)                 \
	{                                                     \
		.name = (field_name), .type = &(field_type),  \
		.offset = offsetof(struct tcp_record, member) \
	}
#define QUIET(field_name, field_type, member)                                \
	{                                                                    \
		.name = (field_name), .type = &(field_type),                 \
		.offset = offsetof(struct tcp_record, member), .quiet = true \
	}

#define STATE(state_name, number)                      \
	{                                              \
		.name = #state_name, .value = (number) \
	}

static const struct enumerator states[] = {
	/* include/net/tcp_states.h */
	STATE(ESTABLISHED, 1), STATE(SYN_SENT, 2),  STATE(SYN_RECV, 3), STATE(FIN_WAIT1, 4),
	STATE(FIN_WAIT2, 5),   STATE(TIME_WAIT, 6), STATE(CLOSE, 7),	STATE(CLOSE_WAIT, 8),
	STATE(LAST_ACK, 9),    STATE(LISTEN, 10),   STATE(CLOSING, 11), STATE(NEW_SYN_RECV, 12),
};

static const struct type state_type = {.kind = TYPE_ENUM,
				       .size = 4,
				       .name = "enum tcp_state",
				       .enumerators = states,
				       .n_enumerators = array_size(states)};
/* Shown by its name: output/endpoint.h */
static const struct type endpoint_type = {
	.kind = TYPE_BYTES, .size = sizeof(struct view_endpoint), .name = "endpoint"};
static const struct type number_type = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
static const struct type count_type = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long"};
static const struct type errno_type = {.kind = TYPE_ERRNO, .size = 4, .name = "errno"};

#define ENDS                                                                          \
	FIELD("local", endpoint_type, local), FIELD("remote", endpoint_type, remote), \
		QUIET("port", number_type, port), QUIET("lport", number_type, local_port)

static const struct view_field connect_fields[] = {ENDS, FIELD("result", errno_type, result)};
static const struct view_field accept_fields[] = {ENDS};
static const struct view_field close_fields[] = {
	ENDS,
	FIELD("result", errno_type, result),
	FIELD("sent", count_type, sent),
	FIELD("received", count_type, received),
	FIELD("retransmits", number_type, retransmits),
	FIELD("rtt_us", number_type, rtt_us),
};
static const struct view_field state_fields[] = {ENDS, FIELD("from", state_type, from),
						 FIELD("to", state_type, to)};
static const struct view_field retransmit_fields[] = {
	ENDS, FIELD("state", state_type, to), FIELD("retransmits", number_type, retransmits)};
static const struct view_field reset_fields[] = {ENDS, FIELD("state", state_type, to)};

static const struct view_event events[] = {
	{.name = "connect",
	 .number = VIEW_TCP_CONNECT,
	 .fields = connect_fields,
	 .n_fields = array_size(connect_fields),
	 .by_default = true,
	 .has_duration = true,
	 .may_fail = true},
	{.name = "accept",
	 .number = VIEW_TCP_ACCEPT,
	 .fields = accept_fields,
	 .n_fields = array_size(accept_fields),
	 .by_default = true,
	 .has_duration = true},
	{.name = "close",
	 .number = VIEW_TCP_CLOSE,
	 .fields = close_fields,
	 .n_fields = array_size(close_fields),
	 .by_default = true,
	 .has_duration = true,
	 .may_fail = true},
	{.name = "state",
	 .number = VIEW_TCP_STATE,
	 .fields = state_fields,
	 .n_fields = array_size(state_fields)},
	{.name = "retransmit",
	 .number = VIEW_TCP_RETRANSMIT,
	 .fields = retransmit_fields,
	 .n_fields = array_size(retransmit_fields),
	 .by_default = true,
	 .no_stack = true},
	{.name = "reset_sent",
	 .number = VIEW_TCP_RESET_SENT,
	 .fields = reset_fields,
	 .n_fields = array_size(reset_fields),
	 .by_default = true},
	{.name = "reset_received",
	 .number = VIEW_TCP_RESET_RECEIVED,
	 .fields = reset_fields,
	 .n_fields = array_size(reset_fields),
	 .by_default = true,
	 .no_stack = true},
};

const struct view view_tcp = {.kind = PROBE_TCP, .events = events, .n_events = array_size(events)};
