/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/debuginfo/server.h"
#include "common/descriptors.h"

/* As debuginfod.h has them; the header is in a package of its own, the library may not be there. */
struct debuginfod_client;
typedef struct debuginfod_client *(*begin_function)(void);
typedef int (*find_function)(struct debuginfod_client *, const unsigned char *, int, char **);
typedef int (*progress_function)(struct debuginfod_client *, long, long);
typedef void (*set_progress_function)(struct debuginfod_client *, progress_function);

struct library {
	begin_function begin;
	find_function find;
	set_progress_function set_progress;
};

/* The only descriptor that the child keeps, as the library has no context for its callbacks. */
#define SOCKET 0

static void send_message(const struct server_message *message, int fd)
{
	const struct iovec part = {(void *)message, sizeof(*message)};
	descriptors_send(SOCKET, &part, 1, &fd, fd >= 0);
}

static _Noreturn void finish(int error, const char *text, int fd)
{
	struct server_message message = {.is_last = true, .error = error};
	snprintf(message.text, sizeof(message.text), "%s", text);
	send_message(&message, fd);
	_exit(0);
}

/* Takes 0 for "go on". */
static int tell_progress(struct debuginfod_client *client, long done, long total)
{
	const struct server_message message = {.done = done, .total = total};
	(void)client;
	send_message(&message, -1);
	return 0;
}

static void *symbol(void *handle, const char *name)
{
	void *found = dlsym(handle, name);
	if (!found)
		finish(ENOSYS, "this libdebuginfod is too old", -1);
	return found;
}

static void load(struct library *library)
{
	void *handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		finish(ELIBACC,
		       "libdebuginfod.so.1 is not installed (Debian: libdebuginfod1 or "
		       "libdebuginfod1t64)",
		       -1);
	library->begin = symbol(handle, "debuginfod_begin");
	library->find = symbol(handle, "debuginfod_find_debuginfo");
	library->set_progress = symbol(handle, "debuginfod_set_progressfn");
}

_Noreturn void debug_server_child(int socket, const uint8_t *id, size_t size)
{
	struct library library;
	descriptors_keep_only(socket);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	load(&library);
	struct debuginfod_client *client = library.begin();
	if (!client)
		finish(ENOMEM, "", -1);
	library.set_progress(client, tell_progress);
	int fd = library.find(client, id, (int)size, NULL);
	finish(fd < 0 ? -fd : 0, "", fd);
}
