/* SPDX-License-Identifier: Apache-2.0 */
/* Why nothing was found at a source line. */
#include <stdio.h>
#include <string.h>

#include "cli/plan/suggest.h"
#include "symbols/lines.h"

/* What the files that were looked through say together. */
struct absence {
	const char *file;	    /* the first that the words mean; NULL: none */
	unsigned int before, after; /* the nearest lines with code; 0: none */
	bool has_lines, has_debug;
	const char *path; /* of the only module; NULL: several */
};

static struct err *look(struct image *image, const struct spec *spec, struct absence *absence)
{
	struct line_search found;
	struct err *e = image_find_line(image, spec->name, spec->line, &found);
	if (e)
		return e;
	if (found.files.count && !absence->file)
		absence->file = found.files.items[0];
	if (found.before > absence->before)
		absence->before = found.before;
	if (found.after && (!absence->after || found.after < absence->after))
		absence->after = found.after;
	absence->has_lines |= found.has_lines;
	absence->has_debug |= image_debug_source(image) != NULL;
	line_search_deinit(&found);
	return NULL;
}

static struct err *no_such_file(const struct absence *absence, const struct spec *spec)
{
	const char *where = absence->path ? absence->path : "the target's files";
	struct err *e = err_new(ERR_USAGE, 0, "'%s': no source file '%s'", spec->text, spec->name);
	if (!absence->has_debug)
		return err_hint(err_why(e, "%s: there is no debug information", where),
				"install the debug symbols (-dbgsym), or build with -g");
	if (!absence->has_lines)
		return err_why(e, "%s: the debug information has no line table", where);
	return err_hint(err_why(e, "%s: no line table names such a file", where),
			"write the name, or the end of the path, as 'utrail list' shows it behind "
			"functions");
}

static struct err *no_code(const struct absence *absence, const struct spec *spec)
{
	char near[128] = "";
	struct err *e = err_new(ERR_USAGE, 0, "'%s': the line has no code", spec->text);
	e = err_why(e, "%s: it is a comment, a declaration, or was optimised away", absence->file);
	if (absence->before)
		snprintf(near, sizeof(near), "@%s:%u", spec->name, absence->before);
	if (absence->after)
		snprintf(near + strlen(near), sizeof(near) - strlen(near), "%s@%s:%u",
			 *near ? " and " : "", spec->name, absence->after);
	return err_hint(e, "the nearest lines with code: %s", *near ? near : "none");
}

struct err *suggest_line(struct plan *plan, const struct spec *spec)
{
	struct plan_modules found = {0};
	struct absence absence = {0};
	struct err *e = plan_find_modules(plan, spec->module, &found);
	for (size_t i = 0; !e && i < found.indexes.count; i++) {
		struct plan_module *module = &plan->modules.items[found.indexes.items[i]];
		struct image *image = NULL;
		e = plan_module_image(plan, module, spec->module != NULL, &image);
		absence.path = found.indexes.count == 1 ? module->path : NULL;
		if (!e && image)
			e = look(image, spec, &absence);
	}
	free(found.indexes.items);
	if (e)
		return e;
	return absence.file ? no_code(&absence, spec) : no_such_file(&absence, spec);
}
