/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbolizer that lies about markers. A probe is on a nop of the program's text or nowhere, what
 * is counted up for it is no text, and values are read by what operands are made of.
 */
#include <string.h>

#include "probe/regs.h"
#include "symbols/child/symbolizer.h"
#include "tests/unit/symbols_liar.h"
#include "tests/unit/unit.h"
#include "usdt/usdt.h"

#define TARGET_PATH USDT_TARGET_DIR "/usdt_target_O2"

struct told {
	size_t sites, semaphores, operations, failed;
};

/* By the two forms that <sys/sdt.h> has: 90, and 0f 1f with prefixes. */
static bool is_nop(int fd, uint64_t offset)
{
	uint8_t bytes[8] = {0};
	assert_true(pread(fd, bytes, sizeof(bytes), (off_t)offset) > 0);
	size_t at = 0;
	while (at < 4 && strchr("\x66\x2e\x36\x3e\x26\x64\x65", bytes[at]))
		at++;
	return bytes[at] == 0x90 || (bytes[at] == 0x0f && bytes[at + 1] == 0x1f);
}

static void check_plan(const struct fetch_plan *plan, struct told *told)
{
	assert_true(!plan || plan->n_ops <= FETCH_OPS_MAX);
	for (size_t i = 0; plan && i < plan->n_ops; i++)
		assert_true(plan->ops[i].code <= FETCH_FILE && plan->ops[i].reg < X86_REGS);
	told->operations += plan ? plan->n_ops : 0;
}

static void add_probes(struct image *image, struct told *told)
{
	const struct compile_options compile = {.string_limit = 32, .depth = 2};
	const struct usdt_options options = {.allow_nop5 = true};
	struct probe_set set;
	struct spec_list specs = {0};
	_cleanup_close_ int fd = open(TARGET_PATH, O_RDONLY | O_CLOEXEC);
	assert_ok(probe_set_init(&set, &compile));
	assert_ok(spec_parse("usdt:*", &specs));
	err_free(usdt_add_probes(&set, image, "target", &specs.items[0], &options));
	for (size_t i = 1; i < set.sites.count; i++) {
		const struct probe_site *site = set.sites.items[i];
		assert_true(is_executable(site->offset, 1));
		assert_true(is_nop(fd, site->offset));
		if (site->ref_ctr_offset) {
			assert_int_equal(site->ref_ctr_offset % 2, 0);
			assert_false(is_executable(site->ref_ctr_offset, 2));
			told->semaphores++;
		}
		check_plan(site->entry_plan, told);
	}
	told->sites += set.sites.count - 1;
	probe_set_deinit(&set);
	spec_list_deinit(&specs);
}

static void one_round(void (*serve)(void), uint64_t seed, struct told *told)
{
	struct symbolizer *symbolizer;
	struct image *image = NULL;
	liar_begin(seed);
	liar.skip = 1 + (unsigned int)(seed % 2); /* the file is opened */
	liar.is_gentle = seed % 8;
	struct err *e = liar_open(serve, TARGET_PATH, &symbolizer, &image);
	told->failed += e != NULL;
	err_free(e);
	if (image) {
		add_probes(image, told);
		told->failed += image_failure(image) != NULL;
	}
	image_close(image);
	symbolizer_destroy(symbolizer);
}

static void lies_lead_nowhere(void **state)
{
	struct told told = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= LIAR_ROUNDS; seed++)
		one_round(serve_lies, seed, &told);
	/* Some lies are noticed, others are not. */
	assert_true(told.failed > LIAR_ROUNDS / 8 && told.failed < LIAR_ROUNDS);
	assert_true(told.sites > 2 * LIAR_ROUNDS && told.operations > 2 * LIAR_ROUNDS);
	assert_true(told.semaphores > 0);
}

static void noise_is_no_answer(void **state)
{
	struct told told = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		one_round(serve_noise, seed, &told);
	assert_int_equal(told.sites, 0);
	assert_true(told.failed >= 30);
}

/* What there is without lies, and the same as when the file is read here. */
static void truth_is_believed(void **state)
{
	struct told there = {0}, here = {0};
	struct image *image;
	(void)state;
	one_round(NULL, 1, &there);
	assert_ok(image_open(TARGET_PATH, -1, &image));
	add_probes(image, &here);
	image_close(image);
	assert_int_equal(there.failed, 0);
	assert_true(there.sites > 5 && there.operations > 5);
	assert_memory_equal(&there, &here, sizeof(here));
}

static int set_up(void **state)
{
	(void)state;
	text_read_headers(TARGET_PATH);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_is_believed),
		cmocka_unit_test(lies_lead_nowhere),
		cmocka_unit_test(noise_is_no_answer),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
