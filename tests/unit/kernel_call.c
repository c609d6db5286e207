/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernel_call.h"

#include <stdio.h>

#include "probe/regs.h"
#include "tests/unit/unit.h"

/* As system calls are made: AMD64 ABI, appendix A.2.1; arm64's: syscall(2). */
#if defined(__x86_64__)
const int argument_words[] = {X86_RDI, X86_RSI, X86_RDX, X86_R10, X86_R8, X86_R9};
static const int result_word = X86_RAX;
const bool result_spares_arguments = true;
#else
const int argument_words[] = {0, 1, 2, 3, 4, 5};
static const int result_word = 0;
const bool result_spares_arguments = false;
#endif

void ask(struct probe_set *set, const char *mark, enum spec_name kind, const char *name)
{
	char text[128];
	struct spec_list list = {0};
	const char *form = kind == SPEC_NAME_CLASS   ? "%ssyscall:%%%s"
			   : kind == SPEC_NAME_REGEX ? "%ssyscall:/%s/"
						     : "%ssyscall:%s";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), form, mark, name);
#pragma GCC diagnostic pop
	assert_ok(spec_parse(text, &list));
	assert_int_equal(list.count, 1);
	assert_ok(syscalls_add_probes(set, &list.items[0]));
	spec_list_deinit(&list);
}

void set_init(struct probe_set *set)
{
	static const struct compile_options options = {.string_limit = 32, .depth = 1};
	assert_ok(probe_set_init(set, &options));
}

void add(struct probe_set *set, enum spec_name kind, const char *name)
{
	ask(set, "", kind, name);
}

void take_away(struct probe_set *set, enum spec_name kind, const char *name)
{
	ask(set, "!", kind, name);
}

const struct probe_site *site_named(const struct probe_set *set, const char *name)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (strcmp(set->sites.items[i]->probe->name, name) == 0)
			return set->sites.items[i];
	return NULL;
}

void assert_ids(const struct probe_set *set)
{
	assert_null(set->sites.items[0]);
	for (size_t i = 1; i < set->sites.count; i++) {
		assert_int_equal(set->sites.items[i]->id, i);
		if (set->sites.items[i]->wire.kind == SITE_SYSCALL)
			assert_int_equal(set->sites.items[i]->wire.owner, i);
	}
}

static void make_call_in(struct call *call, const char *name, const uint64_t *words, int64_t result)
{
	add(&call->set, SPEC_NAME_EXACT, name);
	call->site = site_named(&call->set, name);
	assert_non_null(call->site);
	for (int i = 0; i < SYSCALL_ARGUMENTS_MAX; i++) {
		call->entry.regs[argument_words[i]] = words[i];
		call->leave.regs[argument_words[i]] = words[i];
	}
	call->leave.regs[result_word] = (uint64_t)result;
	plan_run(&call->entry, call->site->entry_plan);
	plan_run(&call->leave, call->site->return_plan);
}

void make_call(struct call *call, const char *name, const uint64_t *words, int64_t result)
{
	memset(call, 0, sizeof(*call));
	set_init(&call->set);
	make_call_in(call, name, words, result);
}

void make_call_with_files(struct call *call, const char *name, const uint64_t *words,
			  int64_t result)
{
	static const struct compile_options options = {
		.string_limit = 32, .depth = 1, .files = true};
	memset(call, 0, sizeof(*call));
	assert_ok(probe_set_init(&call->set, &options));
	make_call_in(call, name, words, result);
}

void end_call(struct call *call)
{
	probe_set_deinit(&call->set);
}

const struct value *value_at(const struct call *call, size_t index, const char *name)
{
	assert_true(index < call->site->arguments.count);
	const struct value *value = &call->site->arguments.items[index];
	assert_string_equal(value->name, name);
	return value;
}

const struct slots *slots_of(const struct call *call, const struct value *value)
{
	return value->at_return ? &call->leave.slots : &call->entry.slots;
}

void assert_number(const struct call *call, const struct value *value, int64_t expected)
{
	uint64_t got = 0;
	const char *why = "";
	if (!value_scalar(value, slots_of(call, value), &got, &why))
		fail_msg("%s: %s", value->name, why);
	assert_int_equal((int64_t)got, expected);
}

void assert_bytes(const struct call *call, const struct value *value, const void *expected,
		  uint32_t length, uint32_t flags)
{
	const char *bytes, *why;
	uint32_t got_length, got_flags;
	if (!value_bytes(value, slots_of(call, value), &bytes, &got_length, &got_flags, &why))
		fail_msg("%s: %s", value->name, why);
	assert_int_equal(got_length, length);
	assert_int_equal(got_flags, flags);
	assert_memory_equal(bytes, expected, length);
}
