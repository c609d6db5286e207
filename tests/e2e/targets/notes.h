/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.h — USDT notes written by hand, as <sys/sdt.h> writes them, with operands of any form.
 * Format: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#ifndef UTRAIL_TESTS_NOTES_H
#define UTRAIL_TESTS_NOTES_H

#include "sample.h"

/* A nop and its note, as text for __asm__; `semaphore` is an expression, "0" for none. */
#define MARK_WITH(provider, name, operands, semaphore) \
	"\n990: nop\n" MARK_NOTE(provider, name, operands, semaphore)
/* A further note for the nop before. */
#define MARK_NOTE(provider, name, operands, semaphore)                            \
	".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                   \
	".4byte 992f-991f,994f-993f,3\n"                                          \
	"991: .asciz \"stapsdt\"\n992: .balign 4\n"                               \
	"993: .8byte 990b,_.stapsdt.base," semaphore "\n"                         \
	".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"" operands "\"\n" \
	"994: .balign 4\n.popsection\n"
#define MARK(name, operands) MARK_WITH("operands", #name, operands, "0")

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n");

#endif
