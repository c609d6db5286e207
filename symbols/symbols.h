/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/symbols.h — what is inside one ELF file: functions, types, text. Knows nothing of probes.
 *
 * An image is one ELF file, opened once and identified by device, inode and build id; its debug
 * information may be in the file itself or in a separate debug file (build id, debuglink). All
 * content is hostile input: every offset and size is checked, and what cannot be read is an error
 * or an absence, never a crash. Strings and arrays handed out live as long as the image.
 *
 * Two address spaces occur: an *address* is what the symbol table and DWARF say (before the loader
 * adds its bias), an *offset* is a position in the file, which is what the kernel wants for a
 * uprobe. The program headers translate.
 */
#ifndef UTRAIL_SYMBOLS_SYMBOLS_H
#define UTRAIL_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "symbols/type.h"

struct image; /* one ELF file and its debug info */

/*
 * Opens `path` (shown in messages; opened without following a FIFO, read-only) or, when fd >= 0,
 * takes a duplicate of `fd`, whatever `path` says. Refused with a reason: not a regular file, not
 * ELF, 32-bit, another machine, truncated headers.
 */
struct err *image_open(const char *path, int fd, struct image **ret) must_check;
void image_close(struct image *image); /* NULL is fine */
/*
 * The file is one that a process sees whose / is that directory: what belongs to it (debug files)
 * is looked for beneath that first, then in our own root. Duplicates the descriptor; -1 changes
 * nothing.
 */
void image_set_root(struct image *image, int root);
void image_closep(struct image **image);

/*
 * Where debug files come from that are not here (a server). *ret_fd stays -1, without an error,
 * when there is none of that build id.
 */
struct debug_source {
	void *context;
	struct err *(*fetch)(void *context, const char *path, const uint8_t *id, size_t size,
			     int *ret_fd);
};
/* Asked when no debug file is found; borrowed, and lives as long as the image. */
void image_set_source(struct image *image, const struct debug_source *source);

const char *image_path(const struct image *image);
int image_fd(const struct image *image); /* still owned by the image */
dev_t image_device(const struct image *image);
ino_t image_inode(const struct image *image);
/* Returns the length in bytes, 0 when the file has none. */
size_t image_build_id(const struct image *image, const uint8_t **ret);
/* elf.h's ET_EXEC or ET_DYN, EM_X86_64 or EM_AARCH64. */
unsigned int image_elf_type(const struct image *image);
unsigned int image_machine(const struct image *image);
const char *image_interpreter(const struct image *image); /* PT_INTERP, NULL when none */
/* The same of a file, by its headers alone: nothing of it is kept, and nobody is asked. The
 * caller's to free. */
struct err *image_find_interpreter(const char *path, char **ret) must_check;
/* DT_NEEDED and DT_SONAME; NULL-terminated, NULL when there is no dynamic section. */
const char *const *image_needed(const struct image *image);
const char *image_soname(const struct image *image);
/* The same file, by whatever names they were opened. */
bool image_is_same_file(const struct image *a, const struct image *b);
/* On overlayfs: its numbers do not say which file is mapped. */
bool image_is_layered(const struct image *image);
/* False: it may have been copied up to another layer since, and processes map the copy from then
 * on. */
bool image_is_as_opened(const struct image *image);
/* A program that no loader joins with libraries. */
bool image_is_static(const struct image *image);

/* False when no PT_LOAD segment with file content covers it. */
bool image_offset_of(const struct image *image, uint64_t address, uint64_t *ret);
/* Where execution begins, in the file; false: nowhere. */
bool image_entry_offset(const struct image *image, uint64_t *ret);
bool image_address_of(const struct image *image, uint64_t offset, uint64_t *ret);
/* The address of the first byte of an executable mapping that begins at this offset: a page's, so
 * it may lie before the segment. */
bool image_code_page_of(const struct image *image, uint64_t offset, uint64_t *ret);
/* `shift`: how far above its addresses the file lies in memory. Is a page of [start, end) there one
 * of the file's? Where does the loader begin with pages of zeros? */
bool image_lies_in(const struct image *image, uint64_t shift, uint64_t start, uint64_t end);
bool image_zeros_begin_at(const struct image *image, uint64_t shift, uint64_t start);
/* Do all `size` bytes at file offset `offset` lie in the file part of an executable PT_LOAD? */
bool image_is_text(const struct image *image, uint64_t offset, size_t size);
/* Copies file content; fails when out of range. */
struct err *image_read(const struct image *image, uint64_t offset, void *buffer,
		       size_t size) must_check;

/* A section by name: its file range and address. False when there is none (or SHT_NOBITS). */
struct section_range {
	uint64_t address, offset, size;
};
bool image_section(struct image *image, const char *name, struct section_range *ret);

enum function_table {
	FUNCTION_DYNSYM = 1,
	FUNCTION_SYMTAB = 2, /* of the debug file, when the file itself has none */
	FUNCTION_GO = 4,     /* Go's own table, when there is no .symtab */
	/* Besides: it has no type there, and may be data; `size` is the distance to the next. */
	FUNCTION_UNTYPED = 8,
};

struct function {
	const char *symbol; /* as in the symbol table, without @VERSION */
	uint64_t address;
	uint64_t offset; /* in the file */
	uint64_t size;	 /* bytes; 0 when the table does not say */
	uint8_t binding; /* STB_LOCAL, STB_GLOBAL, STB_WEAK */
	bool ifunc;	 /* STT_GNU_IFUNC: the resolver, not the function itself */
	uint8_t tables;	 /* where its symbol stands: enum function_table */
};

/*
 * All defined functions of .symtab and .dynsym (of the separate debug file too), and what is global
 * in a section of code and has no type, with the distance to the next one for a size, sorted by
 * address, then symbol; a symbol in both tables occurs once. Read on first use. A file with no
 * symbol at all yields none, without an error; image_is_stripped() tells that apart.
 */
struct err *image_functions(struct image *image, const struct function **ret,
			    size_t *ret_count) must_check;
/*
 * Of functions with these symbols, prototype and unwind tables will be asked for: when the
 * symbolizer reads the file, it answers that along with the first image_functions(). What matters
 * for types (image_open_types(), image_use_cache()) is said before.
 */
void image_expect(struct image *image, const char *const *symbols, size_t count);
/* No .symtab: not here, nor in a debug file or .gnu_debugdata. */
bool image_is_stripped(struct image *image);
/* Where the symbols are from ("this file", a path); NULL: there are none. */
const char *image_symbol_source(struct image *image);
/* Why .gnu_debugdata, where no better symbols are, could not be read; NULL: it was not needed, or
 * read.
 */
const struct err *image_symbols_refused(const struct image *image);
/* The path of the file whose .symtab is used; NULL: there is none. */
const char *image_symtab_source(struct image *image);
/* The file was cut off: what its sections held (symbols, markers, types) is not in it. */
bool image_lacks_sections(const struct image *image);
/*
 * The demangled name of a C++ or Rust symbol, without parameters ("ns::Class::method"), with the
 * suffix of a compiler's clone (".cold"); `symbol` itself when it is not mangled.
 */
const char *image_demangle(struct image *image, const char *symbol);
/* The same, not kept where it is made here: in `buffer`, or `symbol` itself. For those who go
 * through all of a library once. `image` NULL: of no image. */
#define DEMANGLE_ONCE_MAX 20000
const char *demangle_once(struct image *image, const char *symbol, char buffer[DEMANGLE_ONCE_MAX]);
/*
 * The same with parameters, "ns::Class::method(int, char const*)"; NULL: it is no C++ symbol. The
 * caller frees it. `image` NULL: of no image.
 */
char *image_demangle_whole(struct image *image, const char *symbol);
/* The function whose [address, address + size) holds it, or NULL. */
const struct function *image_function_at(struct image *image, uint64_t address);
/* A variable, a table, a constant. */
struct object {
	const char *name; /* demangled */
	uint64_t address;
};
/* What lies at the address, as the symbol tables have it; also where the file has no content
 * (.bss). False: nobody knows. */
bool image_object_at(struct image *image, uint64_t address, struct object *ret);
/* A type of Go, as its runtime knows it. */
struct go_type {
	const char *name; /* as Go's %T would write it */
	uint8_t kind;	  /* what it is in the end: reflect.Kind */
};
/* Of the description at the address; NULL: it is none. */
const struct go_type *image_go_type_at(struct image *image, uint64_t address);
/* The same of what such a table of methods is for: struct itab. */
const struct go_type *image_go_table_at(struct image *image, uint64_t address);
/* Rust: the type whose vtable begins at this address, "app::Square"; NULL: none is known to. */
const char *image_rust_type_at(struct image *image, uint64_t address);
/*
 * Is the stack at this address as a caller leaves it, so that the return address is on top (in the
 * link register)? The unwind tables say so, where there are any for it.
 */
enum frame_place {
	FRAME_UNKNOWN,
	FRAME_START,
	FRAME_INSIDE, /* something else is on top */
};
enum frame_place image_frame_place(struct image *image, uint64_t address);
/*
 * Where the stretch of code around the address begins in which the unwind tables' rules stay the
 * same: an instruction starts there. False: there are no tables for it.
 */
bool image_frame_row(struct image *image, uint64_t address, uint64_t *ret_start);
/* Is the symbol undefined here, so that the loader resolves it elsewhere? / defined, as anything?
 */
bool image_imports(struct image *image, const char *symbol);
bool image_defines(struct image *image, const char *symbol);
/* Address of a defined data or function symbol (.symtab, .dynsym, debug file); false: no such. */
bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret);

/*
 * Parameters and result of a function: from the built-in prototypes when the image is a library
 * that they describe (by soname), else from DWARF, else from the built-in prototypes for a program
 * that contains such a library. *ret is NULL, without an error, when nobody knows; so it is for
 * IFUNC resolvers, and for what lies outside of its function (".cold").
 */
struct err *image_prototype(struct image *image, const struct function *function,
			    const struct prototype **ret) must_check;
/* Through so many pointers the structures of prototypes are opened, two at least. To be said before
 * the first prototype is asked for. */
void image_open_types(struct image *image, unsigned int pointers);
/* Where the function was written: file and line; false when unknown. */
bool image_source_line(struct image *image, const struct function *function, const char **ret_file,
		       unsigned int *ret_line);
/* Where the debug information came from ("this file", a path), NULL when there is none. */
const char *image_debug_source(struct image *image);
/*
 * Why the file cannot be read any more: the process that reads it (child/symbolizer.h) has died of
 * it. From then on whatever can fail fails, and everything else finds nothing. NULL: all is well.
 */
const struct err *image_failure(const struct image *image);
/* What of it is in a file that was not found (.dwo, dwz), as far as it was asked for; else NULL. */
const char *image_debug_missing(const struct image *image);

/*
 * Where answers are kept from one run to the next, by a name: the file's build id. `read` returns
 * bytes that the caller frees, NULL: there are none. What is read is checked, and what does not fit
 * is not believed.
 */
struct image_cache {
	void *context;
	const char *program; /* the version that understands the bytes */
	void *(*read)(void *context, const char *name, size_t *ret_size);
	void (*write)(void *context, const char *name, const void *bytes, size_t size);
};
/* Prototypes and source lines from large debug information are kept there. Before the first
 * question; `cache` outlives the image. */
void image_use_cache(struct image *image, const struct image_cache *cache);

#endif
