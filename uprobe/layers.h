/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/layers.h — files of overlayfs that are one file to the kernel.
 *
 * What a process maps of overlayfs is the file of the layer where it lies (ovl_mmap() in
 * fs/overlayfs/file.c), and probes belong to that one (d_real_inode() in
 * kernel/trace/trace_uprobe.c and bpf_trace.c). Two containers of one image have one file for each
 * program, though its numbers differ; and one whose attributes were changed, and nothing else, may
 * be the same file as before, or a copy of it. Probed twice, each call would be told twice.
 * Nothing that user space is told of a file shows this. What shows it is the trap that the kernel
 * puts into each process that maps a probed file: so such files are mapped, and looked at.
 */
#ifndef UTRAIL_UPROBE_LAYERS_H
#define UTRAIL_UPROBE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

/* Puts a probe into our own process alone. Returns a descriptor, or a negative errno. */
struct layer_prober {
	int (*probe)(void *context, const struct image *image, uint64_t offset);
	void *context;
};

/* Can they be one file? Then it takes layers_share_file() to know. */
bool layers_may_share(const struct image *one, const struct image *other);

/* Are both one file below? `probed`: offsets of `one` that are probed in all processes, by us at
 * least. */
bool layers_share_file(const struct image *one, const uint64_t *probed, size_t count,
		       const struct image *other, const struct layer_prober *prober);

#endif
