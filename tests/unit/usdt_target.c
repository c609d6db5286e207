/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/usdt_target.c — a program with markers of every kind of argument that C makes. Before
 * each marker it prints what the marker's arguments are, so that its output is the trace that it
 * must cause. Integers are printed in decimal with their sign, floats and pointers as their bits.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#if defined(__clang__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

/* Every marker has one once the header is told of semaphores. */
#define SEMAPHORE(name) \
	__extension__ unsigned short test_##name##_semaphore __attribute__((section(".probes")))
SEMAPHORE(widths);
SEMAPHORE(longs);
SEMAPHORE(text);
SEMAPHORE(indexed);
SEMAPHORE(floats);
SEMAPHORE(constants);
SEMAPHORE(globals);
SEMAPHORE(many);
SEMAPHORE(gated);
SEMAPHORE(twice);
SEMAPHORE(high);
SEMAPHORE(none);

static int counter = 41;
static short table[8] = {1, -2, 3, -4, 5, -6, 7, -8};
static struct {
	long a;
	int b;
	unsigned char c;
} settings = {-5, 6, 250};
int exported = -77;

static uint64_t bits(double value)
{
	uint64_t ret;
	memcpy(&ret, &value, sizeof(ret));
	return ret;
}

static uint32_t bits_of_float(float value)
{
	uint32_t ret;
	memcpy(&ret, &value, sizeof(ret));
	return ret;
}

static NOINLINE void widths(signed char a, unsigned char b, short c, unsigned short d, int e,
			    unsigned int f)
{
	printf("widths %d %u %d %u %d %u\n", a, b, c, d, e, f);
	STAP_PROBE6(test, widths, a, b, c, d, e, f);
}

static NOINLINE void longs(long a, unsigned long b)
{
	printf("longs %ld %lu\n", a, b);
	STAP_PROBE2(test, longs, a, b);
}

static NOINLINE void text(const char *line, const void *pointer)
{
	printf("text %" PRIuPTR " %" PRIuPTR "\n", (uintptr_t)line, (uintptr_t)pointer);
	STAP_PROBE2(test, text, line, pointer);
}

static NOINLINE void indexed(const int *items, long index, const char *bytes)
{
	printf("indexed %d %d %d\n", items[index], items[index + 1], bytes[index]);
	STAP_PROBE3(test, indexed, items[index], items[index + 1], bytes[index]);
}

static NOINLINE void floats(double wide, float narrow)
{
	double local = wide * 2;
	printf("floats %" PRIu64 " %" PRIu32 " %" PRIu64 "\n", bits(wide), bits_of_float(narrow),
	       bits(local));
	STAP_PROBE3(test, floats, wide, narrow, local);
}

static NOINLINE void constants(void)
{
	printf("constants %d %u %d %ld\n", -7, 4000000000u, 'x', -9000000000L);
	STAP_PROBE4(test, constants, -7, 4000000000u, (char)'x', -9000000000L);
}

static NOINLINE void globals(int index)
{
	counter++;
	settings.a *= 2;
	printf("globals %d %ld %d %u %d %d\n", counter, settings.a, settings.b, settings.c,
	       table[index], exported);
	STAP_PROBE6(test, globals, counter, settings.a, settings.b, settings.c, table[index],
		    exported);
}

static NOINLINE void many(int a, int b, int c, int d, int e, int f)
{
	int g = a + b, h = c - d, i = e * f, j = a - f, k = b * c, l = d + e;
	printf("many %d %d %d %d %d %d %d %d %d %d %d %d\n", a, b, c, d, e, f, g, h, i, j, k, l);
	STAP_PROBE12(test, many, a, b, c, d, e, f, g, h, i, j, k, l);
}

/* The work of preparing the argument is done only while somebody listens: the test says so. */
static NOINLINE void gated(int a)
{
	if (!*(volatile unsigned short *)&test_gated_semaphore)
		return;
	printf("gated %d\n", a);
	STAP_PROBE1(test, gated, a);
}

static inline __attribute__((always_inline)) void twice(long a)
{
	printf("twice %ld\n", a);
	STAP_PROBE1(test, twice, a);
}

/* Compilers do not pick %bh by themselves for such arguments; hand-written notes do. */
static NOINLINE void high(unsigned int a)
{
#if defined(__x86_64__)
	printf("high %u %d\n", a >> 8 & 255, (signed char)(a >> 8));
	/* The formatter would take the note's text apart. */
	/* clang-format off */
	__asm__ volatile("movl %0, %%ebx\n"
			 STAP_PROBE_ASM(test, high, 1@%%bh -1@%%bh)
			 :
			 : "r"(a)
			 : "ebx");
	/* clang-format on */
#endif
}

static NOINLINE void none(void)
{
	puts("none");
	STAP_PROBE(test, none);
}

int main(int argc, char **argv)
{
	int items[] = {10, -20, 30, -40};
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	widths((signed char)(-argc), (unsigned char)(250 + argc), (short)(-300 * argc),
	       (unsigned short)(65000 + argc), -100000 * argc, 4000000000u + (unsigned int)argc);
	longs(-5000000000L * argc, 0xfedcba9876543210u + (unsigned long)argc);
	text(argv[0], items);
	indexed(items, argc, "\xf0zyx");
	floats(3.25 * argc, -0.5f * (float)argc);
	constants();
	globals(argc + 2);
	globals(argc + 3);
	many(argc, 2, 3 * argc, 4, 5 * argc, 6);
	gated(argc + 9);
	twice(argc);
	items[2] = argc * 7;
	twice(items[2] + table[argc]);
	high(0x1234u * (unsigned int)argc + 0x8000u);
	none();
	return 0;
}
