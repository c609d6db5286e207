/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/early.c — what of the kernel's side needs no plan, made while that is.
 */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "common/thread.h"
#include "tracer.skel.h"

struct kernel_early {
	uint32_t ring_size;
	struct thread *thread; /* that makes what follows; NULL: it has */
	bool has_looked;
	struct loader *loader;
	struct tracer *skel;
	int ring;
	bool ring_is_used; /* by the kernel that was loaded */
	struct kernel_reader reader;
	struct ring_buffer *mapped; /* the ring's pages */
};

/* The ring first: it needs nothing of libbpf, and the kernel takes the longest for it. */
static void make(void *context)
{
	struct kernel_early *early = context;
	kernel_listen();
	early->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, early->ring_size, NULL);
	if (early->ring >= 0)
		early->mapped = ring_buffer__new(early->ring, early->reader.on_record,
						 early->reader.context, NULL);
	err_free(loader_open(&early->loader));
	if (early->loader)
		early->skel = tracer__open_opts(loader_options(early->loader));
	if (early->skel) {
		struct err *e = loader_look(early->loader, early->skel->obj);
		early->has_looked = !e;
		err_free(e);
	}
}

struct kernel_early *kernel_early_new(uint32_t ring_size, const struct kernel_reader *reader)
{
	struct kernel_early *early = calloc(1, sizeof(*early));
	if (!early)
		return NULL;
	*early = (struct kernel_early){.ring_size = ring_size, .ring = -1, .reader = *reader};
	early->thread = thread_start(make, early);
	return early;
}

/* What did not work is tried again, and tells why then. */
struct err *kernel_early_take(struct kernel_early *early, struct kernel *kernel)
{
	struct err *e = NULL;
	if (early)
		thread_join(take_ptr(early->thread));
	bool has_looked = early && early->has_looked;
	if (early) {
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
	thread_join(early->thread);
	ring_buffer__free(early->mapped);
	tracer__destroy(early->skel);
	loader_close(early->loader);
	closep(&early->ring);
	free(early);
}
