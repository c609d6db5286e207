/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/options.h — the command line: what the user wants, parsed and checked. */
#ifndef UTRAIL_CLI_OPTIONS_OPTIONS_H
#define UTRAIL_CLI_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/array.h"
#include "common/err.h"
#include "kernel/backends.h"
#include "output/output.h"
#include "output/tally.h"
#include "probe/spec.h"
#include "probe/spec_pair.h"
#include "target/selection.h"
#include "uprobe/uprobe.h"

enum command {
	COMMAND_TRACE,
	COMMAND_LIST,
	COMMAND_EXPLAIN,
	COMMAND_CHECK,
	COMMAND_SHELL,
	COMMAND_STAT,
};

/* -k, --stacks=HOW */
enum stack_option {
	STACKS_NONE,
	STACKS_AUTO, /* by unwind tables, by frame pointers where there are none */
	STACKS_CFI,
	STACKS_FP,
};

struct options {
	enum command command;
	ARRAY_OF(pid_t) pids;
	struct spec_list specs;
	struct spec_pair_list pairs; /* of two of the specs each */
	char **argv;		     /* the command to run, NULL: none; or the operands of `list` */
	ARRAY_OF(char *) operands;   /* backs argv then; the words are of main's argv */
	bool follow;
	bool inside;		 /* also what the traced calls cause, and only that */
	bool fd_paths;		 /* -y */
	bool fd_details;	 /* -yy */
	const char *output_path; /* -o, NULL: stdout or stderr */
	struct output_options output;
	const char *color; /* --color=WHEN */
	int quiet;	   /* how often -q */
	bool verbose;
	uint64_t max_events;
	double duration_s; /* 0: no limit */
	size_t max_probes;
	uint32_t depth, max_members; /* of structures; max_members 0: the default */
	bool changes;
	struct rate_limit rate; /* of each probe; count 0: none */
	bool fail_on_loss;
	bool redact;
	ARRAY_OF(char *) redact_patterns; /* the words are of main's argv */
	bool lossless;
	bool cost;
	bool debuginfod;
	bool no_cache;
	uint32_t ring_size; /* bytes */
	enum return_mode return_mode;
	enum syscall_backend syscall_backend;
	enum stack_option stacks;
	uint32_t stack_bytes; /* copied at most */
	size_t stack_depth;   /* frames */
	bool finished;	      /* help was printed: there is nothing more to do */
	bool tally;	      /* -c, -C: system calls are counted in the kernel */
	bool tally_only;      /* -c: and not shown */
	struct tally_layout tally_layout;
	uint32_t statuses; /* enum syscall_status, those that are wanted; 0: all */
	struct selection selection;
	bool stop_on_load;
	double interval_s; /* `stat`: 0: only at the end */
	bool histogram;
	bool where;
	bool unfinished;	/* calls are split where another event comes in between */
	bool stacks_of_samples; /* `stacks` is for them alone */
};

/* Parses argv; prints help or version where asked for, and says so in `finished`. */
struct err *options_parse(int argc, char **argv, struct options *ret) must_check;
void options_deinit(struct options *options);

/* Does a choice of processes go with the rest? */
struct err *options_check_selection(const struct options *options) must_check;
/* Private to options*.c. */
struct argp_option;
struct err *options_mistake(const struct argp_option *table, char **argv) must_check;
/* Errors name the option, and what it takes. */
struct err *options_parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
				 uint64_t *ret) must_check;
struct err *options_parse_choice(const char *option, const char *text, const char *const *choices,
				 size_t count, int *ret) must_check;
struct err *options_parse_seconds(const char *option, const char *text, double *ret) must_check;
/* Bytes, as the kernel wants them: a power of two of whole pages, never less than asked for. */
struct err *options_parse_ring_size(const char *text, uint32_t *ret) must_check;
struct err *options_add_pids(struct options *options, const char *text) must_check;
struct err *options_collect_spec_pids(struct options *options) must_check;
/* The letters -c -C -S -U -w -z -Z. */
struct err *options_add_summary(struct options *options, int letter, const char *text) must_check;
struct err *options_parse_status(const char *text, uint32_t *ret) must_check;
struct err *options_check_summary(const struct options *options) must_check;
struct err *options_follow(struct options *options) must_check;
struct err *options_next_time(struct options *options) must_check;
struct err *options_add_redact(struct options *options, char *pattern) must_check;
struct err *options_check_shell(const struct options *options) must_check;
struct err *options_check_stat(const struct options *options) must_check;

#endif
