/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list/list.h"
#include "cli/debuginfo/notes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/inspect.h"
#include "cli/plan/suggest.h"
#include "cli/report.h"

bool list_wants_kind(const struct spec *spec, bool usdt)
{
	if (usdt)
		return spec->kind == PROBE_USDT;
	return spec->kind == PROBE_CALL || spec->kind == PROBE_UPROBE ||
	       spec->kind == PROBE_URETPROBE;
}

bool list_wants(const struct listing *listing, bool usdt)
{
	if (!listing->patterns.count)
		return true;
	for (size_t i = 0; i < listing->patterns.count; i++)
		if (list_wants_kind(&listing->patterns.items[i], usdt))
			return true;
	return false;
}

bool list_is_json(const struct listing *listing)
{
	return listing->options->output.format == OUTPUT_JSON;
}

bool list_is_unread(void)
{
	return ferror(stdout);
}

static struct err *list_module(struct listing *listing, size_t index, bool named)
{
	struct plan_module *module = &listing->plan.modules.items[index];
	struct image *image = NULL;
	size_t n_notes = listing->plan.set.notes.count;
	struct err *e = plan_module_image(&listing->plan, module, named, &image);
	if (e || !image)
		return e;
	if (image_lacks_sections(image))
		listing->cut = module->path;
	if (list_wants(listing, false))
		e = list_functions(listing, image, module);
	if (!e && list_wants(listing, true))
		e = list_markers(listing, image, module);
	debug_tell(module->path, image);
	if (!named)
		e = plan_note_failure(&listing->plan, module, e);
	report_notes(&listing->plan.set, n_notes);
	arena_deinit(&listing->arena);
	return e;
}

/* `utrail list FILE PATTERN`: a word that names a file is one, the others are patterns. */
static struct err *take_operands(struct listing *listing, struct plan_modules *files)
{
	struct err *e = NULL;
	for (char **word = listing->options->argv; !e && word && *word; word++) {
		bool is_path = access(*word, F_OK) == 0 ||
			       (strchr(*word, '/') && !strchr(*word, ':') && **word != '!');
		if (!is_path) {
			e = spec_parse(*word, &listing->patterns);
			continue;
		}
		size_t before = files->indexes.count;
		e = plan_find_modules(&listing->plan, *word, files);
		if (!e && files->indexes.count == before)
			e = err_hint(err_new(ERR_USAGE, ENOENT, "opening '%s'", *word),
				     "name a file: utrail list ./app; or a process: utrail list "
				     "-p PID");
	}
	return e;
}

static struct err *list_all(struct listing *listing)
{
	struct plan_modules files = {0};
	struct err *e = plan_find_target(listing->options, &listing->plan);
	bool in_process = listing->plan.processes.count > 0;
	e = e ? e : take_operands(listing, &files);
	for (size_t i = 0; !e && i < files.indexes.count; i++)
		e = list_module(listing, files.indexes.items[i], true);
	/* A pattern that names its module needs neither file nor process: libc:malloc*. */
	for (size_t i = 0; !e && !files.indexes.count && i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		struct plan_modules found = {0};
		if (!spec->module || in_process)
			continue;
		e = plan_find_modules(&listing->plan, spec->module, &found);
		if (!e && !found.indexes.count)
			e = suggest_module(&listing->plan, spec);
		free(found.indexes.items);
	}
	if (!e && !files.indexes.count && !listing->plan.modules.count)
		e = err_hint(err_new(ERR_USAGE, 0, "list what?"),
			     "a file: utrail list ./app\na process: utrail list -p PID 'usdt:*'");
	for (size_t i = 0; !e && !files.indexes.count && i < listing->plan.modules.count; i++)
		e = list_module(listing, i, false);
	free(files.indexes.items);
	return e;
}

static struct err *nothing_listed(const struct listing *listing)
{
	const struct spec_list *patterns = &listing->patterns;
	if (listing->cut)
		return err_why(
			err_new(ERR_USAGE, 0, "there is nothing to probe in '%s'", listing->cut),
			"the file is truncated: its sections lie past its end");
	if (!patterns->count)
		return err_new(ERR_USAGE, 0, "there is nothing to probe: no symbols, no markers");
	struct err *e = err_new(ERR_USAGE, 0, "nothing matches '%s'", patterns->items[0].text);
	return err_hint(e, "list everything: leave the pattern out");
}

/* What could not be written is still in the buffer, so a second try tells why. */
static struct err *check_output(void)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return NULL;
	return err_new(ERR_FAILED, errno, "writing to standard output");
}

struct err *inspect_list(const struct options *options)
{
	struct listing listing = {.options = options};
	const struct compile_options compile = {0};
	struct err *e = probe_set_init(&listing.plan.set, &compile);
	e = e ? e : list_all(&listing);
	if (!e)
		e = check_output();
	if (!e && !listing.shown)
		e = nothing_listed(&listing);
	spec_list_deinit(&listing.patterns);
	arena_deinit(&listing.arena);
	plan_deinit(&listing.plan);
	return e;
}
