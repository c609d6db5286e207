/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/caps.h"
#include "kernel/backends.h"
#include "kernel/functions.h"
#include "probe/features.h"

#define LOOKING (caps_bit(CAP_SYS_PTRACE) | caps_bit(CAP_DAC_READ_SEARCH))

struct line {
	bool works;
	const char *what;
	const char *without; /* what is off or different, and why */
};

static void put_line(const struct line *line)
{
	printf("%-4s %s\n", line->works ? "ok" : "no", line->what);
	if (!line->works)
		printf("     %s\n", line->without);
}

static void put_features(const struct features *features)
{
	uint32_t type;
	struct err *no_kprobes = functions_event_type(&type);
	const struct line lines[] = {
		{features->kernel_btf, "types of the kernel (BTF)",
		 "nothing can be traced: the kernel was built without CONFIG_DEBUG_INFO_BTF"},
		{features->ring_buffer, "event buffer (BPF ring buffer, Linux 5.8)",
		 "nothing can be traced: utrail needs Linux 5.10 or newer"},
		{features->kernel_btf, "system calls and task life (BTF tracepoints)",
		 "off: they need the kernel's types"},
		{features->read_kernel, "memory of the kernel can be read (no lockdown)",
		 "nothing can be traced: the lockdown mode 'confidentiality' forbids it; boot with "
		 "lockdown=integrity"},
		{!no_kprobes, "functions of the kernel (kprobes)",
		 "'kprobe:' and 'kretprobe:' are off: the kernel was built without CONFIG_KPROBES"},
		{features->cookie, "numbered attachments (BPF cookie, Linux 5.15)",
		 "every probed place gets a program of its own: slower start, at most 63 places"},
		{features->sleepable_uprobe, "strings right on the first touch (Linux 6.0)",
		 "what is not in memory yet is shown as <not resident>"},
		{features->uprobe_multi, "thousands of functions at once (uprobe_multi, Linux 6.6)",
		 "functions are attached one by one: slow above a hundred"},
		{features->multi_pid_filter, "other processes are not touched (Linux 6.10)",
		 "a probe also costs the other processes that run the same file"},
	};
	for (size_t i = 0; i < array_size(lines); i++)
		put_line(&lines[i]);
	err_free(no_kprobes);
}

/* The places for system calls beside the one that is in all kernels that can be traced. */
static void put_backends(void)
{
	for (int i = SYSCALLS_TRACEPOINT; i < SYSCALL_BACKENDS; i++) {
		char what[128];
		const struct syscall_backend_info *info =
			syscall_backend_info((enum syscall_backend)i);
		struct err *e = syscall_backend_try((enum syscall_backend)i);
		snprintf(what, sizeof(what), "system calls by '%s': %s", info->name, info->place);
		put_line(&(struct line){!e, what, e ? err_reason(e) : ""});
		err_free(e);
	}
}

/* As a line, with the error's why and hint below; the error ends here. True: there was none. */
static bool put_verdict(struct err *e, const char *what)
{
	printf("%-4s %s\n", e ? "no" : "ok", what);
	if (e)
		printf("     %s\n     %s\n", err_reason(e), err_advice(e));
	err_free(e);
	return !e;
}

/* What is there for some targets only: never an error, as the user may need none of it. */
static void put_rights(void)
{
	char names[256];
	uint64_t restore = caps_bit(CAP_CHECKPOINT_RESTORE);
	const struct line lines[] = {
		{!caps_missing(LOOKING), "processes of other users",
		 "only processes of this user that have no rights of their own can be traced"},
		{!caps_missing(restore),
		 "files that were replaced or deleted while in use, and memfds",
		 "such files of a process cannot be probed"},
	};
	const uint64_t wanted[] = {LOOKING, restore};
	for (size_t i = 0; i < array_size(lines); i++) {
		put_line(&lines[i]);
		caps_names(caps_missing(wanted[i]), names, sizeof(names));
		if (names[0])
			printf("     missing: %s\n", names);
	}
}

/* The one command that grants all of what is missing. */
static void put_command(enum uprobe_form form)
{
	char command[4096];
	uint64_t all = LOOKING | caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON) |
		       caps_bit(CAP_CHECKPOINT_RESTORE);
	if (form != UPROBE_FORM_MULTI)
		all |= caps_bit(CAP_SYS_ADMIN) | caps_bit(CAP_SYS_RESOURCE);
	if (!caps_missing(all & ~caps_bit(CAP_SYS_RESOURCE)))
		return;
	caps_command(all, command, sizeof(command));
	printf("\nAll of it, as root: sudo utrail ..., or for whoever may run the file:\n  %s\n"
	       "It is as good as root: let a group alone run it.\n",
	       command);
}

struct err *inspect_check(int *ret_status)
{
	struct utsname name;
	struct features features;
	uname(&name);
	printf("utrail %s on Linux %s, %s\n", UTRAIL_VERSION, name.release, name.machine);
	struct err *e = features_check_privilege();
	enum err_kind denied = e ? err_kind(e) : ERR_FAILED;
	if (!put_verdict(e, "privilege to trace")) {
		put_rights();
		put_command(features_guess_form());
		*ret_status = (int)denied;
		return NULL;
	}
	features_detect(&features);
	enum uprobe_form form = features_uprobe_form(&features);
	bool probes = put_verdict(features_check_uprobe(&features),
				  "privilege to probe functions and markers");
	put_rights();
	put_features(&features);
	if (features.kernel_btf && features.ring_buffer)
		put_backends();
	printf("     probes on programs: %s\n", uprobe_form_name(form));
	put_command(form);
	if (!features.kernel_btf || !features.ring_buffer || !features.read_kernel)
		*ret_status = ERR_UNSUPPORTED;
	else if (!probes)
		*ret_status = ERR_PERMISSION;
	return NULL;
}
