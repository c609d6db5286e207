/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists — arrays of strings, and strings that a call puts where it is told to.
 *
 *	lists [-w] [-h]
 */
#include "expect.h"

#include <string.h>

opaque int run(char **argv, const char *const *plain, char *const child_argv[])
{
	return argv[0][0] + (plain != NULL) + (child_argv != NULL);
}

opaque int read_line(char **line, size_t *size)
{
	static char text[] = "what was read";
	*line = *size ? text : NULL;
	return *size ? (int)strlen(text) : -1;
}

static void texts(const char *lengthy)
{
	char brief[] = "-c", empty[] = "", copy[400];
	char *arguments[] = {brief, empty, strcpy(copy, lengthy), NULL}, *none[] = {NULL};
	int got = run(arguments, NULL, none);
	expect("run(argv=[\"-c\", \"\", \"%.256s\"...], plain=NULL, child_argv=[]) = %d", lengthy,
	       got);
	got = run(arguments + 1, NULL, NULL);
	expect("run(argv=[\"\", \"%.256s\"...], plain=NULL, child_argv=NULL) = %d", lengthy, got);
}

/* An environment may have hundreds. */
static void many(void)
{
	static char text[] = "x";
	char *all[101] = {0};
	for (int i = 0; i < 100; i++)
		all[i] = text;
	int got = run(all, NULL, all + 36);
	printf("expect run(argv=[");
	for (int i = 0; i < 64; i++)
		printf("\"x\", ");
	printf("...], plain=NULL, child_argv=[\"x\"");
	for (int i = 37; i < 100; i++)
		printf(", \"x\"");
	printf("]) = %d\n", got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	char lengthy[301], *line = NULL;
	size_t size = 1;
	memset(lengthy, 'y', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = 0;
	texts(lengthy);
	many();
	int got = read_line(&line, &size);
	expect("read_line([\"%s\"], [1]) = %d", line, got);
	size = 0;
	got = read_line(&line, &size);
	expect("read_line([NULL], [0]) = %d", got);
	return sample_end(&sample, true);
}
