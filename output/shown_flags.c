/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "output/shown.h"

static uint64_t cut(const struct shown *flags, int64_t bits)
{
	uint32_t size = flags->type->size;
	return size && size < 8 ? (uint64_t)bits & ((UINT64_C(1) << size * 8) - 1) : (uint64_t)bits;
}

static uint64_t flag_value(const struct shown *flags, uint32_t index)
{
	return cut(flags, flags->type->enumerators[index].value);
}

/* The bits that a name accounts for. */
static uint64_t flag_bits(const struct shown *flags, uint32_t index)
{
	int64_t mask = flags->type->enumerators[index].mask;
	return mask ? cut(flags, mask) : flag_value(flags, index);
}

static bool is_number(const struct shown *flags, uint32_t index)
{
	const char *name = flags->type->enumerators[index].name;
	return name && *name == '<';
}

/* "0x7<<12"; of the lowest bits just the number. */
static const char *number_in(const struct shown *flags, uint32_t index, struct flags_walk *walk)
{
	uint64_t bits = flag_bits(flags, index);
	uint64_t lowest = bits & -bits;
	uint64_t number = lowest ? (flags->number & bits) / lowest : 0;
	const char *place = flags->type->enumerators[index].name;
	snprintf(walk->number, sizeof(walk->number), "%#llx%s", (unsigned long long)number,
		 bits & 1 ? "" : place);
	return walk->number;
}

/* A name for 0 that has no field of its own stands for the absence of all flags. */
static bool flag_applies(const struct shown *flags, uint32_t index)
{
	uint64_t bits = flag_bits(flags, index);
	if (is_number(flags, index))
		return true;
	return flags->type->enumerators[index].name &&
	       (flags->number & bits) == flag_value(flags, index) && (bits || !flags->number);
}

/* Is there a name for more of the bits, these among them? O_SYNC before O_DSYNC; of two names for
 * the same bits, the first. */
static bool is_covered(const struct shown *flags, uint32_t index)
{
	uint64_t bits = flag_bits(flags, index);
	for (uint32_t i = 0; i < flags->type->n_enumerators; i++) {
		uint64_t other = flag_bits(flags, i);
		if ((other & bits) == bits && (other != bits || i < index) &&
		    flag_applies(flags, i))
			return true;
	}
	return false;
}

bool flags_next(const struct shown *flags, struct flags_walk *walk, const char **ret_name)
{
	if (!walk->started) {
		walk->started = true;
		walk->rest = flags->number;
	}
	while (walk->next < flags->type->n_enumerators) {
		uint32_t index = walk->next++;
		if (!flag_applies(flags, index) || is_covered(flags, index))
			continue;
		walk->rest &= ~flag_bits(flags, index);
		*ret_name = is_number(flags, index) ? number_in(flags, index, walk)
						    : flags->type->enumerators[index].name;
		return true;
	}
	return false;
}

bool bit_set_next(const struct shown *set, uint32_t *number)
{
	for (; *number / 8 < set->length && (!set->limit || *number < set->limit); ++*number)
		if ((unsigned char)set->bytes[*number / 8] >> *number % 8 & 1)
			return true;
	return false;
}

bool argument_name_is_bare(const char *name)
{
	if (!name || !*name)
		return true;
	if (strncmp(name, "arg", 3) != 0 || !name[3])
		return false;
	return name[3 + strspn(name + 3, "0123456789")] == '\0';
}
