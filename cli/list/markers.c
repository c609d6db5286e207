/* SPDX-License-Identifier: Apache-2.0 */
/* USDT markers of a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list/list.h"
#include "common/cleanup.h"
#include "output/escape.h"
#include "usdt/usdt.h"

static bool matches_marker(const struct listing *listing, const char *path,
			   const struct usdt_note *note)
{
	if (!listing->patterns.count)
		return true;
	for (size_t i = 0; i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		if (list_wants_kind(spec, true) &&
		    (!spec->module || module_name_matches(path, spec->module)) &&
		    usdt_matches(spec, note->provider, note->name))
			return true;
	}
	return false;
}

/* Which notes are of one marker. */
struct chain {
	const struct usdt_note *note; /* by marker, then as in the file */
	size_t next; /* the next one of the same; [i] is that of notes[i]. 0: none */
	bool is_first;
};

static int compare_notes(const void *a, const void *b)
{
	const struct usdt_note *left = ((const struct chain *)a)->note;
	const struct usdt_note *right = ((const struct chain *)b)->note;
	int order = strcmp(left->name, right->name);
	order = order ? order : strcmp(left->provider, right->provider);
	return order ? order : (left > right) - (left < right);
}

static void join(const struct usdt_note *notes, size_t count, struct chain *chains)
{
	for (size_t i = 0; i < count; i++)
		chains[i].note = &notes[i];
	if (count)
		qsort(chains, count, sizeof(*chains), compare_notes);
	for (size_t i = 0; i < count; i++) {
		const struct usdt_note *before = i ? chains[i - 1].note : NULL;
		size_t index = (size_t)(chains[i].note - notes);
		bool same = before && usdt_same_marker(before, chains[i].note);
		chains[index].is_first = !same;
		if (same)
			chains[before - notes].next = index;
	}
}

static struct err *list_marker(struct listing *listing, struct image *image,
			       const struct plan_module *module, const struct usdt_note *notes,
			       const struct chain *chains, size_t first)
{
	struct shown_marker marker = {.first = &notes[first]};
	struct err *e = NULL;
	for (size_t at = first; !e; at = chains[at].next) {
		const struct usdt_note **kept = array_push(&marker.notes);
		if (kept)
			*kept = &notes[at];
		else
			e = &err_nomem;
		if (!chains[at].next)
			break;
	}
	listing->shown++;
	if (!e && list_is_json(listing))
		e = list_json_marker(listing, image, module->name, &marker);
	else if (!e)
		list_text_marker(listing, module->name, &marker);
	free(marker.notes.items);
	return e;
}

static void tell_malformed(const struct plan_module *module, size_t malformed)
{
	fputs("utrail: ", stderr);
	escape_print(stderr, module->path, "");
	fprintf(stderr, ": %zu malformed USDT notes were skipped\n", malformed);
}

struct err *list_markers(struct listing *listing, struct image *image,
			 const struct plan_module *module)
{
	const struct usdt_note *notes;
	size_t count = 0, malformed = 0;
	struct err *e = usdt_notes(image, &listing->arena, &notes, &count, &malformed);
	_cleanup_free_ struct chain *chains = calloc(count + 1, sizeof(*chains));
	if (e || !chains)
		return e ? e : &err_nomem;
	join(notes, count, chains);
	for (size_t i = 0; !e && i < count && !list_is_unread(listing); i++)
		if (chains[i].is_first && matches_marker(listing, module->path, &notes[i]))
			e = list_marker(listing, image, module, notes, chains, i);
	if (!e && malformed) {
		tell_malformed(module, malformed);
		list_kept_give_up(listing);
	}
	return e;
}
