/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of system calls: classic BPF over struct seccomp_data, see seccomp(2). A call is let
 * through, sent to our handler (what names a path: broker.c), or refused with EPERM. Refused, not
 * fatal: what a later C library asks for besides must not end a reading that can do without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "common/array.h"
#include "symbols/child/sandbox.h"

#if defined(__x86_64__)
#define MACHINE	    AUDIT_ARCH_X86_64
#define LAST_NUMBER 0x3fffffff /* above are those of the x32 ABI */
#elif defined(__aarch64__)
#define MACHINE	    AUDIT_ARCH_AARCH64
#define LAST_NUMBER 0x7fffffff
#endif

/* On what is open, on memory, on ourselves. */
static const int allowed[] = {
	SYS_read,	  SYS_pread64,	      SYS_readv,     SYS_write,
	SYS_writev,	  SYS_recvmsg,	      SYS_lseek,     SYS_fstat,
	SYS_close,	  SYS_munmap,	      SYS_mremap,    SYS_madvise,
	SYS_brk,	  SYS_futex,	      SYS_getrandom, SYS_clock_gettime,
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_exit,	     SYS_exit_group,
	SYS_sched_yield,  SYS_getpid,	      SYS_gettid,    SYS_restart_syscall,
};

/* To the handler. */
static const int brokered[] = {
	SYS_openat, SYS_openat2,  SYS_newfstatat, SYS_readlinkat, SYS_memfd_create,
#ifdef SYS_open
	SYS_open,   SYS_readlink,
#endif
};

#define DATA(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
/* The lower half of an argument; both machines are little-endian. */
#define ARGUMENT(n)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define REFUSE	       (SECCOMP_RET_ERRNO | EPERM)
/* Goes on behind the next instruction unless equal. */
#define WHEN(value)	   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define WHEN_NOT_ANY(bits) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0)

static const struct sock_filter begin[] = {
	DATA(arch),
	WHEN(MACHINE),
	BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	DATA(nr),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_NUMBER, 0, 1),
	RETURN(SECCOMP_RET_KILL_PROCESS),
};

/* With the number loaded: memory that is not executable; duplicates and seals of what is open. */
static const struct sock_filter end[] = {
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 4),
	ARGUMENT(2),
	WHEN_NOT_ANY(PROT_EXEC),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(REFUSE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 7),
	ARGUMENT(1),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD_CLOEXEC, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GETFL, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GETFD, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_ADD_SEALS, 1, 0),
	RETURN(REFUSE),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(REFUSE),
};

#define LENGTH_MAX 128

struct program {
	struct sock_filter code[LENGTH_MAX];
	unsigned short length;
};

static void add(struct program *program, const struct sock_filter *code, size_t count)
{
	memcpy(program->code + program->length, code, count * sizeof(*code));
	program->length = (unsigned short)(program->length + count);
}

static void add_calls(struct program *program, const int *calls, size_t count, uint32_t action)
{
	for (size_t i = 0; i < count; i++) {
		const struct sock_filter code[] = {WHEN((uint32_t)calls[i]), RETURN(action)};
		add(program, code, array_size(code));
	}
}

_Static_assert(array_size(begin) + array_size(end) +
			       2 * (array_size(allowed) + array_size(brokered)) <=
		       LENGTH_MAX,
	       "it fits");

struct err *sandbox_filter_calls(void)
{
	struct program program = {.length = 0};
	add(&program, begin, array_size(begin));
	add_calls(&program, allowed, array_size(allowed), SECCOMP_RET_ALLOW);
	add_calls(&program, brokered, array_size(brokered), SECCOMP_RET_TRAP);
	add(&program, end, array_size(end));
	const struct sock_fprog whole = {.len = program.length, .filter = program.code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) == 0)
		return NULL;
	return err_new(ERR_UNSUPPORTED, errno, "filtering the symbolizer's system calls");
}
