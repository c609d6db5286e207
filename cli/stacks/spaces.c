/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stacks/spaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stacks/code_files.h"
#include "cli/stacks/jit.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "common/now.h"

/* Of one process; a hostile one makes as many as it likes. */
#define MAPPINGS_MAX 65536
/* Changes that wait for the events of their time. Who asks for nothing for long gives way. */
#define CHANGES_MAX 65536
/* How often a process is looked at again for addresses that nobody has told of. */
#define LOOK_AGAIN_NS 100000000ULL

struct code_mapping {
	uint64_t start, end, offset;
	struct code_file *file;
	/* Something else came where the file was: it was unmapped, which nobody tells. */
	bool is_gone;
};

struct space {
	pid_t pid;
	ARRAY_OF(struct code_mapping) mappings; /* sorted, without overlaps */
	uint64_t looked_ns;			/* 0: never */
	uint64_t replaced_ns; /* when something took the place of what was mapped; 0: never */
	uint64_t doubt_ns;    /* mappings of data were lost until then; 0: all are known */
	struct jit_code *jit; /* NULL: not asked for */
	UT_hash_handle hh;
};

enum change_kind {
	CHANGE_MAP,
	CHANGE_DATA,
	CHANGE_FORK,
	CHANGE_EXEC,
	CHANGE_END,
};

struct change {
	enum change_kind kind;
	pid_t pid, parent;
	uint64_t time_ns;
	struct code_mapping mapping;
	struct code_file_id data; /* CHANGE_DATA: whose; of the mapping, only where it is */
};

struct spaces {
	struct spaces_parts parts;
	struct mapping_watch *watch; /* NULL: not allowed to */
	struct code_files files;
	struct space *by_pid;
	ARRAY_OF(struct change) changes; /* by time; those before `applied` are done */
	size_t applied;
	bool filtered;	     /* only some processes are traced */
	bool has_data;	     /* all that is mapped is told */
	uint64_t doubt_ns;   /* some of that was lost until then */
	struct arena places; /* names of code that has no file, of those that were asked for */
};

/* --- one process ------------------------------------------------------------------------------ */

static struct space *find_space(struct spaces *spaces, pid_t pid)
{
	struct space *space;
	HASH_FIND(hh, spaces->by_pid, &pid, sizeof(pid), space);
	return space;
}

static struct space *get_space(struct spaces *spaces, pid_t pid)
{
	struct space *space = find_space(spaces, pid);
	if (space)
		return space;
	space = calloc(1, sizeof(*space));
	if (!space)
		return NULL;
	space->pid = pid;
	HASH_ADD(hh, spaces->by_pid, pid, sizeof(space->pid), space);
	return space;
}

static void drop_space(struct spaces *spaces, struct space *space)
{
	if (!space)
		return;
	HASH_DEL(spaces->by_pid, space);
	free(space->mappings.items);
	jit_free(space->jit);
	free(space);
}

/* How many mappings end at the address or below. */
static size_t count_below(const struct space *space, uint64_t address)
{
	return array_count_first(space->mappings.count, i, space->mappings.items[i].end <= address);
}

static bool insert(struct space *space, size_t at, const struct code_mapping *mapping)
{
	if (space->mappings.count >= MAPPINGS_MAX || !array_push(&space->mappings))
		return false;
	struct code_mapping *items = space->mappings.items;
	memmove(items + at + 1, items + at, (space->mappings.count - 1 - at) * sizeof(*items));
	items[at] = *mapping;
	return true;
}

static void remove_at(struct space *space, size_t at)
{
	struct code_mapping *items = space->mappings.items;
	space->mappings.count--;
	memmove(items + at, items + at + 1, (space->mappings.count - at) * sizeof(*items));
}

/* A new mapping takes the place of what was there. */
static bool add_mapping(struct space *space, const struct code_mapping *mapping, uint64_t time_ns)
{
	size_t at = count_below(space, mapping->start);
	while (at < space->mappings.count && space->mappings.items[at].start < mapping->end) {
		space->replaced_ns = time_ns;
		struct code_mapping *old = &space->mappings.items[at];
		struct code_mapping rest = *old;
		if (old->start < mapping->start && old->end > mapping->end) {
			rest.offset += mapping->end - rest.start;
			rest.start = mapping->end;
			old->end = mapping->start;
			if (!insert(space, at + 1, &rest))
				return false;
			at++;
			break;
		}
		if (old->start < mapping->start) {
			old->end = mapping->start;
			at++;
		} else if (old->end > mapping->end) {
			old->offset += mapping->end - old->start;
			old->start = mapping->end;
			break;
		} else {
			remove_at(space, at);
		}
	}
	return insert(space, at, mapping);
}

static bool copy_mappings(const struct space *from, struct space *to)
{
	to->mappings.count = 0;
	for (size_t i = 0; i < from->mappings.count; i++)
		if (!insert(to, i, &from->mappings.items[i]))
			return false;
	return true;
}

/* --- what the kernel tells -------------------------------------------------------------------- */

static void open_file(struct spaces *spaces, const struct code_mapping *mapping, pid_t pid)
{
	if (!mapping->file->tried)
		err_free(code_file_open(&spaces->files, mapping->file, pid));
}

/* How far above its own addresses the file lies in memory. */
static bool find_shift(struct spaces *spaces, const struct code_mapping *code, pid_t pid,
		       uint64_t *ret)
{
	uint64_t start;
	open_file(spaces, code, pid);
	if (!code->file->image || !image_code_page_of(code->file->image, code->offset, &start))
		return false;
	*ret = code->start - start;
	return true;
}

/* Its own parts, and the pages of zeros behind them, are a file's as long as it is there. */
static bool is_own(const struct code_mapping *code, uint64_t shift, const struct change *data)
{
	if (data->data.inode)
		return data->data.inode == code->file->id.inode &&
		       data->data.device == code->file->id.device;
	return image_zeros_begin_at(code->file->image, shift, data->mapping.start);
}

/* Was a file there of which only its code is known? It is not any more. */
static void note_data(struct spaces *spaces, struct space *space, const struct change *data)
{
	uint64_t shift, start = data->mapping.start, end = data->mapping.end;
	size_t at = count_below(space, start);
	for (size_t i = at ? at - 1 : 0; i < space->mappings.count; i++) {
		struct code_mapping *code = &space->mappings.items[i];
		if (!code->is_gone && find_shift(spaces, code, space->pid, &shift) &&
		    image_lies_in(code->file->image, shift, start, end) &&
		    !is_own(code, shift, data)) {
			code->is_gone = true;
			space->replaced_ns = data->time_ns;
		}
		/* The first one above it may have constants in front of its code. */
		if (code->start >= end)
			break;
	}
}

/* The process's, which may be new. */
static struct space *changed_space(struct spaces *spaces, const struct change *change)
{
	struct space *space = get_space(spaces, change->pid);
	if (space && change->time_ns <= spaces->doubt_ns)
		space->doubt_ns = spaces->doubt_ns;
	return space;
}

static bool apply(struct spaces *spaces, const struct change *change)
{
	struct space *space = find_space(spaces, change->pid);
	const struct space *parent;
	switch (change->kind) {
	case CHANGE_MAP:
		space = changed_space(spaces, change);
		return space && add_mapping(space, &change->mapping, change->time_ns);
	case CHANGE_DATA:
		if (space)
			note_data(spaces, space, change);
		return true;
	case CHANGE_FORK:
		parent = find_space(spaces, change->parent);
		space = parent ? changed_space(spaces, change) : NULL;
		if (space && parent->doubt_ns > space->doubt_ns)
			space->doubt_ns = parent->doubt_ns;
		return !parent || (space && copy_mappings(parent, space));
	case CHANGE_EXEC:
		space = changed_space(spaces, change);
		if (space) {
			space->mappings.count = 0;
			space->replaced_ns = change->time_ns;
			jit_free(space->jit);
			space->jit = NULL;
		}
		return space;
	case CHANGE_END:
		drop_space(spaces, space);
		return true;
	}
	return true;
}

static void apply_until(struct spaces *spaces, uint64_t time_ns)
{
	while (spaces->applied < spaces->changes.count &&
	       spaces->changes.items[spaces->applied].time_ns <= time_ns)
		/* Beyond the limit, or out of memory, it is not known. */
		apply(spaces, &spaces->changes.items[spaces->applied++]);
	if (spaces->applied == spaces->changes.count)
		spaces->applied = spaces->changes.count = 0;
}

/* Each CPU has its own list, so what comes is nearly sorted. */
static struct err *add_change(struct spaces *spaces, const struct change *change)
{
	if (spaces->changes.count - spaces->applied >= CHANGES_MAX)
		apply(spaces, &spaces->changes.items[spaces->applied++]);
	if (spaces->applied > spaces->changes.count / 2 && spaces->applied > 1024) {
		spaces->changes.count -= spaces->applied;
		memmove(spaces->changes.items, spaces->changes.items + spaces->applied,
			spaces->changes.count * sizeof(*change));
		spaces->applied = 0;
	}
	if (!array_push(&spaces->changes))
		return &err_nomem;
	size_t at = spaces->changes.count - 1;
	struct change *items = spaces->changes.items;
	for (; at > spaces->applied && items[at - 1].time_ns > change->time_ns; at--)
		items[at] = items[at - 1];
	items[at] = *change;
	return NULL;
}

static bool is_traced(const struct spaces *spaces, pid_t pid, uint64_t time_ns)
{
	return !spaces->filtered || kernel_traced_process(spaces->parts.kernel, pid, time_ns);
}

static struct err *to_mapping(struct spaces *spaces, pid_t pid, const struct module *module,
			      bool open_now, struct code_mapping *ret)
{
	struct code_file *file;
	struct err *e = code_files_get(&spaces->files, module, &file);
	if (e)
		return e;
	if (open_now)
		e = code_file_open(&spaces->files, file, pid);
	*ret = (struct code_mapping){.start = module->start,
				     .end = module->end,
				     .offset = file->is_vdso ? 0 : module->offset,
				     .file = file};
	return e;
}

static struct err *on_mapped(void *context, const struct mapping *mapping)
{
	struct spaces *spaces = context;
	struct change change = {
		.kind = CHANGE_MAP, .pid = mapping->pid, .time_ns = mapping->time_ns};
	if (mapping->module.end <= mapping->module.start ||
	    !is_traced(spaces, mapping->pid, mapping->time_ns))
		return NULL;
	struct err *e = NULL;
	if (mapping->is_data) {
		change.kind = CHANGE_DATA;
		change.mapping.start = mapping->module.start;
		change.mapping.end = mapping->module.end;
		change.data = (struct code_file_id){mapping->module.device, mapping->module.inode};
	} else {
		e = to_mapping(spaces, mapping->pid, &mapping->module, spaces->filtered,
			       &change.mapping);
	}
	return e ? e : add_change(spaces, &change);
}

static struct err *on_changed(void *context, const struct life_change *life)
{
	static const enum change_kind kinds[] = {
		[LIFE_FORK] = CHANGE_FORK, [LIFE_EXEC] = CHANGE_EXEC, [LIFE_END] = CHANGE_END};
	struct spaces *spaces = context;
	const struct change change = {.kind = kinds[life->kind],
				      .pid = life->pid,
				      .parent = life->parent,
				      .time_ns = life->time_ns};
	/* A child becomes a target a moment after this was written; whose end it is does not
	 * matter. */
	pid_t whose = life->kind == LIFE_FORK ? life->parent : life->pid;
	if (life->kind != LIFE_END && !is_traced(spaces, whose, life->time_ns))
		return NULL;
	return add_change(spaces, &change);
}

struct err *spaces_take(struct spaces *spaces)
{
	const struct mapping_sink sink = {
		.context = spaces, .mapped = on_mapped, .changed = on_changed};
	uint64_t lost;
	if (!spaces || !spaces->watch)
		return NULL;
	struct err *e = mapping_watch_read(spaces->watch, &sink, &lost);
	/* What is not known by now is looked for when a stack leads there. */
	for (struct space *space = spaces->by_pid; lost && space; space = space->hh.next)
		space->looked_ns = 0;
	bool lost_data = mapping_watch_lost_data(spaces->watch);
	spaces->doubt_ns = lost_data ? now_ns(CLOCK_BOOTTIME) : spaces->doubt_ns;
	for (struct space *space = spaces->by_pid; lost_data && space; space = space->hh.next)
		space->doubt_ns = spaces->doubt_ns;
	return e;
}

/* --- looking ---------------------------------------------------------------------------------- */

static struct err *look(struct spaces *spaces, pid_t pid)
{
	bool open_now = spaces->filtered && !spaces->parts.waits;
	const struct process_view *view = spaces->parts.view;
	struct module_list list = {0};
	struct space *space = get_space(spaces, pid);
	if (!space)
		return &err_nomem;
	space->looked_ns = now_ns(CLOCK_BOOTTIME);
	struct err *e = view->maps(view->context, pid, &list);
	if (e) {
		/* It has ended, or may not be looked at. */
		err_free(e);
		return NULL;
	}
	space->mappings.count = 0;
	bool makes_code = false;
	for (size_t i = 0; !e && i < list.count; i++) {
		struct code_mapping mapping;
		e = to_mapping(spaces, pid, &list.items[i], open_now, &mapping);
		makes_code |= !e && mapping.file->is_unnamed && !mapping.file->is_special;
		if (!e && mapping.start < mapping.end &&
		    !add_mapping(space, &mapping, space->looked_ns))
			break;
	}
	module_list_deinit(&list);
	if (makes_code)
		jit_look(&space->jit, view, pid);
	return e;
}

struct err *spaces_look(struct spaces *spaces)
{
	struct err *e = NULL;
	/* Before its exec a command is a copy of ourselves. */
	if (!spaces || spaces->parts.plan->launch)
		return NULL;
	/* What was lost by now does not matter any more. */
	e = spaces_take(spaces);
	for (pid_t pid = kernel_next_target(spaces->parts.kernel, 0); !e && pid;
	     pid = kernel_next_target(spaces->parts.kernel, pid))
		e = look(spaces, pid);
	return e;
}

static const struct code_mapping *find_mapping(struct spaces *spaces, pid_t pid, uint64_t address)
{
	const struct space *space = find_space(spaces, pid);
	if (!space)
		return NULL;
	size_t at = count_below(space, address);
	if (at == space->mappings.count || space->mappings.items[at].start > address)
		return NULL;
	return &space->mappings.items[at];
}

static bool may_look_again(struct spaces *spaces, pid_t pid)
{
	const struct space *space = find_space(spaces, pid);
	return !space || now_ns(CLOCK_BOOTTIME) - space->looked_ns > LOOK_AGAIN_NS;
}

bool spaces_find(struct spaces *spaces, pid_t pid, uint64_t time_ns, uint64_t address,
		 struct stack_code *ret)
{
	apply_until(spaces, time_ns);
	const struct code_mapping *mapping = find_mapping(spaces, pid, address);
	if (!mapping && may_look_again(spaces, pid)) {
		err_free(look(spaces, pid));
		mapping = find_mapping(spaces, pid, address);
	}
	if (!mapping)
		return false;
	open_file(spaces, mapping, pid);
	*ret = (struct stack_code){
		.module = mapping->file->path,
		.offset = address - mapping->start + mapping->offset,
		.has_offset = !mapping->file->is_unnamed,
	};
	if (mapping->file->image &&
	    image_address_of(mapping->file->image, ret->offset, &ret->address))
		ret->image = mapping->file->image;
	if (!ret->image && !mapping->file->is_special)
		ret->place = jit_find(&find_space(spaces, pid)->jit, spaces->parts.view, pid,
				      address, &spaces->places);
	return true;
}

/* Where in its file an address lies that is as far from this code as the file says. */
static bool place_beside(struct spaces *spaces, const struct code_mapping *code, pid_t pid,
			 uint64_t address, struct image **ret, uint64_t *ret_address)
{
	uint64_t shift;
	if (code->is_gone || !find_shift(spaces, code, pid, &shift))
		return false;
	*ret = code->file->image;
	*ret_address = address - shift;
	return true;
}

/* Linkers put data behind the code, constants on either side of it. */
static bool find_data(struct spaces *spaces, const struct space *space, uint64_t address,
		      struct image **ret, uint64_t *ret_address)
{
	struct object object;
	size_t at = count_below(space, address);
	for (size_t i = at ? at - 1 : 0; i < space->mappings.count && i <= at; i++)
		if (place_beside(spaces, &space->mappings.items[i], space->pid, address, ret,
				 ret_address) &&
		    image_object_at(*ret, *ret_address, &object))
			return true;
	return false;
}

static bool has_mapping(const struct module_list *list, const struct code_mapping *code)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct module *module = &list->items[i];
		if (module->start <= code->start && module->end >= code->end &&
		    module->inode == code->file->id.inode &&
		    module->device == code->file->id.device)
			return true;
	}
	return false;
}

/* What becomes executable is told by another buffer. So what has its code there now had it all the
 * time, as it cannot be mapped again unseen. */
static bool is_sure(struct spaces *spaces, struct space *space)
{
	const struct process_view *view = spaces->parts.view;
	struct module_list list = {0};
	if (!space->doubt_ns)
		return true;
	struct err *e = view->maps(view->context, space->pid, &list);
	if (e) {
		err_free(e);
		return false;
	}
	for (size_t i = 0; i < space->mappings.count; i++) {
		struct code_mapping *code = &space->mappings.items[i];
		if (!code->is_gone && !has_mapping(&list, code)) {
			code->is_gone = true;
			space->replaced_ns = now_ns(CLOCK_BOOTTIME);
		}
	}
	module_list_deinit(&list);
	/* What came in that time, and is not applied yet, is to be asked about, too. */
	if (spaces->applied == spaces->changes.count ||
	    spaces->changes.items[spaces->applied].time_ns > space->doubt_ns)
		space->doubt_ns = 0;
	return true;
}

bool spaces_find_pointee(struct spaces *spaces, pid_t pid, uint64_t time_ns, uint64_t address,
			 enum shown_leads leads, struct image **ret, uint64_t *ret_address)
{
	apply_until(spaces, time_ns);
	struct space *space = find_space(spaces, pid);
	if (!spaces->watch || !space || (leads == LEADS_ANYWHERE && !spaces->has_data))
		return false;
	if ((leads == LEADS_ANYWHERE && !is_sure(spaces, space)) || space->replaced_ns > time_ns)
		return false;
	/* Where it is not told what becomes of data, the type must say what is there. */
	const struct code_mapping *code = find_mapping(spaces, pid, address);
	enum shown_leads not_there = code ? LEADS_TO_TABLE : LEADS_TO_CODE;
	if (leads == not_there && !spaces->has_data)
		return false;
	return code ? place_beside(spaces, code, pid, address, ret, ret_address)
		    : find_data(spaces, space, address, ret, ret_address);
}

/* ---------------------------------------------------------------------------------------------- */

struct err *spaces_open(const struct spaces_parts *parts, struct spaces **ret,
			struct err **ret_unwatched)
{
	struct spaces *spaces = calloc(1, sizeof(*spaces));
	if (!spaces)
		return &err_nomem;
	spaces->parts = *parts;
	spaces->filtered = !plan_is_for_all(parts->plan);
	spaces->files = (struct code_files){.plan = parts->plan, .view = parts->view};
	spaces->has_data = parts->data && spaces->filtered;
	*ret_unwatched = spaces->has_data ? data_watch_open(&spaces->watch)
					  : life_watch_open(&spaces->watch);
	*ret = spaces;
	return NULL;
}

void spaces_close(struct spaces *spaces)
{
	struct space *space, *next;
	if (!spaces)
		return;
	mapping_watch_close(spaces->watch);
	HASH_ITER (hh, spaces->by_pid, space, next)
		drop_space(spaces, space);
	code_files_deinit(&spaces->files);
	free(spaces->changes.items);
	arena_deinit(&spaces->places);
	free(spaces);
}

int spaces_fd(const struct spaces *spaces)
{
	return spaces && spaces->watch ? mapping_watch_fd(spaces->watch) : -1;
}
