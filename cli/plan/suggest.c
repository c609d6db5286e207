/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/debuginfo/notes.h"
#include "common/cleanup.h"
#include "common/distance.h"
#include "kernel/syscalls.h"
#include "usdt/usdt.h"

#define NEAREST	      3
#define REFUSALS_TOLD 8

/* The nearest names seen so far, best first. */
struct nearest {
	const char *names[NEAREST];
	size_t distances[NEAREST];
	size_t count;
	size_t seen;
};

static void consider(struct nearest *nearest, const char *wanted, const char *name)
{
	nearest->seen++;
	size_t length = strlen(wanted);
	size_t how_far = word_distance(wanted, name);
	/* A name that is too different is no help. */
	if (how_far > length / 3 + 1)
		return;
	for (size_t i = 0; i < nearest->count; i++)
		if (strcmp(nearest->names[i], name) == 0)
			return;
	size_t at = nearest->count;
	while (at > 0 && nearest->distances[at - 1] > how_far)
		at--;
	if (at >= NEAREST)
		return;
	size_t kept = nearest->count < NEAREST ? nearest->count : NEAREST - 1;
	memmove(&nearest->names[at + 1], &nearest->names[at], (kept - at) * sizeof(char *));
	memmove(&nearest->distances[at + 1], &nearest->distances[at], (kept - at) * sizeof(size_t));
	nearest->names[at] = name;
	nearest->distances[at] = how_far;
	nearest->count = kept + 1;
}

/* `later`: one more line, or "". */
static struct err *hint_nearest(struct err *e, const struct nearest *nearest, const char *otherwise,
				const char *later)
{
	char text[512] = "";
	if (!nearest->count)
		return err_hint(e, "%s%s", otherwise, later);
	for (size_t i = 0; i < nearest->count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s'%s'", i ? ", " : "",
			 nearest->names[i]);
	return err_hint(e, "did you mean %s?%s", text, later);
}

struct err *suggest_module(struct plan *plan, const struct spec *spec)
{
	struct nearest nearest = {0};
	for (size_t i = 0; i < plan->modules.count; i++)
		consider(&nearest, spec->module, plan->modules.items[i].name);
	struct err *e =
		err_new(ERR_USAGE, 0, "'%s': no program or library '%s'", spec->text, spec->module);
	if (strchr(spec->module, '/'))
		e = err_why(e, "%s", strerror(ENOENT));
	else if (plan->processes.count)
		e = err_why(e, "the process has none of that name mapped, and $PATH and the "
			       "library directories have none");
	else
		e = err_why(e, "$PATH and the library directories have none of that name");
	return hint_nearest(e, &nearest, "give its path: ./app:FUNC or /usr/lib/libx.so:FUNC", "");
}

static struct err *consider_functions(struct nearest *nearest, struct image *image,
				      const char *wanted)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	if (e)
		return e;
	for (size_t i = 0; i < count; i++)
		consider(nearest, wanted, functions[i].symbol);
	return NULL;
}

static struct err *consider_markers(struct nearest *nearest, struct arena *arena,
				    struct image *image, const char *wanted)
{
	const struct usdt_note *notes;
	size_t count, malformed;
	struct err *e = usdt_notes(image, arena, &notes, &count, &malformed);
	if (e)
		return e;
	for (size_t i = 0; i < count; i++) {
		const char *full =
			arena_printf(arena, "usdt:%s:%s", notes[i].provider, notes[i].name);
		if (!full)
			return &err_nomem;
		consider(nearest, wanted, full);
	}
	return NULL;
}

static struct err *syscall_unknown(const struct spec *spec)
{
	static const char *const classes[] = {"%file",	  "%network", "%desc", "%memory",
					      "%process", "%signal",  "%ipc"};
	struct nearest nearest = {0};
	size_t count;
	const struct syscall_info *all = syscall_first(&count);
	bool is_class = spec->name_kind == SPEC_NAME_CLASS;
	for (size_t i = 0; is_class && i < array_size(classes); i++)
		consider(&nearest, spec->name, classes[i] + 1);
	/* With the percent sign, as it is typed. */
	for (size_t i = 0; i < nearest.count; i++)
		nearest.names[i]--;
	for (size_t i = 0; !is_class && i < count; i++)
		consider(&nearest, spec->name, all[i].name);
	struct err *e = err_new(ERR_USAGE, 0, "'%s': no such system call%s", spec->text,
				spec->name_kind == SPEC_NAME_CLASS ? " class" : "");
	return hint_nearest(e, &nearest,
			    "classes are %file, %network, %desc, %memory, %process, %signal, %ipc",
			    "");
}

/* `path` NULL: several files were looked through. */
static struct err *explain_absence(const struct plan *plan, const struct spec *spec,
				   const char *path, struct image *image,
				   const struct nearest *nearest)
{
	bool usdt = spec->kind == PROBE_USDT;
	_cleanup_free_ char *complaint = debug_complaint(image);
	struct err *e = err_new(ERR_USAGE, 0, "'%s': no such %s in %s%s%s", spec->text,
				usdt ? "USDT probe" : "function", path ? "'" : "the target",
				path ? path : "", path ? "'" : "");
	if (!nearest->seen && image_lacks_sections(image))
		e = err_why(e, "the file is truncated: its sections lie past its end");
	else if (!nearest->seen && usdt)
		e = err_why(e, "%s",
			    path ? "this build has no USDT notes"
				 : "none of its files has USDT notes");
	else if (!nearest->seen)
		e = err_why(e, "the file is stripped: it has no symbols at all");
	else if (!usdt && path && image_is_stripped(image))
		e = err_why(e,
			    "the file is stripped: only its %zu exported functions are known%s%s",
			    nearest->seen, complaint ? "; " : "", complaint ? complaint : "");
	else
		e = err_why(e, "it has %zu %s, none with that name", nearest->seen,
			    usdt ? "markers" : "functions");
	char otherwise[512], later[512] = "", what[256] = "FILE";
	if (path)
		snprintf(what, sizeof(what), "%s", path);
	else if (plan->processes.count)
		snprintf(what, sizeof(what), "-p %d", process_pid(plan->processes.items[0]));
	if (!nearest->seen && !usdt)
		snprintf(otherwise, sizeof(otherwise),
			 "install its debug symbols (-dbgsym, -debuginfo), ask a server with "
			 "--debuginfod, or name an address: -e FILE:0xADDRESS");
	else
		snprintf(otherwise, sizeof(otherwise), "%s: utrail list %s%s",
			 nearest->seen ? "list them" : "its functions can be probed", what,
			 usdt && nearest->seen ? " 'usdt:*'" : "");
	if (!path && (plan->processes.count || plan->launch))
		snprintf(later, sizeof(later),
			 "\nif a library that is loaded later has it: -e '?%s'", spec->text);
	return hint_nearest(e, nearest, otherwise, later);
}

/* Something has the name, but no probe may go there; NULL: it is not so. */
static struct err *explain_refusals(const struct probe_set *set, const struct spec *spec,
				    size_t first_note)
{
	char why[2048];
	size_t told = 0, count = 0, used = 0;
	for (size_t i = first_note; i < set->notes.count; i++) {
		const struct probe_note *note = &set->notes.items[i];
		if (!note->is_refusal || count++ >= REFUSALS_TOLD)
			continue;
		int n = snprintf(why + used, sizeof(why) - used, "%s%s", used ? "\n" : "",
				 note->text);
		used += n < 0 || (size_t)n >= sizeof(why) - used ? 0 : (size_t)n;
		told++;
	}
	if (!count)
		return NULL;
	struct err *e = err_new(ERR_FAILED, 0, "'%s': nothing that matches can be probed safely",
				spec->text);
	if (count > told)
		return err_why(e, "%s\nand %zu more", why, count - told);
	return err_why(e, "%s", why);
}

struct err *suggest_in(struct plan *plan, const struct spec *spec,
		       const struct plan_modules *modules, bool named)
{
	struct nearest nearest = {0};
	struct image *first = NULL;
	const char *path = NULL;
	char wanted[256];
	struct err *e = NULL;
	snprintf(wanted, sizeof(wanted), "usdt:%s:%s", spec->provider ? spec->provider : "*",
		 spec->name);
	for (size_t i = 0; !e && i < modules->indexes.count; i++) {
		struct plan_module *module = &plan->modules.items[modules->indexes.items[i]];
		struct image *image = NULL;
		e = plan_module_image(plan, module, named, &image);
		if (e || !image)
			continue;
		first = first ? first : image;
		if (modules->indexes.count == 1)
			path = module->path;
		e = spec->kind == PROBE_USDT
			    ? consider_markers(&nearest, &plan->set.arena, image, wanted)
			    : consider_functions(&nearest, image, spec->name);
	}
	/* None could be looked into: why not the first, the program itself, say? */
	if (!e && !first && modules->indexes.count)
		e = plan_module_image(plan, &plan->modules.items[modules->indexes.items[0]], true,
				      &first);
	if (e)
		return e;
	if (first)
		return explain_absence(plan, spec, path, first, &nearest);
	return err_new(ERR_USAGE, 0, "'%s': nothing to look in", spec->text);
}

struct err *suggest_match(struct plan *plan, const struct spec *spec, size_t first_note)
{
	if (spec->kind == PROBE_SYSCALL)
		return syscall_unknown(spec);
	struct err *refused = explain_refusals(&plan->set, spec, first_note);
	if (refused)
		return refused;
	if (spec->name_kind == SPEC_NAME_LINE)
		return suggest_line(plan, spec);
	struct plan_modules found = {0};
	struct err *e = plan_find_modules(plan, spec->module, &found);
	e = e ? e : suggest_in(plan, spec, &found, spec->module != NULL);
	free(found.indexes.items);
	return e;
}
