/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/answers.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/types_wire.h"

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
#define FORMAT 4

static bool set_key(struct answers *answers, const struct answers_key *key)
{
	_cleanup_(wire_deinit) struct wire bytes = {0};
	uint32_t sizes[] = {FORMAT,
			    sizeof(struct type),
			    sizeof(struct prototype),
			    sizeof(struct parameter_place),
			    sizeof(struct type_form),
			    TYPE_COUNT,
			    (uint32_t)key->build_id_size};
	wire_put_bytes(&bytes, sizes, sizeof(sizes));
	wire_put_bytes(&bytes, key->build_id, key->build_id_size);
	wire_put_u64(&bytes, key->source_size);
	wire_put_u64(&bytes, key->source_time_ns);
	wire_put_text(&bytes, key->program);
	bool fits = !bytes.bad && bytes.size <= sizeof(answers->key);
	if (fits) {
		memcpy(answers->key, bytes.bytes, bytes.size);
		answers->key_size = bytes.size;
	}
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
	struct wire bytes = {0};
	struct header header = {.magic = MAGIC};
	uint32_t count = (uint32_t)answers->rows.count, at = 0;
	wire_put_bytes(&bytes, &header, sizeof(header));
	wire_put_bytes(&bytes, answers->key, answers->key_size);
	wire_put_u32(&bytes, count);
	for (size_t i = 0; i < count; i++) {
		struct row row = answers->rows.items[i];
		row.at = at;
		at += row.size;
		wire_put_bytes(&bytes, &row, sizeof(row));
	}
	for (size_t i = 0; i < count; i++)
		wire_put_bytes(&bytes, answers->bodies.items[i].bytes,
			       answers->bodies.items[i].size);
	if (bytes.bad) {
		wire_deinit(&bytes);
		return NULL;
	}
	header.sum = sum_of(bytes.bytes + sizeof(header), bytes.size - sizeof(header));
	memcpy(bytes.bytes, &header, sizeof(header));
	*ret_size = bytes.size;
	return bytes.bytes;
}

/* --- one prototype ---------------------------------------------------------------------------- */

bool answer_write_prototype(struct wire *to, const struct prototype *prototype)
{
	_cleanup_(type_writer_deinit) struct type_writer writer = {0};
	types_put_prototype(&writer, prototype);
	types_put_all(&writer, to);
	return !to->bad;
}

const struct prototype *answer_read_prototype(struct wire *from, struct arena *arena)
{
	static const struct type_limits limits = {.count = 4096, .depth = 128};
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	types_take_all(&reader, from, arena, &limits);
	return types_take_prototype(&reader);
}

/* --- one answer ------------------------------------------------------------------------------- */

/* Where it is, or belongs. */
static size_t place_of(const struct answers *answers, uint64_t address, uint32_t depth)
{
	return array_count_first(answers->rows.count, i,
				 compare(&answers->rows.items[i], address, depth) < 0);
}

static bool is_there(const struct answers *answers, size_t at, uint64_t address, uint32_t depth)
{
	return at < answers->rows.count && compare(&answers->rows.items[at], address, depth) == 0;
}

static bool read_answer(const struct body *body, struct arena *arena, struct answer *ret)
{
	struct wire from = {.bytes = body->bytes, .size = body->size};
	ret->line = wire_take_u32(&from);
	ret->file = wire_keep_text(&from, arena);
	from.bad |= ret->file && strlen(ret->file) > TYPES_TEXT_MAX;
	ret->prototype = answer_read_prototype(&from, arena);
	return wire_is_done(&from);
}

bool answers_find(const struct answers *answers, uint64_t address, uint32_t depth,
		  struct arena *arena, struct answer *ret)
{
	size_t at = place_of(answers, address, depth);
	struct answer answer = {.address = address, .depth = depth};
	if (!is_there(answers, at, address, depth) ||
	    !read_answer(&answers->bodies.items[at], arena, &answer))
		return false;
	*ret = answer;
	return true;
}

/* Only what could be read again. */
static bool write_answer(const struct answer *answer, struct wire *to)
{
	struct arena arena = {0};
	struct answer again;
	wire_put_u32(to, answer->line);
	wire_put_text(to, answer->file);
	bool ok = answer_write_prototype(to, answer->prototype) &&
		  read_answer(&(struct body){to->bytes, to->size}, &arena, &again);
	arena_deinit(&arena);
	return ok;
}

/* In the place of one that could not be read. */
static bool replace(struct answers *answers, size_t at, const struct wire *bytes)
{
	uint8_t *copy = malloc(bytes->size);
	struct body *body = &answers->bodies.items[at];
	if (!copy)
		return false;
	free(body->bytes);
	*body = (struct body){memcpy(copy, bytes->bytes, bytes->size), bytes->size};
	answers->rows.items[at].size = (uint32_t)bytes->size;
	return true;
}

bool answers_add(struct answers *answers, const struct answer *answer)
{
	_cleanup_(wire_deinit) struct wire bytes = {0};
	size_t at = place_of(answers, answer->address, answer->depth);
	if (!write_answer(answer, &bytes) || answers->rows.count >= ROWS_MAX ||
	    answers->bytes + bytes.size >= BYTES_MAX)
		return false;
	const struct row row = {
		.address = answer->address, .depth = answer->depth, .size = (uint32_t)bytes.size};
	bool ok = is_there(answers, at, answer->address, answer->depth)
			  ? replace(answers, at, &bytes)
			  : keep(answers, at, &row, bytes.bytes);
	answers->changed |= ok;
	return ok;
}
