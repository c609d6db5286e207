/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/child/protocol.h"

bool broker_ask(uint32_t verb, const struct wire *question, struct wire *answer, int *ret_fd)
{
	struct message_header header;
	*ret_fd = -1;
	static const struct wire nothing;
	return protocol_send(BROKER_SOCKET, verb, 0, &nothing, question) &&
	       protocol_receive(BROKER_SOCKET, &header, answer, ret_fd);
}

int broker_open(bool in_root, const char *path)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	wire_put_u8(&question, in_root);
	wire_put_text(&question, path);
	if (!broker_ask(VERB_ASK_OPEN, &question, &answer, &fd))
		return -EIO;
	return fd >= 0 ? fd : -ENOENT;
}

/* --- the calls -------------------------------------------------------------------------------- */

/* N of "/proc/self/fd/N"; -1: it is another path. */
static int own_descriptor(const char *path)
{
	static const char prefix[] = "/proc/self/fd/";
	char *end;
	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return -1;
	long number = strtol(path + sizeof(prefix) - 1, &end, 10);
	return *end || number < 0 || number > INT_MAX ? -1 : (int)number;
}

static long open_path(const char *path, uint64_t flags, bool in_root)
{
	int own = own_descriptor(path);
	if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))
		return -EACCES;
	if (own < 0)
		return broker_open(in_root, path);
	int fd = fcntl(own, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static long stat_at(int fd, const char *path, struct stat *to, int flags)
{
	if (*path || !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	return syscall(SYS_fstat, fd, to) == 0 ? 0 : -errno;
}

/* Its limit of size counts for files in memory, too, but not how many there are: so the collector
 * hands them out. */
static long open_memory(void)
{
	static const struct wire nothing;
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	if (!broker_ask(VERB_ASK_MEMORY, &nothing, &answer, &fd))
		return -EIO;
	return fd >= 0 ? fd : -EPERM;
}

/* Where a file lies that we were handed. */
static long read_link(const char *path, char *to, size_t size)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct stat st;
	int own = own_descriptor(path), fd;
	if (own < 0 || syscall(SYS_fstat, own, &st) != 0)
		return -ENOENT;
	wire_put_u64(&question, st.st_dev);
	wire_put_u64(&question, st.st_ino);
	if (!broker_ask(VERB_ASK_PLACE, &question, &answer, &fd))
		return -EIO;
	closep(&fd);
	const char *place = wire_take_text(&answer);
	if (!place)
		return -ENOENT;
	size_t length = strlen(place);
	length = length < size ? length : size;
	memcpy(to, place, length); /* NOLINT(bugprone-not-null-terminated-result): as readlink() */
	return (long)length;
}

/* --- the signal ------------------------------------------------------------------------------- */

struct call {
	long arguments[4];
	greg_t *result;
};

static struct call call_of(ucontext_t *context)
{
#if defined(__x86_64__)
	greg_t *registers = context->uc_mcontext.gregs;
	return (struct call){
		{registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10]},
		&registers[REG_RAX]};
#elif defined(__aarch64__)
	unsigned long long *registers = context->uc_mcontext.regs;
	return (struct call){
		{(long)registers[0], (long)registers[1], (long)registers[2], (long)registers[3]},
		(greg_t *)&registers[0]};
#endif
}

static long answer_call(int number, const long *arguments)
{
	const char *first = (const char *)arguments[0], *second = (const char *)arguments[1];
	switch (number) {
#ifdef SYS_open
	case SYS_open:
		return open_path(first, (uint64_t)arguments[1], false);
	case SYS_readlink:
		return read_link(first, (char *)arguments[1], (size_t)arguments[2]);
#endif
	case SYS_openat:
		return open_path(second, (uint64_t)arguments[2], false);
	case SYS_openat2:
		return open_path(second, ((const struct open_how *)arguments[2])->flags, true);
	case SYS_newfstatat:
		return stat_at((int)arguments[0], second, (struct stat *)arguments[2],
			       (int)arguments[3]);
	case SYS_readlinkat:
		return read_link(second, (char *)arguments[2], (size_t)arguments[3]);
	case SYS_memfd_create:
		return open_memory();
	}
	(void)first;
	return -EPERM;
}

static void on_call(int signum, siginfo_t *info, void *context)
{
	int saved = errno;
	struct call call = call_of(context);
	(void)signum;
	*call.result = answer_call(info->si_syscall, call.arguments);
	errno = saved;
}

struct err *broker_install(void)
{
	struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGSYS);
	/* One that is blocked ends the process. */
	if (sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &ours, NULL) != 0)
		return err_new(ERR_FAILED, errno, "handling SIGSYS");
	return NULL;
}
