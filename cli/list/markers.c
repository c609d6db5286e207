/* SPDX-License-Identifier: Apache-2.0 */
/* USDT markers of a file. */
#include <stdio.h>
#include <stdlib.h>

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

struct err *list_markers(struct listing *listing, struct image *image,
			 const struct plan_module *module)
{
	const struct usdt_note *notes;
	size_t count, malformed;
	struct err *e = usdt_notes(image, &listing->arena, &notes, &count, &malformed);
	_cleanup_free_ bool *done = calloc(count + 1, sizeof(*done));
	if (!done)
		return e ? e : &err_nomem;
	for (size_t i = 0; !e && i < count && !list_is_unread(); i++) {
		if (done[i] || !matches_marker(listing, module->path, &notes[i]))
			continue;
		struct shown_marker marker = {.first = &notes[i]};
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
		if (!e && list_is_json(listing))
			e = list_json_marker(listing, image, module->name, &marker);
		else if (!e)
			list_text_marker(listing, module->name, &marker);
		free(marker.notes.items);
	}
	if (!e && malformed) {
		fputs("utrail: ", stderr);
		escape_print(stderr, module->path, "");
		fprintf(stderr, ": %zu malformed USDT notes were skipped\n", malformed);
	}
	return e;
}
