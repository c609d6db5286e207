/* SPDX-License-Identifier: Apache-2.0 */
/* What shells and processes did, step by step, and the commands that it must give. */
#include "cli/shell/track.h"

#include <stdio.h>

#include "unit.h"

#define MS 1000000ULL

/* A command as one line: `LINE =STATUS <MS> [ARGV0 ENDING depth] ...` */
struct told {
	char text[4096];
	size_t used;
	uint64_t count;
};

static void put(struct told *told, const char *format, ...) printf_like(2, 3);
static void put(struct told *told, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	told->used += (size_t)vsnprintf(told->text + told->used, sizeof(told->text) - told->used,
					format, args);
	va_end(args);
	assert_true(told->used < sizeof(told->text));
}

static struct err *on_command(void *context, const struct output_command *command)
{
	static const char *const endings[] = {"", " open", " unseen"};
	static const char *const ends[] = {"running", "exited", "replaced", "unseen"};
	struct told *told = context;
	told->count++;
	if (command->line)
		put(told, "%s[%u] '%.*s' =%d <%u>%s", command->shell, command->shell_pid,
		    (int)command->line_size, command->line, command->status,
		    (unsigned int)(command->duration_ns / MS), endings[command->ending]);
	else
		put(told, "%s[%u] -", command->shell, command->shell_pid);
	for (size_t i = 0; i < command->n_programs; i++) {
		const struct output_program *program = &command->programs[i];
		put(told, " (%u %s %s %u %u)", program->pid, program->argv, ends[program->ending],
		    program->exit_code, program->depth);
	}
	put(told, "\n");
	return NULL;
}

static const char *user(void *context, uint32_t uid)
{
	(void)context, (void)uid;
	return "root";
}

struct run {
	struct track *track;
	struct told told;
	struct stream_task task;
	struct stream_event event;
};

static void begin(struct run *run)
{
	const struct track_sink sink = {&run->told, on_command, user};
	*run = (struct run){0};
	assert_ok(track_create(&sink, &run->track));
}

static const struct stream_event *event(struct run *run, enum stream_event_kind kind, uint32_t pid,
					uint64_t ms)
{
	run->task = (struct stream_task){.tgid = pid, .tid = pid, .comm = "comm"};
	run->event = (struct stream_event){.kind = kind, .task = &run->task, .time_ns = ms * MS};
	return &run->event;
}

static void prompt(struct run *run, uint32_t pid, uint64_t ms, enum track_prompt what, int status)
{
	assert_ok(track_prompt(run->track, event(run, STREAM_PROBE, pid, ms), what, &status));
}

static void line(struct run *run, uint32_t pid, uint64_t ms, const char *text)
{
	const struct track_line read = {.shell = "bash",
					.text = text,
					.size = text ? strlen(text) : 0,
					.cwd = "/tmp",
					.time_ns = ms * MS};
	assert_ok(track_line(run->track, event(run, STREAM_CALL, pid, ms), &read));
}

static void forks(struct run *run, uint32_t pid, uint64_t ms, uint32_t child)
{
	event(run, STREAM_FORK, pid, ms);
	run->event.child_tgid = run->event.child_tid = child;
	assert_ok(track_task(run->track, &run->event));
}

static void execs(struct run *run, uint32_t pid, uint64_t ms, const char *name)
{
	event(run, STREAM_EXEC, pid, ms);
	run->event.argv = name;
	run->event.argv_size = strlen(name) + 1;
	assert_ok(track_task(run->track, &run->event));
}

static void exits(struct run *run, uint32_t pid, uint64_t ms, uint32_t code)
{
	event(run, STREAM_EXIT, pid, ms);
	run->event.exit_code = code;
	run->event.exit_is_last = true;
	assert_ok(track_task(run->track, &run->event));
}

static void check(struct run *run, const char *wanted)
{
	assert_ok(track_finish(run->track));
	assert_string_equal(run->told.text, wanted);
	assert_int_equal(track_count(run->track), run->told.count);
	track_destroy(run->track);
}

static void pipeline(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	prompt(&run, 10, 1, TRACK_NEW, 0);
	line(&run, 10, 5, "ls | wc");
	forks(&run, 10, 6, 11);
	forks(&run, 10, 6, 12);
	execs(&run, 11, 7, "ls");
	execs(&run, 12, 7, "wc");
	exits(&run, 11, 8, 2 << 8);
	exits(&run, 12, 9, 0);
	prompt(&run, 10, 15, TRACK_NEW, 3);
	check(&run, "bash[10] 'ls | wc' =3 <10> (11 ls exited 512 0) (12 wc exited 0 0)\n");
}

static void lines_of_one_command(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "for i in 1; do");
	prompt(&run, 10, 2, TRACK_MORE, 0);
	line(&run, 10, 3, "");
	prompt(&run, 10, 4, TRACK_MORE, 0);
	line(&run, 10, 5, "done");
	prompt(&run, 10, 6, TRACK_DATA, 0);
	line(&run, 10, 7, "what a builtin read");
	prompt(&run, 10, 8, TRACK_NEW, 0);
	line(&run, 10, 9, " \t");
	prompt(&run, 10, 10, TRACK_NEW, 0);
	line(&run, 10, 11, NULL);
	check(&run, "bash[10] 'for i in 1; do\n\ndone' =0 <3>\n");
}

/* What goes on behind the prompt is told by itself; who comes of it, too. */
static void background(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "job &");
	forks(&run, 10, 2, 11);
	execs(&run, 11, 3, "job");
	prompt(&run, 10, 4, TRACK_NEW, 0);
	forks(&run, 11, 5, 12);
	execs(&run, 12, 6, "part");
	exits(&run, 12, 7, 0);
	exits(&run, 11, 8, 9);
	check(&run, "bash[10] 'job &' =0 <3> (11 job running 0 0)\n"
		    "bash[10] - (12 part exited 0 0)\n"
		    "bash[10] - (11 job exited 9 0)\n");
}

static void replaced_shell(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "exec env prog");
	execs(&run, 10, 2, "env");
	execs(&run, 10, 3, "prog");
	exits(&run, 10, 5, 4 << 8);
	check(&run,
	      "bash[10] 'exec env prog' =4 <4> (10 env replaced 0 0) (10 prog exited 1024 0)\n");
}

static void ends_of_shells(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "exit 3");
	exits(&run, 10, 2, 3 << 8);
	line(&run, 20, 3, "kill -9 $$");
	exits(&run, 20, 4, 9);
	line(&run, 30, 5, "vi");
	forks(&run, 30, 6, 31);
	execs(&run, 31, 7, "vi");
	check(&run, "bash[10] 'exit 3' =3 <1>\nbash[20] 'kill -9 $$' =137 <1>\n"
		    "bash[30] 'vi' =0 <0> open (31 vi running 0 0)\n");
}

/* A shell inside of a shell: each has its own. */
static void nested_shell(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "bash");
	forks(&run, 10, 2, 11);
	execs(&run, 11, 3, "bash");
	forks(&run, 11, 4, 12);
	execs(&run, 12, 5, "rc");
	exits(&run, 12, 6, 0);
	prompt(&run, 11, 7, TRACK_NEW, 0);
	line(&run, 11, 8, "ls");
	forks(&run, 11, 9, 13);
	execs(&run, 13, 10, "ls");
	exits(&run, 13, 11, 0);
	prompt(&run, 11, 12, TRACK_NEW, 0);
	line(&run, 11, 13, NULL);
	exits(&run, 11, 14, 0);
	prompt(&run, 10, 15, TRACK_NEW, 0);
	check(&run, "bash[11] 'ls' =0 <4> (13 ls exited 0 0)\n"
		    "bash[10] 'bash' =0 <14> (11 bash exited 0 0) (12 rc exited 0 1)\n");
}

/* Nobody types into a script's shell: what it runs, one by one. */
static void plain_shell(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	/* It ran before; and one that comes later. */
	assert_ok(track_shell(run.track, 10, "dash"));
	forks(&run, 10, 1, 11);
	forks(&run, 11, 2, 12);
	execs(&run, 12, 3, "inner");
	exits(&run, 12, 4, 0);
	exits(&run, 11, 5, 0);
	assert_ok(track_image(run.track, 20, 6 * MS, "sh"));
	execs(&run, 20, 7, "sh");
	forks(&run, 20, 8, 21);
	execs(&run, 21, 9, "make");
	forks(&run, 21, 10, 22);
	execs(&run, 22, 11, "cc");
	exits(&run, 22, 12, 1 << 8);
	exits(&run, 21, 13, 2 << 8);
	execs(&run, 20, 14, "last");
	exits(&run, 20, 15, 0);
	/* An image that was mapped before another exec says nothing of that. */
	assert_ok(track_image(run.track, 30, 16 * MS, "sh"));
	execs(&run, 30, 17, "sh");
	execs(&run, 30, 18, "none");
	forks(&run, 30, 19, 31);
	execs(&run, 31, 20, "child");
	exits(&run, 31, 21, 0);
	exits(&run, 30, 22, 0);
	/* Nobody's. */
	forks(&run, 50, 30, 51);
	execs(&run, 51, 31, "other");
	exits(&run, 51, 32, 0);
	check(&run, "dash[10] - (12 inner exited 0 0)\n"
		    "sh[20] - (21 make exited 512 0) (22 cc exited 256 1)\n"
		    "sh[20] - (20 last exited 0 0)\n"
		    "sh[30] - (30 none exited 0 0) (31 child exited 0 1)\n");
}

/* Lost records: no status is made up, no end either. */
static void losses(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	line(&run, 10, 1, "one");
	line(&run, 10, 2, "two");
	forks(&run, 10, 3, 11);
	execs(&run, 11, 4, "two");
	assert_ok(track_task(run.track, event(&run, STREAM_LOST, 0, 5)));
	assert_ok(track_prompt(run.track, event(&run, STREAM_PROBE, 10, 6), TRACK_NEW, NULL));
	check(&run, "bash[10] 'one' =0 <1> unseen\n"
		    "bash[10] 'two' =0 <4> unseen (11 two unseen 0 0)\n");
}

/* More programs than are told together: the rest one by one, none twice, none missing. */
static void many_programs(void **state)
{
	(void)state;
	static struct run run;
	const uint32_t extra = 3;
	begin(&run);
	line(&run, 10, 1, "many");
	for (uint32_t i = 0; i < TRACK_PROGRAMS_MAX + extra; i++) {
		forks(&run, 10, 2, 100 + i);
		execs(&run, 100 + i, 3, "");
		exits(&run, 100 + i, 4, 0);
		run.told.used = 0;
	}
	assert_int_equal(run.told.count, extra);
	track_destroy(run.track);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipeline),	  cmocka_unit_test(lines_of_one_command),
		cmocka_unit_test(background),	  cmocka_unit_test(replaced_shell),
		cmocka_unit_test(ends_of_shells), cmocka_unit_test(nested_shell),
		cmocka_unit_test(plain_shell),	  cmocka_unit_test(losses),
		cmocka_unit_test(many_programs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
