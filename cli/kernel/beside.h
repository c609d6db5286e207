/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/beside.h — one program is loaded by a thread, beside libbpf, which loads the others.
 *
 * The verifier takes milliseconds for a large program, and the kernel runs as many of them at once
 * as there are processors; libbpf loads one after the other. In it the program is one that does
 * nothing until both are done; then its descriptor is the right program's.
 */
#ifndef UTRAIL_CLI_KERNEL_BESIDE_H
#define UTRAIL_CLI_KERNEL_BESIDE_H

#include <stdbool.h>

struct beside;
struct bpf_prog_load_opts;
struct bpf_program;

/* To be called where libbpf is about to load `program` with `options`, which it then does with
 * less. NULL: nothing is done beside, and nothing was changed. */
struct beside *beside_start(struct bpf_program *program, struct bpf_prog_load_opts *options);
/* After libbpf has loaded its object. 0, or -errno of the program that was loaded beside. */
int beside_finish(struct beside *beside);
/* Instead, where libbpf failed. NULL is fine. */
void beside_abandon(struct beside *beside);

#endif
