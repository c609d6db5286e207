/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/running.c — system calls that are still running when a trace ends.
 *
 * Their record is written when they return, so there is none; but the kernel tells which call a
 * thread is in, and its words (target/calls.c). What a plan reads from memory cannot be had that
 * way, and says so. A descriptor that a call waits on is still open.
 */
#include "kernel/syscalls.h"

#include "common/array.h"
#include "kernel/registers.h"
#include "probe/file.h"
#include "target/target.h"

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

static bool word_of_call(void *words, const struct fetch_op *op, uint64_t *ret)
{
	return word_of(op, words, ret);
}

struct teller {
	const struct probe_set *set;
	const struct process_view *view;
	const struct running_sink *sink;
	pid_t tgid;
};

/* What the descriptors among the arguments stand for. */
struct running_files {
	char bytes[SYSCALL_ARGUMENTS_MAX][sizeof(struct fetch_file) + FETCH_FILE_MAX];
	size_t count;
};

static struct slot file_slot(const struct teller *teller, struct running_files *files, int fd)
{
	char path[FETCH_FILE_MAX];
	struct slot slot = {.available = true, .is_blob = true};
	const struct process_view *view = teller->view;
	if (files->count >= SYSCALL_ARGUMENTS_MAX ||
	    !view->fd_path(view->context, teller->tgid, fd, path, sizeof(path)))
		return slot;
	slot.bytes = files->bytes[files->count++];
	slot.length = (uint32_t)file_from_text(path, (char *)slot.bytes);
	return slot;
}

static void slots_from_words(const struct fetch_plan *plan, const uint64_t *words,
			     const struct teller *teller, struct running_files *files,
			     struct slots *ret)
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
		if (op->code == FETCH_FILE && known && !(op->flags & FETCH_LIST)) {
			ret->items[ret->count++] = file_slot(teller, files, (int)value);
			continue;
		}
		bool is_int = op->code == FETCH_INT && !(op->flags & FETCH_LIST);
		ret->items[ret->count++] = (struct slot){
			.available = is_int && known, .is_blob = !is_int, .number = value};
	}
}

static struct err *tell_call(void *context, const struct thread_call *call)
{
	const struct teller *teller = context;
	for (size_t i = 1; i < teller->set->sites.count; i++) {
		const struct probe_site *site = teller->set->sites.items[i];
		/* What counts only inside of a function: that is not known here. */
		if (site->wire.kind != SITE_SYSCALL || site->wire.flags & SITE_INSIDE ||
		    site->syscall_number != call->number)
			continue;
		/* It was counted as filtered when it began. Texts it may have asked for are not
		 * read again here: then the call is told. */
		if (site->filter &&
		    !filter_passes_words(&site->filter->plan, word_of_call, (void *)call->words))
			return NULL;
		struct slots slots;
		struct running_files files = {.count = 0};
		slots_from_words(site->entry_plan, call->words, teller, &files, &slots);
		return teller->sink->running(teller->sink->context, (uint32_t)teller->tgid, call,
					     site, &slots);
	}
	return NULL;
}

struct err *syscalls_running(const struct probe_set *set, pid_t tgid,
			     const struct process_view *view, const struct running_sink *sink,
			     size_t *ret_denied)
{
	struct teller teller = {.set = set, .view = view, .sink = sink, .tgid = tgid};
	const struct call_sink calls = {.context = &teller, .call = tell_call};
	return view->calls(view->context, tgid, &calls, ret_denied);
}
