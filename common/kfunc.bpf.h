/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * common/kfunc.bpf.h — functions of the kernel that BPF programs call by the number of a helper.
 *
 * An extern declaration (__ksym) has libbpf read all of the kernel's BTF for their ids. So they are
 * called as helpers that no kernel has, behind a constant that is only set where the function is
 * there, and cli/kernel/loader.c puts its id into the calls.
 */
#ifndef UTRAIL_COMMON_KFUNC_BPF_H
#define UTRAIL_COMMON_KFUNC_BPF_H

#define KFUNC_COPY_FROM_USER_STR 0x7f000001

#endif
