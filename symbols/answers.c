/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/answers.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"

/*
 *	header	magic, sum of all that follows
 *	key	whose answers they are, and the sizes of our structures
 *	count	and so many rows, by address and depth
 *	bodies
 */
#define MAGIC	     "utrail answers 1"
#define KEY_SIZE_MAX 512
#define ROWS_MAX     16384
#define BYTES_MAX    (8U << 20)

struct header {
	char magic[16];
	uint64_t sum;
};

struct row {
	uint64_t address;
	uint32_t depth;
	uint32_t at, size; /* of its body, behind the rows */
	uint32_t reserved;
};

struct body {
	uint8_t *bytes;
	size_t size;
};

struct answers {
	uint8_t key[KEY_SIZE_MAX];
	size_t key_size;
	ARRAY_OF(struct row) rows;
	ARRAY_OF(struct body) bodies; /* of the rows */
	size_t bytes;
	bool changed;
};

static uint64_t sum_of(const uint8_t *bytes, size_t size)
{
	uint64_t sum = 14695981039346656037ULL; /* FNV-1a */
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * 1099511628211ULL;
	return sum;
}

/* --- the key ---------------------------------------------------------------------------------- */

/* Raised with every change of what is written. */
#define FORMAT 2

static bool set_key(struct answers *answers, const struct answers_key *key)
{
	struct answer_bytes bytes = {0};
	uint32_t sizes[] = {FORMAT,
			    sizeof(struct type),
			    sizeof(struct prototype),
			    sizeof(struct parameter_place),
			    sizeof(struct type_form),
			    TYPE_COUNT,
			    (uint32_t)key->build_id_size};
	answer_put(&bytes, sizes, sizeof(sizes));
	answer_put(&bytes, key->build_id, key->build_id_size);
	answer_put(&bytes, &key->source_size, sizeof(key->source_size));
	answer_put(&bytes, &key->source_time_ns, sizeof(key->source_time_ns));
	answer_put_text(&bytes, key->program);
	bool fits = !bytes.failed && bytes.count <= sizeof(answers->key);
	if (fits) {
		memcpy(answers->key, bytes.items, bytes.count);
		answers->key_size = bytes.count;
	}
	free(bytes.items);
	return fits;
}

/* --- in and out ------------------------------------------------------------------------------- */

static int compare(const struct row *row, uint64_t address, uint32_t depth)
{
	if (row->address != address)
		return row->address < address ? -1 : 1;
	return (row->depth > depth) - (row->depth < depth);
}

static bool keep(struct answers *answers, size_t at, const struct row *row, const void *bytes)
{
	uint8_t *copy = malloc((size_t)row->size + 1);
	if (!copy || !array_push(&answers->rows)) {
		free(copy);
		return false;
	}
	if (!array_push(&answers->bodies)) {
		answers->rows.count--;
		free(copy);
		return false;
	}
	memcpy(copy, bytes, row->size);
	size_t behind = answers->rows.count - 1 - at;
	struct row *rows = answers->rows.items;
	struct body *bodies = answers->bodies.items;
	memmove(&rows[at + 1], &rows[at], behind * sizeof(*rows));
	memmove(&bodies[at + 1], &bodies[at], behind * sizeof(*bodies));
	rows[at] = *row;
	bodies[at] = (struct body){copy, row->size};
	answers->bytes += row->size + sizeof(*row);
	return true;
}

static void take_rows(struct answers *answers, const uint8_t *at, const uint8_t *end)
{
	uint32_t count;
	if ((size_t)(end - at) < sizeof(count))
		return;
	memcpy(&count, at, sizeof(count));
	at += sizeof(count);
	if (count > ROWS_MAX || count > (size_t)(end - at) / sizeof(struct row))
		return;
	const uint8_t *bodies = at + (size_t)count * sizeof(struct row);
	for (uint32_t i = 0; i < count; i++, at += sizeof(struct row)) {
		struct row row;
		memcpy(&row, at, sizeof(row));
		size_t room = (size_t)(end - bodies);
		const struct row *last = i ? &answers->rows.items[i - 1] : NULL;
		if (row.at > room || row.size > room - row.at ||
		    (last && compare(last, row.address, row.depth) >= 0) ||
		    !keep(answers, i, &row, bodies + row.at))
			return;
	}
}

static void take_bytes(struct answers *answers, const uint8_t *bytes, size_t size)
{
	struct header header;
	if (size < sizeof(header) + answers->key_size || size > 2 * (size_t)BYTES_MAX)
		return;
	memcpy(&header, bytes, sizeof(header));
	const uint8_t *at = bytes + sizeof(header), *end = bytes + size;
	if (memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0 ||
	    header.sum != sum_of(at, (size_t)(end - at)) ||
	    memcmp(at, answers->key, answers->key_size) != 0)
		return;
	take_rows(answers, at + answers->key_size, end);
}

struct answers *answers_new(const struct answers_key *key, const void *bytes, size_t size)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	if (!answers)
		return NULL;
	if (!set_key(answers, key)) {
		free(answers);
		return NULL;
	}
	if (bytes)
		take_bytes(answers, bytes, size);
	return answers;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	for (size_t i = 0; i < answers->bodies.count; i++)
		free(answers->bodies.items[i].bytes);
	free(answers->bodies.items);
	free(answers->rows.items);
	free(answers);
}

size_t answers_count(const struct answers *answers)
{
	return answers->rows.count;
}

bool answers_changed(const struct answers *answers)
{
	return answers->changed;
}

void *answers_bytes(const struct answers *answers, size_t *ret_size)
{
	struct answer_bytes bytes = {0};
	struct header header = {.magic = MAGIC};
	uint32_t count = (uint32_t)answers->rows.count, at = 0;
	answer_put(&bytes, &header, sizeof(header));
	answer_put(&bytes, answers->key, answers->key_size);
	answer_put(&bytes, &count, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		struct row row = answers->rows.items[i];
		row.at = at;
		at += row.size;
		answer_put(&bytes, &row, sizeof(row));
	}
	for (size_t i = 0; i < count; i++)
		answer_put(&bytes, answers->bodies.items[i].bytes, answers->bodies.items[i].size);
	if (bytes.failed) {
		free(bytes.items);
		return NULL;
	}
	header.sum = sum_of(bytes.items + sizeof(header), bytes.count - sizeof(header));
	memcpy(bytes.items, &header, sizeof(header));
	*ret_size = bytes.count;
	return bytes.items;
}

/* --- one answer ------------------------------------------------------------------------------- */

/* Where it is, or belongs. */
static size_t place_of(const struct answers *answers, uint64_t address, uint32_t depth)
{
	size_t low = 0, high = answers->rows.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&answers->rows.items[middle], address, depth) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_there(const struct answers *answers, size_t at, uint64_t address, uint32_t depth)
{
	return at < answers->rows.count && compare(&answers->rows.items[at], address, depth) == 0;
}

bool answers_find(const struct answers *answers, uint64_t address, uint32_t depth,
		  struct arena *arena, struct answer *ret)
{
	size_t at = place_of(answers, address, depth);
	if (!is_there(answers, at, address, depth))
		return false;
	const struct body *body = &answers->bodies.items[at];
	struct answer_reader from = {body->bytes, body->bytes + body->size, arena, false};
	struct answer answer = {.address = address, .depth = depth};
	uint32_t line;
	uint8_t has_prototype;
	answer_get(&from, &line, sizeof(line));
	answer.line = line;
	answer.file = answer_get_text(&from);
	answer_get(&from, &has_prototype, sizeof(has_prototype));
	if (has_prototype && !from.failed)
		answer.prototype = answer_read_prototype(&from);
	if (from.failed || from.at != from.end || has_prototype > 1)
		return false;
	*ret = answer;
	return true;
}

bool answers_add(struct answers *answers, const struct answer *answer)
{
	struct answer_bytes bytes = {0};
	uint32_t line = answer->line;
	uint8_t has_prototype = answer->prototype != NULL;
	answer_put(&bytes, &line, sizeof(line));
	answer_put_text(&bytes, answer->file);
	answer_put(&bytes, &has_prototype, sizeof(has_prototype));
	bool ok = !answer->prototype || answer_write_prototype(&bytes, answer->prototype);
	size_t at = place_of(answers, answer->address, answer->depth);
	ok = ok && !bytes.failed && answers->rows.count < ROWS_MAX &&
	     answers->bytes + bytes.count < BYTES_MAX;
	if (ok && is_there(answers, at, answer->address, answer->depth)) {
		/* One that could not be read. */
		uint8_t *copy = malloc(bytes.count);
		ok = copy != NULL;
		if (ok) {
			struct body *body = &answers->bodies.items[at];
			free(body->bytes);
			*body = (struct body){memcpy(copy, bytes.items, bytes.count), bytes.count};
			answers->rows.items[at].size = (uint32_t)bytes.count;
		}
	} else if (ok) {
		const struct row row = {.address = answer->address,
					.depth = answer->depth,
					.size = (uint32_t)bytes.count};
		ok = keep(answers, at, &row, bytes.items);
	}
	answers->changed |= ok;
	free(bytes.items);
	return ok;
}
