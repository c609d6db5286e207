/* SPDX-License-Identifier: Apache-2.0 */
#include "target/process_namespace.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROC_PID_INIT_INO of include/linux/proc_ns.h: the inode of the first namespace is fixed. */
#define FIRST_NAMESPACE 0xEFFFFFFCU

bool pid_namespace_is_inner(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != FIRST_NAMESPACE;
}

struct err *pid_namespace_check(void)
{
	char number[32];
	ssize_t length = readlink("/proc/self", number, sizeof(number) - 1);
	number[length > 0 ? length : 0] = '\0';
	if (length > 0 && strtol(number, NULL, 10) == getpid())
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "processes cannot be traced from in here");
	e = err_why(e, "/proc shows another PID namespace than that which utrail runs in");
	return err_hint(e, "mount it anew (mount -t proc proc /proc), or run utrail in the "
			   "namespace that /proc shows");
}
