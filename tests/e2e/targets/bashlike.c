/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bash has inside, without being one: the functions that it reads and runs commands with,
 *and its variables. It knows these commands, and prints the status of each:
 *
 *	one	status 1
 *	TEXT\	goes on in the next line; then status 4
 *	read	a builtin reads a line; status 2
 *	eval	a builtin parses a text; status 5
 *	end N	ends with status N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int last_command_exit_value, current_command_line_count, executing_builtin;

char *readline(const char *prompt);
int yyparse(void);
int execute_command(const char *line);
const char *shell_version_string(void);

__attribute__((noinline)) const char *shell_version_string(void)
{
	return "5.2";
}

static char line[256];

/* One command, which may take several lines. */
__attribute__((noinline)) int yyparse(void)
{
	line[0] = '\0';
	if (executing_builtin)
		return 0;
	current_command_line_count = 0;
	do {
		char *read =
			readline(current_command_line_count ? "utrail-more> " : "utrail-test$ ");
		if (!read)
			exit(last_command_exit_value);
		current_command_line_count++;
		strncat(line, read, sizeof(line) - strlen(line) - 1);
		free(read);
	} while (*line && line[strlen(line) - 1] == '\\');
	return 0;
}

static void run_builtin(const char *name)
{
	executing_builtin++;
	if (strcmp(name, "read") == 0)
		free(readline("read> "));
	else
		yyparse();
	executing_builtin--;
}

__attribute__((noinline)) int execute_command(const char *command)
{
	if (strncmp(command, "end ", 4) == 0)
		exit(atoi(command + 4));
	if (strcmp(command, "read") == 0 || strcmp(command, "eval") == 0) {
		run_builtin(command);
		return *command == 'r' ? 2 : 5;
	}
	return strcmp(command, "one") == 0 ? 1 : strchr(command, '\\') ? 4 : 0;
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	for (;;) {
		yyparse();
		char copy[sizeof(line)];
		memcpy(copy, line, sizeof(copy));
		last_command_exit_value = execute_command(copy);
		printf("status=%d\n", last_command_exit_value);
	}
}
