/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/shell/track.h — from what shells and processes do to whole commands: what was typed, how it
 * ended, and the programs that ran because of it.
 *
 * A command begins when its line has been read, and ends when its shell reads the next one (the
 * prompt is back), or when the shell itself ends. A process belongs to the command that was open in
 * the shell when it was forked, or to that of its parent. Each exec is a program. What runs on
 * after its command (`sleep 9 &`) is told by itself when it ends. So is what a shell runs that
 * nobody has typed: a script's programs, those of a start-up file.
 */
#ifndef UTRAIL_CLI_SHELL_TRACK_H
#define UTRAIL_CLI_SHELL_TRACK_H

#include "output/command.h"
#include "stream/stream.h"

/* Programs told with their command; further ones are told when they end. */
#define TRACK_PROGRAMS_MAX 512

struct track;

struct track_sink {
	void *context;
	struct err *(*command)(void *context, const struct output_command *command);
	/* NULL: no name is known. */
	const char *(*user)(void *context, uint32_t uid);
};

struct err *track_create(const struct track_sink *sink, struct track **ret) must_check;
void track_destroy(struct track *track); /* NULL is fine */
/* Commands, and programs that were told by themselves. */
uint64_t track_count(const struct track *track);

/* A shell that ran before: what it starts from now on is followed. `name`: without a line of its
 * own it is called so. */
struct err *track_shell(struct track *track, uint32_t pid, const char *name) must_check;
/* A process has mapped a shell's program at that time: its exec, which comes later, makes it a
 * shell. */
struct err *track_image(struct track *track, uint32_t pid, uint64_t time_ns,
			const char *name) must_check;

/* What is being read. */
enum track_prompt {
	TRACK_NEW,  /* a new command */
	TRACK_MORE, /* the rest of one, behind PS2 */
	TRACK_DATA, /* what a builtin asks for */
};

/* The shell begins to read. `status`: of the command before (`$?`), NULL: not known. */
struct err *track_prompt(struct track *track, const struct stream_event *event,
			 enum track_prompt prompt, const int *status) must_check;

struct track_line {
	const char *shell; /* "bash"; constant text */
	const char *text;  /* NULL: end of input */
	size_t size;
	bool truncated;
	const char *cwd; /* NULL: not known */
	uint64_t time_ns;
};
/* A line was read. */
struct err *track_line(struct track *track, const struct stream_event *event,
		       const struct track_line *line) must_check;

/* Task life: FORK, EXEC, EXIT. LOST: its ends may be missing. */
struct err *track_task(struct track *track, const struct stream_event *event) must_check;
/* Tells what is still open. */
struct err *track_finish(struct track *track) must_check;

#endif
