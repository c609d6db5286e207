/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/select.bpf.c — choosing processes by what they are, and their numbers in our namespace.
 *
 * Frames stay small, as uprobe/uprobe.bpf.c asks: its programs call the functions below.
 */
#include "kernel/select.bpf.h"

#include "kernel/select.h"
#include "target/select.h"

#define COMM_BYTES 16
/* Deeper control groups are none of the tree that was asked for. */
#define CGROUP_DEPTH_MAX 64
#define CGROUP_PATH_MAX	 1024

const volatile struct select_offsets select_offsets = {};
const volatile bool in_namespace = false;
const volatile bool selecting = false;
const volatile bool select_by_name = false;
const volatile bool select_by_user = false;
const volatile bool select_by_cgroup = false;
const volatile struct comm_patterns select_names = {};
const volatile __u32 select_users[SELECT_MAX] = {};
const volatile __u32 select_n_users = 0;
const volatile __u64 select_cgroup_paths[SELECT_MAX] = {};

/* Identities of control groups; one that is made again gets a new one. 0: unused. */
volatile __u64 select_cgroups[SELECT_MAX] = {};

/* Where our numbers are in a struct pid, and whose they are: found by select_scan. */
volatile __u32 own_level = 0;
volatile __u64 own_namespace = 0;

/* Processes that have matched so far, and news of them for which there was no room. */
volatile __u64 select_joined = 0;
volatile __u64 select_news_lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} news SEC(".maps");

/* What is at a place in a structure, as this type; 0 when it cannot be read. */
#define SELECT_READ(type, base, place)                                                       \
	({                                                                                   \
		type select_value = 0;                                                       \
		bpf_probe_read_kernel(&select_value, sizeof(select_value),                   \
				      (const void *)((__u64)(base) + select_offsets.place)); \
		select_value;                                                                \
	})

/* --- numbers ---------------------------------------------------------------------------------- */

/* Of the struct upid of a level. */
static __always_inline __u64 upid_of(__u64 pid, __u32 level)
{
	return pid + select_offsets.pid_numbers + (__u64)level * select_offsets.upid_size;
}

int select_number(__u64 pid)
{
	if (!pid || SELECT_READ(__u32, pid, pid_level) < own_level)
		return 0;
	__u64 own = upid_of(pid, own_level);
	if (SELECT_READ(__u64, own, upid_ns) != own_namespace)
		return 0;
	return SELECT_READ(__u32, own, upid_nr);
}

__u64 select_own_id(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = select_number((__u64)BPF_CORE_READ(task, group_leader, thread_pid));
	return (__u64)tgid << 32 | (__u32)select_number((__u64)BPF_CORE_READ(task, thread_pid));
}

static __always_inline void find_own_namespace(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 pid = (__u64)BPF_CORE_READ(task, thread_pid);
	__u32 level = SELECT_READ(__u32, pid, pid_level);
	own_level = level;
	own_namespace = SELECT_READ(__u64, upid_of(pid, level), upid_ns);
}

/* --- the three questions ---------------------------------------------------------------------- */

/* All patterns at once: a bit for each place in each, see target/select.h. */
int select_is_named(__u64 comm)
{
	char name[COMM_BYTES];
	if (bpf_probe_read_kernel_str(name, sizeof(name), (void *)comm) < 0)
		return 0;
	__u64 places = select_names.begin;
	for (int i = 0; i < COMM_BYTES - 1; i++) {
		__u8 c = (__u8)name[i];
		if (!c)
			break;
		places = (places & select_names.takes[c]) << 1 | (places & select_names.stays);
	}
	return (places & select_names.end) != 0;
}

int select_is_users(__u32 uid)
{
	for (__u32 i = 0; i < SELECT_MAX; i++)
		if (i < select_n_users && select_users[i] == uid)
			return 1;
	return 0;
}

static __always_inline bool is_asked_cgroup(__u64 id)
{
	for (int i = 0; i < SELECT_MAX; i++)
		if (select_cgroups[i] == id)
			return true;
	return false;
}

/* In one of them, or below. */
int select_is_inside(__u64 cgroup)
{
	__u64 at = cgroup;
	for (int i = 0; i < CGROUP_DEPTH_MAX && at; i++) {
		__u64 node = SELECT_READ(__u64, at, cgroup_node);
		__u64 id = node ? SELECT_READ(__u64, node, node_id) : 0;
		if (id && is_asked_cgroup(id))
			return 1;
		__u64 parent = SELECT_READ(__u64, at + select_offsets.cgroup_css, css_parent);
		if (!parent)
			break;
		at = SELECT_READ(__u64, parent, css_cgroup);
	}
	return 0;
}

/* Neither kernel threads nor we ourselves and our helpers, which are our children. */
int select_is_other(__u64 leader)
{
	struct task_struct *task = (void *)leader;
	if (!BPF_CORE_READ(task, mm))
		return 0;
	__u32 tgid = select_tgid(task);
	if (!tgid || tgid == own_process)
		return 0;
	return stream_parent_tgid(task) != own_process;
}

int select_matches(__u64 leader, __u64 comm)
{
	struct task_struct *task = (void *)leader;
	if (select_by_user &&
	    !select_is_users(SELECT_READ(__u32, BPF_CORE_READ(task, real_cred), cred_uid)))
		return 0;
	if (select_by_cgroup &&
	    !select_is_inside(SELECT_READ(__u64, BPF_CORE_READ(task, cgroups), css_set_cgroup)))
		return 0;
	if (select_by_name && !select_is_named(comm))
		return 0;
	return select_is_other(leader);
}

/* --- joining ---------------------------------------------------------------------------------- */

int select_join(__u32 tgid)
{
	__u32 traced = 1;
	if (!tgid || bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	if (bpf_map_update_elem(&targets, &tgid, &traced, BPF_ANY)) {
		stream_count_loss(0, LOSS_NO_STORAGE);
		return 0;
	}
	__sync_fetch_and_add(&select_joined, 1);
	struct select_news item = {.time_ns = bpf_ktime_get_boot_ns(), .tgid = tgid};
	if (bpf_ringbuf_output(&news, &item, sizeof(item), 0))
		__sync_fetch_and_add(&select_news_lost, 1);
	return 1;
}

static __always_inline void consider(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	if (leader && select_task(leader))
		select_join(select_tgid(leader));
}

/* Is the current process one of them by now? */
int select_current(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	/* Mostly it is another user's. */
	if (!select_is_users((__u32)bpf_get_current_uid_gid()))
		return 0;
	consider(task);
	__u32 tgid = select_tgid(task);
	return bpf_map_lookup_elem(&targets, &tgid) != NULL;
}

/* Raw, not by BTF: before 5.17 the verifier refuses the pointers to characters among the
 * arguments. The name is not in the task yet; exec comes by here, too, before its new program's
 * first instruction. */
SEC("raw_tp/task_rename")
int select_rename(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	if (task == BPF_CORE_READ(task, group_leader) && select_matches((__u64)task, ctx->args[1]))
		select_join(select_tgid(task));
	return 0;
}

SEC("raw_tp/cgroup_attach_task")
int select_attach(struct bpf_raw_tracepoint_args *ctx)
{
	consider((struct task_struct *)ctx->args[2]);
	return 0;
}

/* A service that starts again gets a new control group of the same path. */
SEC("raw_tp/cgroup_mkdir")
int select_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 node = SELECT_READ(__u64, ctx->args[0], cgroup_node);
	const char *path = (void *)ctx->args[1];
	__u64 hash = SELECT_HASH_BEGIN;
	for (int i = 0; i < CGROUP_PATH_MAX; i++) {
		char c = 0;
		if (bpf_probe_read_kernel(&c, 1, path + i) || !c)
			break;
		hash = select_hash_step(hash, c);
	}
	for (int i = 0; i < SELECT_MAX; i++)
		if (select_cgroup_paths[i] == hash && hash != SELECT_HASH_BEGIN)
			select_cgroups[i] = SELECT_READ(__u64, node, node_id);
	return 0;
}

/* All processes that there are; user space runs it. */
SEC("iter/task")
int select_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (in_namespace)
		find_own_namespace();
	if (task && selecting && task->pid == task->tgid)
		consider(task);
	return 0;
}
