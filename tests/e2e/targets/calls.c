/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c — one of each of the rarer system calls, for who decodes them. Most of them fail or
 * change nothing but this process; what they are given is what counts.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/if_ether.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* struct sched_attr of <linux/sched/types.h>, which before Linux 6.2 cannot stand beside <sched.h>.
 */
struct scheduling_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t clamp_least,
		clamp_most; /* as large as that of 6.12's headers: the kernel tells it */
};

static void waits(void)
{
	int pipes[2];
	fd_set in, out;
	struct timeval soon = {0, 1000};
	struct timespec later = {0, 2000000};
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	if (pipe(pipes) || write(pipes[1], "x", 1) != 1)
		abort();
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(pipes[0], &in);
	FD_SET(pipes[1], &in);
	FD_SET(pipes[1], &out);
	syscall(SYS_select, pipes[1] + 1, &in, &out, NULL, &soon);
	FD_ZERO(&in);
	FD_SET(pipes[1], &in);
	syscall(SYS_select, pipes[1] + 1, &in, NULL, NULL, &soon);
	pselect(64, &in, NULL, NULL, &later, &mask);
	syscall(SYS_select, 3, (void *)8, NULL, NULL, NULL);
	struct pollfd ready = {pipes[0], POLLIN, 0};
	ppoll(&ready, 1, &later, &mask);
	struct futex_waitv waiters[2] = {{1, (uintptr_t)&ready, FUTEX_32, 0},
					 {7, (uintptr_t)&soon, FUTEX_32 | FUTEX_PRIVATE_FLAG, 0}};
	syscall(SYS_futex_waitv, waiters, 2, 0, NULL, CLOCK_MONOTONIC);
}

static struct cmsghdr *add_control(struct msghdr *message, struct cmsghdr *at, int level, int type,
				   const void *data, size_t size)
{
	at->cmsg_level = level;
	at->cmsg_type = type;
	at->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(at), data, size);
	return CMSG_NXTHDR(message, at);
}

static void messages(void)
{
	int pair[2], on = 1, fds[2] = {0, 1};
	long long room[32] = {0};
	struct iovec iovecs[2] = {{(char[]){"one"}, 3}, {(char[]){"three"}, 5}};
	struct ucred self = {getpid(), getuid(), getgid()};
	struct msghdr message = {.msg_iov = iovecs,
				 .msg_iovlen = 2,
				 .msg_control = room,
				 .msg_controllen =
					 CMSG_SPACE(sizeof(fds)) + CMSG_SPACE(sizeof(self))};
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		abort();
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	struct cmsghdr *next = add_control(&message, CMSG_FIRSTHDR(&message), SOL_SOCKET,
					   SCM_RIGHTS, fds, sizeof(fds));
	add_control(&message, next, SOL_SOCKET, SCM_CREDENTIALS, &self, sizeof(self));
	sendmsg(pair[0], &message, 0);
	message.msg_controllen = sizeof(room);
	(void)recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC);
	struct mmsghdr many[3] = {{{.msg_iov = &iovecs[0], .msg_iovlen = 1}, 0},
				  {{.msg_iov = &iovecs[1], .msg_iovlen = 1}, 0}};
	sendmmsg(pair[0], many, 2, 0);
	sendmmsg(pair[0], many, 1, MSG_DONTWAIT);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &(int){0}, sizeof(on));
	struct timespec timeout = {0, 1000};
	recvmmsg(pair[1], many, 2, MSG_DONTWAIT, &timeout);
	recvmmsg(pair[1], many, 2, MSG_DONTWAIT, NULL);
	recvmmsg(pair[1], many, 2, MSG_DONTWAIT, NULL);
	int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	(void)bind(datagrams, (void *)&address, sizeof(address));
	getsockname(datagrams, (void *)&address, &length);
	setsockopt(datagrams, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
	setsockopt(datagrams, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	sendto(datagrams, "d", 1, 0, (void *)&address, sizeof(address));
	struct sockaddr_storage from;
	message.msg_name = &from;
	message.msg_namelen = sizeof(from);
	message.msg_controllen = sizeof(room);
	(void)recvmsg(datagrams, &message, 0);
	length = sizeof(from);
	sendto(datagrams, "e", 1, 0, (void *)&address, sizeof(address));
	recvfrom(datagrams, room, sizeof(room), 0, (void *)&from, &length);
	length = sizeof(room);
	getsockopt(datagrams, SOL_SOCKET, SO_RCVBUF, room, &length);
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = {1, &code};
	setsockopt(datagrams, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static void files(void)
{
	static char buffer[4096];
	loff_t from = 1;
	int folder = open("/", O_RDONLY | O_DIRECTORY), copy = memfd_create("copy", 0);
	while (syscall(SYS_getdents64, folder, buffer, sizeof(buffer)) > 0)
		;
	if (write(copy, "some text", 9) != 9)
		abort();
	copy_file_range(copy, &from, copy, &(loff_t){20}, 4, 0);
	struct flock lock = {.l_type = F_WRLCK, .l_len = 5};
	fcntl(copy, F_GETLK, &lock);
	struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	syscall(SYS_openat2, folder, "nothing/here", &how, sizeof(how));
	struct iovec iovec = {buffer, 4}, remote = {buffer + 100, 4};
	preadv(copy, &iovec, 1, 2);
	readv(folder, &iovec, 1);
	pwritev(copy, &iovec, 1, 2);
	pwritev2(copy, &iovec, 1, -1, RWF_DSYNC);
	static char large[4][8000];
	struct iovec more[4];
	for (int i = 0; i < 4; i++) {
		memset(large[i], 'a' + i, sizeof(large[i]));
		more[i] = (struct iovec){large[i], sizeof(large[i])};
	}
	pwritev(copy, more, 4, 100);
	process_vm_readv(getpid(), &iovec, 1, &remote, 1, 0);
	fchown(copy, -1, getgid());
	ioctl(copy, FS_IOC_GETFLAGS, buffer);
	struct fiemap extents = {.fm_length = 4096, .fm_flags = FIEMAP_FLAG_SYNC};
	ioctl(copy, FS_IOC_FIEMAP, &extents);
	struct ifreq interface = {.ifr_name = "lo"};
	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFINDEX, &interface);
	strcpy(interface.ifr_name, "no-such");
	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFADDR, &interface);
	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFMTU, &interface);
	interface.ifr_ifindex = 99999;
	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFNAME, &interface);
	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFNAME, 8);
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 16};
	mq_open("/utrail-calls", O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
	mq_unlink("/utrail-calls");
	syscall(SYS_mount, "none", "/nonexistent", "tmpfs", MS_NOSUID | MS_NODEV, "size=1k");
}

static void scheduling(void)
{
	cpu_set_t cpus;
	struct scheduling_attributes attributes = {.size = sizeof(attributes)};
	sched_getaffinity(0, sizeof(cpus), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0);
	attributes.policy = SCHED_BATCH;
	syscall(SYS_sched_setattr, 0, &attributes, 0);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer))
		abort();
	struct itimerspec when = {.it_value.tv_sec = 100};
	syscall(SYS_timer_settime, timer, 0, &when, NULL);
	struct timex clock = {0};
	adjtimex(&clock);
}

static void processes(void)
{
	siginfo_t info = {0};
	signal(SIGUSR1, SIG_IGN);
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = 7;
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
	pid_t child = fork();
	if (child == 0)
		_exit(9);
	waitid(P_PID, (id_t)child, &info, WEXITED);
	setresuid((uid_t)-1, getuid(), (uid_t)-1);
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];
	syscall(SYS_capget, &header, sets);
	syscall(SYS_capset, &header, sets);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_CAPBSET_READ, 60);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x10000, 4096, "a name");
	syscall(SYS_rt_sigaction, SIGUSR2, &(unsigned long[4]){-1UL}, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR2, &(unsigned long[4]){0}, &(unsigned long[4]){0}, 8);
	syscall(SYS_close_range, 5000, -1, 0);
	waitpid(-1, NULL, WNOHANG | WUNTRACED);
	socklen_t size = sizeof(struct sockaddr);
	getsockname(0, &(struct sockaddr){0}, &size);
	syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0);
	syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

static void kernel(void)
{
	union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8};
	syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = PERF_ATTR_SIZE_VER7};
	event.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID;
	syscall(SYS_perf_event_open, &event, 1 << 30, -1, -1, PERF_FLAG_FD_CLOEXEC);
	struct io_uring_params ring = {.flags = IORING_SETUP_CLAMP};
	syscall(SYS_io_uring_setup, 2, &ring);
	struct landlock_ruleset_attr rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
								   LANDLOCK_ACCESS_FS_READ_FILE};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	struct landlock_path_beneath_attr beneath = {LANDLOCK_ACCESS_FS_READ_FILE, -1};
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	unsigned int action = SECCOMP_RET_LOG;
	syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
	struct seccomp_notif_sizes sizes;
	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL);
	struct sembuf operation = {0, -1, SEM_UNDO | IPC_NOWAIT};
	semop(-1, &operation, 1);
}

/* Shared memory, semaphores and queues of messages, which all go again. */
static void system_v(void)
{
	struct shmid_ds memory;
	struct semid_ds set;
	struct msqid_ds queue;
	struct {
		long type;
		char text[11];
	} text = {.type = 7, .text = "hello there"};
	struct seminfo limits;
	long id = syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	syscall(SYS_shmctl, id, IPC_STAT, &memory);
	memory.shm_perm.mode = 0640;
	syscall(SYS_shmctl, id, IPC_SET, &memory);
	syscall(SYS_shmctl, id, SHM_LOCK, NULL);
	syscall(SYS_shmctl, id, IPC_RMID, NULL);
	syscall(SYS_shmctl, 0, IPC_INFO, &memory);
	syscall(SYS_shmctl, 0, SHM_INFO, &memory);
	syscall(SYS_shmctl, -1, IPC_STAT, &memory);
	syscall(SYS_shmget, 0x7574, 10, 0);
	syscall(SYS_shmat, -1, NULL, SHM_RDONLY);
	id = syscall(SYS_semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
	syscall(SYS_semctl, id, 0, SETVAL, 7);
	syscall(SYS_semctl, id, 0, GETVAL, NULL);
	syscall(SYS_semctl, id, 0, IPC_STAT, &set);
	syscall(SYS_semctl, id, 0, IPC_SET, &set);
	syscall(SYS_semctl, id, 0, IPC_RMID, NULL);
	syscall(SYS_semctl, 0, 0, SEM_INFO, &limits);
	id = syscall(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	syscall(SYS_msgctl, id, IPC_STAT, &queue);
	syscall(SYS_msgctl, id, IPC_SET, &queue);
	syscall(SYS_msgsnd, id, &text, sizeof(text.text), IPC_NOWAIT);
	syscall(SYS_msgsnd, id, &text, 0, 0);
	syscall(SYS_msgsnd, id, (void *)8, 3, 0);
	syscall(SYS_msgrcv, id, &text, sizeof(text.text), 7, 0);
	syscall(SYS_msgrcv, id, &text, 0, 0, MSG_NOERROR);
	syscall(SYS_msgrcv, id, &text, sizeof(text.text), 0, IPC_NOWAIT);
	syscall(SYS_msgctl, id, IPC_RMID, NULL);
	syscall(SYS_msgctl, 0, IPC_INFO, &queue);
}

/* No such device: what they ask for is all there is. */
static void quotas(void)
{
	const char *device = "/nonexistent/device";
	struct if_dqblk limits = {.dqb_bhardlimit = 5, .dqb_isoftlimit = 6};
	struct if_dqinfo about = {.dqi_bgrace = 1, .dqi_flags = 1, .dqi_valid = IIF_FLAGS};
	static char file[64] = "/aquota.user";
	uint32_t format;
	syscall(SYS_quotactl, QCMD(Q_QUOTAON, GRPQUOTA), device, QFMT_VFS_V1, file);
	syscall(SYS_quotactl, QCMD(Q_QUOTAOFF, PRJQUOTA), device, 0, NULL);
	syscall(SYS_quotactl, QCMD(Q_GETFMT, USRQUOTA), device, 0, &format);
	syscall(SYS_quotactl, QCMD(Q_GETINFO, USRQUOTA), device, 0, &about);
	syscall(SYS_quotactl, QCMD(Q_SETINFO, GRPQUOTA), device, 0, &about);
	syscall(SYS_quotactl, QCMD(Q_GETQUOTA, USRQUOTA), device, 1000, &limits);
	syscall(SYS_quotactl, QCMD(Q_SETQUOTA, USRQUOTA), device, 1000, &limits);
}

static void transfers(void)
{
	aio_context_t context = 0;
	char text[16];
	int file = open("/dev/zero", O_RDONLY);
	struct iocb read = {.aio_data = 7,
			    .aio_lio_opcode = IOCB_CMD_PREAD,
			    .aio_fildes = (uint32_t)file,
			    .aio_buf = (uintptr_t)text,
			    .aio_nbytes = 10};
	struct iocb *all[] = {&read};
	struct io_event events[2];
	struct timespec none = {0, 0};
	syscall(SYS_io_setup, 2, &context);
	syscall(SYS_io_setup, 2, (void *)8);
	syscall(SYS_io_submit, context, 1, all);
	int written = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	struct iocb write = {.aio_lio_opcode = IOCB_CMD_PWRITE,
			     .aio_fildes = (uint32_t)written,
			     .aio_buf = (uintptr_t) "to be written",
			     .aio_nbytes = 13};
	struct iocb sync = {.aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = (uint32_t)written};
	struct iocb bad = {.aio_lio_opcode = IOCB_CMD_PWRITE,
			   .aio_fildes = 999,
			   .aio_buf = (uintptr_t) "never",
			   .aio_nbytes = 5};
	struct iocb *more[] = {&write, &sync, &bad, &read};
	syscall(SYS_io_submit, context, 4, more);
	syscall(SYS_io_getevents, context, 1, 2, events, NULL);
	syscall(SYS_io_getevents, context, 0, 2, events, &none);
	syscall(SYS_io_cancel, context, &read, events);
	syscall(SYS_io_destroy, context);
	close(file);
}

/* Of ioprio_set(2), personality(2), fcntl(2), packet(7) */
static void odds(void)
{
	struct {
		int type, pid;
	} owner = {1, getpid()};
	int file = open("/dev/null", O_RDONLY);
	for (int class = 0; class < 4; class ++)
		syscall(SYS_ioprio_set, 1, 0x7fffffff, class << 13 | 4);
	syscall(SYS_personality, 0x40000);
	syscall(SYS_personality, 8);
	syscall(SYS_personality, 0);
	syscall(SYS_fcntl, file, 15, &owner); /* F_SETOWN_EX */
	syscall(SYS_fcntl, file, 16, &owner); /* F_GETOWN_EX */
	syscall(SYS_fcntl, file, 15, (void *)8);
	close(file);
	close((int)syscall(SYS_socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
	close((int)syscall(SYS_socket, AF_PACKET, SOCK_DGRAM, htons(ETH_P_ARP)));
}

int main(void)
{
	transfers();
	odds();
	system_v();
	quotas();
	waits();
	messages();
	files();
	scheduling();
	processes();
	kernel();
	return 0;
}
