/* SPDX-License-Identifier: Apache-2.0 */
/* One item of the comma list: its segments, its result type, its condition. */
#include "probe/spec_parse.h"

/* Does the word `if` stand at `at`? */
static bool is_if(const struct spec_parser *p, size_t at)
{
	struct spec_span rest = {at, p->length};
	return spec_span_starts(p, rest, "if") && !spec_is_word(p->text[at + 2]) &&
	       p->text[at + 2] != ':';
}

/* Does `rate 100/s` stand at `at`? A name or type of two words has no digit there. */
static bool is_rate(const struct spec_parser *p, size_t at)
{
	struct spec_span rest = {at, p->length};
	if (!spec_span_starts(p, rest, "rate") || !spec_is_space(p->text[at + 4]))
		return false;
	for (at += 4; spec_is_space(p->text[at]);)
		at++;
	return spec_is_digit(p->text[at]);
}

static void end_segment(struct spec_item *item, size_t end, size_t next)
{
	if (item->n_segments <= SPEC_SEGMENTS_MAX)
		item->segments[item->n_segments - 1].end = end;
	item->n_segments++;
	if (item->n_segments <= SPEC_SEGMENTS_MAX)
		item->segments[item->n_segments - 1].start = next;
}

/* Where the part that is being read ends, which is the last one found so far. */
static void end_part(const struct spec_parser *p, struct spec_item *item, size_t end)
{
	struct spec_span *part = item->has_rate	       ? &item->rate
				 : item->has_condition ? &item->condition
				 : item->has_result    ? &item->result
						       : &item->head;
	part->end = end;
	*part = spec_trim(p, *part);
	if (part == &item->head && item->n_segments <= SPEC_SEGMENTS_MAX)
		item->segments[item->n_segments - 1].end = end;
}

/* `scope`: a '::' was seen in the segment that ends here. */
static void take_colon(const struct scanner *s, struct spec_item *item, size_t *scope)
{
	if (*scope && !item->scope_in_module) {
		item->scope_in_module = true;
		item->scope_at = *scope - 1;
	}
	*scope = 0;
	end_segment(item, s->unit, s->at);
}

static void take_if(struct scanner *s, const struct spec_parser *p, struct spec_item *item)
{
	end_part(p, item, s->unit);
	item->has_condition = s->condition = true;
	item->condition_word = s->at;
	s->at += 2;
	item->condition.start = s->at;
}

static void take_rate(struct scanner *s, const struct spec_parser *p, struct spec_item *item)
{
	end_part(p, item, s->unit);
	item->has_rate = s->condition = true;
	s->at += 4;
	item->rate.start = s->at;
}

static void take_arrow(struct scanner *s, const struct spec_parser *p, struct spec_item *item)
{
	end_part(p, item, s->unit);
	item->has_result = s->result = true;
	item->result.start = s->at;
}

struct err *spec_item_scan(const struct spec_parser *p, size_t start, struct spec_item *ret)
{
	struct spec_item item = {.head = {start, start}, .n_segments = 1, .segments = {{start, 0}}};
	size_t scope = 0; /* position + 1 */
	struct scanner s;
	scan_init(&s, p, (struct spec_span){start, p->length});
	for (;;) {
		enum scan_unit unit;
		struct err *e = scan_next(&s, &unit);
		if (e)
			return e;
		if (unit == SCAN_END || unit == SCAN_COMMA)
			break;
		if (unit == SCAN_COLON)
			take_colon(&s, &item, &scope);
		else if (unit == SCAN_SCOPE && !scope)
			scope = s.unit + 1;
		else if (unit == SCAN_TRIPLE)
			item.triple = true;
		else if (unit == SCAN_ARROW)
			take_arrow(&s, p, &item);
		else if (unit == SCAN_SPACE && !s.condition && s.unit > start && is_if(p, s.at))
			take_if(&s, p, &item);
		else if (unit == SCAN_SPACE && !item.has_rate && s.unit > start && is_rate(p, s.at))
			take_rate(&s, p, &item);
	}
	end_part(p, &item, s.unit);
	item.next = s.unit;
	item.text = spec_trim(p, (struct spec_span){start, s.unit});
	for (size_t i = 0; i < item.n_segments && i < SPEC_SEGMENTS_MAX; i++)
		item.segments[i] = spec_trim(p, item.segments[i]);
	*ret = item;
	return NULL;
}
