/* SPDX-License-Identifier: Apache-2.0 */
#include "target/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/array.h"
#include "common/caps.h"
#include "common/cleanup.h"
#include "target/file_set.h"

#define NS_PER_SECOND 1000000000ULL

struct process {
	pid_t pid;
	int proc_fd; /* /proc/PID: keeps meaning this process, ESRCH once it has gone */
	int root_fd;
	int pidfd;
	uint64_t start_ticks;
	bool seccomp;
	char comm[64];
};

/* A whole file below /proc/PID, NUL-terminated. `at`: that directory. */
static struct err *read_proc_at(int at, pid_t pid, const char *name, char **ret)
{
	_cleanup_close_ int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno,
			       "reading /proc/%d/%s", pid, name);
	_cleanup_free_ char *text = NULL;
	size_t used = 0, capacity = 0;
	for (;;) {
		void *items = text;
		if (!array_grow(&items, &capacity, used + 4096, 1))
			return &err_nomem;
		text = items;
		ssize_t n = read(fd, text + used, capacity - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno,
				       "reading /proc/%d/%s", pid, name);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	*ret = take_ptr(text);
	return NULL;
}

static struct err *read_proc(const struct process *process, const char *name, char **ret)
{
	return read_proc_at(process->proc_fd, process->pid, name, ret);
}

struct stat_fields {
	char state;
	unsigned long threads;
	uint64_t start; /* clock ticks since boot */
};

static bool has_died(const struct stat_fields *fields)
{
	return fields->state == 'Z' || fields->state == 'X';
}

/* /proc/PID/stat: the name is in parentheses and may hold anything, so fields count from the last
 * closing one. State is field 3, the number of threads 20, start time 22. */
static bool parse_stat(const char *stat, struct stat_fields *ret)
{
	const char *after = strrchr(stat, ')');
	if (!after || after[1] != ' ')
		return false;
	ret->state = after[2];
	const char *at = after + 2;
	for (int field = 3; field < 22; field++) {
		if (field == 20)
			ret->threads = strtoul(at, NULL, 10);
		at = strchr(at, ' ');
		if (!at)
			return false;
		at++;
	}
	ret->start = strtoull(at, NULL, 10);
	return true;
}

static void parse_comm(const char *stat, char *comm, size_t size)
{
	const char *open = strchr(stat, '(');
	const char *close = strrchr(stat, ')');
	comm[0] = '\0';
	if (open && close && close > open)
		snprintf(comm, size, "%.*s", (int)(close - open - 1), open + 1);
}

static struct err *read_identity(struct process *process)
{
	_cleanup_free_ char *stat = NULL;
	_cleanup_free_ char *status = NULL;
	struct err *e = read_proc(process, "stat", &stat);
	e = e ? e : read_proc(process, "status", &status);
	if (e)
		return e;
	struct stat_fields fields;
	if (!parse_stat(stat, &fields))
		return err_new(ERR_FAILED, 0, "reading /proc/%d/stat: unknown form", process->pid);
	process->start_ticks = fields.start;
	parse_comm(stat, process->comm, sizeof(process->comm));
	if (has_died(&fields))
		return err_hint(
			err_why(err_new(ERR_FAILED, 0, "pid %d (%s) cannot be traced", process->pid,
					process->comm),
				"it has ended already: a zombie that its parent has not collected"),
			"trace its parent, or start it under utrail: utrail -- CMD");
	const char *tgid = strstr(status, "\nTgid:");
	if (tgid && atoi(tgid + 6) != process->pid)
		return err_hint(err_why(err_new(ERR_USAGE, 0, "pid %d is a thread, not a process",
						process->pid),
					"it belongs to process %d", atoi(tgid + 6)),
				"use -p %d, which traces all of its threads", atoi(tgid + 6));
	const char *seccomp = strstr(status, "\nSeccomp:");
	process->seccomp = seccomp && atoi(seccomp + 9) != 0;
	return NULL;
}

static struct err *no_such_process(pid_t pid)
{
	return err_hint(err_why(err_new(ERR_FAILED, 0, "no process with pid %d", pid),
				"it has ended, or never was, in this PID namespace"),
			"list processes with 'ps -e', or name them: -p \"$(pidof NAME)\"");
}

/* Whose it is decides what is missing: ptrace(2), "Ptrace access mode checking". */
static struct err *root_denied(const struct process *process, int errnum)
{
	struct stat st;
	bool denied = errnum == EACCES || errnum == EPERM;
	struct err *e =
		err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
			"opening the root directory of pid %d (%s)", process->pid, process->comm);
	if (!denied)
		return e;
	if (!caps_missing(caps_bit(CAP_SYS_PTRACE)))
		return err_hint(e,
				"its root is not to be seen even with CAP_SYS_PTRACE: a container, "
				"or a security module");
	bool known = fstatat(process->proc_fd, "", &st, AT_EMPTY_PATH) == 0;
	if (known && st.st_uid != geteuid() && st.st_uid != 0)
		e = err_why(e, "it belongs to another user (uid %u), and CAP_SYS_PTRACE is missing",
			    (unsigned int)st.st_uid);
	else
		e = err_why(e, "it belongs to root, or has rights that utrail has not, and "
			       "CAP_SYS_PTRACE is missing");
	return caps_hint(e, caps_bit(CAP_SYS_PTRACE) | caps_bit(CAP_DAC_READ_SEARCH));
}

struct err *process_open(pid_t pid, struct process **ret)
{
	_cleanup_(process_closep) struct process *process = calloc(1, sizeof(*process));
	if (!process)
		return &err_nomem;
	*process = (struct process){.pid = pid, .proc_fd = -1, .root_fd = -1, .pidfd = -1};
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d", pid);
	process->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process->proc_fd < 0)
		return no_such_process(pid);
	struct err *e = read_identity(process);
	if (e && (err_errno(e) == ESRCH || err_errno(e) == ENOENT)) {
		err_free(e);
		return no_such_process(pid);
	}
	if (e)
		return e;
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	process->root_fd = openat(process->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process->root_fd < 0)
		return root_denied(process, errno);
	if (!process_is_alive(process))
		return no_such_process(pid);
	*ret = take_ptr(process);
	return NULL;
}

void process_close(struct process *process)
{
	if (!process)
		return;
	closep(&process->proc_fd);
	closep(&process->root_fd);
	closep(&process->pidfd);
	free(process);
}

void process_closep(struct process **process)
{
	process_close(*process);
}

pid_t process_pid(const struct process *process)
{
	return process->pid;
}

const char *process_comm(const struct process *process)
{
	return process->comm;
}

int process_pidfd(const struct process *process)
{
	return process->pidfd;
}

pid_t process_tracer(const struct process *process)
{
	_cleanup_free_ char *status = NULL;
	err_free(read_proc(process, "status", &status));
	const char *tracer = status ? strstr(status, "\nTracerPid:") : NULL;
	return tracer ? atoi(tracer + 11) : 0;
}

bool process_has_seccomp(const struct process *process)
{
	return process->seccomp;
}

bool process_is_alive(const struct process *process)
{
	_cleanup_free_ char *stat = NULL;
	struct err *e = read_proc(process, "stat", &stat);
	if (e) {
		err_free(e);
		return false;
	}
	struct stat_fields fields;
	return parse_stat(stat, &fields) && fields.start == process->start_ticks &&
	       !has_died(&fields);
}

bool process_is_ending(pid_t pid, uint64_t ended_ns)
{
	_cleanup_free_ char *path = NULL, *stat = NULL;
	struct stat_fields fields;
	if (asprintf(&path, "/proc/%d/stat", pid) < 0)
		return false;
	struct err *e = read_proc_at(AT_FDCWD, pid, path, &stat);
	if (e) {
		err_free(e);
		return false;
	}
	uint64_t ended_ticks = ended_ns / (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
	/* Begun later: another process, with the same number. */
	return parse_stat(stat, &fields) && fields.start <= ended_ticks &&
	       (!has_died(&fields) || fields.threads > 1);
}

/* --- modules --------------------------------------------------------------------------------- */

static const char deleted_suffix[] = " (deleted)";

/* START-END PERMS OFFSET MAJOR:MINOR INODE PATH, see proc(5). The path's newlines are octal-escaped
 * by the kernel, so a line is a mapping. */
static bool parse_mapping(char *line, bool any, struct module *ret)
{
	char perms[8];
	unsigned int major, minor;
	uint64_t start, end, inode, offset;
	int path_at = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n", &start,
		   &end, perms, &offset, &major, &minor, &inode, &path_at) < 7 ||
	    !path_at)
		return false;
	bool is_file = inode != 0 && line[path_at] == '/';
	if (perms[2] != 'x' || (!is_file && !any))
		return false;
	if (!is_file)
		inode = 0;
	*ret = (struct module){.path = line[path_at] ? line + path_at : (char *)"[anon]",
			       .offset = offset,
			       .device = makedev(major, minor),
			       .inode = inode,
			       .start = start,
			       .end = end};
	size_t length = strlen(ret->path), suffix = strlen(deleted_suffix);
	if (length > suffix && strcmp(ret->path + length - suffix, deleted_suffix) == 0) {
		ret->path[length - suffix] = '\0';
		ret->deleted = true;
	}
	return true;
}

/* As the kernel writes the file's path, here and in maps. An escape is only in the latter. */
static bool has_path(int fd, const char *wanted)
{
	char link[64], path[PATH_MAX + sizeof(deleted_suffix)];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	size_t length = n < 0 ? 0 : (size_t)n, suffix = sizeof(deleted_suffix) - 1;
	path[length] = '\0';
	if (!length || strchr(wanted, '\\'))
		return true;
	if (length > suffix && strcmp(path + length - suffix, deleted_suffix) == 0)
		path[length - suffix] = '\0';
	return strcmp(path, wanted) == 0;
}

/*
 * The file of a mapping, by the mapping itself, which leads to it whatever its path does by now.
 * Another file may have been mapped in its place since the mapping was listed: then -1, with
 * ENOENT.
 */
static int open_mapping(const struct process *process, const struct module *module, int flags)
{
	char link[64];
	snprintf(link, sizeof(link), "map_files/%" PRIx64 "-%" PRIx64, module->start, module->end);
	_cleanup_close_ int fd = openat(process->proc_fd, link, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !has_path(fd, module->path)) {
		errno = ENOENT;
		return -1;
	}
	return take_fd(fd);
}

static bool stat_mapping(const struct process *process, const struct module *module,
			 struct stat *ret)
{
	_cleanup_close_ int fd = open_mapping(process, module, O_PATH);
	return fd >= 0 && fstat(fd, ret) == 0;
}

bool process_maps_file(const struct process *process, const struct module *module,
		       const struct stat *file)
{
	struct stat mapped;
	if (!stat_mapping(process, module, &mapped))
		return file->st_ino == module->inode && file->st_dev == module->device;
	return file->st_ino == mapped.st_ino && file->st_dev == mapped.st_dev;
}

bool process_same_file(const struct process *a_process, const struct module *a,
		       const struct process *b_process, const struct module *b)
{
	struct stat file;
	if (a->inode != b->inode || a->device != b->device)
		return false;
	return strcmp(a->path, b->path) == 0 || !stat_mapping(b_process, b, &file) ||
	       process_maps_file(a_process, a, &file);
}

static bool has_module(const struct process *process, const struct module_list *list,
		       const struct module *module)
{
	for (size_t i = 0; i < list->count; i++)
		if (process_same_file(process, &list->items[i], process, module))
			return true;
	return false;
}

static struct err *list_mappings(const struct process *process, bool all, struct module_list *ret)
{
	_cleanup_(file_set_deinit) struct file_set seen = {0};
	_cleanup_free_ char *maps = NULL;
	struct err *e = read_proc(process, "maps", &maps);
	if (e)
		return e;
	ARRAY_OF(struct module) found = {0};
	struct module_list list = {0};
	for (char *next, *line = maps; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		struct module module;
		if (!parse_mapping(line, all, &module) ||
		    (!all && file_set_add(&seen, module.device, module.inode) &&
		     has_module(process, &list, &module)))
			continue;
		struct module *kept = array_push(&found);
		module.path = kept ? strdup(module.path) : NULL;
		list.items = found.items;
		if (!module.path) {
			module_list_deinit(&list);
			return &err_nomem;
		}
		*kept = module;
		list.count = found.count;
	}
	*ret = list;
	return NULL;
}

struct err *process_modules(const struct process *process, struct module_list *ret)
{
	return list_mappings(process, false, ret);
}

struct err *process_maps(const struct process *process, struct module_list *ret)
{
	return list_mappings(process, true, ret);
}

bool module_is_made_code(const struct module *module)
{
	/* As maps and perf events name them. */
	static const char *const names[] = {"//anon", "[anon", "[heap]", "[stack]"};
	for (size_t i = 0; !module->inode && i < array_size(names); i++)
		if (strncmp(module->path, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

void module_list_deinit(struct module_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct module_list){0};
}

/* Opens a path as if `root` were /: symlinks inside it cannot lead out. Before openat2 (5.6) that
 * cannot be promised, and the path is opened below the root as it stands. */
static int open_beneath(int root, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int process_root(const struct process *process)
{
	return process->root_fd;
}

struct err *process_open_path(const struct process *process, const char *path, int *ret_fd)
{
	int fd = open_beneath(process->root_fd, path);
	if (fd < 0)
		return err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno,
			       "opening '%s' in the root of pid %d", path, process->pid);
	*ret_fd = fd;
	return NULL;
}

/* A line of /proc/PID/status; its last number. */
static bool last_number(const char *status, const char *field, unsigned long *ret)
{
	const char *line = strstr(status, field);
	size_t length = line ? strcspn(line + 1, "\n") + 1 : 0;
	while (length && (line[length - 1] < '0' || line[length - 1] > '9'))
		length--;
	const char *end = line + length;
	while (length && line[length - 1] >= '0' && line[length - 1] <= '9')
		length--;
	if (!length || end == line + length)
		return false;
	*ret = strtoul(line + length, NULL, 10);
	return true;
}

/* Its effective user, or root: who else writes there wants to be believed. */
static struct err *check_owner(const struct process *process, const char *status, int fd)
{
	struct stat st;
	unsigned int uid;
	const char *line = strstr(status, "\nUid:");
	if (!line || sscanf(line, "\nUid:%*u%u", &uid) != 1 || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return err_new(ERR_FAILED, 0, "the perf map of pid %d is no file", process->pid);
	if ((st.st_uid != uid && st.st_uid != 0) || st.st_mode & S_IWOTH)
		return err_new(ERR_PERMISSION, 0,
			       "the perf map of pid %d may be written by others than its user",
			       process->pid);
	return NULL;
}

struct err *process_open_perf_map(const struct process *process, int *ret_fd)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	_cleanup_free_ char *status = NULL;
	unsigned long number = (unsigned long)process->pid;
	char path[64];
	struct err *e = read_proc(process, "status", &status);
	if (e)
		return e;
	/* The process names the file by its number in its own, innermost namespace. */
	last_number(status, "\nNSpid:", &number);
	snprintf(path, sizeof(path), "/tmp/perf-%lu.map", number);
	_cleanup_close_ int fd =
		(int)syscall(SYS_openat2, process->root_fd, path, &how, sizeof(how));
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "opening '%s' in the root of pid %d", path,
			       process->pid);
	e = check_owner(process, status, fd);
	if (!e)
		*ret_fd = take_fd(fd);
	return e;
}

/* A link below map_files asks for CAP_CHECKPOINT_RESTORE (fs/proc/base.c); a path for the right to
 * read the file. */
static struct err *module_denied(const struct module *module, int errnum, pid_t pid)
{
	bool denied = errnum == EACCES || errnum == EPERM;
	struct err *e = err_new(denied ? ERR_PERMISSION : ERR_FAILED, errnum,
				"opening '%s', mapped by pid %d", module->path, pid);
	uint64_t wanted = caps_bit(errnum == EPERM ? CAP_CHECKPOINT_RESTORE : CAP_DAC_READ_SEARCH);
	char names[64];
	if (!denied || !caps_missing(wanted))
		return e;
	caps_names(wanted, names, sizeof(names));
	e = err_why(e, "%s, and %s is missing",
		    errnum == EPERM ? "its path leads to another file by now, or to none"
				    : "it may not be read by this user",
		    names);
	return caps_hint(e, wanted);
}

struct err *process_open_module(const struct process *process, const struct module *module,
				int *ret_fd)
{
	struct stat st;
	_cleanup_close_ int fd =
		module->deleted ? -1 : open_beneath(process->root_fd, module->path);
	if (fd >= 0 && fstat(fd, &st) == 0 && process_maps_file(process, module, &st)) {
		*ret_fd = take_fd(fd);
		return NULL;
	}
	/* Deleted, replaced, or in a memfd: the mapping itself still leads to the file. */
	int mapped = open_mapping(process, module, O_RDONLY);
	if (mapped >= 0) {
		*ret_fd = mapped;
		return NULL;
	}
	if (fd >= 0) {
		/* Some file systems show other numbers in maps than in stat, and without rights
		 * there is no other way to know: maps says that the path still leads there. */
		*ret_fd = take_fd(fd);
		return NULL;
	}
	return module_denied(module, errno, process->pid);
}

bool process_is_compat(pid_t pid)
{
	char path[64];
	unsigned char head[EI_CLASS + 1];
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	       memcmp(head, ELFMAG, SELFMAG) == 0 && head[EI_CLASS] == ELFCLASS32;
}

bool process_fd_path(pid_t pid, int fd, char *buffer, size_t size)
{
	char link[64];
	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	ssize_t length = readlink(link, buffer, size - 1);
	if (length < 0)
		return false;
	buffer[length] = '\0';
	return true;
}
