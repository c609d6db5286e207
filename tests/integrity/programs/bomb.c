/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded fork bomb: a binary tree of 63 processes, each of which tells its sum to its parent.
 */
#include <sys/wait.h>

#include "integrity.h"

static noinline int grow(int depth)
{
	int sum = depth + 1;
	for (int side = 0; depth && side < 2; side++) {
		int status = 0;
		fflush(stdout);
		pid_t child = fork();
		if (child < 0)
			return 99;
		if (!child)
			_exit(grow(depth - 1));
		waitpid(child, &status, 0);
		sum += WIFEXITED(status) ? WEXITSTATUS(status) : 77;
	}
	return sum;
}

int main(void)
{
	integrity_start();
	printf("sum %d\n", grow(5));
	integrity_end(END_PLAIN);
	return 0;
}
