/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbolizer that somebody has taken over: what it tries is denied, and what becomes of it is
 * told as its file's error. It runs in the real sandbox, in place of the real server.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "symbols/child/broker.h"
#include "symbols/child/protocol.h"
#include "symbols/child/symbolizer.h"
#include "symbols/symbols.h"
#include "tests/unit/unit.h"

#ifdef __SANITIZE_ADDRESS__ /* it reserves terabytes: no limit then */
#define MEMORY 0
#else
#define MEMORY (512u << 20)
#endif

#define MADE "/tmp/utrail-test-made-by-the-symbolizer"

/* --- what it tries: true when it worked ------------------------------------------------------- */

static bool worked(long result)
{
	return result >= 0;
}

static bool reads_file(void)
{
	return worked(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static bool reads_through_debug(void)
{
	return worked(
		syscall(SYS_openat, AT_FDCWD, "/usr/lib/debug/../../../etc/passwd", O_RDONLY));
}

/* An ELF file, but none with debug information of this image. */
static bool reads_other_program(void)
{
	return worked(syscall(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY)) ||
	       worked(syscall(SYS_openat, AT_FDCWD, "/bin/sh", O_RDONLY));
}

static bool reads_beneath_root(void)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = {.flags = O_RDONLY};
	return worked(syscall(SYS_openat2, BROKER_SOCKET, "/etc/passwd", &how, sizeof(how)));
}

static bool makes_file(void)
{
	return worked(syscall(SYS_openat, AT_FDCWD, MADE, O_WRONLY | O_CREAT, 0600)) ||
	       worked(syscall(SYS_mkdirat, AT_FDCWD, MADE, 0700)) ||
	       worked(syscall(SYS_symlinkat, "/", AT_FDCWD, MADE));
}

static bool removes_file(void)
{
	return worked(syscall(SYS_unlinkat, AT_FDCWD, MADE "-not", 0)) ||
	       worked(syscall(SYS_renameat2, AT_FDCWD, MADE "-not", AT_FDCWD, MADE, 0));
}

static bool stats_file(void)
{
	struct stat st;
	return worked(syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0)) ||
	       worked(syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", F_OK));
}

static bool opens_handle(void)
{
	return worked(syscall(SYS_open_by_handle_at, BROKER_SOCKET, "", O_RDONLY));
}

static bool runs_program(void)
{
	char name[] = "/bin/true";
	char *const argv[] = {name, NULL};
	return execve(argv[0], argv, NULL) == 0 ||
	       syscall(SYS_execveat, AT_FDCWD, argv[0], argv, NULL, 0) == 0;
}

static bool forks(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return worked(pid) || worked(syscall(SYS_clone3, NULL, 0));
}

static bool talks(void)
{
	int pair[2];
	return worked(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0)) ||
	       worked(syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0)) ||
	       worked(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair));
}

static bool passes_descriptor(void)
{
	struct msghdr message = {0};
	return worked(syscall(SYS_sendmsg, BROKER_SOCKET, &message, 0));
}

static bool signals_parent(void)
{
	return worked(syscall(SYS_kill, getppid(), 0)) || worked(syscall(SYS_kill, -1, 0)) ||
	       worked(syscall(SYS_kill, 1, 0));
}

static bool looks_into_processes(void)
{
	char byte;
	const struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)reads_file, 1};
	return worked(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)) ||
	       worked(syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0)) ||
	       worked(syscall(SYS_pidfd_open, 1, 0));
}

static bool makes_code(void)
{
	static uint8_t page[8192] __attribute__((aligned(4096)));
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		       MAP_FAILED ||
	       mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ||
	       worked(syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1));
}

static bool uses_kernel(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	return worked(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes))) ||
	       worked(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)) ||
	       worked(syscall(SYS_userfaultfd, 0)) ||
	       worked(syscall(425, 1, NULL)) || /* io_uring */
	       worked(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL)) ||
	       worked(syscall(SYS_unshare, CLONE_NEWUSER));
}

static bool changes_itself(void)
{
	const struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
	struct sigaction action = {.sa_handler = SIG_IGN};
	return worked(syscall(SYS_setuid, 0)) || worked(syscall(SYS_setresuid, 0, 0, 0)) ||
	       worked(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)) ||
	       worked(syscall(SYS_prlimit64, 0, RLIMIT_AS, &more, NULL)) ||
	       worked(syscall(SYS_setrlimit, RLIMIT_FSIZE, &more)) ||
	       worked(syscall(SYS_rt_sigaction, SIGSYS, &action, NULL, 8));
}

static bool types_into_terminal(void)
{
	return worked(syscall(SYS_ioctl, BROKER_SOCKET, 0x5412 /* TIOCSTI */, "x"));
}

/* One piece of memory for each file, and no more. */
static bool fills_memory_files(void)
{
	syscall(SYS_memfd_create, "a", 0);
	return worked(syscall(SYS_memfd_create, "b", 0));
}

static const struct attempt {
	const char *name;
	bool (*try)(void);
	bool is_usual; /* works for any process that is not in a sandbox */
} attempts[] = {
	{"read a file", reads_file, true},
	{"read a file through a debug directory", reads_through_debug, false},
	{"read another program", reads_other_program, true},
	{"read beneath a root that it has not", reads_beneath_root, false},
	{"make a file", makes_file, true},
	{"remove a file", removes_file, true},
	{"see a file", stats_file, true},
	{"open by handle", opens_handle, false},
	{"run a program", runs_program, false},
	{"fork", forks, true},
	{"open a socket", talks, true},
	{"pass a descriptor", passes_descriptor, false},
	{"signal", signals_parent, true},
	{"look into processes", looks_into_processes, true},
	{"make code", makes_code, true},
	{"use the kernel", uses_kernel, false},
	{"change itself", changes_itself, true},
	{"type into a terminal", types_into_terminal, false},
	{"fill memory files", fills_memory_files, true},
};

/* --- its servers ------------------------------------------------------------------------------ */

static bool take_request(struct message_header *ret)
{
	struct wire request = {0};
	int fd;
	bool ok = protocol_receive(BROKER_SOCKET, ret, &request, &fd);
	wire_deinit(&request);
	return ok;
}

static void answer_with_error(uint32_t number, const char *text)
{
	struct wire answer = {0};
	struct err *e = err_new(ERR_FAILED, 0, "%s", text);
	wire_put_error(&answer, e);
	wire_put_text(&answer, NULL);
	wire_put_error(&answer, NULL);
	wire_put_u8(&answer, false);
	protocol_send(BROKER_SOCKET, VERB_ANSWER, number, &answer, NULL);
	err_free(e);
	wire_deinit(&answer);
}

/* Tells what worked, as the file's error. */
static void serve_attempts(void)
{
	char text[4096] = "worked:";
	struct message_header header;
	if (!take_request(&header))
		return;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (attempts[i].try()) {
			strcat(text, " ");
			strcat(text, attempts[i].name);
		}
	answer_with_error(header.image, text);
	take_request(&header); /* until it is looked at */
}

static void serve_crash(void)
{
	struct message_header header;
	take_request(&header);
	volatile uintptr_t nowhere = 8;
	*(volatile int *)nowhere = 1;
}

static void serve_exit(void)
{
	struct message_header header;
	take_request(&header);
}

static void serve_nothing(void)
{
	struct message_header header;
	take_request(&header);
	for (volatile bool going = true; going;)
		continue;
}

/* A byte now and then: somebody is there, and nothing comes. */
static void serve_drops(void)
{
	struct message_header header;
	static const struct wire nothing;
	take_request(&header);
	header = (struct message_header){
		.magic = PROTOCOL_MAGIC, .verb = VERB_ANSWER, .image = 1, .size = 1000000};
	(void)nothing;
	if (write(BROKER_SOCKET, &header, sizeof(header)) < 0)
		return;
	while (write(BROKER_SOCKET, "", 1) == 1)
		for (volatile int i = 0; i < 1000000; i++)
			continue;
}

/* All the memory it can get; more than its limit would be told. */
static void serve_hunger(void)
{
	struct message_header header;
	size_t got = 0;
	char text[64];
	take_request(&header);
	while (got < 4096 && mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		got++;
	snprintf(text, sizeof(text), "got %zu", got);
	answer_with_error(header.image, text);
}

static void serve_big_file(void)
{
	static char chunk[1 << 20];
	struct message_header header;
	size_t written = 0;
	char text[64];
	take_request(&header);
	long fd = syscall(SYS_memfd_create, "a", 0);
	while (written < 1024 && write((int)fd, chunk, sizeof(chunk)) == sizeof(chunk))
		written++;
	snprintf(text, sizeof(text), "wrote %zu", written);
	answer_with_error(header.image, text);
}

static void serve_other_abi(void)
{
	struct message_header header;
	take_request(&header);
#if defined(__x86_64__)
	syscall(0x40000000 | SYS_getpid); /* x32 */
#endif
	answer_with_error(header.image, "still there");
}

/* --- how it ends ------------------------------------------------------------------------------ */

static struct symbolizer *with(void (*serve)(void))
{
	const struct symbolizer_options options = {
		.serve = serve, .timeout_ms = 2000, .memory = MEMORY};
	struct symbolizer *symbolizer;
	assert_null(symbolizer_create(&options, &symbolizer));
	return symbolizer;
}

static struct err *open_error(struct symbolizer *symbolizer)
{
	struct image *image;
	struct err *e = image_open_in(symbolizer, FIXTURES "/pie", -1, &image);
	assert_non_null(e);
	return e;
}

static void test_denied(void **state)
{
	(void)state;
	struct symbolizer *symbolizer = with(serve_attempts);
	struct err *e = open_error(symbolizer);
	assert_string_equal(err_what(e), "worked:");
	err_free(e);
	assert_int_equal(access(MADE, F_OK), -1);
	symbolizer_destroy(symbolizer);
}

/* Where nothing denies them, they work: the list above is not of things that always fail. */
static void test_attempts_are_real(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		int failed = 0;
		close(open(MADE "-not", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
			if (attempts[i].is_usual && !attempts[i].try()) {
				fprintf(stderr, "did not %s\n", attempts[i].name);
				failed++;
			}
			unlink(MADE);
		}
		_exit(failed);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* It has asked us to trace it: it stops at each signal, such as that of its own child. */
	while (WIFSTOPPED(status)) {
		assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	assert_int_equal(status, 0);
}

/* The value behind a word of /proc/PID/status or limits. */
static void field(pid_t pid, const char *file, const char *name, char value[256])
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	FILE *from = fopen(path, "re");
	assert_non_null(from);
	value[0] = '\0';
	while (fgets(line, sizeof(line), from))
		if (strncmp(line, name, strlen(name)) == 0)
			snprintf(value, 256, "%s",
				 line + strlen(name) + strspn(line + strlen(name), " \t"));
	fclose(from);
}

/* As the kernel tells it, and not the process. */
static void test_as_seen_from_outside(void **state)
{
	(void)state;
	static const char *const none[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};
	char value[256];
	struct image *image;
	struct symbolizer *symbolizer;
	assert_null(symbolizer_create(NULL, &symbolizer));
	assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &image));
	pid_t pid = symbolizer_pid(symbolizer);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		field(pid, "status", none[i], value);
		assert_string_equal(value, "0000000000000000\n");
	}
	field(pid, "status", "NoNewPrivs:", value);
	assert_string_equal(value, "1\n");
	field(pid, "status", "Seccomp:", value);
	assert_string_equal(value, "2\n");
	if (geteuid() == 0) { /* effective, saved and for files: nobody */
		field(pid, "status", "Uid:", value);
		assert_string_equal(value, "0\t65534\t65534\t65534\n");
	}
	field(pid, "limits", "Max processes", value);
	assert_int_equal(value[0], '0');
	field(pid, "limits", "Max core file size", value);
	assert_int_equal(value[0], '0');
#ifndef __SANITIZE_ADDRESS__
	field(pid, "limits", "Max address space", value);
	assert_int_not_equal(value[0], 'u'); /* unlimited */
#endif
	image_close(image);
	symbolizer_destroy(symbolizer);
}

/* What it has open: the socket, and files that cannot be written. */
static void test_descriptors(void **state)
{
	(void)state;
	char path[64], target[256];
	struct image *image;
	struct symbolizer *symbolizer;
	int secret = open("/etc/hostname", O_RDONLY), sockets = 0; /* not even close-on-exec */
	assert_null(symbolizer_create(NULL, &symbolizer));
	assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &image));
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)symbolizer_pid(symbolizer), fd);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		sockets += strncmp(target, "socket:", 7) == 0;
		if (strncmp(target, "socket:", 7) != 0)
			assert_non_null(strstr(target, "/pie"));
		struct stat st;
		assert_int_equal(lstat(path, &st), 0);
		if (strncmp(target, "socket:", 7) != 0)
			assert_int_equal(st.st_mode & 0200, 0);
	}
	assert_int_equal(sockets, 1);
	close(secret);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

static void expect_failure(void (*serve)(void), const char *reason)
{
	struct symbolizer *symbolizer = with(serve);
	struct err *e = open_error(symbolizer);
	/* It says which file, and which build of it. */
	assert_non_null(strstr(err_what(e), FIXTURES "/pie"));
	assert_non_null(strstr(err_what(e), "build id "));
	if (!strstr(err_reason(e), reason))
		assert_string_equal(err_reason(e), reason); /* shows both */
	err_free(e);
	assert_int_equal(symbolizer_pid(symbolizer), 0);
	symbolizer_destroy(symbolizer);
}

static void test_ends(void **state)
{
	(void)state;
	expect_failure(serve_exit, "has ended");
	expect_failure(serve_nothing, "did not answer for 2 seconds");
	expect_failure(serve_drops, "did not answer for 2 seconds");
	expect_failure(serve_crash, "signal 11");
#if defined(__x86_64__)
	expect_failure(serve_other_abi, "signal 31"); /* SIGSYS */
#endif
}

static void test_limits(void **state)
{
	(void)state;
	size_t got = 0;
	struct symbolizer *symbolizer = with(serve_hunger);
	struct err *e = open_error(symbolizer);
	assert_int_equal(sscanf(err_what(e), "got %zu", &got), 1);
	assert_true(got > 0 && (!MEMORY || got < 512));
	err_free(e);
	symbolizer_destroy(symbolizer);
	/* 257 MiB, and the signal that says so (SIGXFSZ). */
	expect_failure(serve_big_file, "signal 25");
}

/* --- without a sandbox ------------------------------------------------------------------------ */

/* A container that lets no filter be made: prctl(PR_SET_SECCOMP) fails. */
static void forbid_filters(void)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]),
					   .filter = (struct sock_filter *)code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static bool reads_here(void)
{
	struct symbolizer *symbolizer;
	struct image *image;
	const struct function *functions;
	size_t count = 0;
	struct err *e = symbolizer_create(NULL, &symbolizer);
	e = e ? e : image_open_in(symbolizer, FIXTURES "/pie", -1, &image);
	e = e ? e : image_functions(image, &functions, &count);
	const struct err *refused = e ? NULL : symbolizer_refused(symbolizer);
	return !e && count > 10 && refused && strstr(err_what(refused), "system calls") &&
	       symbolizer_pid(symbolizer) == 0;
}

static void test_no_seccomp(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		forbid_filters();
		_exit(reads_here() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts_are_real),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_as_seen_from_outside),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_seccomp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
