/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/shell/find.h — which files are shells, by what is in them and not by their names, and where
 * in them one sees what is typed.
 */
#ifndef UTRAIL_CLI_SHELL_FIND_H
#define UTRAIL_CLI_SHELL_FIND_H

#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "common/err.h"

enum shell_kind {
	SHELL_NONE,
	SHELL_BASH,
	SHELL_BASH_SHARED, /* its readline() is in a library */
	SHELL_READLINE,	   /* that library */
	SHELL_ZSH,
	SHELL_PLAIN, /* what it runs is seen, what is typed is not */
};

/* "bash", "zsh"; the name of the file for a plain one, which lives as long as `path`. */
const char *shell_kind_name(enum shell_kind kind);
enum shell_kind shell_recognise(struct image *image);

/* What a probe in a shell stands for. */
enum shell_role {
	ROLE_NONE,
	ROLE_PROMPT,  /* begins to read; arguments are enum shell_slot, where `has_state` */
	ROLE_LINE,    /* has read: results are the line and the working directory */
	ROLE_PARSE,   /* bash, shared: a command is going to be read; enum shell_slot */
	ROLE_EXECUTE, /* bash, shared: it has been */
};

/* Slots of the plan at the prompt, and of zsh's at the line. */
enum shell_slot {
	SLOT_STATUS,  /* $? */
	SLOT_LINES,   /* bash: of this command that were read already; zsh: what it reads for */
	SLOT_BUILTIN, /* bash: a builtin runs; zsh: what is asked of the line editor */
	SHELL_SLOTS,
};

struct shell_place {
	enum shell_role role;
	enum shell_kind kind;
};

/* By site id. */
struct shell_places {
	struct shell_place *items;
	size_t count, capacity;
};

/* Adds the probes of a file of this kind to the plan's set. What cannot be probed becomes a note.
 */
struct err *shell_add_places(const struct options *options, struct plan *plan, struct image *image,
			     enum shell_kind kind, struct shell_places *places) must_check;

#endif
