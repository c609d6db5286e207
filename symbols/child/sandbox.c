/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/cleanup.h"

#define NOBODY 65534

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * A symbolizer that takes the place of a dead one is forked while a trace is going on. What its
 * parent shares with the kernel then (rings, counters) is mapped here, too, and can be written.
 */
static struct err *unmap_shared(void)
{
	char line[512], permissions[5];
	uint64_t start, end;
	_cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return err_new(ERR_FAILED, errno, "opening /proc/self/maps");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, permissions) == 3 &&
		    permissions[3] == 's')
			munmap((void *)(uintptr_t)start, (size_t)(end - start));
	return NULL;
}

/* --- rights ----------------------------------------------------------------------------------- */

/*
 * Files would be opened, if any could be, as nobody. The real id stays: by that our parent, which
 * drops its capabilities later, may still end us.
 */
static void become_nobody(void)
{
	if (geteuid() != 0 || setgroups(0, NULL) != 0)
		return; /* not ours to choose, or a user namespace without such ids */
	if (setresgid(NOBODY, NOBODY, NOBODY) == 0)
		(void)!setresuid((uid_t)-1, NOBODY, NOBODY);
}

static bool limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit now;
	if (getrlimit(what, &now) != 0)
		return false;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	const struct rlimit then = {value, value};
	return setrlimit(what, &then) == 0;
}

static struct err *set_limits(const struct sandbox_limits *limits)
{
	bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, limits->file) &&
		  limit(RLIMIT_NPROC, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
	if (limits->seconds)
		ok = ok && limit(RLIMIT_CPU, limits->seconds);
	if (limits->memory)
		ok = ok && limit(RLIMIT_AS, limits->memory);
	return ok ? NULL : err_new(ERR_FAILED, errno, "setting the symbolizer's limits");
}

/* --- Landlock --------------------------------------------------------------------------------- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif

/* struct landlock_ruleset_attr (include/uapi/linux/landlock.h), with all that it has by now; older
 * kernels take the first members alone. */
struct ruleset {
	uint64_t files, network, scoped;
};

#define RULESET_VERSION 1 /* LANDLOCK_CREATE_RULESET_VERSION */

static struct ruleset everything(long version)
{
	/* 13 kinds of access at first; refer, truncate, ioctl came with 2, 3, 5. */
	int bits = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
	return (struct ruleset){.files = (UINT64_C(1) << bits) - 1,
				.network = version >= 4 ? 3 : 0, /* bind and connect TCP */
				.scoped = version >= 6 ? 3 : 0}; /* abstract sockets, signals */
}

/* A ruleset that handles everything, and allows nothing. False: this kernel has none. */
static bool deny_paths(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, RULESET_VERSION);
	if (version < 1)
		return false;
	const struct ruleset rules = everything(version);
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	_cleanup_close_ int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	return fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

struct err *sandbox_enter(const struct sandbox_limits *limits, bool *ret_landlock)
{
	struct err *e = unmap_shared();
	if (e)
		return e;
	become_nobody();
	e = caps_drop_to(0); /* no_new_privs, and not dumpable */
	if (e)
		return e;
	/* After the ids: to change these takes it back. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*ret_landlock = deny_paths();
	e = set_limits(limits);
	return e ? e : sandbox_filter_calls();
}
