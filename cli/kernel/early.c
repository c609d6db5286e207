/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/early.c — what of the kernel's side needs no plan, made while others are waited for.
 */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

#define STEPS 5

struct kernel_early {
	uint32_t ring_size;
	unsigned int steps; /* done */
	bool has_looked;
	struct loader *loader;
	struct tracer *skel;
	int ring;
	bool ring_is_used; /* by the kernel that was loaded */
	struct kernel_reader reader;
	struct ring_buffer *mapped; /* the ring's pages */
};

struct kernel_early *kernel_early_new(uint32_t ring_size, const struct kernel_reader *reader)
{
	struct kernel_early *early = calloc(1, sizeof(*early));
	if (early)
		*early = (struct kernel_early){
			.ring_size = ring_size, .ring = -1, .reader = *reader};
	return early;
}

/* The ring first: it needs nothing of libbpf, and the kernel takes the longest for it. */
bool kernel_early_step(void *context)
{
	struct kernel_early *early = context;
	/* There is a kernel already, or it was done. */
	if (early->steps >= STEPS)
		return false;
	kernel_listen();
	switch (early->steps++) {
	case 0:
		early->ring =
			bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, early->ring_size, NULL);
		break;
	case 1:
		if (early->ring >= 0)
			early->mapped = ring_buffer__new(early->ring, early->reader.on_record,
							 early->reader.context, NULL);
		break;
	case 2:
		err_free(loader_open(&early->loader));
		break;
	case 3:
		if (early->loader)
			early->skel = tracer__open_opts(loader_options(early->loader));
		break;
	case 4:
		if (early->skel) {
			struct err *e = loader_look(early->loader, early->skel->obj);
			early->has_looked = !e;
			err_free(e);
		}
		break;
	}
	return early->steps < STEPS;
}

/* What did not work is tried again, and tells why then. */
struct err *kernel_early_take(struct kernel_early *early, struct kernel *kernel)
{
	struct err *e = NULL;
	bool has_looked = early && early->has_looked;
	if (early) {
		early->steps = STEPS;
		kernel->loader = take_ptr(early->loader);
		kernel->skel = take_ptr(early->skel);
	}
	if (!kernel->loader)
		e = loader_open(&kernel->loader);
	if (e)
		return e;
	if (!kernel->skel)
		kernel->skel = tracer__open_opts(loader_options(kernel->loader));
	if (!kernel->skel)
		return kernel_load_failed(kernel, errno, "opening the BPF programs");
	/* libbpf keeps a descriptor of its own. */
	if (early && early->ring >= 0)
		early->ring_is_used = bpf_map__reuse_fd(kernel->skel->maps.ring, early->ring) == 0;
	return has_looked ? NULL : loader_look(kernel->loader, kernel->skel->obj);
}

struct ring_buffer *kernel_early_ring(struct kernel_early *early)
{
	return early && early->ring_is_used ? take_ptr(early->mapped) : NULL;
}

void kernel_early_close(struct kernel_early *early)
{
	if (!early)
		return;
	ring_buffer__free(early->mapped);
	tracer__destroy(early->skel);
	loader_close(early->loader);
	closep(&early->ring);
	free(early);
}
