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

#include <stdbool.h>
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
	uint64_t semaphore;	   /* its address, likewise; 0: none */
	uint64_t semaphore_offset; /* in the file, 0: none */
	/* Why no probe may sit here: "not in executable text", "not a nop". NULL: fine. */
	const char *refused;
	/* Bytes of the nop; 5 on x86-64 is one that some kernels rewrite: struct usdt_options. */
	uint8_t nop_length;
};

struct usdt_options {
	/*
	 * Accept sites on a 5-byte nop. A kernel that turns it into a call destroys the red zone of
	 * the function around it; only for kernels on which a self-test has shown that they do not.
	 */
	bool allow_nop5;
	/*
	 * What speaks against a site that is on a nop all the same: sets *ret_why, or leaves it.
	 * Told by decoding what is around it, which is the business of another module. NULL: do
	 * without.
	 */
	struct err *(*check)(void *context, struct image *image, uint64_t offset,
			     const char **ret_why);
	void *check_context;
};

/*
 * All markers of an image, in the order of their notes. A file without notes yields none, without
 * an error; a note that is malformed, or of another owner or type, is skipped and counted in
 * *ret_malformed. A well-formed note that names a place unfit for a probe is there, with `refused`
 * (and offset 0 when the place is not in the file at all).
 */
struct err *usdt_notes(struct image *image, struct arena *arena, const struct usdt_note **ret,
		       size_t *ret_count, size_t *ret_malformed) must_check;

/* More operands than this are not looked at; <sys/sdt.h> makes 12 at most. */
#define USDT_OPERANDS_MAX 128

struct usdt_operand {
	int size;	   /* bytes, 1 to any; 0 when not even that could be read */
	bool size_assumed; /* the note gives no size: 8 */
	bool is_signed;
	bool is_float;		    /* the bits are those of a float or double */
	struct fetch_source source; /* .unavailable says why it cannot be read */
	const char *text;	    /* this operand alone, as in the note */
};

/*
 * Splits an operand string and compiles each operand for a machine (elf.h's EM_X86_64,
 * EM_AARCH64); never fails on unreadable operands: those are marked. `image` resolves the symbols
 * of `sym(%rip)`, relative to the note's address; either may be NULL, then these are unreadable.
 */
struct err *usdt_operands(const char *operands, unsigned int machine, struct image *image,
			  const struct usdt_note *note, struct arena *arena,
			  const struct usdt_operand **ret, size_t *ret_count) must_check;

struct usdt_operands {
	const struct usdt_operand *items;
	size_t count;
};

/* The same for notes of an image; its file is read where it is read. ret[]: one for each note. */
struct err *usdt_operands_of(struct image *image, const struct usdt_note *const *notes,
			     size_t count, struct arena *arena,
			     struct usdt_operands *ret) must_check;

/*
 * The arguments as they are shown when the user gives no types: names and types of the table of
 * well-known markers, else "arg1" and an integer of the operand's size. One for each operand.
 */
struct err *usdt_parameters(const struct usdt_note *note, const struct usdt_operand *operands,
			    size_t count, struct arena *arena,
			    const struct parameter **ret) must_check;

/* Do two notes tell of places of one marker? */
bool usdt_same_marker(const struct usdt_note *a, const struct usdt_note *b);

/* Does the spec mean this marker? "query-start" and "query__start" are the same, in both parts. */
bool usdt_matches(const struct spec *spec, const char *provider, const char *name);

/*
 * Adds the probes of `image` that the spec (kind USDT) matches, shown under `module`. Adds nothing
 * and returns NULL when none match: whether that is an error is the caller's to say. A site that
 * must not be probed is left out with a note in the set, as are malformed notes. `options` NULL:
 * the safe defaults.
 */
struct err *usdt_add_probes(struct probe_set *set, struct image *image, const char *module,
			    const struct spec *spec, const struct usdt_options *options) must_check;

#endif
