/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When may the kernel's return trampoline be used?
 *
 * A return probe overwrites the return address on the target's stack with the address of a page of
 * the kernel's own, and the thread carries a list of the addresses it replaced, in the order of the
 * stack. That is invisible to a program that comes back by `ret`, or that drops frames by longjmp
 * (the kernel sees by the stack pointer which entries are dead). It changes the target wherever
 * somebody else reads return addresses or leaves the order of one stack:
 *
 *  - Unwinding. Exceptions, panics and forced unwinding (pthread_exit, pthread_cancel) look the
 *    return address up in the unwind tables, find none for the trampoline, and end the process, or
 *    skip clean-up code. backtrace() and profilers see a shorter stack. All unwinding on Linux goes
 *    through libgcc_s, libunwind, or a copy of them. A copy linked in needs the address of the
 *    program's tables: from dl_iterate_phdr() or _dl_find_object(). Landing pads need
 *    .gcc_except_table. So a file that neither imports these names, nor has that section, nor
 *    needs such a library does not unwind.
 *  - Switching stacks: ucontext, Boost.Context, libco, and many hand-made ones. Names are not
 *    enough, as a stripped library shows none of its own: the text itself is searched for
 *    instructions that load the stack pointer with a foreign value.
 *  - Handling signals on another stack, when it lies above the interrupted frames: the kernel takes
 *    these for dead as soon as a probed function is called there, and their returns crash.
 *  - Moving stacks, or finding roots in them by return address: Go, split stacks, OCaml.
 *  - Instrumentation that reads return addresses: mcount, -finstrument-functions.
 *  - A seccomp filter may not know the system call that the trampoline makes since 6.11, and kill;
 *    from 6.14 and 6.12.14 on filters do not see it (cf6cb56ef244). One may come later, too.
 *  - Walking along frame pointers by hand: the text is searched for functions that do.
 *  - Reading the stack that a signal interrupts (profilers, crash handlers): interrupted.c.
 *  - Single functions that use their own return address: return_address_matters() by name, and by
 *    their instructions (return_slot.c).
 *
 * A proof holds for the files it looked at. So there is none when the list is not complete, and
 * none for programs that load further libraries by dlopen(). What libc itself loads (name service
 * and character set modules) is accepted: such a module could only do harm by unwinding through or
 * switching away from a probed frame that called it, that is, through libc's own frames in between,
 * which have no unwind entries for exceptions to pass them legally.
 *
 * libc and the dynamic linker define swapcontext, longjmp, pthread_exit and the like, for those who
 * ask: they count where they are imported. The C library's text is not searched. A static program
 * imports nothing; it is judged by what it defines, and when stripped not at all.
 *
 * Code that is made at run time is in no file. Programs that ask for memory for it by a constant
 * are known (made_code.c), and processes that have such memory (cli/plan, and late.c when it
 * comes).
 *
 * A function that searches the stack of its own thread, or another one's, from some variable up
 * cannot be told from one that reads an array.
 *
 * Where the proof fails, return sites are used: they change nothing, and cost more.
 */
#include "uprobe/safety.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/uprobe.h"

struct risk {
	const char *symbol;
	const char *what; /* follows the file's name */
};

static const char throws[] = "can throw through the frame";
static const char unwinds[] = "can unwind the stack";
static const char forces[] = "can end threads by unwinding their stacks";
static const char switches[] = "can switch stacks";
static const char signals[] = "can handle signals on another stack";
static const char interrupts[] =
	"may read return addresses: a signal handler takes the stack that it interrupts";
static const char makes[] = "makes code at run time, which nobody has read";
static const char loads[] = "can load further libraries";
static const char reads[] = "reads return addresses";
static const char filters[] =
	"can install a seccomp filter, which may kill it at this kernel's trampoline";

/* What only those import who use it. */
static const struct risk imported[] = {
	{"_Unwind_RaiseException", throws},
	{"_Unwind_ForcedUnwind", unwinds},
	{"_Unwind_Resume", throws},
	{"_Unwind_Backtrace", unwinds},
	{"_Unwind_Find_FDE", unwinds},
	{"_dl_find_object", unwinds},
	{"dl_iterate_phdr", unwinds},
	{"__register_frame_info", throws},
	{"__gcc_personality_v0", throws},
	{"__gxx_personality_v0", throws},
	{"__cxa_throw", throws},
	{"backtrace", unwinds},
	{"unw_step", unwinds},
	{"_ULx86_64_step", unwinds},
	{"_ULaarch64_step", unwinds},
	{"pthread_exit", forces},
	{"pthread_cancel", forces},
	{"thrd_exit", forces},
	{"makecontext", switches},
	{"swapcontext", switches},
	{"setcontext", switches},
	{"sigaltstack", signals},
	{"dlopen", loads},
	{"dlmopen", loads},
	{"__libc_dlopen_mode", loads},
	{"__morestack", switches},
	{"mcount", reads},
	{"_mcount", reads},
	{"__fentry__", reads},
	{"__cyg_profile_func_enter", reads},
};

/* What tells by being there, or by being asked for; not looked for in libc. */
static const struct risk present[] = {
	{"_Unwind_RaiseException", throws},
	{"__cxa_throw", throws},
	{"rust_eh_personality", throws},
	{"__gxx_personality_v0", throws},
	{"unw_step", unwinds},
	{"jump_fcontext", switches},
	{"make_fcontext", switches},
	{"ontop_fcontext", switches},
	{"co_switch", switches},
	{"coro_transfer", switches},
	{"coroutine_transfer", switches},
	{"bthread_jump_fcontext", switches},
	{"bthread_start_background", switches},
	{"_st_md_cxt_restore", switches},
	{"__splitstack_makecontext", switches},
	{"__morestack", switches},
	{"runtime.morestack", switches},
	{"caml_frametable", "finds its data by return addresses"},
	{"caml_system__frametable", "finds its data by return addresses"},
	{"__cyg_profile_func_enter", reads},
};

/* A static program has these only when something in it uses them. */
static const struct risk linked[] = {
	{"makecontext", switches}, {"swapcontext", switches}, {"setcontext", switches},
	{"dlopen", loads},	   {"pthread_exit", forces},  {"pthread_cancel", forces},
	{"backtrace", unwinds},	   {"mcount", reads},	      {"sigaltstack", signals},
};

/* Where a filter would see the trampoline. Whoever has a call of the kernel's without a wrapper
 * asks for it by syscall(). */
static const struct risk filtering[] = {
	{"seccomp_load", filters},
	{"prctl", filters},
	{"syscall", filters},
};

/* Libraries that exist to unwind; by the start of their names. */
static const struct risk libraries[] = {
	{"libgcc_s.so", unwinds},	  {"libstdc++.so", throws}, {"libc++.so", throws},
	{"libc++abi.so", throws},	  {"libunwind", unwinds},   {"libgo.so", switches},
	{"libbacktrace.so", unwinds},	  {"libdw.so", unwinds},    {"libboost_context", switches},
	{"libboost_coroutine", switches},
};

static const struct risk sections[] = {
	{".gopclntab", "is a Go program, which moves its stacks"},
	{".data.rel.ro.gopclntab", "is a Go program, which moves its stacks"},
	{".go.buildinfo", "is a Go program, which moves its stacks"},
	{".note.go.buildid", "is a Go program, which moves its stacks"},
	{".gcc_except_table", "has code that exceptions pass"},
	{".note.GNU-split-stack", switches},
};

/* glibc's parts and musl; by the start of their names. */
static const char *const c_libraries[] = {
	"libc.so.",	 "ld-linux",	   "libpthread.so.", "libdl.so.",  "librt.so.",
	"libc.musl-",	 "ld-musl-",	   "libutil.so.",    "libanl.so.", "libresolv.so.",
	"libnss_files.", "libnss_dns.so.", "libnsl.so.1",
};

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static const char *short_name(const struct image *image)
{
	const char *soname = image_soname(image);
	return soname ? soname : file_name(image_path(image));
}

static bool is_c_library(const struct image *image)
{
	const char *soname = image_soname(image);
	for (size_t i = 0; soname && i < array_size(c_libraries); i++)
		if (starts(soname, c_libraries[i]))
			return true;
	return false;
}

/* The first reason against the trampoline. */
struct verdict {
	struct arena *arena;
	enum return_filter filter;
	const char *why;
	bool nomem;
};

static bool object(struct verdict *verdict, const struct image *image, const char *what)
{
	verdict->why = arena_printf(verdict->arena, "%s %s", short_name(image), what);
	verdict->nomem = !verdict->why;
	return true;
}

static bool object_to_name(struct verdict *verdict, const struct image *image, const char *name)
{
	for (size_t i = 0; i < array_size(libraries); i++)
		if (starts(name, libraries[i].symbol))
			return object(verdict, image, libraries[i].what);
	return false;
}

static bool object_to_needed(struct verdict *verdict, const struct image *image)
{
	const char *const *needed = image_needed(image);
	for (size_t i = 0; needed && needed[i]; i++)
		if (object_to_name(verdict, image, needed[i]))
			return true;
	return false;
}

static bool object_to_sections(struct verdict *verdict, struct image *image)
{
	struct section_range range;
	for (size_t i = 0; i < array_size(sections); i++)
		if (image_section(image, sections[i].symbol, &range))
			return object(verdict, image, sections[i].what);
	/* Without section headers, their absence means nothing. */
	if (!image_section(image, ".text", &range))
		return object(verdict, image, "has no section headers to judge it by");
	return false;
}

typedef bool symbol_test(struct image *image, const char *symbol);

static bool object_to_symbols(struct verdict *verdict, struct image *image, symbol_test *test,
			      const struct risk *risks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (test(image, risks[i].symbol))
			return object(verdict, image, risks[i].what);
	return false;
}

/* What was not found in a file that can no longer be read may be there. */
static bool object_to_failure(struct verdict *verdict, const struct image *image)
{
	return image_failure(image) && object(verdict, image, "cannot be read");
}

static bool object_to_filtering(struct verdict *verdict, struct image *image)
{
	return verdict->filter == FILTER_MAY_COME &&
	       object_to_symbols(verdict, image,
				 image_is_static(image) ? image_defines : image_imports, filtering,
				 array_size(filtering));
}

/* The cheap questions: dynamic symbols, section names. */
static bool object_at_sight(struct verdict *verdict, struct image *image)
{
	if (object_to_name(verdict, image, short_name(image)))
		return true;
	if (is_c_library(image))
		return false;
	return object_to_symbols(verdict, image, image_imports, imported, array_size(imported)) ||
	       object_to_filtering(verdict, image) || object_to_sections(verdict, image) ||
	       object_to_needed(verdict, image) || object_to_failure(verdict, image);
}

/* The dear ones: the whole symbol table, the whole text. */
static struct err *object_on_search(struct verdict *verdict, struct image *image)
{
	if (is_c_library(image))
		return NULL;
	if (image_is_static(image) && image_is_stripped(image)) {
		object(verdict, image, "is static and stripped: nobody knows what is in it");
		return NULL;
	}
	if (object_to_symbols(verdict, image, image_defines, present, array_size(present)) ||
	    object_to_failure(verdict, image))
		return NULL;
	if (image_is_static(image) &&
	    object_to_symbols(verdict, image, image_defines, linked, array_size(linked)))
		return NULL;
	enum text_risk found;
	struct err *e = text_search(image, &found);
	if (!e && found == TEXT_SWITCHES)
		object(verdict, image, "may switch stacks: it loads the stack pointer");
	else if (!e && found == TEXT_SIGNALS)
		object(verdict, image, signals);
	else if (!e && found == TEXT_WALKS)
		object(verdict, image, "may read return addresses: it follows frame pointers");
	else if (!e && found == TEXT_INTERRUPTED)
		object(verdict, image, interrupts);
	else if (!e && found == TEXT_MAKES_CODE)
		object(verdict, image, makes);
	else if (!e)
		object_to_failure(verdict, image);
	return e;
}

static const char *find_switch(struct image *image, symbol_test *test, const struct risk *risks,
			       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (risks[i].what == switches && strstr(risks[i].symbol, "morestack") == NULL &&
		    test(image, risks[i].symbol))
			return risks[i].symbol;
	return NULL;
}

const char *uprobe_switches_stacks(struct image *image)
{
	const char *found = find_switch(image, image_imports, imported, array_size(imported));
	found = found ? found : find_switch(image, image_defines, present, array_size(present));
	if (!found && image_is_static(image))
		found = find_switch(image, image_defines, linked, array_size(linked));
	uint64_t address;
	if (found || !stack_switch_find(image, &address))
		return found;
	const struct function *function = image_function_at(image, address);
	return function ? function->symbol : "in code of its own";
}

static struct err *search_all(struct image *const *images, size_t n_images, struct verdict *verdict)
{
	struct err *e = NULL;
	for (size_t i = 0; i < n_images && !verdict->why && !verdict->nomem; i++)
		object_at_sight(verdict, images[i]);
	for (size_t i = 0; !e && i < n_images && !verdict->why && !verdict->nomem; i++)
		e = object_on_search(verdict, images[i]);
	return e;
}

enum return_filter return_filter_of(const char *release)
{
#if !defined(__x86_64__)
	/* Elsewhere it takes a breakpoint in place of a system call. */
	(void)release;
	return FILTER_HARMLESS;
#else
	unsigned int major, minor, patch = 0;
	/* An unknown form is one to be careful with. */
	if (sscanf(release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return FILTER_MAY_COME;
	/* 6.12.14 took it over. */
	bool sees = major == 6 && minor >= 11 && minor <= 13 && !(minor == 12 && patch >= 14);
	return sees ? FILTER_MAY_COME : FILTER_HARMLESS;
#endif
}

struct err *return_prove(struct image *const *images, size_t n_images, enum return_filter filter,
			 bool unknown_modules, struct arena *arena, struct return_verdict *ret)
{
	struct verdict verdict = {.arena = arena, .filter = filter};
	if (unknown_modules || !n_images)
		verdict.why = "not all files that will run are known";
	else if (filter == FILTER_IN_FORCE)
		verdict.why = "a seccomp filter may kill it at the trampoline";
	struct err *e = search_all(images, n_images, &verdict);
	if (e || verdict.nomem)
		return e ? e : &err_nomem;
	ret->mode = verdict.why ? RETURN_SITE : RETURN_TRAMPOLINE;
	ret->why = verdict.why ? verdict.why
			       : "nothing in the process unwinds, switches or moves stacks";
	return NULL;
}

bool return_address_matters(const char *symbol)
{
	/* They keep their return address for a second return, take it for the caller's identity, or
	 * leave the stack that they came on. */
	static const char *const names[] = {
		"setjmp",
		"sigsetjmp",
		"savectx",
		"getcontext",
		"setcontext",
		"swapcontext",
		"makecontext",
		"vfork",
		"clone",
		"clone3",
		"longjmp",
		"siglongjmp",
		"longjmp_chk",
		"dlopen",
		"dlmopen",
		"dlsym",
		"dlvsym",
		"dladdr",
		"dl_iterate_phdr",
		"mcount",
		"fentry__",
		"libc_start_main",
		"libc_start_call_main",
		"start",
		"backtrace",
		"libc_dlopen_mode",
		"libc_dlsym",
		"restore_rt",
		"cyg_profile_func_enter",
		"cyg_profile_func_exit",
		"pthread_exit",
	};
	if (starts(symbol, "_Unwind_") || starts(symbol, "_dl_"))
		return true;
	while (*symbol == '_')
		symbol++;
	if (starts(symbol, "GI_"))
		symbol += 3;
	while (*symbol == '_')
		symbol++;
	for (size_t i = 0; i < array_size(names); i++)
		if (!strcmp(symbol, names[i]))
			return true;
	return false;
}
