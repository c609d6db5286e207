/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/dwarf_info.h — the DWARF of an image, by way of libdw. Private to symbols/.
 *
 * libdw would open further files by names that the DWARF holds: dwz files (.gnu_debugaltlink) and
 * split units (.dwo, .dwp). It opens them as they are named, so a pipe there would block for ever.
 * Hence: a dwz file is found by its build id and handed to libdw before it looks; DWARF whose dwz
 * file is missing is left alone, as it names what it does not hold; and the other half of a split
 * unit is found by us (sources/split.c).
 *
 * Compressed sections are unpacked as far as they are needed (sources/view.c). Who reads other
 * units than dwarf_unit_at() has found must get the information from dwarf_info_of().
 */
#ifndef UTRAIL_SYMBOLS_DWARF_INFO_H
#define UTRAIL_SYMBOLS_DWARF_INFO_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "symbols/name_map.h"
#include "symbols/sources/line_check.h"
#include "symbols/symbols.h"

struct debug_file;
struct debug_view;
struct dwarf_attributes;

/* Where in .debug_info the unit is that has code in [low, high): its header. */
struct unit_range {
	uint64_t low, high;
	Dwarf_Off unit;
};

struct unit_ranges {
	struct unit_range *items; /* sorted by .low */
	size_t count;
	bool read;
};

/* A function's first address and its DIE. */
struct unit_function {
	uint64_t address;
	Dwarf_Off die;
};

/* The functions of one unit that have code, sorted by address. */
struct unit_index {
	struct unit_function *functions;
	size_t count;
	bool deep; /* those inside other functions too */
};

/* What a unit says of itself, and so of all that is in it. */
struct unit_words {
	const void *unit; /* address of its DIE; NULL: none so far */
	int language;	  /* DW_LANG_*, or -1 */
	const char *producer;
};

struct dwarf_info {
	struct image *image; /* whose it is */
	struct debug_view *view;
	Dwarf *dwarf;
	const char *source; /* "this file", a path */
	struct debug_file *alt_file;
	struct debug_view *alt_view;
	Dwarf *alt;
	struct arena arena;
	/* dwarf_units.c */
	struct unit_ranges aranges;	/* of .debug_aranges */
	struct unit_ranges unit_ranges; /* the units' own, read when those do not help */
	bool all_read;			/* all sections are there, but .debug_info */
	bool is_whole;			/* that, too, and all line tables are checked */
	struct line_strings strings;
	struct name_map complete; /* by offset of the header: units that can be read */
	bool has_last; /* the unit that was found last, and the range that it has there */
	struct unit_range last_range;
	Dwarf_Die last_unit;
	struct unit_words words; /* of the unit that was asked for last; dwarf_convention.c */
	/* dwarf_functions.c, by address of the unit's DIE: struct unit_index * */
	struct name_map units;
	/* sources/split.c */
	struct name_map halves; /* by address of the skeleton's DIE: was its other half found? */
	size_t n_halves;	/* files of other halves that were found */
	const char *first_half; /* path of the first */
	/* dwarf_types.c, by address of the DIE and depth: const struct type * */
	struct name_map types;
	unsigned int type_pointers; /* through which structures are opened */
	/* dwarf_prototype.c, by address: const struct prototype *, NULL for none */
	struct name_map prototypes;
};

/* The image's, opened once, with all that it has; NULL: it has none that can be used. */
struct dwarf_info *dwarf_info_of(struct image *image);
/* The same, to ask for functions and units by address: only what those need is unpacked. */
struct dwarf_info *dwarf_info_part(struct image *image);
void dwarf_info_free(struct dwarf_info *info);

/* All is there from now on, and may be read. */
void dwarf_info_unpack(struct dwarf_info *info);

/* dwarf_lines.c: makes line tables harmless that libdw must not read: all of them, once the view is
 * whole; one unit's. */
void dwarf_check_lines(struct debug_view *view, Dwarf *dwarf);
void dwarf_check_unit_lines(struct debug_view *view, Dwarf_Die *unit,
			    const struct line_strings *strings);
struct line_strings dwarf_line_strings(struct debug_view *view);

/* dwarf_reach.c: does the unit refer only to what is unpacked, which is all up to `end`? Checks the
 * line tables of the units that it refers to. */
bool dwarf_unit_is_complete(struct dwarf_info *info, Dwarf_Die *unit, Dwarf_Off end);

/* The DIE of the function that begins at this address; false: none. */
bool dwarf_function_at(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret);
/* The unit that has code at this address; of a split one, the half with the functions. */
bool dwarf_unit_at(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret);

/*
 * The type that the DIE's DW_AT_type names, void when it has none. Structures are opened through
 * pointers to a bounded depth and size. Never NULL, except when out of memory. `tags`: names are C,
 * where a structure is "struct x".
 */
const struct type *dwarf_type_of(struct dwarf_info *info, Dwarf_Die *die, bool tags);

/* The same, of the attribute itself; NULL: there is none. */
const struct type *dwarf_type_named(struct dwarf_info *info, Dwarf_Attribute *named, bool tags);

/* C++: is this argument or result, of class type, really the address of one? */
bool dwarf_passed_by_reference(Dwarf_Die *die);
/* Does that follow from what the class declares alone, as the compiler does not say it? */
bool dwarf_passed_by_guess(Dwarf_Die *die);

/* dwarf_place.c: where a parameter (NULL: the concrete function does not mention it) of the
 * function is at `address`, its first instruction. */
struct parameter_place dwarf_place_of(struct dwarf_attributes *function,
				      struct dwarf_attributes *parameter, uint64_t address);
/* Of Rust, where it is told of no place at the first instruction: the one behind it. */
struct parameter_place dwarf_place_later(struct dwarf_attributes *function,
					 struct dwarf_attributes *parameter, uint64_t address);
/* dwarf_convention.c: the words of the unit that the entry is in, until those of another one are
 * asked for; NULL: none. */
const struct unit_words *dwarf_words_of_unit(struct dwarf_info *info, Dwarf_Die *die);
/* By what rules the function is called; fills in no_convention, no_result, is_rust and
 * is_optimised. */
void dwarf_judge_convention(const struct unit_words *unit, struct dwarf_attributes *function,
			    const struct function *symbol, struct prototype *ret);
/* In C, a structure is "struct x". */
bool dwarf_unit_is_c(Dwarf_Die *unit);

/* A copy of a string of the file, cut at a length that nobody types. NULL: out of memory. */
const char *dwarf_copy_name(struct dwarf_info *info, const char *name);

/* An attribute that is an unsigned number, of the entry or of what it refers to; 0: there is none.
 */
uint64_t dwarf_info_number(Dwarf_Die *die, unsigned int name);

/*
 * From the entry of a type to its definition, in place. With type units (-fdebug-types-section) a
 * unit that uses a type has no more than a declaration, without a name or children, that names the
 * type's unit by its signature: whoever looks at parts of a type must have gone there.
 */
void dwarf_enter_definition(Dwarf_Die *type);

/* The number that an operation of a location pushes whatever the state is, sign-extended where its
 * kind has a sign. False: it is none of these. */
bool dwarf_op_constant(const Dwarf_Op *op, int64_t *ret);

#endif
