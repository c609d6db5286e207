/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold — passes strings that lie in pages this process has never touched, so that no page table
 * knows them: literals of the program itself, and a file that was just mapped, once with and once
 * without its pages in memory. A probe must read them all the same, at the first touch.
 *
 *	cold [-w] [-h]
 *
 * The lines that are expected come from a copy, not from the cold pages. Run it in a directory on a
 * disk: the files are made there.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sdt.h>

#include "sample.h"

#define PAGE  4096
#define PAGES 16

struct page {
	char text[PAGE];
};

#define COLD(n)                                    \
	{                                          \
		.text = "literal in cold page " #n \
	}
/* Whole pages: nothing else lies in them that could be touched. */
static const struct page literals[PAGES] __attribute__((aligned(PAGE))) = {
	COLD(0), COLD(1), COLD(2),  COLD(3),  COLD(4),	COLD(5),  COLD(6),  COLD(7),
	COLD(8), COLD(9), COLD(10), COLD(11), COLD(12), COLD(13), COLD(14), COLD(15),
};

/* Pages that can be made cold. */
struct range {
	const char *start;
	int file;   /* -1: the program's own */
	bool evict; /* from memory too, not only from the page tables */
};

traced int cold(const char *text, int n)
{
	__asm__ volatile("" : : "r"(text));
	return n;
}

traced void mark(const char *text, int n)
{
	DTRACE_PROBE2(cold, text, text, n);
}

/* A fault maps the pages around it too, so all are forgotten before each use. */
static void chill(const struct range *range)
{
	madvise((void *)(uintptr_t)range->start, PAGES * PAGE, MADV_DONTNEED);
	if (range->evict)
		posix_fadvise(range->file, 0, 0, POSIX_FADV_DONTNEED);
}

/* Texts of odd pages begin before them: they run over the border between two cold pages. */
static size_t place(int n)
{
	return (size_t)n * PAGE - (n % 2 ? 8 : 0);
}

static void pass(const struct range *range, size_t at, int n, const char *copy)
{
	chill(range);
	cold(range->start + at, n);
	printf("expect cold:cold(text=\"%s\", n=%d) = %d\n", copy, n, n);
	chill(range);
	mark(range->start + at, n);
	printf("expect cold:text(\"%s\", %d)\n", copy, n);
}

/* A file of PAGES pages, mapped afresh. */
static bool map_file(const char *how, bool evict, struct range *ret)
{
	static char content[PAGES * PAGE];
	char path[] = "cold-XXXXXX";
	int file = mkstemp(path);
	if (file < 0)
		return false;
	unlink(path);
	memset(content, '.', sizeof(content));
	for (int i = 0; i < PAGES; i++)
		snprintf(content + place(i), 64, "%s file page %d", how, i);
	if (write(file, content, sizeof(content)) != sizeof(content) || fsync(file))
		return false;
	void *start = mmap(NULL, sizeof(content), PROT_READ, MAP_PRIVATE, file, 0);
	*ret = (struct range){.start = start, .file = file, .evict = evict};
	return start != MAP_FAILED;
}

static void pass_all(const struct range *own, const struct range *resident,
		     const struct range *evicted)
{
	for (int i = 0; i < PAGES; i++) {
		char copy[64];
		snprintf(copy, sizeof(copy), "literal in cold page %d", i);
		pass(own, (size_t)i * PAGE, i, copy);
		snprintf(copy, sizeof(copy), "resident file page %d", i);
		pass(resident, place(i), i, copy);
		snprintf(copy, sizeof(copy), "evicted file page %d", i);
		pass(evicted, place(i), i, copy);
	}
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	struct range own = {.start = literals[0].text, .file = -1}, resident, evicted;
	/* The compiler must not know where `own` leads, or it reads the texts when it is built. */
	__asm__ volatile("" : "+r"(own.start));
	bool correct =
		map_file("resident", false, &resident) && map_file("evicted", true, &evicted);
	if (correct)
		pass_all(&own, &resident, &evicted);
	/* Only now may the pages be read. */
	for (int i = 0; correct && i < PAGES; i++)
		correct = !strncmp(own.start + (size_t)i * PAGE, "literal in cold page ", 21);
	return sample_end(&sample, correct);
}
