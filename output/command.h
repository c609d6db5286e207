/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/command.h — what was typed into a shell, and what it ran: one line each, in every format.
 *
 *	12:00:07.100312 pts/3 root bash[901]  ls -la | wc -l    = 0 <0.004120>
 *	                           |  exec ls -la               = 0 <0.002311>
 *	                           |  exec wc -l                = 0 <0.003018>
 */
#ifndef UTRAIL_OUTPUT_COMMAND_H
#define UTRAIL_OUTPUT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "output/output.h"

enum program_ending {
	PROGRAM_RUNNING,  /* when this was told */
	PROGRAM_EXITED,	  /* exit_code */
	PROGRAM_REPLACED, /* by another program that it executed */
	PROGRAM_UNSEEN,	  /* records were lost: nobody knows */
};

/* One program that was executed. */
struct output_program {
	uint32_t pid, parent_pid;
	uint32_t depth; /* programs that it ran beneath */
	uint64_t time_ns, duration_ns;
	const char *argv; /* a NUL behind each */
	size_t argv_size;
	uint32_t argv_flags; /* enum event_exec_flags */
	enum program_ending ending;
	uint32_t exit_code; /* as wait(2) tells it */
};

enum command_ending {
	COMMAND_ENDED,	/* status */
	COMMAND_OPEN,	/* still running when tracing ended */
	COMMAND_UNSEEN, /* it has ended, but the shell's own word of it was not seen */
};

struct output_command {
	/* What was typed; NULL: nobody typed it, programs[0] is what a shell ran by itself. */
	const char *line;
	size_t line_size;
	bool truncated;
	/* line NULL: it is of a command that was told before, which began then */
	bool began;
	uint64_t began_ns;
	const char *shell; /* "bash", "zsh"; or its name */
	uint32_t shell_pid, uid, tty;
	const char *user; /* NULL: no name is known */
	const char *cwd;  /* NULL: not known */
	size_t cwd_size;
	uint64_t time_ns, duration_ns;
	enum command_ending ending;
	int status; /* as the shell tells it: $? */
	const struct output_program *programs;
	size_t n_programs;
};

struct err *output_command(struct output *output, const struct output_command *command) must_check;

#endif
