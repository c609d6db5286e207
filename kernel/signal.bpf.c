/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/signal.bpf.c — signals that reach traced threads.
 *
 * signal_deliver tells those that are acted upon, in the thread itself. Two kinds never get there,
 * and are taken where they are sent (signal_generate), in whatever process that is:
 * - A signal that ends the process without a core dump: complete_signal() in kernel/signal.c has
 *   all threads find a SIGKILL of nobody's instead.
 * - A signal that is ignored, as SIGCHLD mostly is. A debugger would see it, and so does strace.
 *   (Unless the thread blocks it just then, as fork() of glibc does: then it is delivered.)
 *
 * Both tracepoints run with the lock of the process's signals held and interrupts off.
 */
#include "kernel/life.bpf.h"
#include "kernel/select.bpf.h"
#include "stream/stream.bpf.h"

/* include/trace/events/signal.h */
#define TRACE_SIGNAL_DELIVERED 0
#define TRACE_SIGNAL_IGNORED   1
/* include/linux/sched/signal.h: in place of the address of a siginfo */
#define SEND_SIG_PRIV 1
/* include/uapi/asm-generic/signal.h, signal-defs.h */
#define SIGCHLD	 17
#define SIGCONT	 18
#define SIGURG	 23
#define SIGWINCH 28
#define SIG_DFL	 0
#define SIG_IGN	 1
/* include/uapi/asm-generic/siginfo.h */
#define SI_USER	  0
#define SI_QUEUE  -1
#define SI_MESGQ  -3
#define SI_TKILL  -6
#define SI_KERNEL 0x80

/* Bit n: the signal n + 1 is wanted. */
const volatile __u64 signals_wanted = 0;

struct signal_record {
	struct event_header header;
	struct event_signal signal;
};

static __always_inline bool is_wanted(int number)
{
	__u32 bit = (__u32)number - 1;
	return bit < 64 && (signals_wanted >> bit & 1);
}

/* Words of struct siginfo: its members depend on what it is about. */
static __always_inline void describe(struct life_words *words, const struct signal_record *record)
{
	const __u32 *info = (const __u32 *)record->signal.info;
	int code = (int)info[2];
	bool is_child = record->signal.number == SIGCHLD && code > 0 && code < SI_KERNEL;
	bool has_sender = is_child || code == SI_USER || code == SI_QUEUE || code == SI_MESGQ ||
			  code == SI_TKILL;
	words->word[LIFE_SIGNAL_NUMBER] = record->signal.number;
	words->word[LIFE_SIGNAL_IGNORED] = record->signal.flags & EVENT_SIGNAL_IGNORED;
	words->word[LIFE_SIGNAL_CODE] = info[2];
	words->word[LIFE_SIGNAL_PID] = has_sender ? info[4] : 0;
	words->word[LIFE_SIGNAL_UID] = has_sender ? info[5] : 0;
	words->word[LIFE_SIGNAL_STATUS] = is_child ? info[6] : 0;
}

static __always_inline bool passes(const struct signal_record *record, __u64 id,
				   struct task_struct *task, const bool asks, enum stream_form form)
{
	__u32 site_id = life_site(record->signal.number);
	if (!site_id || (!asks && form != STREAM_OLD))
		return true;
	struct life_words words = {.word = {[LIFE_COMM] = life_comm(task)}};
	describe(&words, record);
	return life_is_shown(site_id, id, &words, asks, form);
}

static __always_inline void send(struct signal_record *record, __u64 id, int number, __u32 flags,
				 struct task_struct *task, const bool asks, enum stream_form form)
{
	record->signal.number = number;
	record->signal.flags = flags;
	if (!passes(record, id, task, asks, form))
		return;
	stream_header(&record->header, id, EVENT_SIGNAL, sizeof(*record), 0,
		      bpf_ktime_get_boot_ns(), STREAM_ATOMIC);
	if (!stream_send_life(record, sizeof(*record)))
		stream_count_loss(life_site(number), LOSS_RING_FULL);
}

/* sig_kernel_ignore() of include/linux/signal.h */
static __always_inline bool is_ignored_by_default(int number)
{
	return number == SIGCONT || number == SIGCHLD || number == SIGWINCH || number == SIGURG;
}

/* One that came while it was blocked is delivered, whatever its handler; it is thrown away then.
 * `action`: a struct k_sigaction, whose first member is the handler. */
static __always_inline bool is_thrown_away(int number, __u64 action)
{
	__u64 handler = 2;
	bpf_probe_read_kernel(&handler, sizeof(handler), (void *)action);
	return handler == SIG_IGN || (handler == SIG_DFL && is_ignored_by_default(number));
}

static __always_inline int on_deliver(int number, __u64 info, __u64 action, const bool asks,
				      enum stream_form form)
{
	struct signal_record record;
	if (!is_wanted(number))
		return 0;
	__u64 id = stream_current_id();
	if (!stream_wants_current(id))
		return 0;
	/* Nobody's: the process ends, as was told, or told by whoever made it end. */
	if (bpf_probe_read_kernel(record.signal.info, sizeof(record.signal.info), (void *)info))
		return 0;
	if (form != STREAM_OLD && keep_entries) {
		struct scratch *scratch = stream_scratch(id, form, false);
		if (scratch)
			stream_send_kept(scratch, form);
	}
	bpf_get_current_comm(record.signal.comm, sizeof(record.signal.comm));
	send(&record, id, number, is_thrown_away(number, action) ? EVENT_SIGNAL_IGNORED : 0,
	     (void *)bpf_get_current_task(), asks, form);
	return 0;
}

/* As send_signal_locked() fills it in, where there is no siginfo. */
static __always_inline void make_info(struct signal_record *record, int number, __u64 info)
{
	__u32 *words = (__u32 *)record->signal.info;
	__builtin_memset(record->signal.info, 0, sizeof(record->signal.info));
	words[0] = (__u32)number;
	words[2] = info == SEND_SIG_PRIV ? SI_KERNEL : SI_USER;
	if (info == SEND_SIG_PRIV)
		return;
	words[4] = stream_current_id() >> 32;
	words[5] = (__u32)bpf_get_current_uid_gid();
}

static __always_inline int on_send(int number, __u64 info, struct task_struct *task, int result,
				   const bool asks, enum stream_form form)
{
	struct signal_record record;
	if (!is_wanted(number) ||
	    (result != TRACE_SIGNAL_DELIVERED && result != TRACE_SIGNAL_IGNORED))
		return 0;
	__u32 tgid = select_tgid(task);
	if (!stream_wants_process(tgid))
		return 0;
	bool ignored = result == TRACE_SIGNAL_IGNORED;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool ends = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT;
	/* What comes when the process is ending already has no effect, and is nobody's business. */
	if (ends == ignored || (ends && BPF_CORE_READ(signal, group_exit_code) != number))
		return 0;
	__u32 tid = in_namespace ? (__u32)select_number((__u64)BPF_CORE_READ(task, thread_pid))
				 : (__u32)BPF_CORE_READ(task, pid);
	if (info <= SEND_SIG_PRIV ||
	    bpf_probe_read_kernel(record.signal.info, sizeof(record.signal.info), (void *)info))
		make_info(&record, number, info);
	BPF_CORE_READ_INTO(&record.signal.comm, task, comm);
	send(&record, (__u64)tgid << 32 | tid, number, ignored ? EVENT_SIGNAL_IGNORED : 0, task,
	     asks, form);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(task_signal, int number, __u64 info, __u64 action)
{
	return on_deliver(number, info, action, false, STREAM_ATOMIC);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(asked_task_signal, int number, __u64 info, __u64 action)
{
	return on_deliver(number, info, action, true, STREAM_ATOMIC);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(old_task_signal, int number, __u64 info, __u64 action)
{
	return on_deliver(number, info, action, false, STREAM_OLD);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(any_task_signal_sent, int number, __u64 info, struct task_struct *task, int group,
	     int result)
{
	return on_send(number, info, task, result, false, STREAM_OLD);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(asked_task_signal_sent, int number, __u64 info, struct task_struct *task, int group,
	     int result)
{
	return on_send(number, info, task, result, true, STREAM_ATOMIC);
}
