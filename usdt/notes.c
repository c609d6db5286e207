/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/notes.c — the section .note.stapsdt, as hostile input.
 *
 * The section is not loaded, so it is found by its name in the section table; it holds note after
 * note, each
 *
 *	u32 namesz, descsz, type; char name[namesz]; pad to 4; char desc[descsz]; pad to 4
 *
 * with name "stapsdt", type 3 and desc = u64 nop, base, semaphore; then the strings provider, name,
 * operands, each with its NUL. A length that leads out of the section ends the reading, since
 * nothing tells where the next note would start.
 */
#include <elf.h>

#include "common/cleanup.h"
#include "symbols/call.h"
#include "usdt/elsewhere.h"
#include "usdt/placement.h"

#define NOTE_TYPE 3
/* The biggest known, libjvm.so's, has 50 KiB. */
#define SECTION_MAX (4u << 20)

struct note_reader {
	struct image *image;
	struct arena *arena;
	const char *data;
	size_t size, at;
	struct section_range base;   /* .stapsdt.base, address 0: there is none */
	struct section_range probes; /* .probes, size 0: there is none */
	ARRAY_OF(struct usdt_note) notes;
	size_t malformed;
};

/* One note of any kind: its parts within the section. */
struct raw_note {
	const char *name, *desc;
	uint32_t name_size, desc_size, type;
};

static size_t pad4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* False at the end, or where a length leads out of the section (counted). */
static bool next_raw(struct note_reader *reader, struct raw_note *ret)
{
	Elf64_Nhdr header;
	size_t left = reader->size - reader->at;
	if (!left)
		return false;
	reader->malformed++; /* until it has proved sound */
	if (left < sizeof(header))
		return false;
	memcpy(&header, reader->data + reader->at, sizeof(header));
	left -= sizeof(header);
	/* The sizes have 32 bits, so that nothing overflows in size_t. */
	size_t desc_at = pad4(header.n_namesz);
	if (desc_at > left || header.n_descsz > left - desc_at)
		return false;
	const char *start = reader->data + reader->at + sizeof(header);
	*ret = (struct raw_note){.name = start,
				 .desc = start + desc_at,
				 .name_size = header.n_namesz,
				 .desc_size = header.n_descsz,
				 .type = header.n_type};
	/* The last one may go without its padding. */
	size_t whole = desc_at + pad4(header.n_descsz);
	reader->at += sizeof(header) + (whole < left ? whole : left);
	return true;
}

static bool is_stapsdt(const struct raw_note *raw)
{
	static const char owner[] = "stapsdt";
	return raw->type == NOTE_TYPE && raw->name_size == sizeof(owner) &&
	       !memcmp(raw->name, owner, sizeof(owner));
}

/* Takes a string with its NUL off the front of [*at, end). */
static const char *take_string(const char **at, const char *end)
{
	const char *string = *at;
	const char *nul = memchr(string, 0, (size_t)(end - string));
	if (!nul)
		return NULL;
	*at = nul + 1;
	return string;
}

/* The strings still point into the section. False: malformed. */
static bool parse_strings(const struct raw_note *raw, size_t at, struct usdt_note *ret)
{
	const char *text = raw->desc + at;
	const char *end = raw->desc + raw->desc_size;
	ret->provider = take_string(&text, end);
	ret->name = ret->provider ? take_string(&text, end) : NULL;
	ret->operands = ret->name ? take_string(&text, end) : NULL;
	return ret->operands && *ret->provider && *ret->name;
}

static struct err *keep_strings(struct arena *arena, struct usdt_note *note)
{
	note->provider = arena_string(arena, note->provider);
	note->name = arena_string(arena, note->name);
	note->operands = arena_string(arena, note->operands);
	return note->provider && note->name && note->operands ? NULL : &err_nomem;
}

/*
 * Prelink moves a whole file to another address but leaves this section alone: what has become of
 * .stapsdt.base tells how far. A note that does not refer to it (0) was never moved.
 */
static uint64_t prelink_distance(const struct note_reader *reader, uint64_t note_base)
{
	return reader->base.address && note_base ? reader->base.address - note_base : 0;
}

static struct err *read_note(struct note_reader *reader, const struct raw_note *raw)
{
	uint64_t words[3]; /* nop, base, semaphore */
	struct usdt_note note = {0};
	if (!is_stapsdt(raw) || raw->desc_size < sizeof(words) ||
	    !parse_strings(raw, sizeof(words), &note))
		return NULL;
	reader->malformed--;
	memcpy(words, raw->desc, sizeof(words));
	uint64_t distance = prelink_distance(reader, words[1]);
	note.address = words[0] + distance;
	struct err *e = placement_check(reader->image, &note);
	note.semaphore = words[2] ? words[2] + distance : 0;
	if (!e && note.semaphore && !note.refused)
		placement_find_semaphore(reader->image, &reader->probes, note.semaphore, &note);
	e = e ?: keep_strings(reader->arena, &note);
	if (e)
		return e;
	struct usdt_note *kept = array_push(&reader->notes);
	if (!kept)
		return &err_nomem;
	*kept = note;
	return NULL;
}

static struct err *read_notes(struct note_reader *reader)
{
	struct raw_note raw;
	while (next_raw(reader, &raw)) {
		struct err *e = read_note(reader, &raw);
		if (e)
			return e;
	}
	return NULL;
}

/* The section's content; NULL when the image has none. */
static struct err *read_section(struct image *image, char **ret, size_t *ret_size)
{
	struct section_range range;
	if (!image_section(image, ".note.stapsdt", &range) || !range.size)
		return NULL;
	if (range.size > SECTION_MAX)
		return err_why(err_new(ERR_FAILED, 0, "the USDT notes of '%s' cannot be read",
				       image_path(image)),
			       "section .note.stapsdt has %llu bytes, more than any program needs",
			       (unsigned long long)range.size);
	_cleanup_free_ char *data = malloc(range.size);
	if (!data)
		return &err_nomem;
	struct err *e = image_read(image, range.offset, data, range.size);
	if (e)
		return err_wrap(e, "reading the USDT notes of '%s'", image_path(image));
	*ret = take_ptr(data);
	*ret_size = range.size;
	return NULL;
}

struct err *usdt_notes(struct image *image, struct arena *arena, const struct usdt_note **ret,
		       size_t *ret_count, size_t *ret_malformed)
{
	if (image_is_elsewhere(image))
		return elsewhere_notes(image, arena, ret, ret_count, ret_malformed);
	_cleanup_free_ char *data = NULL;
	struct note_reader reader = {.image = image, .arena = arena};
	struct err *e = read_section(image, &data, &reader.size);
	if (e)
		return e;
	reader.data = data;
	if (!image_section(image, ".stapsdt.base", &reader.base))
		reader.base.address = 0;
	if (!image_section(image, ".probes", &reader.probes))
		reader.probes.size = 0;
	e = read_notes(&reader);
	_cleanup_free_ struct usdt_note *notes = reader.notes.items;
	if (e)
		return err_wrap(e, "reading the USDT notes of '%s'", image_path(image));
	size_t count = reader.notes.count;
	const struct usdt_note *kept = arena_copy(arena, notes, count * sizeof(*notes));
	if (!kept)
		return &err_nomem;
	*ret = kept;
	*ret_count = count;
	*ret_malformed = reader.malformed;
	return NULL;
}
