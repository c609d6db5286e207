/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel/socket.bpf.h — sockets and open files as the kernel has them: the members in use. */
#ifndef UTRAIL_KERNEL_SOCKET_BPF_H
#define UTRAIL_KERNEL_SOCKET_BPF_H

#include "common/kernel.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct inode {
	unsigned short i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
	unsigned int f_flags;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr, skc_rcv_saddr;
	__u16 skc_dport, skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock;

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	__u16 sk_type;
	int sk_err;
	struct socket *sk_socket;
};

struct sock_common___flags {
	unsigned long skc_flags;
};

struct inet_sock {
	__u16 inet_sport;
};

struct tcp_sock {
	__u64 bytes_received, bytes_sent, bytes_retrans;
	__u32 total_retrans, srtt_us;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
