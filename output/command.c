/* SPDX-License-Identifier: Apache-2.0 */
/* output/command.c — commands of shells as text. */
#include "output/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "output/command_json.h"
#include "output/escape.h"
#include "output/names.h"
#include "output/number.h"
#include "output/writer.h"

/* Where the results stand, in characters behind the command's beginning, when there is room. */
#define RESULT_COLUMN 32

static void put_blanks(struct buffer *buffer, size_t count)
{
	while (count-- > 0)
		buffer_put_char(buffer, ' ');
}

/* Characters on the screen: those of UTF-8 that continue another one take none. */
static size_t width_since(const struct buffer *buffer, size_t start)
{
	size_t width = 0;
	for (size_t i = start; i < buffer->used; i++)
		width += (buffer->data[i] & 0xc0) != 0x80;
	return width;
}

/* Where things stand in the lines of one command, in characters. */
struct columns {
	size_t shell, result;
};

/* 12:00:07.100312 pts/3 root bash[901] */
static struct columns put_left(struct output *output, const struct output_command *command)
{
	struct buffer *buffer = &output->buffer;
	struct columns columns;
	size_t start = buffer->used;
	char tty[NAMES_MAX];
	clock_put(&output->clock, buffer, command->time_ns);
	if (buffer->used > start)
		buffer_put_char(buffer, ' ');
	buffer_put_string(buffer, names_tty(command->tty, tty));
	buffer_put_char(buffer, ' ');
	if (command->user)
		escape_put(buffer, command->user, strlen(command->user), " ");
	else
		text_unsigned(buffer, command->uid);
	buffer_put_char(buffer, ' ');
	columns.shell = width_since(buffer, start);
	escape_put(buffer, command->shell, strlen(command->shell), "[]");
	buffer_put_char(buffer, '[');
	text_unsigned(buffer, command->shell_pid);
	buffer_put_literal(buffer, "]  ");
	columns.result = width_since(buffer, start) + RESULT_COLUMN;
	return columns;
}

static void put_status(struct output *output, int status)
{
	struct buffer *buffer = &output->buffer;
	char text[NUMBER_MAX];
	if (status)
		text_color(output, COLOR_RED);
	buffer_put(buffer, text, (size_t)(number_signed(text, status) - text));
	if (status)
		text_color(output, COLOR_OFF);
}

static void put_exit(struct output *output, uint32_t code)
{
	struct buffer *buffer = &output->buffer;
	int status = (int)code;
	char signal[NAMES_MAX];
	if (!WIFSIGNALED(status)) {
		put_status(output, WEXITSTATUS(status));
		return;
	}
	text_color(output, COLOR_RED);
	buffer_put_literal(buffer, "killed by ");
	buffer_put_string(buffer, names_signal(WTERMSIG(status), signal));
	if (WCOREDUMP(status))
		buffer_put_literal(buffer, " (core dumped)");
	text_color(output, COLOR_OFF);
}

static void put_program_ending(struct output *output, const struct output_program *program)
{
	struct buffer *buffer = &output->buffer;
	switch (program->ending) {
	case PROGRAM_RUNNING:
		buffer_put_literal(buffer, "<still running>");
		return;
	case PROGRAM_UNSEEN:
		buffer_put_literal(buffer, "<end not seen>");
		return;
	case PROGRAM_REPLACED:
		buffer_put_literal(buffer, "<replaced>");
		break;
	case PROGRAM_EXITED:
		put_exit(output, program->exit_code);
		break;
	}
	text_duration(buffer, program->duration_ns);
}

static void put_equals(struct output *output, size_t width, size_t column)
{
	put_blanks(&output->buffer, width < column ? column - width : 0);
	buffer_put_literal(&output->buffer, " = ");
}

/* ls -la 'a b': as it could be typed. */
static void put_word(struct buffer *buffer, const char *word, size_t length)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@%_+=:,./-*?[]{}~^!#";
	bool is_plain = length > 0;
	for (size_t i = 0; is_plain && i < length; i++)
		is_plain = (word[i] & 0x80) || (word[i] && strchr(plain, word[i]));
	if (!is_plain)
		buffer_put_char(buffer, '\'');
	escape_put(buffer, word, length, is_plain ? "" : "'");
	if (!is_plain)
		buffer_put_char(buffer, '\'');
}

static void put_words(struct output *output, const struct output_program *program)
{
	struct buffer *buffer = &output->buffer;
	struct redacted argv =
		redact_argv(output->options.redact, program->argv, program->argv_size);
	const char *at = argv.bytes, *end = argv.bytes + argv.size;
	if (program->argv_flags & EVENT_EXEC_ARGV_UNREADABLE) {
		buffer_put_literal(buffer, " <not readable>");
		return;
	}
	while (at < end) {
		size_t length = strnlen(at, (size_t)(end - at));
		buffer_put_char(buffer, ' ');
		put_word(buffer, at, length);
		at += length + 1;
	}
	if (program->argv_flags & EVENT_EXEC_ARGV_TRUNCATED)
		buffer_put_literal(buffer, " ...");
}

static void put_program(struct output *output, const struct output_program *program, size_t column)
{
	struct buffer *buffer = &output->buffer;
	buffer_put_literal(buffer, "exec");
	put_words(output, program);
	put_equals(output, width_since(buffer, buffer->line), column);
	put_program_ending(output, program);
}

static void put_command_ending(struct output *output, const struct output_command *command)
{
	struct buffer *buffer = &output->buffer;
	if (command->ending == COMMAND_OPEN) {
		buffer_put_literal(buffer, "<still running>");
		return;
	}
	if (command->ending == COMMAND_UNSEEN)
		buffer_put_literal(buffer, "<status not seen>");
	else
		put_status(output, command->status);
	text_duration(buffer, command->duration_ns);
}

static void put_line(struct output *output, const struct output_command *command, size_t column)
{
	struct buffer *buffer = &output->buffer;
	struct redacted line =
		redact_text(output->options.redact, command->line, command->line_size);
	size_t width = width_since(buffer, buffer->line);
	text_color(output, COLOR_BOLD);
	size_t start = buffer->used;
	escape_put(buffer, line.bytes, line.size, "");
	if (command->truncated)
		buffer_put_literal(buffer, "...");
	width += width_since(buffer, start);
	text_color(output, COLOR_OFF);
	put_equals(output, width, column);
	put_command_ending(output, command);
}

static struct err *put_text(struct output *output, const struct output_command *command)
{
	struct buffer *buffer = &output->buffer;
	struct columns columns = put_left(output, command);
	size_t first = command->line ? 0 : 1;
	if (command->line)
		put_line(output, command, columns.result);
	else if (command->n_programs)
		put_program(output, &command->programs[0], columns.result);
	struct err *e = buffer_end_line(buffer);
	for (size_t i = first; !e && i < command->n_programs; i++) {
		const struct output_program *program = &command->programs[i];
		put_blanks(buffer, columns.shell);
		for (uint32_t depth = command->line ? 0 : 1; depth <= program->depth; depth++)
			buffer_put_literal(buffer, "|  ");
		put_program(output, program, columns.result);
		e = buffer_end_line(buffer);
	}
	return e;
}

struct err *output_command(struct output *output, const struct output_command *command)
{
	struct buffer *buffer = &output->buffer;
	buffer_count_line(buffer);
	if (buffer->closed || buffer->failed) {
		buffer_drop_line(buffer);
		return NULL;
	}
	if (output->options.format == OUTPUT_TEXT)
		return put_text(output, command);
	struct err *e = command_put_json(output, command);
	if (e) {
		buffer_drop_line(buffer);
		return e;
	}
	return buffer_end_line(buffer);
}
