/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/features.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "common/cleanup.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static bool has_capability(const struct __user_cap_data_struct *data, unsigned int capability)
{
	return data[capability / 32].effective & (1U << (capability % 32));
}

struct err *features_check_privilege(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	static const struct {
		unsigned int number;
		const char *name, *what;
	} needed[] = {
		{CAP_BPF, "CAP_BPF", "load BPF programs"},
		{CAP_PERFMON, "CAP_PERFMON", "attach them to programs and kernel events"},
	};
	if (syscall(SYS_capget, &header, data) != 0 || has_capability(data, CAP_SYS_ADMIN))
		return NULL;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (has_capability(data, needed[i].number))
			continue;
		struct err *e = err_new(ERR_PERMISSION, 0, "tracing needs privilege");
		e = err_why(e, "%s is missing: it is needed to %s", needed[i].name, needed[i].what);
		return err_hint(e, "run utrail as root: sudo utrail ...");
	}
	return NULL;
}

/* r0 = 0; exit */
static const struct bpf_insn return_zero[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

static int load_probe_program(enum bpf_attach_type attach, unsigned int flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach, .prog_flags = flags);
	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "utrail_probe", "GPL", return_zero,
			     sizeof(return_zero) / sizeof(return_zero[0]), &opts);
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

static void detect_multi(struct features *features)
{
	_cleanup_close_ int program = load_probe_program(UPROBE_MULTI_ATTACH, 0);
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
	detect_multi(ret);
}

enum uprobe_form features_uprobe_form(const struct features *features)
{
	if (!features->sleepable_uprobe || !features->cookie)
		return UPROBE_FORM_OLD;
	return features->uprobe_multi ? UPROBE_FORM_MULTI : UPROBE_FORM_SINGLE;
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
