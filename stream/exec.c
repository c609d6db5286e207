/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/exec.h"

#include <stdlib.h>
#include <string.h>

struct exec_texts {
	uint32_t filename_length;
	uint32_t list_length; /* 0: the arguments are not those of the call */
	char *list;	      /* as a list slot has them; behind it the file name */
	char bytes[];
};

void exec_forget(struct task *task)
{
	free(task->exec);
	task->exec = NULL;
}

/* One blob of a list; returns the bytes it takes. `to` NULL: only that. */
static size_t put_blob(char *to, const char *text, size_t length, uint32_t flags)
{
	struct fetch_blob blob = {.length = (uint32_t)length, .flags = flags};
	size_t padded = (length + 7) & ~(size_t)7;
	if (to) {
		memcpy(to, &blob, sizeof(blob));
		memset(to + sizeof(blob), 0, padded);
		if (length)
			memcpy(to + sizeof(blob), text, length);
	}
	return sizeof(blob) + padded;
}

/* NUL-terminated arguments as a list; returns its bytes. */
static size_t put_list(char *to, const char *argv, size_t size)
{
	size_t used = 0, at = 0;
	while (at < size) {
		size_t length = strnlen(argv + at, size - at);
		used += put_blob(to ? to + used : NULL, argv + at, length, 0);
		at += length + 1;
	}
	return used + put_blob(to ? to + used : NULL, NULL, 0, FETCH_BLOB_END);
}

struct err *exec_keep(struct task *task, const struct event_exec *exec, const char *text)
{
	const uint32_t unlike =
		EVENT_EXEC_ARGV_TRUNCATED | EVENT_EXEC_ARGV_UNREADABLE | EVENT_EXEC_INTERPRETED;
	const char *argv = text + exec->filename_size;
	size_t list = exec->flags & unlike ? 0 : put_list(NULL, argv, exec->argv_size);
	exec_forget(task);
	task->exec = calloc(1, sizeof(*task->exec) + list + exec->filename_size + 1);
	if (!task->exec)
		return &err_nomem;
	task->exec->list = task->exec->bytes;
	task->exec->list_length = (uint32_t)list;
	if (list)
		put_list(task->exec->list, argv, exec->argv_size);
	memcpy(task->exec->bytes + list, text, exec->filename_size);
	task->exec->filename_length = (uint32_t)strlen(task->exec->bytes + list);
	return NULL;
}

static struct slot *slot_named(const struct probe_site *site, const char *name, struct slots *slots)
{
	for (size_t i = 0; i < site->arguments.count; i++) {
		const struct value *value = &site->arguments.items[i];
		if (strcmp(value->name, name) == 0 && !value->at_return && value->slot >= 0 &&
		    (uint32_t)value->slot < slots->count)
			return &slots->items[value->slot];
	}
	return NULL;
}

static bool is_whole_list(const struct slot *slot)
{
	uint32_t position = 0;
	struct list_element element;
	if (!slot->available)
		return false;
	while (slot_list_next(slot->bytes, slot->length, &position, &element))
		if (element.blob_flags & FETCH_BLOB_UNREADABLE)
			return false;
	return true;
}

void exec_complete(const struct task *task, const struct probe_site *site, uint32_t string_limit,
		   struct slots *arguments)
{
	const struct exec_texts *exec = task->exec;
	/* execveat's path may be relative to a descriptor, and is another one for the kernel. */
	if (!exec || strcmp(site->probe->name, "execve") != 0)
		return;
	struct slot *filename = slot_named(site, "filename", arguments);
	struct slot *argv = slot_named(site, "argv", arguments);
	uint32_t length = exec->filename_length;
	if (filename && !filename->available)
		*filename = (struct slot){
			.available = true,
			.is_blob = true,
			.bytes = exec->bytes + exec->list_length,
			.length = length < string_limit ? length : string_limit,
			.blob_flags = length > string_limit ? FETCH_BLOB_TRUNCATED : 0,
		};
	if (argv && exec->list_length && !is_whole_list(argv))
		*argv = (struct slot){
			.available = true,
			.is_blob = true,
			.is_list = true,
			.bytes = exec->list,
			.length = exec->list_length,
			.blob_flags = FETCH_BLOB_END,
		};
}
