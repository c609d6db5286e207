/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/loader.h — loads a BPF object without having libbpf read the kernel's BTF.
 *
 * libbpf needs it for two things, and is spared both: relocations (CO-RE) read a small file with
 * what the object asks for instead, and programs of the types tp_btf and iter get the number of
 * what they attach to from us. An object with more than that is still loaded right: libbpf then
 * reads all of it after all.
 */
#ifndef UTRAIL_CLI_KERNEL_LOADER_H
#define UTRAIL_CLI_KERNEL_LOADER_H

#include <stdint.h>

#include "common/err.h"

struct bpf_object;
struct bpf_object_skeleton;
struct bpf_object_open_opts;
struct loader;

/* To be opened before the object, and closed after the last program of it was loaded. One at a
 * time: libbpf keeps what is registered here for the whole process. */
struct err *loader_open(struct loader **ret) must_check;
void loader_close(struct loader *loader);
void loader_closep(struct loader **loader);
/* What the object is opened with; valid as long as the loader. */
const struct bpf_object_open_opts *loader_options(const struct loader *loader);
/* Looks up what the object needs, before it is loaded; once, copies of it need the same. */
struct err *loader_look(struct loader *loader, const struct bpf_object *object) must_check;
/* Loads an object that was opened with these options; without what the programs never run with its
 * constants (cli/kernel/trim.h). Returns 0 or -errno, as bpf_object__load_skeleton() does. */
int loader_load(struct loader *loader, struct bpf_object_skeleton *skeleton);
/* Without the kernel's own one, which comes first; 0: not known. Of those that differ from kernel
 * to kernel: block_bio_queue and block_rq_issue. */
uint32_t loader_tracepoint_arguments(const struct loader *loader, const char *name);

#endif
