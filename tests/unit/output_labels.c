/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "output/labels.h"

static void keep(struct labels *labels, struct buffer *buffer, const char *name, const void *owner,
		 const char *text)
{
	size_t start = buffer->used;
	buffer_put_string(buffer, text);
	labels_keep(labels, buffer, start, name, owner);
	buffer->used = start;
}

static bool says(struct labels *labels, struct buffer *buffer, const char *name, const void *owner,
		 const char *text)
{
	size_t start = buffer->used;
	if (!labels_put(labels, buffer, name, owner))
		return false;
	size_t length = buffer->used - start;
	buffer->used = start;
	return length == strlen(text) && memcmp(buffer->data + start, text, length) == 0;
}

static void what_was_kept_is_put_again(void **state)
{
	(void)state;
	static struct labels labels;
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, "x"));
	buffer_put_string(&buffer, "before ");
	assert_false(labels_put(&labels, &buffer, "open", NULL));
	assert_int_equal(buffer.used, 7);
	const char *name = "handle";
	const struct {
		const char *owner, *text;
	} labelled[] = {{"srv", "srv:handle"}, {"app", "app:handle"}, {NULL, "handle"}};
	for (size_t i = 0; i < array_size(labelled); i++) {
		/* Two may share a place: one at a time. */
		labels = (struct labels){0};
		keep(&labels, &buffer, name, labelled[i].owner, labelled[i].text);
		for (size_t j = 0; j < array_size(labelled); j++)
			assert_int_equal(
				says(&labels, &buffer, name, labelled[j].owner, labelled[i].text),
				i == j);
	}
	assert_memory_equal(buffer.data, "before ", 7);
	buffer_deinit(&buffer);
}

static void long_ones_and_nothing_are_not_kept(void **state)
{
	(void)state;
	static struct labels labels;
	struct buffer buffer;
	char text[LABEL_MAX + 2] = {0};
	assert_ok(buffer_init(&buffer, -1, "x"));
	memset(text, 'x', LABEL_MAX);
	const char *name = "name";
	keep(&labels, &buffer, name, NULL, "");
	assert_false(labels_put(&labels, &buffer, name, NULL));
	keep(&labels, &buffer, name, NULL, text);
	assert_true(says(&labels, &buffer, name, NULL, text));
	labels = (struct labels){0};
	const char *longer = "longer";
	text[LABEL_MAX] = 'x';
	keep(&labels, &buffer, longer, NULL, text);
	assert_false(labels_put(&labels, &buffer, longer, NULL));
	buffer_deinit(&buffer);
}

/* More names than there are places: whoever is found is who was asked for. */
static void names_that_share_a_place_are_told_apart(void **state)
{
	(void)state;
	static struct labels labels;
	static char names[8 * LABELS][8];
	struct buffer buffer;
	size_t found = 0;
	assert_ok(buffer_init(&buffer, -1, "x"));
	for (int i = 0; i < 8 * LABELS; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		keep(&labels, &buffer, names[i], NULL, names[i]);
	}
	/* Who comes again and again gets a place. */
	for (int i = 0; i < LABEL_SELDOM; i++)
		keep(&labels, &buffer, names[7], NULL, names[7]);
	assert_true(says(&labels, &buffer, names[7], NULL, names[7]));
	for (int i = 0; i < 8 * LABELS; i++) {
		size_t start = buffer.used;
		if (!labels_put(&labels, &buffer, names[i], NULL))
			continue;
		found++;
		assert_int_equal(buffer.used - start, strlen(names[i]));
		assert_memory_equal(buffer.data + start, names[i], buffer.used - start);
		buffer.used = start;
	}
	assert_in_range(found, 1, LABELS);
	buffer_deinit(&buffer);
}

/* A line that was given up: what its name was is not in the buffer. */
static void nothing_is_kept_of_a_line_without_memory(void **state)
{
	(void)state;
	static struct labels labels;
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, "x"));
	buffer.nomem = true;
	const char *name = "name";
	keep(&labels, &buffer, name, NULL, "name");
	assert_false(labels_put(&labels, &buffer, name, NULL));
	buffer_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_kept_is_put_again),
		cmocka_unit_test(long_ones_and_nothing_are_not_kept),
		cmocka_unit_test(names_that_share_a_place_are_told_apart),
		cmocka_unit_test(nothing_is_kept_of_a_line_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
