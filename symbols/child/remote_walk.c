/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's end of a walk: each function is checked before anybody sees it. */
#include "symbols/child/remote_walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/client.h"
#include "symbols/child/protocol.h"
#include "symbols/child/remote.h"

struct remote_walk {
	struct image *image;
	struct walk_wish wish;
	struct wire answer; /* the part at hand */
	size_t total;
	bool has_types;
	size_t told;	    /* functions of earlier parts and of this one */
	size_t at, count;   /* of this one */
	const void *places; /* struct wire_function, anyhow */
	const char *text, *text_end;
	struct function function;
	uint64_t last_address;
};

static struct err *nonsense(struct remote_walk *walk)
{
	walk->answer.bad = true;
	return remote_end(walk->image, &walk->answer);
}

static bool take_part(struct remote_walk *walk)
{
	struct wire *answer = &walk->answer;
	uint64_t total = wire_take_u64(answer);
	bool has_types = wire_take_bool(answer);
	walk->at = 0;
	walk->count = wire_take_count(answer, sizeof(struct wire_function));
	walk->places = wire_take_bytes(answer, walk->count * sizeof(struct wire_function));
	size_t size = wire_take_count(answer, 1);
	walk->text = wire_take_bytes(answer, size);
	if (!wire_is_done(answer) || total > SIZE_MAX)
		return false;
	walk->text_end = walk->text + size;
	if (walk->told && (total != walk->total || has_types != walk->has_types))
		return false;
	walk->total = (size_t)total;
	walk->has_types = has_types;
	bool tells =
		walk->total >= walk->wish.least && !walk->has_types && walk->told < walk->total;
	walk->told += walk->count;
	return tells == (walk->count > 0) && walk->told <= (tells ? walk->total : 0);
}

static void put_request(const struct remote_walk *walk, struct wire *request)
{
	remote_begin(walk->image, request);
	wire_put_u64(request, walk->told);
	wire_put_u64(request, walk->wish.least);
	wire_put_u8(request, walk->wish.symbols);
	wire_put_u8(request, walk->wish.untyped);
}

/* The next part is made while this one is looked at. */
static void ask_ahead(struct remote_walk *walk)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	struct remote *remote = walk->image->remote;
	if (!walk->count || walk->told == walk->total || remote->symbolizer->ahead)
		return;
	put_request(walk, &request);
	client_ask_ahead(remote->symbolizer, walk->image, VERB_WALK, &request);
	remote->walks_ahead = remote->symbolizer->ahead == walk->image;
}

static struct err *ask(struct remote_walk *walk)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	struct remote *remote = walk->image->remote;
	/* Not when somebody else has asked meanwhile. */
	bool is_ahead = remote->walks_ahead && remote->symbolizer->ahead == walk->image;
	remote->walks_ahead = false;
	struct err *e = NULL;
	bool again = !is_ahead;
	if (is_ahead)
		e = remote_await(walk->image, &walk->answer, &again);
	if (again) {
		put_request(walk, &request);
		e = remote_ask(walk->image, VERB_WALK, &request, &walk->answer);
	}
	if (!e && !take_part(walk))
		e = nonsense(walk);
	if (!e)
		ask_ahead(walk);
	return e;
}

struct err *remote_walk_begin(struct image *image, const struct walk_wish *wish,
			      struct remote_walk **ret)
{
	struct remote_walk *walk = calloc(1, sizeof(*walk));
	if (!walk)
		return &err_nomem;
	walk->image = image;
	walk->wish = *wish;
	struct err *e = ask(walk);
	if (e)
		remote_walk_end(walk);
	else
		*ret = walk;
	return e;
}

size_t remote_walk_total(const struct remote_walk *walk)
{
	return walk->total;
}

bool remote_walk_has_types(const struct remote_walk *walk)
{
	return walk->has_types;
}

static const char *take_string(struct remote_walk *walk)
{
	const char *text = walk->text;
	const char *nul = memchr(text, 0, (size_t)(walk->text_end - text));
	walk->text = nul ? nul + 1 : walk->text_end;
	return nul ? text : NULL;
}

/* False: it makes no sense. */
static bool take_one(struct remote_walk *walk, const char **ret_name)
{
	struct wire_function from;
	memcpy(&from, (const char *)walk->places + walk->at++ * sizeof(from), sizeof(from));
	const char *name = take_string(walk);
	const char *symbol = walk->wish.symbols ? take_string(walk) : NULL;
	if (!name || !*name || (walk->wish.symbols && !symbol))
		return false;
	*ret_name = name;
	walk->function.symbol = symbol && *symbol ? symbol : name;
	bool ok = from.address >= walk->last_address &&
		  remote_place_function(walk->image, &from, &walk->function);
	walk->last_address = from.address;
	return ok && (walk->at < walk->count || walk->text == walk->text_end);
}

struct err *remote_walk_next(struct remote_walk *walk, const struct function **ret,
			     const char **ret_name)
{
	struct err *e = NULL;
	*ret = NULL;
	if (walk->at == walk->count && walk->count && walk->told < walk->total)
		e = ask(walk);
	if (e || walk->at == walk->count)
		return e;
	if (!take_one(walk, ret_name))
		return nonsense(walk);
	*ret = &walk->function;
	return NULL;
}

void remote_walk_end(struct remote_walk *walk)
{
	if (!walk)
		return;
	wire_deinit(&walk->answer);
	free(walk);
}
