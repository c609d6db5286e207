/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes on a line of source: one wherever a stretch of its code begins, in every copy of the
 * function that the compiler has made, with what is in scope there.
 */
#include "symbols/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/stack.h"
#include "uprobe/adding.h"
#include "uprobe/condition.h"

#define FILES_TOLD 8

static struct err *refuse_ambiguous(const struct spec *spec, const struct line_search *found)
{
	char text[1024];
	size_t used = 0;
	for (size_t i = 0; i < found->files.count && i < FILES_TOLD; i++) {
		int n = snprintf(text + used, sizeof(text) - used, "%s'@%s:%u'", i ? ", " : "",
				 found->files.items[i], spec->line);
		used += n < 0 || (size_t)n >= sizeof(text) - used ? 0 : (size_t)n;
	}
	struct err *e = err_new(ERR_USAGE, 0, "'%s': %zu files of that name have code", spec->text,
				found->files.count);
	return err_hint(e, "write more of the path: %s%s", text,
			found->files.count > FILES_TOLD ? ", ..." : "");
}

/*
 * How far out of the innermost inlined function the line is: the first instruction of a copy
 * belongs to the line that "calls" it, too.
 */
static size_t outwards_of(const struct code_place *place, const struct spec *spec)
{
	for (size_t i = 0; place && i < place->n_inlined; i++)
		if (place->inlined[i].line == spec->line && place->inlined[i].file &&
		    line_file_matches(place->inlined[i].file, spec->name))
			return i;
	bool is_own = place && place->own.line == spec->line && place->own.file &&
		      line_file_matches(place->own.file, spec->name);
	return is_own ? place->n_inlined : 0;
}

/* "parse@parser.c:123": the function, inlined or not, and the line as it was asked for. */
static const char *name_of(struct adding *adding, const struct code_place *place, size_t outwards)
{
	const struct spec *spec = adding->spec;
	const char *slash = strrchr(spec->name, '/');
	const char *function = NULL;
	if (place)
		function = outwards < place->n_inlined ? place->inlined[outwards].symbol
						       : place->own.symbol;
	return arena_printf(&adding->set->arena, "%s@%s:%u", function ? function : "",
			    slash ? slash + 1 : spec->name, spec->line);
}

/* At the function's first instruction, nothing but its parameters is there, where calls put them.
 */
static struct err *find_values(struct adding *adding, const struct line_place *at, size_t outwards,
			       struct place *place)
{
	const struct function *function = image_function_at(adding->image, at->address);
	if (!function || function->address != at->address)
		return locals_find(adding, at->address, outwards, adding->spec->line, place);
	place->function = function;
	return values_compile(adding->set, adding->image, function, adding->spec, false,
			      &place->values);
}

/* *ret_why: why no probe may sit there, NULL when one does. */
static struct err *add_place(struct adding *adding, const struct line_place *at,
			     const char **ret_why)
{
	const struct code_place *code = image_place(adding->image, at->address);
	size_t outwards = outwards_of(code, adding->spec);
	struct place place = {.name = name_of(adding, code, outwards)};
	bool ok;
	if (!place.name)
		return &err_nomem;
	struct err *e = code_check_boundary(adding->image, at->offset, &adding->set->arena, &ok,
					    &place.at, ret_why);
	if (e || !ok)
		return e;
	if (adding_has(adding, at->offset, PROBE_UPROBE)) {
		adding->set->repeated++;
		return function_join_conditions(adding->set, adding->image, NULL, adding->spec,
						at->offset);
	}
	e = find_values(adding, at, outwards, &place);
	adding->added++;
	return e ?: adding_instant(adding, &place);
}

static struct err *check_kind(const struct spec *spec)
{
	if (spec->kind == PROBE_UPROBE || !spec->kind_given)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "'%s': a line is one place, not a call", spec->text),
			"leave the kind out, or write 'uprobe:'");
}

static struct err *check_count(const struct adding *adding, size_t count)
{
	if (count <= adding->options->max_probes)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0,
				"'%s': the line lies at %zu places, more than --max-probes=%zu",
				adding->spec->text, count, adding->options->max_probes),
			"raise the limit: --max-probes=%zu", count);
}

static struct err *add_places(struct adding *adding, const struct line_search *found)
{
	size_t count = found->places.count;
	struct err *e = check_count(adding, count);
	for (size_t i = 0; !e && i < count; i++) {
		const char *why = NULL;
		e = add_place(adding, &found->places.items[i], &why);
		if (e || !why)
			continue;
		e = probe_set_refuse(adding->set, "%s:@%s:%u at 0x%" PRIx64 ": not probed: %s",
				     adding->module, adding->spec->name, adding->spec->line,
				     found->places.items[i].address, why);
	}
	return e;
}

static void search_deinit(struct line_search *search)
{
	line_search_deinit(search);
}

struct err *lines_add(struct adding *adding)
{
	const struct spec *spec = adding->spec;
	_cleanup_(search_deinit) struct line_search found = {0};
	struct err *e = check_kind(spec);
	e = e ?: image_find_line(adding->image, spec->name, spec->line, &found);
	if (e)
		return e;
	if (found.files.count > 1)
		return refuse_ambiguous(spec, &found);
	return add_places(adding, &found);
}
