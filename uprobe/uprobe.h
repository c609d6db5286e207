/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/uprobe.h — probes on functions of programs and libraries: entry, return, offset, span.
 *
 * The kernel puts a breakpoint into the page cache's private copy of the file's text; at a hit it
 * runs our program, then either emulates the instruction under the breakpoint (push, nop, jmp,
 * call, jcc) or executes a copy of it out of line under single-step, which costs an order of
 * magnitude more. It checks nothing: an offset inside an instruction, or in data, is accepted and
 * corrupts the target. So this module decodes before it attaches, and chooses where to sit.
 *
 * A return can be seen in two ways. The kernel's return probe replaces the return address by a
 * trampoline: cheap, but exceptions, stack switching, Go and seccomp do not survive it. Probes on
 * the function's own `ret` instructions and tail jumps change nothing, but are single-stepped.
 * uprobe/safety.c decides which, and why.
 */
#ifndef UTRAIL_UPROBE_UPROBE_H
#define UTRAIL_UPROBE_UPROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "probe/probe.h"
#include "symbols/symbols.h"

/* --- decoding: what the instructions of a function are ------------------------------------- */

/* One decoded instruction that matters for placement. */
struct instruction {
	uint64_t address;
	uint8_t length;
	bool emulated;	  /* by the kernel's uprobes, instead of single-stepped */
	bool is_nop5;	  /* a 5-byte nop, which some kernels rewrite into a call */
	const char *text; /* "push %rbp", in the arena */
};

/*
 * Where the probe on a function's entry goes: its first instruction, or the one behind endbr64.
 * `ret->length` is 0 when none may go there, and *ret_why_not says why. `function` is one of the
 * image's own list. Fails for want of memory, or when the file cannot be read.
 */
struct err *uprobe_find_entry(struct image *image, const struct function *function,
			      struct arena *arena, struct instruction *ret,
			      const char **ret_why_not) must_check;

/* Is `offset` the start of an instruction of a function that spans it, by decoding from its start?
 * When not, *ret_why says why. */
struct err *code_check_boundary(struct image *image, uint64_t offset, struct arena *arena,
				bool *ret_ok, struct instruction *ret_instruction,
				const char **ret_why) must_check;

/*
 * For a place of which the file itself says that an instruction starts there (a USDT note), also in
 * files without symbols: does it lie inside of another instruction? Decoded from where the unwind
 * tables know that one starts, else along the flow of the function around it. *ret_inside is false
 * when neither is there: then nothing contradicts the file.
 */
struct err *code_contradicts(struct image *image, uint64_t offset, struct arena *arena,
			     bool *ret_inside) must_check;

/* --- safety: how a return may be seen ------------------------------------------------------- */

enum return_mode {
	RETURN_AUTO,
	RETURN_TRAMPOLINE,
	RETURN_SITE,
	/* As SITE, and a call belongs to its place on whichever stack that is, not to its thread:
	 * coroutines go on where others have begun */
	RETURN_STACK,
};

struct return_verdict {
	enum return_mode mode; /* TRAMPOLINE or SITE */
	const char *why;       /* "libstdc++.so.6 can throw through the frame" */
};

/* The system call of the trampoline, which a seccomp filter may not know, and the target's filters.
 */
enum return_filter {
	FILTER_HARMLESS, /* this kernel makes no such call, or shows it to no filter */
	FILTER_MAY_COME, /* it does, and no filter is in force yet */
	FILTER_IN_FORCE,
};

/* FILTER_HARMLESS or FILTER_MAY_COME, by the `release` that uname() tells. */
enum return_filter return_filter_of(const char *release);

/*
 * Proves, or fails to prove, that the trampoline is safe in a process that has these images mapped.
 * `unknown_modules`: the list is not complete (no process given, or libraries may come later).
 */
struct err *return_prove(struct image *const *images, size_t n_images, enum return_filter filter,
			 bool unknown_modules, struct arena *arena,
			 struct return_verdict *ret) must_check;

/* Does a program switch the stacks of a thread by one of the usual means, or by code of its own
 * that is recognised? The name of the function that it does it by, which lasts as long as the
 * image; NULL: by none. Goroutines are not meant. */
const char *uprobe_switches_stacks(struct image *image);

/* --- probes --------------------------------------------------------------------------------- */

struct uprobe_options {
	enum return_mode return_mode; /* never AUTO: the verdict */
	const char *return_why;
	bool return_forced; /* the trampoline was asked for: use it where calls may nest too deep */
	bool keep_go;	    /* the kernel must know all calls in Go: see SITE_GO_KEPT */
	const char *no_kept_go; /* why it can know none; NULL: it can */
	size_t max_probes;	/* more matches than this: an error, nothing added */
};

/*
 * Adds the functions of `image` that the spec (CALL, UPROBE, URETPROBE) matches, shown under
 * `module`. Adds nothing and returns NULL when none match. A function that cannot be probed safely
 * is an error when it was named exactly, and a note in the set when a glob found it. Types given
 * by hand stay the spec's, which must live as long as the set.
 */
struct err *uprobe_add_probes(struct probe_set *set, struct image *image, const char *module,
			      const struct spec *spec,
			      const struct uprobe_options *options) must_check;

/*
 * Adds the places where the longjmp() that an image defines goes on with its target's stack
 * pointer: SITE_CATCH. None, without an error, when it defines none, or one of unknown form.
 */
struct err *uprobe_add_longjmp(struct probe_set *set, struct image *image,
			       const char *module) must_check;
/* Does anything in it call that, by what it imports or, linked statically, has? */
bool uprobe_may_longjmp(struct image *image);

/*
 * The trampoline is not safe any more: the spans that use it get sites at their `ret` instructions,
 * appended to the set; where there can be none, a note, and their returns are not seen. To be
 * attached before the kernel's return probes are taken out, and the entries' rows written anew.
 */
struct err *uprobe_use_return_sites(struct probe_set *set, const char *why) must_check;

#endif
