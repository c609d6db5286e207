/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/copy.c — programs of which each place has its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

/* Calls without arguments are an alias of another function on x86-64, and BTF knows that one alone
 * (__SYS_STUB0 in arch/x86/include/asm/syscall_wrapper.h). */
static bool set_call(struct bpf_program *program, const char *call)
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

/* What a copy is attached to by its name, as fentry and fexit are. */
struct goal {
	const char *function, *call; /* one of them, or none */
};

static bool set_goal(struct bpf_program *program, const struct goal *goal)
{
	if (goal->function)
		return bpf_program__set_attach_target(program, 0, goal->function) == 0;
	return !goal->call || set_call(program, goal->call);
}

/* A new thing for what is not shared; the others are those of the first object. */
static void share_maps(const struct kernel *kernel, struct tracer *skel)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	struct bpf_map *map;
	bpf_object__for_each_map (map, skel->obj) {
		struct bpf_map *shared =
			bpf_object__find_map_by_name(kernel->skel->obj, bpf_map__name(map));
		bool unknown_here =
			old && (map == skel->maps.task_spans || map == skel->maps.task_scratches ||
				map == skel->maps.task_inner || map == skel->maps.task_where ||
				map == skel->maps.task_words);
		if (map == skel->maps.rodata)
			continue;
		/* One that was not created has a descriptor, too, of something else. */
		if (!unknown_here && shared && bpf_map__autocreate(shared))
			bpf_map__reuse_fd(map, bpf_map__fd(shared));
		else
			bpf_map__set_autocreate(map, false); /* of what is not loaded */
	}
}

static void skeleton_closep(struct tracer **skel)
{
	tracer__destroy(*skel);
}

/* An object has descriptors for all of its maps: a dozen of them would not fit into a process. */
static struct err *keep_program(struct kernel *kernel, const struct bpf_program *program,
				enum kernel_group group, int *ret)
{
	struct copied_program *kept = array_push(&kernel->copies);
	if (!kept)
		return &err_nomem;
	*ret = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
	*kept = (struct copied_program){.fd = *ret, .group = group};
	return *ret >= 0 ? NULL
			 : kernel_load_failed(kernel, errno, "keeping a program for one place");
}

static struct err *copy(struct kernel *kernel, uint32_t site_id, const char *name,
			const struct goal *goal, enum kernel_group group, int *ret)
{
	_cleanup_(skeleton_closep) struct tracer *skel =
		tracer__open_opts(loader_options(kernel->loader));
	if (!skel)
		return kernel_load_failed(kernel, errno, "opening the BPF programs");
	struct bpf_program *program;
	bpf_object__for_each_program (program, skel->obj)
		bpf_program__set_autoload(program, false);
	program = bpf_object__find_program_by_name(skel->obj, name);
	bpf_program__set_autoload(program, true);
	if (!set_goal(program, goal))
		return kernel_load_failed(kernel, ESRCH, "looking for a function of the kernel");
	share_maps(kernel, skel);
	kernel_set_constants(kernel, skel);
	skel->rodata->old_site_id = site_id;
	int failed = loader_load(kernel->loader, skel->skeleton);
	if (failed)
		return kernel_load_failed(kernel, -failed, "loading a BPF program for one place");
	return keep_program(kernel, program, group, ret);
}

struct err *kernel_copy_program(struct kernel *kernel, uint32_t site_id, const char *name,
				const char *function, enum kernel_group group, int *ret)
{
	return copy(kernel, site_id, name, &(struct goal){.function = function}, group, ret);
}

struct err *kernel_copy_program_for(struct kernel *kernel, const char *name, const char *call,
				    int *ret)
{
	return copy(kernel, 0, name, &(struct goal){.call = call}, KERNEL_SYSCALLS, ret);
}

void copies_deinit(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->copies.count; i++)
		closep(&kernel->copies.items[i].fd);
	free(kernel->copies.items);
}
