/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/tcp.bpf.c — `tcp`: the life of TCP connections.
 *
 * Most of it happens in soft interrupts, on top of whatever thread runs there. So the owner of a
 * socket is kept by its address, from when a traced thread connects, listens, accepts or closes it;
 * those that were there before are looked up when tracing begins (tcp_scan). Which changes of state
 * are made by the thread itself follows from the states: see is_by_thread().
 *
 * Members of the kernel's structures (kernel/socket.bpf.h) are found by CO-RE, in these programs
 * alone: they are loaded when `tcp` is asked for.
 */
#include "kernel/select.bpf.h"
#include "kernel/socket.bpf.h"
#include "kernel/view.bpf.h"

/* include/linux/socket.h, include/uapi/linux/in.h, stat.h, fcntl.h, asm-generic/errno.h */
#define FAMILY_INET    2
#define FAMILY_INET6   10
#define PROTOCOL_TCP   6
#define TYPE_STREAM    1
#define MODE_FORMAT    0170000
#define MODE_SOCKET    0140000
#define FLAG_NONBLOCK  04000
#define ERROR_CANCELED 125

/* include/net/tcp_states.h */
enum tcp_state {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_NEW_SYN_RECV = 12,
};

/* enum sock_flags of include/net/sock.h: the peer's FIN has come */
#define SOCK_DONE_BIT 1

struct tcp_owner {
	__u64 id;
	__u64 began_ns;	      /* when it was to be connected */
	__u64 established_ns; /* 0: before tracing, or not at all */
	__u64 stack_ns;	      /* when that of the thread was kept, by its address; 0: none is */
	__u32 span, inside;   /* in what it was to be connected */
	__u16 depth;
	__u8 returns_at_once; /* the socket does not block */
};

#define TCP_OWNERS_MAX 16384
#define TCP_QUEUED_MAX 16384

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_OWNERS_MAX);
	__type(key, __u64);
	__type(value, struct tcp_owner);
} tcp_owners SEC(".maps");

/* Connections that nobody has accepted yet, of all processes, and since when. One that falls out
 * has an accept without a duration. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TCP_QUEUED_MAX);
	__type(key, __u64);
	__type(value, __u64);
} tcp_queued SEC(".maps");

/* --- what a socket says ----------------------------------------------------------------------- */

static __always_inline __u32 state_of(__u64 sock)
{
	struct sock *sk = (void *)sock;
	return BPF_CORE_READ(sk, __sk_common.skc_state);
}

/* 0, or a negative errno. */
static __always_inline __s32 error_of(__u64 sock)
{
	struct sock *sk = (void *)sock;
	return -BPF_CORE_READ(sk, sk_err);
}

static __always_inline bool is_stream(__u64 sock)
{
	struct sock *sk = (void *)sock;
	return BPF_CORE_READ(sk, sk_type) == TYPE_STREAM;
}

static __always_inline bool is_tcp(__u64 sock)
{
	struct sock *sk = (void *)sock;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	return (family == FAMILY_INET || family == FAMILY_INET6) &&
	       BPF_CORE_READ(sk, sk_protocol) == PROTOCOL_TCP;
}

static __always_inline void describe_ends(struct tcp_record *record, struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record->local.family = record->remote.family = family;
	/* When it is closed, its number was given back, but stands here still. */
	record->local.port = __builtin_bswap16(BPF_CORE_READ(inet, inet_sport));
	if (!record->local.port)
		record->local.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	record->remote.port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	record->port = record->remote.port;
	record->local_port = record->local.port;
	if (family == FAMILY_INET) {
		BPF_CORE_READ_INTO((__u32 *)record->local.address, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)record->remote.address, sk, __sk_common.skc_daddr);
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO((struct in6_addr *)record->local.address, sk,
				   __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)record->remote.address, sk,
				   __sk_common.skc_v6_daddr);
	}
}

/* What was sent counts again when it is sent again, and a FIN counts as a byte that came. */
static __always_inline void describe_counts(struct tcp_record *record, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	struct sock_common___flags *common = (void *)sk;
	bool has_fin = BPF_CORE_READ(common, skc_flags) >> SOCK_DONE_BIT & 1;
	record->sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	record->received = BPF_CORE_READ(tcp, bytes_received);
	if (has_fin && record->received)
		record->received--;
	record->retransmits = BPF_CORE_READ(tcp, total_retrans);
	record->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
}

__noinline int tcp_describe(__u32 level, __u64 sock)
{
	struct view_record *record = bpf_map_lookup_elem(&view_records, &level);
	if (!record)
		return 0;
	__builtin_memset(&record->tcp, 0, sizeof(record->tcp));
	describe_ends(&record->tcp, (void *)sock);
	describe_counts(&record->tcp, (void *)sock);
	return 0;
}

/* --- telling ---------------------------------------------------------------------------------- */

struct tcp_change {
	__u64 sock;
	__u32 from, to;
	__s32 result;
	bool in_thread; /* in that of the owner */
	__u64 stack_ns; /* of the event; 0: it has none */
};

static __always_inline struct view_record *begin(__u32 event, const struct tcp_owner *owner,
						 const struct tcp_change *change, __u32 *ret_level,
						 enum fetch_form form)
{
	if (!view_is_wanted(event))
		return NULL;
	struct view_record *record = view_begin(event, owner ? owner->id : 0, ret_level, form);
	if (!record)
		return NULL;
	if (!owner)
		record->head.flags = EVENT_VIEW_NOBODY | EVENT_VIEW_ELSEWHERE;
	else if (change->in_thread)
		view_look(&record->head, form);
	else
		record->head.flags = EVENT_VIEW_ELSEWHERE;
	tcp_describe(*ret_level, change->sock);
	record->head.stack_key = change->sock;
	record->head.stack_ns = change->stack_ns;
	record->tcp.from = change->from;
	record->tcp.to = change->to;
	record->tcp.result = change->result;
	return record;
}

/* `since_ns` 0: not known. */
static __always_inline void set_duration(struct view_head *head, __u64 since_ns)
{
	head->began_ns = since_ns;
	head->flags |= since_ns ? EVENT_VIEW_DURATION : EVENT_VIEW_BEFORE;
}

static __always_inline void tell(__u32 event, const struct tcp_owner *owner,
				 const struct tcp_change *change, enum fetch_form form)
{
	__u32 level;
	if (begin(event, owner, change, &level, form))
		view_send(level, form);
}

/* The attempt has an end. A socket that blocks has its thread wait there, where it began. */
static __always_inline void tell_connect(const struct tcp_owner *owner,
					 const struct tcp_change *change, enum fetch_form form)
{
	__u32 level;
	struct view_record *record = begin(VIEW_TCP_CONNECT, owner, change, &level, form);
	if (!record)
		return;
	set_duration(&record->head, owner->began_ns);
	if (!owner->returns_at_once && !change->in_thread)
		record->head.flags ^= EVENT_VIEW_ELSEWHERE | EVENT_VIEW_WAITED;
	record->head.depth = owner->depth;
	record->head.span = owner->span;
	record->head.inside = owner->inside;
	record->head.failed = change->result != 0;
	view_send(level, form);
}

static __always_inline void tell_close(const struct tcp_owner *owner,
				       const struct tcp_change *change, enum fetch_form form)
{
	__u32 level;
	struct view_record *record = begin(VIEW_TCP_CLOSE, owner, change, &level, form);
	if (!record)
		return;
	set_duration(&record->head, owner->established_ns);
	record->head.failed = change->result != 0;
	view_send(level, form);
}

static __always_inline void tell_accept(const struct tcp_owner *owner, __u64 queued_ns,
					const struct tcp_change *change, enum fetch_form form)
{
	__u32 level;
	struct view_record *record = begin(VIEW_TCP_ACCEPT, owner, change, &level, form);
	if (!record)
		return;
	set_duration(&record->head, queued_ns);
	view_send(level, form);
}

/* --- whose it is ------------------------------------------------------------------------------ */

/* `flags`: of bpf_map_update_elem(). NULL: there is no room, and what will not be told is lost. */
static __always_inline struct tcp_owner *set_owner(__u64 sock, const struct tcp_owner *fresh)
{
	if (bpf_map_update_elem(&tcp_owners, &sock, fresh, BPF_ANY)) {
		view_count_loss(VIEW_TCP_CLOSE, LOSS_NO_STORAGE);
		return NULL;
	}
	return bpf_map_lookup_elem(&tcp_owners, &sock);
}

/*
 * Is it the current thread that changes the state, and no packet or timer? net/ipv4/tcp.c: these
 * are set by connect(), listen(), shutdown() and close() alone; and what a packet or a timer closes
 * has an error, or has been closed by the program before.
 */
static __always_inline bool is_by_thread(const struct tcp_change *change)
{
	switch (change->to) {
	case STATE_SYN_SENT:
	case STATE_LISTEN:
	case STATE_FIN_WAIT1:
	case STATE_LAST_ACK:
		return true;
	case STATE_CLOSE:
		return !change->result &&
		       (change->from == STATE_ESTABLISHED || change->from == STATE_SYN_SENT ||
			change->from == STATE_CLOSE_WAIT || change->from == STATE_LISTEN);
	default:
		return false;
	}
}

static __always_inline void note_connect(struct tcp_owner *owner, __u64 sock, enum fetch_form form)
{
	struct sock *sk = (void *)sock;
	struct scratch *thread = stream_scratch(owner->id, fetch_stream(form), false);
	owner->began_ns = bpf_ktime_get_boot_ns();
	owner->established_ns = 0;
	owner->depth = thread ? thread->depth : 0;
	owner->span = thread && thread->depth ? thread->top.number : 0;
	owner->inside = thread && thread->depth ? thread->top.site_id : 0;
	owner->returns_at_once = (BPF_CORE_READ(sk, sk_socket, file, f_flags) & FLAG_NONBLOCK) != 0;
}

/*
 * The stacks of what the current thread does to the socket: for this event, and for one that comes
 * of it elsewhere. A connect that is given up keeps those with which it began.
 */
static __always_inline void take_stacks(void *ctx, struct tcp_owner *owner,
					struct tcp_change *change, enum fetch_form form)
{
	if (!keeps_stacks || (change->from == STATE_SYN_SENT && owner->stack_ns))
		return;
	change->stack_ns = bpf_ktime_get_boot_ns();
	owner->stack_ns = change->stack_ns;
	kept_stack_take(ctx, change->sock, change->stack_ns, form);
}

static __always_inline void drop_stacks(struct tcp_owner *owner, __u64 sock)
{
	if (!keeps_stacks || !owner->stack_ns)
		return;
	owner->stack_ns = 0;
	kept_stack_drop(sock);
}

/* The current thread acts on the socket: it is its own from now on, if it is traced. */
static __always_inline struct tcp_owner *take(void *ctx, struct tcp_owner *owner,
					      struct tcp_change *change, enum fetch_form form)
{
	__u64 id = stream_current_id();
	if (!stream_wants_current(id))
		return owner;
	struct tcp_owner fresh = {.id = id};
	change->in_thread = true;
	if (owner) {
		owner->id = id;
	} else {
		/* Closed with the listener that had it, before it was accepted, say. */
		__u64 *queued = bpf_map_lookup_elem(&tcp_queued, &change->sock);
		fresh.established_ns = queued ? *queued : 0;
		owner = set_owner(change->sock, &fresh);
	}
	view_announce(id, form);
	if (!owner)
		return NULL;
	if (change->to == STATE_SYN_SENT)
		note_connect(owner, change->sock, form);
	take_stacks(ctx, owner, change, form);
	return owner;
}

/* --- tracepoints ------------------------------------------------------------------------------ */

/* The other side may connect to this one at the same time: then it has SYN_RECV in between, as what
 * is accepted has. */
static __always_inline bool is_connecting(const struct tcp_owner *owner, __u32 state)
{
	return state == STATE_SYN_SENT ||
	       (state == STATE_SYN_RECV && owner->began_ns && !owner->established_ns);
}

static __always_inline void tell_change(struct tcp_owner *owner, struct tcp_change *change,
					enum fetch_form form)
{
	tell(VIEW_TCP_STATE, owner, change, form);
	change->stack_ns = owner->stack_ns;
	if (is_connecting(owner, change->from) &&
	    (change->to == STATE_ESTABLISHED || change->to == STATE_CLOSE)) {
		if (change->to == STATE_ESTABLISHED) {
			owner->established_ns = bpf_ktime_get_boot_ns();
			change->result = 0;
		} else if (!change->result) {
			/* It was given up: a signal, a limit of time, a close. */
			change->result = -ERROR_CANCELED;
		}
		tell_connect(owner, change, form);
	} else if (change->to == STATE_CLOSE && change->from != STATE_LISTEN &&
		   change->from != STATE_CLOSE) {
		tell_close(owner, change, form);
	}
	if (change->to == STATE_ESTABLISHED || change->to == STATE_CLOSE ||
	    change->to == STATE_LISTEN)
		drop_stacks(owner, change->sock);
}

static __always_inline int on_change(struct bpf_raw_tracepoint_args *ctx, enum fetch_form form)
{
	struct tcp_change change = {
		.sock = ctx->args[0], .from = (__u32)ctx->args[1], .to = (__u32)ctx->args[2]};
	if (!tracing || !is_tcp(change.sock))
		return 0;
	change.result = error_of(change.sock);
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &change.sock);
	if (is_by_thread(&change))
		owner = take(ctx, owner, &change, form);
	else if (owner && owner->id == stream_current_id())
		/* On its way through the kernel its own packets have come back. */
		change.in_thread = is_connecting(owner, change.from);
	if (!owner && change.from == STATE_SYN_RECV && change.to == STATE_ESTABLISHED) {
		__u64 now_ns = bpf_ktime_get_boot_ns();
		bpf_map_update_elem(&tcp_queued, &change.sock, &now_ns, BPF_ANY);
	}
	if (owner)
		tell_change(owner, &change, form);
	return 0;
}

SEC("raw_tp")
int view_tcp_change(struct bpf_raw_tracepoint_args *ctx)
{
	return on_change(ctx, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_tcp_change(struct bpf_raw_tracepoint_args *ctx)
{
	return on_change(ctx, FETCH_OLD);
}

/* Does the third word say whether it could be sent again? 6.16 and later. */
const volatile bool tcp_resent_has_error = false;

static __always_inline int on_resent(struct bpf_raw_tracepoint_args *ctx, enum fetch_form form)
{
	struct tcp_change change = {.sock = ctx->args[0]};
	__s32 error = 0;
	if (tcp_resent_has_error)
		read_kernel(&error, sizeof(error), &ctx->args[2]);
	if (!tracing || error)
		return 0;
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &change.sock);
	if (!owner && filter_by_process)
		return 0;
	change.from = change.to = state_of(change.sock);
	tell(VIEW_TCP_RETRANSMIT, owner, &change, form);
	return 0;
}

SEC("raw_tp")
int view_tcp_resent(struct bpf_raw_tracepoint_args *ctx)
{
	return on_resent(ctx, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_tcp_resent(struct bpf_raw_tracepoint_args *ctx)
{
	return on_resent(ctx, FETCH_OLD);
}

/*
 * Sent because of a packet that nobody expects, from where that came in; or, without one, by a
 * timer, or by close() and disconnecting, which close the socket first (net/ipv4/tcp.c). What
 * stands for a socket in its first and last states is no struct sock, and nobody's any more.
 */
static __always_inline int on_reset(void *ctx, __u64 sock, bool by_packet, __u32 event,
				    enum fetch_form form)
{
	struct tcp_change change = {.sock = sock};
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &change.sock);
	if (!tracing || !sock || (!owner && filter_by_process))
		return 0;
	change.from = change.to = state_of(sock);
	if (change.to == STATE_TIME_WAIT || change.to == STATE_NEW_SYN_RECV || !is_tcp(sock))
		return 0;
	change.in_thread =
		!by_packet && change.to == STATE_CLOSE && owner && owner->id == stream_current_id();
	if (change.in_thread)
		take_stacks(ctx, owner, &change, form);
	tell(event, owner, &change, form);
	if (change.in_thread)
		drop_stacks(owner, sock);
	return 0;
}

SEC("raw_tp")
int view_tcp_reset_sent(struct bpf_raw_tracepoint_args *ctx)
{
	return on_reset(ctx, ctx->args[0], ctx->args[1], VIEW_TCP_RESET_SENT, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_tcp_reset_sent(struct bpf_raw_tracepoint_args *ctx)
{
	return on_reset(ctx, ctx->args[0], ctx->args[1], VIEW_TCP_RESET_SENT, FETCH_OLD);
}

SEC("raw_tp")
int view_tcp_reset_received(struct bpf_raw_tracepoint_args *ctx)
{
	return on_reset(ctx, ctx->args[0], true, VIEW_TCP_RESET_RECEIVED, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_tcp_reset_received(struct bpf_raw_tracepoint_args *ctx)
{
	return on_reset(ctx, ctx->args[0], true, VIEW_TCP_RESET_RECEIVED, FETCH_OLD);
}

SEC("raw_tp")
int view_tcp_destroyed(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 sock = ctx->args[0];
	kept_stack_drop(sock);
	bpf_map_delete_elem(&tcp_owners, &sock);
	bpf_map_delete_elem(&tcp_queued, &sock);
	return 0;
}

/* --- accept ----------------------------------------------------------------------------------- */

/* Of a file; 0: it is none of TCP. */
static __always_inline __u64 sock_of(struct file *file)
{
	if ((BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return 0;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	__u64 sock = (__u64)BPF_CORE_READ(socket, sk);
	return sock && is_stream(sock) && is_tcp(sock) ? sock : 0;
}

static __always_inline __u64 accepted(__s64 descriptor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	if (descriptor >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), &files[descriptor]) || !file)
		return 0;
	return sock_of(file);
}

/* The record of the tracepoint: its result is the third word, include/trace/events/syscalls.h. */
static __always_inline int on_accept(__u64 *ctx, enum fetch_form form)
{
	__s64 descriptor = (__s64)ctx[2];
	__u64 id = stream_current_id();
	if (descriptor < 0 || !stream_wants_current(id))
		return 0;
	struct tcp_change change = {.sock = accepted(descriptor), .in_thread = true};
	if (!change.sock)
		return 0;
	__u64 *queued = bpf_map_lookup_elem(&tcp_queued, &change.sock);
	struct tcp_owner fresh = {.id = id, .established_ns = queued ? *queued : 0};
	bpf_map_delete_elem(&tcp_queued, &change.sock);
	struct tcp_owner *owner = set_owner(change.sock, &fresh);
	change.from = change.to = state_of(change.sock);
	if (!owner)
		return 0;
	view_announce(id, form);
	take_stacks(ctx, owner, &change, form);
	tell_accept(owner, owner->established_ns, &change, form);
	drop_stacks(owner, change.sock);
	change.stack_ns = 0;
	/* Its peer was faster: nobody will tell the end of it any more. */
	if (change.to == STATE_CLOSE) {
		change.result = error_of(change.sock);
		owner->established_ns = 0;
		tell_close(owner, &change, form);
	}
	return 0;
}

SEC("tracepoint")
int view_tcp_accept(__u64 *ctx)
{
	return on_accept(ctx, FETCH_ATOMIC);
}

SEC("tracepoint")
int old_view_tcp_accept(__u64 *ctx)
{
	return on_accept(ctx, FETCH_OLD);
}

/* --- what was there before -------------------------------------------------------------------- */

/* All open files of all threads; user space runs it. */
SEC("iter/task_file")
int view_tcp_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	if (!task || !file)
		return 0;
	__u32 tgid = select_tgid(task);
	if (filter_by_process ? !bpf_map_lookup_elem(&targets, &tgid) : tgid == own_process)
		return 0;
	__u64 sock = sock_of(file);
	/* Of its first thread: no other is known. */
	struct tcp_owner fresh = {.id = (__u64)tgid << 32 | tgid};
	if (sock && bpf_map_update_elem(&tcp_owners, &sock, &fresh, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&tcp_owners, &sock))
		view_count_loss(VIEW_TCP_CLOSE, LOSS_NO_STORAGE);
	return 0;
}
