/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell/events.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cli/shell/track.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "output/command.h"
#include "probe/file.h"

/* zsh's zleentry() is asked for many things: Src/zsh.h, ZLE_CMD_READ and ZLCON_*. */
#define ZSH_READ 1
enum zsh_context { ZSH_LINE_START, ZSH_LINE_CONT };
/* Src/zsh.h: the byte behind it has bit 5 turned. */
#define ZSH_META 0x83

struct user {
	uint32_t uid;
	char *name;
};

/* A bash whose lines are read by a library. */
struct shared {
	uint32_t pid;
	bool parsed; /* and nothing was read since */
	bool executed;
	bool has_status;
	int status;
	UT_hash_handle hh;
};

struct shell_events {
	const struct shell_places *places;
	struct output *output;
	struct track *track;
	struct shared *shared;
	ARRAY_OF(struct user) users;
	const struct selection *selection;
	uint64_t count; /* told */
};

/* --- users ------------------------------------------------------------------------------------ */

/* Now, because later we have no right to, and from the file alone: name services may ask the
 * network. Without it there are numbers. */
static struct err *read_users(struct shell_events *events)
{
	_cleanup_fclose_ FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;
	while (file && (entry = fgetpwent(file))) {
		struct user *user = array_push(&events->users);
		if (!user)
			return &err_nomem;
		user->uid = entry->pw_uid;
		user->name = strdup(entry->pw_name);
		if (!user->name)
			return &err_nomem;
	}
	return NULL;
}

/* The first one, as everybody else takes it. */
static const char *user_name(void *context, uint32_t uid)
{
	const struct shell_events *events = context;
	for (size_t i = 0; i < events->users.count; i++)
		if (events->users.items[i].uid == uid)
			return events->users.items[i].name;
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool is_chosen(const struct selection *selection, uint32_t uid)
{
	for (size_t i = 0; i < selection->n_users; i++)
		if (selection->users[i] == uid)
			return true;
	return !selection->n_users;
}

static struct err *on_command(void *context, const struct output_command *command)
{
	struct shell_events *events = context;
	if (!is_chosen(events->selection, command->uid))
		return NULL;
	events->count++;
	return output_command(events->output, command);
}

static void destroy(struct shell_events **events)
{
	shell_events_destroy(*events);
}

struct err *shell_events_create(const struct shell_places *places,
				const struct selection *selection, struct shell_events **ret)
{
	_cleanup_(destroy) struct shell_events *events = calloc(1, sizeof(*events));
	if (!events)
		return &err_nomem;
	events->places = places;
	events->selection = selection;
	const struct track_sink sink = {events, on_command, user_name};
	struct err *e = track_create(&sink, &events->track);
	e = e ? e : read_users(events);
	if (e)
		return e;
	*ret = take_ptr(events);
	return NULL;
}

static void forget_shared(struct shell_events *events, uint32_t pid)
{
	struct shared *shared;
	HASH_FIND(hh, events->shared, &pid, sizeof(pid), shared);
	if (!shared)
		return;
	HASH_DEL(events->shared, shared);
	free(shared);
}

void shell_events_destroy(struct shell_events *events)
{
	if (!events)
		return;
	while (events->shared)
		forget_shared(events, events->shared->pid);
	for (size_t i = 0; i < events->users.count; i++)
		free(events->users.items[i].name);
	free(events->users.items);
	track_destroy(events->track);
	free(events);
}

uint64_t shell_events_count(const struct shell_events *events)
{
	return events->count;
}

static struct shared *find_shared(const struct shell_events *events, uint32_t pid)
{
	struct shared *shared;
	HASH_FIND(hh, events->shared, &pid, sizeof(pid), shared);
	return shared;
}

/* NULL: out of memory. */
static struct shared *get_shared(struct shell_events *events, uint32_t pid)
{
	struct shared *shared = find_shared(events, pid);
	if (shared)
		return shared;
	shared = calloc(1, sizeof(*shared));
	if (!shared)
		return NULL;
	shared->pid = pid;
	HASH_ADD(hh, events->shared, pid, sizeof(shared->pid), shared);
	return shared;
}

struct err *shell_events_found(struct shell_events *events, uint32_t pid, const char *name,
			       bool shared)
{
	if (shared && !get_shared(events, pid))
		return &err_nomem;
	return track_shell(events->track, pid, name);
}

struct err *shell_events_image(struct shell_events *events, uint32_t pid, uint64_t time_ns,
			       const char *name)
{
	return track_image(events->track, pid, time_ns, name);
}

struct err *shell_events_finish(struct shell_events *events)
{
	return track_finish(events->track);
}

/* --- what shells say -------------------------------------------------------------------------- */

/* False: it could not be read. */
static bool read_slot(const struct slots *slots, enum shell_slot slot, int *ret)
{
	if (!slots || (uint32_t)slot >= slots->count || !slots->items[slot].available)
		return false;
	*ret = (int)slots->items[slot].number;
	return true;
}

static enum track_prompt bash_prompt(const struct slots *slots)
{
	int lines = 0, builtin = 0;
	read_slot(slots, SLOT_LINES, &lines);
	read_slot(slots, SLOT_BUILTIN, &builtin);
	return builtin ? TRACK_DATA : lines ? TRACK_MORE : TRACK_NEW;
}

/* False: it is not asked to read. */
static bool zsh_prompt(const struct slots *slots, enum track_prompt *ret)
{
	int context = 0, request = 0;
	read_slot(slots, SLOT_LINES, &context);
	*ret = context == ZSH_LINE_START  ? TRACK_NEW
	       : context == ZSH_LINE_CONT ? TRACK_MORE
					  : TRACK_DATA;
	return read_slot(slots, SLOT_BUILTIN, &request) && request == ZSH_READ;
}

static struct err *shared_prompt(struct shell_events *events, const struct stream_event *event)
{
	struct shared *shared = find_shared(events, event->task->tgid);
	if (!shared)
		return NULL;
	enum track_prompt prompt = shared->parsed     ? TRACK_NEW
				   : shared->executed ? TRACK_DATA
						      : TRACK_MORE;
	shared->parsed = false;
	return track_prompt(events->track, event, prompt,
			    shared->has_status ? &shared->status : NULL);
}

static struct err *on_prompt(struct shell_events *events, const struct stream_event *event,
			     enum shell_kind kind)
{
	enum track_prompt prompt = TRACK_NEW;
	int status;
	if (kind == SHELL_READLINE)
		return shared_prompt(events, event);
	if (kind == SHELL_BASH)
		prompt = bash_prompt(event->arguments);
	else if (!zsh_prompt(event->arguments, &prompt))
		return NULL;
	bool known = read_slot(event->arguments, SLOT_STATUS, &status);
	return track_prompt(events->track, event, prompt, known ? &status : NULL);
}

/* A command is going to be read, in a bash that has no readline() of its own. */
static struct err *on_parse(struct shell_events *events, const struct stream_event *event)
{
	struct shared *shared = get_shared(events, event->task->tgid);
	int builtin = 0;
	if (!shared)
		return &err_nomem;
	/* `eval` and `source` read texts of their own. */
	read_slot(event->arguments, SLOT_BUILTIN, &builtin);
	if (builtin)
		return NULL;
	shared->parsed = true;
	shared->executed = false;
	shared->has_status = read_slot(event->arguments, SLOT_STATUS, &shared->status);
	return NULL;
}

/* zsh's own form of bytes above 0x83, turned back in place; returns the new length. */
static size_t unmeta(char *text, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		bool is_meta = (unsigned char)text[i] == ZSH_META && i + 1 < size;
		text[used++] = is_meta ? (char)(text[++i] ^ 32) : text[i];
	}
	return used;
}

static struct err *tell_line(struct shell_events *events, const struct stream_event *event,
			     struct track_line *line, enum shell_kind kind)
{
	_cleanup_free_ char *copy = NULL;
	if (kind == SHELL_ZSH && line->text) {
		copy = malloc(line->size + 1);
		if (!copy)
			return &err_nomem;
		memcpy(copy, line->text, line->size);
		line->size = unmeta(copy, line->size);
		line->text = copy;
		/* It comes with its end; none is what Ctrl-D gives. */
		if (line->size && copy[line->size - 1] == '\n')
			line->size--;
	}
	return track_line(events->track, event, line);
}

static void take_text(const struct slots *slots, struct track_line *line)
{
	static const char unreadable[] = "<not readable>";
	const struct slot *slot = slots->count ? &slots->items[0] : NULL;
	if (!slot || !slot->available) {
		line->text = unreadable;
		line->size = sizeof(unreadable) - 1;
	} else if (!(slot->blob_flags & FETCH_BLOB_NULL)) {
		line->text = slot->bytes;
		line->size = slot->length;
		line->truncated = slot->blob_flags & FETCH_BLOB_TRUNCATED;
	}
}

static struct err *on_line(struct shell_events *events, const struct stream_event *event,
			   enum shell_kind kind)
{
	bool alone = event->ending == ENDING_RETURNED_ALONE;
	struct track_line line = {.shell = shell_kind_name(kind), .time_ns = event->time_ns};
	enum track_prompt prompt;
	char cwd[FILE_PATH_MAX];
	bool cut;
	/* Ctrl-C at the prompt leaves without a line. */
	if (!alone && event->ending != ENDING_RETURNED)
		return NULL;
	if (kind == SHELL_READLINE && !find_shared(events, event->task->tgid))
		return NULL;
	if (kind == SHELL_ZSH && !alone && !zsh_prompt(event->arguments, &prompt))
		return NULL;
	if (!alone)
		line.time_ns += event->duration_ns;
	take_text(event->results, &line);
	const struct slot *directory = &event->results->items[1];
	if (event->results->count > 1 && directory->available &&
	    file_path(directory->bytes, directory->length, cwd, &cut))
		line.cwd = cwd;
	return tell_line(events, event, &line, kind);
}

static struct err *on_place(struct shell_events *events, const struct stream_event *event)
{
	const struct shell_place *place = event->site->id < events->places->count
						  ? &events->places->items[event->site->id]
						  : NULL;
	struct shared *shared;
	switch (place ? place->role : ROLE_NONE) {
	case ROLE_PROMPT:
		return on_prompt(events, event, place->kind);
	case ROLE_LINE:
		return on_line(events, event, place->kind);
	case ROLE_PARSE:
		return on_parse(events, event);
	case ROLE_EXECUTE:
		shared = find_shared(events, event->task->tgid);
		if (shared)
			shared->executed = true;
		return NULL;
	default:
		return NULL;
	}
}

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct shell_events *events = context;
	(void)was_opened;
	switch (event->kind) {
	case STREAM_CALL:
	case STREAM_PROBE:
		return on_place(events, event);
	case STREAM_EXEC:
		forget_shared(events, event->task->tgid);
		return track_task(events->track, event);
	case STREAM_EXIT:
		if (event->exit_is_last)
			forget_shared(events, event->task->tgid);
		return track_task(events->track, event);
	case STREAM_FORK:
		return track_task(events->track, event);
	default:
		break;
	}
	struct err *e = track_task(events->track, event);
	return e ? e : output_event(events->output, event, false);
}

struct stream_sink shell_events_sink(struct shell_events *events, struct output *output)
{
	events->output = output;
	return (struct stream_sink){.context = events, .event = on_event};
}
