/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/point.h"

/* With its stack a sample takes some microseconds: of more, the machine would do little else. What
 * the kernel allows (kernel.perf_event_max_sample_rate) may be less, and mostly is more. */
#define HZ_MAX 10000

static struct err *parse_hz(const struct spec *spec, uint32_t *ret)
{
	char *end;
	bool is_empty = strcmp(spec->name, "*") == 0;
	unsigned long hz = is_empty ? SAMPLES_HZ : strtoul(spec->name, &end, 10);
	bool is_number = is_empty || (spec->name_kind == SPEC_NAME_EXACT && *spec->name >= '0' &&
				      *spec->name <= '9' && !*end);
	if (!is_number || !hz)
		return err_hint(err_new(ERR_USAGE, 0,
					"'%s': how many samples a second? 1 to %d of each CPU",
					spec->text, HZ_MAX),
				"cpu:99");
	if (hz > HZ_MAX)
		return err_hint(
			err_why(err_new(ERR_USAGE, 0, "'%s': no more than %d samples a second",
					spec->text, HZ_MAX),
				"each interrupts whatever runs on its CPU, for some "
				"microseconds: programs would be slowed down by much"),
			"cpu:999 is plenty; more runs of it tell more than a higher "
			"number");
	*ret = (uint32_t)hz;
	return NULL;
}

const struct probe_site *samples_site(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->wire.kind &&
		    (set->sites.items[i]->wire.flags & SITE_SAMPLE))
			return set->sites.items[i];
	return NULL;
}

uint32_t samples_hz(const struct probe_site *site)
{
	return (uint32_t)strtoul(site->probe->name, NULL, 10);
}

struct err *samples_add_probe(struct probe_set *set, const struct spec *spec)
{
	const struct probe_site *known = samples_site(set);
	struct probe_site *site;
	uint32_t hz = 0;
	char name[16];
	if (spec->negated) {
		point_remove(set, spec);
		return NULL;
	}
	struct err *e = parse_hz(spec, &hz);
	if (!e && known && samples_hz(known) != hz)
		e = err_hint(err_new(ERR_USAGE, 0,
				     "'%s': one run has samples of one frequency, and there are "
				     "%u a second already",
				     spec->text, samples_hz(known)),
			     "name one of them");
	if (e)
		return e;
	if (known) {
		set->repeated++;
		return NULL;
	}
	snprintf(name, sizeof(name), "%u", hz);
	e = point_add(set, spec, "cpu", name, &site);
	if (e)
		return e;
	/* Taken in the kernel, but of the thread's own code. */
	site->wire.flags = SITE_SAMPLE;
	return NULL;
}
