/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt-plugin — a marker with several places, each of which has its own semaphore, as the markers
 * of Rust's `probe` crate do; a program tests the one of the place before it goes there. The last
 * but one lies in ordinary data, the last place has none. Part of a program, or a library that
 * usdt-loader.c loads.
 */
#include "notes.h"

#ifdef __x86_64__
#define ARGUMENT "-8@%rdi"
#else
#define ARGUMENT "-8@x0"
#endif

#define SEMAPHORE(n, section_name) \
	volatile unsigned short each_semaphore_##n __attribute__((section(section_name), used)) = 0
SEMAPHORE(0, ".probes");
SEMAPHORE(1, ".probes");
SEMAPHORE(2, ".probes");
SEMAPHORE(3, ".data");

#define PLACE(n, semaphore)                                                                     \
	void each_place_##n(long);                                                              \
	__asm__(".text\n.p2align 4\n.globl each_place_" #n "\n.type each_place_" #n             \
		",@function\neach_place_" #n                                                    \
		":\n" MARK_WITH("each", "hit", ARGUMENT, semaphore) "ret\n.size each_place_" #n \
								    ",.-each_place_" #n "\n")
PLACE(0, "each_semaphore_0");
PLACE(1, "each_semaphore_1");
PLACE(2, "each_semaphore_2");
PLACE(3, "each_semaphore_3");
PLACE(4, "0");

/* Two markers at one place: what is left when a linker folds equal functions into one. */
void each_shared(long);
__asm__(".text\n.p2align 4\n.globl each_shared\n.type each_shared,@function\neach_shared:\n" MARK_WITH(
	"each", "shared_a", ARGUMENT, "0") MARK_NOTE("each", "shared_b", ARGUMENT,
						     "0") "ret\n.size each_shared,.-each_shared\n");

void plugin_fire(long round, unsigned long counts[5]);
unsigned int plugin_semaphores(void);

void plugin_fire(long round, unsigned long counts[5])
{
	static void (*const places[])(long) = {each_place_0, each_place_1, each_place_2,
					       each_place_3};
	const unsigned short now[] = {each_semaphore_0, each_semaphore_1, each_semaphore_2,
				      each_semaphore_3};
	for (int i = 0; i < 4; i++)
		if (now[i]) {
			places[i](10 * round + i);
			counts[i]++;
		}
	each_place_4(10 * round + 4);
	counts[4]++;
	each_shared(round);
}

/* Their sum. */
unsigned int plugin_semaphores(void)
{
	return (unsigned int)each_semaphore_0 + each_semaphore_1 + each_semaphore_2 +
	       each_semaphore_3;
}
