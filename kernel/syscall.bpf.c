/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/syscall.bpf.c — system calls: entry and return as one record.
 *
 * Inputs are read at entry, into the thread's scratch area; at return the outputs are appended and
 * the record leaves. What was not resident at entry is read again at return, when the kernel itself
 * has touched it.
 *
 * There is one body, and a pair of programs for each place at which the kernel can be asked
 * (kernel/backends.h); a run loads one of the pairs. BTF tracepoints (5.5) are handed the registers
 * of the call; all others find them where the thread keeps them.
 *
 * At return struct pt_regs still holds the arguments; on arm64 x0 is the result by then.
 */
#include "kernel/call_regs.bpf.h"
#include "kernel/ending.bpf.h"
#include "kernel/tally.bpf.h"
#include "probe/fetch.bpf.h"
#include "probe/filter.bpf.h"
#include "stream/cost.bpf.h"
#include "stream/go.bpf.h"
#include "stream/stream.bpf.h"
#include "stream/sums.bpf.h"

#define SYSCALLS_MAX 1024

/* Number of the call -> site id; 0: not traced. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} syscall_sites SEC(".maps");

/* 0: it is not traced. */
static __always_inline __u32 site_of_call(__u32 number)
{
	__u32 *found = bpf_map_lookup_elem(&syscall_sites, &number);
	return found ? *found : other_calls_site;
}

/* 32-bit calls of traced processes: their numbers are of another table. Not told, but counted. */
volatile __u64 compat_calls = 0;

/* Each call's entry is a record, too: --unfinished. */
const volatile bool tell_entries = false;

/* What is lost here is told with the call's own record. */
static __always_inline void emit_entry(struct scratch *scratch, __u32 site_id,
				       enum stream_form form)
{
	struct event_header *header = stream_head(scratch, sizeof(*header));
	stream_header(header, scratch->id, EVENT_SYSCALL_ENTRY, sizeof(*header) + scratch->position,
		      site_id, scratch->syscall_time_ns, form);
	header->depth = scratch->depth;
	header->span = stream_current_span(scratch);
	header->unavailable = scratch->syscall_unavailable;
	if (!stream_emit(scratch, sizeof(*header)))
		stream_count_loss(site_id, LOSS_BOOKKEEPING);
}

/* Completes the record in the scratch area and sends it. */
static __always_inline void syscall_emit(struct scratch *scratch, __u64 id, __u64 time_ns,
					 __s64 result, enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_syscall call;
	} *head = stream_head(scratch, sizeof(*head));
	__u32 site_id = scratch->syscall_site;
	stream_header(&head->header, id, EVENT_SYSCALL, sizeof(*head) + scratch->position, site_id,
		      time_ns, form);
	head->header.depth = scratch->depth;
	head->header.span = stream_current_span(scratch);
	head->header.unavailable = scratch->unavailable;
	head->call.entry_time_ns = scratch->syscall_time_ns;
	head->call.result = result;
	head->call.number = scratch->syscall_number;
	head->call.entry_unavailable = scratch->syscall_unavailable;
	head->call.entry_size = scratch->syscall_size;
	head->call.flags = scratch->syscall_flags & ~EVENT_SYSCALL_RETURNING;
	if (!where_emit_both(scratch, sizeof(*head)))
		stream_count_loss(site_id, LOSS_RING_FULL);
}

/* Reads the inputs; at return once more when something was not resident at entry. */
static __always_inline void read_inputs(struct scratch *scratch, struct site *site, bool again,
					enum fetch_form form)
{
	fetch_begin(scratch, 0);
	scratch->keep_files = again;
	fetch_run(scratch, site->entry_plan, form);
	scratch->syscall_size = scratch->position;
	scratch->syscall_unavailable = scratch->unavailable;
}

/* `utrail stat`: nothing is read, so nothing is kept but that it is in flight. */
static __always_inline void sum_enter(struct scratch *scratch, struct site *site, __u32 site_id)
{
	__u32 parent = follows_go && scratch->go.parent ? scratch->go.parent : sum_parent(scratch);
	bool counted = sum_add_begun_in(parent, site_id);
	scratch->syscall_site = counted && (site->flags & SITE_HAS_RETURN) ? site_id : 0;
	scratch->parent_site = parent;
	scratch->syscall_time_ns = scratch->time_ns;
	scratch->syscall_size = 0;
	scratch->execed = 0;
}

/* In which call of a goroutine it is made, by that one itself: it is on the goroutine's own stack.
 * Calls of C and of the runtime are on another one. */
static __always_inline void find_goroutine(struct scratch *scratch, struct pt_regs *regs,
					   enum call_regs kind, enum fetch_form form)
{
	save_arguments(scratch, regs, kind);
	if (kind == REGS_TYPED)
		save_frame(scratch, regs);
	scratch->sp = scratch->regs[REG_SP];
	if (form == FETCH_OLD)
		go_settle_old();
	else
		go_settle_atomic(scratch);
}

/* --- entry and return ------------------------------------------------------------------------- */

/* The thread has come here. False: the call is of no interest at this place. */
static __always_inline bool is_of_interest(struct scratch *scratch, struct site *site,
					   struct pt_regs *regs, enum call_regs kind,
					   enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	stream_send_kept(scratch, stream);
	stream_announce(scratch, stream);
	save_arguments(scratch, regs, kind);
	scratch->sp = scratch->regs[REG_SP];
	stream_drop_dead_spans(scratch, false, stream);
	return !(site->flags & SITE_INSIDE) || ending_is_inside(scratch);
}

/* What a record holds from its beginning. */
static __always_inline void begin_record(struct scratch *scratch, struct site *site, __u32 site_id,
					 struct pt_regs *regs, enum call_regs kind,
					 enum fetch_form form)
{
	/* Of an address all were copied. */
	if (stack_how && kind == REGS_TYPED)
		save_frame(scratch, regs);
	stream_send_stack(scratch, site, site_id, fetch_stream(form), false);
	read_inputs(scratch, site, false, form);
}

static __always_inline int on_enter(struct pt_regs *regs, enum call_regs kind, __u32 number,
				    enum fetch_form form)
{
	/* From 7.2 on these tracepoints may be preempted. */
	enum stream_form stream = fetch_stream(form);
	struct task_struct *current = stream_current(stream);
	__u64 id = stream_id_of(current, stream);
	if (!stream_wants_current(id))
		return 0;
	if (is_compat(form)) {
		if (!other_calls_site) {
			__sync_fetch_and_add(&compat_calls, 1);
			return 0;
		}
		number |= EVENT_CALL_NARROW;
	}
	__u32 site_id = site_of_call(number);
	if (!site_id)
		return 0;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	struct scratch *scratch = stream_scratch_of(current, id, stream, true);
	if (!site || !scratch) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return 0;
	}
	/* Of one whose end was missed. */
	scratch->syscall_site = 0;
	scratch->syscall_number = number;
	scratch->syscall_seen = CALLS_KNOWN | CALL_BEGAN;
	if (lossless && form != FETCH_OLD)
		hold_briefly(scratch);
	cost_begin(scratch, site_id, false);
	where_note(scratch);
	__u64 time_ns = scratch->time_ns;
	scratch->id = id;
	if (tell_where)
		scratch->syscall_where = scratch->where_now;
	if (follows_go && !tally_only)
		find_goroutine(scratch, regs, kind, form);
	if (has_filters) {
		scratch->syscall_filter = 0;
		save_arguments(scratch, regs, kind);
		if (!enter_passes(scratch, site, site_id, number, form)) {
			cost_end(scratch, true);
			return 0;
		}
	}
	bool is_one_way = !(site->flags & SITE_HAS_RETURN) || is_narrow_exit(scratch, number);
	/* With filters, its end was asked for among them. */
	if ((!tally_only && !is_of_interest(scratch, site, regs, kind, form)) ||
	    (!has_filters && is_one_way && !status_is_wanted(site_id, status_of_one_way(number)))) {
		cost_end(scratch, true);
		return 0;
	}
	if (summing) {
		sum_enter(scratch, site, site_id);
		cost_end(scratch, true);
		return 0;
	}
	if (!tally_only)
		begin_record(scratch, site, site_id, regs, kind, form);
	scratch->syscall_site = site_id;
	scratch->syscall_time_ns = time_ns;
	scratch->execed = 0;
	/* The last: see stream/calls.bpf.c. */
	barrier();
	scratch->syscall_flags = 0;
	if (!is_one_way) {
		/* Not where its end decides whether it is told at all. */
		if (tell_entries && !tally_only && !statuses && !scratch->syscall_filter)
			emit_entry(scratch, site_id, stream);
		cost_end(scratch, true);
		return 0;
	}
	/* exit, exit_group: nothing will come back. */
	tally_one_way(site_id, number);
	scratch->unavailable = 0;
	if (!tally_only)
		syscall_emit(scratch, id, time_ns, 0, stream);
	scratch->syscall_site = 0;
	cost_end(scratch, true);
	return 0;
}

/* Does the call leave nothing behind its pointers? The kernel's own range of errors; those that
 * mean "interrupted" (EINTR, and 512 and above) do tell what is left of a sleep. */
static __always_inline bool has_no_outputs(__s64 result)
{
	return result < 0 && result > -512 && result != -EINTR;
}

/* The rest of the record. */
static __always_inline void end_record(struct scratch *scratch, struct site *site, __s64 result,
				       enum fetch_form form)
{
	if (scratch->syscall_unavailable && !scratch->execed) {
		read_inputs(scratch, site, true, form);
		scratch->syscall_flags |= EVENT_SYSCALL_AGAIN;
	}
	fetch_begin(scratch, scratch->syscall_size);
	if (is_killed_inside(scratch, result))
		scratch->syscall_flags |= EVENT_SYSCALL_KILLED | EVENT_SYSCALL_NO_OUTPUTS;
	else if (!(site->flags & SITE_OUTPUTS_ANYWAY) && has_no_outputs(result))
		scratch->syscall_flags |= EVENT_SYSCALL_NO_OUTPUTS;
	else
		fetch_run(scratch, site->return_plan, form);
	syscall_emit(scratch, scratch->id, scratch->time_ns, scratch->regs[REG_RESULT],
		     fetch_stream(form));
}

/* The goroutine is still in this thread. */
static __always_inline void add_to_goroutine(struct scratch *scratch, enum fetch_form form)
{
	__u64 ns = scratch->time_ns - scratch->syscall_time_ns;
	if (form == FETCH_OLD)
		go_add_inner_old(ns);
	else
		go_add_inner(scratch, ns);
}

/* After these, the registers are those of another program; on arm64 the number is gone, too. */
#if defined(__TARGET_ARCH_x86)
#define CALL_EXECVE   59
#define CALL_EXECVEAT 322
#else
#define CALL_EXECVE   221
#define CALL_EXECVEAT 281
#endif

/* Is it the end of the call that was seen to begin? Where the kernel does not run a program that is
 * just running (from 7.2 on these can be preempted), the end of one call and the begin of the next
 * can go unseen, each of them counted as missed. Then the number is another one, or what the call
 * was given. */
static __always_inline bool is_its_end(const struct scratch *scratch, const struct pt_regs *regs)
{
	__u32 number = scratch->syscall_number;
	/* Its arguments are not where they were; among them are execve and sigreturn. */
	if (is_narrow(number))
		return true;
	if (number == CALL_EXECVE || number == CALL_EXECVEAT)
		return true;
	/* It brings back the registers of what was interrupted, and takes the number away. */
	if (number == sigreturn_number)
		return call_number(regs) == ~0U || call_number(regs) == number;
	/* Of what is only counted, the arguments are not kept. */
	return call_number(regs) == number &&
	       (summing || tally_only || has_its_arguments(scratch, regs));
}

/* Errors of calls that have waited: they may have begun before tracing did. */
static __always_inline bool may_have_waited(__s64 result)
{
	return result == -EINTR || result == -EAGAIN || result == -ETIMEDOUT || result <= -512;
}

/* Entry and end at once, nothing between them. */
static __always_inline void tell_refused(struct scratch *scratch, struct site *site,
					 struct pt_regs *regs, __s64 result, enum fetch_form form)
{
	__u32 site_id = scratch->syscall_site;
	enum stream_form stream = fetch_stream(form);
	if (has_filters) {
		save_arguments(scratch, regs, REGS_TYPED);
		if (!enter_passes(scratch, site, site_id, scratch->syscall_number, form))
			return;
	}
	if (!tally_only && !is_of_interest(scratch, site, regs, REGS_TYPED, form))
		return;
	if (summing)
		sum_enter(scratch, site, site_id);
	if (!exit_is_wanted(scratch, site, result, form)) {
		if (summing)
			sum_take_back(scratch->parent_site, site_id);
	} else if (summing) {
		sum_add_syscall(scratch, result, stream);
	} else {
		tally_call(site_id, scratch->syscall_number, result, 0, form);
		if (tally_only)
			return;
		begin_record(scratch, site, site_id, regs, REGS_TYPED, form);
		scratch->unavailable = 0;
		syscall_emit(scratch, scratch->id, scratch->time_ns, result, stream);
	}
}

/*
 * A seccomp filter decides before the tracepoints of entries, so a call that it refuses has an end
 * alone. Nothing has run: its arguments are as they were (on arm64 all but the first).
 */
static __always_inline int on_refused(struct task_struct *current, struct pt_regs *regs,
				      __s64 result, struct scratch *scratch, enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	__u32 number = call_number(regs);
	__u64 id = stream_id_of(current, stream);
	bool is_known = scratch && (scratch->syscall_seen & CALLS_KNOWN);
	/* The end of rt_sigreturn has no number. */
	if (is_compat(form) || number == ~0U || (!is_known && may_have_waited(result)))
		return 0;
	__u32 site_id = site_of_call(number);
	if (!site_id)
		return 0;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	scratch = stream_scratch_of(current, id, stream, true);
	if (!site || !scratch) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return 0;
	}
	where_note(scratch);
	if (tell_where)
		scratch->syscall_where = scratch->where_now;
	scratch->id = id;
	scratch->syscall_seen = CALLS_KNOWN;
	scratch->syscall_number = number;
	scratch->syscall_time_ns = scratch->time_ns;
	scratch->syscall_filter = 0;
	scratch->syscall_size = 0;
	scratch->syscall_flags = EVENT_SYSCALL_NO_OUTPUTS;
	scratch->execed = 0;
	scratch->regs[REG_RESULT] = (__u64)result;
	scratch->syscall_site = site_id;
	tell_refused(scratch, site, regs, result, form);
	scratch->syscall_site = 0;
	return 0;
}

/* `regs`: NULL where they are not to be had. */
static __always_inline int on_exit(struct pt_regs *regs, __s64 result, enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	struct task_struct *current = stream_current(stream);
	__u64 id = stream_id_of(current, stream);
	if (!stream_wants_current(id))
		return 0;
	struct scratch *scratch = stream_scratch_of(current, id, stream, false);
	/* In flight when tracing began, or a child's first return: no entry was seen. */
	if (!scratch || !scratch->syscall_site) {
		bool is_refused = form != FETCH_OLD && result < 0 && result >= -4095 &&
				  !(scratch && (scratch->syscall_seen & CALL_BEGAN)) &&
				  has_seccomp(current);
		if (scratch)
			scratch->syscall_seen &= ~CALL_BEGAN;
		return is_refused ? on_refused(current, regs, result, scratch, form) : 0;
	}
	scratch->syscall_seen = CALLS_KNOWN;
	if (form != FETCH_OLD && !is_its_end(scratch, regs)) {
		scratch->syscall_site = 0;
		return 0;
	}
	__u32 site_id = scratch->syscall_site;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site)
		return 0;
	scratch->syscall_flags |= EVENT_SYSCALL_RETURNING;
	barrier();
	cost_begin(scratch, site_id, false);
	/* Kept there, not on the stack: see uprobe/uprobe.bpf.c. An exec may have changed the id.
	 */
	scratch->id = id;
	where_note(scratch);
	/* The arguments are there from the entry. */
	scratch->regs[REG_RESULT] = (__u64)result;
	bool wanted = exit_is_wanted(scratch, site, result, form);
	if (summing && wanted) {
		sum_add_syscall(scratch, result, stream);
		if (follows_go && scratch->go.parent)
			add_to_goroutine(scratch, form);
	} else if (summing) {
		sum_take_back(scratch->parent_site, site_id);
	} else if (wanted) {
		tally_call(site_id, scratch->syscall_number, result,
			   scratch->time_ns - scratch->syscall_time_ns, form);
		if (!tally_only)
			end_record(scratch, site, result, form);
	}
	scratch->syscall_site = 0;
	cost_end(scratch, false);
	if (scratch->execed == EXECED_AND_LEAVES)
		stream_leave_target(scratch->id >> 32);
	return 0;
}

/* --- BTF tracepoints -------------------------------------------------------------------------- */

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long number)
{
	return on_enter(regs, REGS_TYPED, (__u32)number, FETCH_ATOMIC);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long result)
{
	return on_exit(regs, result, FETCH_ATOMIC);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(old_sys_enter, struct pt_regs *regs, long number)
{
	return on_enter(regs, REGS_TYPED, (__u32)number, FETCH_OLD);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(old_sys_exit, struct pt_regs *regs, long result)
{
	return on_exit(NULL, result, FETCH_OLD);
}

/* From 7.2 on these tracepoints may sleep (tp_btf.s). User space sets the flag: older versions of
 * libbpf do not know such a section. */
SEC("tp_btf/sys_enter")
int BPF_PROG(sleepable_sys_enter, struct pt_regs *regs, long number)
{
	return on_enter(regs, REGS_TYPED, (__u32)number, FETCH_SLEEPABLE_CALLS);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sleepable_sys_exit, struct pt_regs *regs, long result)
{
	return on_exit(regs, result, FETCH_SLEEPABLE_CALLS);
}

/* --- all others ------------------------------------------------------------------------------- */

/* The registers of the call that the current thread is in (5.15). */
static __always_inline struct pt_regs *own_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static __always_inline int enter_by_own_regs(void)
{
	struct pt_regs *regs = own_regs();
	return on_enter(regs, REGS_TYPED, call_number(regs), FETCH_ATOMIC);
}

static __always_inline int enter_by_address(__u64 regs)
{
	struct pt_regs *at = (struct pt_regs *)regs;
	return on_enter(at, REGS_ADDRESS, call_number_at(at), FETCH_OLD);
}

/* At the context are the arguments of the tracepoint. */
SEC("raw_tp/sys_enter")
int raw_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	return enter_by_own_regs();
}

SEC("raw_tp/sys_exit")
int raw_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return on_exit(own_regs(), (__s64)ctx->args[1], FETCH_ATOMIC);
}

SEC("raw_tp/sys_enter")
int old_raw_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	return enter_by_address(ctx->args[0]);
}

SEC("raw_tp/sys_exit")
int old_raw_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return on_exit(NULL, (__s64)ctx->args[1], FETCH_OLD);
}

/* The tracepoint of one call: struct syscall_tp_t of kernel/trace/trace_syscalls.c. Its arguments
 * are as many as the call has, so they are taken from the registers. */
struct point_of_call {
	__u64 header;
	__s32 number;
	__u64 result;
};

SEC("tracepoint")
int point_sys_enter(struct point_of_call *ctx)
{
	return enter_by_own_regs();
}

SEC("tracepoint")
int point_sys_exit(struct point_of_call *ctx)
{
	return on_exit(own_regs(), (__s64)ctx->result, FETCH_ATOMIC);
}

/* The first word is the address of the registers, which the verifier lets nobody load. */
SEC("tracepoint")
int old_point_sys_enter(struct point_of_call *ctx)
{
	__u64 regs = 0;
	bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
	return enter_by_address(regs);
}

SEC("tracepoint")
int old_point_sys_exit(struct point_of_call *ctx)
{
	return on_exit(NULL, (__s64)ctx->result, FETCH_OLD);
}

/* The function of one call (__x64_sys_*, __arm64_sys_*), whose one argument is the address of the
 * registers: by kprobe, and by kprobe.multi (5.18), which user space makes of the same programs. */
SEC("kprobe")
int function_sys_enter(struct pt_regs *ctx)
{
	return enter_by_own_regs();
}

SEC("kretprobe")
int function_sys_exit(struct pt_regs *ctx)
{
	return on_exit(own_regs(), (__s64)PT_REGS_RC(ctx), FETCH_ATOMIC);
}

SEC("kprobe")
int old_function_sys_enter(struct pt_regs *ctx)
{
	return enter_by_address(PT_REGS_PARM1(ctx));
}

SEC("kretprobe")
int old_function_sys_exit(struct pt_regs *ctx)
{
	return on_exit(NULL, (__s64)PT_REGS_RC(ctx), FETCH_OLD);
}

/* And by fentry and fexit, of which each function has a copy. Any of them stands here. */
#if defined(__TARGET_ARCH_x86)
#define ANY_FUNCTION "__x64_sys_sched_getscheduler"
#else
#define ANY_FUNCTION "__arm64_sys_sched_getscheduler"
#endif

SEC("fentry/" ANY_FUNCTION)
int fentry_sys_enter(void *ctx)
{
	return enter_by_own_regs();
}

SEC("fexit/" ANY_FUNCTION)
int fentry_sys_exit(__u64 *ctx)
{
	return on_exit(own_regs(), (__s64)ctx[1], FETCH_ATOMIC);
}
