/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a file: those with a symbol, and those that are in others' code alone. */
#include <stdlib.h>
#include <string.h>

#include "cli/list/list.h"
#include "common/array.h"
#include "uprobe/uprobe.h"

/* Types of more functions than this are not looked up unless a pattern asks for them: walking the
 * debug information of a large library takes longer than anyone waits for a list. */
#define TYPED_MAX 500
/* So many names are on their way from memory. */
#define NAMES_AHEAD 8

/* One call of list_functions(). */
struct functions {
	struct listing *listing;
	struct image *image;
	const struct plan_module *module;
	bool typed;
	struct inlined_list inlined; /* of what is shown, sorted by name */
	bool *claimed;		     /* [i]: a symbol has the name of copies[i], the first of it */
	size_t shown;
	char name[DEMANGLE_ONCE_MAX]; /* of the function at hand */
};

bool list_wants_function(const struct listing *listing, const char *path, const char *name,
			 const char *symbol)
{
	const struct spec_list *patterns = &listing->patterns;
	if (!patterns->count)
		return true;
	for (size_t i = 0; i < patterns->count; i++) {
		const struct spec *spec = &patterns->items[i];
		if (list_wants_kind(spec, false) &&
		    (!spec->module || module_name_matches(path, spec->module)) &&
		    (spec_name_matches(spec, name) || spec_name_matches(spec, symbol)))
			return true;
	}
	return false;
}

static bool matches(const struct functions *functions, const char *name, const char *symbol)
{
	return list_wants_function(functions->listing, functions->module->path, name, symbol);
}

static bool is_wanted(void *context, const char *name)
{
	return matches(context, name, name);
}

/* --- copies ------------------------------------------------------------------------------------
 */

/* How many of the copies from `first` on are of the same function. */
static size_t count_same(const struct inlined_list *list, size_t first)
{
	size_t end = first;
	while (end < list->copies.count &&
	       !strcmp(list->copies.items[end].name, list->copies.items[first].name))
		end++;
	return end - first;
}

static void set_copies(struct functions *functions, struct shown_function *shown)
{
	const struct inlined_list *list = &functions->inlined;
	size_t low = array_count_first(list->copies.count, i,
				       strcmp(list->copies.items[i].name, shown->name) < 0);
	if (low == list->copies.count || strcmp(list->copies.items[low].name, shown->name) != 0)
		return;
	shown->copies = &list->copies.items[low];
	shown->n_copies = count_same(list, low);
	functions->claimed[low] = true;
}

/* --- with a symbol -----------------------------------------------------------------------------
 */

/* As a trace would place its probe. */
static struct err *classify_entry(struct functions *functions, struct shown_function *shown)
{
	struct instruction entry;
	const char *why_not;
	struct err *e = uprobe_find_entry(functions->image, shown->function,
					  &functions->listing->arena, &entry, &why_not);
	if (e)
		return e;
	shown->refused = entry.length ? NULL : why_not;
	if (entry.length) {
		shown->entry = entry.emulated ? "emulated" : "stepped";
		shown->instruction = entry.text;
	}
	return NULL;
}

static void set_sources(const struct functions *functions, struct shown_function *shown)
{
	shown->with_sources = functions->listing->options->verbose;
	if (!shown->with_sources)
		return;
	shown->symtab = image_symtab_source(functions->image);
	if (functions->typed)
		shown->debug = image_debug_source(functions->image);
}

static struct err *put(struct functions *functions, const struct shown_function *shown)
{
	const char *module = functions->module->name;
	FILE *out = functions->listing->out->file;
	functions->shown++;
	functions->listing->shown++;
	if (list_is_json(functions->listing))
		return list_json_function(out, module, shown);
	list_text_function(out, module, shown);
	return NULL;
}

static struct err *put_function(struct functions *functions, const struct function *function,
				const char *name)
{
	struct shown_function shown = {.function = function, .name = name};
	struct err *e = NULL;
	if (functions->typed) {
		e = image_prototype(functions->image, function, &shown.prototype);
		if (!image_source_line(functions->image, function, &shown.file, &shown.line))
			shown.file = NULL;
	}
	if (!e && (list_is_json(functions->listing) || functions->listing->options->verbose))
		e = classify_entry(functions, &shown);
	if (e)
		return e;
	set_sources(functions, &shown);
	set_copies(functions, &shown);
	e = put(functions, &shown);
	/* The words of the instructions: nobody needs all of a library's at once. */
	arena_deinit(&functions->listing->arena);
	return e;
}

static struct err *put_symbols(struct functions *functions)
{
	const struct function *all;
	size_t count;
	struct err *e = image_functions(functions->image, &all, &count);
	for (size_t i = 0; !e && i < count && !list_is_unread(functions->listing); i++) {
		/* In the order of addresses names lie anywhere: waiting for each of them took a
		 * sixth of a list's time. */
		if (i + NAMES_AHEAD < count)
			__builtin_prefetch(all[i + NAMES_AHEAD].symbol);
		const char *symbol = all[i].symbol,
			   *name = demangle_once(functions->image, symbol, functions->name);
		if (matches(functions, name, symbol))
			e = put_function(functions, &all[i], name);
	}
	return e;
}

/* --- without -----------------------------------------------------------------------------------
 */

static struct err *put_inlined(struct functions *functions)
{
	const struct inlined_list *list = &functions->inlined;
	struct err *e = NULL;
	for (size_t i = 0, n; !e && i < list->copies.count && !list_is_unread(functions->listing);
	     i += n) {
		const struct inlined_copy *first = &list->copies.items[i];
		n = count_same(list, i);
		if (functions->claimed[i])
			continue;
		struct shown_function shown = {.name = first->name,
					       .file = first->file,
					       .line = first->line,
					       .copies = first,
					       .n_copies = n};
		set_sources(functions, &shown);
		e = put(functions, &shown);
	}
	return e;
}

static struct err *find_inlined(struct functions *functions)
{
	struct err *e =
		image_find_inlined(functions->image, is_wanted, functions, &functions->inlined);
	if (e)
		return e;
	functions->claimed = calloc(functions->inlined.copies.count + 1, sizeof(bool));
	return functions->claimed ? NULL : &err_nomem;
}

/* Names without wildcards: one question brings all that is asked of them. */
static void expect(const struct functions *functions)
{
	enum { NAMES_MAX = 64 };
	const struct spec_list *patterns = &functions->listing->patterns;
	const char *names[NAMES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < patterns->count && count < NAMES_MAX; i++)
		if (list_wants_kind(&patterns->items[i], false) &&
		    patterns->items[i].name_kind == SPEC_NAME_EXACT)
			names[count++] = patterns->items[i].name;
	image_expect(functions->image, names, count);
}

static struct err *list_with_all(struct listing *listing, struct image *image,
				 const struct plan_module *module)
{
	struct functions functions = {.listing = listing, .image = image, .module = module};
	const struct function *all;
	size_t count;
	bool verbose = listing->options->verbose;
	expect(&functions);
	struct err *e = image_functions(image, &all, &count);
	functions.typed = count <= TYPED_MAX || listing->patterns.count || verbose;
	if (!e && verbose)
		e = find_inlined(&functions);
	e = e ?: put_symbols(&functions);
	/* A name that has no symbol may be that of a function which lies in others alone. */
	bool look = !verbose && !functions.shown && listing->patterns.count;
	if (!e && look)
		e = find_inlined(&functions);
	if (!e && (look || verbose))
		e = put_inlined(&functions);
	inlined_list_deinit(&functions.inlined);
	free(functions.claimed);
	return e;
}

struct err *list_functions(struct listing *listing, struct image *image,
			   const struct plan_module *module)
{
	size_t before = listing->shown;
	bool done = false;
	struct err *e = NULL;
	if (!listing->options->verbose && !list_is_json(listing))
		e = list_names(listing, image, module, TYPED_MAX, &done);
	/* A name that no symbol has is looked for once more. */
	if (e || (done && (listing->shown > before || !listing->patterns.count)))
		return e;
	return list_with_all(listing, image, module);
}
