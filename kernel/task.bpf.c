/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/task.bpf.c — task life: fork, exec, exit; and following children in the kernel, so that
 * a child's first system call is already traced.
 *
 * Each program is there three times: asked_ is for runs with a condition or a rate on task life.
 * What these leave out is written all the same, marked, as user space goes by it.
 */
#include "kernel/life.bpf.h"
#include "kernel/select.bpf.h"
#include "stream/cost.bpf.h"
#include "stream/stream.bpf.h"
#include "stream/where.bpf.h"

#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

/* exec's record is too big for the stack, and the thread's scratch area holds the system call.
 * These tracepoints run with preemption off: one record per CPU is enough. */
struct exec_record {
	struct event_header header;
	struct event_exec exec;
	char text[EVENT_EXEC_MAX * 2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_record);
} exec_records SEC(".maps");

const volatile __u32 life_sites[LIFE_NUMBERS] = {0};

/* Takes the mark of what is not shown for a reason that was counted. */
static __always_inline bool passes(struct event_header *header, enum life_number number, __u64 id,
				   const struct life_words *words, const bool asks,
				   enum stream_form form)
{
	__u32 site_id = asks || form == STREAM_OLD ? life_site(number) : 0;
	bool shown = !site_id || life_is_shown(site_id, id, words, asks, form);
	if (!shown)
		header->unavailable = EVENT_LIFE_HIDDEN;
	return shown;
}

static __always_inline void emit_or_count(void *record, __u32 size, enum life_number number,
					  bool shown)
{
	if (!stream_send_life(record, size))
		stream_count_loss(shown ? life_site(number) : 0,
				  shown ? LOSS_RING_FULL : LOSS_BOOKKEEPING);
}

/* An entry that waits comes before what happens to its thread now. */
static __always_inline void send_kept(__u64 id, enum stream_form form)
{
	if (form == STREAM_OLD || !keep_entries)
		return;
	struct scratch *scratch = stream_scratch(id, form, false);
	if (scratch)
		stream_send_kept(scratch, form);
}

static __always_inline int on_fork(struct task_struct *child, const bool asks,
				   enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_fork fork;
	} record;
	__u64 id = stream_current_id();
	__u32 child_tgid = select_tgid(child);
	/* It can be in another control group than its parent from the start (CLONE_INTO_CGROUP). */
	if (selecting && child->pid == child->tgid &&
	    select_task(BPF_CORE_READ(child, group_leader)))
		select_join(child_tgid);
	if (!stream_wants_current(id))
		return 0;
	send_kept(id, form);
	if (filter_by_process && follow_forks && child_tgid && child_tgid != id >> 32) {
		__u32 traced = 1;
		if (bpf_map_update_elem(&targets, &child_tgid, &traced, BPF_ANY))
			stream_count_loss(0, LOSS_NO_STORAGE);
	}
	stream_header(&record.header, id, EVENT_FORK, sizeof(record), 0, bpf_ktime_get_boot_ns(),
		      stream_interruptible(form));
	record.fork.child_tgid = child_tgid;
	record.fork.child_tid =
		in_namespace ? select_number((__u64)BPF_CORE_READ(child, thread_pid)) : child->pid;
	bpf_get_current_comm(record.fork.comm, sizeof(record.fork.comm));
	const struct life_words words = {
		.word = {[LIFE_COMM] = life_comm((void *)bpf_get_current_task()),
			 [LIFE_FORK_PID] = child_tgid,
			 [LIFE_FORK_TID] = record.fork.child_tid,
			 [LIFE_FORK_THREAD] = child_tgid == id >> 32}};
	bool shown = show_fork && passes(&record.header, LIFE_FORKS, id, &words, asks, form);
	emit_or_count(&record, sizeof(record), LIFE_FORKS, shown);
	return 0;
}

/*
 * The next program may be none of those that were asked for. It leaves then, unless children are
 * followed: after its execve has returned when that is traced, and can be told; else at once.
 */
static __always_inline bool leaves_now(struct scratch *scratch)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	if (!selecting || follow_forks || select_task(BPF_CORE_READ(task, group_leader)))
		return false;
	if (!scratch || !scratch->syscall_site)
		return true;
	scratch->execed = EXECED_AND_LEAVES;
	return false;
}

/* The arguments lie one after the other at the top of the new stack, just written by the kernel. */
static __always_inline __u32 read_argv(struct exec_record *record, __u32 at)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 start = BPF_CORE_READ(task, mm, arg_start);
	__u64 size = BPF_CORE_READ(task, mm, arg_end) - start;
	if (size > EVENT_EXEC_MAX) {
		size = EVENT_EXEC_MAX;
		record->exec.flags |= EVENT_EXEC_ARGV_TRUNCATED;
	}
	__u32 bytes = (__u32)size & 8191;
	barrier_var(bytes);
	if (at > EVENT_EXEC_MAX || bytes > EVENT_EXEC_MAX)
		return 0;
	if (bpf_probe_read_user(record->text + at, bytes, (void *)start)) {
		record->exec.flags |= EVENT_EXEC_ARGV_UNREADABLE;
		return 0;
	}
	return bytes;
}

static __always_inline int on_exec(int old_tid, struct linux_binprm *binprm, const bool asks,
				   enum stream_form form)
{
	__u64 id = stream_current_id();
	__u32 zero = 0;
	struct exec_record *record = bpf_map_lookup_elem(&exec_records, &zero);
	if (selecting && !tracing && leaves_now(NULL))
		stream_leave_target(id >> 32);
	if (!stream_wants_current(id) || !record)
		return 0;
	/* Old frames are gone with the old address space; never create state just for this. */
	send_kept(id, form);
	struct scratch *scratch = stream_scratch(id, form, false);
	if (scratch) {
		scratch->depth = 0;
		scratch->execed = EXECED;
		scratch->announced = 1;
	}
	stream_describe_task(&record->exec.task);
	record->exec.old_tid = old_tid;
	record->exec.flags = BPF_CORE_READ(binprm, interp) != BPF_CORE_READ(binprm, filename)
				     ? EVENT_EXEC_INTERPRETED
				     : 0;
	/* Its addresses end below 4 GiB. */
	struct task_struct *task = (void *)bpf_get_current_task();
	if (BPF_CORE_READ(task, mm, task_size) >> 32 == 0)
		record->exec.flags |= EVENT_EXEC_COMPAT;
	long length = bpf_probe_read_kernel_str(record->text, EVENT_EXEC_MAX,
						BPF_CORE_READ(binprm, filename));
	__u32 filename_size = length > 0 ? (__u32)length & 8191 : 0;
	barrier_var(filename_size);
	if (filename_size > EVENT_EXEC_MAX)
		filename_size = EVENT_EXEC_MAX;
	__u32 argv_size = read_argv(record, filename_size);
	record->exec.filename_size = filename_size;
	record->exec.argv_size = argv_size;
	__u32 size = (filename_size + argv_size) & (EVENT_EXEC_MAX * 2 - 1);
	barrier_var(size);
	size += sizeof(record->header) + sizeof(record->exec);
	stream_header(&record->header, id, EVENT_EXEC, size, 0, bpf_ktime_get_boot_ns(),
		      stream_interruptible(form));
	const struct life_words words = {
		.word = {[LIFE_COMM] = life_comm((void *)bpf_get_current_task()),
			 [LIFE_EXEC_FILENAME] = (__u64)BPF_CORE_READ(binprm, filename),
			 [LIFE_EXEC_PPID] = record->exec.task.parent_tgid}};
	bool shown = show_exec && passes(&record->header, LIFE_EXECS, id, &words, asks, form);
	emit_or_count(record, size, LIFE_EXECS, shown);
	/* Behind its record: this may be preempted, and what is told of that is later. */
	if (stream_awaits_exec(id >> 32))
		launched_waits = 0;
	if (leaves_now(scratch))
		stream_leave_target(id >> 32);
	return 0;
}

/* A signal is told as shells do, so that `status != 0` means what it seems to. */
static __always_inline void describe_exit(struct life_words *words, const struct event_exit *exit)
{
	__u32 signal = exit->code & 0x7f;
	words->word[LIFE_EXIT_STATUS] = signal ? 128 + signal : exit->code >> 8 & 0xff;
	words->word[LIFE_EXIT_SIGNAL] = signal;
	words->word[LIFE_EXIT_DUMPED] = exit->code >> 7 & 1;
	words->word[LIFE_EXIT_THREAD] = !exit->is_last;
}

/*
 * Threads that end at the same time all see that none is left, as the kernel counts them down well
 * before it tells of each. The first of them to come here ends the process; the others are told as
 * threads, also when it is none of the targets any more by then.
 */
static __always_inline struct process_key key_of(struct task_struct *task, __u32 tgid)
{
	return (struct process_key){
		.start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime), .tgid = tgid};
}

static __always_inline bool has_ended(struct task_struct *task, __u32 tgid)
{
	struct process_key key = key_of(task, tgid);
	return bpf_map_lookup_elem(&process_ends, &key);
}

/* One only is told so: entries are made once, and never deleted. */
static __always_inline bool ends_process(struct task_struct *task, __u32 tgid)
{
	struct process_key key = key_of(task, tgid);
	struct ended_target ended = {.time_ns = bpf_ktime_get_boot_ns()};
	__u8 any = 0;
	if (bpf_map_update_elem(&process_ends, &key, &any, BPF_NOEXIST) == -EEXIST)
		return false;
	bpf_map_update_elem(&ended_targets, &tgid, &ended, BPF_ANY);
	return true;
}

/* An exec ends all other threads, and its own takes the first one's number (de_thread() in
 * fs/exec.c). */
static __always_inline __u32 superseded_by(struct task_struct *task, struct signal_struct *signal)
{
	struct task_struct *by;
	if (BPF_CORE_READ(task, group_leader) != task)
		return 0;
	if (bpf_core_field_exists(signal->group_exec_task))
		by = BPF_CORE_READ(signal, group_exec_task);
	else
		by = BPF_CORE_READ((struct signal_struct___exit *)signal, group_exit_task);
	/* A core dump has one, too, in kernels before 5.17. */
	if (!by || BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return 0;
	return in_namespace ? select_number((__u64)BPF_CORE_READ(by, thread_pid))
			    : BPF_CORE_READ(by, pid);
}

static __always_inline int on_exit(struct task_struct *task, const bool asks, enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_exit exit;
	} record;
	__u64 id = stream_current_id();
	__u32 tgid = id >> 32;
	__u32 tid = (__u32)id;
	/* Even when tracing is just ending: who looks through the threads then misses this one. */
	send_kept(id, form);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool none_left = BPF_CORE_READ(signal, live.counter) == 0;
	/* Its number may be another process's when tracing begins. */
	if (selecting && !tracing && none_left)
		bpf_map_delete_elem(&targets, &tgid);
	bool wanted = stream_wants_current(id);
	if (!wanted && !(tracing && filter_by_process && none_left && has_ended(task, tgid)))
		return 0;
	record.exit.is_last = wanted && none_left && ends_process(task, tgid);
	if (measure_cost)
		__sync_fetch_and_add(&ended_cpu_ns, BPF_CORE_READ(task, se.sum_exec_runtime));
	__u32 flags = BPF_CORE_READ(signal, flags);
	record.exit.code = BPF_CORE_READ(task, exit_code);
	if (record.exit.is_last)
		record.exit.code = flags & SIGNAL_GROUP_EXIT
					   ? BPF_CORE_READ(signal, group_exit_code)
					   : BPF_CORE_READ(task, group_leader, exit_code);
	bpf_get_current_comm(record.exit.comm, sizeof(record.exit.comm));
	record.exit.superseded_by = superseded_by(task, signal);
	record.exit.reserved = 0;
	stream_header(&record.header, id, EVENT_EXIT, sizeof(record), 0, bpf_ktime_get_boot_ns(),
		      stream_interruptible(form));
	struct life_words words = {.word = {[LIFE_COMM] = life_comm(task)}};
	describe_exit(&words, &record.exit);
	bool shown = show_exit && passes(&record.header, LIFE_EXITS, id, &words, asks, form);
	emit_or_count(&record, sizeof(record), LIFE_EXITS, shown);
	if (filter_by_process && record.exit.is_last)
		bpf_map_delete_elem(&targets, &tgid);
	if (form == STREAM_OLD) {
		bpf_map_delete_elem(&thread_spans, &tid);
		if (summing)
			bpf_map_delete_elem(&thread_inner, &tid);
		if (tell_where)
			bpf_map_delete_elem(&thread_where, &tid);
		bpf_map_delete_elem(&thread_scratches, &tid);
	}
	return 0;
}

/*
 * For runs that show names. The task has its old name still. It may be another thread's: whoever
 * writes to /proc/PID/task/TID/comm. exec comes by here, too.
 */
static __always_inline int on_rename(struct task_struct *task, const char *comm,
				     enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_rename rename;
	} record = {};
	__u32 tgid = select_tgid(task);
	if (!stream_wants_process(tgid))
		return 0;
	__u32 tid = in_namespace ? select_number((__u64)BPF_CORE_READ(task, thread_pid))
				 : BPF_CORE_READ(task, pid);
	stream_header(&record.header, (__u64)tgid << 32 | tid, EVENT_RENAME, sizeof(record), 0,
		      bpf_ktime_get_boot_ns(), stream_interruptible(form));
	bpf_probe_read_kernel_str(record.rename.comm, sizeof(record.rename.comm), comm);
	/* Not the ring that no burst may fill: whoever likes to may rename itself all day. */
	if (bpf_ringbuf_output(&ring, &record, sizeof(record), BPF_RB_NO_WAKEUP))
		stream_count_loss(0, LOSS_BOOKKEEPING);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(task_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(child, false, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(task_exec, struct task_struct *task, int old_tid, struct linux_binprm *binprm)
{
	return on_exec(old_tid, binprm, false, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	return on_exit(task, false, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(asked_task_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(child, true, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(asked_task_exec, struct task_struct *task, int old_tid, struct linux_binprm *binprm)
{
	return on_exec(old_tid, binprm, true, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(asked_task_exit, struct task_struct *task)
{
	return on_exit(task, true, STREAM_ATOMIC);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(old_task_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(child, false, STREAM_OLD);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(old_task_exec, struct task_struct *task, int old_tid, struct linux_binprm *binprm)
{
	return on_exec(old_tid, binprm, false, STREAM_OLD);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(old_task_exit, struct task_struct *task)
{
	return on_exit(task, false, STREAM_OLD);
}

/* Raw, not by BTF, as select_rename. */
SEC("raw_tp/task_rename")
int task_rename(struct bpf_raw_tracepoint_args *ctx)
{
	return on_rename((void *)ctx->args[0], (void *)ctx->args[1], STREAM_ATOMIC);
}

SEC("raw_tp/task_rename")
int old_task_rename(struct bpf_raw_tracepoint_args *ctx)
{
	return on_rename((void *)ctx->args[0], (void *)ctx->args[1], STREAM_OLD);
}
