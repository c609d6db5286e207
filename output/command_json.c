/* SPDX-License-Identifier: Apache-2.0 */
#include "output/command_json.h"

#include <string.h>
#include <sys/wait.h>

#include "output/json.h"
#include "output/names.h"

static void set_exit(struct output *output, json_t *object, uint32_t code)
{
	char signal[NAMES_MAX];
	int status = (int)code;
	if (!WIFSIGNALED(status)) {
		json_set(output, object, "status", json_integer(WEXITSTATUS(status)));
		return;
	}
	json_set(output, object, "signal",
		 json_string_nocheck(names_signal(WTERMSIG(status), signal)));
	json_set(output, object, "core_dumped", json_boolean(WCOREDUMP(status)));
}

/* argv, and how it ended */
static void set_program(struct output *output, json_t *object, const struct output_program *program)
{
	static const char *const endings[] = {
		[PROGRAM_RUNNING] = "running",
		[PROGRAM_EXITED] = NULL,
		[PROGRAM_REPLACED] = "replaced",
		[PROGRAM_UNSEEN] = "not seen",
	};
	json_set(output, object, "argv",
		 json_argv(output, program->argv, program->argv_size, program->argv_flags));
	if (program->argv_flags & EVENT_EXEC_ARGV_TRUNCATED)
		json_set(output, object, "argv_truncated", json_true());
	if (endings[program->ending])
		json_set(output, object, "end", json_string_nocheck(endings[program->ending]));
	else
		set_exit(output, object, program->exit_code);
}

static bool has_duration(const struct output_program *program)
{
	return program->ending == PROGRAM_EXITED || program->ending == PROGRAM_REPLACED;
}

static json_t *json_program(struct output *output, const struct output_program *program)
{
	json_t *object = json_object();
	json_set(output, object, "time_ns", json_decimal(program->time_ns));
	if (has_duration(program))
		json_set(output, object, "dur_ns", json_decimal(program->duration_ns));
	json_set(output, object, "pid", json_integer(program->pid));
	json_set(output, object, "ppid", json_integer(program->parent_pid));
	json_set(output, object, "depth", json_integer(program->depth));
	set_program(output, object, program);
	return object;
}

static json_t *json_programs(struct output *output, const struct output_command *command,
			     size_t first)
{
	json_t *array = json_array();
	for (size_t i = first; i < command->n_programs; i++)
		if (json_array_append_new(array, json_program(output, &command->programs[i])) != 0)
			output->nomem = true;
	return array;
}

/* shell, tty, uid, user */
static void set_shell(struct output *output, json_t *line, const struct output_command *command)
{
	char tty[NAMES_MAX];
	json_set(output, line, "shell", json_text(output, command->shell));
	json_set(output, line, "tty",
		 command->tty ? json_string_nocheck(names_tty(command->tty, tty)) : json_null());
	json_set(output, line, "uid", json_integer(command->uid));
	json_set(output, line, "user",
		 command->user ? json_text(output, command->user) : json_null());
}

static json_t *begin(struct output *output, const char *type, uint64_t time_ns)
{
	json_t *line = json_object();
	json_set(output, line, "type", json_string_nocheck(type));
	json_set(output, line, "time_ns", json_decimal(time_ns));
	return line;
}

static struct err *put_typed(struct output *output, const struct output_command *command)
{
	json_t *line = begin(output, "command", command->time_ns);
	struct redacted text =
		redact_text(output->options.redact, command->line, command->line_size);
	if (command->ending != COMMAND_OPEN)
		json_set(output, line, "dur_ns", json_decimal(command->duration_ns));
	json_set(output, line, "pid", json_integer(command->shell_pid));
	set_shell(output, line, command);
	json_set(output, line, "cwd",
		 command->cwd ? json_bytes(output, command->cwd, command->cwd_size, false)
			      : json_null());
	json_set(output, line, "command",
		 json_bytes(output, text.bytes, text.size, command->truncated));
	if (command->ending == COMMAND_ENDED)
		json_set(output, line, "status", json_integer(command->status));
	else
		json_set(output, line, "end",
			 json_string_nocheck(command->ending == COMMAND_OPEN ? "running"
									     : "not seen"));
	json_set(output, line, "programs", json_programs(output, command, 0));
	return json_put_line(output, line);
}

static struct err *put_alone(struct output *output, const struct output_command *command)
{
	const struct output_program *program = &command->programs[0];
	json_t *line = begin(output, "program", program->time_ns);
	if (has_duration(program))
		json_set(output, line, "dur_ns", json_decimal(program->duration_ns));
	json_set(output, line, "pid", json_integer(program->pid));
	json_set(output, line, "ppid", json_integer(program->parent_pid));
	json_set(output, line, "shell_pid", json_integer(command->shell_pid));
	set_shell(output, line, command);
	if (command->began)
		json_set(output, line, "command_time_ns", json_decimal(command->began_ns));
	set_program(output, line, program);
	json_set(output, line, "programs", json_programs(output, command, 1));
	return json_put_line(output, line);
}

struct err *command_put_json(struct output *output, const struct output_command *command)
{
	return command->line ? put_typed(output, command) : put_alone(output, command);
}
