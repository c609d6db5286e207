/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/spec.h — the words a user asks with: `[KIND:][MODULE:]NAME[(TYPES)][->TYPE] [if
 * CONDITION]`.
 *
 * One parser for all spellings: utrail's own, and those of bpftrace, perf, DTrace and strace. It
 * knows the grammar and nothing of files or kernels: what a name stands for is decided by the probe
 * modules. A single ':' separates, '::' never does. Errors carry the text with a caret under the
 * place.
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
	PROBE_KERNEL, /* from here on until exec: "not yet" */
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
};

const char *probe_kind_name(enum probe_kind kind);

enum spec_name {
	SPEC_NAME_EXACT,
	SPEC_NAME_GLOB,	   /* * ? [..] */
	SPEC_NAME_REGEX,   /* /…/, without the slashes */
	SPEC_NAME_ADDRESS, /* 0xADDR */
	SPEC_NAME_LINE,	   /* @file.c:123 */
	SPEC_NAME_CLASS,   /* %file, without the percent sign */
};

struct spec {
	enum probe_kind kind;
	bool kind_given;      /* false: a bare name, which a system call may also answer to */
	bool negated;	      /* '!': takes away what earlier specs matched */
	bool optional;	      /* '?': no match is fine */
	const char *module;   /* NULL: any module of the target */
	const char *provider; /* USDT only; NULL or "*": any */
	const char *name;     /* text of the name, without offset */
	enum spec_name name_kind;
	uint64_t offset;	/* sym+0x1d */
	uint64_t address;	/* SPEC_NAME_ADDRESS */
	unsigned int line;	/* SPEC_NAME_LINE; `name` is the file */
	pid_t pid;		/* DTrace's pid123:…; 0: none */
	bool has_types;		/* a parameter list was given, if only () */
	struct prototype types; /* parameters as given; result NULL when there was no ->TYPE */
	const char *condition;	/* the words after `if`, NULL: none */
	const char *text;	/* this spec as typed, for messages */
};

struct spec_list {
	struct spec *items;
	size_t count;
	void *memory; /* what the strings and types above live in */
};

/*
 * Parses one -e argument, which may hold several specs separated by commas, and appends them.
 * Errors are ERR_USAGE ("not yet" kinds and conditions too, which name the word).
 */
struct err *spec_parse(const char *text, struct spec_list *list) must_check;
void spec_list_deinit(struct spec_list *list);

/* Does `name` match the name part (exact, glob or regex)? Others: false. */
bool spec_name_matches(const struct spec *spec, const char *name);

#endif
