/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/traps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "uprobe/trap.h"

/* Between two looks, at first and then; and before what is missing is told. */
#define FIRST_LOOK_NS 50000000ULL
#define LOOK_NS	      1000000000ULL
#define CONFIRM_NS    20000000ULL
/* One of them takes 0.1 ms, and more where much is probed. */
#define PROCESSES_A_LOOK 32
#define PROCESSES_MAX	 4096
#define PAGE_BYTES	 4096

/* A process as it was when we had the rights; later it is asked for by the view. */
struct held_process {
	pid_t pid;
	int memory;
	struct module_list maps;
};

/* Of a process and a file. */
struct finding {
	pid_t pid;
	const struct image *image;
	bool is_told, is_fresh; /* the latter: found by the look at hand */
};

struct seen_process {
	pid_t pid;
	uint64_t whole_ns; /* when nothing was missing */
};

struct traps {
	struct traps_parts parts;
	ARRAY_OF(struct held_process) held;
	ARRAY_OF(struct finding) findings;
	ARRAY_OF(struct seen_process) seen;
	uint64_t opened_ns, next_ns, pause_ns;
	pid_t at; /* the process that was looked at last; 0: all have been */
	bool doubts;
};

/* --- what is there ---------------------------------------------------------------------------- */

/* One page of a mapped file, as the process has it and as the file does. */
struct page {
	uint64_t offset; /* in the file */
	ssize_t size;
	uint8_t mapped[PAGE_BYTES], held[PAGE_BYTES];
};

static void read_page(struct page *page, int memory, const struct module *mapping, int file,
		      uint64_t offset)
{
	uint64_t address = mapping->start + (offset - mapping->offset);
	page->offset = offset;
	ssize_t mapped = pread(memory, page->mapped, PAGE_BYTES, (off_t)address);
	ssize_t held = pread(file, page->held, PAGE_BYTES, (off_t)offset);
	page->size = mapped < held ? mapped : held;
}

static bool is_trapped(const struct probe_site *site, const struct image *image,
		       const struct module *mapping)
{
	/* A file may have been opened twice, by what is named and by what a command is. */
	return probe_site_is_in_code(site) && image_is_same_file(site->image, image) &&
	       site->offset >= mapping->offset &&
	       site->offset - mapping->offset < mapping->end - mapping->start;
}

/* Is the file's own instruction at one of its places? What cannot be read is not known. */
static bool lacks_trap(const struct plan *plan, const struct image *image, int memory,
		       const struct module *mapping)
{
	struct page page = {.offset = UINT64_MAX};
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (!is_trapped(site, image, mapping))
			continue;
		uint64_t at = site->offset % PAGE_BYTES;
		if (page.offset != site->offset - at)
			read_page(&page, memory, mapping, image_fd(image), site->offset - at);
		if (page.size >= (ssize_t)(at + TRAP_BYTES) &&
		    memcmp(page.mapped + at, page.held + at, TRAP_BYTES) == 0)
			return true;
	}
	return false;
}

/* --- what is told ----------------------------------------------------------------------------- */

static struct seen_process *find_seen(struct traps *traps, pid_t pid)
{
	for (size_t i = 0; i < traps->seen.count; i++)
		if (traps->seen.items[i].pid == pid)
			return &traps->seen.items[i];
	/* Those of long ago have ended. */
	if (traps->seen.count >= PROCESSES_MAX)
		traps->seen.count = 0;
	struct seen_process *seen = array_push(&traps->seen);
	if (seen)
		*seen = (struct seen_process){pid, 0};
	return seen;
}

static struct finding *find_finding(struct traps *traps, pid_t pid, const struct image *image)
{
	for (size_t i = 0; i < traps->findings.count; i++) {
		struct finding *finding = &traps->findings.items[i];
		if (finding->pid == pid && finding->image == image)
			return finding;
	}
	return NULL;
}

static const char *module_of(const struct plan *plan, const struct image *image)
{
	for (size_t i = 1; i < plan->set.sites.count; i++)
		if (plan->set.sites.items[i]->image &&
		    image_is_same_file(plan->set.sites.items[i]->image, image))
			return plan->set.sites.items[i]->probe->module;
	return image_path(image);
}

static struct err *tell(struct traps *traps, struct finding *finding, uint64_t whole_ns,
			uint64_t now_ns)
{
	const struct stream_gap gap = {.tgid = (uint32_t)finding->pid,
				       .module = module_of(traps->parts.plan, finding->image),
				       .from_ns = whole_ns,
				       .until_ns = now_ns,
				       .kind = GAP_OVERWRITTEN};
	finding->is_told = true;
	return stream_tell_gap(traps->parts.stream, &gap);
}

/* Something is missing: it is told when that is seen a second time. */
static struct err *note(struct traps *traps, pid_t pid, const struct image *image,
			uint64_t whole_ns, uint64_t now_ns, bool at_once)
{
	struct finding *finding = find_finding(traps, pid, image);
	bool is_known = finding && !finding->is_fresh;
	if (!finding) {
		finding = array_push(&traps->findings);
		if (!finding)
			return &err_nomem;
		*finding = (struct finding){.pid = pid, .image = image};
	}
	finding->is_fresh = true;
	if (finding->is_told)
		return NULL;
	if (is_known || at_once)
		return tell(traps, finding, whole_ns, now_ns);
	traps->doubts = true;
	return NULL;
}

/* What was in doubt, and was not found again. */
static void forget_doubts(struct traps *traps, pid_t pid)
{
	for (size_t i = traps->findings.count; i-- > 0;) {
		struct finding *finding = &traps->findings.items[i];
		if (finding->pid == pid && !finding->is_told && !finding->is_fresh)
			*finding = traps->findings.items[--traps->findings.count];
		else
			finding->is_fresh = false;
	}
}

/* --- looking ---------------------------------------------------------------------------------- */

static struct err *look_through(struct traps *traps, pid_t pid, int memory,
				const struct module_list *maps, uint64_t now_ns, bool at_once)
{
	const struct plan *plan = traps->parts.plan;
	struct seen_process *seen = find_seen(traps, pid);
	struct err *e = seen ? NULL : &err_nomem;
	bool is_whole = true;
	for (size_t i = 0; !e && i < maps->count; i++) {
		const struct module *mapping = &maps->items[i];
		const struct image *image =
			mapping->inode ? plan_mapped_image(plan, mapping) : NULL;
		if (!image)
			continue;
		if (!lacks_trap(plan, image, memory, mapping))
			continue;
		uint64_t since = seen->whole_ns ? seen->whole_ns : traps->opened_ns;
		e = note(traps, pid, image, since, now_ns, at_once);
		is_whole = false;
	}
	forget_doubts(traps, pid);
	if (is_whole && seen)
		seen->whole_ns = now_ns;
	return e;
}

static const struct held_process *find_held(const struct traps *traps, pid_t pid)
{
	for (size_t i = 0; i < traps->held.count; i++)
		if (traps->held.items[i].pid == pid)
			return &traps->held.items[i];
	return NULL;
}

/* As it is now, or as it was when the trace began. One that cannot be looked at any more is not. */
static struct err *look_at(struct traps *traps, pid_t pid, uint64_t now_ns, bool at_once)
{
	const struct process_view *view = traps->parts.view;
	const struct held_process *held = find_held(traps, pid);
	_cleanup_close_ int memory = -1;
	struct module_list maps = {0};
	struct err *e = view->maps(view->context, pid, &maps);
	e = e ? e : view->open_memory(view->context, pid, &memory);
	bool can = !e;
	if (e == &err_nomem)
		return e;
	err_free(e);
	e = NULL;
	if (can)
		e = look_through(traps, pid, memory, &maps, now_ns, at_once);
	else if (held)
		e = look_through(traps, pid, held->memory, &held->maps, now_ns, at_once);
	module_list_deinit(&maps);
	return e;
}

static bool has_probed_files(const struct plan *plan)
{
	for (size_t i = 1; i < plan->set.sites.count; i++)
		if (plan->set.sites.items[i]->image)
			return true;
	return false;
}

struct err *traps_look(struct traps *traps, uint64_t now_ns, bool at_once)
{
	if (!traps || (!at_once && now_ns < traps->next_ns))
		return NULL;
	traps->next_ns = now_ns + traps->pause_ns;
	traps->pause_ns = traps->pause_ns * 2 < LOOK_NS ? traps->pause_ns * 2 : LOOK_NS;
	if (!has_probed_files(traps->parts.plan))
		return NULL;
	const struct kernel *kernel = traps->parts.kernel;
	struct err *e = NULL;
	size_t count = 0;
	traps->doubts = false;
	pid_t pid = kernel_next_target(kernel, at_once ? 0 : traps->at);
	for (; !e && pid && count < PROCESSES_A_LOOK; count++) {
		e = look_at(traps, pid, now_ns, at_once);
		traps->at = pid;
		pid = kernel_next_target(kernel, pid);
	}
	/* What is in doubt is looked at again with all that was. */
	if (!pid || traps->doubts)
		traps->at = 0;
	if (traps->doubts)
		traps->next_ns = now_ns + CONFIRM_NS;
	return e;
}

/* --- a run ------------------------------------------------------------------------------------ */

static struct err *hold(struct traps *traps, pid_t pid)
{
	const struct process_view *view = traps->parts.view;
	struct held_process held = {.pid = pid, .memory = -1};
	struct err *e = view->open_memory(view->context, pid, &held.memory);
	e = e ? e : view->maps(view->context, pid, &held.maps);
	struct held_process *kept = e ? NULL : array_push(&traps->held);
	if (kept) {
		*kept = held;
		return NULL;
	}
	closep(&held.memory);
	module_list_deinit(&held.maps);
	if (!e || e == &err_nomem)
		return &err_nomem;
	/* It has ended, or is not ours to look at. */
	err_free(e);
	return NULL;
}

struct err *traps_open(const struct traps_parts *parts, uint64_t now_ns, struct traps **ret)
{
	struct traps *traps = calloc(1, sizeof(*traps));
	if (!traps)
		return &err_nomem;
	*ret = traps;
	traps->parts = *parts;
	traps->opened_ns = now_ns;
	traps->pause_ns = FIRST_LOOK_NS;
	struct err *e = NULL;
	bool holds = parts->holds && has_probed_files(parts->plan);
	for (size_t i = 0; holds && !e && i < parts->plan->processes.count; i++)
		e = hold(traps, process_pid(parts->plan->processes.items[i]));
	return e;
}

static void read_name(pid_t pid, char *name, size_t size)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		snprintf(name, size, "?");
	name[strcspn(name, "\n")] = '\0';
}

struct err *traps_note_debuggers(struct plan *plan)
{
	struct err *e = NULL;
	for (size_t i = 0; has_probed_files(plan) && !e && i < plan->processes.count; i++) {
		char name[THREAD_COMM];
		pid_t pid = process_pid(plan->processes.items[i]);
		pid_t tracer = process_tracer(plan->processes.items[i]);
		if (!tracer)
			continue;
		read_name(tracer, name, sizeof(name));
		e = probe_set_note(&plan->set,
				   "pid %d is traced by pid %d (%s): while a place is probed, a "
				   "breakpoint there does not stop it, and who puts back the "
				   "instruction takes the probe out",
				   (int)pid, (int)tracer, name);
	}
	return e;
}

void traps_close(struct traps *traps)
{
	if (!traps)
		return;
	for (size_t i = 0; i < traps->held.count; i++) {
		closep(&traps->held.items[i].memory);
		module_list_deinit(&traps->held.items[i].maps);
	}
	free(traps->held.items);
	free(traps->findings.items);
	free(traps->seen.items);
	free(traps);
}
