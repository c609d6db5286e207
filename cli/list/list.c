/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list/list.h"
#include "cli/debuginfo/notes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/inspect.h"
#include "cli/plan/suggest.h"
#include "cli/report.h"
#include "common/cleanup.h"
#include "common/now.h"

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

bool list_is_unread(const struct listing *listing)
{
	return ferror(listing->out->file);
}

/* What else was said is not kept, and would be missed. */
static void complain(struct listing *listing, const struct plan_module *module,
		     const struct image *image, size_t n_notes)
{
	_cleanup_free_ char *complaint = debug_complaint(image);
	if (complaint || listing->plan.set.notes.count > n_notes)
		list_kept_give_up(listing);
	debug_tell(module->path, image);
	report_notes(&listing->plan.set, n_notes);
}

static struct err *list_module(struct listing *listing, size_t index, bool named)
{
	struct plan_module *module = &listing->plan.modules.items[index];
	struct image *image = NULL;
	size_t n_notes = listing->plan.set.notes.count;
	if (list_kept_show(listing, module))
		return NULL;
	symbolizer_start(listing->plan.symbolizer);
	struct err *e = plan_module_image(&listing->plan, module, named, &image);
	if (e || !image)
		return e;
	size_t shown_before = list_kept_begin(listing, module);
	if (image_lacks_sections(image))
		listing->cut = module->path;
	if (list_wants(listing, false))
		e = list_functions(listing, image, module);
	if (!e && list_wants(listing, true))
		e = list_markers(listing, image, module);
	if (e || image_failure(image))
		list_kept_give_up(listing);
	if (!named)
		e = plan_note_failure(&listing->plan, module, e);
	complain(listing, module, image, n_notes);
	list_kept_end(listing, module, image, shown_before);
	arena_deinit(&listing->arena);
	return e;
}

/* A file of this folder by its name alone, as nm takes it; folders have the names of anything. */
static bool is_file_here(const char *word)
{
	struct stat status;
	return !strchr(word, '/') && stat(word, &status) == 0 && S_ISREG(status.st_mode);
}

static struct err *take_file(struct listing *listing, const char *word)
{
	struct plan_modules *files = &listing->files;
	bool in_process = listing->plan.processes.count > 0, is_here = is_file_here(word);
	size_t before = files->indexes.count;
	_cleanup_free_ char *here = NULL;
	if (is_here && asprintf(&here, "./%s", word) < 0)
		return &err_nomem;
	struct err *e = NULL;
	/* Its modules come first, and what lies where programs and libraries are does not count. */
	if (in_process || !is_here)
		e = plan_find_modules(&listing->plan, word, files);
	if (!e && is_here && files->indexes.count == before)
		e = plan_find_modules(&listing->plan, here, files);
	if (!e && files->indexes.count == before)
		e = err_hint(err_new(ERR_USAGE, ENOENT, "opening '%s'", word),
			     "name a file: utrail list ./app; or a process: utrail list -p PID");
	return e;
}

/* /regex/, which is no file. */
static bool is_regex(const char *word)
{
	size_t length = strlen(word);
	return length > 2 && word[0] == '/' && word[length - 1] == '/';
}

/* `utrail list FILE PATTERN`: a word that names a file is one, the others are patterns. */
static struct err *take_operands(struct listing *listing)
{
	struct err *e = NULL;
	for (char **word = listing->options->argv; !e && word && *word; word++) {
		bool is_path = is_file_here(*word) ||
			       (strchr(*word, '/') && access(*word, F_OK) == 0) ||
			       (strchr(*word, '/') && !strchr(*word, ':') && **word != '!' &&
				!is_regex(*word));
		e = is_path ? take_file(listing, *word) : spec_parse(*word, &listing->patterns);
	}
	return e;
}

static struct err *list_what(const struct spec_list *patterns)
{
	struct err *e = err_new(ERR_USAGE, 0, "list what?");
	if (patterns->count)
		e = err_why(e, "'%s' is no file here, so it is a pattern, of no file or process",
			    patterns->items[0].text);
	return err_hint(e, "a file: utrail list ./app\na process: utrail list -p PID 'usdt:*'");
}

static struct err *list_all(struct listing *listing)
{
	const struct plan_modules *files = &listing->files;
	struct err *e = plan_find_target(listing->options, &listing->plan);
	bool in_process = listing->plan.processes.count > 0;
	e = e ? e : take_operands(listing);
	for (size_t i = 0; !e && i < files->indexes.count; i++)
		e = list_module(listing, files->indexes.items[i], true);
	/* A pattern that names its module needs neither file nor process: libc:malloc*. */
	for (size_t i = 0; !e && !files->indexes.count && i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		struct plan_modules found = {0};
		if (!spec->module || in_process)
			continue;
		e = plan_find_modules(&listing->plan, spec->module, &found);
		if (!e && !found.indexes.count)
			e = suggest_module(&listing->plan, spec);
		free(found.indexes.items);
	}
	if (!e && !files->indexes.count && !listing->plan.modules.count)
		e = list_what(&listing->patterns);
	for (size_t i = 0; !e && !files->indexes.count && i < listing->plan.modules.count; i++)
		e = list_module(listing, i, false);
	return e;
}

/* Why there is nothing in the one file that was named. */
static struct err *nothing_in(const char *path, struct image *image)
{
	struct section_range range;
	struct err *e = err_new(ERR_USAGE, 0, "there is nothing to probe in '%s'", path);
	bool is_debug_file = !image_section(image, ".text", &range) &&
			     (image_section(image, ".symtab", &range) ||
			      image_section(image, ".debug_info", &range));
	if (is_debug_file)
		return err_hint(err_why(e, "it holds debug information alone, and no code"),
				"name the program or library that it belongs to");
	if (!image_is_stripped(image))
		return err_why(e, "it has symbols, but none of a function, and no USDT markers");
	return err_hint(err_why(e, "it is stripped: it has no symbols, and no USDT markers"),
			"install its debug symbols (-dbgsym, -debuginfo), ask a server with "
			"--debuginfod, or name an address: -e FILE:0xADDRESS");
}

static struct err *nothing_listed(struct listing *listing)
{
	const struct spec_list *patterns = &listing->patterns;
	if (listing->cut)
		return err_why(
			err_new(ERR_USAGE, 0, "there is nothing to probe in '%s'", listing->cut),
			"the file is truncated: its sections lie past its end");
	const struct plan_module *one =
		listing->files.indexes.count == 1
			? &listing->plan.modules.items[listing->files.indexes.items[0]]
			: NULL;
	if (!patterns->count && one && one->image)
		return nothing_in(one->path, one->image);
	if (!patterns->count)
		return err_new(ERR_USAGE, 0, "there is nothing to probe: no symbols, no markers");
	const struct spec *first = &patterns->items[0];
	bool known = list_wants_kind(first, false) || list_wants_kind(first, true);
	if (known && listing->files.indexes.count)
		return suggest_in(&listing->plan, first, &listing->files, true);
	if (known)
		return suggest_match(&listing->plan, first, listing->plan.set.notes.count);
	return err_hint(err_new(ERR_USAGE, 0, "nothing matches '%s'", first->text),
			"functions and markers are listed: FUNCTION, 'usdt:PROVIDER:*'");
}

static struct err *check_output(struct list_out *out)
{
	if (list_out_flush(out) || out->write_errno == EPIPE)
		return NULL;
	return err_new(ERR_FAILED, out->write_errno, "writing to standard output");
}

static struct err *list_to(struct listing *listing)
{
	const struct compile_options compile = {0};
	struct err *e = probe_set_init(&listing->plan.set, &compile);
	e = e ? e : list_all(listing);
	if (!e)
		e = check_output(listing->out);
	if (!e && !listing->shown)
		e = nothing_listed(listing);
	free(listing->files.indexes.items);
	spec_list_deinit(&listing->patterns);
	arena_deinit(&listing->arena);
	cache_free(listing->cache);
	plan_deinit(&listing->plan);
	return e;
}

struct err *inspect_list(const struct options *options)
{
	struct list_out out;
	struct listing listing = {
		.options = options, .out = &out, .started_ns = now_ns(CLOCK_REALTIME)};
	struct err *e = list_out_init(&out, STDOUT_FILENO);
	if (!e && !options->no_cache)
		listing.cache = cache_new("lists", options->verbose ? stderr : NULL);
	e = e ? e : list_to(&listing);
	list_out_deinit(&out);
	return e;
}
