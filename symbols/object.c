/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/object.c — which variable, table or constant lies at an address.
 *
 * Pointers of a program lead to few of them, again and again. So the process that reads the file
 * answers for the whole of an object, or for all the way between two of them, and is asked once.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/call.h"
#include "symbols/image.h"

/* The data of the biggest programs have some hundred thousand names. */
#define OBJECTS_MAX (4u << 20)
/* Answers that are kept; a program that was made to have more goes without names from there on. */
#define ANSWERS_MAX 65536

struct data_symbol {
	uint64_t address, size;
	const Elf64_Sym *symbol;
	const struct symbol_table *table;
};

struct object_answer {
	uint64_t first, last;
	const char *name; /* NULL: nothing is there */
};

struct object_map {
	bool is_read;
	ARRAY_OF(struct data_symbol) symbols; /* where the file is read: by address, one at each */
	ARRAY_OF(struct object_answer) answers; /* elsewhere: by address, without overlaps */
};

/* --- where the file is read ------------------------------------------------------------------- */

/* Of those at one address the best comes first. */
static int by_address(const void *left, const void *right)
{
	const struct data_symbol *a = left, *b = right;
	bool a_local = ELF64_ST_BIND(a->symbol->st_info) == STB_LOCAL;
	bool b_local = ELF64_ST_BIND(b->symbol->st_info) == STB_LOCAL;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	if (a_local != b_local)
		return a_local - b_local;
	return a->symbol < b->symbol ? -1 : a->symbol > b->symbol;
}

static struct err *collect(const struct symbol_table *table, struct object_map *map)
{
	for (size_t i = 0; i < table->count && map->symbols.count < OBJECTS_MAX; i++) {
		const Elf64_Sym *symbol = &table->symbols[i];
		uint64_t end;
		if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || !symbol_is_definition(symbol) ||
		    __builtin_add_overflow(symbol->st_value, symbol->st_size, &end))
			continue;
		struct data_symbol *place = array_push(&map->symbols);
		if (!place)
			return &err_nomem;
		*place = (struct data_symbol){symbol->st_value, symbol->st_size, symbol, table};
	}
	return NULL;
}

static struct err *read_objects(struct image *image, struct object_map *map)
{
	if (map->is_read)
		return NULL;
	map->is_read = true;
	image_read_tables(image);
	struct err *e = collect(&image->dynamic_table, map);
	e = e ? e : collect(&image->static_table, map);
	if (e || !map->symbols.count)
		return e;
	struct data_symbol *items = map->symbols.items;
	qsort(items, map->symbols.count, sizeof(*items), by_address);
	size_t kept = 1;
	for (size_t i = 1; i < map->symbols.count; i++)
		if (items[i].address != items[kept - 1].address)
			items[kept++] = items[i];
	map->symbols.count = kept;
	return NULL;
}

static const char *name_of(struct image *image, const struct data_symbol *symbol)
{
	size_t length;
	const char *name = symbol_name(symbol->table, symbol->symbol->st_name, &length);
	const char *copy = name ? arena_substring(&image->arena, name, length) : NULL;
	return copy ? image_demangle(image, copy) : NULL;
}

/* A symbol without a size is at its address alone. */
static uint64_t last_byte(const struct data_symbol *symbol)
{
	return symbol->address + (symbol->size ? symbol->size - 1 : 0);
}

static void find(struct image *image, const struct object_map *map, uint64_t address,
		 struct object_answer *ret)
{
	const struct data_symbol *items = map->symbols.items;
	size_t count = map->symbols.count;
	size_t above = array_count_first(count, i, items[i].address <= address);
	const struct data_symbol *below = above ? &items[above - 1] : NULL;
	uint64_t limit = above < count ? items[above].address - 1 : UINT64_MAX;
	if (below && address <= last_byte(below)) {
		*ret = (struct object_answer){below->address, last_byte(below),
					      name_of(image, below)};
		/* What lies inside of another one has a name of its own. */
		if (ret->last > limit)
			ret->last = limit;
		return;
	}
	*ret = (struct object_answer){below ? last_byte(below) + 1 : 0, limit, NULL};
}

static struct object_map *map_of(struct image *image)
{
	if (!image->objects)
		image->objects = calloc(1, sizeof(*image->objects));
	return image->objects;
}

static struct err *serve(struct image *image, struct wire *in, struct wire *out)
{
	struct object_map *map = map_of(image);
	struct object_answer answer;
	struct err *e = map ? read_objects(image, map) : &err_nomem;
	if (e)
		return e;
	find(image, map, wire_take_u64(in), &answer);
	wire_put_u64(out, answer.first);
	wire_put_u64(out, answer.last);
	wire_put_text(out, answer.name);
	return NULL;
}

/* --- where it is asked for -------------------------------------------------------------------- */

static struct err *ask(struct image *image, uint64_t address, struct object_answer *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	image_call_begin(image, serve, &request);
	wire_put_u64(&request, address);
	struct err *e = image_call(image, &request, &answer);
	if (e)
		return e;
	ret->first = wire_take_u64(&answer);
	ret->last = wire_take_u64(&answer);
	ret->name = wire_keep_text(&answer, &image->arena);
	answer.bad |= ret->first > address || ret->last < address;
	return image_call_end(image, &answer);
}

/* What overlaps what was said before is not kept. */
static void keep(struct object_map *map, size_t at, const struct object_answer *answer)
{
	struct object_answer *items = map->answers.items;
	if ((at && items[at - 1].last >= answer->first) ||
	    (at < map->answers.count && items[at].first <= answer->last) ||
	    !array_push(&map->answers))
		return;
	items = map->answers.items;
	memmove(items + at + 1, items + at, (map->answers.count - 1 - at) * sizeof(*items));
	items[at] = *answer;
}

static struct object_answer ask_once(struct image *image, struct object_map *map, uint64_t address)
{
	const struct object_answer none = {0};
	struct object_answer answer = none;
	size_t at = array_count_first(map->answers.count, i, map->answers.items[i].last < address);
	if (at < map->answers.count && map->answers.items[at].first <= address)
		return map->answers.items[at];
	struct err *e = map->answers.count < ANSWERS_MAX ? ask(image, address, &answer) : NULL;
	if (!e && answer.last)
		keep(map, at, &answer);
	answer = e ? none : answer;
	err_free(e);
	return answer;
}

bool image_object_at(struct image *image, uint64_t address, struct object *ret)
{
	struct object_map *map = image_has_memory(image, address) ? map_of(image) : NULL;
	struct object_answer answer = {0};
	if (!map)
		return false;
	if (image_is_elsewhere(image)) {
		answer = ask_once(image, map, address);
	} else {
		struct err *e = read_objects(image, map);
		if (!e)
			find(image, map, address, &answer);
		err_free(e);
	}
	if (!answer.name)
		return false;
	*ret = (struct object){.name = answer.name, .address = answer.first};
	return true;
}

void image_objects_free(struct image *image)
{
	if (!image->objects)
		return;
	free(image->objects->symbols.items);
	free(image->objects->answers.items);
	free(image->objects);
	image->objects = NULL;
}
