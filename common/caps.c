/* SPDX-License-Identifier: Apache-2.0 */
#include "common/caps.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/array.h"

/* Inode of the initial user namespace: PROC_USER_INIT_INO of include/linux/proc_ns.h. */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

/* The kernel's own interface, so as not to need a library for two calls. */
struct sets {
	struct __user_cap_data_struct halves[2];
};

static bool read_sets(struct sets *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(SYS_capget, &header, ret->halves) == 0;
}

static bool write_sets(const struct sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(SYS_capset, &header, sets->halves) == 0;
}

uint64_t caps_effective(void)
{
	struct sets sets;
	if (!read_sets(&sets))
		return UINT64_MAX;
	return sets.halves[0].effective | (uint64_t)sets.halves[1].effective << 32;
}

bool caps_has(uint64_t set, unsigned int capability)
{
	if (set & caps_bit(capability))
		return true;
	/* include/linux/capability.h: bpf_capable(), perfmon_capable(), ... */
	bool split_off = capability == CAP_BPF || capability == CAP_PERFMON ||
			 capability == CAP_CHECKPOINT_RESTORE;
	return split_off && (set & caps_bit(CAP_SYS_ADMIN));
}

uint64_t caps_missing(uint64_t wanted)
{
	uint64_t have = caps_effective(), missing = 0;
	for (unsigned int i = 0; i < 64; i++)
		if ((wanted & caps_bit(i)) && !caps_has(have, i))
			missing |= caps_bit(i);
	return missing;
}

bool caps_in_initial_namespace(void)
{
	struct stat st;
	return stat("/proc/self/ns/user", &st) != 0 || st.st_ino == INITIAL_USER_NAMESPACE;
}

/* --- names ------------------------------------------------------------------------------------ */

/* Those that tracing has to do with, what is needed first in front. */
static const struct {
	unsigned int number;
	const char *name;
} known[] = {
	{CAP_BPF, "CAP_BPF"},
	{CAP_PERFMON, "CAP_PERFMON"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
	{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE"},
};

static uint64_t useful(void)
{
	uint64_t set = 0;
	for (size_t i = 0; i < array_size(known); i++)
		set |= caps_bit(known[i].number);
	return set;
}

/* Those of the set that are known; `last` separates the last one. */
static void join(uint64_t set, const char *separator, const char *last, char *buffer, size_t size)
{
	size_t used = 0;
	set &= useful();
	buffer[0] = '\0';
	for (size_t i = 0; i < array_size(known) && used < size; i++) {
		if (!(set & caps_bit(known[i].number)))
			continue;
		set &= ~caps_bit(known[i].number);
		const char *before = set ? separator : last;
		used += (size_t)snprintf(buffer + used, size - used, "%s%s", used ? before : "",
					 known[i].name);
	}
}

void caps_names(uint64_t set, char *buffer, size_t size)
{
	join(set, ", ", " and ", buffer, size);
}

void caps_command(uint64_t set, char *buffer, size_t size)
{
	char names[256], path[3072];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length < 0)
		length = snprintf(path, sizeof(path), "\"$(command -v utrail)\"");
	path[length] = '\0';
	join(set, ",", ",", names, sizeof(names));
	for (char *c = names; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	snprintf(buffer, size, "sudo setcap %s+ep %s", names, path);
}

/* setcap replaces what a file had: what we have now belongs into the command, too. */
struct err *caps_hint(struct err *e, uint64_t wanted)
{
	char command[4096];
	caps_command((caps_effective() & useful()) | wanted, command, sizeof(command));
	return err_hint(e, "run it as root: sudo utrail ...; or grant it for good: %s", command);
}

/* --- dropping --------------------------------------------------------------------------------- */

static struct err *drop_failed(void)
{
	return err_new(ERR_FAILED, errno, "dropping capabilities");
}

/* Programs that we might execute get none from us. All of this is belt and braces beside
 * no_new_privs, and needs a right (CAP_SETPCAP) that we may not have. */
static void drop_inheritance(void)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			break;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Of what we are permitted. */
static bool set_effective(bool all)
{
	struct sets sets;
	if (!read_sets(&sets))
		return false;
	for (int i = 0; i < 2; i++)
		sets.halves[i].effective = all ? sets.halves[i].permitted : 0;
	return write_sets(&sets);
}

struct err *caps_suspend(void)
{
	return set_effective(false) ? NULL : drop_failed();
}

struct err *caps_drop_to(uint64_t keep)
{
	struct sets sets;
	if (!set_effective(true))
		return drop_failed();
	drop_inheritance();
	if (!read_sets(&sets))
		return drop_failed();
	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(keep >> 32 * i) & sets.halves[i].permitted;
		sets.halves[i] = (struct __user_cap_data_struct){half, half, 0};
	}
	if (!write_sets(&sets) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return drop_failed();
	return NULL;
}
