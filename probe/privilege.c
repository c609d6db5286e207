/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/privilege.c — what is in the way when the kernel says no, and who can take it away.
 *
 * The question is put to the kernel; capabilities and settings are looked at only to find out why
 * it was denied. Which capability a step needs differs between kernels.
 */
#include "probe/features.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "common/caps.h"
#include "common/cleanup.h"

#define LOADING (caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON))

/* The first line of a file, "" when there is none. */
static void read_line(const char *path, char *buffer, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	if (!file || !fgets(buffer, (int)size, file))
		buffer[0] = '\0';
	buffer[strcspn(buffer, "\n")] = '\0';
}

/* A number of /proc/self/status; 0 when it is not there. */
static int status_number(const char *field)
{
	char line[256];
	_cleanup_fclose_ FILE *file = fopen("/proc/self/status", "re");
	size_t length = strlen(field);
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, field, length) == 0)
			return atoi(line + length);
	return 0;
}

static bool has_seccomp_filter(void)
{
	return status_number("Seccomp:") != 0;
}

static struct err *missing(struct err *e, uint64_t wanted, const char *what_for)
{
	char names[256];
	caps_names(caps_missing(wanted), names, sizeof(names));
	bool stuck = status_number("NoNewPrivs:") != 0;
	e = err_why(e, "%s %s missing: %s%s", names, strstr(names, " and ") ? "are" : "is",
		    what_for,
		    stuck ? " (no_new_privs is set here: sudo and setcap do nothing)" : "");
	return caps_hint(e, wanted);
}

/* Before 5.11 BPF's memory counts as locked, and more of it than the limit is EPERM, too; what is
 * freed counts for a while yet. The type went with that account. */
static bool may_be_memory_limit(struct rlimit *ret)
{
	if (getrlimit(RLIMIT_MEMLOCK, ret) != 0 || ret->rlim_cur == RLIM_INFINITY ||
	    !caps_missing(caps_bit(CAP_SYS_RESOURCE)))
		return false;
	struct btf *btf = btf__load_vmlinux_btf();
	bool counts = btf && btf__find_by_name_kind(btf, "bpf_map_memory", BTF_KIND_STRUCT) > 0;
	btf__free(btf);
	return counts;
}

/* All capabilities are there, and still the kernel said no to `call`. */
static struct err *forbidden(struct err *e, const char *call, int errnum)
{
	char modules[256];
	struct rlimit limit;
	if (!caps_in_initial_namespace()) {
		e = err_why(e, "the capabilities are those of a user namespace (a rootless "
			       "container): the kernel asks for those of the machine");
		return err_hint(e, "run utrail on the host as root: sudo utrail ...");
	}
	if (may_be_memory_limit(&limit)) {
		e = err_why(
			e,
			"it may lock %llu KiB of memory (RLIMIT_MEMLOCK), which this kernel "
			"counts BPF's buffers as (before 5.11), and CAP_SYS_RESOURCE is missing",
			(unsigned long long)limit.rlim_cur / 1024);
		return err_hint(e, "raise the limit: ulimit -l unlimited (as root); or use a "
				   "smaller --ring-size");
	}
	if (has_seccomp_filter()) {
		e = err_why(e, "a seccomp filter forbids %s: %s", call, strerror(errnum));
		return err_hint(e, "in a container: --cap-add BPF --cap-add PERFMON, or "
				   "--security-opt seccomp=unconfined; or run utrail on the host "
				   "as root");
	}
	read_line("/sys/kernel/security/lsm", modules, sizeof(modules));
	e = err_why(e, "the kernel forbids %s in spite of the capabilities: %s%s%s", call,
		    strerror(errnum), modules[0] ? "; security modules: " : "", modules);
	return err_hint(e, "look into the kernel log: sudo dmesg | grep -i -e denied -e lockdown");
}

struct err *features_check_privilege(void)
{
	int errnum = features_try_load();
	if (errnum != EPERM && errnum != EACCES && errnum != ENOSYS)
		return NULL; /* whatever else is wrong has a better place to be told */
	if (errnum != ENOSYS && caps_missing(LOADING))
		return missing(err_new(ERR_PERMISSION, errnum, "tracing needs privilege"), LOADING,
			       "needed to load BPF programs and to attach them");
	if (errnum == ENOSYS && !has_seccomp_filter())
		return err_hint(
			err_why(err_new(ERR_UNSUPPORTED, errnum, "this kernel cannot be traced"),
				"it was built without BPF (CONFIG_BPF_SYSCALL)"),
			"utrail needs Linux 5.10 or newer with BPF and BTF");
	return forbidden(err_new(ERR_PERMISSION, errnum, "tracing is forbidden here"), "bpf()",
			 errnum);
}

struct err *features_check_uprobe(const struct features *features)
{
	int errnum = features->perf_uprobe_error;
	if (features_uprobe_form(features) == UPROBE_FORM_MULTI || !errnum)
		return NULL;
	if (errnum == ENOENT)
		return err_hint(err_why(err_new(ERR_UNSUPPORTED, errnum,
						"this kernel cannot probe programs"),
					"it was built without uprobes (CONFIG_UPROBE_EVENTS)"),
				"system calls and task life can be traced: -e 'syscall:*'");
	struct err *e = err_new(ERR_PERMISSION, errnum,
				"probes on functions and markers need more privilege");
	if (caps_missing(caps_bit(CAP_SYS_ADMIN)))
		return missing(e, caps_bit(CAP_SYS_ADMIN) | LOADING,
			       "this kernel has no uprobe_multi (Linux 6.6), and its older way is "
			       "open to that one only");
	return forbidden(e, "perf_event_open()", errnum);
}

struct err *features_load_denied(struct err *e, const struct features *features)
{
	char mode[128];
	if (caps_missing(LOADING))
		return missing(e, LOADING, "needed to load BPF programs and to attach them");
	read_line("/sys/kernel/security/lockdown", mode, sizeof(mode));
	if (!features->read_kernel && strstr(mode, "[confidentiality]")) {
		e = err_why(e, "the kernel is locked down (confidentiality): BPF may not read its "
			       "memory");
		return err_hint(e, "boot with lockdown=integrity, or with Secure Boot off");
	}
	return forbidden(e, "loading BPF programs", err_errno(e));
}
