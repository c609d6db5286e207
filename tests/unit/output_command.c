/* SPDX-License-Identifier: Apache-2.0 */
#include "output/command.h"

#include "output_events.h"
#include "unit.h"

static const struct output_program programs[] = {
	{.pid = 902,
	 .parent_pid = 901,
	 .time_ns = 5000400000,
	 .duration_ns = 2000000,
	 .argv = "ls\0-la\0a b\0",
	 .argv_size = 11,
	 .ending = PROGRAM_EXITED,
	 .exit_code = 2 << 8},
	{.pid = 903,
	 .parent_pid = 902,
	 .depth = 1,
	 .time_ns = 5000500000,
	 .duration_ns = 1000000,
	 .argv = "\033[2J\0--token=x\0",
	 .argv_size = 15,
	 .argv_flags = EVENT_EXEC_ARGV_TRUNCATED,
	 .ending = PROGRAM_EXITED,
	 .exit_code = 15},
	{.pid = 904,
	 .parent_pid = 901,
	 .time_ns = 5000600000,
	 .ending = PROGRAM_RUNNING,
	 .argv_flags = EVENT_EXEC_ARGV_UNREADABLE},
	{.pid = 905,
	 .parent_pid = 901,
	 .time_ns = 5000600000,
	 .duration_ns = 3000,
	 .ending = PROGRAM_REPLACED,
	 .argv = "x",
	 .argv_size = 2},
};

static struct output_command typed(void)
{
	return (struct output_command){
		.line = "ls\n--password=x \033",
		.line_size = 17,
		.shell = "bash",
		.shell_pid = 901,
		.tty = 136 << 8 | 3,
		.user = "root",
		.cwd = "/tmp",
		.cwd_size = 4,
		.time_ns = 5000300000,
		.duration_ns = 4120000,
		.status = 2,
		.programs = programs,
		.n_programs = 4,
	};
}

static struct err *write_typed(struct output *output)
{
	struct output_command command = typed();
	return output_command(output, &command);
}

static struct err *write_open(struct output *output)
{
	struct output_command command = typed();
	command.line = "vi";
	command.line_size = 2;
	command.truncated = true;
	command.user = command.cwd = NULL;
	command.ending = COMMAND_OPEN;
	command.n_programs = 0;
	return output_command(output, &command);
}

static struct err *write_unseen(struct output *output)
{
	struct output_command command = typed();
	command.line = "\377";
	command.line_size = 1;
	command.tty = 0;
	command.ending = COMMAND_UNSEEN;
	command.n_programs = 0;
	return output_command(output, &command);
}

static struct err *write_alone(struct output *output)
{
	struct output_command command = typed();
	command.line = NULL;
	command.shell = "sh[x]";
	command.began = true;
	command.began_ns = 77;
	command.n_programs = 2;
	return output_command(output, &command);
}

static void check(enum output_format format, bool redacted,
		  struct err *(*write)(struct output *output), const char *wanted)
{
	struct output_options options = made_options(format);
	struct redact *redact = NULL;
	if (redacted)
		assert_ok(redact_create(NULL, 0, &redact));
	options.redact = redact;
	char *text = written_all(&options, write);
	assert_string_equal(text, wanted);
	free(text);
	redact_destroy(redact);
}

static void text_of_commands(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, false, write_typed,
	      "pts/3 root bash[901]  ls\\n--password=x \\x1b            = 2 <0.004120>\n"
	      "           |  exec ls -la 'a b'                        = 2 <0.002000>\n"
	      "           |  |  exec '\\x1b[2J' --token=x ...          = killed by SIGTERM <0.001000>\n"
	      "           |  exec <not readable>                      = <still running>\n"
	      "           |  exec x                                   = <replaced> <0.000003>\n");
	check(OUTPUT_TEXT, false, write_open,
	      "pts/3 0 bash[901]  vi...                            = <still running>\n");
	check(OUTPUT_TEXT, false, write_unseen,
	      "? root bash[901]  \\xff                             = <status not seen> <0.004120>\n");
	check(OUTPUT_TEXT, false, write_alone,
	      "pts/3 root sh\\x5bx\\x5d[901]  exec ls -la 'a b'                = 2 <0.002000>\n"
	      "           |  exec '\\x1b[2J' --token=x ...                    = killed by SIGTERM <0.001000>\n");
}

static void json_of_commands(void **state)
{
	(void)state;
	check(OUTPUT_JSON, false, write_open,
	      "{\"type\":\"command\",\"time_ns\":\"5000300000\",\"pid\":901,\"shell\":\"bash\","
	      "\"tty\":\"pts/3\",\"uid\":0,\"user\":null,\"cwd\":null,"
	      "\"command\":{\"str\":\"vi\",\"truncated\":true},\"end\":\"running\","
	      "\"programs\":[]}\n");
	check(OUTPUT_JSON, false, write_unseen,
	      "{\"type\":\"command\",\"time_ns\":\"5000300000\",\"dur_ns\":\"4120000\","
	      "\"pid\":901,\"shell\":\"bash\",\"tty\":null,\"uid\":0,\"user\":\"root\","
	      "\"cwd\":\"/tmp\",\"command\":{\"b64\":\"/w==\"},\"end\":\"not seen\","
	      "\"programs\":[]}\n");
	check(OUTPUT_JSON, true, write_alone,
	      "{\"type\":\"program\",\"time_ns\":\"5000400000\",\"dur_ns\":\"2000000\","
	      "\"pid\":902,\"ppid\":901,\"shell_pid\":901,\"shell\":\"sh[x]\",\"tty\":\"pts/3\","
	      "\"uid\":0,\"user\":\"root\",\"command_time_ns\":\"77\","
	      "\"argv\":[\"ls\",\"-la\",\"a b\"],\"status\":2,"
	      "\"programs\":[{\"time_ns\":\"5000500000\",\"dur_ns\":\"1000000\",\"pid\":903,"
	      "\"ppid\":902,\"depth\":1,\"argv\":[\"\\u001B[2J\",\"--token=***\"],"
	      "\"argv_truncated\":true,\"signal\":\"SIGTERM\",\"core_dumped\":false}]}\n");
}

static void hides_secrets(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_TEXT);
	struct redact *redact = NULL;
	assert_ok(redact_create(NULL, 0, &redact));
	options.redact = redact;
	char *text = written_all(&options, write_typed);
	assert_non_null(strstr(text, "--password=*** "));
	assert_non_null(strstr(text, "--token=***"));
	free(text);
	/* In any other trace, too. */
	for (int format = OUTPUT_TEXT; format <= OUTPUT_JSON; format++) {
		struct made *made = made_event(STREAM_CALL, "f");
		struct made *exec = made_event(STREAM_EXEC, "");
		options.format = (enum output_format)format;
		TEXT(made, "s", "PASSWORD=hunter2");
		exec->event.filename = "/bin/x";
		exec->event.argv = "x\0--token\0hunter2";
		exec->event.argv_size = 18;
		text = written_event(&options, made, false);
		assert_non_null(strstr(text, "\"PASSWORD=***\""));
		free(text);
		text = written_event(&options, exec, false);
		assert_non_null(strstr(text, "\"--token\""));
		assert_non_null(strstr(text, "\"***\""));
		assert_null(strstr(text, "hunter2"));
		free(text);
		made_free(made);
		made_free(exec);
	}
	redact_destroy(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_commands),
		cmocka_unit_test(json_of_commands),
		cmocka_unit_test(hides_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
