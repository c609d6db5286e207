/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_code.c — the names of what pointers lead to: functions, data. */
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

static bool name_of(const struct shown *shown, struct image *image, uint64_t address,
		    struct shown_pointee *ret)
{
	struct object object;
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

static enum shown_leads leads_of(const struct shown *shown)
{
	if (shown->is_code)
		return LEADS_TO_CODE;
	return shown->type && type_leads_to_code(shown->type) ? LEADS_TO_TABLE : LEADS_ANYWHERE;
}

/* In whichever file. Pointers of the kernel, and to where a system call works, lead to none. */
static bool find_elsewhere(const struct shown_scope *scope, const struct shown *shown,
			   struct image **ret, uint64_t *ret_address)
{
	const struct shown_finder *finder = scope->finder;
	const struct probe_site *site = scope->event->site;
	enum shown_leads leads = leads_of(shown);
	return finder && (leads != LEADS_ANYWHERE || (site && site->image)) &&
	       finder->find(finder->context, scope->event, shown->number, leads, ret, ret_address);
}

bool shown_pointee(const struct shown_scope *scope, const struct shown *shown,
		   struct shown_pointee *ret)
{
	uint64_t address;
	if (shown->kind != SHOWN_HEX || !shown->is_pointer)
		return false;
	struct image *image = shown_place(scope, shown->number, &address);
	if (image && name_of(shown, image, address, ret))
		return true;
	return find_elsewhere(scope, shown, &image, &address) &&
	       name_of(shown, image, address, ret);
}
