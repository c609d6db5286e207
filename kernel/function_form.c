/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/function_form.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "kernel/backends.h"
#include "kernel/functions.h"
#include "probe/features.h"

/* Each takes two programs of its own: some milliseconds to load, tens of them to take out. */
#define FENTRY_MAX 12

/* Trampolines of BPF programs hang on ftrace's direct calls;
 * CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS leaves one of these functions. */
static __s32 has_direct_calls(const struct btf *btf)
{
	static const char *const names[] = {"register_ftrace_direct", "update_ftrace_direct_add"};
	for (size_t i = 0; i < array_size(names); i++)
		if (btf__find_by_name_kind(btf, names[i], BTF_KIND_FUNC) > 0)
			return btf__find_by_name_kind(btf, "vfs_read", BTF_KIND_FUNC);
	return 0;
}

/* Only loaded: to take one out again takes the kernel tens of milliseconds. */
static int try_load(__s32 function)
{
	static const struct bpf_insn return_zero[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = (__u32)function);
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "utrail_probe", "GPL",
					       return_zero, array_size(return_zero), &opts);
	return fd < 0 ? errno : 0;
}

void function_forms_detect(const struct btf *btf, struct function_forms *ret)
{
	uint32_t type;
	__s32 function = has_direct_calls(btf);
	struct err *e = functions_event_type(&type);
	*ret = (struct function_forms){.kprobe = !e, .fentry = true};
	err_free(e);
	if (function <= 0) {
		/* The types of older kernels (5.10) leave out what ftrace itself cannot trace. */
		e = syscall_backend_try(SYSCALLS_FENTRY);
		ret->fentry = !e;
		err_free(e);
		ret->no_fentry = "it was built without "
				 "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS";
		return;
	}
	int error = try_load(function);
	/* Without the right to load anything, the types' word is all there is. */
	if (!error || features_try_load() != 0)
		return;
	ret->fentry = false;
	ret->no_fentry = strerror(error);
}

static const char tracepoints_hint[] =
	"its tracepoints can be: 'tracepoint:CATEGORY:NAME', 'rawtracepoint:NAME'";

static struct err *none_at_all(const struct function_forms *forms)
{
	return err_hint(
		err_why(err_new(ERR_UNSUPPORTED, 0,
				"functions of the kernel cannot be traced here"),
			"it was built without kprobes (CONFIG_KPROBES, CONFIG_KPROBE_EVENTS), and "
			"takes no programs at fentry and fexit: %s",
			forms->no_fentry),
		"%s", tracepoints_hint);
}

static struct err *no_fentry(const struct function_forms *forms, enum probe_kind kind)
{
	return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0, "'%s' is not possible on this kernel",
					probe_kind_name(kind)),
				"it takes no programs there: %s", forms->no_fentry),
			"%s",
			forms->kprobe ? "'kernel:NAME', 'kprobe:NAME' and 'kretprobe:NAME' are"
				      : tracepoints_hint);
}

struct err *function_form_choose(const struct function_forms *forms, enum probe_kind kind,
				 size_t count, enum function_form *ret)
{
	bool few = count <= FENTRY_MAX || !forms->kprobe;
	switch (kind) {
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
		*ret = FUNCTION_KPROBE;
		return forms->kprobe ? NULL : functions_no_kprobes();
	case PROBE_FENTRY:
	case PROBE_FEXIT:
		*ret = FUNCTION_FENTRY;
		return forms->fentry ? NULL : no_fentry(forms, kind);
	default:
		*ret = forms->fentry && few ? FUNCTION_FENTRY : FUNCTION_KPROBE;
		return forms->fentry || forms->kprobe ? NULL : none_at_all(forms);
	}
}

const char *function_form_name(enum function_form form)
{
	return form == FUNCTION_FENTRY ? "fentry" : "kprobe";
}
