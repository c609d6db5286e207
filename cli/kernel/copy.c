/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/copy.c — programs of which each place has its own. */
#include <errno.h>

#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "tracer.skel.h"

/* Calls without arguments are an alias of another function on x86-64, and BTF knows that one alone
 * (__SYS_STUB0 in arch/x86/include/asm/syscall_wrapper.h). */
static bool set_function(struct bpf_program *program, const char *call)
{
	static const char *const prefixes[] = {SYSCALL_FUNCTION, "__do_sys_"};
	char name[128];
	for (size_t i = 0; i < array_size(prefixes); i++) {
		snprintf(name, sizeof(name), "%s%s", prefixes[i], call);
		if (bpf_program__set_attach_target(program, 0, name) == 0)
			return true;
	}
	return false;
}

static struct err *copy(struct kernel *kernel, uint32_t site_id, const char *name, const char *call,
			struct bpf_program **ret)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	struct tracer **kept = array_push(&kernel->copies);
	if (!kept)
		return &err_nomem;
	struct tracer *skel = tracer__open_opts(loader_options(kernel->loader));
	*kept = skel;
	if (!skel)
		return kernel_load_failed(kernel, errno, "opening the BPF programs");
	struct bpf_program *program;
	bpf_object__for_each_program (program, skel->obj)
		bpf_program__set_autoload(program, false);
	*ret = bpf_object__find_program_by_name(skel->obj, name);
	bpf_program__set_autoload(*ret, true);
	if (call && !set_function(*ret, call))
		return kernel_load_failed(kernel, ESRCH, "looking for the function of a call");
	struct bpf_map *map;
	bpf_object__for_each_map (map, skel->obj) {
		struct bpf_map *shared =
			bpf_object__find_map_by_name(kernel->skel->obj, bpf_map__name(map));
		bool own =
			map == skel->maps.rodata ||
			(old && (map == skel->maps.task_spans || map == skel->maps.task_scratches ||
				 map == skel->maps.task_inner || map == skel->maps.task_where ||
				 map == skel->maps.task_words));
		/* One that was not created has a descriptor, too, of something else. */
		if (!own && shared && bpf_map__autocreate(shared))
			bpf_map__reuse_fd(map, bpf_map__fd(shared));
		else if (!own)
			bpf_map__set_autocreate(map, false); /* of what is not loaded */
	}
	if (old) {
		bpf_map__set_autocreate(skel->maps.task_spans, false);
		bpf_map__set_autocreate(skel->maps.task_scratches, false);
		bpf_map__set_autocreate(skel->maps.task_inner, false);
		bpf_map__set_autocreate(skel->maps.task_where, false);
		bpf_map__set_autocreate(skel->maps.task_words, false);
	}
	kernel_set_constants(kernel, skel);
	skel->rodata->old_site_id = site_id;
	int failed = tracer__load(skel);
	if (failed)
		return kernel_load_failed(kernel, -failed, "loading a BPF program for one place");
	return NULL;
}

struct err *kernel_copy_program(struct kernel *kernel, uint32_t site_id, const char *name,
				struct bpf_program **ret)
{
	return copy(kernel, site_id, name, NULL, ret);
}

struct err *kernel_copy_program_for(struct kernel *kernel, const char *name, const char *call,
				    struct bpf_program **ret)
{
	return copy(kernel, 0, name, call, ret);
}

void kernel_drop_copy(struct kernel *kernel)
{
	tracer__destroy(kernel->copies.items[--kernel->copies.count]);
}
