/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lying-semaphore — many markers with a semaphore, and one nop that two of them share, each with
 * a semaphore of its own: what the kernel refuses, and only when it is asked to attach there.
 *
 *	lying-semaphore [-w]
 */
#include "notes.h"

__asm__(".pushsection .probes,\"aw\",\"progbits\"\n.balign 2\n"
	"one_semaphore: .2byte 0\nother_semaphore: .2byte 0\n.popsection\n");

#define ONE(name)   MARK_WITH("lies", #name, "", "one_semaphore")
#define OTHER(name) MARK_NOTE("lies", #name, "", "other_semaphore")

static traced void work(void)
{
	__asm__ volatile(ONE(a) ONE(b) ONE(c) ONE(d) ONE(e) ONE(f));
	__asm__ volatile(ONE(g) ONE(h) ONE(shared) OTHER(odd) ONE(i) ONE(j) ONE(k));
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	work();
	return sample_end(&sample, true);
}
