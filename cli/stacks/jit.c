/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stacks/jit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/now.h"
#include "symbols/perf_map.h"

#define LOOK_AGAIN_NS 20000000ULL
#define CHUNK_BYTES   (256u << 10)

struct jit_code {
	struct perf_map *map;
	/* Kept open: a process that has ended has no root to find it in. -1: none so far */
	int fd;
	dev_t device;
	ino_t inode;
	off_t taken; /* bytes of it that are in the map */
	uint64_t looked_ns;
};

static struct jit_code *make(void)
{
	struct jit_code *code = calloc(1, sizeof(*code));
	if (!code)
		return NULL;
	code->fd = -1;
	code->map = perf_map_create();
	if (!code->map) {
		free(code);
		return NULL;
	}
	return code;
}

void jit_free(struct jit_code *code)
{
	if (!code)
		return;
	perf_map_destroy(code->map);
	closep(&code->fd);
	free(code);
}

/* Another file, or one that was written anew: what was known is of code that is gone. */
static bool start_again(struct jit_code *code)
{
	struct perf_map *map = perf_map_create();
	if (!map)
		return false;
	perf_map_destroy(code->map);
	code->map = map;
	code->taken = 0;
	return true;
}

static bool take_file(struct jit_code *code, int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	bool is_same = code->fd >= 0 && st.st_dev == code->device && st.st_ino == code->inode;
	if ((!is_same || st.st_size < code->taken) && !start_again(code))
		return false;
	code->device = st.st_dev;
	code->inode = st.st_ino;
	return true;
}

static void open_again(struct jit_code *code, const struct process_view *view, pid_t pid)
{
	_cleanup_close_ int fd = -1;
	struct err *e = view->open_perf_map(view->context, pid, &fd);
	if (e || !take_file(code, fd)) {
		err_free(e);
		return;
	}
	closep(&code->fd);
	code->fd = take_fd(fd);
}

/* A line that is half written is taken when it is whole. */
static void read_more(struct jit_code *code)
{
	_cleanup_free_ char *chunk = code->fd >= 0 ? malloc(CHUNK_BYTES) : NULL;
	while (chunk && code->taken < PERF_MAP_BYTES_MAX) {
		ssize_t size = pread(code->fd, chunk, CHUNK_BYTES, code->taken);
		size_t used = size > 0 ? perf_map_add(code->map, chunk, (size_t)size, false) : 0;
		/* A line that fills the whole chunk is none. */
		if (!used && size == CHUNK_BYTES)
			used = CHUNK_BYTES;
		if (!used)
			return;
		code->taken += (off_t)used;
	}
}

/* Opening it anew is for when there was none, or when it was written anew: some programs do that.
 */
static void look(struct jit_code *code, const struct process_view *view, pid_t pid)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	if (!code->looked_ns || now - code->looked_ns >= LOOK_AGAIN_NS) {
		code->looked_ns = now;
		open_again(code, view, pid);
	}
	read_more(code);
}

void jit_look(struct jit_code **code, const struct process_view *view, pid_t pid)
{
	*code = *code ? *code : make();
	if (*code)
		look(*code, view, pid);
}

const struct code_place *jit_find(struct jit_code **code, const struct process_view *view,
				  pid_t pid, uint64_t address, struct arena *places)
{
	const struct code_place *found =
		*code ? perf_map_find((*code)->map, address, places) : NULL;
	if (found)
		return found;
	jit_look(code, view, pid);
	return *code ? perf_map_find((*code)->map, address, places) : NULL;
}
