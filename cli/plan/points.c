/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/points.c — what specs mean in the kernel. */
#include <errno.h>

#include <bpf/btf.h>

#include "cli/plan/plan.h"
#include "common/cleanup.h"
#include "kernel/functions.h"
#include "kernel/point.h"
#include "kernel/tracepoints.h"

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

static struct err *load_btf(struct btf **ret)
{
	*ret = btf__load_vmlinux_btf();
	if (*ret)
		return NULL;
	return err_hint(err_new(ERR_UNSUPPORTED, errno, "the kernel's types (BTF) cannot be read"),
			"see 'utrail check'");
}

static struct err *add_raw(const struct options *options, struct plan *plan,
			   const struct spec *spec)
{
	_cleanup_(btf_freep) struct btf *btf = NULL;
	struct err *e = load_btf(&btf);
	return e ? e : raw_tracepoints_add_probes(&plan->set, spec, btf, options->max_probes);
}

static struct err *add_functions(const struct options *options, struct plan *plan,
				 const struct spec *spec)
{
	_cleanup_(btf_freep) struct btf *btf = NULL;
	uint32_t type;
	struct err *e = functions_event_type(&type);
	e = e ? e : load_btf(&btf);
	return e ? e : functions_add_probes(&plan->set, spec, btf, options->max_probes);
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
	if (spec->kind != PROBE_TRACEPOINT)
		return err_hint(
			err_why(err_new(ERR_USAGE, 0, "'%s': no such function", spec->text),
				"the kernel's BTF has none of that name"),
			"the kernel's own names are in /proc/kallsyms; those that the compiler "
			"has put into others cannot be probed");
	return err_hint(err_new(ERR_USAGE, 0, "'%s': no such tracepoint", spec->text),
			"they are in /sys/kernel/tracing/events: 'tracepoint:CATEGORY:NAME'");
}

struct err *points_add_spec(const struct options *options, struct plan *plan,
			    const struct spec *spec)
{
	size_t before = plan->set.probes.count + plan->set.repeated;
	if (spec->negated) {
		point_remove(&plan->set, spec);
		return NULL;
	}
	struct err *e = spec->kind == PROBE_RAWTRACEPOINT ? add_raw(options, plan, spec)
			: spec->kind == PROBE_TRACEPOINT  ? add_points(options, plan, spec)
							  : add_functions(options, plan, spec);
	if (!e && plan->set.probes.count + plan->set.repeated == before && !spec->optional)
		e = no_match(spec);
	return e;
}
