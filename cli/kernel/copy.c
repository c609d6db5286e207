/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/copy.c — programs of which each place has its own. */
#include <errno.h>

#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "tracer.skel.h"

struct err *kernel_copy_program(struct kernel *kernel, uint32_t site_id, const char *name,
				struct bpf_program **ret)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	struct tracer **kept = array_push(&kernel->copies);
	if (!kept)
		return &err_nomem;
	struct tracer *copy = tracer__open_opts(loader_options(kernel->loader));
	*kept = copy;
	if (!copy)
		return kernel_load_failed(kernel, errno, "opening the BPF programs");
	struct bpf_program *program;
	bpf_object__for_each_program (program, copy->obj)
		bpf_program__set_autoload(program, false);
	*ret = bpf_object__find_program_by_name(copy->obj, name);
	bpf_program__set_autoload(*ret, true);
	struct bpf_map *map;
	bpf_object__for_each_map (map, copy->obj) {
		struct bpf_map *shared =
			bpf_object__find_map_by_name(kernel->skel->obj, bpf_map__name(map));
		bool own =
			map == copy->maps.rodata ||
			(old && (map == copy->maps.task_spans || map == copy->maps.task_scratches ||
				 map == copy->maps.task_inner || map == copy->maps.task_where));
		if (!own && shared && bpf_map__fd(shared) >= 0)
			bpf_map__reuse_fd(map, bpf_map__fd(shared));
		else if (!own)
			bpf_map__set_autocreate(map, false); /* of what is not loaded */
	}
	if (old) {
		bpf_map__set_autocreate(copy->maps.task_spans, false);
		bpf_map__set_autocreate(copy->maps.task_scratches, false);
		bpf_map__set_autocreate(copy->maps.task_inner, false);
		bpf_map__set_autocreate(copy->maps.task_where, false);
	}
	kernel_set_constants(kernel, copy);
	copy->rodata->old_site_id = site_id;
	int failed = tracer__load(copy);
	if (failed)
		return kernel_load_failed(kernel, -failed, "loading a BPF program for one place");
	return NULL;
}
