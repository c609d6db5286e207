/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoded — system calls whose arguments mean something else from case to case, and the line that
 * each must cause, as their manual pages tell.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WHO_PROCESS 1 /* of ioprio_get(2), linux/ioprio.h */

static void end_of_child(int signal, const char *code, const char *status)
{
	siginfo_t info;
	pid_t child = fork();
	if (child < 0)
		exit(1);
	if (child == 0 && signal)
		raise(signal);
	if (child == 0)
		_exit(5);
	syscall(SYS_waitid, P_PID, child, &info, WEXITED, NULL);
	printf("expect waitid(P_PID, %d, {si_signo=SIGCHLD, si_code=%s, si_pid=%d, si_uid=%d, "
	       "si_status=%s, si_utime=*, si_stime=*}, WEXITED, NULL) = 0\n",
	       child, code, child, getuid(), status);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void end_of_handler(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGUSR1, on_signal);
	kill(getpid(), SIGUSR1);
	/* What kill() has returned. */
	printf("expect rt_sigreturn({mask=[]}) = 0\n");
}

static void scheduling(unsigned int size, const char *more)
{
	struct sched_attr attributes = {.size = size, .sched_util_max = 7};
	/* Nobody has this number. */
	syscall(SYS_sched_setattr, 0x7fffffff, &attributes, 0);
	printf("expect sched_setattr(2147483647, {size=%u, sched_policy=SCHED_OTHER, sched_flags=0, "
	       "sched_nice=0, sched_priority=0, sched_runtime=0, sched_deadline=0, "
	       "sched_period=0%s}, 0) = -1 ESRCH\n",
	       size, more);
}

/* Nobody has connected it yet: unix(7) says so with -1. */
static void nobody(void)
{
	struct {
		int pid;
		uid_t uid;
		gid_t gid;
	} peer;
	socklen_t size = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	printf("expect getsockopt(%d, SOL_SOCKET, SO_PEERCRED, {pid=%d, uid=%d, gid=%d}, 12) = "
	       "0\n",
	       fd, peer.pid, (int)peer.uid, (int)peer.gid);
	close(fd);
}

/* The encoding is that of futex(2). */
static void wake_and_compute(void)
{
	static unsigned int first, second;
	syscall(SYS_futex, &first, FUTEX_WAKE_OP, 1, 1, &second,
		FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 1));
	printf("expect futex(%p, FUTEX_WAKE_OP, 1, 1, %p, "
	       "FUTEX_OP_SET<<28|0x7<<12|FUTEX_OP_CMP_EQ<<24|0x1) = 0\n",
	       (void *)&first, (void *)&second);
	syscall(SYS_futex, &first, FUTEX_WAKE_OP_PRIVATE, 1, 1, &second,
		FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 3, FUTEX_OP_CMP_GE, 0));
	printf("expect futex(%p, FUTEX_WAKE_OP_PRIVATE, 1, 1, %p, "
	       "FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_OR<<28|0x3<<12|FUTEX_OP_CMP_GE<<24|0) = 0\n",
	       (void *)&first, (void *)&second);
}

/* A byte for each page, of a last one that is cut, too; what stands behind them is none. */
static void pages_in_memory(void)
{
	unsigned char vector[8] = {9, 9, 9, 9, 9, 9, 9, 9};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memory[page] = 1;
	mincore(memory, 2 * page + 1, vector);
	printf("expect mincore(%p, %zu, [%u, %u, %u]) = 0\n", (void *)memory, 2 * page + 1,
	       vector[0], vector[1], vector[2]);
	mincore(memory, 2 * page, vector);
	printf("expect mincore(%p, %zu, [%u, %u]) = 0\n", (void *)memory, 2 * page, vector[0],
	       vector[1]);
}

/* Of the interface that all machines have. */
static void interface(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCGIFADDR, &request) == 0)
		printf("expect ioctl(%d, SIOCGIFADDR, {ifr_name=\"lo\", ifr_addr={family=AF_INET, "
		       "address=\"%s\", port=0}}) = 0\n",
		       fd, inet_ntoa(((struct sockaddr_in *)&request.ifr_addr)->sin_addr));
	if (ioctl(fd, SIOCGIFINDEX, &request) == 0)
		printf("expect ioctl(%d, SIOCGIFINDEX, {ifr_name=\"lo\", ifr_ifindex=%d}) = 0\n",
		       fd, request.ifr_ifindex);
	if (ioctl(fd, SIOCGIFNAME, &request) == 0)
		printf("expect ioctl(%d, SIOCGIFNAME, {ifr_ifindex=%d, ifr_name=\"%s\"}) = 0\n", fd,
		       request.ifr_ifindex, request.ifr_name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0)
		printf("expect ioctl(%d, SIOCGIFFLAGS, {ifr_name=\"lo\", "
		       "ifr_flags=%sIFF_LOOPBACK%s}) = 0\n",
		       fd, request.ifr_flags & IFF_UP ? "IFF_UP|" : "",
		       request.ifr_flags & IFF_RUNNING ? "|IFF_RUNNING" : "");
	close(fd);
}

/* A version, and no descriptor, also where a file has that number: with -y it has no path. */
static void version(void)
{
	for (int i = 0; i < 2; i++) {
		long got = syscall(SYS_landlock_create_ruleset, NULL, 0,
				   LANDLOCK_CREATE_RULESET_VERSION);
		/* Not on this kernel. */
		if (got < 0)
			return;
		printf("expect landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) = "
		       "%ld\n",
		       got);
		dup2(1, (int)got);
	}
}

/* Its number is not known before; what it gives back is. */
static void child_by_clone3(void)
{
	int pidfd = -1;
	pid_t tid = 0;
	struct clone_args arguments = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
				       .pidfd = (uintptr_t)&pidfd,
				       .parent_tid = (uintptr_t)&tid,
				       .exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child == 0)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	printf("expect clone3({before={flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=%p, "
	       "parent_tid=%p, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, after={pidfd=%d, "
	       "parent_tid=%d}}, %zu) = %ld\n",
	       (void *)&pidfd, (void *)&tid, pidfd, tid, sizeof(arguments), child);
	close(pidfd);
}

/* A name is not given where both ends are known, and nothing is read from nobody. */
static void places(void)
{
	int ends[2];
	char bytes[8];
	struct sockaddr_storage name;
	struct iovec own = {bytes, sizeof(bytes)}, other = {(void *)8, 16};
	struct msghdr message = {
		.msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &own, .msg_iovlen = 1};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[1], "abc", 3) != 3)
		exit(1);
	recvmsg(ends[0], &message, 0);
	printf("expect recvmsg(%d, {msg_name=%p, msg_namelen=0, msg_iov=[{iov_base=\"abc\", "
	       "iov_len=8}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 3\n",
	       ends[0], (void *)&name);
	/* Nobody has this number. */
	process_vm_readv(0x3fffffff, &own, 1, &other, 1, 0);
	printf("expect process_vm_readv(%d, [{iov_base=%p, iov_len=8}], 1, [{iov_base=0x8, "
	       "iov_len=16}], 1, *) = -1 ESRCH\n",
	       0x3fffffff, (void *)bytes);
	close(ends[0]);
	close(ends[1]);
}

/* The second one is nowhere, so that only the first is taken. */
static void submit(void)
{
	char bytes[4] = "abc";
	aio_context_t context = 0;
	int fd = open("/dev/null", O_WRONLY);
	struct iocb write = {.aio_data = 0x11,
			     .aio_lio_opcode = IOCB_CMD_PWRITE,
			     .aio_fildes = (__u32)fd,
			     .aio_buf = (uintptr_t)bytes,
			     .aio_nbytes = 3,
			     .aio_offset = 5};
	struct iocb *both[] = {&write, (struct iocb *)8};
	if (syscall(SYS_io_setup, 16, &context) != 0)
		return;
	long taken = syscall(SYS_io_submit, context, 2L, both);
	printf("expect io_submit(%#lx, 2, [{aio_data=0x11, aio_lio_opcode=IOCB_CMD_PWRITE, "
	       "aio_fildes=%d, aio_buf=\"abc\", aio_nbytes=3, aio_offset=5}, 0x8<bad address>]) = %ld\n",
	       context, fd, taken);
	syscall(SYS_io_submit, context, 0L, both);
	printf("expect io_submit(%#lx, 0, []) = 0\n", context);
	syscall(SYS_io_destroy, context);
	close(fd);
}

int main(void)
{
	submit();
	child_by_clone3();
	places();
	nobody();
	wake_and_compute();
	pages_in_memory();
	interface();
	version();
	long priority = syscall(SYS_ioprio_get, WHO_PROCESS, 0);
	printf("expect ioprio_get(IOPRIO_WHO_PROCESS, 0) = %ld\n", priority);
	syscall(SYS_ioprio_set, WHO_PROCESS, 0, priority);
	printf("expect ioprio_set(IOPRIO_WHO_PROCESS, 0, *) = 0\n");
	printf("expect personality(0xffffffff) = %ld\n", syscall(SYS_personality, 0xffffffff));
	end_of_handler();
	end_of_child(SIGKILL, "CLD_KILLED", "SIGKILL");
	end_of_child(0, "CLD_EXITED", "5");
	scheduling(48, "");
	scheduling(56, ", sched_util_min=0, sched_util_max=7");
	return 0;
}
