/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt-args — markers with every sort of argument, and the values a tracer must show.
 *
 * The compiler decides where an argument of DTRACE_PROBE lives: a constant becomes "-4@$7", a
 * variable "-4@%eax" or "-8@16(%rsp)", a global "4@total(%rip)". `readelf -n` lists the places.
 * usdt-shapes.c has the forms that compilers seldom choose.
 *
 *	usdt-args [-w] [-h] [ROUNDS]
 */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "sample.h"

/* With _SDT_HAS_SEMAPHORES, each marker names a counter PROVIDER_NAME_semaphore. */
#define SEMAPHORE(name) \
	unsigned short demo_##name##_semaphore __attribute__((section(".probes"), used))
SEMAPHORE(empty);
SEMAPHORE(signed);
SEMAPHORE(unsigned);
SEMAPHORE(constants);
SEMAPHORE(wide);
SEMAPHORE(strings);
SEMAPHORE(floats);
SEMAPHORE(globals);
SEMAPHORE(members);
SEMAPHORE(twice);
SEMAPHORE(twelve);
SEMAPHORE(query__start);
SEMAPHORE(guarded);

/* Hides a value from the optimiser, so that it is no constant. */
#define opaque(value)                                  \
	({                                             \
		__typeof__(value) opaque_ = (value);   \
		__asm__ volatile("" : "+rm"(opaque_)); \
		opaque_;                               \
	})

/* Not static: else the compiler would see that it never changes, and make it a constant. */
int32_t global_i32 = -70000;
uint64_t global_table[4] = {11, 22, 33, 44};

struct order {
	char item[8];
	int16_t amount;
	uint32_t price;
	int64_t total;
};

static traced void fire_numbers(void)
{
	DTRACE_PROBE(demo, empty);
	printf("expect demo:empty()\n");
	DTRACE_PROBE4(demo, signed, opaque((int8_t)-128), opaque((int16_t)-32768),
		      opaque((int32_t)INT32_MIN), opaque((int64_t)INT64_MIN));
	printf("expect demo:signed(-128, -32768, -2147483648, -9223372036854775808)\n");
	DTRACE_PROBE4(demo, unsigned, opaque((uint8_t)255), opaque((uint16_t)65535),
		      opaque((uint32_t)UINT32_MAX), opaque((uint64_t)UINT64_MAX));
	printf("expect demo:unsigned(255, 65535, 4294967295, 18446744073709551615)\n");
	DTRACE_PROBE5(demo, constants, 0, -1, 7u, (int8_t)-5, 'x');
	printf("expect demo:constants(0, -1, 7, -5, 120)\n");
	DTRACE_PROBE3(demo, wide, INT64_MIN, UINT64_MAX, (1ull << 53) + 1);
	printf("expect demo:wide(-9223372036854775808, 18446744073709551615, 9007199254740993)\n");
}

static traced void fire_strings(const char *heap)
{
	char stack[] = "on the stack";
	const char *none = opaque((const char *)NULL);
	__asm__ volatile("" : : "r"(stack) : "memory");
	DTRACE_PROBE5(demo, strings, opaque((const char *)"a literal"), opaque(&stack[0]), heap,
		      opaque((const char *)""), none);
	printf("expect demo:strings(\"a literal\", \"on the stack\", \"on the heap\", \"\", NULL)\n");
}

static traced void fire_floats(void)
{
	DTRACE_PROBE2(demo, floats, opaque(1.5f), opaque(-2.25));
	printf("expect demo:floats(1.5, -2.25)\n");
}

static traced void fire_memory(struct order *order, long i)
{
	DTRACE_PROBE2(demo, globals, global_i32, global_table[i]);
	printf("expect demo:globals(-70000, %d)\n", 33);
	DTRACE_PROBE3(demo, members, order->amount, order->price, order->total);
	printf("expect demo:members(-12, 4000000000, -48000000000)\n");
}

/* One marker, compiled in twice: the operands belong to the place, not to the marker. */
static inline __attribute__((always_inline)) void fire_twice(int place, long value)
{
	DTRACE_PROBE2(demo, twice, place, value);
	printf("expect demo:twice(%d, %ld)\n", place, value);
}

static traced void fire_first(void)
{
	fire_twice(1, 100);
}

static traced void fire_second(int unused, long value)
{
	(void)unused;
	fire_twice(2, value);
}

static traced void fire_many(long a, long b)
{
	int8_t c = opaque((int8_t)-3);
	DTRACE_PROBE12(demo, twelve, a, b, c, 4, a + 4, b + 4, (short)7, 8u, a * 9, 10, opaque(11),
		       b * 6);
	printf("expect demo:twelve(1, 2, -3, 4, 5, 6, 7, 8, 9, 10, 11, 12)\n");
	DTRACE_PROBE1(demo, query__start, a);
	printf("expect demo:query__start(1)\n");
}

/* Work that is done only while somebody listens. Returns whether it was. */
static traced bool fire_guarded(int round)
{
	if (!__builtin_expect(*(volatile unsigned short *)&demo_guarded_semaphore, 0))
		return false;
	DTRACE_PROBE1(demo, guarded, round);
	printf("expect demo:guarded(%d)\n", round);
	return true;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1);
	unsigned long guarded = 0;
	char *heap = strdup("on the heap");
	struct order order = {.item = "tea", .amount = -12, .price = 4000000000u};
	order.total = (int64_t)order.amount * (int64_t)order.price;

	for (long i = 0; i < rounds; i++) {
		fire_numbers();
		fire_strings(heap);
		fire_floats();
		fire_memory(&order, 2);
		fire_first();
		fire_second(0, 200);
		fire_many(1, 2);
		guarded += fire_guarded((int)i);
	}
	free(heap);
	sample_count("guarded", guarded);
	fflush(stdout);
	int status = sample_end(&sample, global_table[2] == 33 && global_i32 == -70000);
	/* Told after the hold: by then the tracer may have gone, and must have lowered it again. */
	sample_count("semaphore", *(volatile unsigned short *)&demo_guarded_semaphore);
	return status;
}
