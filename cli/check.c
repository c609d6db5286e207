/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/features.h"

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
	const struct line lines[] = {
		{features->kernel_btf, "types of the kernel (BTF)",
		 "nothing can be traced: the kernel was built without CONFIG_DEBUG_INFO_BTF"},
		{features->ring_buffer, "event buffer (BPF ring buffer, Linux 5.8)",
		 "nothing can be traced: utrail needs Linux 5.10 or newer"},
		{features->kernel_btf, "system calls and task life (BTF tracepoints)",
		 "off: they need the kernel's types"},
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
}

struct err *inspect_check(int *ret_status)
{
	struct utsname name;
	struct features features;
	uname(&name);
	printf("utrail %s on Linux %s, %s\n", UTRAIL_VERSION, name.release, name.machine);
	struct err *e = features_check_privilege();
	if (e) {
		printf("no   privilege to trace\n     %s\n     run it as root: sudo utrail check\n",
		       err_reason(e));
		err_free(e);
		*ret_status = ERR_PERMISSION;
		return NULL;
	}
	printf("ok   privilege to trace (uid %d)\n", (int)geteuid());
	features_detect(&features);
	put_features(&features);
	printf("     probes on programs: %s\n", uprobe_form_name(features_uprobe_form(&features)));
	if (!features.kernel_btf || !features.ring_buffer)
		*ret_status = ERR_UNSUPPORTED;
	return NULL;
}
