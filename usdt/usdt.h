/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/usdt.h — static markers that a program carries: DTRACE_PROBE(provider, name, args...).
 *
 * <sys/sdt.h> compiles a marker into one nop and an ELF note in .note.stapsdt (owner "stapsdt",
 * type 3) that holds: the nop's address, the address of .stapsdt.base at link time (to notice that
 * prelink moved the file), the address of a semaphore (0: none), and three strings: provider, name,
 * and where each argument is at that place ("8@%rdi -4@-20(%rbp)"). The same marker inlined twice
 * has two notes with different operands: the operands belong to the site.
 *
 * A semaphore is a 16-bit counter that the program tests to skip the work of preparing arguments;
 * the kernel raises it while a probe with ref_ctr_offset is attached.
 *
 * Format: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#ifndef UTRAIL_USDT_USDT_H
#define UTRAIL_USDT_USDT_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "probe/compile.h"
#include "probe/probe.h"
#include "symbols/symbols.h"

struct usdt_note {
	const char *provider, *name;
	const char *operands;	   /* as in the note, "" for none */
	uint64_t address;	   /* of the nop, prelink-adjusted */
	uint64_t offset;	   /* of the nop, in the file */
	uint64_t semaphore_offset; /* in the file, 0: none */
};

/*
 * All markers of an image, in the order of their notes. A file without notes yields none, without
 * an error; a malformed note is skipped and counted in *ret_malformed.
 */
struct err *usdt_notes(struct image *image, struct arena *arena, const struct usdt_note **ret,
		       size_t *ret_count, size_t *ret_malformed) must_check;

struct usdt_operand {
	int size; /* bytes, 1 to any; 8 assumed when missing */
	bool is_signed;
	bool is_float;
	struct fetch_source source; /* .unavailable says why it cannot be read */
	const char *text;	    /* this operand alone, as in the note */
};

/*
 * Splits an operand string and compiles each operand for the image's machine; never fails on
 * unreadable operands: those are marked. `image` resolves symbols of `sym(%rip)`; may be NULL.
 */
struct err *usdt_operands(const char *operands, unsigned int machine, struct image *image,
			  const struct usdt_note *note, struct arena *arena,
			  const struct usdt_operand **ret, size_t *ret_count) must_check;

/*
 * Adds the probes of `image` that the spec (kind USDT) matches, shown under `module`. Adds nothing
 * and returns NULL when none match: whether that is an error is the caller's to say.
 */
struct err *usdt_add_probes(struct probe_set *set, struct image *image, const char *module,
			    const struct spec *spec) must_check;

#endif
