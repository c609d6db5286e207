/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/running.c — system calls that are still running when a trace ends.
 *
 * Their record is written when they return, so there is none; but the kernel tells which call a
 * thread is in, and its words (/proc/PID/task/TID/syscall, proc(5)). What a plan reads from memory
 * cannot be had that way, and says so. A descriptor that a call waits on is still open.
 */
#include "kernel/syscalls.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "kernel/registers.h"
#include "probe/file.h"
#include "target/target.h"

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* What an operation on words alone yields; false: it needs memory. */
static bool word_of(const struct fetch_op *op, const uint64_t *words, uint64_t *ret)
{
	if (op->code != FETCH_REG)
		return false;
	for (size_t i = 0; i < array_size(argument_registers); i++) {
		if (argument_registers[i] != op->reg)
			continue;
		unsigned int unused = op->size < 8 ? 64 - op->size * 8U : 0;
		uint64_t up = words[i] >> op->shift << unused;
		*ret = op->flags & FETCH_SIGNED ? (uint64_t)((int64_t)up >> unused) : up >> unused;
		return true;
	}
	return false;
}

/* What the descriptors among the arguments stand for. */
struct running_files {
	char bytes[SYSCALL_ARGUMENTS_MAX][sizeof(struct fetch_file) + FETCH_FILE_MAX];
	size_t count;
};

static struct slot file_slot(struct running_files *files, pid_t tgid, int fd)
{
	char path[FETCH_FILE_MAX];
	struct slot slot = {.available = true, .is_blob = true};
	if (files->count >= SYSCALL_ARGUMENTS_MAX || !process_fd_path(tgid, fd, path, sizeof(path)))
		return slot;
	slot.bytes = files->bytes[files->count++];
	slot.length = (uint32_t)file_from_text(path, (char *)slot.bytes);
	return slot;
}

static void slots_from_words(const struct fetch_plan *plan, const uint64_t *words, pid_t tgid,
			     struct running_files *files, struct slots *ret)
{
	uint64_t value = 0;
	bool known = false;
	slots_init(ret, "still running");
	for (uint32_t i = 0; plan && i < plan->n_ops && ret->count < FETCH_SLOTS_MAX; i++) {
		const struct fetch_op *op = &plan->ops[i];
		if (op->code < FETCH_INT) {
			known = word_of(op, words, &value);
			continue;
		}
		if (op->code == FETCH_FILE && known) {
			ret->items[ret->count++] = file_slot(files, tgid, (int)value);
			continue;
		}
		bool is_int = op->code == FETCH_INT && !(op->flags & FETCH_LIST);
		ret->items[ret->count++] = (struct slot){
			.available = is_int && known, .is_blob = !is_int, .number = value};
	}
}

static struct err *tell_thread(const struct probe_set *set, pid_t tgid, pid_t tid,
			       const struct running_sink *sink)
{
	char path[64];
	uint64_t words[SYSCALL_ARGUMENTS_MAX];
	int64_t number;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", tgid, tid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	if (!file || fscanf(file,
			    "%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
			    " %" SCNx64,
			    &number, &words[0], &words[1], &words[2], &words[3], &words[4],
			    &words[5]) != 1 + SYSCALL_ARGUMENTS_MAX)
		return NULL; /* it runs in user space, or has ended */
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		/* What counts only inside of a function: that is not known here. */
		if (site->wire.kind != SITE_SYSCALL || site->wire.flags & SITE_INSIDE ||
		    site->syscall_number != number)
			continue;
		struct slots slots;
		struct running_files files = {.count = 0};
		slots_from_words(site->entry_plan, words, tgid, &files, &slots);
		return sink->running(sink->context, (uint32_t)tgid, (uint32_t)tid, site, &slots);
	}
	return NULL;
}

struct err *syscalls_running(const struct probe_set *set, pid_t tgid,
			     const struct running_sink *sink)
{
	char path[64];
	struct err *e = NULL;
	snprintf(path, sizeof(path), "/proc/%d/task", tgid);
	_cleanup_(closedirp) DIR *directory = opendir(path);
	const struct dirent *entry;
	while (!e && directory && (entry = readdir(directory))) {
		int tid = atoi(entry->d_name);
		if (tid > 0)
			e = tell_thread(set, tgid, tid, sink);
	}
	return e;
}
