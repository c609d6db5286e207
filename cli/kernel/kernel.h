/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/kernel.h — the BPF object of a run: opened, sized, loaded, attached, switched on.
 *
 * Only kernel.c and kernel_state.c see the skeleton.
 */
#ifndef UTRAIL_CLI_KERNEL_KERNEL_H
#define UTRAIL_CLI_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/plan/plan.h"
#include "common/err.h"
#include "kernel/backends.h"
#include "probe/features.h"
#include "probe/tally.h"
#include "stream/event.h"

struct kernel;
struct kernel_early;

struct kernel_options {
	uint32_t ring_size;
	bool follow;
	bool filters; /* a spec has a condition */
	bool rates;   /* a spec has a limit, or all have: */
	struct rate_limit rate;
	bool cost;	    /* hits and times of each site are kept: kernel_costs() */
	bool lossless;	    /* writers wait for room in the ring */
	uint32_t stack_how; /* enum stack_how: of all sites */
	uint32_t stack_bytes, stack_depth;
	bool stacks_of_samples;		   /* and of nothing else */
	unsigned int growth;		   /* enum plan_growth: what kernel_add_sites() may bring */
	const struct selection *selection; /* empty: processes are named */
	bool stop_on_load;
	bool where;		/* and with it, where their time went */
	uint32_t sum_rows;	/* hits are added up in a table of so many; 0: they are records */
	bool names;		/* of threads are shown, as they are at each event */
	bool tally, tally_only; /* system calls are counted: kernel_tally(); and not sent */
	uint32_t statuses;	/* enum syscall_status, those that are wanted; 0: all */
	enum syscall_backend syscall_backend;
	bool entries;		    /* system calls are told when they begin, too */
	bool long_calls;	    /* or when they take long: kernel_send_long_calls() */
	struct kernel_early *early; /* is emptied; NULL: nothing was made before */
};

struct ring_buffer;

/* Who takes the ring's records. */
struct kernel_reader {
	int (*on_record)(void *context, void *data, size_t size);
	void *context;
};

/*
 * What can be made before there is a plan: the ring, mapped, and the opened programs. A thread does
 * it until kernel_load(), which waits for it. NULL: no memory, and nothing is lost by that.
 */
struct kernel_early *kernel_early_new(uint32_t ring_size, const struct kernel_reader *reader);
/* After kernel_load(): its ring, which is the caller's from then on; NULL: it is not mapped yet. */
struct ring_buffer *kernel_early_ring(struct kernel_early *early);
void kernel_early_close(struct kernel_early *early); /* NULL is fine */

struct attacher;

/* Loads the programs that the plan needs, in the best form that the kernel has. */
struct err *kernel_load(struct plan *plan, const struct features *features,
			const struct kernel_options *options, struct kernel **ret) must_check;
/* Attaches all probes; nothing is delivered before kernel_start(). */
struct err *kernel_attach(struct kernel *kernel) must_check;
/*
 * The plan's set has grown from site `first` on: loads and attaches these, while tracing goes on.
 * `close_returns`: then takes out the kernel's return probes, for which they stand in, also when
 * this fails. Sites for which there is no room leave the set again. Needs the option `growth`.
 */
struct err *kernel_add_sites(struct kernel *kernel, size_t first, bool close_returns) must_check;
/* Was it traced at that time (CLOCK_BOOTTIME)? Also when it has ended since. */
bool kernel_traced_process(const struct kernel *kernel, pid_t pid, uint64_t time_ns);
struct err *kernel_trace_process(struct kernel *kernel, pid_t pid) must_check;
/*
 * Looks at all processes that there are, and adds to the traced ones those of the selection; those
 * that come to match later add themselves. Not before kernel_attach().
 */
struct err *kernel_select(struct kernel *kernel) must_check;
/* A process has come to match at that time; pid 0: some have, but which is not known. */
struct news_sink {
	void *context;
	struct err *(*joined)(void *context, pid_t pid, uint64_t time_ns);
};
int kernel_news_fd(const struct kernel *kernel); /* readable when there is news; -1: never */
struct err *kernel_read_news(struct kernel *kernel, const struct news_sink *sink) must_check;
/* The maps that the waker needs; -1: nobody is stopped. */
int kernel_stops_fd(const struct kernel *kernel);
int kernel_known_files_fd(const struct kernel *kernel);
uint64_t kernel_selected(const struct kernel *kernel); /* processes that have matched so far */
void kernel_start(struct kernel *kernel);
/* Stops, and takes all probes out again: after this no record is written but those of entries that
 * waited. */
void kernel_stop(struct kernel *kernel);
/* The first half of that: it goes on by itself, and takes tens of milliseconds of the kernel's.
 * Hits that are in our programs by then still write. */
void kernel_begin_stop(struct kernel *kernel);
/* Entries older than that which wait for their return become records. *ret_left: how many found no
 * room in the ring, and still wait. */
struct err *kernel_send_kept(struct kernel *kernel, uint64_t before_ns,
			     uint64_t *ret_left) must_check;
/* System calls in flight that began before that become records; those without room the next time.
 */
struct err *kernel_send_long_calls(struct kernel *kernel, uint64_t before_ns) must_check;
void kernel_close(struct kernel *kernel); /* NULL is fine */
void kernel_closep(struct kernel **kernel);

/* Does kernel_add_sites() open perf events? Without uprobe_multi, whose links the kernel gives to
 * whoever holds the program. They take CAP_SYS_ADMIN; */
bool kernel_adds_perf_probes(const struct kernel *kernel);
/* from now on, they come from there. */
void kernel_probe_through(struct kernel *kernel, struct attacher *attacher);
/* What kernel_add_sites() needs itself while tracing: in the oldest form it loads programs. */
uint64_t kernel_late_capabilities(const struct kernel *kernel);
/* May we still read maps and programs through their descriptors? Before 5.19 the sysctl
 * kernel.unprivileged_bpf_disabled forbids that, too, without CAP_BPF. */
bool kernel_is_readable(const struct kernel *kernel);
int kernel_ring_fd(const struct kernel *kernel);
int kernel_life_fd(const struct kernel *kernel);		   /* the ring of task life */
const struct loss_row *kernel_losses(const struct kernel *kernel); /* one row a site */
/* Has any of them changed since this was last asked? Not after the programs have stopped: then one
 * looks. */
bool kernel_losses_changed(const struct kernel *kernel);
/* Told of each file whose probes had to go. */
struct written_sink {
	void *context;
	struct err *(*written)(void *context, struct image *image);
};
/* After a SIGIO: takes the probes out of files that somebody is about to write to, who waits for
 * it. */
struct err *kernel_leave_written(struct kernel *kernel, const struct written_sink *sink) must_check;
/* The first traced process after `previous` (0: at all); 0: there is none. */
pid_t kernel_next_target(const struct kernel *kernel, pid_t previous);
/* Some of the processes that were traced have ended, but for threads that are just about to. */
bool kernel_is_ending(const struct kernel *kernel);
enum kernel_group {
	KERNEL_HITS, /* functions and markers */
	KERNEL_SYSCALLS,
	KERNEL_LIFE, /* fork, exec, exit */
	KERNEL_ENDS, /* of functions of the kernel, which were delivered */
	KERNEL_GROUPS,
};
/* Hits that the kernel did not give to our programs, as it counts them. */
void kernel_missed(const struct kernel *kernel, uint64_t ret[static KERNEL_GROUPS]);
/* Where to write CLOCK_MONOTONIC, again and again: while it stands still, nobody waits. */
uint64_t *kernel_reader_clock(const struct kernel *kernel);
enum uprobe_form kernel_form(const struct kernel *kernel);
const struct cost_row *kernel_costs(const struct kernel *kernel); /* one row a site */
/* Numbers without a name that are counted each for itself. */
#define OTHER_TALLIES_MAX 64
/* The next one, after *number; false: there is none. UINT32_MAX is before all. */
bool kernel_next_other(const struct kernel *kernel, uint32_t *number);
/* What was counted of such a number. */
struct err *kernel_tally_other(const struct kernel *kernel, uint32_t number,
			       struct tally_row *ret) must_check;
/* What was counted of a site, over all CPUs. Needs the option `tally`. */
struct err *kernel_tally(const struct kernel *kernel, uint32_t site_id,
			 struct tally_row *ret) must_check;
/* CPU time of traced threads that have ended while tracing. */
uint64_t kernel_ended_cpu(const struct kernel *kernel);
/* The table of what was added up: of struct sum_key, by CPU struct sum_row. */
int kernel_sums_fd(const struct kernel *kernel);
/* Hits that waited, and how long in all. */
uint64_t kernel_held(const struct kernel *kernel, uint64_t *ret_ns);
/* Records that programs tried to write, over all CPUs. */
uint64_t kernel_attempts(const struct kernel *kernel);
/* What a slot that could not be read means: "bad address" or "not resident". */
const char *kernel_unreadable(const struct kernel *kernel);
/* Name and value pairs for the header, NULL-terminated; live as long as the kernel object. */
/* Why system calls are told of where they are; NULL: there are none. */
const char *kernel_calls_why(const struct kernel *kernel);
/* 32-bit system calls of traced processes, which are not told. */
uint64_t kernel_compat_calls(const struct kernel *kernel);
/* But they are where all calls are told. */
bool kernel_tells_narrow(const struct kernel *kernel);
const char *const *kernel_backends(const struct kernel *kernel);

#endif
