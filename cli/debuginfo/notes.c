/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/debuginfo/notes.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/plan/plan.h"
#include "common/cleanup.h"
#include "output/escape.h"
#include "symbols/symbols.h"

char *debug_complaint(const struct image *image)
{
	char *text = NULL;
	const struct err *refused = image_symbols_refused(image);
	const char *missing = image_debug_missing(image);
	if (refused && asprintf(&text, "its symbols in .gnu_debugdata were not read: %s",
				err_reason(refused)) < 0)
		return NULL;
	if (!refused && missing && asprintf(&text, "%s", missing) < 0)
		return NULL;
	return text;
}

struct err *debug_note(struct plan *plan, struct plan_module *module, const struct image *image)
{
	_cleanup_free_ char *text = module->debug_noted ? NULL : debug_complaint(image);
	if (!text)
		return NULL;
	module->debug_noted = true;
	return probe_set_note(&plan->set, "%s: %s", module->path, text);
}

void debug_tell(const char *path, const struct image *image)
{
	_cleanup_free_ char *text = debug_complaint(image);
	if (!text)
		return;
	fputs("utrail: ", stderr);
	escape_print(stderr, path, "");
	fputs(": ", stderr);
	escape_print(stderr, text, "");
	fputc('\n', stderr);
}

static bool is_first_of_image(const struct plan *plan, size_t index)
{
	const struct probe_site *site = plan->set.sites.items[index];
	for (size_t i = 1; i < index; i++)
		if (plan->set.sites.items[i]->image == site->image)
			return false;
	return site->image && site->wire.kind == SITE_ENTRY;
}

void debug_report(const struct plan *plan)
{
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		if (!is_first_of_image(plan, i))
			continue;
		struct image *image = plan->set.sites.items[i]->image;
		const char *symbols = image_symbol_source(image);
		const char *types = image_debug_source(image);
		fputs("utrail: ", stderr);
		escape_print(stderr, image_path(image), "");
		fputs(": symbols from ", stderr);
		escape_print(stderr, symbols ? symbols : "nowhere", "");
		fputs("; types from ", stderr);
		escape_print(stderr, types ? types : "no debug information", "");
		fputc('\n', stderr);
	}
}
