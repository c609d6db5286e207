/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/steady.h"
#include "uprobe/layers.h"

/* Kernels without cookies get one program per site; loading each takes tens of milliseconds. */
#define OLD_SITES_MAX 64

/* A link, or a perf event. */
struct descriptor {
	int fd;
	const struct image *image;
};

struct descriptors {
	struct descriptor *items;
	size_t count, capacity;
};

struct attachment {
	struct descriptors hits, returns;
};

static void close_descriptors(struct descriptors *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		close(fds->items[i].fd);
	free(fds->items);
	*fds = (struct descriptors){0};
}

static struct err *keep(struct attachment *attachment, int fd, const struct image *image,
			bool as_return)
{
	struct descriptor *kept = array_push(as_return ? &attachment->returns : &attachment->hits);
	if (!kept) {
		close(fd);
		return &err_nomem;
	}
	*kept = (struct descriptor){fd, image};
	return NULL;
}

void attachment_close(struct attachment *attachment)
{
	if (!attachment)
		return;
	close_descriptors(&attachment->returns);
	close_descriptors(&attachment->hits);
	free(attachment);
}

static struct err *close_returns(void *context)
{
	struct attachment *attachment = context;
	close_descriptors(&attachment->returns);
	return NULL;
}

void attachment_close_returns(struct attachment *attachment)
{
	if (attachment)
		err_free(steady_run(close_returns, attachment));
}

size_t attachment_links(const struct attachment *attachment)
{
	return attachment->hits.count + attachment->returns.count;
}

void attachment_copy(const struct attachment *attachment, int *fds)
{
	for (size_t i = 0; i < attachment->returns.count; i++)
		*fds++ = attachment->returns.items[i].fd;
	for (size_t i = 0; i < attachment->hits.count; i++)
		*fds++ = attachment->hits.items[i].fd;
}

static size_t take_file(struct descriptors *from, const struct image *image, int *fds)
{
	size_t taken = 0;
	for (size_t i = 0; i < from->count; i++) {
		if (from->items[i].image == image)
			fds[taken++] = from->items[i].fd;
		else
			from->items[i - taken] = from->items[i];
	}
	from->count -= taken;
	return taken;
}

size_t attachment_take_file(struct attachment *attachment, const struct image *image, int *fds)
{
	size_t returns = take_file(&attachment->returns, image, fds);
	return returns + take_file(&attachment->hits, image, fds + returns);
}

static struct err *attach_failed(int errnum, const struct probe_site *site)
{
	struct err *e =
		err_new(errnum == EPERM || errnum == EACCES ? ERR_PERMISSION : ERR_FAILED, errnum,
			"attaching to %s at offset 0x%llx of '%s'", site->probe->name,
			(unsigned long long)site->offset, image_path(site->image));
	if (errnum == EPERM || errnum == EACCES)
		return err_hint(e, "run utrail as root; kernel lockdown forbids it even then");
	if ((errnum == ENOTSUP || errnum == EINVAL) && site->ref_ctr_offset)
		return err_hint(e,
				"the kernel refuses this instruction, or the semaphore at offset "
				"0x%llx: leave it out with '!'",
				(unsigned long long)site->ref_ctr_offset);
	if (errnum == ENOTSUP || errnum == EINVAL)
		return err_hint(e, "the kernel refuses this instruction: see 'utrail explain'");
	return e;
}

static bool is_attached_as(const struct probe_site *site, bool as_return)
{
	if (!site || !probe_site_is_in_code(site))
		return false;
	return !as_return ||
	       (site->wire.kind == SITE_ENTRY && (site->wire.flags & SITE_TRAMPOLINE));
}

/*
 * Of several probes at one address the kernel runs the one that came last first (consumer_add() in
 * kernel/events/uprobes.c). A place at a function's start comes before its call, and behind its
 * end, where that is probed; a marker there is inside of the call.
 */
enum attach_turn {
	TURN_MARKER,
	TURN_ENTRY,
	TURN_INSTANT,
	TURN_OTHER, /* ends */
	TURN_COUNT,
};

static enum attach_turn turn_of(const struct probe_site *site)
{
	if (site->wire.kind == SITE_ENTRY)
		return TURN_ENTRY;
	if (site->probe->kind == PROBE_USDT)
		return TURN_MARKER;
	return site->wire.kind == SITE_INSTANT ? TURN_INSTANT : TURN_OTHER;
}

static uint64_t site_cookie(const struct probe_site *site, bool as_return)
{
	return site->id | (as_return ? SITE_COOKIE_RETURN : 0);
}

/* --- one link per file ------------------------------------------------------------------------ */

struct multi {
	ARRAY_OF(unsigned long) offsets;
	ARRAY_OF(unsigned long) semaphores;
	ARRAY_OF(__u64) cookies;
	ARRAY_OF(const struct probe_site *) sites;
	bool has_semaphores;
	/* How it is attached. */
	int program;
	const struct image *image;
	bool as_return;
	pid_t pid;
};

static void multi_deinit(struct multi *multi)
{
	free(multi->offsets.items);
	free(multi->semaphores.items);
	free(multi->cookies.items);
	free(multi->sites.items);
}

static struct err *multi_collect(const struct probe_set *set, size_t first, enum attach_turn turn,
				 struct multi *ret)
{
	for (size_t i = first; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (!is_attached_as(site, ret->as_return) || site->image != ret->image ||
		    turn_of(site) != turn)
			continue;
		unsigned long *offset = array_push(&ret->offsets);
		unsigned long *semaphore = array_push(&ret->semaphores);
		__u64 *cookie = array_push(&ret->cookies);
		const struct probe_site **kept = array_push(&ret->sites);
		if (!offset || !semaphore || !cookie || !kept)
			return &err_nomem;
		*offset = site->offset;
		*semaphore = ret->as_return ? 0 : site->ref_ctr_offset;
		*cookie = site_cookie(site, ret->as_return);
		*kept = site;
		ret->has_semaphores |= *semaphore != 0;
	}
	return NULL;
}

/* Of its sites, `count` from `first` on: a descriptor, or a negative errno. */
static int multi_link(const struct multi *multi, size_t first, size_t count)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd(multi->image));
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.uprobe_multi.path = path;
	opts.uprobe_multi.offsets = multi->offsets.items + first;
	opts.uprobe_multi.cookies = multi->cookies.items + first;
	if (multi->has_semaphores)
		opts.uprobe_multi.ref_ctr_offsets = multi->semaphores.items + first;
	opts.uprobe_multi.cnt = (unsigned int)count;
	opts.uprobe_multi.pid = (unsigned int)multi->pid;
	opts.uprobe_multi.flags = multi->as_return ? UPROBE_MULTI_RETURN : 0;
	return bpf_link_create(multi->program, -1, UPROBE_MULTI_ATTACH, &opts);
}

/*
 * The kernel says of all sites of a link that they cannot be attached, and not which one. It is the
 * last of the fewest that fail: alone, or beside one before it.
 */
static const struct probe_site *multi_culprit(const struct multi *multi, int *errnum)
{
	size_t good = 0, bad = multi->sites.count;
	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;
		int link = multi_link(multi, 0, middle);
		if (link >= 0) {
			close(link);
			good = middle;
		} else {
			bad = middle;
			*errnum = -link;
		}
	}
	return multi->sites.items[bad - 1];
}

static struct err *multi_failed(const struct multi *multi, int errnum)
{
	/* No process, no right: so it is for each. */
	bool is_of_one = errnum != ESRCH && errnum != EPERM && errnum != EACCES;
	const struct probe_site *site =
		is_of_one ? multi_culprit(multi, &errnum) : multi->sites.items[0];
	return attach_failed(errnum, site);
}

static struct err *multi_attach(struct attachment *attachment, const struct multi *multi)
{
	int link = multi_link(multi, 0, multi->sites.count);
	return link < 0 ? multi_failed(multi, -link)
			: keep(attachment, link, multi->image, multi->as_return);
}

struct attaching {
	struct attachment *attachment;
	const struct probe_set *set;
	size_t first;
	const struct attach_programs *programs;
	pid_t pid;
};

static struct err *attach_multi(const struct attaching *how, const struct image *image,
				bool as_return)
{
	const struct attach_programs *programs = how->programs;
	struct multi multi = {
		.program = bpf_program__fd(as_return ? programs->returned : programs->hit),
		.image = image,
		.as_return = as_return,
		.pid = how->pid};
	struct err *e = NULL;
	for (int turn = 0; !e && turn < TURN_COUNT; turn++)
		e = multi_collect(how->set, how->first, (enum attach_turn)turn, &multi);
	if (!e && multi.sites.count)
		e = multi_attach(how->attachment, &multi);
	multi_deinit(&multi);
	return e;
}

/* --- one perf event per site ----------------------------------------------------------------- */

/* By whoever may. */
static int open_single(const struct attach_programs *programs, const struct perf_probe *probe,
		       int *ret_event, int *ret_link)
{
	if (programs->open_perf_probe)
		return programs->open_perf_probe(programs->opener, probe, ret_event, ret_link);
	return perf_probe_open(probe, ret_event, ret_link);
}

static struct err *attach_one(const struct attaching *how, const struct probe_site *site,
			      bool as_return)
{
	const struct attach_programs *programs = how->programs;
	int program = bpf_program__fd(programs->hit);
	struct err *e = NULL;
	if (programs->form == UPROBE_FORM_OLD)
		e = programs->copy(programs->context, site->id, as_return, &program);
	if (e)
		return e;
	const struct perf_probe probe = {
		.file = image_fd(site->image),
		.program = program,
		.offset = site->offset,
		.semaphore = site->ref_ctr_offset,
		.cookie = site_cookie(site, as_return),
		.pid = how->pid,
		.as_return = as_return,
		.has_cookie = programs->form != UPROBE_FORM_OLD,
	};
	int event = -1, link = -1;
	int error = open_single(programs, &probe, &event, &link);
	if (error)
		return attach_failed(-error, site);
	if (link >= 0)
		e = keep(how->attachment, link, site->image, as_return);
	struct err *kept = keep(how->attachment, event, site->image, as_return);
	return e ? e : kept;
}

static struct err *attach_turn(const struct attaching *how, const struct image *image,
			       enum attach_turn turn)
{
	struct err *e = NULL;
	for (size_t i = how->first; !e && i < how->set->sites.count; i++) {
		const struct probe_site *site = how->set->sites.items[i];
		if (!is_attached_as(site, false) || site->image != image || turn_of(site) != turn)
			continue;
		if (is_attached_as(site, true))
			e = attach_one(how, site, true);
		e = e ? e : attach_one(how, site, false);
	}
	return e;
}

static struct err *attach_singly(const struct attaching *how, const struct image *image)
{
	struct err *e = NULL;
	for (int turn = 0; !e && turn < TURN_COUNT; turn++)
		e = attach_turn(how, image, (enum attach_turn)turn);
	return e;
}

static struct err *check_number(const struct attaching *how)
{
	size_t places = 0;
	for (size_t i = 1; how->programs->form == UPROBE_FORM_OLD && i < how->set->sites.count; i++)
		places += is_attached_as(how->set->sites.items[i], false);
	if (places < OLD_SITES_MAX)
		return NULL;
	struct err *e =
		err_new(ERR_UNSUPPORTED, 0, "%zu places are too many for this kernel", places);
	e = err_why(e, "it has no BPF cookies (5.15), so each needs a program of its own");
	return err_hint(e, "choose fewer functions: at most %d", OLD_SITES_MAX - 1);
}

/* --- files that are one to the kernel --------------------------------------------------------- */

static int probe_ourselves(void *context, const struct image *image, uint64_t offset)
{
	const struct attaching *how = context;
	const struct attach_programs *programs = how->programs;
	if (programs->form == UPROBE_FORM_OLD)
		return -ENOTSUP;
	if (programs->form == UPROBE_FORM_MULTI) {
		unsigned long place = offset;
		__u64 cookie = 0;
		const struct multi multi = {.offsets.items = &place,
					    .cookies.items = &cookie,
					    .program = bpf_program__fd(programs->hit),
					    .image = image,
					    .pid = getpid()};
		return multi_link(&multi, 0, 1);
	}
	const struct perf_probe probe = {.file = image_fd(image),
					 .program = bpf_program__fd(programs->hit),
					 .offset = offset,
					 .pid = getpid(),
					 .has_cookie = true};
	int event = -1, link = -1;
	int error = open_single(programs, &probe, &event, &link);
	if (link >= 0)
		close(link);
	return error ? error : event;
}

static struct err *is_shared(const struct attaching *how, const struct image *probed,
			     const struct image *image, bool *ret)
{
	const struct layer_prober prober = {probe_ourselves, (void *)how};
	ARRAY_OF(uint64_t) offsets = {0};
	for (size_t i = 1; i < how->set->sites.count; i++) {
		const struct probe_site *site = how->set->sites.items[i];
		if (!is_attached_as(site, false) || site->image != probed)
			continue;
		uint64_t *offset = array_push(&offsets);
		if (!offset) {
			free(offsets.items);
			return &err_nomem;
		}
		*offset = site->offset;
	}
	*ret = layers_share_file(probed, offsets.items, offsets.count, image, &prober);
	free(offsets.items);
	return NULL;
}

/* Made from one spec, for one place. */
static bool is_same_site(const struct probe_site *a, const struct probe_site *b)
{
	return a->offset == b->offset && a->wire.kind == b->wire.kind &&
	       (a->wire.flags & SITE_TRAMPOLINE) == (b->wire.flags & SITE_TRAMPOLINE) &&
	       a->condition == b->condition && a->rate.count == b->rate.count &&
	       strcmp(a->probe->name, b->probe->name) == 0;
}

/* What is seen by the probes of the other one already. */
static void leave_out(const struct attaching *how, const struct image *probed,
		      const struct image *image)
{
	for (size_t i = how->first; i < how->set->sites.count; i++) {
		struct probe_site *site = how->set->sites.items[i];
		if (!is_attached_as(site, false) || site->image != image)
			continue;
		for (size_t j = 1; j < i && site->wire.kind; j++) {
			const struct probe_site *seen = how->set->sites.items[j];
			if (is_attached_as(seen, false) && seen->image == probed &&
			    is_same_site(seen, site))
				site->wire.kind = 0;
		}
	}
}

static struct err *leave_out_shared(const struct attaching *how, const struct image *image)
{
	struct err *e = NULL;
	/* One process has a file once. */
	for (size_t i = 0; !e && !how->pid && i < how->attachment->hits.count; i++) {
		const struct image *probed = how->attachment->hits.items[i].image;
		bool shared = false;
		if (probed == image || (i && how->attachment->hits.items[i - 1].image == probed) ||
		    !layers_may_share(probed, image))
			continue;
		e = is_shared(how, probed, image, &shared);
		if (shared)
			leave_out(how, probed, image);
	}
	return e;
}

/* ---------------------------------------------------------------------------------------------- */

static struct err *attach_file(const struct attaching *how, const struct image *image)
{
	struct err *e = leave_out_shared(how, image);
	if (how->programs->form != UPROBE_FORM_MULTI)
		return e ? e : attach_singly(how, image);
	/* Returns first: a call whose entry is seen has its end seen, too. */
	e = e ? e : attach_multi(how, image, true);
	return e ? e : attach_multi(how, image, false);
}

static struct err *attach_all(void *context)
{
	const struct attaching *how = context;
	const struct probe_set *set = how->set;
	_cleanup_free_ bool *done = calloc(set->sites.count + 1, sizeof(*done));
	struct err *e = done ? check_number(how) : &err_nomem;
	for (size_t i = how->first; !e && i < set->sites.count; i++) {
		const struct image *image = set->sites.items[i]->image;
		if (done[i] || !is_attached_as(set->sites.items[i], false))
			continue;
		for (size_t j = i; j < set->sites.count; j++)
			done[j] |= set->sites.items[j]->image == image;
		e = attach_file(how, image);
	}
	return e;
}

struct err *attach_sites(const struct probe_set *set, size_t first,
			 const struct attach_programs *programs, pid_t pid,
			 struct attachment **attachment)
{
	if (!*attachment)
		*attachment = calloc(1, sizeof(**attachment));
	if (!*attachment)
		return &err_nomem;
	struct attaching how = {*attachment, set, first, programs, pid};
	return steady_run(attach_all, &how);
}
