/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/image.h — struct image as the files of this folder see it. Private to symbols/. */
#ifndef UTRAIL_SYMBOLS_IMAGE_H
#define UTRAIL_SYMBOLS_IMAGE_H

#include "common/arena.h"
#include "common/array.h"
#include "symbols/elf_file.h"
#include "symbols/name_map.h"
#include "symbols/symbols.h"

/* A PT_LOAD, its file part clipped to what the file really holds. */
struct segment {
	uint64_t address, offset, file_size;
	uint64_t memory_size; /* no less than that */
	bool executable;
};

/* What PT_DYNAMIC leads to, as file offsets; 0: not there. */
struct dynamic_section {
	uint64_t strings, strings_size;
	uint64_t symbols, gnu_hash, hash;
};

struct symbol_table {
	const Elf64_Sym *symbols;
	size_t count;
	const char *strings; /* the last of strings_size bytes is NUL */
	size_t strings_size;
};

struct Dwarf_CFI_s;
struct Dwarf_Frame_s;
struct answers;
struct builtin;
struct debug_candidate;
struct debug_file;
struct dwarf_info;
struct frame_table;
struct remote;

struct image {
	char *path;
	struct elf_file file;
	bool is_layered;    /* identity.c */
	int64_t changed_ns; /* of what is layered; else 0 */
	struct arena arena;
	struct segment *segments;
	size_t n_segments;
	uint8_t *build_id;
	size_t build_id_size;
	const char *interpreter;
	struct dynamic_section dynamic;
	const char *soname;
	const char *const *needed;
	struct image_window *window; /* image_read() */

	/* image_symbols.c, on first use */
	bool tables_read, dynamic_table_read;
	struct symbol_table dynamic_table;
	bool hash_is_of_table;		  /* .dynamic.gnu_hash is */
	struct symbol_table static_table; /* of the debug file when the file has none */
	bool static_is_debug;
	bool functions_read;
	struct function *functions;
	size_t n_functions;
	uint64_t *reaches; /* [i]: the highest end of functions 0 to i */

	/* symbol_index.c */
	bool imports_indexed, exports_indexed, statics_indexed;
	struct name_map imports; /* undefined in .dynsym */
	struct name_map exports; /* defined in .dynsym; the value is the address */
	struct name_map statics; /* defined in .symtab */
	unsigned int scans;	 /* questions answered without these */

	struct name_map demangled; /* demangle.c */
	struct name_map go_types;  /* go_type.c: struct go_type, by where it is */
	struct name_map
		rust_types;  /* rust_vtable.c: the same of vtables; all, or those asked for */
	bool has_rust_types; /* all of them are there */
	struct object_map *objects; /* object.c; NULL: nothing was asked for */

	/* debug_file.c */
	const char *debug_root; /* DEBUG_DIRECTORY, except in tests */
	int root;		/* that of the process whose file it is; -1: ours */
	const struct debug_source *debug_source; /* NULL: none */
	struct debug_file *debug;
	bool debug_searched;
	const char *place; /* where the file lies; NULL: the kernel is asked */
	/* Which of these files are there, in one question; NULL: each is tried. */
	uint64_t (*which_exist)(const struct debug_candidate *candidates, size_t count);
	struct elf_file mini; /* of .gnu_debugdata; .elf is NULL: there is none, or not needed */
	const char *symbol_source;
	struct err *mini_refused;
	const char *debug_missing; /* see image_debug_missing() */
	struct dwarf_info *dwarf;  /* dwarf_info.c */
	bool dwarf_opened;
	unsigned int type_pointers; /* see image_open_types() */
	struct builtin *builtin;    /* prototypes.c */
	/* kept.c */
	const struct image_cache *cache; /* NULL: nothing is kept */
	struct answers *answers;
	bool answers_opened;
	struct Dwarf_CFI_s *unwind; /* unwind.c; NULL: none */
	bool unwind_opened;
	struct unwind_rows *rows; /* unwind_row.c */
	struct frame_table *frame_table;
	struct place_map *places; /* place.c */

	/* child/remote.h: the symbolizer reads the file, and libelf has not seen it; NULL: we do */
	struct remote *remote;
	const Elf64_Phdr *headers; /* then */
};

/* image.c */
/* As image_open(); a file that is cut short meanwhile ends us. */
struct err *image_open_mapped(const char *path, int fd, struct image **ret) must_check;
const struct segment *image_segment_of(const struct image *image, uint64_t address);

/* False: it has no content in the file. */
bool section_range_of(const struct image *image, const Elf64_Shdr *header,
		      struct section_range *ret);

/* dwarf_info.c: see image_debug_missing(); the first word counts. */
void image_note_missing(struct image *image, const char *what, const char *name);

/* identity.c: what is asked of an opened file once, for image_is_same_file(). */
void image_identify(struct image *image);

/* image_dynamic.c: fills .dynamic, .soname and .needed as far as they make sense. */
struct err *image_read_dynamic(struct image *image) must_check;
/* What loaders ask: is it defined in .dynamic_table? False: there is no table that would know. */
bool image_hash_defines(struct image *image, const char *name, bool *ret_defines);
/* The dynamic symbols by way of PT_DYNAMIC, for a file without section headers. */
bool image_dynamic_symbols(struct image *image, struct symbol_table *ret);

/* unwind.c: the rules at this address, the caller's to free; NULL: nothing is known of it. */
struct Dwarf_Frame_s *image_frame_at(struct image *image, uint64_t address);

/* kept.c: answers of earlier runs; false: there is none. The one that was found for the same
 * address before is found again. */
struct answer;
bool image_kept_answer(struct image *image, uint64_t address, struct answer *ret);
void image_keep_answer(struct image *image, const struct answer *answer);
bool image_has_to_keep(const struct image *image);
/* Writes down what was added. */
void image_kept_free(struct image *image);

/* walk.c: built-in prototypes, or DWARF? */
bool image_may_have_types(struct image *image);

/* Does a PT_LOAD with content in the file cover it, with or without content there? */
bool image_has_memory(const struct image *image, uint64_t address);

/* unwind_row.c, place.c, object.c: what was found is kept. */
void image_objects_free(struct image *image);
void unwind_rows_free(struct image *image);
void image_places_free(struct image *image);

/* demangle.c: the length of what is in `to`; 0: it is not mangled, or would be too long. */
size_t demangle_to(const char *symbol, char to[DEMANGLE_ONCE_MAX]);

/* symbol_index.c: of something that has a name of its own. */
bool symbol_is_definition(const Elf64_Sym *symbol);

/* image_symbols.c */
void image_read_tables(struct image *image);
/* .dynsym alone, for which no debug file is looked for. */
void image_read_dynamic_table(struct image *image);
/* The name at `offset` of the string table, with its length up to '@'; NULL: out of range, empty.
 */
const char *symbol_name(const struct symbol_table *table, uint32_t offset, size_t *ret_length);
/* How many bytes of names to read from the table at most. */
size_t symbol_name_budget(const struct symbol_table *table);

#endif
