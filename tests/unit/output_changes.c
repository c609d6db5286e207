/* SPDX-License-Identifier: Apache-2.0 */
/* What a call has changed, out of two records of the same members. */
#include "output/changes.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

struct point {
	int x, y;
	uint64_t next;
};

static const struct type point_type = {.kind = TYPE_STRUCT, .size = 16, .name = "struct point"};
static const struct type pointer_type = {
	.kind = TYPE_POINTER, .size = 8, .name = "struct point *", .target = &point_type};
static const struct type int_pointer = {
	.kind = TYPE_POINTER, .size = 8, .name = "int *", .target = &type_int};

/* A call handle(p): slot 0 is the pointer, slot 1 what it leads to; so it is in the results. */
struct changed {
	struct made *made;
	struct value members[3], copy;
	struct value after;
	struct value_change change;
	struct point was, is;
};

static void set_slots(struct slots *slots, uint64_t address, const void *bytes, uint32_t length)
{
	slots->count = 2;
	slots->items[0] = (struct slot){.available = true, .number = address};
	slots->items[1] =
		(struct slot){.available = true, .is_blob = true, .bytes = bytes, .length = length};
}

static void begin(struct changed *c)
{
	*c = (struct changed){.made = made_event(STREAM_CALL, "handle")};
	static const struct {
		const char *name;
		const struct type *type;
		uint32_t offset;
	} members[] = {{"x", &type_int, 0}, {"y", &type_int, 4}, {"next", &pointer_type, 8}};
	for (size_t i = 0; i < 3; i++)
		c->members[i] = (struct value){.name = members[i].name,
					       .type = members[i].type,
					       .slot = 1,
					       .in_blob = true,
					       .offset = members[i].offset};
	struct value *value = made_number(c->made, "p", &pointer_type, 0x1000);
	value->members = c->members;
	value->n_members = 3;
	value->copy_slot = 2;
	made_result(c->made, &type_void, 0);
	c->after = *value;
	c->change = (struct value_change){value, &c->after};
	c->made->site.changes = &c->change;
	c->made->site.n_changes = 1;
	c->was = c->is = (struct point){.x = 1, .y = 2, .next = 0x2000};
	set_slots(&c->made->arguments, 0x1000, &c->was, sizeof(c->was));
	set_slots(&c->made->results, 0x1000, &c->is, sizeof(c->is));
	c->made->event.results = &c->made->results;
}

static void assert_written(struct changed *c, const char *text, const char *json)
{
	struct output_options options = made_options(OUTPUT_TEXT);
	char *line = written_event(&options, c->made, false);
	const char *found = strstr(line, " [");
	if (*text ? !found || !strstr(found, text) : strstr(line, "->") != NULL)
		fail_msg("'%s' is not in %s", text, line);
	free(line);
	options = made_options(OUTPUT_JSON);
	line = written_event(&options, c->made, false);
	if (!strstr(line, json))
		fail_msg("%s is not in %s", json, line);
	free(line);
	made_free(c->made);
}

static void members_that_differ(void **state)
{
	(void)state;
	struct changed c;
	begin(&c);
	c.is.y = -5;
	assert_written(&c, " [p->y: 2 -> -5]",
		       "\"changes\":[{\"path\":\"p->y\",\"before\":2,\"after\":-5}]");
	begin(&c);
	c.is.x = 7;
	c.is.next = 0;
	assert_written(&c, " [p->x: 1 -> 7, p->next: 0x2000 -> NULL]",
		       "\"changes\":[{\"path\":\"p->x\",\"before\":1,\"after\":7},{\"path\":\"p->"
		       "next\",\"before\":\"0x2000\",\"after\":null}]");
}

static void nothing_differs(void **state)
{
	(void)state;
	struct changed c;
	begin(&c);
	assert_written(&c, "", "\"changes\":[]");
}

static void what_was_not_kept_is_told(void **state)
{
	(void)state;
	struct changed c;
	begin(&c);
	c.is.x = 3;
	c.made->results.items[0].number = UINT64_MAX;
	assert_written(
		&c, " [p: <not compared: too many calls around it>]",
		"\"changes\":[{\"path\":\"p\",\"unavailable\":\"too many calls around it\"}]");
}

static void numbers(void **state)
{
	(void)state;
	struct changed c;
	begin(&c);
	struct value *value = &c.made->values[0];
	*value = (struct value){.name = "n", .type = &int_pointer, .copy = &c.copy, .copy_slot = 2};
	c.copy = (struct value){
		.name = "", .type = &type_int, .slot = 1, .in_blob = true, .boxed = true};
	c.after = *value;
	c.is.x = 2;
	assert_written(&c, " [*n: 1 -> 2]",
		       "\"changes\":[{\"path\":\"*n\",\"before\":1,\"after\":2}]");
}

/* What one of the two plans had no room for is no change. */
static void members_of_one_record_alone(void **state)
{
	(void)state;
	struct changed c;
	struct value members[3];
	begin(&c);
	memcpy(members, c.members, sizeof(members));
	members[0].unavailable = "too many values";
	members[2].copy_slot = 2;
	c.after.members = members;
	c.is.x = 9;
	c.is.next = 9;
	c.is.y = 3;
	assert_written(&c, " [p->y: 2 -> 3]",
		       "\"changes\":[{\"path\":\"p->y\",\"before\":2,\"after\":3}]");
}

static bool count(void *context, const struct changes_pair *pair, bool take)
{
	(void)pair;
	*(int *)context += take;
	return true;
}

static void only_of_calls_that_returned(void **state)
{
	(void)state;
	struct changed c;
	bool more = true;
	int seen = 0;
	begin(&c);
	const struct changes_visitor visitor = {&seen, count};
	assert_true(changes_known(&c.made->event));
	struct shown_scope scope = shown_scope(&c.made->event, false, 0, NULL);
	changes_walk(&scope, &visitor, &more);
	assert_int_equal(seen, 3);
	assert_false(more);
	c.made->event.ending = ENDING_TAIL_CALL;
	assert_false(changes_known(&c.made->event));
	made_free(c.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_that_differ),
		cmocka_unit_test(nothing_differs),
		cmocka_unit_test(what_was_not_kept_is_told),
		cmocka_unit_test(numbers),
		cmocka_unit_test(members_of_one_record_alone),
		cmocka_unit_test(only_of_calls_that_returned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
