/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks come before their events, and stay with them; a lost one is told. */
#include "tests/unit/stream_log.h"

#include "probe/regs.h"
#include "stream/nesting.h"

#if defined(__x86_64__)
#define SP X86_RSP
#else
#define SP ARM64_SP
#endif

struct fixture {
	struct stream_log log;
	struct stream_options options;
	struct stream_counts counts;
	struct losses losses;
	struct nesting nesting;
	/* What the unwinder got last */
	struct stack_repair repairs[4];
	size_t n_repairs;
	uint32_t size;
	char stacks[256]; /* of the events, in order: their first word, or why there is none */
	bool out_of_memory;
};

/* A stack of no frames that says which bytes it was made from. */
static struct stack *unwind(void *context, const struct stream_stack *raw)
{
	struct fixture *fixture = context;
	struct stack *stack = calloc(1, sizeof(*stack));
	char *text = calloc(1, 16);
	assert_non_null(stack);
	assert_non_null(text);
	if (fixture->out_of_memory) {
		free(stack);
		free(text);
		return NULL;
	}
	snprintf(text, 16, "%.*s", (int)raw->taken->size, (const char *)raw->bytes);
	stack->cut = text;
	stack->sp = raw->taken->registers[SP];
	stack->return_address = stack->sp + 1;
	fixture->size = raw->taken->size;
	fixture->n_repairs = raw->n_repairs;
	memcpy(fixture->repairs, raw->repairs, raw->n_repairs * sizeof(*raw->repairs));
	return stack;
}

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct fixture *fixture = context;
	(void)was_opened;
	strcat(fixture->stacks, event->stack ? event->stack->cut : "none");
	strcat(fixture->stacks, " ");
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->log);
	for (size_t i = 1; i < fixture->log.set.sites.count; i++)
		fixture->log.set.sites.items[i]->wire.flags |= SITE_STACK | SITE_TRAMPOLINE;
	fixture->options =
		(struct stream_options){.set = &fixture->log.set,
					.sink = {.context = fixture, .event = on_event},
					.unwinder = {.context = fixture, .unwind = unwind}};
	assert_ok(losses_resize(&fixture->losses, fixture->log.set.sites.count));
	fixture->nesting = (struct nesting){.options = &fixture->options,
					    .counts = &fixture->counts,
					    .losses = &fixture->losses};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	tasks_deinit(&fixture->nesting.tasks);
	losses_deinit(&fixture->losses);
	probe_set_deinit(&fixture->log.set);
	free(fixture);
	return 0;
}

static struct err *take(struct fixture *fixture, uint64_t ms, enum event_kind kind, uint32_t site,
			uint32_t depth, const void *body, size_t size)
{
	struct {
		struct event_header header;
		char body[512];
	} record;
	const struct test_record head = record_of(ms, kind, site, depth, site, NULL, 0);
	record.header = head.header;
	record.header.size = (uint16_t)(sizeof(record.header) + size);
	if (size)
		memcpy(record.body, body, size);
	return nesting_take(&fixture->nesting, &record.header, false);
}

static void put(struct fixture *fixture, uint64_t ms, enum event_kind kind, uint32_t site,
		uint32_t depth, const void *body, size_t size)
{
	assert_ok(take(fixture, ms, kind, site, depth, body, size));
}

struct body {
	struct event_stack stack;
	char bytes[8];
};

static struct body body_of(const char *text, uint64_t sp)
{
	struct body body = {.stack = {.size = (uint32_t)strlen(text)}};
	body.stack.registers[SP] = sp;
	memcpy(body.bytes, text, strlen(text));
	return body;
}

static void stack(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth,
		  const char *text, uint64_t sp)
{
	const struct body body = body_of(text, sp);
	put(fixture, ms, EVENT_STACK, site, depth, &body, sizeof(body.stack) + strlen(text));
}

static void leave(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth)
{
	const struct event_return body = {0};
	put(fixture, ms, EVENT_RETURN, site, depth, &body, sizeof(body));
}

static void a_stack_goes_with_its_event(void **state)
{
	struct fixture *fixture = *state;
	stack(fixture, 1, 1, 0, "f", 0x100);
	put(fixture, 1, EVENT_ENTRY, 1, 0, NULL, 0);
	stack(fixture, 2, 3, 1, "mark", 0x80);
	put(fixture, 2, EVENT_INSTANT, 3, 1, NULL, 0);
	/* The same place again, without one. */
	put(fixture, 3, EVENT_INSTANT, 3, 1, NULL, 0);
	leave(fixture, 4, 1, 0);
	assert_string_equal(fixture->stacks, "mark stack lost f ");
	assert_int_equal(fixture->counts.malformed, 0);
}

static void a_system_call_has_that_of_its_entry(void **state)
{
	struct fixture *fixture = *state;
	const struct event_syscall call = {.entry_time_ns = 2 * MS};
	stack(fixture, 2, 3, 0, "entry", 0x80);
	put(fixture, 9, EVENT_SYSCALL, 3, 0, &call, sizeof(call));
	assert_string_equal(fixture->stacks, "entry ");
}

static void that_of_a_lost_event_is_of_no_other(void **state)
{
	struct fixture *fixture = *state;
	stack(fixture, 1, 3, 0, "first", 0x80);
	stack(fixture, 2, 3, 0, "next", 0x80);
	put(fixture, 2, EVENT_INSTANT, 3, 0, NULL, 0);
	stack(fixture, 3, 3, 0, "third", 0x80);
	put(fixture, 4, EVENT_INSTANT, 3, 0, NULL, 0);
	assert_string_equal(fixture->stacks, "next stack lost ");
}

static void nothing_is_told_where_none_was_wanted(void **state)
{
	struct fixture *fixture = *state;
	fixture->log.set.sites.items[3]->wire.flags = 0;
	put(fixture, 1, EVENT_INSTANT, 3, 0, NULL, 0);
	assert_string_equal(fixture->stacks, "none ");
}

/* The outermost first; not those that have been left, but for the one whose place is taken. */
static void replaced_return_addresses_are_those_of_open_calls(void **state)
{
	struct fixture *fixture = *state;
	stack(fixture, 1, 1, 0, "f", 0x300);
	assert_int_equal(fixture->n_repairs, 0);
	put(fixture, 1, EVENT_ENTRY, 1, 0, NULL, 0);
	stack(fixture, 2, 2, 1, "g", 0x200);
	assert_int_equal(fixture->n_repairs, 1);
	put(fixture, 2, EVENT_ENTRY, 2, 1, NULL, 0);
	stack(fixture, 3, 3, 2, "m", 0x100);
	assert_int_equal(fixture->n_repairs, 2);
	assert_int_equal(fixture->repairs[0].slot, 0x300);
	assert_int_equal(fixture->repairs[0].original, 0x301);
	assert_int_equal(fixture->repairs[1].slot, 0x200);
	/* g has gone without a return. */
	stack(fixture, 4, 3, 1, "m", 0x280);
	assert_int_equal(fixture->n_repairs, 1);
	/* It jumped to what is called now. */
	stack(fixture, 5, 3, 1, "m", 0x200);
	assert_int_equal(fixture->n_repairs, 2);
	/* Where nothing is replaced, nothing is repaired. */
	fixture->log.set.sites.items[1]->wire.flags &= ~(uint32_t)SITE_TRAMPOLINE;
	stack(fixture, 6, 3, 1, "m", 0x100);
	assert_int_equal(fixture->n_repairs, 0);
}

static void foreign_bytes_are_malformed(void **state)
{
	struct fixture *fixture = *state;
	struct body body = body_of("text", 0);
	body.stack.size = 5;
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body.stack) + 4);
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body.stack) - 1);
	put(fixture, 1, EVENT_STACK, 99, 0, &body, sizeof(body));
	assert_int_equal(fixture->counts.malformed, 3);
	fixture->options.unwinder = (struct stream_unwinder){0};
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body));
	assert_int_equal(fixture->counts.malformed, 4);
}

static void want_of_memory_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	const struct body body = body_of("text", 0);
	fixture->out_of_memory = true;
	assert_ptr_equal(take(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body)), &err_nomem);
}

static void one_waits_in_its_thread(void **state)
{
	struct fixture *fixture = *state;
	struct task *task = tasks_get(&fixture->nesting.tasks, 1, 7);
	const struct probe_site *mark = fixture->log.set.sites.items[3];
	struct stack *kept = calloc(1, sizeof(*kept));
	assert_non_null(kept);
	assert_true(task_keep_stack(task, 3, 5, kept));
	assert_ptr_equal(task_stack_of(task, mark), kept);
	assert_string_equal(task_stack_of(task, fixture->log.set.sites.items[1])->cut,
			    "stack lost");
	assert_null(task_take_stack(task, 1, 5));
	assert_null(task_take_stack(task, 3, 6));
	assert_ptr_equal(task_take_stack(task, 3, 5), kept);
	assert_null(task_take_stack(task, 3, 5));
	assert_ptr_equal(stack_shown(mark, kept), kept);
	stack_free(kept);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stack_goes_with_its_event),
		TEST(a_system_call_has_that_of_its_entry),
		TEST(that_of_a_lost_event_is_of_no_other),
		TEST(nothing_is_told_where_none_was_wanted),
		TEST(replaced_return_addresses_are_those_of_open_calls),
		TEST(foreign_bytes_are_malformed),
		TEST(want_of_memory_is_an_error),
		TEST(one_waits_in_its_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
