/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/features.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "common/array.h"
#include "common/cleanup.h"

/* r0 = 0; exit */
static const struct bpf_insn return_zero[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

/* bpf_probe_read_kernel(fp - 8, 8, 0); r0 = 0; exit */
static const struct bpf_insn read_kernel[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
	{.code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_1, .imm = -8}, /* of BPF_K, which is 0 */
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
	{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

static int load_instructions(const struct bpf_insn *instructions, size_t count,
			     enum bpf_attach_type attach, unsigned int flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach, .prog_flags = flags);
	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "utrail_probe", "GPL", instructions, count,
			     &opts);
}

static int load_probe_program(enum bpf_attach_type attach, unsigned int flags)
{
	return load_instructions(return_zero, array_size(return_zero), attach, flags);
}

/* Attaching to a directory fails in any case; how tells whether the kernel knows the link at all,
 * and whether it checks the pid (as it does since the filter covers whole processes). */
static int multi_link_error(int program, int pid)
{
	unsigned long offset = 0;
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.uprobe_multi.path = "/";
	opts.uprobe_multi.offsets = &offset;
	opts.uprobe_multi.cnt = 1;
	opts.uprobe_multi.pid = (unsigned int)pid;
	int link = bpf_link_create(program, -1, UPROBE_MULTI_ATTACH, &opts);
	if (link >= 0) {
		close(link);
		return 0;
	}
	return -link;
}

/* A directory again: what comes before the look at the path is the question of privilege, which is
 * CAP_PERFMON on some kernels and CAP_SYS_ADMIN on others (CVE-2025-38466). */
static int try_perf_uprobe(void)
{
	static const char path[] = "/";
	int type;
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	if (!file || fscanf(file, "%d", &type) != 1)
		return ENOENT;
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = (uint32_t)type,
		.config1 = (uint64_t)(uintptr_t)path,
	};
	_cleanup_close_ int fd =
		(int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd >= 0 || errno == EINVAL ? 0 : errno;
}

static void detect_multi(struct features *features)
{
	_cleanup_close_ int program = features_load_multi();
	if (program < 0)
		return;
	features->uprobe_multi = multi_link_error(program, 0) == EBADF;
	features->multi_pid_filter =
		features->uprobe_multi && multi_link_error(program, -1) == EINVAL;
}

void features_detect(struct features *ret)
{
	*ret = (struct features){0};
	ret->kernel_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	_cleanup_close_ int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "utrail_probe", 0, 0,
						  (unsigned int)sysconf(_SC_PAGESIZE), NULL);
	ret->ring_buffer = ring >= 0;
	_cleanup_close_ int sleepable = load_probe_program(0, BPF_F_SLEEPABLE);
	ret->sleepable_uprobe = sleepable >= 0;
	ret->cookie = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie,
					      NULL) == 1;
	_cleanup_close_ int reader = load_instructions(read_kernel, array_size(read_kernel), 0, 0);
	ret->read_kernel = reader >= 0;
	detect_multi(ret);
	if (features_uprobe_form(ret) != UPROBE_FORM_MULTI)
		ret->perf_uprobe_error = try_perf_uprobe();
}

bool features_raw_cookie(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_get_attach_cookie,
				       NULL) == 1;
}

int features_try_load(void)
{
	_cleanup_close_ int program = load_probe_program(0, 0);
	return program < 0 ? -program : 0;
}

int features_load_multi(void)
{
	return load_probe_program(UPROBE_MULTI_ATTACH, 0);
}

enum uprobe_form features_uprobe_form(const struct features *features)
{
	if (!features->sleepable_uprobe || !features->cookie)
		return UPROBE_FORM_OLD;
	return features->uprobe_multi ? UPROBE_FORM_MULTI : UPROBE_FORM_SINGLE;
}

enum uprobe_form features_guess_form(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool multi =
		btf && btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) > 0;
	btf__free(btf);
	return multi ? UPROBE_FORM_MULTI : UPROBE_FORM_SINGLE;
}

const char *uprobe_form_name(enum uprobe_form form)
{
	static const char *const names[] = {
		[UPROBE_FORM_MULTI] = "uprobe_multi",
		[UPROBE_FORM_SINGLE] = "perf uprobe",
		[UPROBE_FORM_OLD] = "perf uprobe, one program per site",
	};
	return names[form];
}
