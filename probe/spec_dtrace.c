/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTrace's four fields, provider:module:function:name, any of which may be empty:
 *
 *	pid123:libc:malloc:entry  pid$target::malloc:return  postgresql123:::query-start
 *	syscall::read:return  syscall:::entry
 *
 * Here every ':' separates, so the fields are cut anew: the first two by the first two colons, the
 * name by the last, and what is between is the function, which may hold '::' after all.
 */
#include <limits.h>
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

struct fields {
	struct spec_span provider, module, function, name;
	bool has_pid; /* digits or $target behind the provider's name */
	pid_t pid;
};

static size_t find_colon(const struct spec_parser *p, size_t at, size_t end)
{
	while (at < end && p->text[at] != ':')
		at++;
	return at;
}

/* False: fewer than two colons. Without a third, all that is left is the function. */
static bool cut_fields(const struct spec_parser *p, struct spec_span head, struct fields *ret)
{
	size_t first = find_colon(p, head.start, head.end);
	size_t second = find_colon(p, first + 1, head.end);
	if (first >= head.end || second >= head.end)
		return false;
	size_t last = head.end;
	while (last > second + 1 && p->text[last - 1] != ':')
		last--;
	*ret = (struct fields){.provider = {head.start, first}, .module = {first + 1, second}};
	ret->function = (struct spec_span){second + 1, head.end};
	ret->name = (struct spec_span){head.end, head.end};
	/* The colon before `last`; half of a '::' separates only when nothing is before it. */
	bool scope = last >= second + 3 && p->text[last - 2] == ':';
	if (last > second + 1 && !scope) {
		ret->function.end = last - 1;
		ret->name.start = last;
	}
	return true;
}

/* Takes the process id off the provider. */
static struct err *take_pid(const struct spec_parser *p, struct fields *fields)
{
	struct spec_span *provider = &fields->provider;
	size_t length = strlen("$target"), start = provider->end;
	struct spec_span tail = {provider->end, provider->end};
	if (provider->end - provider->start > length)
		tail.start = provider->end - length;
	if (spec_span_is(p, tail, "$target")) {
		provider->end = tail.start;
		fields->has_pid = true;
		return NULL;
	}
	while (start > provider->start && spec_is_digit(p->text[start - 1]))
		start--;
	if (start == provider->end)
		return NULL;
	uint64_t pid = 0;
	struct err *e = spec_parse_number(p, (struct spec_span){start, provider->end}, &pid);
	if (!e && (!pid || pid > INT_MAX))
		e = err_hint(spec_error(p, start, "no such process id"),
			     "write 'pid123:MODULE:FUNCTION:entry', or 'pid$target:...' with -p");
	provider->end = start;
	fields->has_pid = true;
	fields->pid = (pid_t)pid;
	return e;
}

static struct err *bad_end(const struct spec_parser *p, const struct fields *f)
{
	return err_hint(spec_error(p, f->name.start, "unknown name '%s' of a DTrace probe",
				   spec_quote(p, f->name)),
			"it is 'entry' or 'return', or a hex offset in the pid provider");
}

static struct err *take_function(const struct spec_parser *p, const struct fields *f,
				 struct spec *spec)
{
	return f->function.start == f->function.end ? spec_name_all(p, spec)
						    : spec_parse_name(p, f->function, spec);
}

static struct err *take_module(const struct spec_parser *p, const struct fields *f,
			       struct spec *spec)
{
	if (f->module.start == f->module.end || spec_span_is(p, f->module, "*"))
		return NULL;
	spec->module = spec_unescape(p, f->module);
	return spec->module ? NULL : &err_nomem;
}

/* pid123:libc:malloc:1d is the instruction at that offset, always in hex. */
static struct err *take_hex_offset(const struct spec_parser *p, const struct fields *f,
				   struct spec *spec)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t length = f->name.end - f->name.start;
	if (strspn(p->text + f->name.start, digits) < length)
		return bad_end(p, f);
	if (spec->name_kind != SPEC_NAME_EXACT)
		return err_hint(spec_error(p, f->name.start, "an offset needs one exact name"),
				"name the function, as in 'pid123:libc:malloc:1d'");
	if (length > 16)
		return err_hint(spec_error(p, f->name.start, "the number is too large"),
				"64 bits hold up to ffffffffffffffff");
	spec->kind = PROBE_UPROBE;
	for (size_t at = f->name.start; at < f->name.end; at++) {
		char c = p->text[at];
		spec->offset = spec->offset << 4 |
			       (uint64_t)(spec_is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return NULL;
}

static struct err *parse_function(const struct spec_parser *p, const struct fields *f,
				  struct spec *spec)
{
	bool is_return = spec_span_is(p, f->name, "return");
	bool both = f->name.start == f->name.end;
	spec->kind = is_return ? PROBE_URETPROBE : both ? PROBE_CALL : PROBE_UPROBE;
	spec->pid = f->pid;
	struct err *e = take_module(p, f, spec);
	e = e ?: take_function(p, f, spec);
	if (!e && !is_return && !both && !spec_span_is(p, f->name, "entry"))
		e = take_hex_offset(p, f, spec);
	return e;
}

/* syscall::read:entry and :return are both the whole call. */
static struct err *parse_syscall(const struct spec_parser *p, const struct fields *f,
				 struct spec *spec)
{
	spec->kind = PROBE_SYSCALL;
	if (f->module.start < f->module.end && !spec_span_is(p, f->module, "vmlinux"))
		return err_hint(spec_error(p, f->module.start, "a system call has no module"),
				"write 'syscall::NAME:entry', or 'syscall:NAME'");
	if (f->name.start < f->name.end && !spec_span_is(p, f->name, "entry") &&
	    !spec_span_is(p, f->name, "return"))
		return bad_end(p, f);
	return take_function(p, f, spec);
}

static struct err *parse_kernel(const struct spec_parser *p, const struct fields *f,
				struct spec *spec)
{
	bool is_return = spec_span_is(p, f->name, "return");
	if (!is_return && f->name.start < f->name.end && !spec_span_is(p, f->name, "entry"))
		return bad_end(p, f);
	spec->kind = is_return ? PROBE_KRETPROBE : PROBE_KPROBE;
	struct err *e = take_module(p, f, spec);
	return e ?: take_function(p, f, spec);
}

/* proc:::exec-success and its like. */
static struct err *parse_life(const struct spec_parser *p, const struct fields *f,
			      struct spec *spec)
{
	static const struct {
		const char *name;
		enum probe_kind kind;
	} names[] = {{"exec", PROBE_EXEC},	     {"exec-success", PROBE_EXEC},
		     {"create", PROBE_FORK},	     {"lwp-create", PROBE_FORK},
		     {"exit", PROBE_EXIT},	     {"lwp-exit", PROBE_EXIT},
		     {"signal-handle", PROBE_SIGNAL}};
	for (size_t i = 0; i < array_size(names); i++) {
		if (!spec_span_is(p, f->name, names[i].name))
			continue;
		spec->kind = names[i].kind;
		return spec_name_all(p, spec);
	}
	return err_hint(spec_error(p, f->name.start, "unknown name '%s' of the proc provider",
				   spec_quote(p, f->name)),
			"write 'exec:*', 'fork:*' or 'exit:*'");
}

static struct err *parse_marker(const struct spec_parser *p, const struct fields *f,
				struct spec *spec)
{
	enum probe_kind kind;
	if (spec_kind_of(p, f->provider, &kind))
		return err_hint(spec_error(p, f->provider.start, "'%s:::' is no probe of DTrace's",
					   probe_kind_name(kind)),
				"write '%s:NAME' or '%s:MODULE:NAME'", probe_kind_name(kind),
				probe_kind_name(kind));
	if (f->provider.start == f->provider.end)
		return err_hint(spec_error(p, f->provider.start, "no provider before ':'"),
				"write 'PROVIDER123:::NAME', or 'usdt:PROVIDER:NAME'");
	spec->kind = PROBE_USDT;
	spec->pid = f->pid;
	if (f->function.start < f->function.end)
		return err_hint(spec_error(p, f->function.start,
					   "a marker is not chosen by the function it is in"),
				"leave the function empty, as in 'PROVIDER123:::NAME'");
	struct err *e = spec_take_provider(p, f->provider, spec);
	e = e ?: take_module(p, f, spec);
	if (e || f->name.start == f->name.end)
		return e ?: spec_name_all(p, spec);
	return spec_parse_name(p, f->name, spec);
}

/*
 * Is it DTrace's at all? Its ':::' is; and so are the providers that are no kinds or modules: pid
 * with a number, fbt, proc, and syscall with four fields (`syscall::read` is a C++ name).
 */
static bool is_dtrace(const struct spec_parser *p, const struct spec_item *item,
		      const struct fields *f)
{
	enum probe_kind kind;
	bool four = item->triple || (item->n_segments > 1 && item->scope_in_module) ||
		    item->n_segments > 3;
	if (f->has_pid && spec_span_is(p, f->provider, "pid"))
		return true;
	if (spec_span_is(p, f->provider, "syscall") || spec_span_is(p, f->provider, "fbt") ||
	    spec_span_is(p, f->provider, "proc"))
		return four;
	return item->triple ||
	       (item->n_segments == 4 && f->has_pid && !spec_kind_of(p, f->provider, &kind));
}

struct err *spec_parse_dtrace(const struct spec_parser *p, const struct spec_item *item,
			      struct spec *spec, bool *ret_taken)
{
	struct fields f;
	char first = p->text[item->head.start];
	if (first == '/' || first == '.' || first == '@' || !cut_fields(p, item->head, &f))
		return NULL;
	struct err *e = take_pid(p, &f);
	if (!is_dtrace(p, item, &f)) {
		err_free(e);
		return NULL;
	}
	*ret_taken = true;
	spec->kind_given = true;
	if (!e && f.has_pid && spec_span_is(p, f.provider, "pid"))
		e = parse_function(p, &f, spec);
	else if (!e && spec_span_is(p, f.provider, "syscall"))
		e = parse_syscall(p, &f, spec);
	else if (!e && spec_span_is(p, f.provider, "fbt"))
		e = parse_kernel(p, &f, spec);
	else if (!e && spec_span_is(p, f.provider, "proc"))
		e = parse_life(p, &f, spec);
	else if (!e)
		e = parse_marker(p, &f, spec);
	return e ?: spec_finish(p, item, spec);
}
