/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/kernel_call.h — one system call, prepared and made in this process's own memory. */
#ifndef UTRAIL_TESTS_KERNEL_CALL_H
#define UTRAIL_TESTS_KERNEL_CALL_H

#include "kernel/syscalls.h"
#include "tests/unit/kernel_run_plan.h"

/* Words of struct pt_regs; does the result leave all arguments where they were? */
extern const int argument_words[];
extern const bool result_spares_arguments;

struct call {
	struct probe_set set;
	const struct probe_site *site;
	struct plan_run entry, leave;
};

/* As typed by a user: "syscall:openat", "syscall:*at", "%file", each perhaps behind a '!'. */
void ask(struct probe_set *set, const char *mark, enum spec_name kind, const char *name);
void set_init(struct probe_set *set);
void add(struct probe_set *set, enum spec_name kind, const char *name);
void take_away(struct probe_set *set, enum spec_name kind, const char *name);
const struct probe_site *site_named(const struct probe_set *set, const char *name);
/* Ids are places, and each system call is its own owner. */
void assert_ids(const struct probe_set *set);
/* Prepares `name` alone and runs its plans as the kernel would, for these words. */
void make_call(struct call *call, const char *name, const uint64_t *words, int64_t result);
/* The same with -y. */
void make_call_with_files(struct call *call, const char *name, const uint64_t *words,
			  int64_t result);
void end_call(struct call *call);
const struct value *value_at(const struct call *call, size_t index, const char *name);
const struct slots *slots_of(const struct call *call, const struct value *value);
void assert_number(const struct call *call, const struct value *value, int64_t expected);
void assert_bytes(const struct call *call, const struct value *value, const void *expected,
		  uint32_t length, uint32_t flags);

#define WORDS(...)                              \
	(const uint64_t[SYSCALL_ARGUMENTS_MAX]) \
	{                                       \
		__VA_ARGS__                     \
	}

#endif
