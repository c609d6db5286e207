/* SPDX-License-Identifier: Apache-2.0 */
#include "common/descriptors.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void descriptors_keep_only(int fd)
{
	dup2(fd, 0);
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 1U, ~0U, 0U) == 0)
		return;
#endif
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	for (rlim_t other = 1; other < limit.rlim_cur; other++)
		close((int)other);
}
