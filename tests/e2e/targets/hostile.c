/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile — strings that would harm a terminal or break JSON, as arguments, as a marker's, as file
 * names, as the name of the thread, and as the name of a function. The lines that are expected are
 * written with C escapes.
 *
 *	hostile [-w] [-h]
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/sdt.h>

#include "sample.h"

#define LONG 4096

traced int show(const char *text, int n)
{
	__asm__ volatile("" : : "r"(text));
	return n;
}

/* The symbol itself holds ESC, a quote, and bytes that are not UTF-8. */
int evil(int n) __asm__("\"evil\x1b[2J\xff\"");
traced int evil(int n)
{
	return n;
}

static void print_escaped(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < ' ' || *c > '~')
			printf("\\x%02x", *c);
		else
			putchar(*c);
	}
}

static void pass(const char *text, int n)
{
	show(text, n);
	DTRACE_PROBE2(hostile, text, text, n);
	int missing = openat(AT_FDCWD, text, O_RDONLY);
	int why = errno;
	printf("expect hostile:show(text=\"");
	print_escaped(text);
	printf("\", n=%d) = %d\n", n, n);
	printf("expect hostile:text(\"");
	print_escaped(text);
	printf("\", %d)\n", n);
	printf("expect openat(AT_FDCWD, \"");
	print_escaped(text);
	printf("\", O_RDONLY) = %d %s\n", missing, why == ENAMETOOLONG ? "ENAMETOOLONG" : "ENOENT");
}

int main(int argc, char **argv)
{
	static const char *const texts[] = {
		"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1bP1$r\x1b\\",
		"\r\n\t\b\x7f \"quoted\" back\\slash /slash",
		"\x9b"
		"31m C1 as a byte, \xc2\x9b"
		"31m as UTF-8",
		"not UTF-8: \xff \xfe \xc3( \xe2\x82 end",
		"overlong \xc0\xaf, surrogate \xed\xa0\x80, too large \xf4\x90\x80\x80",
		"bidi: \xe2\x80\xae\xd7\x90\xd7\x91 txt.exe \xe2\x81\xa6 end",
		"good: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7 \xe2\x80\xa8 separators",
		"{\"type\":\"summary\",\"events\":0}",
		"%s%n%d \x01\x02\x1f",
		"cut in a character: \xf0\x9f\x90",
	};
	static char lines[LONG + 1], odd[LONG + 1];
	/* The name that /proc, and a tracer, show for this thread. */
	prctl(PR_SET_NAME, "\x1b[2J\xff\"\\\n\xe2\x80\xaex");
	struct sample sample = sample_begin(argc, argv);
	memset(lines, 'A', LONG);
	for (int i = 0; i < LONG; i++)
		odd[i] = (char)(i % 255 + 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		pass(texts[i], (int)i);
	pass(lines, 100);
	pass(odd, 101);
	return sample_end(&sample, evil(7) == 7);
}
