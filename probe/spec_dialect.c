/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spellings of perf (`probe_libc:malloc`, `sdt_postgresql:query__start`,
 * `syscalls:sys_enter_read`), and those that are refused with ours in the hint: one-letter kinds,
 * which mean different things in bcc and bpftrace, and SystemTap's.
 */
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

struct err *spec_refuse_short_kind(const struct spec_parser *p, const struct spec_item *item)
{
	static const struct {
		const char *word, *one, *other;
		const char *why;
	} shorts[] = {
		{"u", "uprobe", "usdt", "means 'uprobe' to bpftrace and 'usdt' to bcc"},
		{"U", "usdt", NULL, "is short for 'usdt'"},
		{"k", "kprobe", NULL, "is short for 'kprobe'"},
		{"t", "tracepoint", NULL, "is short for 'tracepoint'"},
		{"f", "fentry", NULL, "is short for 'fentry'"},
		{"ur", "uretprobe", NULL, "is short for 'uretprobe'"},
		{"kr", "kretprobe", NULL, "is short for 'kretprobe'"},
		{"fr", "fexit", NULL, "is short for 'fexit'"},
		{"rt", "rawtracepoint", NULL, "is short for 'rawtracepoint'"},
	};
	for (size_t i = 0; item->n_segments > 1 && i < array_size(shorts); i++) {
		if (!spec_span_is(p, item->segments[0], shorts[i].word))
			continue;
		struct spec_span rest = {item->segments[1].start, item->text.end};
		const char *behind = spec_quote(p, rest);
		struct err *e = spec_error(p, item->segments[0].start, "'%s:' %s", shorts[i].word,
					   shorts[i].why);
		if (shorts[i].other)
			return err_hint(e, "write '%s:%s' or '%s:%s'", shorts[i].one, behind,
					shorts[i].other, behind);
		return err_hint(e, "write '%s:%s'; for a file of that name, './%s:%s'",
				shorts[i].one, behind, shorts[i].word, behind);
	}
	return NULL;
}

/* --- SystemTap ---------------------------------------------------------------------------------
 */

/* The text between the quotes behind `.word("`; false: not there. */
static bool quoted_part(const struct spec_parser *p, struct spec_span rest, const char *word,
			struct spec_span *ret)
{
	size_t length = strlen(word);
	const char *text = p->text + rest.start;
	const char *found = memmem(text, rest.end - rest.start, word, length);
	if (!found)
		return false;
	size_t start = rest.start + (size_t)(found - text) + length;
	const char *quote = memchr(p->text + start, '"', rest.end - start);
	if (!quote)
		return false;
	*ret = (struct spec_span){start, (size_t)(quote - p->text)};
	return true;
}

static struct err *systemtap_hint(const struct spec_parser *p, struct spec_span rest, struct err *e)
{
	struct spec_span process, name, provider;
	bool in_process = quoted_part(p, rest, "process(\"", &process);
	const char *module = in_process ? spec_quote(p, process) : "";
	const char *colon = in_process ? ":" : "";
	bool is_return = memmem(p->text + rest.start, rest.end - rest.start, ".return", 7) != NULL;
	if (quoted_part(p, rest, ".mark(\"", &name)) {
		bool named = quoted_part(p, rest, ".provider(\"", &provider);
		return err_hint(e, "write 'usdt:%s%s%s:%s'", module, colon,
				named ? spec_quote(p, provider) : "*", spec_quote(p, name));
	}
	if (spec_span_starts(p, rest, "kernel."))
		return err_hint(e, "write '%s:%s'", is_return ? "kretprobe" : "kprobe",
				quoted_part(p, rest, ".function(\"", &name) ? spec_quote(p, name)
									    : "NAME");
	if (quoted_part(p, rest, ".function(\"", &name))
		return err_hint(e, "write '%s:%s%s%s'", is_return ? "uretprobe" : "uprobe", module,
				colon, spec_quote(p, name));
	return err_hint(e, "write 'uprobe:MODULE:NAME', 'uretprobe:MODULE:NAME' or "
			   "'usdt:MODULE:PROVIDER:NAME'");
}

struct err *spec_refuse_systemtap(const struct spec_parser *p, struct spec_span rest)
{
	static const char *const starts[] = {"process(\"",	    "process.",
					     "kernel.function(\"",  "kernel.trace(\"",
					     "kernel.statement(\"", "module(\""};
	for (size_t i = 0; i < array_size(starts); i++) {
		if (!spec_span_starts(p, rest, starts[i]))
			continue;
		/* `process.x` alone is a function's name in Go. */
		if (!memchr(p->text + rest.start, '"', rest.end - rest.start))
			continue;
		return systemtap_hint(p, rest,
				      spec_error(p, rest.start, "this is SystemTap's spelling"));
	}
	return NULL;
}

/* --- perf --------------------------------------------------------------------------------------
 */

struct err *spec_parse_syscall_event(const struct spec_parser *p, struct spec_span category,
				     struct spec_span name, struct spec *spec, bool *ret_taken)
{
	bool raw = spec_span_is(p, category, "raw_syscalls");
	if (!raw && !spec_span_is(p, category, "syscalls"))
		return NULL;
	*ret_taken = true;
	spec->kind = PROBE_SYSCALL;
	spec->kind_given = true;
	if (spec_span_is(p, name, raw ? "sys_enter" : "*") ||
	    spec_span_is(p, name, raw ? "sys_exit" : "sys_*") || spec_span_is(p, name, "*"))
		return spec_name_all(p, spec);
	bool enter = spec_span_starts(p, name, "sys_enter_");
	if (raw || (!enter && !spec_span_starts(p, name, "sys_exit_")))
		return err_hint(spec_error(p, name.start, "no event of a system call"),
				"write 'syscall:NAME', or 'syscalls:sys_enter_NAME'");
	name.start += strlen(enter ? "sys_enter_" : "sys_exit_");
	return spec_parse_name(p, name, spec);
}

/* probe_libc:malloc, probe_libc:malloc__return: events that `perf probe` made. */
static struct err *parse_perf_probe(const struct spec_parser *p, struct spec_span group,
				    struct spec_span name, struct spec *spec)
{
	struct spec_span module = {group.start + strlen("probe_"), group.end};
	size_t suffix = strlen("__return");
	struct spec_span tail = {name.end - (name.end - name.start > suffix ? suffix : 0),
				 name.end};
	bool is_return = spec_span_is(p, tail, "__return");
	if (is_return)
		name.end = tail.start;
	spec->kind = is_return ? PROBE_URETPROBE : PROBE_UPROBE;
	spec->kind_given = true;
	spec->module = spec_unescape(p, module);
	if (!spec->module)
		return &err_nomem;
	tail = (struct spec_span){name.end - (name.end - name.start > 7 ? 7 : 0), name.end};
	if (spec_span_is(p, tail, "%return"))
		spec->kind = PROBE_URETPROBE;
	return spec_parse_name(p, name, spec);
}

static struct err *parse_perf_marker(const struct spec_parser *p, struct spec_span provider,
				     struct spec_span name, struct spec *spec)
{
	spec->kind = PROBE_USDT;
	spec->kind_given = true;
	struct err *e = spec_take_provider(p, provider, spec);
	return e ?: spec_parse_name(p, name, spec);
}

struct err *spec_parse_perf(const struct spec_parser *p, const struct spec_item *item,
			    struct spec *spec, bool *ret_taken)
{
	if (item->n_segments != 2 || item->scope_in_module)
		return NULL;
	struct spec_span group = item->segments[0], name = item->segments[1];
	for (size_t at = group.start; at < group.end; at++)
		if (p->text[at] == '/' || p->text[at] == '.')
			return NULL;
	struct err *e = spec_parse_syscall_event(p, group, name, spec, ret_taken);
	/* `perf probe` itself writes %sdt_. */
	struct spec_span marker = {group.start + spec_span_starts(p, group, "%"), group.end};
	if (!*ret_taken && spec_span_starts(p, group, "probe_") &&
	    !spec_span_is(p, group, "probe_")) {
		*ret_taken = true;
		e = parse_perf_probe(p, group, name, spec);
	} else if (!*ret_taken && spec_span_starts(p, marker, "sdt_") &&
		   !spec_span_is(p, marker, "sdt_")) {
		*ret_taken = true;
		marker.start += strlen("sdt_");
		e = parse_perf_marker(p, marker, name, spec);
	}
	if (e || !*ret_taken)
		return e;
	return spec_finish(p, item, spec);
}
