/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_bench [text|json] [EVENTS]: how many calls with an int, a string of 16 bytes and a result
 * a writer puts out per second of CPU time. Not a test: run it by hand on a quiet machine.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/output_events.h"

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(struct err *e)
{
	if (!e)
		return;
	fprintf(stderr, "%s\n", err_what(e));
	exit(1);
}

static void run(struct output *output, struct made *made, long events)
{
	for (long i = 0; i < events; i++) {
		made->event.time_ns += 1250;
		made->task.tid = 4250 + (i & 3);
		made->arguments.items[0].number = (uint64_t)i;
		must(output_event(output, &made->event, false));
	}
	must(output_flush(output));
}

int main(int argc, char **argv)
{
	bool is_json = argc > 1 && strcmp(argv[1], "json") == 0;
	long events = argc > 2 ? strtol(argv[2], NULL, 10) : 1000000;
	struct output_options options = made_options(is_json ? OUTPUT_JSON : OUTPUT_TEXT);
	options.time = TIME_DEFAULT;
	struct output *output = NULL;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	must(output_create(fd, "/dev/null", &options, &output));
	struct made *made = made_event(STREAM_CALL, "handle");
	made_number(made, "n", &type_int, 0);
	TEXT(made, "text", "sixteen bytes ok");
	made_result(made, &type_int, 42);
	double start = cpu_seconds();
	run(output, made, events);
	double spent = cpu_seconds() - start;
	printf("%s: %ld events, %.3f s, %.0f per second\n", is_json ? "json" : "text", events,
	       spent, (double)events / spent);
	made_free(made);
	output_destroy(output);
	close(fd);
	return 0;
}
