/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of probes: their words, how many parts follow, and what each can and cannot have. */
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

struct kind_row {
	const char *word;
	unsigned char parts; /* most that may follow: NAME, MODULE:NAME, MODULE:PROVIDER:NAME */
	bool may_be_empty;   /* `sched:` is `sched:*` */
	const char *form;    /* what follows, for hints */
};

static const struct kind_row rows[] = {
	[PROBE_CALL] = {"call", 2, false, "[MODULE:]NAME"},
	[PROBE_UPROBE] = {"uprobe", 2, false, "[MODULE:]NAME"},
	[PROBE_URETPROBE] = {"uretprobe", 2, false, "[MODULE:]NAME"},
	[PROBE_USDT] = {"usdt", 3, false, "[[MODULE:]PROVIDER:]NAME"},
	[PROBE_SYSCALL] = {"syscall", 1, false, "NAME"},
	[PROBE_KERNEL] = {"kernel", 1, false, "NAME"},
	[PROBE_KPROBE] = {"kprobe", 1, false, "NAME"},
	[PROBE_KRETPROBE] = {"kretprobe", 1, false, "NAME"},
	[PROBE_FENTRY] = {"fentry", 1, false, "NAME"},
	[PROBE_FEXIT] = {"fexit", 1, false, "NAME"},
	[PROBE_TRACEPOINT] = {"tracepoint", 2, false, "CATEGORY:NAME"},
	[PROBE_RAWTRACEPOINT] = {"rawtracepoint", 1, false, "NAME"},
	[PROBE_SIGNAL] = {"signal", 1, true, "NAME"},
	[PROBE_SCHED] = {"sched", 1, true, "off', 'sched:runq"},
	[PROBE_CPU] = {"cpu", 1, true, "HZ"},
	[PROBE_EXEC] = {"exec", 1, true, "*"},
	[PROBE_FORK] = {"fork", 1, true, "*"},
	[PROBE_EXIT] = {"exit", 1, true, "*"},
	[PROBE_TCP] = {"tcp", 1, true, "EVENT"},
	[PROBE_BLOCK] = {"block", 1, true, "EVENT"},
};

const char *probe_kind_name(enum probe_kind kind)
{
	return rows[kind].word;
}

const char *probe_kind_nearest(const char *word)
{
	const char *words[array_size(rows) + 1] = {NULL};
	for (size_t i = 0; i < array_size(rows); i++)
		words[i] = rows[i].word;
	return spec_nearest(word, words);
}

bool spec_kind_of(const struct spec_parser *p, struct spec_span span, enum probe_kind *ret)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		if (spec_span_is(p, span, rows[i].word)) {
			*ret = (enum probe_kind)i;
			return true;
		}
	}
	/* Their names until bpftrace 0.22. */
	bool fentry = spec_span_is(p, span, "kfunc"), fexit = spec_span_is(p, span, "kretfunc");
	if (fentry || fexit)
		*ret = fentry ? PROBE_FENTRY : PROBE_FEXIT;
	return fentry || fexit;
}

static bool is_life(enum probe_kind kind)
{
	return kind == PROBE_EXEC || kind == PROBE_FORK || kind == PROBE_EXIT ||
	       kind == PROBE_SIGNAL;
}

bool spec_is_life(const struct spec *spec, enum probe_kind *ret)
{
	static const enum probe_kind kinds[] = {PROBE_EXEC, PROBE_FORK, PROBE_EXIT, PROBE_SIGNAL};
	bool is_bare = !spec->kind_given && !spec->module && spec->name_kind == SPEC_NAME_EXACT;
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (spec->kind != kinds[i] &&
		    !(is_bare && strcmp(spec->name, rows[kinds[i]].word) == 0))
			continue;
		if (ret)
			*ret = kinds[i];
		return true;
	}
	return false;
}

static bool is_view(enum probe_kind kind)
{
	return kind == PROBE_TCP || kind == PROBE_BLOCK;
}

static bool is_of_kernel_function(enum probe_kind kind)
{
	return kind >= PROBE_KERNEL && kind <= PROBE_FEXIT;
}

static bool is_in_kernel(enum probe_kind kind)
{
	return is_view(kind) || kind == PROBE_TRACEPOINT || kind == PROBE_RAWTRACEPOINT ||
	       is_of_kernel_function(kind);
}

struct err *spec_name_all(const struct spec_parser *p, struct spec *spec)
{
	struct spec_matcher *matcher = arena_alloc(&p->memory->arena, sizeof(*matcher));
	if (!matcher)
		return &err_nomem;
	matcher->literal = "*";
	spec->matcher = matcher;
	spec->name = "*";
	spec->name_kind = SPEC_NAME_GLOB;
	return NULL;
}

/* --- the parts behind the kind -----------------------------------------------------------------
 */

static struct err *unknown_kind(const struct spec_parser *p, const struct spec_item *item)
{
	struct spec_span word = item->segments[0];
	const char *shown = spec_quote(p, word);
	const char *near = probe_kind_nearest(shown);
	struct err *e = spec_error(p, word.start, "unknown kind '%s'", shown);
	enum probe_kind second;
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	if (spec_kind_of(p, item->segments[1], &second))
		return err_hint(e, "the kind comes first: '%s:%s:%s'", rows[second].word, shown,
				second == PROBE_USDT ? "PROVIDER:NAME" : "NAME");
	return err_hint(e,
			"a function is 'MODULE:NAME', a marker 'usdt:MODULE:PROVIDER:NAME'; kinds "
			"are call, uprobe, uretprobe, usdt, syscall, kernel, kprobe, kretprobe, "
			"fentry, fexit, tracepoint, rawtracepoint, exec, fork, exit, signal, "
			"sched, tcp, block, cpu");
}

static struct err *too_many_parts(const struct spec_parser *p, const struct spec_item *item,
				  enum probe_kind kind, size_t first)
{
	size_t extra = first + rows[kind].parts;
	struct spec_span colon = item->segments[extra < SPEC_SEGMENTS_MAX ? extra : 0];
	struct err *e = spec_error(p, colon.start, "one ':' too many for '%s'", rows[kind].word);
	return err_hint(e, "write '%s:%s'; a ':' in a name is '\\:'", rows[kind].word,
			rows[kind].form);
}

/* What a provider, an identifier, cannot hold; a path or the name of a library does. */
static bool is_module_text(const struct spec_parser *p, struct spec_span span)
{
	for (size_t at = span.start; at < span.end; at++)
		if (p->text[at] == '/' || p->text[at] == '.')
			return true;
	return false;
}

static struct err *take_module(const struct spec_parser *p, struct spec_span span,
			       struct spec *spec)
{
	if (span.start == span.end)
		return err_hint(spec_error(p, span.start, "nothing before ':'"),
				"write 'MODULE:NAME', or NAME alone");
	spec->module = spec_unescape(p, span);
	return spec->module ? NULL : &err_nomem;
}

struct err *spec_take_provider(const struct spec_parser *p, struct spec_span span,
			       struct spec *spec)
{
	if (span.start == span.end)
		return err_hint(spec_error(p, span.start, "no provider before ':'"),
				"any provider is 'usdt:*:NAME'");
	size_t stars = 0;
	for (size_t at = span.start; at < span.end; at++)
		stars += p->text[at] == '*';
	if (stars > SPEC_STARS_MAX)
		return err_hint(
			spec_error(p, span.start, "more than %d '*' in a provider", SPEC_STARS_MAX),
			"any provider is 'usdt:*:NAME'");
	spec->provider = spec_unescape(p, span);
	return spec->provider ? NULL : &err_nomem;
}

/* `n` parts behind the kind, the last of which is the name. */
static struct err *take_parts(const struct spec_parser *p, const struct spec_span *parts, size_t n,
			      struct spec *spec)
{
	struct err *e = NULL;
	if (spec->kind == PROBE_USDT && n == 3) {
		e = take_module(p, parts[0], spec);
		return e ?: spec_take_provider(p, parts[1], spec);
	}
	if (spec->kind == PROBE_USDT && n == 2 && !is_module_text(p, parts[0]))
		return spec_take_provider(p, parts[0], spec);
	return n == 2 ? take_module(p, parts[0], spec) : NULL;
}

static struct err *check_scope(const struct spec_parser *p, const struct spec_item *item)
{
	if (item->triple)
		return err_hint(spec_error(p, item->head.start, "':::' separates nothing"),
				"write '[KIND:][MODULE:]NAME'");
	if (!item->scope_in_module)
		return NULL;
	return err_hint(spec_error(p, item->scope_at, "'::' in a module"),
			"'::' belongs to names: 'MODULE:ns::f' is f in namespace ns; if the file's "
			"name really holds it, write '\\:\\:'");
}

static struct err *take_name(const struct spec_parser *p, struct spec_span name, struct spec *spec)
{
	if (name.start == name.end && rows[spec->kind].may_be_empty)
		return spec_name_all(p, spec);
	return spec_parse_name(p, name, spec);
}

/* bpftrace's `uprobe:./app:cpp:"ns::f(int)"`: the language says nothing here. */
static bool drop_language(const struct spec_parser *p, enum probe_kind kind,
			  struct spec_span *parts, size_t n)
{
	if (n != 3 || (kind != PROBE_UPROBE && kind != PROBE_URETPROBE) ||
	    !spec_span_is(p, parts[1], "cpp"))
		return false;
	parts[1] = parts[2];
	return true;
}

static struct err *parse_kind(const struct spec_parser *p, const struct spec_item *item,
			      struct spec *spec)
{
	struct spec_span parts[SPEC_SEGMENTS_MAX];
	size_t n = item->n_segments - 1;
	size_t stored = n < SPEC_SEGMENTS_MAX - 1 ? n : SPEC_SEGMENTS_MAX - 1;
	memcpy(parts, item->segments + 1, stored * sizeof(parts[0]));
	if (drop_language(p, spec->kind, parts, n))
		n--;
	spec->kind_given = true;
	struct err *e;
	if (n > rows[spec->kind].parts)
		return too_many_parts(p, item, spec->kind, 1);
	e = check_scope(p, item);
	e = e ?: take_parts(p, parts, n, spec);
	return e ?: take_name(p, parts[n - 1], spec);
}

/* A view of the kernel by its word alone, which is left as the name. */
static void take_view(const struct spec_parser *p, const struct spec_item *item, struct spec *spec)
{
	enum probe_kind kind;
	if (item->n_segments == 1 && spec_kind_of(p, item->segments[0], &kind) && is_view(kind)) {
		spec->kind = kind;
		spec->kind_given = true;
	}
}

static struct err *parse_bare(const struct spec_parser *p, const struct spec_item *item,
			      struct spec *spec)
{
	struct err *e = spec_refuse_short_kind(p, item);
	take_view(p, item, spec);
	if (!e && item->n_segments > 2)
		e = unknown_kind(p, item);
	e = e ?: check_scope(p, item);
	if (!e && item->n_segments == 2) {
		e = take_module(p, item->segments[0], spec);
		/* Only a bare name may be a system call too. */
		spec->kind_given = spec_span_starts(p, item->segments[1], "%");
	}
	return e ?: spec_parse_name(p, item->segments[item->n_segments - 1], spec);
}

struct err *spec_parse_own(const struct spec_parser *p, const struct spec_item *item,
			   struct spec *spec)
{
	struct err *e;
	bool named = item->n_segments > 1 && spec_kind_of(p, item->segments[0], &spec->kind);
	e = named ? parse_kind(p, item, spec) : parse_bare(p, item, spec);
	if (e)
		return e;
	if (spec->name_kind == SPEC_NAME_CLASS && !spec->kind_given) {
		spec->kind = PROBE_SYSCALL;
		spec->kind_given = true;
	} else if (!spec->kind_given &&
		   (spec->name_kind == SPEC_NAME_ADDRESS || spec->name_kind == SPEC_NAME_LINE)) {
		spec->kind = PROBE_UPROBE;
	}
	spec->kind_given = spec->kind_given || spec->module || spec->kind != PROBE_CALL;
	return spec_finish(p, item, spec);
}

/* --- what a kind cannot have -------------------------------------------------------------------
 */

static bool name_kind_fits(const struct spec *spec)
{
	switch (spec->name_kind) {
	case SPEC_NAME_CLASS:
		return spec->kind == PROBE_SYSCALL || is_of_kernel_function(spec->kind);
	case SPEC_NAME_ADDRESS:
	case SPEC_NAME_LINE:
		return spec->kind != PROBE_USDT && spec->kind != PROBE_SYSCALL &&
		       !is_life(spec->kind) && !is_in_kernel(spec->kind) &&
		       spec->kind != PROBE_SCHED;
	default:
		return true;
	}
}

static bool may_have_types(const struct spec *spec)
{
	return spec->kind != PROBE_SYSCALL && !is_life(spec->kind) && !is_in_kernel(spec->kind) &&
	       spec->kind != PROBE_CPU && spec->kind != PROBE_SCHED;
}

static const char *name_kind_word(const struct spec *spec)
{
	switch (spec->name_kind) {
	case SPEC_NAME_CLASS:
		return "class of system calls";
	case SPEC_NAME_ADDRESS:
		return "address";
	default:
		return "line";
	}
}

static struct err *check_name(const struct spec_parser *p, const struct spec_item *item,
			      const struct spec *spec)
{
	const char *word = rows[spec->kind].word;
	size_t last = item->n_segments < SPEC_SEGMENTS_MAX ? item->n_segments : SPEC_SEGMENTS_MAX;
	size_t at = item->segments[last - 1].start;
	if (!name_kind_fits(spec))
		return err_hint(spec_error(p, at, "'%s' takes no %s", word, name_kind_word(spec)),
				spec->name_kind == SPEC_NAME_CLASS ? "write 'syscall:%%%s'"
								   : "write 'uprobe:MODULE:%s'",
				spec->name_kind == SPEC_NAME_CLASS ? spec->name : "...");
	if (is_life(spec->kind) && spec->kind != PROBE_SIGNAL && strcmp(spec->name, "*") != 0)
		return err_hint(spec_error(p, at, "'%s' takes no name", word),
				"write '%s:*'; the function of that name is 'call:%s'", word, word);
	if (spec->offset && (spec->kind == PROBE_USDT || spec->kind == PROBE_SYSCALL ||
			     (is_in_kernel(spec->kind) && spec->kind != PROBE_KPROBE)))
		return err_hint(spec_error(p, at, "'%s' takes no offset", word),
				"an instruction is 'uprobe:[MODULE:]NAME+OFFSET'");
	if (spec->has_types && !may_have_types(spec))
		return err_hint(spec_error(p, at, "'%s' takes no types", word),
				"leave them out: they are known");
	return NULL;
}

static struct err *take_result(const struct spec_parser *p, const struct spec_item *item,
			       struct spec *spec)
{
	if (!item->has_result)
		return NULL;
	size_t arrow = item->result.start;
	if (spec->types.result)
		return err_hint(spec_error(p, arrow, "the result is given twice"),
				"write it in front or behind '->', not both");
	if (spec->kind == PROBE_USDT || !may_have_types(spec))
		return err_hint(
			spec_error(p, arrow, "'%s' takes no result type", rows[spec->kind].word),
			spec->kind == PROBE_USDT ? "a marker returns nothing: leave '->' out"
						 : "leave '->' out: it is known");
	return spec_parse_result(p, item->result, &spec->types);
}

static struct err *take_condition(const struct spec_parser *p, const struct spec_item *item,
				  struct spec *spec)
{
	if (!item->has_condition)
		return NULL;
	if (item->condition.start >= item->condition.end)
		return err_hint(spec_error(p, item->condition_word, "no condition behind 'if'"),
				"leave 'if' out");
	if (spec->negated)
		return err_hint(spec_error(p, item->condition_word,
					   "'!' takes away whole probes, not some of their hits"),
				"put the contrary condition on what is traced");
	if (spec->kind == PROBE_CPU)
		return err_hint(spec_error(p, item->condition_word, "'%s' takes no condition",
					   rows[spec->kind].word),
				"a sample has nothing to be asked for");
	return spec_parse_condition(p, item->condition, spec->text, &spec->condition);
}

static struct err *take_rate(const struct spec_parser *p, const struct spec_item *item,
			     struct spec *spec)
{
	if (!item->has_rate)
		return NULL;
	size_t at = item->rate.start;
	if (spec->negated || spec->kind == PROBE_CPU)
		return err_hint(spec_error(p, at, "'%s' takes no rate",
					   spec->negated ? "!" : rows[spec->kind].word),
				spec->negated ? "rates are for what is traced"
					      : "its rate is its frequency: cpu:HZ");
	char *text = spec_copy(p, item->rate);
	struct err *e = text ? rate_parse("rate", text, &spec->rate) : &err_nomem;
	if (!e || e == &err_nomem)
		return e;
	err_free(e);
	return err_hint(spec_error(p, at, "no rate behind 'rate'"),
			"write how many events in which time: 'rate 100/s' (/ms, /s, /m, /h)");
}

struct err *spec_finish(const struct spec_parser *p, const struct spec_item *item,
			struct spec *spec)
{
	struct err *e = take_result(p, item, spec);
	e = e ?: check_name(p, item, spec);
	e = e ?: take_condition(p, item, spec);
	return e ?: take_rate(p, item, spec);
}
