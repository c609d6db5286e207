/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program's end looks like from outside: ended by a signal of its own, by SIGPIPE, by
 * abort(), by an unhandled fault in the first instruction of a traced function, with an exit status
 * above 127.
 */
#include <sys/wait.h>

#include "integrity.h"

__asm__(".globl touch\n.type touch,@function\ntouch: .cfi_startproc\n"
	"movb $1,(%rdi)\nret\n.cfi_endproc\n.size touch,.-touch\n");
void touch(char *at);

static noinline int end_by(int how)
{
	int ends[2];
	switch (how) {
	case 0:
		abort();
	case 1:
		raise(SIGUSR2);
		return 1;
	case 2:
		if (pipe(ends))
			return 2;
		close(ends[0]);
		return (int)write(ends[1], "x", 1);
	case 3:
		touch((char *)8);
		return 3;
	case 4:
		return 200;
	case 5:
		kill(getpid(), SIGSTOP);
		return 55;
	default:
		kill(getpid(), SIGKILL);
		return 6;
	}
}

int main(void)
{
	integrity_start();
	for (int how = 0; how < 7; how++) {
		int status = 0;
		fflush(stdout);
		pid_t child = fork();
		if (!child)
			_exit(end_by(how));
		while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
			printf("stopped %d\n", WSTOPSIG(status));
			kill(child, SIGCONT);
		}
		/* Without the bit that tells of a core file. */
		printf("end %d: %x\n", how, status & ~0x80);
	}
	integrity_end(END_PLAIN);
	raise(SIGUSR2);
	return 0;
}
