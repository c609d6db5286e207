/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options/help.h"
#include "common/distance.h"

#define RING_SIZE_DEFAULT   (16U << 20)
#define STRING_DEFAULT	    256
#define PROBES_DEFAULT	    1000
#define DEPTH_DEFAULT	    2
#define STACK_BYTES_DEFAULT 8192
#define STACK_BYTES_MAX	    61440
#define STACK_DEPTH_DEFAULT 127

enum {
	KEY_JSON = 0x100,
	KEY_FORMAT,
	KEY_COLOR,
	KEY_MAX_EVENTS,
	KEY_DURATION,
	KEY_MAX_PROBES,
	KEY_FAIL_ON_LOSS,
	KEY_RING_SIZE,
	KEY_RETURN,
	KEY_BACKEND,
	KEY_HELP,
	KEY_INSIDE,
	KEY_STACKS,
	KEY_STACK_DEPTH,
	KEY_STACK_BYTES,
	KEY_RATE,
	KEY_COMM,
	KEY_CGROUP,
	KEY_CONTAINER,
	KEY_STOP_ON_LOAD,
	KEY_REDACT,
	KEY_LOSSLESS,
	KEY_COST,
	KEY_INTERVAL,
	KEY_HISTOGRAM,
	KEY_WHERE,
	KEY_UNFINISHED,
	KEY_DEBUGINFOD,
	KEY_NO_CACHE,
	KEY_STATUS,
	KEY_DEPTH,
	KEY_MAX_MEMBERS,
	KEY_MAX_ITEMS,
	KEY_CHANGES,
};

static const struct argp_option option_table[] = {
	{"pid", 'p', "PID", 0, "Trace this process, all of its threads (repeatable; lists)", 1},
	{"comm", KEY_COMM, "GLOB", 0, "Trace processes of that name, also later ones (repeatable)",
	 1},
	{"user", 'u', "USER", 0, "Trace this user's processes, also later ones (repeatable; lists)",
	 1},
	{"cgroup", KEY_CGROUP, "PATH", 0, "Trace what is in that control group (repeatable)", 1},
	{"container", KEY_CONTAINER, "ID", 0, "Trace what is in that container (repeatable)", 1},
	{"event", 'e', "SPEC", 0,
	 "What to trace (repeatable; lists): FUNC, MODULE:FUNC, "
	 "usdt:PROVIDER:NAME, syscall:NAME, %file, exec",
	 1},
	{"inside", KEY_INSIDE, NULL, 0,
	 "Also show the system calls and markers inside the traced functions", 1},
	{"follow", 'f', NULL, 0, "Follow forks, execs and new processes", 1},
	{"stop-on-load", KEY_STOP_ON_LOAD, NULL, 0, "Stop the target while a new file is probed",
	 1},
	{"debuginfod", KEY_DEBUGINFOD, NULL, 0,
	 "Ask the servers of DEBUGINFOD_URLS for debug files that are not here", 1},
	{"no-cache", KEY_NO_CACHE, NULL, 0,
	 "Keep nothing for the next run, and use nothing that was kept", 1},
	{"output", 'o', "FILE", 0, "Write events to FILE", 2},
	{"json", KEY_JSON, NULL, 0, "JSON Lines: one object an event", 2},
	{"format", KEY_FORMAT, "FORMAT", 0, "text or json", 2},
	{"strings", 's', "BYTES", 0, "Longest string shown (256; up to 4096)", 2},
	{"depth", KEY_DEPTH, "N", 0, "Levels of structures shown (2; up to 8; 0: bare pointers)",
	 2},
	{"max-members", KEY_MAX_MEMBERS, "N", 0, "Members shown of a structure (32; up to 512)", 2},
	{"changes", KEY_CHANGES, NULL, 0,
	 "Show what a call has changed in what its arguments lead to", 2},
	{"max-items", KEY_MAX_ITEMS, "N", 0, "Elements shown of an array (as -s says)", 2},
	{"time", 't', NULL, 0, "Wall clock; -tt with microseconds, -ttt since the epoch", 2},
	{"relative", 'r', NULL, 0, "Time since the event before", 2},
	{"spent", 'T', NULL, 0, "Show the time spent in calls (the default)", 2},
	{"fd-paths", 'y', NULL, 0,
	 "Show the paths of file descriptors; -yy: devices and sockets, too", 2},
	{"stack-traces", 'k', NULL, 0, "Show the user stack at each event", 2},
	{"stacks", KEY_STACKS, "HOW", 0, "How stacks are unwound (implies -k): auto, cfi or fp", 2},
	{"stack-depth", KEY_STACK_DEPTH, "N", 0, "Frames shown of a stack at most (127)", 2},
	{"stack-bytes", KEY_STACK_BYTES, "BYTES", 0, "Bytes copied of a stack (8k; up to 60k)", 2},
	{"redact", KEY_REDACT, "PATTERN", OPTION_ARG_OPTIONAL,
	 "Hide what looks like a secret, and what matches (repeatable)", 2},
	{"color", KEY_COLOR, "WHEN", 0, "auto, always or never", 2},
	{"quiet", 'q', NULL, 0, "No start and end messages; -qq: no notes either", 2},
	{"verbose", 'v', NULL, 0, "Say more: what was chosen and why", 2},
	{"cost", KEY_COST, NULL, 0, "At the end, tell what each probe has cost the target", 2},
	{"interval", KEY_INTERVAL, "SECONDS", 0, "stat: also show what each such time has brought",
	 2},
	{"histogram", KEY_HISTOGRAM, NULL, 0, "stat: also show how the durations are spread", 2},
	{"where", KEY_WHERE, NULL, 0,
	 "Also show how long calls were running, waiting for a CPU, or blocked, and in what", 2},
	{"unfinished", KEY_UNFINISHED, NULL, 0,
	 "Split system calls in two where another event comes in between, as strace does", 2},
	{"summary-only", 'c', NULL, 0, "Count system calls: a table at the end, and no events", 2},
	{"summary", 'C', NULL, 0, "The same table, and events", 2},
	{"summary-sort-by", 'S', "COLUMN", 0, "Sort that table by (time-percent)", 2},
	{"summary-columns", 'U', "LIST", 0, "Columns of that table", 2},
	{"summary-wall-clock", 'w', NULL, 0, "Its times are wall clock (always)", 2},
	{"successful-only", 'z', NULL, 0, "Only system calls that succeed", 3},
	{"failed-only", 'Z', NULL, 0, "Only system calls that fail", 3},
	{"status", KEY_STATUS, "SET", 0,
	 "System calls that end so: successful, failed, unfinished, detached", 3},
	{"max-events", KEY_MAX_EVENTS, "N", 0, "Stop after N events", 3},
	{"duration", KEY_DURATION, "SECONDS", 0, "Stop after that time", 3},
	{"rate", KEY_RATE, "RATE", 0, "At most so many events of each probe: 100/s, 5/ms", 3},
	{"max-probes", KEY_MAX_PROBES, "N", 0, "Refuse to attach more functions (1000)", 3},
	{"fail-on-loss", KEY_FAIL_ON_LOSS, NULL, 0, "Exit with 1 when an event was lost", 3},
	{"lossless", KEY_LOSSLESS, NULL, 0,
	 "Hold the target back while the event buffer is full, so that nothing is lost", 3},
	{"ring-size", KEY_RING_SIZE, "BYTES", 0, "Size of the event buffer (16M)", 3},
	{"return", KEY_RETURN, "HOW", 0, "How returns are seen: auto, trampoline, site or stack",
	 3},
	{"syscall-backend", KEY_BACKEND, "NAME", 0,
	 "Where system calls are seen: auto, tp_btf, raw_tp, tracepoint, sleepable, fentry, "
	 "kprobe.multi or kprobe",
	 3},
	{"help", KEY_HELP, NULL, 0, "All of the help", 4},
	{NULL, 'h', NULL, 0, "Help on one screen", 4},
	{"version", 'V', NULL, 0, "Version", 4},
	{0},
};

struct parsing {
	struct options *options;
	struct err *error;
	bool command_seen;
};

static struct err *parse_named(int key, const char *text, struct options *options)
{
	static const char *const formats[] = {"text", "json"};
	static const char *const returns[] = {"auto", "trampoline", "site", "stack"};
	/* As syscall_backend_info() names them. */
	static const char *const backends[] = {"auto",	    "tp_btf", "raw_tp",	      "tracepoint",
					       "sleepable", "fentry", "kprobe.multi", "kprobe"};
	static const char *const stack_forms[] = {"auto", "cfi", "fp"};
	static const char *const colors[] = {"auto", "always", "never"};
	int choice = 0;
	struct err *e = NULL;
	switch (key) {
	case KEY_FORMAT:
		e = options_parse_choice("--format", text, formats, array_size(formats), &choice);
		options->output.format = choice ? OUTPUT_JSON : OUTPUT_TEXT;
		break;
	case KEY_RETURN:
		e = options_parse_choice("--return", text, returns, array_size(returns), &choice);
		options->return_mode = (enum return_mode)choice;
		break;
	case KEY_BACKEND:
		e = options_parse_choice("--syscall-backend", text, backends, array_size(backends),
					 &choice);
		options->syscall_backend = (enum syscall_backend)choice;
		break;
	case KEY_STACKS:
		e = options_parse_choice("--stacks", text, stack_forms, array_size(stack_forms),
					 &choice);
		options->stacks = (enum stack_option)(choice + 1);
		break;
	case KEY_COLOR:
		e = options_parse_choice("--color", text, colors, array_size(colors), &choice);
		options->color = colors[choice];
		break;
	}
	return e;
}

static struct err *parse_numeric(int key, const char *text, struct options *options)
{
	uint64_t number = 0;
	struct err *e = NULL;
	switch (key) {
	case 's':
		e = options_parse_number("-s", text, 0, FETCH_STRING_MAX, &number);
		options->output.string_limit = (uint32_t)number;
		break;
	case KEY_MAX_EVENTS:
		e = options_parse_number("--max-events", text, 1, UINT64_MAX / 2,
					 &options->max_events);
		break;
	case KEY_MAX_PROBES:
		e = options_parse_number("--max-probes", text, 1, 1000000, &number);
		options->max_probes = number;
		break;
	case KEY_DEPTH:
		e = options_parse_number("--depth", text, 0, COMPILE_DEPTH_MAX, &number);
		options->depth = (uint32_t)number;
		break;
	case KEY_MAX_MEMBERS:
		e = options_parse_number("--max-members", text, 1, COMPILE_MEMBERS_MAX, &number);
		options->max_members = (uint32_t)number;
		break;
	case KEY_MAX_ITEMS:
		e = options_parse_number("--max-items", text, 1, FETCH_STRING_MAX, &number);
		options->output.array_limit = (uint32_t)number;
		break;
	case KEY_STACK_DEPTH:
		e = options_parse_number("--stack-depth", text, 1, EVENT_STACK_FRAMES_MAX, &number);
		options->stack_depth = number;
		break;
	case KEY_STACK_BYTES:
		e = options_parse_number("--stack-bytes", text, 512, STACK_BYTES_MAX, &number);
		options->stack_bytes = (uint32_t)number;
		break;
	case KEY_DURATION:
		e = options_parse_seconds("--duration", text, &options->duration_s);
		break;
	case KEY_INTERVAL:
		e = options_parse_seconds("--interval", text, &options->interval_s);
		break;
	case KEY_RING_SIZE:
		e = options_parse_ring_size(text, &options->ring_size);
		break;
	}
	return e;
}

static void parse_flag(int key, struct options *options)
{
	switch (key) {
	case 'r':
		options->output.time = TIME_RELATIVE;
		break;
	case 'T':
		options->output.durations = true;
		break;
	case 'y':
		options->fd_details = options->fd_paths;
		options->fd_paths = true;
		break;
	case 'k':
		if (options->stacks == STACKS_NONE)
			options->stacks = STACKS_AUTO;
		break;
	case 'q':
		options->quiet++;
		break;
	case 'v':
		options->verbose = true;
		break;
	case KEY_JSON:
		options->output.format = OUTPUT_JSON;
		break;
	case KEY_FAIL_ON_LOSS:
		options->fail_on_loss = true;
		break;
	case KEY_COST:
		options->cost = true;
		break;
	case KEY_DEBUGINFOD:
		options->debuginfod = true;
		break;
	case KEY_NO_CACHE:
		options->no_cache = true;
		break;
	case KEY_LOSSLESS:
		options->lossless = true;
		break;
	case KEY_INSIDE:
		options->inside = true;
		break;
	case KEY_STOP_ON_LOAD:
		options->stop_on_load = true;
		break;
	case KEY_UNFINISHED:
		options->unfinished = true;
		break;
	case KEY_WHERE:
		options->where = true;
		break;
	case KEY_HISTOGRAM:
		options->histogram = true;
		break;
	case KEY_CHANGES:
		options->changes = true;
		break;
	}
}

static const char *const command_names[] = {"trace", "list", "explain", "check", "shell", "stat"};

static struct err *parse_command(const char *word, struct parsing *parsing, bool *ret_taken)
{
	static const char *const later[] = {"record", "report", "export", "top"};
	*ret_taken = false;
	for (size_t i = 0; i < array_size(command_names); i++) {
		if (strcmp(word, command_names[i]) == 0) {
			parsing->options->command = (enum command)i;
			*ret_taken = true;
			return NULL;
		}
	}
	for (size_t i = 0; i < array_size(later); i++)
		if (strcmp(word, later[i]) == 0)
			return err_hint(
				err_new(ERR_USAGE, 0, "'utrail %s' is not there yet", word),
				"there are: trace, list, explain, check, shell, stat; to run a program of "
				"that name: utrail -- %s",
				word);
	return NULL;
}

static struct err *unknown_word(const char *word)
{
	struct err *e =
		err_new(ERR_USAGE, 0, "'%s' is neither an option nor a command of utrail", word);
	for (size_t i = 0; i < array_size(command_names); i++)
		if (word_distance(word, command_names[i]) <= 2)
			return err_hint(e,
					"did you mean 'utrail %s'? To run a program: utrail -- %s",
					command_names[i], word);
	return err_hint(e,
			"commands: trace, list, explain, check, shell, stat\n"
			"to run a program: utrail [OPTIONS] -- %s",
			word);
}

/* Options may stand behind them: utrail list ./app --json. */
static struct err *add_operand(char *word, struct options *options)
{
	char **kept = array_push(&options->operands);
	if (!kept)
		return &err_nomem;
	*kept = word;
	return NULL;
}

static struct err *parse_operand(char *word, struct argp_state *state, struct parsing *parsing)
{
	struct options *options = parsing->options;
	bool taken = false;
	/* After "--" comes a command to run; before it, and first, one of our own. */
	bool after_dashes = state->quoted && state->next - 1 >= state->quoted;
	if (!after_dashes && !parsing->command_seen && !options->argv) {
		parsing->command_seen = true;
		struct err *e = parse_command(word, parsing, &taken);
		if (e || taken)
			return e;
	}
	if (after_dashes) {
		options->argv = &state->argv[state->next - 1];
		state->next = state->argc;
		return NULL;
	}
	if (options->command == COMMAND_LIST)
		return add_operand(word, options);
	return unknown_word(word);
}

static error_t on_argument(int key, char *text, struct argp_state *state);

static const struct argp command_line = {
	.options = option_table,
	.parser = on_argument,
	.args_doc = "-p PID [-e SPEC...]\n[OPTIONS] -- COMMAND [ARGS...]\n"
		    "list|explain|check|shell|stat [OPTIONS]",
	.doc = help_long_text,
};

static void print_help(int key)
{
	char name[] = "utrail";
	if (key == 'h')
		help_print_short();
	else if (key == 'V')
		help_print_version();
	else
		argp_help(&command_line, stdout, ARGP_HELP_LONG | ARGP_HELP_USAGE | ARGP_HELP_DOC,
			  name);
}

/* What has a grammar of its own. */
static struct err *parse_text(int key, char *text, struct options *options)
{
	switch (key) {
	case 'p':
		return options_add_pids(options, text);
	case 'e':
		return spec_parse_pairs(text, &options->specs, &options->pairs);
	case KEY_RATE:
		return rate_parse("--rate", text, &options->rate);
	case KEY_REDACT:
		return options_add_redact(options, text);
	default:
		return options_parse_status(text, &options->statuses);
	}
}

static struct err *parse_selection(int key, const char *text, struct selection *selection)
{
	switch (key) {
	case 'u':
		return selection_add_users(selection, text);
	case KEY_COMM:
		return selection_add_comm(selection, text);
	case KEY_CGROUP:
		return selection_add_cgroup(selection, text);
	default:
		return selection_add_container(selection, text);
	}
}

static error_t on_argument(int key, char *text, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;
	struct err *e = NULL;
	switch (key) {
	case 'p':
	case 'e':
	case KEY_RATE:
	case KEY_REDACT:
	case KEY_STATUS:
		e = parse_text(key, text, options);
		break;
	case 'u':
	case KEY_COMM:
	case KEY_CGROUP:
	case KEY_CONTAINER:
		e = parse_selection(key, text, &options->selection);
		break;
	case 'o':
		options->output_path = text;
		break;
	case 'c':
	case 'C':
	case 'S':
	case 'U':
	case 'w':
	case 'z':
	case 'Z':
		e = options_add_summary(options, key, text);
		break;
	case 'f':
		e = options_follow(options);
		break;
	case 't':
		e = options_next_time(options);
		break;
	case 'h':
	case KEY_HELP:
	case 'V':
		print_help(key);
		options->finished = true;
		return ECANCELED;
	case ARGP_KEY_ARG:
		e = parse_operand(text, state, parsing);
		break;
	case 's':
	case KEY_MAX_EVENTS:
	case KEY_MAX_PROBES:
	case KEY_DURATION:
	case KEY_INTERVAL:
	case KEY_RING_SIZE:
	case KEY_STACK_DEPTH:
	case KEY_STACK_BYTES:
	case KEY_DEPTH:
	case KEY_MAX_MEMBERS:
	case KEY_MAX_ITEMS:
		e = parse_numeric(key, text, options);
		break;
	case KEY_FORMAT:
	case KEY_RETURN:
	case KEY_BACKEND:
	case KEY_COLOR:
	case KEY_STACKS:
		e = parse_named(key, text, options);
		break;
	default:
		if (key >= ARGP_KEY_END)
			return ARGP_ERR_UNKNOWN;
		parse_flag(key, options);
	}
	if (!e)
		return 0;
	parsing->error = e;
	return EINVAL;
}

static struct err *check_combination(const struct options *options)
{
	if (options->command == COMMAND_SHELL)
		return options_check_shell(options);
	struct err *e = options_check_stat(options);
	e = e ? e : options_check_summary(options);
	e = e ? e : options_check_selection(options);
	if (e || !selection_is_empty(&options->selection))
		return e;
	if (options->command != COMMAND_TRACE && options->command != COMMAND_EXPLAIN &&
	    options->command != COMMAND_STAT)
		return NULL;
	if (options->argv && options->pids.count)
		return err_hint(err_new(ERR_USAGE, 0, "both a process and a command were given"),
				"use either -p PID or -- CMD");
	if (options->stacks != STACKS_NONE && options->ring_size / 4 < options->stack_bytes)
		return err_hint(err_new(ERR_USAGE, 0, "--ring-size is too small for --stack-bytes"),
				"a larger --ring-size, or less --stack-bytes: 4 stacks must fit");
	if (!options->argv && !options->pids.count && !options->specs.count)
		return err_hint(err_new(ERR_USAGE, 0, "nothing to trace"),
				"a process: utrail -p PID\n"
				"a command: utrail -- CMD ARGS\n"
				"a function of every process: utrail -e 'bash:readline() -> str'\n"
				"more: utrail -h");
	return NULL;
}

/* A sample without its stack says little. */
static void want_stacks_of_samples(struct options *options)
{
	for (size_t i = 0; i < options->specs.count; i++)
		if (options->specs.items[i].kind == PROBE_CPU &&
		    options->command == COMMAND_TRACE && options->stacks == STACKS_NONE) {
			options->stacks = STACKS_AUTO;
			options->stacks_of_samples = true;
		}
}

struct err *options_parse(int argc, char **argv, struct options *ret)
{
	*ret = (struct options){
		.output = {.string_limit = STRING_DEFAULT, .durations = true},
		.color = "auto",
		.max_probes = PROBES_DEFAULT,
		.depth = DEPTH_DEFAULT,
		.ring_size = RING_SIZE_DEFAULT,
		.stack_bytes = STACK_BYTES_DEFAULT,
		.stack_depth = STACK_DEPTH_DEFAULT,
	};
	struct parsing parsing = {.options = ret};
	error_t failed = argp_parse(&command_line, argc, argv,
				    ARGP_IN_ORDER | ARGP_NO_HELP | ARGP_NO_ERRS, NULL, &parsing);
	struct err *e = parsing.error;
	if (ret->finished)
		return NULL;
	if (!e && failed)
		e = options_mistake(option_table, argv);
	e = e ? e : options_collect_spec_pids(ret);
	if (!e && ret->operands.count) {
		e = add_operand(NULL, ret);
		ret->argv = ret->operands.items;
	}
	if (!e)
		want_stacks_of_samples(ret);
	e = e ? e : check_combination(ret);
	if (e)
		options_deinit(ret);
	return e;
}

void options_deinit(struct options *options)
{
	free(options->pids.items);
	free(options->operands.items);
	free(options->redact_patterns.items);
	spec_pair_list_deinit(&options->pairs);
	spec_list_deinit(&options->specs);
}
