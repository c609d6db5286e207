/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks come before their events, and stay with them; a lost one is told. */
#include "tests/unit/stream_nested.h"

#include "probe/regs.h"

#if defined(__x86_64__)
#define SP X86_RSP
#else
#define SP ARM64_SP
#endif

struct fixture {
	struct nested nested;
	/* What the unwinder got last */
	struct stack_repair repairs[4];
	size_t n_repairs;
	uint32_t size;
	uint64_t time_ns;
	char stacks[256]; /* of the events, in order: their first word, or why there is none */
	bool out_of_memory;
};

/* A stack of no frames that says which bytes it was made from. */
static struct stack *unwind(void *context, const struct stream_stack *raw)
{
	struct fixture *fixture = context;
	struct stack *stack = calloc(1, sizeof(*stack) + sizeof(*stack->frames));
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
	stack->n_frames = 1;
	stack->frames[0].address = strlen(text);
	fixture->size = raw->taken->size;
	fixture->n_repairs = raw->n_repairs;
	fixture->time_ns = raw->time_ns;
	memcpy(fixture->repairs, raw->repairs, raw->n_repairs * sizeof(*raw->repairs));
	return stack;
}

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct fixture *fixture = context;
	(void)was_opened;
	/* Of several frames, which was whose: by the lengths of their texts. */
	if (event->site->wire.flags & SITE_IN_KERNEL)
		strcat(fixture->stacks, event->stack->n_frames == 2 &&
							event->stack->frames[0].address == 6 &&
							event->stack->frames[1].address == 4
						? "1:"
						: "0:");
	strcat(fixture->stacks, event->stack ? event->stack->cut : "none");
	strcat(fixture->stacks, " ");
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->nested.log);
	nested_init(&fixture->nested,
		    (struct stream_options){.sink = {.context = fixture, .event = on_event},
					    .unwinder = {.context = fixture, .unwind = unwind}});
	for (size_t i = 1; i < fixture->nested.log.set.sites.count; i++)
		fixture->nested.log.set.sites.items[i]->wire.flags |= SITE_STACK | SITE_TRAMPOLINE;
	*state = fixture;
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
	return nesting_take(&fixture->nested.nesting, &record.header, false);
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
	assert_int_equal(fixture->nested.counts.malformed, 0);
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
	fixture->nested.log.set.sites.items[3]->wire.flags = 0;
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
	fixture->nested.log.set.sites.items[1]->wire.flags &= ~(uint32_t)SITE_TRAMPOLINE;
	stack(fixture, 6, 3, 1, "m", 0x100);
	assert_int_equal(fixture->n_repairs, 0);
}

/* Told out of context, and later: by the calls that were open when it was taken, if they still are.
 */
static void a_kept_one_is_of_the_time_when_it_was_taken(void **state)
{
	struct fixture *fixture = *state;
	struct body body = body_of("kept", 0x180);
	stack(fixture, 1, 1, 0, "f", 0x300);
	put(fixture, 1, EVENT_ENTRY, 1, 0, NULL, 0);
	stack(fixture, 3, 2, 1, "g", 0x200);
	put(fixture, 3, EVENT_ENTRY, 2, 1, NULL, 0);
	body.stack.taken_ns = 2 * MS;
	put(fixture, 4, EVENT_STACK, 3, 0, &body, sizeof(body.stack) + 4);
	assert_int_equal(fixture->n_repairs, 1);
	assert_int_equal(fixture->repairs[0].slot, 0x300);
	assert_true(fixture->time_ns == 2 * MS);
	/* Also at the place of the later one. */
	body.stack.registers[SP] = 0x200;
	put(fixture, 5, EVENT_STACK, 3, 0, &body, sizeof(body.stack) + 4);
	assert_int_equal(fixture->n_repairs, 1);
	stack(fixture, 6, 3, 2, "now", 0x100);
	assert_true(fixture->time_ns == 6 * MS);
}

static void a_view_says_whether_it_has_one(void **state)
{
	struct fixture *fixture = *state;
	struct event_view view = {.flags = EVENT_VIEW_STACK | EVENT_VIEW_ELSEWHERE};
	fixture->nested.log.set.sites.items[3]->wire.flags = SITE_STACK | SITE_VIEW;
	stack(fixture, 1, 3, 0, "here", 0x80);
	put(fixture, 1, EVENT_VIEW, 3, 0, &view, sizeof(view));
	put(fixture, 2, EVENT_VIEW, 3, 0, &view, sizeof(view));
	/* A packet has caused it. */
	view.flags = EVENT_VIEW_ELSEWHERE;
	put(fixture, 3, EVENT_VIEW, 3, 0, &view, sizeof(view));
	assert_string_equal(fixture->stacks, "here stack lost none ");
}

static void foreign_bytes_are_malformed(void **state)
{
	struct fixture *fixture = *state;
	struct body body = body_of("text", 0);
	body.stack.size = 5;
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body.stack) + 4);
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body.stack) - 1);
	put(fixture, 1, EVENT_STACK, 99, 0, &body, sizeof(body));
	assert_int_equal(fixture->nested.counts.malformed, 3);
	fixture->nested.options.unwinder = (struct stream_unwinder){0};
	put(fixture, 1, EVENT_STACK, 3, 0, &body, sizeof(body));
	assert_int_equal(fixture->nested.counts.malformed, 4);
}

/* Two records: the kernel's frames stand first, and the user's say how it ends. */
static void both_parts_of_a_place_in_the_kernel_are_one(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.log.set.sites.items[3]->wire.flags = SITE_STACK | SITE_IN_KERNEL;
	stack(fixture, 1, 3, 0, "kernel", 0);
	stack(fixture, 1, 3, 0, "user", 0x80);
	assert_int_equal(tasks_find(&fixture->nested.nesting.tasks, 7)->stacks.count, 1);
	put(fixture, 1, EVENT_INSTANT, 3, 0, NULL, 0);
	/* Of the next one the user's part was lost: it is not that of another time. */
	stack(fixture, 2, 3, 0, "kernel", 0);
	put(fixture, 2, EVENT_INSTANT, 3, 0, NULL, 0);
	assert_string_equal(fixture->stacks, "1:user 0:kernel ");
	/* Elsewhere there is one part. */
	stack(fixture, 3, 2, 0, "one", 0);
	stack(fixture, 3, 2, 0, "other", 0);
	assert_int_equal(tasks_find(&fixture->nested.nesting.tasks, 7)->stacks.count, 2);
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
	struct task *task = tasks_get(&fixture->nested.nesting.tasks, 1, 7);
	const struct probe_site *mark = fixture->nested.log.set.sites.items[3];
	struct stack *kept = calloc(1, sizeof(*kept));
	assert_non_null(kept);
	assert_true(task_keep_stack(task, 3, 5, kept));
	assert_ptr_equal(task_stack_of(task, mark), kept);
	assert_string_equal(task_stack_of(task, fixture->nested.log.set.sites.items[1])->cut,
			    "stack lost");
	assert_null(task_take_stack(task, 1, 5));
	assert_null(task_take_stack(task, 3, 6));
	assert_ptr_equal(task_take_stack(task, 3, 5), kept);
	assert_null(task_take_stack(task, 3, 5));
	assert_ptr_equal(stack_shown(mark, kept), kept);
	stack_free(kept);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, nested_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stack_goes_with_its_event),
		TEST(a_system_call_has_that_of_its_entry),
		TEST(a_kept_one_is_of_the_time_when_it_was_taken),
		TEST(a_view_says_whether_it_has_one),
		TEST(that_of_a_lost_event_is_of_no_other),
		TEST(nothing_is_told_where_none_was_wanted),
		TEST(replaced_return_addresses_are_those_of_open_calls),
		TEST(foreign_bytes_are_malformed),
		TEST(both_parts_of_a_place_in_the_kernel_are_one),
		TEST(want_of_memory_is_an_error),
		TEST(one_waits_in_its_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
