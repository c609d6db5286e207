/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/target.h — who is traced: a running process, a command that we launch, or nobody in
 * particular. Knows nothing of ELF.
 *
 * A process is identified by pid and start time, and held by a pidfd, so that a pid that was reused
 * is noticed. Its files are seen as it sees them: paths are opened beneath its own root
 * (containers), and a file that was deleted or replaced is opened through the mapping itself
 * (/proc/PID/map_files). Descriptors are opened once and used everywhere.
 */
#ifndef UTRAIL_TARGET_TARGET_H
#define UTRAIL_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/err.h"

/* --- a process ------------------------------------------------------------------------------ */

struct process;

/* Refused with a reason: no such process, a kernel thread, a zombie, no permission. */
struct err *process_open(pid_t pid, struct process **ret) must_check;
void process_close(struct process *process); /* NULL is fine */
void process_closep(struct process **process);

pid_t process_pid(const struct process *process);
/* Of its first thread; as the target wrote it, escape before printing. */
const char *process_comm(const struct process *process);
int process_pidfd(const struct process *process); /* readable when it has ended; -1 before 5.3 */
bool process_is_alive(const struct process *process); /* the same process, not a reused pid */
/* Has the process that began to end at that time (CLOCK_BOOTTIME) threads that the kernel has not
 * let go of? Its first one waits for the others, however it is waited for. */
bool process_is_ending(pid_t pid, uint64_t ended_ns);
/* A seccomp filter or strict mode is in force. */
bool process_has_seccomp(const struct process *process);

/* One file mapped executable in a process. */
struct module {
	char *path;   /* as the process sees it, without " (deleted)" */
	dev_t device; /* as /proc/PID/maps shows them, which btrfs and overlayfs may falsify */
	ino_t inode;
	bool deleted;
	uint64_t start, end; /* of its first executable mapping */
	uint64_t offset;     /* in the file, of that mapping */
};

struct module_list {
	struct module *items;
	size_t count;
};

struct err *process_modules(const struct process *process, struct module_list *ret) must_check;
/* All executable mappings, each one; also those of no file, as "[vdso]", "[anon]", with inode 0. */
struct err *process_maps(const struct process *process, struct module_list *ret) must_check;
/* Memory in which the process made code itself, or can: none of the kernel's, and of no file. */
bool module_is_made_code(const struct module *module);
void module_list_deinit(struct module_list *list);
/*
 * Is what stat(2) says of a file that of the mapped one? The numbers in maps are other ones on some
 * file systems (overlayfs, btrfs), and on overlayfs two files may have the same: the mapping itself
 * is asked, which takes the right to look at it (CAP_SYS_ADMIN, CAP_CHECKPOINT_RESTORE), and the
 * numbers only without.
 */
bool process_maps_file(const struct process *process, const struct module *module,
		       const struct stat *file);
/* Are these two mappings, of one process or of two, of the same file? */
bool process_same_file(const struct process *a_process, const struct module *a,
		       const struct process *b_process, const struct module *b);
/* Read-only, close on exec. Beneath the process's root; through the mapping when that file is gone
 * or another one by now. */
struct err *process_open_module(const struct process *process, const struct module *module,
				int *ret_fd) must_check;
/*
 * /tmp/perf-PID.map in the process's root, where programs write the names of code that they make;
 * only a regular file of the process's own user, or of root, which others may not write.
 */
struct err *process_open_perf_map(const struct process *process, int *ret_fd) must_check;
/* To be read only, at its addresses; of what it runs now: after an exec there is nothing to read.
 */
struct err *process_open_memory(pid_t pid, int *ret_fd) must_check;
/* Who traces it by ptrace(2), a debugger or strace; 0: nobody. */
pid_t process_tracer(const struct process *process);
/* A path as the process would open it. */
struct err *process_open_path(const struct process *process, const char *path,
			      int *ret_fd) must_check;
/* Does it run a 32-bit program? False where it cannot be looked at. */
bool process_is_compat(pid_t pid);
/* A descriptor of its root directory, still owned by it. */
int process_root(const struct process *process);
/* Path of one of its descriptors, of its working directory for AT_FDCWD, into `buffer`; false when
 * it has none. */
bool process_fd_path(pid_t pid, int fd, char *buffer, size_t size);

#define THREAD_COMM 16 /* TASK_COMM_LEN, include/linux/sched.h */

/* The system call that a thread is in, with the words it was given. */
struct thread_call {
	pid_t tid;
	char comm[THREAD_COMM]; /* its name; empty when that could not be read */
	int64_t number;
	uint64_t words[6];
};

struct call_sink {
	void *context;
	struct err *(*call)(void *context, const struct thread_call *call);
};

/* Gives the calls that the threads of a process are in right now to the sink, until its first
 * error. A process that has ended has none. *ret_denied: threads that we have no right to look at.
 */
struct err *process_calls(pid_t pid, const struct call_sink *sink, size_t *ret_denied) must_check;

/* Who looks at processes: we ourselves, or somebody who has kept the rights for it. */
struct process_view {
	void *context;
	struct err *(*calls)(void *context, pid_t pid, const struct call_sink *sink,
			     size_t *ret_denied);
	bool (*fd_path)(void *context, pid_t pid, int fd, char *buffer, size_t size);
	struct err *(*modules)(void *context, pid_t pid, struct module_list *ret);
	struct err *(*maps)(void *context, pid_t pid, struct module_list *ret);
	/* Device and inode say which. */
	struct err *(*open_module)(void *context, pid_t pid, const struct module *module,
				   int *ret_fd);
	/* process_open_perf_map() */
	struct err *(*open_perf_map)(void *context, pid_t pid, int *ret_fd);
	/* process_open_memory() */
	struct err *(*open_memory)(void *context, pid_t pid, int *ret_fd);
};

extern const struct process_view process_own_view;

/* --- files mapped from now on ----------------------------------------------------------------- */

/* One executable mapping of a file, just made: by dlopen, or by an exec. */
struct mapping {
	pid_t pid;	  /* as the initial PID namespace numbers it */
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	/* Of a watch that was opened for it: not executable. Of mprotect(2), too, and as far as the
	 * kernel has joined it with what lies beside it. */
	bool is_data;
	struct module module; /* its path lasts for the call */
};

enum life_kind {
	LIFE_FORK, /* a copy of `parent` */
	LIFE_EXEC, /* nothing is left of what was mapped */
	LIFE_END,
};

/* What happened to a process's mappings as a whole. */
struct life_change {
	enum life_kind kind;
	pid_t pid, parent;
	uint64_t time_ns; /* CLOCK_BOOTTIME */
};

struct mapping_sink {
	void *context;
	struct err *(*mapped)(void *context, const struct mapping *mapping);
	/* Of no file: memory in which the process can make code. NULL: nobody asks. */
	struct err *(*made)(void *context, const struct mapping *mapping);
	/* Of a watch that was opened for it */
	struct err *(*changed)(void *context, const struct life_change *change);
};

/* Watches the whole machine: a mapping is the caller's to want or not. Needs CAP_PERFMON. */
struct mapping_watch;
struct err *mapping_watch_open(struct mapping_watch **ret) must_check;
/* Also of processes that begin, exec and end; of mappings that have no file, with inode 0. */
struct err *life_watch_open(struct mapping_watch **ret) must_check;
/* And what is mapped without being executable: told with others, or when much of it waits. */
struct err *data_watch_open(struct mapping_watch **ret) must_check;
void mapping_watch_close(struct mapping_watch *watch); /* NULL is fine */
void mapping_watch_closep(struct mapping_watch **watch);
int mapping_watch_fd(const struct mapping_watch *watch); /* readable when there is something */
/*
 * Gives what has come to the sink, in order of time for each CPU; stops at the sink's first error.
 * *ret_lost: mappings that did not fit the kernel's buffer; only a look at each process's list can
 * tell which.
 */
struct err *mapping_watch_read(struct mapping_watch *watch, const struct mapping_sink *sink,
			       uint64_t *ret_lost) must_check;
/* Were mappings of data lost since this was asked last? They are none of *ret_lost. */
bool mapping_watch_lost_data(struct mapping_watch *watch);

/* --- a command ------------------------------------------------------------------------------ */

struct launch;

/*
 * Starts `argv` in a child that waits before its exec, so that probes are in place from the first
 * instruction. Signal mask and dispositions are those of the caller: prepare before changing one's
 * own. The program is looked for as a shell does; ERR_FAILED with errno ENOENT or EACCES
 * when there is none (exit status 127 or 126). *ret_path is its file, owned by the launch.
 */
struct err *launch_prepare(char *const argv[], struct launch **ret) must_check;
pid_t launch_pid(const struct launch *launch);
const char *launch_path(const struct launch *launch);
/* Lets the child go on to its exec; fails when that fails. */
struct err *launch_release(struct launch *launch) must_check;
/* Has it ended? Then *ret_status is as wait(2) tells it. Never blocks. */
bool launch_has_ended(struct launch *launch, int *ret_status);
/* A child that was never released is ended; a released one goes on without us. */
void launch_close(struct launch *launch);
void launch_closep(struct launch **launch);

/* Does any process that we may look at run this file, or use it as a library? */
bool process_any_runs(const char *path, ino_t inode);

/* --- names of files ------------------------------------------------------------------------- */

/* "libc.so.6" -> "libc", "/usr/lib/postgresql/15/bin/postgres" -> "postgres",
 * "libpython3.11.so.1.0" -> "libpython3.11", "python3.11" -> "python3.11". Writes at most `size`.
 */
void module_short_name(const char *path, char *buffer, size_t size);
/* Does what the user wrote (a path, "libssl.so.3", "libc", "srv") name this file? Paths compare
 * as strings: the caller compares files. */
bool module_name_matches(const char *path, const char *wanted);
/* A module named without a process: a path, a program in $PATH, a library of the system. The result
 * is the caller's to free; NULL, without an error, when there is none. */
struct err *module_search(const char *wanted, char **ret_path) must_check;

#endif
