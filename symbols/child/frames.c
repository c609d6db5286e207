/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/frames.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/child/remote.h"

/*
 * LSB core, "Exception Frames": version, three encodings, then (as every linker writes it) the
 * distance to .eh_frame, how many entries, and these: two distances of 32 bits from the header, to
 * the code and to its description.
 */
struct frames_header {
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	int32_t frame;
	uint32_t count;
};

struct frames_entry {
	int32_t code, description;
};

/* A description of the usual form: length, distance to what is common, code, its size. */
struct frames_description {
	uint32_t length, common;
	int32_t code; /* from here */
	uint32_t size;
};

#define ENTRIES_MAX (16u << 20)

/* So many questions go to the file; then the table is read as a whole. */
#define LOOKS_MAX 8

struct frames {
	uint64_t address, offset; /* of the header */
	uint32_t count;		  /* 0: no table */
	unsigned int looks;
	struct frames_entry *entries; /* NULL: not read so far */
};

static const Elf64_Phdr *find_segment(const struct image *image)
{
	for (size_t i = 0; i < image->file.header.e_phnum; i++)
		if (image->headers[i].p_type == PT_GNU_EH_FRAME)
			return &image->headers[i];
	return NULL;
}

static void read_header(const struct image *image, struct frames *frames)
{
	const Elf64_Phdr *segment = find_segment(image);
	struct frames_header header;
	if (!segment || segment->p_filesz < sizeof(header) ||
	    !elf_file_read(&image->file, segment->p_offset, &header, sizeof(header)))
		return;
	if (header.version != 1 || header.frame_encoding != (DW_EH_PE_pcrel | DW_EH_PE_sdata4) ||
	    header.count_encoding != DW_EH_PE_udata4 ||
	    header.table_encoding != (DW_EH_PE_datarel | DW_EH_PE_sdata4) ||
	    header.count > ENTRIES_MAX ||
	    header.count > (segment->p_filesz - sizeof(header)) / sizeof(struct frames_entry))
		return;
	frames->address = segment->p_vaddr;
	frames->offset = segment->p_offset;
	frames->count = header.count;
}

static struct frames *frames_of(struct image *image)
{
	struct remote *remote = image->remote;
	if (!remote->own_frames) {
		remote->own_frames = calloc(1, sizeof(*remote->own_frames));
		if (remote->own_frames)
			read_header(image, remote->own_frames);
	}
	return remote->own_frames;
}

static void read_table(const struct image *image, struct frames *frames)
{
	size_t size = frames->count * sizeof(*frames->entries);
	struct frames_entry *entries = malloc(size);
	if (entries && elf_file_read(&image->file, frames->offset + sizeof(struct frames_header),
				     entries, size))
		frames->entries = entries;
	else
		free(entries);
}

static bool read_entry(const struct image *image, const struct frames *frames, uint32_t index,
		       struct frames_entry *ret)
{
	if (frames->entries) {
		*ret = frames->entries[index];
		return true;
	}
	return elf_file_read(&image->file,
			     frames->offset + sizeof(struct frames_header) +
				     index * (uint64_t)sizeof(*ret),
			     ret, sizeof(*ret));
}

/* The last one that begins at or before the address. False: none does, or it cannot be read. */
static bool find_entry(const struct image *image, const struct frames *frames, uint64_t address,
		       struct frames_entry *ret)
{
	uint32_t low = 0, high = frames->count;
	bool found = false;
	while (low < high) {
		struct frames_entry entry;
		uint32_t middle = low + (high - low) / 2;
		if (!read_entry(image, frames, middle, &entry))
			return false;
		if (frames->address + (uint64_t)(int64_t)entry.code > address) {
			high = middle;
			continue;
		}
		low = middle + 1;
		*ret = entry;
		found = true;
	}
	return found;
}

/* 0: it is of another form. */
static uint64_t length_of(const struct image *image, const struct frames *frames,
			  const struct frames_entry *entry)
{
	uint64_t at = frames->address + (uint64_t)(int64_t)entry->description, offset;
	struct frames_description found;
	if (!image_offset_of(image, at, &offset) ||
	    !elf_file_read(&image->file, offset, &found, sizeof(found)))
		return 0;
	uint64_t code =
		at + offsetof(struct frames_description, code) + (uint64_t)(int64_t)found.code;
	return code == frames->address + (uint64_t)(int64_t)entry->code ? found.size : 0;
}

enum frames_verdict frames_look(struct image *image, uint64_t address)
{
	struct frames *frames = frames_of(image);
	struct frames_entry entry;
	if (!frames || !frames->count)
		return FRAMES_NO_TABLE;
	if (!frames->entries && frames->looks++ == LOOKS_MAX)
		read_table(image, frames);
	if (!find_entry(image, frames, address, &entry))
		return FRAMES_OUTSIDE;
	uint64_t inside = address - (frames->address + (uint64_t)(int64_t)entry.code);
	if (!inside)
		return FRAMES_BEGIN;
	return inside < length_of(image, frames, &entry) ? FRAMES_INSIDE : FRAMES_OUTSIDE;
}

void frames_free(struct frames *frames)
{
	if (!frames)
		return;
	free(frames->entries);
	free(frames);
}
