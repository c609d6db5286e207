/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell/track.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <uthash.h>

#include "common/array.h"
#include "common/cleanup.h"

/* One command, or what a shell ran unasked: then `line` is NULL. */
struct command {
	char *line, *cwd;
	size_t line_size;
	bool truncated;
	const char *shell;
	char name[EVENT_COMM]; /* of a shell that has typed nothing: `shell` points here */
	uint32_t shell_pid, uid, tty;
	uint64_t time_ns;
	ARRAY_OF(struct output_program) programs; /* their argv is owned */
	size_t spare; /* number plus 1 of a program that was told by itself: its place is free */
	size_t users; /* processes that point here */
	bool told;
	struct command *next, *previous;
};

struct process {
	uint32_t pid, parent;
	uint64_t exec_ns; /* of its last exec, or its fork */
	uint64_t image_ns;
	char image[EVENT_COMM];
	bool is_shell;
	/* A child of a shell with no command: what it executes is the shell's own doing. */
	bool is_loose;
	char shell[EVENT_COMM]; /* is_shell, is_loose: the shell's name */
	uint32_t shell_pid;	/* is_loose */
	enum track_prompt prompt;
	struct command *typed;	 /* is_shell: open */
	struct command *command; /* that it belongs to */
	size_t program;		 /* number in the command plus 1 of what it is, or runs beneath */
	bool is_program;	 /* that is itself */
	UT_hash_handle hh;
};

struct track {
	struct track_sink sink;
	struct process *processes;
	struct command *commands; /* all, the oldest first */
	struct command *newest;
	uint64_t count;
};

/* --- commands --------------------------------------------------------------------------------- */

static struct command *new_command(struct track *track)
{
	struct command *command = calloc(1, sizeof(*command));
	if (!command)
		return NULL;
	command->previous = track->newest;
	if (track->newest)
		track->newest->next = command;
	else
		track->commands = command;
	track->newest = command;
	return command;
}

static void free_command(struct track *track, struct command *command)
{
	if (command->previous)
		command->previous->next = command->next;
	else
		track->commands = command->next;
	if (command->next)
		command->next->previous = command->previous;
	else
		track->newest = command->previous;
	for (size_t i = 0; i < command->programs.count; i++)
		free((char *)command->programs.items[i].argv);
	free(command->programs.items);
	free(command->line);
	free(command->cwd);
	free(command);
}

static void join(struct process *process, struct command *command, size_t program)
{
	command->users++;
	process->command = command;
	process->program = program;
}

static void leave(struct track *track, struct command *command)
{
	if (--command->users == 0)
		free_command(track, command);
}

static void leave_own(struct track *track, struct process *process)
{
	struct command *command = take_ptr(process->command);
	process->program = 0;
	process->is_program = false;
	if (command)
		leave(track, command);
}

static struct err *tell(struct track *track, const struct output_command *command)
{
	track->count++;
	return track->sink.command(track->sink.context, command);
}

static struct output_command shown(const struct track *track, const struct command *command)
{
	return (struct output_command){
		.line = command->line,
		.line_size = command->line_size,
		.truncated = command->truncated,
		.shell = command->shell ? command->shell : command->name,
		.shell_pid = command->shell_pid,
		.uid = command->uid,
		.tty = command->tty,
		.user = track->sink.user(track->sink.context, command->uid),
		.cwd = command->cwd,
		.cwd_size = command->cwd ? strlen(command->cwd) : 0,
		.time_ns = command->time_ns,
		.programs = command->programs.items,
		.n_programs = command->programs.count < TRACK_PROGRAMS_MAX ? command->programs.count
									   : TRACK_PROGRAMS_MAX,
	};
}

static struct err *end_command(struct track *track, struct command *command, uint64_t time_ns,
			       enum command_ending ending, int status)
{
	if (command->told || (!command->line && !command->programs.count))
		return NULL;
	struct output_command out = shown(track, command);
	out.duration_ns = time_ns > command->time_ns ? time_ns - command->time_ns : 0;
	out.ending = ending;
	out.status = status;
	command->told = true;
	return tell(track, &out);
}

/* The command was told before, or has too many: this one stands alone. */
static struct err *tell_alone(struct track *track, const struct command *command,
			      const struct output_program *program)
{
	struct output_command out = shown(track, command);
	struct output_program alone = *program;
	alone.depth = 0;
	out.line = NULL;
	out.began = true;
	out.began_ns = command->time_ns;
	out.time_ns = program->time_ns;
	out.programs = &alone;
	out.n_programs = 1;
	return tell(track, &out);
}

/* --- programs --------------------------------------------------------------------------------- */

static struct output_program *program_of(const struct process *process)
{
	return process->command && process->program
		       ? &process->command->programs.items[process->program - 1]
		       : NULL;
}

/* Told by itself, and then there is no need to keep its words. */
static bool stands_alone(const struct command *command, size_t program)
{
	return command->told || program > TRACK_PROGRAMS_MAX;
}

static struct err *end_program(struct track *track, const struct process *process, uint64_t time_ns,
			       enum program_ending ending, uint32_t exit_code)
{
	struct output_program *program = process->is_program ? program_of(process) : NULL;
	if (!program || (program->ending != PROGRAM_RUNNING && program->ending != PROGRAM_UNSEEN))
		return NULL;
	program->ending = ending;
	program->exit_code = exit_code;
	program->duration_ns = time_ns - program->time_ns;
	if (!stands_alone(process->command, process->program))
		return NULL;
	struct err *e = tell_alone(track, process->command, program);
	free((char *)program->argv);
	program->argv = NULL;
	program->argv_size = 0;
	process->command->spare = process->program;
	return e;
}

/* Commands that live long run many; those beneath an ended program ask it for nothing but how deep
 * it was. */
static struct output_program *make_program(struct command *command, size_t *ret_number)
{
	*ret_number = command->spare ? command->spare : command->programs.count + 1;
	command->spare = 0;
	if (*ret_number <= command->programs.count)
		return &command->programs.items[*ret_number - 1];
	return array_push(&command->programs);
}

static struct err *add_program(struct process *process, const struct stream_event *event)
{
	struct command *command = process->command;
	const struct output_program *around = program_of(process);
	uint32_t depth = !around ? 0 : process->is_program ? around->depth : around->depth + 1;
	char *argv = malloc(event->argv_size + 1);
	size_t number;
	struct output_program *program = argv ? make_program(command, &number) : NULL;
	if (!program) {
		free(argv);
		return &err_nomem;
	}
	if (event->argv_size)
		memcpy(argv, event->argv, event->argv_size);
	*program = (struct output_program){
		.pid = process->pid,
		.parent_pid = event->task->parent_tgid,
		.depth = depth,
		.time_ns = event->time_ns,
		.argv = argv,
		.argv_size = event->argv_size,
		.argv_flags = event->exec_flags,
	};
	process->program = number;
	process->is_program = true;
	return NULL;
}

/* --- processes -------------------------------------------------------------------------------- */

static struct process *find_process(const struct track *track, uint32_t pid)
{
	struct process *process;
	HASH_FIND(hh, track->processes, &pid, sizeof(pid), process);
	return process;
}

static struct process *get_process(struct track *track, uint32_t pid)
{
	struct process *process = find_process(track, pid);
	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	HASH_ADD(hh, track->processes, pid, sizeof(process->pid), process);
	return process;
}

static void drop_process(struct track *track, struct process *process)
{
	leave_own(track, process);
	if (process->typed)
		leave(track, process->typed);
	HASH_DEL(track->processes, process);
	free(process);
}

struct err *track_create(const struct track_sink *sink, struct track **ret)
{
	struct track *track = calloc(1, sizeof(*track));
	if (!track)
		return &err_nomem;
	track->sink = *sink;
	*ret = track;
	return NULL;
}

void track_destroy(struct track *track)
{
	struct process *process, *next;
	if (!track)
		return;
	HASH_ITER (hh, track->processes, process, next)
		drop_process(track, process);
	free(track);
}

uint64_t track_count(const struct track *track)
{
	return track->count;
}

static void copy_name(char *to, const char *name)
{
	size_t length = strnlen(name, EVENT_COMM - 1);
	memcpy(to, name, length);
	to[length] = '\0';
}

struct err *track_shell(struct track *track, uint32_t pid, const char *name)
{
	struct process *process = get_process(track, pid);
	if (!process)
		return &err_nomem;
	process->is_shell = true;
	copy_name(process->shell, name);
	return NULL;
}

struct err *track_image(struct track *track, uint32_t pid, uint64_t time_ns, const char *name)
{
	struct process *process = get_process(track, pid);
	if (!process)
		return &err_nomem;
	process->image_ns = time_ns;
	copy_name(process->image, name);
	return NULL;
}

/* --- what is typed ---------------------------------------------------------------------------- */

static struct err *end_typed(struct track *track, struct process *shell, uint64_t time_ns,
			     enum command_ending ending, int status)
{
	struct command *command = take_ptr(shell->typed);
	if (!command)
		return NULL;
	struct err *e = end_command(track, command, time_ns, ending, status);
	leave(track, command);
	return e;
}

struct err *track_prompt(struct track *track, const struct stream_event *event,
			 enum track_prompt prompt, const int *status)
{
	struct process *shell = get_process(track, event->task->tgid);
	if (!shell)
		return &err_nomem;
	shell->is_shell = true;
	shell->prompt = prompt;
	if (prompt != TRACK_NEW)
		return NULL;
	return end_typed(track, shell, event->time_ns, status ? COMMAND_ENDED : COMMAND_UNSEEN,
			 status ? *status : 0);
}

static bool is_blank(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n\v\f", text[i]) || !text[i])
			return false;
	return true;
}

/* Takes the line in, behind what is there already. */
static struct err *append_line(struct command *command, const struct track_line *line)
{
	size_t before = command->line_size + (command->line ? 1 : 0);
	char *text = realloc(command->line, before + line->size + 1);
	if (!text)
		return &err_nomem;
	if (command->line)
		text[command->line_size] = '\n';
	memcpy(text + before, line->text, line->size);
	command->line = text;
	command->line_size = before + line->size;
	command->truncated |= line->truncated;
	command->time_ns = line->time_ns;
	return NULL;
}

static struct err *begin_typed(struct track *track, struct process *shell,
			       const struct stream_task *task, const struct track_line *line)
{
	struct command *command = new_command(track);
	if (!command)
		return &err_nomem;
	command->users = 1;
	shell->typed = command;
	command->shell = line->shell;
	command->shell_pid = task->tgid;
	command->uid = task->uid;
	command->tty = task->tty;
	command->cwd = line->cwd ? strdup(line->cwd) : NULL;
	if (line->cwd && !command->cwd)
		return &err_nomem;
	return append_line(command, line);
}

struct err *track_line(struct track *track, const struct stream_event *event,
		       const struct track_line *line)
{
	struct process *shell = get_process(track, event->task->tgid);
	if (!shell)
		return &err_nomem;
	enum track_prompt prompt = shell->prompt;
	shell->is_shell = true;
	shell->prompt = TRACK_NEW;
	copy_name(shell->shell, line->shell);
	if (!line->text || prompt == TRACK_DATA)
		return NULL;
	if (prompt == TRACK_MORE && shell->typed)
		return append_line(shell->typed, line);
	/* The record of its prompt was lost. */
	struct err *e = end_typed(track, shell, line->time_ns, COMMAND_UNSEEN, 0);
	if (e || is_blank(line->text, line->size))
		return e;
	return begin_typed(track, shell, event->task, line);
}

/* --- task life -------------------------------------------------------------------------------- */

static struct err *on_task_fork(struct track *track, const struct stream_event *event)
{
	struct process *parent = find_process(track, event->task->tgid);
	/* A thread, or nobody's business. */
	if (!parent || event->child_tgid == event->task->tgid)
		return NULL;
	bool is_own = parent->is_shell && parent->typed;
	if (!is_own && !parent->command && !parent->is_shell && !parent->is_loose)
		return NULL;
	/* Its end was lost: the number is another one's now. */
	struct process *stale = find_process(track, event->child_tgid);
	if (stale && !stale->image_ns)
		drop_process(track, stale);
	struct process *child = get_process(track, event->child_tgid);
	if (!child)
		return &err_nomem;
	child->parent = parent->pid;
	child->exec_ns = event->time_ns;
	if (is_own) {
		join(child, parent->typed, 0);
	} else if (parent->command) {
		join(child, parent->command, parent->program);
	} else {
		child->is_loose = true;
		child->shell_pid = parent->is_loose ? parent->shell_pid : parent->pid;
		copy_name(child->shell, parent->is_shell && parent->shell[0] ? parent->shell
					: parent->is_loose		     ? parent->shell
									     : event->task->comm);
	}
	return NULL;
}

/* What the shell does unasked is a command without a line. */
static struct err *begin_loose(struct track *track, struct process *process,
			       const struct stream_event *event)
{
	struct command *command = new_command(track);
	if (!command)
		return &err_nomem;
	join(process, command, 0);
	copy_name(command->name, process->shell[0] ? process->shell : event->task->comm);
	command->shell_pid = process->is_loose ? process->shell_pid : process->pid;
	command->uid = event->task->uid;
	command->tty = event->task->tty;
	command->time_ns = event->time_ns;
	return NULL;
}

static struct err *on_task_exec(struct track *track, const struct stream_event *event)
{
	struct process *process = find_process(track, event->task->tgid);
	if (!process)
		return NULL;
	bool becomes_shell =
		process->image_ns > process->exec_ns && process->image_ns <= event->time_ns;
	struct err *e = end_program(track, process, event->time_ns, PROGRAM_REPLACED, 0);
	process->exec_ns = event->time_ns;
	/* `exec prog`: the shell is the program now, and its end is the command's. */
	if (process->typed && process->command != process->typed) {
		leave_own(track, process);
		join(process, process->typed, 0);
	}
	if (!e && !process->command && (process->is_shell || process->is_loose))
		e = begin_loose(track, process, event);
	if (!e && process->command)
		e = add_program(process, event);
	process->is_shell = becomes_shell;
	process->is_loose = false;
	process->prompt = TRACK_NEW;
	if (becomes_shell)
		copy_name(process->shell, process->image);
	return e;
}

static int status_of(uint32_t code)
{
	int status = (int)code;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct err *on_task_exit(struct track *track, const struct stream_event *event)
{
	struct process *process = find_process(track, event->task->tgid);
	if (!process || !event->exit_is_last)
		return NULL;
	struct err *e =
		end_program(track, process, event->time_ns, PROGRAM_EXITED, event->exit_code);
	struct command *command = process->command;
	bool was_root = command && !command->line && process->is_program &&
			command->programs.items[0].pid == process->pid;
	if (!e)
		e = end_typed(track, process, event->time_ns, COMMAND_ENDED,
			      status_of(event->exit_code));
	if (!e && was_root)
		e = end_command(track, command, event->time_ns, COMMAND_ENDED,
				status_of(event->exit_code));
	drop_process(track, process);
	return e;
}

/* Ends may have been lost: who seems to run may not. */
static void doubt_ends(struct track *track)
{
	for (struct command *command = track->commands; command; command = command->next)
		for (size_t i = 0; i < command->programs.count; i++)
			if (command->programs.items[i].ending == PROGRAM_RUNNING)
				command->programs.items[i].ending = PROGRAM_UNSEEN;
}

struct err *track_task(struct track *track, const struct stream_event *event)
{
	switch (event->kind) {
	case STREAM_FORK:
		return on_task_fork(track, event);
	case STREAM_EXEC:
		return on_task_exec(track, event);
	case STREAM_EXIT:
		return on_task_exit(track, event);
	case STREAM_LOST:
		if (!event->site)
			doubt_ends(track);
		return NULL;
	default:
		return NULL;
	}
}

struct err *track_finish(struct track *track)
{
	struct err *e = NULL;
	for (struct command *command = track->commands; !e && command; command = command->next)
		e = end_command(track, command, command->time_ns, COMMAND_OPEN, 0);
	return e;
}
