/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/spec.h — the words a user asks with: `[KIND:][MODULE:]NAME[(TYPES)][->TYPE] [if
 * CONDITION]`.
 *
 * One parser for all spellings: utrail's own, and those of bpftrace, perf, DTrace and strace. It
 * knows the grammar and nothing of files or kernels: what a name stands for is decided by the probe
 * modules. A single ':' separates, '::' never does; a backslash takes the meaning from the
 * character behind it. A comma inside (), <>, {}, [] or a regular expression does not split a list.
 *
 *	malloc  libc:malloc  'srv:ns::map<int, char>::find'  'app:<T as std::fmt::Display>::fmt'
 *	libc:mal*  libc:/^mal+oc$/  libc:malloc+0x1d  ./srv:0x1234  srv:@main.c:40  !libc:free  ?x:y
 *	bash:readline(str) -> str     'libc:ssize_t read(int fd, buf:arg3, size_t count)'
 *	usdt:NAME  usdt:PROVIDER:NAME  usdt:MODULE:PROVIDER:NAME  usdt:/path:NAME
 *	syscall:openat  syscall:%file  %file  exec:*  fork:*  exit:*  signal:SIGCHLD
 *	tracepoint:CATEGORY:NAME  tracepoint:NAME  rawtracepoint:NAME
 *	kprobe:NAME  kprobe:NAME+0x1d  kretprobe:NAME
 *	tcp  tcp:EVENT  tcp:*  block
 *
 * Of two parts behind `usdt:`, the first is a module when it holds a '.' or a '/', as no provider
 * can. A name right behind C++'s `operator` is literal: `Vec::operator*` is the multiplication.
 *
 * Errors carry the text with a caret under the place, and a hint with the right spelling.
 */
#ifndef UTRAIL_PROBE_SPEC_H
#define UTRAIL_PROBE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "symbols/type.h"

enum probe_kind {
	PROBE_CALL, /* entry and return of a function as one span: the default */
	PROBE_UPROBE,
	PROBE_URETPROBE,
	PROBE_USDT,
	PROBE_SYSCALL,
	PROBE_KERNEL,
	PROBE_KPROBE,
	PROBE_KRETPROBE,
	PROBE_FENTRY,
	PROBE_FEXIT,
	PROBE_TRACEPOINT,
	PROBE_RAWTRACEPOINT,
	PROBE_SIGNAL,
	PROBE_SCHED,
	PROBE_CPU,
	PROBE_EXEC,
	PROBE_FORK,
	PROBE_EXIT,
	/* Views of the kernel: their events are names, the bare word means some of them. */
	PROBE_TCP,
	PROBE_BLOCK,
};

/* As in a spec: "call", "uprobe". */
const char *probe_kind_name(enum probe_kind kind);
/* The kind that a misspelt word may have meant ("urpobe"), NULL when none is near. */
const char *probe_kind_nearest(const char *word);

enum spec_name {
	SPEC_NAME_EXACT,
	SPEC_NAME_GLOB,	   /* * ? [..] */
	SPEC_NAME_REGEX,   /* /…/, without the slashes */
	SPEC_NAME_ADDRESS, /* 0xADDR */
	SPEC_NAME_LINE,	   /* @file.c:123 */
	SPEC_NAME_CLASS,   /* %file, without the percent sign */
};

struct condition; /* probe/condition.h */

/* At most so many events in each such time. */
struct rate_limit {
	uint32_t count;
	uint64_t period_ns;
};

/*
 * Reads "100", "100/s", "5/ms", "30/m": so many events in each such time. Errors name `what`, are
 * ERR_USAGE, and have a hint.
 */
struct err *rate_parse(const char *what, const char *text, struct rate_limit *ret) must_check;

struct spec_matcher; /* private to the parser */

struct spec {
	enum probe_kind kind;
	/*
	 * False: a bare name (no kind, no module, no offset), which a system call may also answer
	 * to. `kind` is then PROBE_CALL.
	 */
	bool kind_given;
	bool negated;	      /* '!': takes away what earlier specs matched */
	bool optional;	      /* '?': no match is fine */
	bool is_catch;	      /* not typed: where exceptions are caught (SITE_CATCH) */
	const char *module;   /* NULL: any module of the target; tracepoints: category, a glob */
	const char *provider; /* USDT only, may be a glob; NULL or "*": any */
	/*
	 * Text of the name, without offset and escapes; a glob as fnmatch(3) wants it. USDT: with
	 * "__" for a typed '-'. Task life but signals: always the glob "*".
	 */
	const char *name;
	enum spec_name name_kind;
	uint64_t offset;	/* sym+0x1d: the kind is then PROBE_UPROBE */
	uint64_t address;	/* SPEC_NAME_ADDRESS */
	unsigned int line;	/* SPEC_NAME_LINE; `name` is the file */
	pid_t pid;		/* DTrace's pid123:…; 0: none, or $target */
	bool has_types;		/* a parameter list was given, if only () */
	struct prototype types; /* parameters as given; result NULL when there was no ->TYPE */
	/*
	 * The parameter list as typed, without its parentheses: it may be that of one C++ overload.
	 * NULL: none, or no function. Without has_types, it holds types that only a C++ program
	 * knows, and nothing but an overload can be meant.
	 */
	const char *signature;
	const struct condition *condition; /* the words after `if`, NULL: none */
	struct rate_limit rate;		   /* count 0: none was given */
	const char *text;		   /* this spec as typed, for messages */
	const struct spec_matcher *matcher;
};

/* A zeroed list is ready for use. */
struct spec_list {
	struct spec *items;
	size_t count;
	void *memory; /* what the strings and types above live in */
};

#define SPEC_TEXT_MAX 65536 /* bytes of one -e argument */

/*
 * Parses one -e argument, which may hold several specs separated by commas, and appends them; a
 * failure leaves the list as it was. strace's `trace=!read` becomes `syscall:*` and
 * `!syscall:read`. Errors are ERR_USAGE.
 */
struct err *spec_parse(const char *text, struct spec_list *list) must_check;
void spec_list_deinit(struct spec_list *list);

/*
 * Does `name` match the name part (exact, glob or regex)? Others: false. Exact names of C++ and
 * Rust match whatever the spacing: map<int,char> is map<int, char>. Those of functions also match
 * the copies that the compiler has made of them: f.constprop.0.
 */
bool spec_name_matches(const struct spec *spec, const char *name);
/* Is it task life: a fork, an exec, an exit, a signal? By its kind, or as a bare word (the
 * functions are call:fork, libc:exit). `ret` may be
 * NULL. */
bool spec_is_life(const struct spec *spec, enum probe_kind *ret);
/* Does a USDT provider match? True when the spec names none. */
bool spec_provider_matches(const struct spec *spec, const char *provider);

#endif
