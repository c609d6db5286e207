/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/attacher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "common/caps.h"
#include "common/cleanup.h"
#include "common/descriptors.h"
#include "uprobe/perf_probe.h"

/* With CAP_SYS_PTRACE no other right is needed to look into a process, but CAP_CHECKPOINT_RESTORE
 * to open files that it has mapped and that no path leads to (memfd_create(2), unlink(2)); without,
 * it takes all that the process has itself (a command inherits our ambient ones), so none is
 * dropped. CAP_SYS_ADMIN stands for all that probing takes besides. */
static uint64_t kept(bool probing)
{
	uint64_t have = caps_effective(), looking = caps_bit(CAP_SYS_PTRACE);
	uint64_t keep = looking | caps_bit(CAP_DAC_READ_SEARCH) | caps_bit(CAP_CHECKPOINT_RESTORE);
	if (probing)
		keep |= caps_bit(CAP_SYS_ADMIN);
	return have & looking ? have & keep : have;
}

enum verb {
	VERB_CALLS,    /* pid: one answer for each thread that is in a call, then a last one */
	VERB_FD_PATH,  /* pid, number: a descriptor */
	VERB_MODULES,  /* pid: one answer for each mapped file, then a last one */
	VERB_MAPS,     /* pid: the same for each executable mapping */
	VERB_OPEN,     /* pid, device, inode: of a mapped file; the answer carries it */
	VERB_PERF_MAP, /* pid: the file in which it names code that it made; likewise */
	VERB_MEMORY,   /* pid: its memory, to be read; likewise */
	VERB_PROBE,  /* pid (0: all), offset...; carries file and program, the answer event and link
		      */
	VERB_SETTLE, /* number: 0 when there will be no VERB_PROBE */
};

enum probe_flags { PROBE_AS_RETURN = 1, PROBE_HAS_COOKIE = 2 };

/* Both have a fixed width, and travel as one packet each. */
struct request {
	uint32_t verb;
	int32_t pid;
	int32_t number;
	uint32_t probe_flags;
	uint64_t device, inode;
	uint64_t offset, semaphore, cookie;
};

struct mapped {
	char path[4096]; /* NUL-terminated */
	uint64_t device, inode, start, end, offset;
	uint32_t deleted, reserved;
};

struct answer {
	int32_t errnum; /* 0: it worked */
	uint32_t more;	/* another one follows */
	union {
		struct mapped module; /* first and largest: an initializer clears it */
		char path[4096];      /* NUL-terminated */
		struct thread_call call;
		uint64_t denied; /* of the last answer to VERB_CALLS */
	};
};

struct attacher {
	pid_t pid;
	int socket;
};

/* --- packets ---------------------------------------------------------------------------------- */

#define PASSED_MAX 2

/* Descriptors that travel with a packet; as many as come before the first -1. */
struct passed {
	int fds[PASSED_MAX];
};

static const struct passed none = {{-1, -1}};

static bool send_packet(int socket, const void *packet, size_t size, const struct passed *passed)
{
	const struct iovec vector = {.iov_base = (void *)packet, .iov_len = size};
	size_t count = 0;
	while (count < PASSED_MAX && passed->fds[count] >= 0)
		count++;
	return descriptors_send(socket, &vector, 1, passed->fds, count) == (ssize_t)size;
}

static void close_passed(const struct passed *passed)
{
	for (int i = 0; i < PASSED_MAX; i++)
		closep(&passed->fds[i]);
}

/* What comes is the caller's to close. False: no packet of that size, errno or 0 says why. */
static bool receive_packet(int socket, void *packet, size_t size, struct passed *ret)
{
	ssize_t got = descriptors_receive(socket, packet, size, ret->fds, PASSED_MAX);
	if (got < 0)
		return false;
	errno = 0;
	return got == (ssize_t)size;
}

/* --- the child -------------------------------------------------------------------------------- */

static bool send_answer(int socket, const struct answer *answer)
{
	return send_packet(socket, answer, sizeof(*answer), &none);
}

/* Ends the error. */
static int errnum_of(struct err *e)
{
	int errnum = e ? err_errno(e) : 0;
	errnum = e && !errnum ? EIO : errnum;
	err_free(e);
	return errnum;
}

static struct err *send_call(void *context, const struct thread_call *call)
{
	const int *socket = context;
	struct answer answer = {.more = 1};
	answer.call = *call;
	return send_answer(*socket, &answer) ? NULL : err_new(ERR_FAILED, errno, "answering");
}

static bool serve_calls(int socket, const struct request *request)
{
	const struct call_sink sink = {.context = &socket, .call = send_call};
	struct answer answer = {0};
	size_t denied = 0;
	struct err *e = process_calls(request->pid, &sink, &denied);
	answer.denied = denied;
	answer.errnum = errnum_of(e);
	return send_answer(socket, &answer);
}

static bool serve_fd_path(int socket, const struct request *request)
{
	struct answer answer = {0};
	if (!process_fd_path(request->pid, request->number, answer.path, sizeof(answer.path)))
		answer.errnum = ENOENT;
	return send_answer(socket, &answer);
}

static void module_to_wire(const struct module *module, struct mapped *ret)
{
	snprintf(ret->path, sizeof(ret->path), "%s", module->path);
	ret->device = module->device;
	ret->inode = module->inode;
	ret->start = module->start;
	ret->end = module->end;
	ret->offset = module->offset;
	ret->deleted = module->deleted;
}

static bool serve_modules(int socket, const struct request *request)
{
	struct module_list list = {0};
	struct answer last = {0};
	bool sent = true;
	struct err *e = request->verb == VERB_MAPS
				? process_own_view.maps(NULL, request->pid, &list)
				: process_own_view.modules(NULL, request->pid, &list);
	for (size_t i = 0; sent && i < list.count; i++) {
		struct answer answer = {.more = 1};
		module_to_wire(&list.items[i], &answer.module);
		sent = send_answer(socket, &answer);
	}
	last.errnum = errnum_of(e);
	module_list_deinit(&list);
	return sent && send_answer(socket, &last);
}

static struct err *open_asked(const struct request *request, int *ret_fd)
{
	const struct module wanted = {
		.path = (char *)"", .device = request->device, .inode = request->inode};
	const struct process_view *own = &process_own_view;
	switch (request->verb) {
	case VERB_OPEN:
		return own->open_module(NULL, request->pid, &wanted, ret_fd);
	case VERB_PERF_MAP:
		return own->open_perf_map(NULL, request->pid, ret_fd);
	}
	return own->open_memory(NULL, request->pid, ret_fd);
}

static bool serve_open(int socket, const struct request *request)
{
	struct answer answer = {0};
	struct passed opened = none;
	answer.errnum = errnum_of(open_asked(request, &opened.fds[0]));
	bool sent = send_packet(socket, &answer, sizeof(answer), &opened);
	close_passed(&opened);
	return sent;
}

static bool serve_probe(int socket, const struct request *request, const struct passed *given)
{
	struct answer answer = {0};
	struct passed opened = none;
	const struct perf_probe probe = {
		.file = given->fds[0],
		.program = given->fds[1],
		.offset = request->offset,
		.semaphore = request->semaphore,
		.cookie = request->cookie,
		.pid = request->pid,
		.as_return = request->probe_flags & PROBE_AS_RETURN,
		.has_cookie = request->probe_flags & PROBE_HAS_COOKIE,
	};
	answer.errnum = given->fds[1] < 0
				? EBADF
				: -perf_probe_open(&probe, &opened.fds[0], &opened.fds[1]);
	bool sent = send_packet(socket, &answer, sizeof(answer), &opened);
	close_passed(&opened);
	return sent;
}

static bool serve_settle(int socket, const struct request *request)
{
	struct answer answer = {0};
	answer.errnum = errnum_of(caps_drop_to(kept(request->number != 0)));
	return send_answer(socket, &answer);
}

static bool serve(int socket, const struct request *request, const struct passed *given)
{
	struct answer refused = {.errnum = EINVAL};
	if (request->verb == VERB_SETTLE)
		return serve_settle(socket, request);
	if (request->verb == VERB_PROBE && request->pid >= 0)
		return serve_probe(socket, request, given);
	if (request->pid <= 0)
		return send_answer(socket, &refused);
	switch (request->verb) {
	case VERB_CALLS:
		return serve_calls(socket, request);
	case VERB_FD_PATH:
		return serve_fd_path(socket, request);
	case VERB_MODULES:
	case VERB_MAPS:
		return serve_modules(socket, request);
	case VERB_OPEN:
	case VERB_PERF_MAP:
	case VERB_MEMORY:
		return serve_open(socket, request);
	}
	return send_answer(socket, &refused);
}

/* Ctrl-C and the end of a service reach all processes, but the collector has questions until its
 * last line. Its end is our end: by the socket, or by the signal of its death. */
static void outlive_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static _Noreturn void child(int socket, pid_t parent)
{
	struct request request;
	struct passed given;
	bool going = true;
	descriptors_keep_only(socket);
	outlive_signals();
	prctl(PR_SET_NAME, "utrail-attacher");
	struct err *e = caps_drop_to(kept(true));
	/* It may have died before we asked to be told. */
	if (e || getppid() != parent)
		_exit(1);
	while (going && receive_packet(0, &request, sizeof(request), &given)) {
		going = serve(0, &request, &given);
		close_passed(&given);
	}
	_exit(0);
}

/* --- the collector ---------------------------------------------------------------------------- */

struct err *attacher_start(struct attacher **ret)
{
	*ret = NULL;
	int pair[2];
	if (!caps_effective())
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_new(ERR_FAILED, errno, "making a socket pair");
	_cleanup_close_ int theirs = pair[1];
	_cleanup_close_ int ours = pair[0];
	struct attacher *attacher = calloc(1, sizeof(*attacher));
	if (!attacher)
		return &err_nomem;
	pid_t parent = getpid();
	attacher->pid = fork();
	if (attacher->pid == 0)
		child(theirs, parent);
	if (attacher->pid < 0) {
		free(attacher);
		return err_new(ERR_FAILED, errno, "starting the attacher");
	}
	attacher->socket = take_fd(ours);
	*ret = attacher;
	return NULL;
}

void attacher_dismiss(struct attacher *attacher)
{
	if (attacher)
		kill(attacher->pid, SIGKILL);
}

void attacher_close(struct attacher *attacher)
{
	if (!attacher)
		return;
	close(attacher->socket);
	attacher_dismiss(attacher);
	waitpid(attacher->pid, NULL, 0);
	free(attacher);
}

static struct err *attacher_gone(int errnum)
{
	return err_why(err_new(ERR_FAILED, errnum, "the attacher does not answer"),
		       "utrail's helper process has ended: was it killed?");
}

static struct err *ask_with(struct attacher *attacher, const struct request *request,
			    const struct passed *given)
{
	if (!send_packet(attacher->socket, request, sizeof(*request), given))
		return attacher_gone(errno);
	return NULL;
}

static struct err *ask(struct attacher *attacher, const struct request *request)
{
	return ask_with(attacher, request, &none);
}

static struct err *receive_with(struct attacher *attacher, struct answer *ret,
				struct passed *ret_passed)
{
	if (receive_packet(attacher->socket, ret, sizeof(*ret), ret_passed))
		return NULL;
	int errnum = errno;
	close_passed(ret_passed);
	return attacher_gone(errnum);
}

static struct err *receive(struct attacher *attacher, struct answer *ret)
{
	struct passed passed;
	struct err *e = receive_with(attacher, ret, &passed);
	if (!e)
		close_passed(&passed);
	return e;
}

struct calls {
	struct thread_call *items;
	size_t count, capacity;
};

static struct err *receive_calls(struct attacher *attacher, struct calls *ret, size_t *ret_denied)
{
	struct answer answer;
	struct err *e;
	while (!(e = receive(attacher, &answer)) && answer.more) {
		struct thread_call *call = array_push(ret);
		if (!call)
			return &err_nomem;
		*call = answer.call;
	}
	if (!e)
		*ret_denied = (size_t)answer.denied;
	return e;
}

/* All answers are taken before the sink gets the first: it may have questions of its own. */
static struct err *view_calls(void *context, pid_t pid, const struct call_sink *sink,
			      size_t *ret_denied)
{
	struct attacher *attacher = context;
	const struct request request = {.verb = VERB_CALLS, .pid = pid};
	struct calls calls = {0};
	struct err *e = ask(attacher, &request);
	e = e ? e : receive_calls(attacher, &calls, ret_denied);
	for (size_t i = 0; !e && i < calls.count; i++)
		e = sink->call(sink->context, &calls.items[i]);
	/* To the attacher our command is no descendant, which Yama may ask for (ptrace_scope 1). */
	if (!e && *ret_denied && !calls.count)
		e = process_calls(pid, sink, ret_denied);
	free(calls.items);
	return e;
}

static bool view_fd_path(void *context, pid_t pid, int fd, char *buffer, size_t size)
{
	struct attacher *attacher = context;
	const struct request request = {.verb = VERB_FD_PATH, .pid = pid, .number = fd};
	struct answer answer;
	struct err *e = ask(attacher, &request);
	e = e ? e : receive(attacher, &answer);
	if (e || answer.errnum) {
		err_free(e);
		return false;
	}
	size_t length = strnlen(answer.path, sizeof(answer.path) - 1);
	length = length < size ? length : size - 1;
	memcpy(buffer, answer.path, length);
	buffer[length] = '\0';
	return true;
}

/* A path of the target's: anything may be in it, but it ends. */
static bool module_from_wire(struct mapped *mapped, struct module *ret)
{
	mapped->path[sizeof(mapped->path) - 1] = '\0';
	*ret = (struct module){.path = strdup(mapped->path),
			       .device = mapped->device,
			       .inode = mapped->inode,
			       .deleted = mapped->deleted,
			       .start = mapped->start,
			       .end = mapped->end,
			       .offset = mapped->offset};
	return ret->path;
}

static struct err *receive_modules(struct attacher *attacher, struct module_list *list, pid_t pid)
{
	ARRAY_OF(struct module) found = {0};
	struct answer answer;
	struct err *e;
	while (!(e = receive(attacher, &answer)) && answer.more) {
		struct module *module = array_push(&found);
		list->items = found.items;
		if (!module || !module_from_wire(&answer.module, module))
			return &err_nomem;
		list->count = found.count;
	}
	if (!e && answer.errnum)
		e = err_new(ERR_FAILED, answer.errnum, "reading what pid %d has mapped", pid);
	return e;
}

static struct err *view_list(struct attacher *attacher, enum verb verb, pid_t pid,
			     struct module_list *ret)
{
	const struct request request = {.verb = verb, .pid = pid};
	struct module_list list = {0};
	struct err *e = ask(attacher, &request);
	e = e ? e : receive_modules(attacher, &list, pid);
	if (e)
		module_list_deinit(&list);
	else
		*ret = list;
	return e;
}

static struct err *view_modules(void *context, pid_t pid, struct module_list *ret)
{
	return view_list(context, VERB_MODULES, pid, ret);
}

static struct err *view_maps(void *context, pid_t pid, struct module_list *ret)
{
	return view_list(context, VERB_MAPS, pid, ret);
}

/* *ret_errnum: why there is no file; 0: there is. */
static struct err *ask_file(struct attacher *attacher, const struct request *request,
			    int *ret_errnum, int *ret_fd)
{
	struct answer answer;
	struct passed opened;
	struct err *e = ask(attacher, request);
	e = e ? e : receive_with(attacher, &answer, &opened);
	if (e)
		return e;
	*ret_errnum = opened.fds[0] < 0 && !answer.errnum ? EIO : answer.errnum;
	if (*ret_errnum)
		close_passed(&opened);
	else
		*ret_fd = opened.fds[0];
	return NULL;
}

static struct err *view_open_module(void *context, pid_t pid, const struct module *module,
				    int *ret_fd)
{
	const struct request request = {
		.verb = VERB_OPEN, .pid = pid, .device = module->device, .inode = module->inode};
	int errnum;
	struct err *e = ask_file(context, &request, &errnum, ret_fd);
	if (!e && errnum)
		e = err_new(errnum == EACCES ? ERR_PERMISSION : ERR_FAILED, errnum,
			    "opening '%s', mapped by pid %d", module->path, pid);
	return e;
}

static struct err *view_open_perf_map(void *context, pid_t pid, int *ret_fd)
{
	const struct request request = {.verb = VERB_PERF_MAP, .pid = pid};
	int errnum;
	struct err *e = ask_file(context, &request, &errnum, ret_fd);
	return !e && errnum ? err_new(ERR_FAILED, errnum, "opening the perf map of pid %d", pid)
			    : e;
}

static struct err *view_open_memory(void *context, pid_t pid, int *ret_fd)
{
	const struct request request = {.verb = VERB_MEMORY, .pid = pid};
	int errnum;
	struct err *e = ask_file(context, &request, &errnum, ret_fd);
	return !e && errnum ? err_new(ERR_FAILED, errnum, "opening the memory of pid %d", pid) : e;
}

struct err *attacher_settle(struct attacher *attacher, bool probing)
{
	const struct request request = {.verb = VERB_SETTLE, .number = probing};
	struct answer answer;
	if (!attacher)
		return NULL;
	struct err *e = ask(attacher, &request);
	e = e ? e : receive(attacher, &answer);
	if (!e && answer.errnum)
		e = err_new(ERR_FAILED, answer.errnum, "dropping the attacher's capabilities");
	return e;
}

int attacher_perf_probe(void *opener, const struct perf_probe *probe, int *ret_event, int *ret_link)
{
	struct attacher *attacher = opener;
	const struct request request = {
		.verb = VERB_PROBE,
		.pid = probe->pid,
		.probe_flags = (probe->as_return ? PROBE_AS_RETURN : 0u) |
			       (probe->has_cookie ? PROBE_HAS_COOKIE : 0u),
		.offset = probe->offset,
		.semaphore = probe->semaphore,
		.cookie = probe->cookie,
	};
	const struct passed given = {{probe->file, probe->program}};
	struct passed opened = none;
	struct answer answer;
	struct err *e = ask_with(attacher, &request, &given);
	e = e ? e : receive_with(attacher, &answer, &opened);
	if (e)
		return -errnum_of(e);
	if (answer.errnum || opened.fds[0] < 0) {
		close_passed(&opened);
		return answer.errnum > 0 ? -answer.errnum : -EIO;
	}
	*ret_event = opened.fds[0];
	*ret_link = opened.fds[1];
	return 0;
}

struct process_view attacher_view(struct attacher *attacher)
{
	if (!attacher)
		return process_own_view;
	return (struct process_view){
		.context = attacher,
		.calls = view_calls,
		.fd_path = view_fd_path,
		.modules = view_modules,
		.maps = view_maps,
		.open_module = view_open_module,
		.open_perf_map = view_open_perf_map,
		.open_memory = view_open_memory,
	};
}
