/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults — hands over pointers to memory whose faults are the program's own business: a range that
 * is registered with userfaultfd(2) and served by nobody, and the gap below the stack. Whoever
 *reads there waits for ever, or makes the stack grow.
 *
 *	faults [-w] [-h]
 *
 * Counts: "told" faults that were told of, "grown" KiB that the stack has grown by, "skipped" when
 *the kernel has no userfaultfd.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "expect.h"

#define PAGE  4096
#define PAGES 8
#define GAP   (400 * 1024)

struct block {
	long number;
	const char *text;
	char bytes[64];
};

opaque int hand(const char *text, const struct block *block, int n)
{
	__asm__ volatile("" : : "r"(text), "r"(block) : "memory");
	return n;
}

static long stack_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *status = fopen("/proc/self/status", "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmStk: %ld kB", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

/* The first two pages are as any others; what faults in those behind them is told. */
static int watch(char *pages)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)pages + 2 * PAGE, (PAGES - 2) * PAGE},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
		return -1;
	return faults;
}

static unsigned int count_told(int faults)
{
	struct uffd_msg message;
	unsigned int told = 0;
	while (read(faults, &message, sizeof(message)) == sizeof(message))
		told++;
	return told;
}

int main(int argc, char **argv)
{
	char here = 0, *stack = &here;
	struct sample sample = sample_begin(argc, argv);
	char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	int faults = pages == MAP_FAILED ? -1 : watch(pages);
	if (faults < 0) {
		sample_count("skipped", 1);
		return sample_end(&sample, true);
	}
	/* Texts that end before the range, and one that goes on into it. */
	memset(pages + PAGE, 'a', PAGE);
	memcpy(pages + PAGE, "before", sizeof("before"));
	memcpy(pages + 2 * PAGE - sizeof("at its edge"), "at its edge", sizeof("at its edge"));
	long kib = stack_kib();
	__asm__ volatile("" : "+r"(stack));
	hand(pages + PAGE, NULL, 0);
	hand(pages + 2 * PAGE - sizeof("at its edge"), NULL, 1);
	pages[2 * PAGE - 1] = 'a';
	hand(pages + 2 * PAGE - 4, NULL, 2);
	for (int i = 3; i < PAGES; i++)
		hand(pages + i * PAGE, (const struct block *)(pages + (i - 1) * PAGE + 16), i);
	hand(stack - GAP, (const struct block *)(stack - GAP - PAGE), PAGES);
	sample_count("told", count_told(faults));
	sample_count("grown", (unsigned int)(stack_kib() - kib));
	return sample_end(&sample, true);
}
