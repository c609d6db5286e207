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
#include "kernel/ending.bpf.h"
#include "kernel/tally.bpf.h"
#include "probe/fetch.bpf.h"
#include "probe/filter.bpf.h"
#include "stream/cost.bpf.h"
#include "stream/go.bpf.h"
#include "stream/stream.bpf.h"
#include "stream/sums.bpf.h"

#define SYSCALLS_MAX 1024
/* struct pt_regs in arch/arm64/include/asm/ptrace.h: behind user_regs and orig_x0. */
#define ARM64_SYSCALLNO 280

/* Number of the call -> site id; 0: not traced. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} syscall_sites SEC(".maps");

/* 32-bit calls of traced processes: their numbers are of another table. Not told, but counted. */
volatile __u64 compat_calls = 0;

static __always_inline bool is_compat(enum fetch_form form)
{
#if defined(__TARGET_ARCH_x86)
	if (form != FETCH_OLD)
		return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;
	/* Before 5.11 there is no such helper. */
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

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

/* The registers of a call, as a program has them. */
enum call_regs {
	REGS_TYPED,   /* the verifier knows what the pointer leads to */
	REGS_ADDRESS, /* it does not */
};

static __always_inline __u32 call_number(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (__u32)regs->orig_rax;
#else
	return *(const __u32 *)((const char *)regs + ARM64_SYSCALLNO);
#endif
}

static __always_inline __u32 call_number_at(const struct pt_regs *regs)
{
	__u32 number = ~0U;
#if defined(__TARGET_ARCH_x86)
	const void *at = (const char *)regs + __builtin_offsetof(struct pt_regs, orig_rax);
#else
	const void *at = (const char *)regs + ARM64_SYSCALLNO;
#endif
	bpf_probe_read_kernel(&number, sizeof(number), at);
	return number;
}

/* What plans of system calls name, and the stack pointer: loads through a BTF pointer, which cost
 * nothing beside a copy of all registers by bpf_probe_read_kernel(), 90 ns a call. */
static __always_inline void save_arguments(struct scratch *scratch, const struct pt_regs *regs,
					   enum call_regs kind)
{
	if (kind == REGS_ADDRESS) {
		bpf_probe_read_kernel(scratch->regs, REGS_USED * sizeof(__u64), regs);
		return;
	}
#if defined(__TARGET_ARCH_x86)
	scratch->regs[X86_RDI] = regs->rdi;
	scratch->regs[X86_RSI] = regs->rsi;
	scratch->regs[X86_RDX] = regs->rdx;
	scratch->regs[X86_R10] = regs->r10;
	scratch->regs[X86_R8] = regs->r8;
	scratch->regs[X86_R9] = regs->r9;
	scratch->regs[X86_RSP] = regs->rsp;
#else
	const struct user_pt_regs *user = (const void *)regs;
#pragma unroll
	for (int i = 0; i < 6; i++)
		scratch->regs[ARM64_X0 + i] = user->regs[i];
	scratch->regs[ARM64_SP] = user->sp;
#endif
}

/* And what unwinding begins with. The entry code has saved them all (PUSH_REGS in
 * arch/x86/entry/calling.h); those of the arguments are there. */
static __always_inline void save_frame(struct scratch *scratch, const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	scratch->regs[X86_R15] = regs->r15;
	scratch->regs[X86_R14] = regs->r14;
	scratch->regs[X86_R13] = regs->r13;
	scratch->regs[X86_R12] = regs->r12;
	scratch->regs[X86_RBP] = regs->rbp;
	scratch->regs[X86_RBX] = regs->rbx;
	scratch->regs[X86_RIP] = regs->rip;
#else
	const struct user_pt_regs *user = (const void *)regs;
#pragma unroll
	for (int i = 19; i < 31; i++)
		scratch->regs[ARM64_X0 + i] = user->regs[i];
	scratch->regs[ARM64_PC] = user->pc;
#endif
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
		__sync_fetch_and_add(&compat_calls, 1);
		return 0;
	}
	__u32 *found = bpf_map_lookup_elem(&syscall_sites, &number);
	if (!found || !*found)
		return 0;
	__u32 site_id = *found;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	struct scratch *scratch = stream_scratch_of(current, id, stream, true);
	if (!site || !scratch) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return 0;
	}
	/* Of one whose end was missed. */
	scratch->syscall_site = 0;
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
	bool is_one_way = !(site->flags & SITE_HAS_RETURN);
	/* With filters, its end was asked for among them. */
	if ((!tally_only && !is_of_interest(scratch, site, regs, kind, form)) ||
	    (!has_filters && is_one_way && !status_is_wanted(site_id, status_of_one_way(number)))) {
		cost_end(scratch, true);
		return 0;
	}
	scratch->syscall_number = number;
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
	/* exit, exit_group, rt_sigreturn: nothing will come back. */
	tally_one_way(site_id);
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

static __always_inline bool has_its_arguments(const struct scratch *scratch,
					      const struct pt_regs *regs)
{
	const __u64 *saved = scratch->regs;
#if defined(__TARGET_ARCH_x86)
	return regs->rdi == saved[X86_RDI] && regs->rsi == saved[X86_RSI] &&
	       regs->rdx == saved[X86_RDX] && regs->rsp == saved[X86_RSP];
#else
	/* The result is in x0 already. */
	const struct user_pt_regs *user = (const void *)regs;
	return user->regs[1] == saved[ARM64_X0 + 1] && user->regs[2] == saved[ARM64_X0 + 2] &&
	       user->regs[3] == saved[ARM64_X0 + 3] && user->sp == saved[ARM64_SP];
#endif
}

/* Is it the end of the call that was seen to begin? Where the kernel does not run a program that is
 * just running (from 7.2 on these can be preempted), the end of one call and the begin of the next
 * can go unseen, each of them counted as missed. Then the number is another one, or what the call
 * was given. */
static __always_inline bool is_its_end(const struct scratch *scratch, const struct pt_regs *regs)
{
	__u32 number = scratch->syscall_number;
	if (number == CALL_EXECVE || number == CALL_EXECVEAT)
		return true;
	/* Of what is only counted, the arguments are not kept. */
	return call_number(regs) == number &&
	       (summing || tally_only || has_its_arguments(scratch, regs));
}

/* `regs`: NULL where they are not to be had. */
static __always_inline int on_exit(const struct pt_regs *regs, __s64 result, enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	struct task_struct *current = stream_current(stream);
	__u64 id = stream_id_of(current, stream);
	if (!stream_wants_current(id))
		return 0;
	struct scratch *scratch = stream_scratch_of(current, id, stream, false);
	/* In flight when tracing began, or a child's first return: no entry was seen. */
	if (!scratch || !scratch->syscall_site)
		return 0;
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
		tally_call(site_id, result, scratch->time_ns - scratch->syscall_time_ns, form);
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
	return on_enter(regs, REGS_TYPED, (__u32)number, FETCH_SLEEPABLE);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sleepable_sys_exit, struct pt_regs *regs, long result)
{
	return on_exit(regs, result, FETCH_SLEEPABLE);
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
