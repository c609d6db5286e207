/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/kernel/calls.h"
#include "cli/plan/plan.h"
#include "cli/report.h"
#include "common/cleanup.h"
#include "output/escape.h"
#include "probe/features.h"

/* Most of what is told stands in files that anyone may have made. */
static void put(const char *text)
{
	escape_print(stdout, text, "");
}

static void put_build_id(const struct image *image)
{
	const uint8_t *id;
	size_t size = image_build_id(image, &id);
	for (size_t i = 0; i < size; i++)
		printf("%02x", id[i]);
	if (!size)
		fputs("none", stdout);
}

static const char *role(const struct probe_site *site)
{
	if (probe_site_is_end(site))
		return site->wire.flags & SITE_TAIL_CALL ? "tail jump" : "return";
	if (site->wire.kind == SITE_ENTRY || (site->wire.flags & SITE_GO))
		return "entry";
	if (site->wire.kind == SITE_CATCH)
		return "end of calls that an exception or longjmp() has left,";
	return "hit";
}

static void put_values(const char *label, const struct value_list *values)
{
	if (!values->count)
		return;
	printf("      %s", label);
	for (size_t i = 0; i < values->count; i++) {
		const struct value *value = &values->items[i];
		fputs(i ? ", " : " ", stdout);
		put(value->type->name);
		fputs(*value->name ? " " : "", stdout);
		put(value->name);
		if (value->unavailable)
			printf(" <%s>", value->unavailable);
	}
	putchar('\n');
}

/* The condition as it was typed, and its comparisons in the order in which the kernel asks. */
static void put_condition(const struct probe_site *site, struct arena *arena)
{
	if (site->rate.count && !probe_site_is_end(site))
		printf("      at most %" PRIu32 " events in %" PRIu64 " ms\n", site->rate.count,
		       site->rate.period_ns / 1000000);
	if (!site->filter || probe_site_is_end(site))
		return;
	const char *text = condition_text(site->condition, arena);
	fputs("      counts if: ", stdout);
	put(text ? text : "?");
	putchar('\n');
	for (const char *line = site->filter->words; *line;) {
		size_t length = strcspn(line, "\n");
		const char *words = arena_substring(arena, line, length);
		fputs("        ", stdout);
		put(words ? words : "?");
		putchar('\n');
		line += length + (line[length] == '\n');
	}
}

static void put_site(const struct probe_site *site, struct arena *arena)
{
	printf("    %s at file offset 0x%" PRIx64, role(site), site->offset);
	if (site->instruction)
		printf(": %s", site->instruction);
	printf(" (%s)\n", site->emulated ? "emulated" : "single-stepped");
	if (site->ref_ctr_offset)
		printf("      semaphore at file offset 0x%" PRIx64 "\n", site->ref_ctr_offset);
	if (site->operands) {
		fputs("      operands: ", stdout);
		put(*site->operands ? site->operands : "none");
		putchar('\n');
	}
	put_values("reads:", &site->arguments);
	put_values("result:", &site->results);
	put_condition(site, arena);
}

static void put_probe(const struct probe *probe, const struct probe_site *first)
{
	printf("%s ", probe_kind_name(probe->kind));
	put(probe->module);
	putchar(':');
	if (probe->provider) {
		put(probe->provider);
		putchar(':');
	}
	put(probe->name);
	fputs("\n    file:    ", stdout);
	put(image_path(first->image));
	fputs("\n    build id: ", stdout);
	put_build_id(first->image);
	const char *symbols = image_symbol_source(first->image);
	fputs("\n    symbols: ", stdout);
	put(symbols ? symbols : "none");
	const char *debug = image_debug_source(first->image);
	fputs("\n    types:   ", stdout);
	put(debug ? debug : "no debug information");
	putchar('\n');
	if (!probe->return_form)
		return;
	printf("    returns: %s (", probe->return_form);
	put(probe->return_why ? probe->return_why : "");
	puts(")");
}

/* A place in the kernel. */
static void put_point(const struct probe_site *site, struct arena *arena)
{
	const char *kind = probe_kind_name(site->probe->kind);
	bool is_part = site->view || site->probe->kind == PROBE_SIGNAL;
	/* Of `exec` the name is the kind. */
	if (!(site->wire.flags & SITE_LIFE) || is_part)
		printf("%s%c", kind, is_part ? ':' : ' ');
	if (site->probe->kind == PROBE_TRACEPOINT)
		printf("%s:", site->probe->module);
	puts(site->probe->name);
	put_values("reads:", &site->arguments);
	put_condition(site, arena);
}

static void put_calls(size_t count, const struct call_choice *choice)
{
	const struct syscall_backend_info *info = syscall_backend_info(choice->backend);
	printf("%zu system call%s: seen by %s (%s), one record a call\n", count,
	       count == 1 ? "" : "s", info->name, choice->why);
	printf("    %s; of processes that are not traced, %s\n", info->place, info->others);
}

static void put_plan(struct plan *plan, const struct call_choice *calls)
{
	const struct probe *last = NULL;
	size_t syscalls = 0;
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (site->wire.kind == SITE_SYSCALL) {
			syscalls++;
			if (site->filter || site->rate.count)
				printf("syscall %s\n", site->probe->name);
			put_condition(site, &plan->set.arena);
		}
		if (site->wire.kind &&
		    (site->wire.flags & (SITE_IN_KERNEL | SITE_SAMPLE | SITE_VIEW | SITE_LIFE)))
			put_point(site, &plan->set.arena);
		if (!site->image || !site->wire.kind)
			continue;
		if (site->probe != last)
			put_probe(site->probe, site);
		last = site->probe;
		put_site(site, &plan->set.arena);
	}
	if (syscalls)
		put_calls(syscalls, calls);
	if (plan->show_exec || plan->show_fork || plan->show_exit)
		puts("task life: BTF tracepoints sched_process_fork, _exec, _exit");
}

struct err *inspect_explain(const struct options *options)
{
	struct plan plan;
	struct call_choice calls = {0};
	struct err *e = plan_make(options, &plan);
	if (e)
		return e;
	if (plan.has_syscalls)
		e = calls_choose(options->syscall_backend, &plan.set, &calls);
	if (e) {
		plan_deinit(&plan);
		return e;
	}
	report_notes(&plan.set, 0);
	put_plan(&plan, &calls);
	e = features_check_privilege();
	if (e) {
		printf("not with these rights: %s\n", err_reason(e));
		err_free(e);
	} else {
		struct features features;
		features_detect(&features);
		printf("user-space probes run as: %s\n",
		       uprobe_form_name(features_uprobe_form(&features)));
	}
	plan_deinit(&plan);
	return NULL;
}
