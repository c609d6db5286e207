/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/debuginfo/notes.h"
#include "cli/plan.h"
#include "cli/suggest.h"
#include "common/cleanup.h"
#include "output/escape.h"
#include "uprobe/uprobe.h"
#include "usdt/usdt.h"

/* Types of more functions than this are not looked up unless a pattern asks for them: walking the
 * debug information of a large library takes longer than anyone waits for a list. */
#define TYPED_MAX 500

struct listing {
	const struct options *options;
	struct plan plan;
	struct spec_list patterns; /* none: everything */
	struct arena arena;	   /* of the file at hand */
	size_t shown;
	const char *cut; /* path of a truncated file */
};

static bool wants_kind(const struct spec *spec, bool usdt)
{
	if (usdt)
		return spec->kind == PROBE_USDT;
	return spec->kind == PROBE_CALL || spec->kind == PROBE_UPROBE ||
	       spec->kind == PROBE_URETPROBE;
}

static bool matches_function(const struct listing *listing, const char *path, const char *name,
			     const char *symbol)
{
	if (!listing->patterns.count)
		return true;
	for (size_t i = 0; i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		if (wants_kind(spec, false) &&
		    (!spec->module || module_name_matches(path, spec->module)) &&
		    (spec_name_matches(spec, name) || spec_name_matches(spec, symbol)))
			return true;
	}
	return false;
}

static bool matches_marker(const struct listing *listing, const char *path,
			   const struct usdt_note *note)
{
	if (!listing->patterns.count)
		return true;
	for (size_t i = 0; i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		if (wants_kind(spec, true) &&
		    (!spec->module || module_name_matches(path, spec->module)) &&
		    usdt_matches(spec, note->provider, note->name))
			return true;
	}
	return false;
}

/* --- output ------------------------------------------------------------------------------------
 */

static struct err *put_json(json_t *object)
{
	if (!object)
		return &err_nomem;
	int failed = json_dumpf(object, stdout, JSON_COMPACT);
	json_decref(object);
	if (failed || putchar('\n') == EOF)
		return err_new(ERR_FAILED, errno, "writing to standard output");
	return NULL;
}

static json_t *json_hex(uint64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

/* Names come from the file: what is no UTF-8 is not shown as such. */
static json_t *json_name(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	_cleanup_free_ char *copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return copy ? json_string(copy) : NULL;
}

static void put_name(const char *text)
{
	escape_print(stdout, text, "");
}

/* --- functions ---------------------------------------------------------------------------------
 */

struct shown_function {
	const struct function *function;
	const char *name;
	const struct prototype *prototype; /* NULL: unknown */
	const char *file;
	unsigned int line;
	const char *entry; /* "emulated", "stepped", NULL: no probe may sit there */
};

/* As a trace would place its probe. */
static struct err *classify_entry(struct listing *listing, struct image *image,
				  struct shown_function *shown)
{
	struct instruction entry;
	const char *why_not;
	struct err *e =
		uprobe_find_entry(image, shown->function, &listing->arena, &entry, &why_not);
	if (!e && entry.length)
		shown->entry = entry.emulated ? "emulated" : "stepped";
	return e;
}

static struct err *json_function(const char *module, const struct shown_function *shown)
{
	const struct function *function = shown->function;
	json_t *object = json_pack("{s:s, s:o*, s:o*, s:o*, s:o*, s:I}", "type", "function",
				   "module", json_name(module), "name", json_name(shown->name),
				   "symbol", json_name(function->symbol), "offset",
				   json_hex(function->offset), "size", (json_int_t)function->size);
	if (object && shown->file) {
		json_object_set_new(object, "file", json_name(shown->file));
		json_object_set_new(object, "line", json_integer(shown->line));
	}
	if (object && shown->prototype) {
		json_t *params = json_array();
		for (uint32_t i = 0; i < shown->prototype->n_parameters; i++) {
			const struct parameter *p = &shown->prototype->parameters[i];
			json_array_append_new(params,
					      json_pack("{s:o*, s:o*}", "name", json_name(p->name),
							"type", json_name(p->type->name)));
		}
		json_object_set_new(object, "params", params);
		json_object_set_new(object, "return", json_name(shown->prototype->result->name));
	}
	if (object && shown->entry)
		json_object_set_new(object, "entry", json_string(shown->entry));
	return put_json(object);
}

static struct err *text_function(const char *module, const struct shown_function *shown)
{
	const struct prototype *prototype = shown->prototype;
	put_name(module);
	putchar(':');
	put_name(shown->name);
	if (prototype) {
		putchar('(');
		for (uint32_t i = 0; i < prototype->n_parameters; i++) {
			const struct parameter *p = &prototype->parameters[i];
			fputs(i ? ", " : "", stdout);
			put_name(p->type->name);
			if (*p->name && p->type->name[strlen(p->type->name) - 1] != '*')
				putchar(' ');
			put_name(p->name);
		}
		fputs(prototype->variadic ? ", ...) -> " : ") -> ", stdout);
		put_name(prototype->result->name);
	}
	if (shown->file) {
		fputs("  ", stdout);
		put_name(shown->file);
		printf(":%u", shown->line);
	}
	putchar('\n');
	return NULL;
}

static struct err *put_function(struct listing *listing, struct image *image, const char *module,
				const struct function *function, bool typed)
{
	struct shown_function shown = {.function = function,
				       .name = image_demangle(image, function->symbol)};
	bool json = listing->options->output.format == OUTPUT_JSON;
	struct err *e = NULL;
	if (typed) {
		e = image_prototype(image, function, &shown.prototype);
		if (!image_source_line(image, function, &shown.file, &shown.line))
			shown.file = NULL;
	}
	if (!e && json)
		e = classify_entry(listing, image, &shown);
	if (e)
		return e;
	listing->shown++;
	return json ? json_function(module, &shown) : text_function(module, &shown);
}

static struct err *list_functions(struct listing *listing, struct image *image,
				  const struct plan_module *module)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	bool typed = count <= TYPED_MAX || listing->patterns.count || listing->options->verbose;
	for (size_t i = 0; !e && i < count; i++) {
		const char *symbol = functions[i].symbol;
		if (listing->patterns.count &&
		    !matches_function(listing, module->path, image_demangle(image, symbol), symbol))
			continue;
		e = put_function(listing, image, module->name, &functions[i], typed);
	}
	return e;
}

/* --- markers -----------------------------------------------------------------------------------
 */

/* Notes of one marker, which lie anywhere in the file's list. */
struct marker {
	const struct usdt_note *first;
	ARRAY_OF(const struct usdt_note *) notes;
};

/* {"arg2": "in xmm0"}: the arguments that cannot be read at this site, and why; NULL: all can. */
static json_t *json_unavailable(const struct usdt_operand *operands, size_t count)
{
	json_t *object = NULL;
	for (size_t i = 0; i < count; i++) {
		char name[24];
		if (!operands[i].source.unavailable)
			continue;
		snprintf(name, sizeof(name), "arg%zu", i + 1);
		object = object ? object : json_object();
		json_object_set_new(object, name, json_name(operands[i].source.unavailable));
	}
	return object;
}

static struct err *json_site(struct listing *listing, struct image *image,
			     const struct usdt_note *note, json_t *sites)
{
	const struct usdt_operand *operands;
	size_t count;
	struct err *e = usdt_operands(note->operands, image_machine(image), image, note,
				      &listing->arena, &operands, &count);
	if (e)
		return e;
	json_t *site = json_pack("{s:o*, s:o*}", "offset", json_hex(note->offset), "args",
				 json_name(note->operands));
	if (note->semaphore_offset)
		json_object_set_new(site, "semaphore", json_hex(note->semaphore_offset));
	if (note->refused)
		json_object_set_new(site, "refused", json_string(note->refused));
	json_t *unavailable = json_unavailable(operands, count);
	if (unavailable)
		json_object_set_new(site, "unavailable", unavailable);
	return json_array_append_new(sites, site) == 0 ? NULL : &err_nomem;
}

/* Types of a marker's arguments at its first site. */
static struct err *json_types(struct listing *listing, struct image *image,
			      const struct usdt_note *note, json_t *types)
{
	const struct usdt_operand *operands;
	size_t count;
	struct err *e = usdt_operands(note->operands, image_machine(image), image, note,
				      &listing->arena, &operands, &count);
	for (size_t i = 0; !e && i < count; i++) {
		char type[32];
		snprintf(type, sizeof(type), "%s%d",
			 operands[i].is_float	 ? "f"
			 : operands[i].is_signed ? "s"
						 : "u",
			 operands[i].size * 8);
		json_array_append_new(types, json_string(type));
	}
	return e;
}

static struct err *json_marker(struct listing *listing, struct image *image, const char *module,
			       const struct marker *marker)
{
	json_t *sites = json_array(), *types = json_array();
	struct err *e = json_types(listing, image, marker->first, types);
	bool semaphore = false;
	for (size_t i = 0; !e && i < marker->notes.count; i++) {
		semaphore |= marker->notes.items[i]->semaphore_offset != 0;
		e = json_site(listing, image, marker->notes.items[i], sites);
	}
	json_t *object =
		json_pack("{s:s, s:o*, s:o*, s:o*, s:b, s:o, s:o}", "type", "usdt", "module",
			  json_name(module), "provider", json_name(marker->first->provider), "name",
			  json_name(marker->first->name), "semaphore", semaphore, "args", types,
			  "sites", sites);
	if (e) {
		json_decref(object);
		return e;
	}
	return put_json(object);
}

static void text_marker(const struct listing *listing, const char *module,
			const struct marker *marker)
{
	fputs("usdt:", stdout);
	put_name(module);
	putchar(':');
	put_name(marker->first->provider);
	putchar(':');
	put_name(marker->first->name);
	if (marker->notes.count > 1)
		printf("  %zu sites", marker->notes.count);
	putchar('\n');
	for (size_t i = 0; listing->options->verbose && i < marker->notes.count; i++) {
		printf("    0x%" PRIx64 "  ", marker->notes.items[i]->offset);
		put_name(marker->notes.items[i]->operands);
		if (marker->notes.items[i]->refused)
			printf("  <refused: %s>", marker->notes.items[i]->refused);
		putchar('\n');
	}
}

static struct err *list_markers(struct listing *listing, struct image *image,
				const struct plan_module *module)
{
	const struct usdt_note *notes;
	size_t count, malformed;
	struct err *e = usdt_notes(image, &listing->arena, &notes, &count, &malformed);
	_cleanup_free_ bool *done = calloc(count + 1, sizeof(*done));
	if (!done)
		return e ? e : &err_nomem;
	for (size_t i = 0; !e && i < count; i++) {
		if (done[i] || !matches_marker(listing, module->path, &notes[i]))
			continue;
		struct marker marker = {.first = &notes[i]};
		for (size_t j = i; !e && j < count; j++) {
			if (!usdt_same_marker(&notes[i], &notes[j]))
				continue;
			const struct usdt_note **kept = array_push(&marker.notes);
			done[j] = true;
			if (kept)
				*kept = &notes[j];
			else
				e = &err_nomem;
		}
		listing->shown++;
		if (!e && listing->options->output.format == OUTPUT_JSON)
			e = json_marker(listing, image, module->name, &marker);
		else if (!e)
			text_marker(listing, module->name, &marker);
		free(marker.notes.items);
	}
	if (!e && malformed) {
		fputs("utrail: ", stderr);
		escape_print(stderr, module->path, "");
		fprintf(stderr, ": %zu malformed USDT notes were skipped\n", malformed);
	}
	return e;
}

/* --- what to look at ---------------------------------------------------------------------------
 */

static bool wants(const struct listing *listing, bool usdt)
{
	if (!listing->patterns.count)
		return true;
	for (size_t i = 0; i < listing->patterns.count; i++)
		if (wants_kind(&listing->patterns.items[i], usdt))
			return true;
	return false;
}

static struct err *list_module(struct listing *listing, size_t index, bool named)
{
	struct plan_module *module = &listing->plan.modules.items[index];
	struct image *image = NULL;
	struct err *e = plan_module_image(&listing->plan, module, named, &image);
	if (e || !image)
		return e;
	if (image_lacks_sections(image))
		listing->cut = module->path;
	if (wants(listing, false))
		e = list_functions(listing, image, module);
	if (!e && wants(listing, true))
		e = list_markers(listing, image, module);
	debug_tell(module->path, image);
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

struct err *inspect_list(const struct options *options)
{
	struct listing listing = {.options = options};
	const struct compile_options compile = {0};
	struct err *e = probe_set_init(&listing.plan.set, &compile);
	e = e ? e : list_all(&listing);
	if (!e && fflush(stdout) != 0 && errno != EPIPE)
		e = err_new(ERR_FAILED, errno, "writing to standard output");
	if (!e && !listing.shown)
		e = nothing_listed(&listing);
	spec_list_deinit(&listing.patterns);
	arena_deinit(&listing.arena);
	plan_deinit(&listing.plan);
	return e;
}
