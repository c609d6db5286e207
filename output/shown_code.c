/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_code.c — the names of what pointers lead to in the probed file: functions, data. */
#include "output/shown.h"
#include "probe/probe.h"
#include "symbols/symbols.h"

/* Pages are no smaller anywhere. */
#define PAGE_MASK 0xfff

/* How far the file lies in memory from where it says that it should: the hit was at the site. */
static bool find_shift(const struct stream_event *event, uint64_t *ret)
{
	const struct probe_site *site = event->site;
	const struct slots *slots = event->arguments;
	uint64_t address;
	if (!site || !slots || !site->arguments.place_slot || !site->image)
		return false;
	uint32_t slot = (uint32_t)site->arguments.place_slot - 1;
	if (slot >= slots->count || slots->items[slot].is_blob || !slots->items[slot].available ||
	    !image_address_of(site->image, site->offset, &address))
		return false;
	*ret = slots->items[slot].number - address;
	return !(*ret & PAGE_MASK);
}

struct image *shown_place(const struct shown_scope *scope, uint64_t pointer, uint64_t *ret)
{
	uint64_t shift;
	if (!find_shift(scope->event, &shift))
		return NULL;
	*ret = pointer - shift;
	return scope->event->site->image;
}

bool shown_pointee(const struct shown_scope *scope, const struct shown *shown,
		   struct shown_pointee *ret)
{
	uint64_t address;
	struct object object;
	bool is_pointer = shown->kind == SHOWN_HEX && shown->is_pointer;
	struct image *image = is_pointer ? shown_place(scope, shown->number, &address) : NULL;
	if (!image)
		return false;
	const struct function *function = image_function_at(image, address);
	if (function) {
		*ret = (struct shown_pointee){.name = image_demangle(image, function->symbol),
					      .offset = address - function->address};
		ret->is_code = shown->is_code && !ret->offset;
		return true;
	}
	if (!image_object_at(image, address, &object))
		return false;
	*ret = (struct shown_pointee){.name = object.name, .offset = address - object.address};
	return true;
}
