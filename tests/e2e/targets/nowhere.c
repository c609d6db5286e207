/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nowhere — system calls that are given pointers to nothing, and the line that each must cause:
 * with the pointer, of whatever it should have led to.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOW 8 /* below vm.mmap_min_addr */

/* Memory that was there. */
static unsigned long gone(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || munmap(memory, 4096))
		exit(1);
	return (unsigned long)memory;
}

static void texts(unsigned long at)
{
	syscall(SYS_openat, AT_FDCWD, at, 0);
	printf("expect openat(AT_FDCWD, 0x%lx<bad address>, O_RDONLY) = -1 EFAULT\n", at);
	syscall(SYS_unlinkat, AT_FDCWD, at, 0);
	printf("expect unlinkat(AT_FDCWD, 0x%lx<bad address>, 0) = -1 EFAULT\n", at);
	syscall(SYS_prctl, PR_SET_NAME, at);
	printf("expect prctl(PR_SET_NAME, 0x%lx<bad address>) = -1 EFAULT\n", at);
}

static void buffers(unsigned long at, int socket, int pipe)
{
	struct iovec list = {(void *)at, 4};
	struct msghdr message = {.msg_iov = (void *)at, .msg_iovlen = 2};
	syscall(SYS_write, pipe, at, 5);
	printf("expect write(%d, 0x%lx<bad address>, 5) = -1 EFAULT\n", pipe, at);
	syscall(SYS_writev, pipe, &list, 1);
	printf("expect writev(%d, [{iov_base=0x%lx<bad address>, iov_len=4}], 1) = -1 EFAULT\n",
	       pipe, at);
	syscall(SYS_writev, pipe, at, 2);
	printf("expect writev(%d, 0x%lx<bad address>, 2) = -1 EFAULT\n", pipe, at);
	syscall(SYS_sendmsg, socket, &message, 0);
	printf("expect sendmsg(%d, {msg_name=NULL, msg_namelen=0, msg_iov=0x%lx<bad address>, "
	       "msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = -1 EFAULT\n",
	       socket, at);
	syscall(SYS_bind, socket, at, 16);
	printf("expect bind(%d, 0x%lx<bad address>, 16) = -1 EFAULT\n", socket, at);
	syscall(SYS_setsockopt, socket, SOL_SOCKET, SO_RCVBUF, at, 4);
	printf("expect setsockopt(%d, SOL_SOCKET, SO_RCVBUF, 0x%lx<bad address>, 4) = -1 EFAULT\n",
	       socket, at);
}

static void structures(unsigned long at, int pipe)
{
	unsigned int word = 0;
	syscall(SYS_clock_nanosleep, 0, 0, at, NULL);
	printf("expect clock_nanosleep(CLOCK_REALTIME, 0, 0x%lx<bad address>, NULL) = -1 EFAULT\n",
	       at);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, at, NULL, 8);
	printf("expect rt_sigprocmask(SIG_BLOCK, 0x%lx<bad address>, NULL, 8) = -1 EFAULT\n", at);
	syscall(SYS_setgroups, 3, at);
	printf("expect setgroups(3, 0x%lx<bad address>) = -1 EFAULT\n", at);
	syscall(SYS_fcntl, pipe, F_SETLK, at);
	printf("expect fcntl(%d, F_SETLK, 0x%lx<bad address>) = -1 EFAULT\n", pipe, at);
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, at, NULL, 0);
	printf("expect futex(*, FUTEX_WAIT, 0, 0x%lx<bad address>) = -1 EFAULT\n", at);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, at);
	printf("expect pselect6(0, NULL, NULL, NULL, NULL, 0x%lx<bad address>) = -1 EFAULT\n", at);
}

int main(void)
{
	const unsigned long places[] = {LOW, gone()};
	int ends[2], sockets[2];
	if (pipe(ends) || socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets))
		return 1;
	for (int i = 0; i < 2; i++) {
		texts(places[i]);
		buffers(places[i], sockets[0], ends[1]);
		structures(places[i], ends[1]);
	}
	return 0;
}
