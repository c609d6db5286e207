/* SPDX-License-Identifier: Apache-2.0 */
/* readline(), as a part of bashlike.c and as a library of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *readline(const char *prompt);
extern const char *rl_library_version;
const char *rl_library_version = "8.2";

__attribute__((noinline)) char *readline(const char *prompt)
{
	char *line = NULL;
	size_t size = 0;
	fputs(prompt, stdout);
	if (getline(&line, &size, stdin) < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}
