/* SPDX-License-Identifier: Apache-2.0 */
/* Where functions go on with another stack pointer, in code as libraries have it. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/longjmp.h"

#define START 0x1000

struct expectation {
	const char *name;
	unsigned int machine;
	const uint8_t *bytes;
	size_t size;
	uint64_t place;
	size_t n_calls;
};

/* glibc 2.36 __longjmp(), its last part. */
static const uint8_t glibc[] = {0x4c, 0x8b, 0x47, 0x30, 0x64, 0x4c, 0x33, 0x04, 0x25, 0x30,
				0x00, 0x00, 0x00, 0x89, 0xf0, 0x4c, 0x89, 0xc4, /* mov %r8,%rsp */
				0x4c, 0x89, 0xcd, 0xff, 0xe2};
/* musl 1.2 longjmp(), likewise. */
static const uint8_t musl[] = {0x31, 0xc0, 0x48, 0x8b, 0x67, 0x30, 0xff, 0x67, 0x38};
/* The jump has a prefix that the kernel refuses, and nothing comes before it. */
static const uint8_t notrack[] = {0x4c, 0x89, 0xc4, 0x3e, 0xff, 0xe2};
/* What comes first is a nop that a kernel would make a call of. */
static const uint8_t nop5[] = {0x4c, 0x89, 0xc4, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xff, 0xe2};
/* As in __longjmp_chk(), the way there is a branch; where nothing goes on there may be data. */
static const uint8_t behind_branch[] = {0x4c, 0x39, 0xc4, 0x76, 0x03, 0x0f, 0x0b,
					0xe8, 0x4c, 0x89, 0xc4, 0xff, 0xe2};
/* leave, written out; and a frame of variable size given back. */
static const uint8_t frame_pointer[] = {0x48, 0x89, 0xec, 0x5d, 0xff, 0xe0};
static const uint8_t variable[] = {0x4c, 0x89, 0xe4, 0x5b, 0xc3};
/* The jump is too far from the load to belong to it. */
static const uint8_t apart[] = {0x4c, 0x89, 0xc4, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
				0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe2};
/* The end of the text, in the middle of the jump. */
static const uint8_t cut[] = {0x4c, 0x89, 0xc4, 0xff};
static const uint8_t calls[] = {0xe8, 0x10, 0x00, 0x00, 0x00, 0xe9, 0x20, 0x00, 0x00, 0x00, 0xcc};

static const uint32_t arm64_glibc[] = {0xf9403405 /* ldr x5,[x0,#104] */,
				       0x910000bf,
				       0xf100003f /* cmp x1,#0 */,
				       0xd2800020,
				       0x9a800020,
				       0xd61f03c0 /* br x30 */};
static const uint32_t arm64_musl[] = {0xf9403402, 0x9100005f, 0x6d472408, 0x6d482c0a, 0x6d49340c,
				      0x6d4a3c0e, 0x7100003f, 0x1a9f1420, 0xd61f03c0};
/* mov sp,x29: what every function does. */
static const uint32_t arm64_frame[] = {0x910003bf, 0xa8c17bfd, 0xd61f0200};

#define CASE(name, machine, place, n_calls)                                           \
	{                                                                             \
#name, machine, (const uint8_t *)(name), sizeof(name), place, n_calls \
	}

static const struct expectation expectations[] = {
	CASE(glibc, EM_X86_64, START + 18, 0),
	CASE(musl, EM_X86_64, START + 6, 0),
	CASE(notrack, EM_X86_64, 0, 0),
	CASE(nop5, EM_X86_64, START + 8, 0),
	CASE(behind_branch, EM_X86_64, START + 11, 0),
	CASE(frame_pointer, EM_X86_64, 0, 0),
	CASE(variable, EM_X86_64, 0, 0),
	CASE(apart, EM_X86_64, 0, 0),
	CASE(cut, EM_X86_64, 0, 0),
	CASE(calls, EM_X86_64, 0, 2),
	CASE(arm64_glibc, EM_AARCH64, START + 8, 0),
	CASE(arm64_musl, EM_AARCH64, START + 8, 0),
	CASE(arm64_frame, EM_AARCH64, 0, 0),
};

static void places_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(expectations); i++) {
		const struct expectation *e = &expectations[i];
		const struct code_part text = {
			.bytes = e->bytes, .address = START, .size = e->size};
		struct decoder decoder;
		struct longjmp_search search = {.decoder = &decoder};
		assert_true(decoder_init(&decoder, e->machine));
		longjmp_search(&search, &text);
		if (search.place != e->place || search.n_calls != e->n_calls)
			fail_msg("%s: place 0x%llx, %zu calls", e->name,
				 (unsigned long long)search.place, search.n_calls);
	}
}

static void calls_have_targets(void **state)
{
	(void)state;
	const struct code_part text = {.bytes = calls, .address = START, .size = sizeof(calls)};
	struct decoder decoder;
	struct longjmp_search search = {.decoder = &decoder};
	assert_true(decoder_init(&decoder, EM_X86_64));
	for (size_t i = 0; i < LONGJMP_CALLS_MAX; i++)
		longjmp_search(&search, &text);
	assert_int_equal(search.n_calls, LONGJMP_CALLS_MAX);
	assert_int_equal(search.calls[0], START + 0x15);
	assert_int_equal(search.calls[1], START + 0x2a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_found),
		cmocka_unit_test(calls_have_targets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
