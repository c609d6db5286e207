/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/image.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/child/client.h"
#include "symbols/child/remote.h"
#include "symbols/child/symbolizer.h"
#include "symbols/debug_file.h"
#include "symbols/dwarf_info.h"
#include "symbols/frame_table.h"
#include "symbols/prototypes.h"

/* Longest path of an interpreter that the kernel takes (PATH_MAX, fs/binfmt_elf.c). */
#define INTERPRETER_MAX 4096

static const Elf64_Phdr *program_headers(const struct image *image, size_t *ret_count)
{
	size_t count;
	if (image->headers) {
		*ret_count = image->file.header.e_phnum;
		return image->headers;
	}
	const Elf64_Phdr *headers = elf64_getphdr(image->file.elf);
	if (!headers || elf_getphdrnum(image->file.elf, &count) < 0)
		count = 0;
	*ret_count = count;
	return headers;
}

static bool make_segment(const struct image *image, const Elf64_Phdr *header, struct segment *ret)
{
	uint64_t end, rest;
	if (header->p_type != PT_LOAD || header->p_offset >= image->file.size ||
	    __builtin_add_overflow(header->p_vaddr, header->p_memsz, &end))
		return false;
	rest = image->file.size - header->p_offset;
	ret->address = header->p_vaddr;
	ret->offset = header->p_offset;
	ret->file_size = header->p_filesz < rest ? header->p_filesz : rest;
	ret->memory_size = header->p_memsz > ret->file_size ? header->p_memsz : ret->file_size;
	ret->executable = header->p_flags & PF_X;
	return ret->file_size && !__builtin_add_overflow(ret->address, ret->file_size, &end);
}

static struct err *read_segments(struct image *image)
{
	size_t count;
	const Elf64_Phdr *headers = program_headers(image, &count);
	image->segments = arena_array(&image->arena, count, sizeof(*image->segments));
	if (!image->segments)
		return &err_nomem;
	for (size_t i = 0; i < count; i++)
		if (make_segment(image, &headers[i], &image->segments[image->n_segments]))
			image->n_segments++;
	return NULL;
}

static struct err *read_interpreter(struct image *image)
{
	size_t count;
	const Elf64_Phdr *headers = program_headers(image, &count);
	for (size_t i = 0; i < count; i++) {
		uint64_t size = headers[i].p_filesz;
		if (headers[i].p_type != PT_INTERP || !size || size > INTERPRETER_MAX)
			continue;
		char *text = arena_alloc(&image->arena, size + 1);
		if (!text)
			return &err_nomem;
		if (elf_file_read(&image->file, headers[i].p_offset, text, size) && *text)
			image->interpreter = text;
		return NULL;
	}
	return NULL;
}

/* Thousands of functions that are looked at one by one lie side by side. */
#define WINDOW_SIZE 65536

struct image_window {
	uint64_t last_read; /* where */
	uint64_t offset;
	size_t size;
	uint8_t *bytes; /* NULL: not yet */
};

static struct err *read_build_id(struct image *image)
{
	const void *id;
	ssize_t size = dwelf_elf_gnu_build_id(image->file.elf, &id);
	if (size <= 0)
		return NULL;
	image->build_id = arena_copy(&image->arena, id, (size_t)size);
	if (!image->build_id)
		return &err_nomem;
	image->build_id_size = (size_t)size;
	return NULL;
}

static struct image *image_new(const char *path)
{
	_cleanup_(image_closep) struct image *image = calloc(1, sizeof(*image));
	if (!image)
		return NULL;
	image->file.fd = -1;
	image->debug_root = DEBUG_DIRECTORY;
	image->root = -1;
	image->mini.fd = -1;
	image->path = strdup(path);
	image->window = arena_alloc(&image->arena, sizeof(*image->window));
	if (!image->path || !image->window)
		return NULL;
	image->window->last_read = UINT64_MAX;
	return take_ptr(image);
}

static struct err *open_as(enum elf_purpose purpose, const char *path, int fd, struct image **ret)
{
	_cleanup_(image_closep) struct image *image = image_new(path);
	if (!image)
		return &err_nomem;
	struct err *e = elf_file_open(path, fd, purpose, &image->file);
	e = e ?: read_segments(image);
	e = e ?: read_interpreter(image);
	e = e ?: read_build_id(image);
	e = e ?: image_read_dynamic(image);
	if (!e)
		*ret = take_ptr(image);
	return e;
}

struct err *image_open(const char *path, int fd, struct image **ret)
{
	return open_as(ELF_PROGRAM, path, fd, ret);
}

struct err *image_open_mapped(const char *path, int fd, struct image **ret)
{
	return open_as(ELF_PROGRAM_MAPPED, path, fd, ret);
}

/* --- a file that the symbolizer reads ----------------------------------------------------------
 */

static struct err *read_headers(struct image *image)
{
	size_t size = image->file.header.e_phnum * sizeof(Elf64_Phdr);
	Elf64_Phdr *headers = arena_alloc(&image->arena, size);
	if (!headers)
		return &err_nomem;
	image->headers = headers;
	return image_read(image, image->file.header.e_phoff, headers, size);
}

/* Notes lie one behind the other: three words, the owner's name and the content, both padded.
 * False: there is no build id among these. */
static bool find_build_id(struct image *image, const uint8_t *notes, size_t size, size_t align)
{
	Elf64_Nhdr note;
	for (size_t at = 0; size - at > sizeof(note);) {
		memcpy(&note, notes + at, sizeof(note));
		size_t rest = size - at - sizeof(note);
		size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		if (name > rest || note.n_descsz > rest - name)
			return false;
		const uint8_t *owner = notes + at + sizeof(note);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    memcmp(owner, "GNU", sizeof("GNU")) == 0 && note.n_descsz) {
			image->build_id = arena_copy(&image->arena, owner + name, note.n_descsz);
			image->build_id_size = image->build_id ? note.n_descsz : 0;
			return image->build_id;
		}
		size_t whole = (sizeof(note) + name + note.n_descsz + align - 1) & ~(align - 1);
		if (whole >= size - at)
			return false;
		at += whole;
	}
	return false;
}

/* Bytes of all notes of a segment; it has a few hundred. */
#define NOTES_MAX 65536

static struct err *read_notes(struct image *image)
{
	size_t count;
	const Elf64_Phdr *headers = program_headers(image, &count);
	_cleanup_free_ uint8_t *notes = malloc(NOTES_MAX);
	if (!notes)
		return &err_nomem;
	for (size_t i = 0; i < count; i++) {
		size_t size = headers[i].p_filesz, align = headers[i].p_align == 8 ? 8 : 4;
		if (headers[i].p_type == PT_NOTE && size <= NOTES_MAX &&
		    elf_file_read(&image->file, headers[i].p_offset, notes, size) &&
		    find_build_id(image, notes, size, align))
			break;
	}
	return NULL;
}

static struct err *open_in(struct symbolizer *symbolizer, const char *path, int fd,
			   struct image **ret)
{
	if (!symbolizer || symbolizer_refused(symbolizer))
		return image_open(path, fd, ret);
	symbolizer->gave_up = false;
	_cleanup_(image_closep) struct image *image = image_new(path);
	if (!image)
		return &err_nomem;
	struct err *e = elf_file_open(path, fd, ELF_HEADER_ONLY, &image->file);
	e = e ?: read_headers(image);
	e = e ?: read_segments(image);
	e = e ?: read_interpreter(image);
	e = e ?: read_notes(image);
	e = e ?: remote_open(symbolizer, image);
	if (e && symbolizer_refused(symbolizer)) {
		err_free(e);
		return image_open(path, fd, ret);
	}
	if (!e)
		*ret = take_ptr(image);
	return e;
}

struct err *image_open_in(struct symbolizer *symbolizer, const char *path, int fd,
			  struct image **ret)
{
	struct err *e = open_in(symbolizer, path, fd, ret);
	if (!e)
		image_identify(*ret);
	return e;
}

struct err *image_find_interpreter(const char *path, char **ret)
{
	_cleanup_(image_closep) struct image *image = image_new(path);
	if (!image)
		return &err_nomem;
	struct err *e = elf_file_open(path, -1, ELF_HEADER_ONLY, &image->file);
	e = e ?: read_headers(image);
	e = e ?: read_segments(image);
	e = e ?: read_interpreter(image);
	if (e)
		return e;
	*ret = image->interpreter ? strdup(image->interpreter) : NULL;
	return *ret || !image->interpreter ? NULL : &err_nomem;
}

void image_expect(struct image *image, const char *const *symbols, size_t count)
{
	struct remote *remote = image->remote;
	count = count < EXPECTED_MAX ? count : EXPECTED_MAX;
	if (!remote || image->functions_read || remote->n_expected || !count)
		return;
	remote->expected = arena_array(&image->arena, count, sizeof(*remote->expected));
	for (size_t i = 0; remote->expected && i < count; i++) {
		remote->expected[i] = arena_string(&image->arena, symbols[i]);
		if (!remote->expected[i])
			return;
		remote->n_expected = i + 1;
	}
}

const struct err *image_failure(const struct image *image)
{
	return image->remote ? image->remote->failure : NULL;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	remote_close(image);
	image_kept_free(image);
	builtin_free(image->builtin);
	unwind_rows_free(image);
	frame_table_free(image->frame_table);
	image_places_free(image);
	image_objects_free(image);
	dwarf_cfi_end(image->unwind);
	dwarf_info_free(image->dwarf);
	debug_file_free(image->debug);
	name_map_deinit(&image->imports);
	name_map_deinit(&image->exports);
	name_map_deinit(&image->statics);
	name_map_deinit(&image->demangled);
	name_map_deinit(&image->go_types);
	name_map_deinit(&image->rust_types);
	free(image->functions);
	if (image->window)
		free(image->window->bytes);
	free(image->reaches);
	elf_file_close(&image->mini);
	err_free(image->mini_refused);
	if (image->root >= 0)
		close(image->root);
	elf_file_close(&image->file);
	arena_deinit(&image->arena);
	free(image->path);
	free(image);
}

void image_closep(struct image **image)
{
	image_close(*image);
}

void image_set_root(struct image *image, int root)
{
	if (image->root < 0 && root >= 0)
		image->root = fcntl(root, F_DUPFD_CLOEXEC, 0);
}

void image_set_source(struct image *image, const struct debug_source *source)
{
	image->debug_source = source;
}

const char *image_path(const struct image *image)
{
	return image->path;
}

int image_fd(const struct image *image)
{
	return image->file.fd;
}

size_t image_build_id(const struct image *image, const uint8_t **ret)
{
	*ret = image->build_id;
	return image->build_id_size;
}

unsigned int image_elf_type(const struct image *image)
{
	return image->file.header.e_type;
}

unsigned int image_machine(const struct image *image)
{
	return image->file.header.e_machine;
}

const char *image_interpreter(const struct image *image)
{
	return image->interpreter;
}

const char *const *image_needed(const struct image *image)
{
	return image->needed;
}

const char *image_soname(const struct image *image)
{
	return image->soname;
}

bool image_is_static(const struct image *image)
{
	return !image->interpreter && !image->soname && !(image->needed && image->needed[0]);
}

const struct segment *image_segment_of(const struct image *image, uint64_t address)
{
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		if (address >= segment->address && address - segment->address < segment->file_size)
			return segment;
	}
	return NULL;
}

bool image_has_memory(const struct image *image, uint64_t address)
{
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		if (address >= segment->address &&
		    address - segment->address < segment->memory_size)
			return true;
	}
	return false;
}

bool image_offset_of(const struct image *image, uint64_t address, uint64_t *ret)
{
	const struct segment *segment = image_segment_of(image, address);
	if (!segment)
		return false;
	*ret = segment->offset + (address - segment->address);
	return true;
}

bool image_entry_offset(const struct image *image, uint64_t *ret)
{
	uint64_t address = image->file.header.e_entry;
	const struct segment *segment = address ? image_segment_of(image, address) : NULL;
	return segment && segment->executable && image_offset_of(image, address, ret);
}

/*
 * Two segments may hold the same page of the file (the end of one, the start of the next); the one
 * that is executed is meant, as offsets come from probes.
 */
static const struct segment *segment_at_offset(const struct image *image, uint64_t offset,
					       size_t size)
{
	const struct segment *found = NULL;
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		if (offset < segment->offset || offset - segment->offset >= segment->file_size ||
		    size > segment->file_size - (offset - segment->offset))
			continue;
		if (segment->executable)
			return segment;
		found = found ?: segment;
	}
	return found;
}

bool image_address_of(const struct image *image, uint64_t offset, uint64_t *ret)
{
	const struct segment *segment = segment_at_offset(image, offset, 1);
	if (!segment)
		return false;
	*ret = segment->address + (offset - segment->offset);
	return true;
}

/* Segments are mapped by whole pages, as mmap(2) does; one page of the file may be in several. */
static uint64_t page_mask(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE) - 1;
}

bool image_code_page_of(const struct image *image, uint64_t offset, uint64_t *ret)
{
	uint64_t mask = page_mask();
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		uint64_t first = segment->offset & ~mask;
		if (segment->executable && offset >= first &&
		    offset - first < segment->file_size + (segment->offset - first)) {
			*ret = segment->address - segment->offset + offset;
			return true;
		}
	}
	return false;
}

bool image_lies_in(const struct image *image, uint64_t shift, uint64_t start, uint64_t end)
{
	uint64_t mask = page_mask();
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		uint64_t first = (segment->address + shift) & ~mask;
		uint64_t behind = (segment->address + segment->memory_size + shift + mask) & ~mask;
		if (start < behind && first < end)
			return true;
	}
	return false;
}

bool image_zeros_begin_at(const struct image *image, uint64_t shift, uint64_t start)
{
	uint64_t mask = page_mask();
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct segment *segment = &image->segments[i];
		uint64_t content_end = segment->address + segment->file_size + shift;
		if (segment->memory_size > segment->file_size &&
		    ((content_end + mask) & ~mask) == start)
			return true;
	}
	return false;
}

bool image_is_text(const struct image *image, uint64_t offset, size_t size)
{
	const struct segment *segment = segment_at_offset(image, offset, size);
	return segment && segment->executable;
}

/* Is it in the window, or can the window be moved there? The second question beside it moves it:
 * who asks for one function pays for no more. */
static bool read_window(const struct image *image, uint64_t offset, void *buffer, size_t size)
{
	struct image_window *window = image->window;
	bool is_next = offset >= window->last_read && offset - window->last_read < WINDOW_SIZE;
	window->last_read = offset;
	if (window->bytes && offset >= window->offset && offset - window->offset <= window->size &&
	    size <= window->size - (offset - window->offset)) {
		memcpy(buffer, window->bytes + (offset - window->offset), size);
		return true;
	}
	if (!is_next || size > WINDOW_SIZE / 4 || offset >= image->file.size)
		return false;
	if (!window->bytes)
		window->bytes = malloc(WINDOW_SIZE);
	uint64_t left = image->file.size - offset;
	window->offset = offset;
	window->size = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
	if (!window->bytes || !elf_file_read(&image->file, offset, window->bytes, window->size))
		window->size = 0;
	if (size > window->size)
		return false;
	memcpy(buffer, window->bytes, size);
	return true;
}

struct err *image_read(const struct image *image, uint64_t offset, void *buffer, size_t size)
{
	errno = 0;
	if (read_window(image, offset, buffer, size) ||
	    elf_file_read(&image->file, offset, buffer, size))
		return NULL;
	struct err *e = err_new(ERR_FAILED, errno, "reading %zu bytes at offset 0x%llx of '%s'",
				size, (unsigned long long)offset, image->path);
	return errno ? e : err_why(e, "they lie past the end of the file");
}

bool section_range_of(const struct image *image, const Elf64_Shdr *header,
		      struct section_range *ret)
{
	uint64_t end;
	if (header->sh_type == SHT_NOBITS ||
	    __builtin_add_overflow(header->sh_offset, header->sh_size, &end) ||
	    end > image->file.size)
		return false;
	*ret = (struct section_range){header->sh_addr, header->sh_offset, header->sh_size};
	return true;
}

bool image_section(struct image *image, const char *name, struct section_range *ret)
{
	if (image->remote)
		return remote_section(image, name, ret);
	Elf_Scn *section = elf_file_section(&image->file, name, SHT_NULL);
	const Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
	return header && section_range_of(image, header, ret);
}
