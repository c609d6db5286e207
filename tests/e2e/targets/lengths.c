/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lengths — passes strings of every length up to a few hundred bytes, short ones between long ones,
 * such that end where their page does and the next one is not mapped, and such that are not there.
 *
 *	lengths [-w] [-h]
 */
#include <string.h>
#include <sys/mman.h>

#include "sample.h"

#define PAGE	4096
#define LENGTHS 200

traced long lengths(short tiny, const char *text, unsigned short half, const char *other, long n)
{
	__asm__ volatile("" : : "r"(text), "r"(other));
	return n + tiny + half;
}

/* The last page that is there. */
static char *map_edge(void)
{
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) != 0)
		return NULL;
	for (int i = 0; i < PAGE - 1; i++)
		pages[i] = (char)('a' + i % 26);
	return pages;
}

static void pass(const char *text, const char *other, int n)
{
	short tiny = (short)(-n * 100);
	unsigned short half = (unsigned short)(n * 300);
	long result = lengths(tiny, text, half, other, -n);
	printf("expect lengths:lengths(tiny=%d, text=\"%s\", half=%u, other=\"%s\", n=%d) = %ld\n",
	       tiny, text, half, other, -n, result);
}

static void pass_nothing(const char *text, const char *shown)
{
	long result = lengths(-1, text, 1, "after", 5);
	printf("expect lengths:lengths(tiny=-1, text=%s, half=1, other=\"after\", n=5) = %ld\n",
	       shown, result);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	char *page = map_edge();
	for (int n = 0; page && n < LENGTHS; n++) {
		/* The end of the text is that of the page. */
		const char *text = page + PAGE - 1 - n, *other = page + PAGE - 1 - n * 7 % 60;
		pass(text, n % 3 ? other : "short", n);
	}
	if (page)
		pass_nothing(NULL, "NULL");
	return sample_end(&sample, page != NULL);
}
