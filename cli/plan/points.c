/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/points.c — what specs mean in the kernel. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "cli/plan/plan.h"
#include "common/cleanup.h"
#include "kernel/function_groups.h"
#include "kernel/functions.h"
#include "kernel/point.h"
#include "kernel/tracepoints.h"
#include "probe/kernel_btf.h"

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

void points_forget_types(struct plan *plan)
{
	btf__free(plan->types);
	plan->types = NULL;
}

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Ten milliseconds: once for all specs. */
static struct err *load_btf(struct plan *plan, struct btf **ret)
{
	if (access(KERNEL_BTF_PATH, R_OK) != 0)
		return kernel_btf_missing();
	if (!plan->types)
		plan->types = btf__load_vmlinux_btf();
	*ret = plan->types;
	if (*ret)
		return NULL;
	return err_hint(err_new(ERR_UNSUPPORTED, errno, "the kernel's types (BTF) cannot be read"),
			"see 'utrail check'");
}

static struct err *add_raw(const struct options *options, struct plan *plan,
			   const struct spec *spec)
{
	struct btf *btf;
	struct err *e = load_btf(plan, &btf);
	return e ? e : raw_tracepoints_add_probes(&plan->set, spec, btf, options->max_probes);
}

/* What a spec has led to so far. */
static size_t made(const struct plan *plan)
{
	return plan->set.probes.count + plan->set.repeated;
}

#define TYPES_OF_MODULES "/sys/kernel/btf"

/* What the kernel itself has not, one of its modules may have; each has types of its own (5.11). */
static struct err *add_of_modules(const struct options *options, struct plan *plan,
				  const struct spec *spec, struct btf *kernel,
				  const struct function_forms *forms)
{
	bool is_group = spec->name_kind == SPEC_NAME_CLASS;
	_cleanup_(closedirp) DIR *directory = opendir(TYPES_OF_MODULES);
	struct err *e = NULL;
	const struct dirent *entry;
	while (!e && directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "vmlinux") == 0 ||
		    (is_group && !function_group_is_in(spec->name, entry->d_name)))
			continue;
		_cleanup_(btf_freep) struct btf *btf = btf__load_module_btf(entry->d_name, kernel);
		if (btf)
			e = functions_add_probes(&plan->set, spec, btf, forms, options->max_probes);
	}
	return e;
}

static struct err *no_group(const struct spec *spec)
{
	return err_hint(
		err_new(ERR_USAGE, 0, "'%s': no such group of functions of the kernel", spec->text),
		"groups are %s", function_groups_all());
}

static struct err *add_functions(const struct options *options, struct plan *plan,
				 const struct spec *spec)
{
	struct btf *btf;
	struct function_forms forms;
	size_t before = made(plan);
	if (spec->name_kind == SPEC_NAME_CLASS && !function_group_exists(spec->name))
		return no_group(spec);
	struct err *e = load_btf(plan, &btf);
	if (e)
		return e;
	function_forms_detect(btf, &forms);
	e = functions_add_probes(&plan->set, spec, btf, &forms, options->max_probes);
	return e || made(plan) != before ? e : add_of_modules(options, plan, spec, btf, &forms);
}

static struct err *add_points(const struct options *options, struct plan *plan,
			      const struct spec *spec)
{
	const char *directory;
	struct err *e = tracepoints_directory(&plan->set, &directory);
	return e ? e : tracepoints_add_probes(&plan->set, spec, directory, options->max_probes);
}

static struct err *no_match(const struct spec *spec)
{
	if (spec->kind == PROBE_RAWTRACEPOINT)
		return err_hint(
			err_why(err_new(ERR_USAGE, 0, "'%s': no such tracepoint", spec->text),
				"the kernel's BTF has none of that name"),
			"those of tracefs: 'ls /sys/kernel/tracing/events'");
	if (spec->kind != PROBE_TRACEPOINT && spec->name_kind == SPEC_NAME_CLASS)
		return err_hint(err_why(err_new(ERR_USAGE, 0,
						"'%s': this kernel has no function of that group",
						spec->text),
					"neither its own types have any, nor those of its modules"),
				"a file system that is a module is there when it is mounted: "
				"'ls " TYPES_OF_MODULES "'");
	if (spec->kind != PROBE_TRACEPOINT)
		return err_hint(
			err_why(err_new(ERR_USAGE, 0, "'%s': no such function", spec->text),
				"neither the kernel's BTF nor that of a module has one of that name"),
			"the kernel's own names are in /proc/kallsyms; those that the compiler "
			"has put into others cannot be probed");
	return err_hint(err_new(ERR_USAGE, 0, "'%s': no such tracepoint", spec->text),
			"they are in /sys/kernel/tracing/events: 'tracepoint:CATEGORY:NAME'");
}

struct err *points_add_spec(const struct options *options, struct plan *plan,
			    const struct spec *spec)
{
	size_t before = made(plan);
	if (spec->negated) {
		point_remove(&plan->set, spec);
		return NULL;
	}
	struct err *e = spec->kind == PROBE_RAWTRACEPOINT ? add_raw(options, plan, spec)
			: spec->kind == PROBE_TRACEPOINT  ? add_points(options, plan, spec)
							  : add_functions(options, plan, spec);
	if (!e && made(plan) == before && !spec->optional)
		e = no_match(spec);
	return e;
}
