/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strace's `trace=open,%file`, `trace=!read,write`, `trace=/^sched_`: the rest of the text is a set
 * of system calls; `signal=CHLD,TERM`: of signals, out of all. A leading '!' takes the whole set
 * from all calls, which is here `syscall:*` and then each call with '!'.
 */
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

static struct err *unknown_qualifier(const struct spec_parser *p, struct spec_span word)
{
	return err_hint(spec_error(p, word.start, "unknown qualifier '%s='", spec_quote(p, word)),
			"of strace's, 'trace=' and 'signal=' are understood; write "
			"'trace=CALL,%%CLASS' or 'syscall:CALL'");
}

/* The words that strace took as classes before they had a '%'. */
static bool is_old_class(const struct spec_parser *p, struct spec_span element)
{
	static const char *const classes[] = {"file",	"process", "network", "net",
					      "signal", "ipc",	   "desc",    "memory"};
	for (size_t i = 0; i < array_size(classes); i++)
		if (spec_span_is(p, element, classes[i]))
			return true;
	return false;
}

static struct err *parse_old_class(const struct spec_parser *p, struct spec_span element,
				   struct spec *spec)
{
	spec->name_kind = SPEC_NAME_CLASS;
	spec->name = spec_span_is(p, element, "net") ? "network" : spec_copy(p, element);
	return spec->name ? NULL : &err_nomem;
}

/* /regex up to the comma; a closing slash is taken off. */
static struct err *parse_regex(const struct spec_parser *p, struct spec_span element,
			       struct spec *spec)
{
	element.start++;
	if (element.end - element.start > 1 && p->text[element.end - 1] == '/' &&
	    p->text[element.end - 2] != '\\')
		element.end--;
	if (element.start == element.end)
		return err_hint(spec_error(p, element.start, "no expression behind '/'"),
				"write 'trace=/EXPRESSION'");
	return spec_compile_regex(p, element, spec);
}

static struct err *parse_element(const struct spec_parser *p, struct spec_span element,
				 struct spec *spec)
{
	bool none = spec_span_is(p, element, "none");
	if (none)
		spec->negated = !spec->negated;
	if (none || spec_span_is(p, element, "all"))
		return spec_name_all(p, spec);
	if (spec->kind == PROBE_SYSCALL && is_old_class(p, element))
		return parse_old_class(p, element, spec);
	if (p->text[element.start] == '/')
		return parse_regex(p, element, spec);
	for (size_t at = element.start; at < element.end; at++)
		if (strchr(":(@+", p->text[at]))
			return err_hint(spec_error(p, at, "'trace=' takes system calls only"),
					"give other probes with an -e of their own");
	return spec_parse_name(p, element, spec);
}

static struct err *take_element(const struct spec_parser *p, struct spec_span element,
				enum probe_kind kind, bool negated)
{
	element = spec_trim(p, element);
	struct spec spec = {.kind = kind, .kind_given = true, .negated = negated};
	spec.text = spec_copy(p, element);
	if (!spec.text)
		return &err_nomem;
	if (element.start < element.end && p->text[element.start] == '?') {
		spec.optional = true;
		element.start++;
	}
	if (element.start == element.end)
		return kind == PROBE_SIGNAL
			       ? err_hint(spec_error(p, element.start, "no signal"),
					  "write 'signal=SIGCHLD,SIGTERM', or 'signal=none'")
			       : err_hint(spec_error(p, element.start, "no system call"),
					  "write 'trace=open,read', or 'trace=all'");
	struct err *e = parse_element(p, element, &spec);
	return e ?: spec_append(p, &spec);
}

/* What a negated set is taken from; `negated`: what a set replaces. */
static struct err *append_all(const struct spec_parser *p, enum probe_kind kind, bool negated)
{
	struct spec all = {.kind = kind, .kind_given = true, .negated = negated};
	all.text = spec_copy(p, (struct spec_span){p->item, p->length});
	struct err *e = all.text ? spec_name_all(p, &all) : &err_nomem;
	return e ?: spec_append(p, &all);
}

struct err *spec_parse_strace(const struct spec_parser *p, size_t start, bool *ret_taken)
{
	size_t at = start;
	while (at < p->length && ((p->text[at] >= 'a' && p->text[at] <= 'z') || p->text[at] == '-'))
		at++;
	struct spec_span word = {start, at};
	if (at == start || p->text[at] != '=' || spec_span_is(p, word, "operator"))
		return NULL;
	*ret_taken = true;
	bool is_signal = spec_span_is(p, word, "signal") || spec_span_is(p, word, "signals") ||
			 spec_span_is(p, word, "s");
	if (!is_signal && !spec_span_is(p, word, "trace") && !spec_span_is(p, word, "t"))
		return unknown_qualifier(p, word);
	if (start > p->item)
		return err_hint(spec_error(p, p->item, "nothing goes in front of '%s='",
					   spec_quote(p, word)),
				"a set is negated inside: 'trace=!read,write'");
	at++;
	bool negated = p->text[at] == '!';
	enum probe_kind kind = is_signal ? PROBE_SIGNAL : PROBE_SYSCALL;
	/* All signals are shown unless this says which. */
	struct err *e = is_signal ? append_all(p, kind, true) : NULL;
	if (!e && negated)
		e = append_all(p, kind, false);
	for (at += negated; !e; at++) {
		const char *comma = memchr(p->text + at, ',', p->length - at);
		size_t end = comma ? (size_t)(comma - p->text) : p->length;
		e = take_element(p, (struct spec_span){at, end}, kind, negated);
		at = end;
		if (at == p->length)
			break;
	}
	return e;
}
