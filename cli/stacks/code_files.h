/* SPDX-License-Identifier: Apache-2.0 */
/* cli/stacks/code_files.h — files with code that processes have mapped, each opened once. */
#ifndef UTRAIL_CLI_STACKS_CODE_FILES_H
#define UTRAIL_CLI_STACKS_CODE_FILES_H

#include <uthash.h>

#include "cli/plan/plan.h"
#include "common/err.h"
#include "target/target.h"

struct code_file_id {
	uint64_t device, inode;
};

struct code_file {
	struct code_file_id id;
	char *path;	 /* as the first process saw it; of what has no file, its name: "[anon]" */
	bool is_unnamed; /* no file */
	bool is_vdso;	 /* the kernel's own library */
	bool is_special; /* the kernel's own, of whatever kind */
	bool tried;	 /* to open it */
	struct image *image;	/* NULL: none */
	bool owned;		/* the image is ours, and not the plan's */
	struct code_file *next; /* of the forgotten ones */
	UT_hash_handle hh;
};

/* Zeroed but for what is borrowed. */
struct code_files {
	const struct plan *plan;
	const struct process_view *view;
	struct code_file *by_id;   /* those with an inode */
	struct code_file *by_name; /* the others */
	struct code_file *forgotten;
	size_t n_opened;
};

/* Finds or makes it, unopened. */
struct err *code_files_get(struct code_files *files, const struct module *module,
			   struct code_file **ret) must_check;
/* As the process maps it, unless that was tried before. What cannot be opened has no image: only
 * err_nomem is an error. */
struct err *code_file_open(struct code_files *files, struct code_file *file, pid_t pid) must_check;
void code_files_deinit(struct code_files *files);

#endif
