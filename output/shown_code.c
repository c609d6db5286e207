/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_code.c — the names of functions that pointers lead to. */
#include "output/shown_form.h"
#include "probe/probe.h"
#include "symbols/symbols.h"

/* Pages are no smaller anywhere. */
#define PAGE_MASK 0xfff

static bool number_in(const struct slots *slots, int slot, uint64_t *ret)
{
	if (slot < 0 || (uint32_t)slot >= slots->count || slots->items[slot].is_blob ||
	    !slots->items[slot].available)
		return false;
	*ret = slots->items[slot].number;
	return true;
}

/* How far the file lies in memory from where it says that it should: the hit was at the site. */
static bool find_shift(const struct probe_site *site, uint64_t hit, uint64_t *ret)
{
	uint64_t address;
	if (!site->image || !image_address_of(site->image, site->offset, &address))
		return false;
	*ret = hit - address;
	return !(*ret & PAGE_MASK);
}

void shown_code(const struct probe_site *site, const struct value *value, const struct slots *slots,
		struct shown *ret)
{
	uint64_t hit, shift;
	if (ret->kind != SHOWN_HEX || value->place_slot <= 0 ||
	    !number_in(slots, value->place_slot - 1, &hit) || !find_shift(site, hit, &shift))
		return;
	uint64_t address = ret->number - shift;
	const struct function *function = image_function_at(site->image, address);
	if (!function || function->address != address)
		return;
	ret->kind = SHOWN_CODE;
	ret->text = image_demangle(site->image, function->symbol);
}
