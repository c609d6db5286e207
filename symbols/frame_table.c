/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/frame_table.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "symbols/elf_file.h"

/*
 * .eh_frame_hdr, LSB core, "Exception Frames": version, three encodings, the distance to .eh_frame,
 * how many entries, and these, sorted: two distances from the header, to the code and to its
 * description.
 */
#define HEADER_BYTES 12
#define ENTRY_BYTES  8
/* A description: length, distance back to what is common, code (from there), its size. */
#define DESCRIPTION_BYTES 16

struct part {
	const uint8_t *bytes; /* of libelf's; NULL: none */
	uint64_t address, size;
};

struct frame_table {
	const struct elf_file *file;
	struct frame_rule rule;
	bool read;
	struct part header, frames;
	uint32_t count;	 /* of entries; 0: no table of the usual form */
	uint64_t common; /* where in `frames` what was looked at last is, and one more */
	bool common_is_usual;
};

struct frame_table *frame_table_open(const struct elf_file *file, struct frame_rule rule)
{
	struct frame_table *table = calloc(1, sizeof(*table));
	if (table)
		*table = (struct frame_table){.file = file, .rule = rule};
	return table;
}

void frame_table_free(struct frame_table *table)
{
	free(table);
}

static uint32_t u32_at(const struct part *part, uint64_t at)
{
	uint32_t value;
	memcpy(&value, part->bytes + at, sizeof(value));
	return value;
}

static int64_t distance_at(const struct part *part, uint64_t at)
{
	return (int32_t)u32_at(part, at);
}

static struct part read_part(const struct elf_file *file, const char *name)
{
	Elf_Scn *section = elf_file_section(file, name, 0);
	const Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
	const Elf_Data *data = section ? elf_file_content(file, section) : NULL;
	if (!header || !data || !data->d_buf)
		return (struct part){0};
	return (struct part){data->d_buf, header->sh_addr, data->d_size};
}

static void read_table(struct frame_table *table)
{
	static const uint8_t usual[] = {1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, DW_EH_PE_udata4,
					DW_EH_PE_datarel | DW_EH_PE_sdata4};
	table->read = true;
	table->header = read_part(table->file, ".eh_frame_hdr");
	table->frames = read_part(table->file, ".eh_frame");
	const struct part *header = &table->header;
	if (!header->bytes || !table->frames.bytes || header->size < HEADER_BYTES ||
	    memcmp(header->bytes, usual, sizeof(usual)) != 0)
		return;
	uint32_t count = u32_at(header, HEADER_BYTES - sizeof(count));
	if (count <= (header->size - HEADER_BYTES) / ENTRY_BYTES)
		table->count = count;
}

static uint64_t code_of(const struct frame_table *table, uint32_t index)
{
	return table->header.address +
	       (uint64_t)distance_at(&table->header, HEADER_BYTES + (uint64_t)index * ENTRY_BYTES);
}

/* The entry of that very address. */
static bool find_entry(const struct frame_table *table, uint64_t address, uint32_t *ret)
{
	*ret = (uint32_t)array_count_first(table->count, i, code_of(table, (uint32_t)i) < address);
	return *ret < table->count && code_of(table, *ret) == address;
}

/* The part of .eh_frame from the length at `at` on that this says, without the length. */
static bool find_record(const struct frame_table *table, uint64_t at, struct part *ret)
{
	const struct part *frames = &table->frames;
	if (at > frames->size || frames->size - at < sizeof(uint32_t))
		return false;
	uint32_t length = u32_at(frames, at);
	uint64_t start = at + sizeof(length);
	*ret = (struct part){frames->bytes + start, frames->address + start, length};
	return length && length != UINT32_MAX && length <= frames->size - start;
}

/* Is what lies there "as at the entry", and nothing that changes the frame's address? Registers
 * are said to be stored (DW_CFA_offset), and the rest is filled up. */
static bool is_rule(const struct frame_table *table, const struct part *record, uint64_t at)
{
	const uint8_t *bytes = record->bytes;
	if (record->size < at || record->size - at < 3 || bytes[at] != DW_CFA_def_cfa ||
	    bytes[at + 1] != table->rule.reg || bytes[at + 2] != table->rule.offset)
		return false;
	for (at += 3; at < record->size; at++) {
		if (bytes[at] == DW_CFA_nop)
			continue;
		if ((bytes[at] & 0xc0) != DW_CFA_offset || ++at == record->size || bytes[at] & 0x80)
			return false;
	}
	return true;
}

/* Zero, the version, letters that tell what comes before the rules, three numbers, how many bytes
 * come before the rules, and the last of them: how code is encoded. */
static bool is_of_form(const struct frame_table *table, const struct part *common,
		       const char *letters, uint8_t before)
{
	static const uint8_t start[] = {0, 0, 0, 0, 1};
	const uint64_t numbers = sizeof(start) + strlen(letters) + 1, at = numbers + 3;
	if (common->size <= at + before || memcmp(common->bytes, start, sizeof(start)) != 0 ||
	    memcmp(common->bytes + sizeof(start), letters, numbers - sizeof(start)) != 0)
		return false;
	for (uint64_t i = numbers; i < at; i++)
		if (common->bytes[i] & 0x80)
			return false;
	return common->bytes[at] == before &&
	       common->bytes[at + before] == (DW_EH_PE_pcrel | DW_EH_PE_sdata4) &&
	       is_rule(table, common, at + 1 + before);
}

/* Of C; and of C++, where the address of what handles exceptions (and its encoding) and the
 * encoding of what belongs to the function come first. */
static bool is_usual(const struct frame_table *table, const struct part *common)
{
	return is_of_form(table, common, "zR", 1) || is_of_form(table, common, "zPLR", 7);
}

/* The rules change, if at all, behind the first instruction. */
static bool is_steady(const struct part *record)
{
	uint64_t at = DESCRIPTION_BYTES - sizeof(uint32_t);
	/* "z": how many bytes come before the rules */
	if (record->size <= at || record->bytes[at] & 0x80)
		return false;
	for (at += 1 + record->bytes[at]; at < record->size; at++) {
		uint8_t operation = record->bytes[at];
		if (operation != DW_CFA_nop)
			return (operation & 0xc0) == DW_CFA_advance_loc && (operation & 0x3f);
	}
	return at == record->size;
}

static bool begins_with_rule(struct frame_table *table, uint64_t description, uint64_t address)
{
	struct part record, common;
	uint64_t at = description - table->frames.address;
	if (description < table->frames.address || !find_record(table, at, &record) ||
	    record.size < DESCRIPTION_BYTES - sizeof(uint32_t))
		return false;
	uint64_t code = record.address + sizeof(uint32_t) +
			(uint64_t)distance_at(&record, sizeof(uint32_t));
	uint64_t back = u32_at(&record, 0), own = at + sizeof(uint32_t);
	if (code != address || !back || back > own)
		return false;
	if (table->common != own - back + 1) {
		table->common = own - back + 1;
		table->common_is_usual =
			find_record(table, own - back, &common) && is_usual(table, &common);
	}
	return table->common_is_usual && is_steady(&record);
}

bool frame_table_begins(struct frame_table *table, uint64_t address)
{
	uint32_t index;
	if (!table->read)
		read_table(table);
	if (!find_entry(table, address, &index))
		return false;
	int64_t distance = distance_at(
		&table->header, HEADER_BYTES + (uint64_t)index * ENTRY_BYTES + sizeof(uint32_t));
	return begins_with_rule(table, table->header.address + (uint64_t)distance, address);
}
