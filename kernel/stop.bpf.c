/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/stop.bpf.c — --stop-on-load: who maps a file that is not known yet stops before it returns
 * to its own code, until the file's probes are in place.
 *
 * A signal that is sent here is taken on the way back to user space, before the first instruction
 * there. The kernel's record of the mapping (target/watch.c) was written before that.
 */
#include "stream/stream.bpf.h"

#include "kernel/stop.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

#pragma clang attribute pop

/* include/uapi/asm-generic/ */
#define STOP_SIGNAL   19 /* SIGSTOP */
#define PROTECT_EXEC  4
#define MAP_NO_FILE   0x20
#define ERROR_HIGHEST (-4095)

#if defined(__TARGET_ARCH_x86)
#define CALL_MMAP	      9
#define CALL_NUMBER(regs)     ((regs)->orig_rax)
#define CALL_PROTECTION(regs) ((regs)->rdx)
#define CALL_FLAGS(regs)      ((regs)->r10)
#define CALL_DESCRIPTOR(regs) ((regs)->r8)
#define IS_OTHER_ABI(task)    (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
#else
#define CALL_MMAP	      222
/* The number follows the registers: struct pt_regs of arch/arm64/include/asm/ptrace.h. */
#define CALL_NUMBER(regs)     (*(const int *)((const char *)(regs) + 280))
#define CALL_PROTECTION(regs) (((const struct user_pt_regs *)(regs))->regs[2])
#define CALL_FLAGS(regs)      (((const struct user_pt_regs *)(regs))->regs[3])
#define CALL_DESCRIPTOR(regs) (((const struct user_pt_regs *)(regs))->regs[4])
#define IS_OTHER_ABI(task)    false
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stop_table);
} stops SEC(".maps");

/* Files that have been looked at, whether they are probed or not. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct stop_file); /* in_exec: 0 */
	__type(value, __u32);
} known_files SEC(".maps");

/* The number of a slot, from 1; 0: all are taken. A global function, verified once. */
int stop_claim(__u32 tgid, __u64 inode, __u32 device, __u32 in_exec)
{
	__u32 zero = 0;
	struct stop_table *table = bpf_map_lookup_elem(&stops, &zero);
	if (!table)
		return 0;
	for (int i = 0; i < STOP_SLOTS; i++) {
		struct stop_slot *slot = &table->slots[i];
		if (__sync_val_compare_and_swap(&slot->state, STOP_FREE, STOP_FILLED) != STOP_FREE)
			continue;
		slot->tgid = tgid;
		slot->time_ns = bpf_ktime_get_boot_ns();
		slot->file.inode = inode;
		slot->file.device = device;
		slot->file.in_exec = in_exec;
		__sync_lock_test_and_set(&slot->state, STOP_CLAIMED);
		return i + 1;
	}
	return 0;
}

/* Nobody was stopped after all. */
static __always_inline void stop_free(__u32 slot)
{
	__u32 zero = 0;
	struct stop_table *table = bpf_map_lookup_elem(&stops, &zero);
	if (table && slot < STOP_SLOTS)
		*(volatile __u32 *)&table->slots[slot].state = STOP_FREE;
}

static __always_inline bool may_stop(struct task_struct *task)
{
	__u32 zero = 0;
	struct stop_table *table = bpf_map_lookup_elem(&stops, &zero);
	/* Who is traced by a debugger stops for that one. */
	return table && *(volatile __u32 *)&table->enabled &&
	       bpf_ktime_get_boot_ns() - table->pulse_ns < STOP_PULSE_NS &&
	       !BPF_CORE_READ(task, ptrace);
}

static __always_inline int stop_for(struct task_struct *task, __u64 id, struct file *file,
				    __u32 in_exec)
{
	struct stop_file key = {.inode = BPF_CORE_READ(file, f_inode, i_ino),
				.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev)};
	if (!file || bpf_map_lookup_elem(&known_files, &key) || !may_stop(task))
		return 0;
	__u32 slot = stop_claim(id >> 32, key.inode, key.device, in_exec);
	if (slot && bpf_send_signal(STOP_SIGNAL))
		stop_free(slot - 1);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int stop_exec(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = stream_current_id();
	if (!stream_wants_current(id))
		return 0;
	return stop_for(task, id, BPF_CORE_READ(task, mm, exe_file), 1);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(stop_mmap, struct pt_regs *regs, long result)
{
	if (CALL_NUMBER(regs) != CALL_MMAP || (result < 0 && result >= ERROR_HIGHEST))
		return 0;
	if (!(CALL_PROTECTION(regs) & PROTECT_EXEC) || (CALL_FLAGS(regs) & MAP_NO_FILE))
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 fd = (__u32)CALL_DESCRIPTOR(regs);
	__u64 id = stream_current_id();
	if (IS_OTHER_ABI(task) || !stream_wants_current(id))
		return 0;
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;
	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file ? stop_for(task, id, file, 0) : 0;
}
