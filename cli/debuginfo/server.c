/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/debuginfo/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptors.h"
#include "common/now.h"
#include "output/escape.h"

#define MEGABYTE (1 << 20)
#define SECOND	 1000000000ULL

struct err *debug_server_check(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	if (urls && *urls)
		return NULL;
	struct err *e = err_new(ERR_USAGE, 0, "--debuginfod: which server?");
	e = err_why(e, "the environment variable DEBUGINFOD_URLS is not set");
	return err_hint(
		e, "sudo DEBUGINFOD_URLS=https://debuginfod.debian.net utrail --debuginfod ...");
}

/* --- progress --------------------------------------------------------------------------------- */

struct progress {
	const char *path;
	bool is_told;
	uint64_t next_ns; /* told once a second, as it may be a log that reads it */
};

static void tell_progress(struct progress *progress, const struct server_message *message)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	if (!progress->is_told || now < progress->next_ns || message->done < MEGABYTE)
		return;
	progress->next_ns = now + SECOND;
	fputs("utrail: ", stderr);
	escape_print(stderr, progress->path, "");
	fprintf(stderr, ": debuginfod: %" PRId64, message->done / MEGABYTE);
	if (message->total > 0)
		fprintf(stderr, " of %" PRId64, message->total / MEGABYTE);
	fputs(" MiB\n", stderr);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* False: the child is gone. */
static bool receive(int socket, struct server_message *ret, int *ret_fd)
{
	int fd;
	ssize_t n = descriptors_receive(socket, ret, sizeof(*ret), &fd, 1);
	if (fd >= 0) {
		closep(ret_fd);
		*ret_fd = fd;
	}
	if (n != sizeof(*ret))
		return false;
	ret->text[sizeof(ret->text) - 1] = '\0';
	return true;
}

/* ENOENT is an answer: the servers do not have it. */
static struct err *judge(const struct server_message *message)
{
	if (!message->error || message->error == ENOENT)
		return NULL;
	struct err *e = err_new(ERR_FAILED, message->error, "debuginfod");
	return *message->text ? err_why(e, "%s", message->text) : e;
}

static struct err *await(int socket, struct progress *progress, int *ret_fd)
{
	struct server_message message;
	_cleanup_close_ int fd = -1;
	do {
		if (!receive(socket, &message, &fd))
			return err_why(err_new(ERR_FAILED, 0, "debuginfod"),
				       "libdebuginfod has crashed");
		if (!message.is_last)
			tell_progress(progress, &message);
	} while (!message.is_last);
	struct err *e = judge(&message);
	if (!e)
		*ret_fd = take_fd(fd);
	return e;
}

static struct err *fetch(void *context, const char *path, const uint8_t *id, size_t size,
			 int *ret_fd)
{
	struct debug_server *server = context;
	struct progress progress = {.path = path,
				    .is_told = server->tells_progress,
				    .next_ns = now_ns(CLOCK_MONOTONIC) + SECOND};
	int ends[2];
	*ret_fd = -1;
	if (!server->is_asked)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_new(ERR_FAILED, errno, "debuginfod");
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		debug_server_child(ends[1], id, size);
	}
	close(ends[1]);
	_cleanup_close_ int socket = ends[0];
	if (pid < 0)
		return err_new(ERR_FAILED, errno, "debuginfod");
	struct err *e = await(socket, &progress, ret_fd);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* A server that is not there is not waited for again, for each of fifty libraries. */
	server->is_asked = !e;
	return e;
}

void debug_server_init(struct debug_server *server, bool tells_progress)
{
	*server = (struct debug_server){.source = {.context = server, .fetch = fetch},
					.is_asked = true,
					.tells_progress = tells_progress};
}
