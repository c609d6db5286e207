/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, and what they ask for. */
#include "cli/options/options.h"
#include "kernel/status.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define WORDS_MAX 32

/* A command line lives as long as what was parsed of it. */
struct line {
	char *argv[WORDS_MAX + 2];
	int argc;
};

static struct err *parse_words(struct line *line, struct options *ret, va_list words)
{
	*line = (struct line){.argv = {(char *)"utrail"}, .argc = 1};
	for (char *word; (word = va_arg(words, char *)) != NULL;)
		line->argv[line->argc++] = word;
	return options_parse(line->argc, line->argv, ret);
}

/* The words end with NULL. */
static void parse(struct line *line, struct options *ret, ...)
{
	va_list words;
	va_start(words, ret);
	assert_ok(parse_words(line, ret, words));
	va_end(words);
}

static struct err *try(const char *first, ...) must_check;
static struct err *try(const char *first, ...)
{
	struct line line = {.argv = {(char *)"utrail", (char *)first}, .argc = 2};
	struct options options;
	va_list words;
	va_start(words, first);
	for (char *word; first && (word = va_arg(words, char *)) != NULL;)
		line.argv[line.argc++] = word;
	va_end(words);
	if (!first)
		line.argc = 1;
	struct err *e = options_parse(line.argc, line.argv, &options);
	if (!e)
		options_deinit(&options);
	return e;
}

#define refused(part, ...) assert_err(try(__VA_ARGS__, NULL), ERR_USAGE, part)

static void defaults(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-p", "42", NULL);
	assert_int_equal(o.command, COMMAND_TRACE);
	assert_int_equal(o.pids.count, 1);
	assert_int_equal(o.pids.items[0], 42);
	assert_int_equal(o.specs.count, 0);
	assert_null(o.argv);
	assert_false(o.follow);
	assert_null(o.output_path);
	assert_int_equal(o.output.format, OUTPUT_TEXT);
	assert_int_equal(o.output.time, TIME_DEFAULT);
	assert_true(o.output.durations);
	assert_int_equal(o.output.string_limit, 256);
	assert_string_equal(o.color, "auto");
	assert_int_equal(o.quiet, 0);
	assert_int_equal(o.max_events, 0);
	assert_true(o.duration_s == 0);
	assert_int_equal(o.max_probes, 1000);
	assert_int_equal(o.rate.count, 0);
	assert_false(o.fail_on_loss || o.lossless || o.cost);
	assert_int_equal(o.ring_size, 16 << 20);
	assert_int_equal(o.return_mode, RETURN_AUTO);
	assert_false(o.finished);
	options_deinit(&o);
}

static void every_option_sets_its_own(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-fyqqv", "--fail-on-loss", "--lossless", "--cost", "--json", "-o",
	      "/tmp/x", "-s", "32", "--color=never", "--max-events", "7", "--duration=1.5",
	      "--max-probes", "9", "--rate=5/ms", "--return", "site", "--syscall-backend=tp_btf",
	      "-p1", NULL);
	assert_true(o.follow && o.fd_paths && o.verbose && o.fail_on_loss && o.lossless && o.cost);
	assert_int_equal(o.quiet, 2);
	assert_int_equal(o.output.format, OUTPUT_JSON);
	assert_string_equal(o.output_path, "/tmp/x");
	assert_int_equal(o.output.string_limit, 32);
	assert_string_equal(o.color, "never");
	assert_int_equal(o.max_events, 7);
	assert_true(o.duration_s == 1.5);
	assert_int_equal(o.max_probes, 9);
	assert_int_equal(o.rate.count, 5);
	assert_int_equal(o.rate.period_ns, 1000000);
	assert_int_equal(o.return_mode, RETURN_SITE);
	assert_int_equal(o.syscall_backend, SYSCALLS_TP_BTF);
	options_deinit(&o);
	parse(&line, &o, "--format", "json", "--format", "text", "--return=trampoline", "-p", "1",
	      NULL);
	assert_int_equal(o.output.format, OUTPUT_TEXT);
	assert_int_equal(o.return_mode, RETURN_TRAMPOLINE);
	options_deinit(&o);
}

static void pids_are_lists(void **state)
{
	static const pid_t expected[] = {1, 2, 3, 4, 5};
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-p", "1,2 3\n", "--pid=4\t", "-p", "5", NULL);
	assert_int_equal(o.pids.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(o.pids.items[i], expected[i]);
	options_deinit(&o);
	parse(&line, &o, "-p", "7,8", "-p", "7", "-e", "pid8:libc:malloc:entry", NULL);
	assert_int_equal(o.pids.count, 2);
	options_deinit(&o);
	refused("no process id given", "-p", "");
	refused("no process id given", "-p", " , ");
	refused("'0' will not do", "-p", "0");
	refused("'-1' will not do", "-p", "-1");
	refused("'4x' will not do", "-p", "4x");
	refused("will not do", "-p", "2147483648");
	refused("will not do", "-p", "1111111111111111111111111111111111111111111111");
}

static void the_process_may_stand_in_a_spec(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-e", "pid123:libc:malloc:entry", NULL);
	assert_int_equal(o.pids.count, 1);
	assert_int_equal(o.pids.items[0], 123);
	options_deinit(&o);
}

static void times_are_those_of_strace(void **state)
{
	static const struct {
		const char *word;
		enum output_time time;
	} cases[] = {{"-t", TIME_SECONDS},
		     {"-tt", TIME_MICROSECONDS},
		     {"-ttt", TIME_EPOCH},
		     {"-r", TIME_RELATIVE}};
	struct line line;
	struct options o;
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		parse(&line, &o, cases[i].word, "-p", "1", NULL);
		assert_int_equal(o.output.time, cases[i].time);
		options_deinit(&o);
	}
}

static void sizes_have_units_and_bounds(void **state)
{
	static const struct {
		const char *word;
		uint32_t size;
	} cases[] = {{"64k", 64 << 10}, {"64K", 64 << 10},  {"1m", 1 << 20},
		     {"2M", 2 << 20},	{"16384", 16384},   {"0x10000", 65536},
		     {"16385", 32768},	{"100000", 131072}, {"1073741824", 1U << 30}};
	struct line line;
	struct options o;
	(void)state;
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	for (size_t i = 0; i < array_size(cases); i++) {
		parse(&line, &o, "--ring-size", cases[i].word, "-p", "1", NULL);
		assert_int_equal(o.ring_size, cases[i].size);
		options_deinit(&o);
	}
	refused("too small", "--ring-size", "16383", "-p", "1");
	refused("too small", "--ring-size", "0", "-p", "1");
	refused("will not do", "--ring-size", "1073741825", "-p", "1");
	refused("will not do", "--ring-size", "2048m", "-p", "1");
	refused("will not do", "--ring-size", "17592186044416m", "-p", "1");
	refused("will not do", "--ring-size", "1kk", "-p", "1");
}

static void times_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {{"2.5", 2500000}, {"2s", 2000000},	 {"500ms", 500000},
		    {"250us", 250},   {"3m", 180000000}, {"1.5h", 5400000000}};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct line line;
		struct options o;
		parse(&line, &o, "-p1", "--duration", rows[i].text, NULL);
		assert_int_equal((int64_t)(o.duration_s * 1e6 + 0.5), rows[i].us);
		options_deinit(&o);
	}
}

static void numbers_have_bounds(void **state)
{
	(void)state;
	refused("-s: '4097'", "-s", "4097", "-p", "1");
	refused("from 0 to 4096", "-s", "-1", "-p", "1");
	refused("--max-events: '0'", "--max-events", "0", "-p", "1");
	refused("--rate: '0/s'", "--rate", "0/s", "-p", "1");
	refused("--max-probes: '1000001'", "--max-probes", "1000001", "-p", "1");
	refused("--duration: '0'", "--duration", "0", "-p", "1");
	refused("--duration: '-1'", "--duration", "-1", "-p", "1");
	refused("--duration: 'nan'", "--duration", "nan", "-p", "1");
	refused("--duration: 'inf'", "--duration", "inf", "-p", "1");
	refused("--duration: '1x'", "--duration", "1x", "-p", "1");
	assert_ok(try("-s", "0", "-p", "1", NULL));
	assert_ok(try("-s", "4096", "-p", "1", NULL));
}

static void each_place_for_system_calls_has_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < SYSCALL_BACKENDS; i++) {
		struct line line;
		struct options o;
		enum syscall_backend backend = (enum syscall_backend)i;
		parse(&line, &o, "--syscall-backend", syscall_backend_info(backend)->name, "-p",
		      "1", NULL);
		assert_int_equal(o.syscall_backend, backend);
		options_deinit(&o);
	}
}

static void choices_name_what_there_is(void **state)
{
	(void)state;
	refused("text, json", "--format", "xml", "-p", "1");
	refused("auto, trampoline, site, stack", "--return", "", "-p", "1");
	refused("auto, always, never", "--color=Auto", "-p", "1");
	refused("auto, tp_btf, raw_tp, tracepoint, sleepable, fentry, kprobe.multi, kprobe",
		"--syscall-backend", "ptrace", "-p", "1");
}

static void a_command_is_everything_behind_the_dashes(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-f", "--", "ls", "-l", "--json", NULL);
	assert_true(o.follow);
	assert_int_equal(o.output.format, OUTPUT_TEXT);
	assert_string_equal(o.argv[0], "ls");
	assert_string_equal(o.argv[1], "-l");
	assert_string_equal(o.argv[2], "--json");
	assert_null(o.argv[3]);
	options_deinit(&o);
	/* A program may have the name of one of our commands. */
	parse(&line, &o, "--", "list", NULL);
	assert_int_equal(o.command, COMMAND_TRACE);
	assert_string_equal(o.argv[0], "list");
	options_deinit(&o);
	refused("utrail -- ls", "ls", "-l");
	refused("both a process and a command", "-p", "1", "--", "ls");
}

/* Processes chosen by what they are: alone, combined, and never beside others. */
static void choices(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-p", "1", NULL);
	assert_true(selection_is_empty(&o.selection));
	options_deinit(&o);
	parse(&line, &o, "--comm", "a*", "--comm", "b", "-u", "0,7", "--user", "8", NULL);
	assert_int_equal(o.selection.n_names, 2);
	assert_int_equal(o.selection.n_users, 3);
	assert_int_equal(o.selection.users[2], 8);
	assert_string_equal(o.selection.words, "named a*, named b, of user 0,7, of user 8");
	options_deinit(&o);
	refused("both processes and a choice of them", "-p", "1", "--comm", "x");
	refused("both a choice of processes and a command", "-u", "0", "--", "ls");
	refused("choose what is traced", "list", "-u", "0");
	refused("choose what is traced", "explain", "--comm", "x", "-e", "f");
	refused("there is no user 'no-such-user'", "-u", "no-such-user");
	refused("can never match", "--comm", "longer-than-fifteen");
	refused("no control group '/no/such'", "--cgroup", "/no/such");
}

static void commands(void **state)
{
	static const char *const later[] = {"record", "report", "export", "top"};
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "list", "/bin/ls", "usdt:*", NULL);
	assert_int_equal(o.command, COMMAND_LIST);
	assert_string_equal(o.argv[0], "/bin/ls");
	assert_string_equal(o.argv[1], "usdt:*");
	assert_null(o.argv[2]);
	options_deinit(&o);
	parse(&line, &o, "list", "/bin/ls", "--json", "-p", "1", "usdt:*", NULL);
	assert_int_equal(o.output.format, OUTPUT_JSON);
	assert_int_equal(o.pids.count, 1);
	assert_string_equal(o.argv[0], "/bin/ls");
	assert_string_equal(o.argv[1], "usdt:*");
	assert_null(o.argv[2]);
	options_deinit(&o);
	parse(&line, &o, "explain", "-p", "1", "-e", "f", NULL);
	assert_int_equal(o.command, COMMAND_EXPLAIN);
	assert_int_equal(o.specs.count, 1);
	options_deinit(&o);
	parse(&line, &o, "check", NULL);
	assert_int_equal(o.command, COMMAND_CHECK);
	options_deinit(&o);
	parse(&line, &o, "trace", "-p", "1", NULL);
	assert_int_equal(o.command, COMMAND_TRACE);
	options_deinit(&o);
	for (size_t i = 0; i < array_size(later); i++)
		refused("is not there yet", later[i]);
	refused("did you mean 'utrail check'?", "ckeck");
}

/* What it splits, and where nothing is to be split. */
static void unfinished(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "--unfinished", "-p", "1", NULL);
	assert_true(o.unfinished);
	options_deinit(&o);
	parse(&line, &o, "-p", "1", NULL);
	assert_false(o.unfinished);
	options_deinit(&o);
	refused("--unfinished is not for JSON", "--unfinished", "--json", "-p", "1");
	refused("--unfinished does not go with -z, -Z or --status", "--unfinished", "-Z", "-p",
		"1");
	refused("-c shows no events, so there is no --unfinished", "--unfinished", "-c", "-p", "1");
	refused("--unfinished", "stat", "--unfinished", "-p", "1");
	refused("--unfinished", "shell", "--unfinished");
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	assert_err(try(NULL), ERR_USAGE, "nothing to trace");
	refused("nothing to trace", "-f");
	refused("nothing to trace", "explain");
	refused("did you mean '--json'?", "--jsno", "-p", "1");
	refused("did you mean '--return'?", "--retrun=auto");
	refused("there is no option '--cow'\n  hint:  all options", "--cow", "x");
	refused("'--json' takes no value", "--json=3", "-p", "1");
	refused("there is no option '-Q'", "-Q");
	refused("'--duration' needs a value", "-p", "1", "--duration");
	refused("'-o' needs a value", "-o");
	refused("to run a program: utrail [OPTIONS] -- ls -l", "-c", "ls -l");
	refused("-ff: one file for each process", "-ff", "-p", "3");
	refused("-tttt is not known", "-tttt", "-p", "3");
	refused("'sched' takes no types", "-p", "1", "-e", "sched:off(int)");
}

/* What is printed goes where a test can read it. */
static char *printed_by(const char *option)
{
	FILE *scratch = tmpfile();
	assert_non_null(scratch);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	assert_int_equal(dup2(fileno(scratch), STDOUT_FILENO), STDOUT_FILENO);
	struct line line;
	struct options o;
	parse(&line, &o, option, NULL);
	fflush(stdout);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	assert_true(o.finished);
	options_deinit(&o);
	char *text = calloc(1, 16384);
	assert_true(pread(fileno(scratch), text, 16383, 0) > 0);
	fclose(scratch);
	return text;
}

static void stacks_have_several_ways_to_be_asked_for(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		enum stack_option stacks;
	} cases[] = {
		{"-q", STACKS_NONE},	    {"-k", STACKS_AUTO},
		{"-kk", STACKS_AUTO},	    {"--stack-trace", STACKS_AUTO},
		{"--stacks=fp", STACKS_FP}, {"--stacks=cfi", STACKS_CFI},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct options o;
		char *argv[] = {(char *)"utrail", (char *)cases[i].word, (char *)"-p",
				(char *)"1",	  (char *)"-k",		 NULL};
		/* A later -k does not undo --stacks. */
		int argc = cases[i].stacks == STACKS_NONE ? 4 : 5;
		argv[argc] = NULL;
		assert_ok(options_parse(argc, argv, &o));
		assert_int_equal(o.stacks, cases[i].stacks);
		assert_int_equal(o.stack_bytes, 8192);
		assert_int_equal(o.stack_depth, 127);
		options_deinit(&o);
	}
}

static void help_is_printed_and_that_is_all(void **state)
{
	(void)state;
	char *text = printed_by("-h"), *end = text;
	size_t lines = 0;
	/* One screen: 24 lines of 80 and some, as terminals are at least. */
	for (; (end = strchr(end, '\n')); end++)
		lines++;
	assert_in_range(lines, 10, 40);
	free(text);
	text = printed_by("--help");
	assert_non_null(strstr(text, "--fail-on-loss"));
	free(text);
	text = printed_by("--version");
	assert_string_equal(text, "utrail " UTRAIL_VERSION "\n");
	free(text);
}

static void shells(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "shell", NULL);
	assert_int_equal(o.command, COMMAND_SHELL);
	assert_false(o.redact);
	options_deinit(&o);
	parse(&line, &o, "shell", "-p", "7,8", "--redact", "--redact=a", "--redact=b", "--json",
	      NULL);
	assert_int_equal(o.pids.count, 2);
	assert_true(o.redact);
	assert_int_equal(o.redact_patterns.count, 2);
	assert_string_equal(o.redact_patterns.items[1], "b");
	options_deinit(&o);
	refused("-e has no meaning there", "shell", "-e", "f");
	refused("-f has no meaning there", "shell", "-f");
	refused("a command has no meaning there", "shell", "--", "ls");
	refused("--inside has no meaning there", "shell", "--inside");
	refused("-y has no meaning there", "shell", "-y");
	refused("--max-events has no meaning there", "shell", "--max-events", "3");
	refused("--return has no meaning there", "shell", "--return=site");
	refused("--comm has no meaning there", "shell", "--comm", "x");
	refused("--stop-on-load has no meaning there", "shell", "--stop-on-load", "-p", "3");
	refused("'word' is neither", "shell", "word");
	parse(&line, &o, "shell", "-u", "0", NULL);
	assert_int_equal(o.selection.n_users, 1);
	options_deinit(&o);
}

static void counting(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "stat", "-p", "7", "-e", "f", NULL);
	assert_int_equal(o.command, COMMAND_STAT);
	assert_true(o.interval_s == 0);
	assert_false(o.histogram);
	options_deinit(&o);
	parse(&line, &o, "stat", "-f", "-e", "f if ret < 0,usdt:*", "--interval", "0.5",
	      "--histogram", "--where", "--json", "--duration", "3", "--", "ls", NULL);
	assert_true(o.interval_s == 0.5);
	assert_true(o.histogram);
	assert_true(o.where);
	assert_true(o.follow);
	assert_string_equal(o.argv[0], "ls");
	options_deinit(&o);
	parse(&line, &o, "stat", "--comm", "x*", "-e", "!exec", NULL);
	assert_int_equal(o.selection.n_names, 1);
	options_deinit(&o);
	refused("-k has no meaning there", "stat", "-p", "7", "-k");
	refused("-y has no meaning there", "stat", "-p", "7", "-y");
	refused("-r has no meaning there", "stat", "-p", "7", "-r");
	refused("--max-events has no meaning there", "stat", "-p", "7", "--max-events", "3");
	refused("--rate has no meaning there", "stat", "-p", "7", "--rate", "3/s");
	refused("--lossless has no meaning there", "stat", "-p", "7", "--lossless");
	refused("--redact has no meaning there", "stat", "-p", "7", "--redact");
	refused("--cost has no meaning there", "stat", "-p", "7", "--cost");
	refused("A ~~ B has no meaning there", "stat", "-p", "7", "-e", "f ~~ g");
	refused("'exec' is task life", "stat", "-p", "7", "-e", "f,exec");
	refused("--interval: '0' will not do", "stat", "-p", "7", "--interval", "0");
	refused("nothing to trace", "stat");
	refused("--interval goes with 'utrail stat'", "-p", "7", "--interval", "1");
	refused("--histogram goes with 'utrail stat'", "-p", "7", "--histogram");
	refused("--where has no meaning there", "-p", "7", "-c", "--where");
	refused("--where has no meaning there", "list", "--where");
	refused("--where has no meaning there", "shell", "--where");
	refused("--interval has no meaning there", "shell", "--interval", "1");
}

static void where_in_a_trace(void **state)
{
	(void)state;
	struct options o;
	struct line line;
	parse(&line, &o, "-p", "7", "--where", "-e", "f", NULL);
	assert_true(o.where);
	options_deinit(&o);
}

static void summaries(void **state)
{
	struct line line;
	struct options o;
	(void)state;
	parse(&line, &o, "-c", "-p", "1", "-S", "calls", "-U", "name,calls", "-w", NULL);
	assert_true(o.tally && o.tally_only);
	assert_int_equal(o.tally_layout.sort, TALLY_CALLS);
	assert_int_equal(o.tally_layout.n_columns, 2);
	options_deinit(&o);
	parse(&line, &o, "-C", "-p", "1", "-k", "--max-events", "3", NULL);
	assert_true(o.tally && !o.tally_only);
	options_deinit(&o);
	refused("both -c and -C", "-c", "-C", "-p", "1");
	refused("-c shows no events, so there is no -k", "-c", "-k", "-p", "1");
	refused("there is no --inside", "-c", "--inside", "-p", "1");
	refused("there is no --max-events", "-c", "--max-events=3", "-p", "1");
	refused("there is no --rate", "-c", "--rate=3/s", "-p", "1");
	refused("there is no '~~'", "-c", "-e", "a ~~ b", "-p", "1");
	refused("of what?", "list", "-c", "./app");
	refused("of what?", "explain", "-z", "-p", "1");
}

static void statuses(void **state)
{
	static const struct {
		const char *word;
		uint32_t bits;
	} cases[] = {
		{"-z", STATUS_SUCCESSFUL},
		{"-Z", STATUS_FAILED},
		{"--status=unfinished", STATUS_UNFINISHED},
		{"--status=failed,detached", STATUS_FAILED | STATUS_DETACHED},
		{"--status=!failed,detached", STATUS_SUCCESSFUL | STATUS_UNFINISHED},
		{"--status=all", 15},
		{"--status=!none", 15},
		{"--status=failed,unavailable", STATUS_FAILED},
	};
	struct line line;
	struct options o;
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		parse(&line, &o, cases[i].word, "-p", "1", NULL);
		assert_int_equal(o.statuses, cases[i].bits);
		options_deinit(&o);
	}
	refused("only one makes sense", "-z", "-Z", "-p", "1");
	refused("'gone' is not known", "--status=gone", "-p", "1");
	refused("'' is not known", "--status=failed,", "-p", "1");
	refused("'none' leaves nothing", "--status=none", "-p", "1");
	refused("leaves nothing", "--status=!all", "-p", "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option_sets_its_own),
		cmocka_unit_test(pids_are_lists),
		cmocka_unit_test(the_process_may_stand_in_a_spec),
		cmocka_unit_test(times_are_those_of_strace),
		cmocka_unit_test(sizes_have_units_and_bounds),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(choices_name_what_there_is),
		cmocka_unit_test(each_place_for_system_calls_has_its_name),
		cmocka_unit_test(a_command_is_everything_behind_the_dashes),
		cmocka_unit_test(choices),
		cmocka_unit_test(commands),
		cmocka_unit_test(shells),
		cmocka_unit_test(counting),
		cmocka_unit_test(where_in_a_trace),
		cmocka_unit_test(summaries),
		cmocka_unit_test(statuses),
		cmocka_unit_test(unfinished),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(stacks_have_several_ways_to_be_asked_for),
		cmocka_unit_test(help_is_printed_and_that_is_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
