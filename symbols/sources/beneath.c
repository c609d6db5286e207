/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/sources/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

static int open_path(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	if (root < 0)
		return open(path, O_PATH | O_CLOEXEC);
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int open_regular_beneath(int root, const char *path)
{
	char link[64];
	struct stat st;
	/* O_PATH opens nothing yet: to open a device or a pipe can have effects, or wait. */
	_cleanup_close_ int found = path[0] == '/' ? open_path(root, path) : -1;
	if (found < 0 || fstat(found, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	return open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
