/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell/find.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "probe/compile.h"
#include "probe/regs.h"

/* Longest line that is taken whole. */
#define LINE_MAX_BYTES 4096
/* Of a file's texts, how many bytes are looked through for a shell's. */
#define TEXTS_MAX (8U << 20)

/* --- which files ------------------------------------------------------------------------------ */

const char *shell_kind_name(enum shell_kind kind)
{
	return kind == SHELL_ZSH ? "zsh" : kind == SHELL_PLAIN ? "sh" : "bash";
}

static bool is_program(const struct image *image)
{
	return image_interpreter(image) || image_elf_type(image) == ET_EXEC;
}

static bool has_text(const char *texts, size_t size, const char *wanted)
{
	return memmem(texts, size, wanted, strlen(wanted));
}

/* A shell without symbols: dash and its relatives have the assignments that a shell begins with,
 * a stripped static bash has its variables' names. */
static bool has_shell_texts(struct image *image)
{
	static const char *const sections[] = {".rodata", ".data.rel.ro", ".data"};
	bool prompt = false, index = false, histories = false;
	for (size_t i = 0; i < array_size(sections); i++) {
		struct section_range range;
		if (!image_section(image, sections[i], &range) || range.size > TEXTS_MAX)
			continue;
		_cleanup_free_ char *texts = malloc(range.size + 1);
		struct err *e =
			texts ? image_read(image, range.offset, texts, range.size) : &err_nomem;
		if (e) {
			err_free(e);
			continue;
		}
		prompt |= has_text(texts, range.size, "PS4=+ ");
		index |= has_text(texts, range.size, "OPTIND=1");
		histories |= has_text(texts, range.size, "BASH_VERSINFO") &&
			     has_text(texts, range.size, "PROMPT_COMMAND");
	}
	return histories || (prompt && index);
}

enum shell_kind shell_recognise(struct image *image)
{
	const char *soname = image_soname(image);
	/* Libraries are many, and programs have no such name. */
	if (soname)
		return strncmp(soname, "libreadline.", 12) == 0 && image_defines(image, "readline")
			       ? SHELL_READLINE
			       : SHELL_NONE;
	bool is_bash = image_defines(image, "execute_command") &&
		       image_defines(image, "shell_version_string") &&
		       image_defines(image, "last_command_exit_value");
	if (is_bash && image_defines(image, "readline"))
		return SHELL_BASH;
	if (is_bash && image_imports(image, "readline"))
		return SHELL_BASH_SHARED;
	if (image_defines(image, "zleentry") && image_defines(image, "lastval"))
		return SHELL_ZSH;
	return is_bash || (is_program(image) && has_shell_texts(image)) ? SHELL_PLAIN : SHELL_NONE;
}

/* --- what is read there ----------------------------------------------------------------------- */

struct registers {
	uint8_t pc, result, arguments[6];
};

static const struct registers *registers_of(const struct image *image)
{
	static const struct registers x86 = {
		X86_RIP, X86_RAX, {X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9}};
	static const struct registers arm = {ARM64_PC, ARM64_X0, {0, 1, 2, 3, 4, 5}};
	return image_machine(image) == EM_AARCH64 ? &arm : &x86;
}

static void add_number(struct plan_builder *builder, const struct fetch_op *ops, size_t n_ops)
{
	/* There are three: a plan holds them. */
	int slot = plan_add_slot(builder, ops, n_ops);
	(void)slot;
}

static void add_register(struct plan_builder *builder, uint8_t reg)
{
	const struct fetch_op ops[] = {
		{.code = FETCH_REG, .reg = reg, .size = 4, .flags = FETCH_SIGNED},
		{.code = FETCH_INT, .size = 4, .flags = FETCH_SIGNED},
	};
	add_number(builder, ops, array_size(ops));
}

/* A variable of the same file lies at a fixed distance from the instruction at hand. */
static void add_variable(struct plan_builder *builder, struct image *image,
			 const struct probe_site *site, const char *name)
{
	uint64_t variable, here;
	bool found = image_symbol_address(image, name, &variable) &&
		     image_address_of(image, site->offset, &here);
	const struct fetch_op ops[] = {
		{.code = FETCH_REG, .reg = registers_of(image)->pc, .size = 8},
		{.code = FETCH_ADD, .imm = (int64_t)(variable - here)},
		{.code = FETCH_DEREF, .size = 4, .flags = FETCH_SIGNED},
		{.code = FETCH_INT, .size = 4, .flags = FETCH_SIGNED},
	};
	const struct fetch_op nothing[] = {
		{.code = FETCH_CONST, .imm = 0},
		{.code = FETCH_INT, .size = 4},
	};
	add_number(builder, found ? ops : nothing, found ? array_size(ops) : array_size(nothing));
}

static void add_state(struct plan_builder *builder, struct image *image,
		      const struct probe_site *site, enum shell_kind kind)
{
	const struct registers *registers = registers_of(image);
	if (kind == SHELL_ZSH) {
		/* zleentry(cmd, lp, rp, flags, context, ...) */
		add_variable(builder, image, site, "lastval");
		add_register(builder, registers->arguments[4]);
		add_register(builder, registers->arguments[0]);
		return;
	}
	add_variable(builder, image, site, "last_command_exit_value");
	add_variable(builder, image, site, "current_command_line_count");
	add_variable(builder, image, site, "executing_builtin");
}

static void add_line(struct plan_builder *builder, struct image *image)
{
	const struct fetch_op text[] = {
		{.code = FETCH_REG, .reg = registers_of(image)->result, .size = 8},
		{.code = FETCH_STRING, .flags = FETCH_NULL_OK | FETCH_MAYBE, .imm = LINE_MAX_BYTES},
	};
	const struct fetch_op directory[] = {
		{.code = FETCH_CONST, .imm = AT_FDCWD},
		{.code = FETCH_FILE, .flags = FETCH_CWD},
	};
	add_number(builder, text, array_size(text));
	add_number(builder, directory, array_size(directory));
}

/* --- where ------------------------------------------------------------------------------------ */

struct adding {
	const struct options *options;
	struct plan *plan;
	struct image *image;
	enum shell_kind kind;
	struct shell_places *places;
};

static struct err *set_place(struct adding *adding, uint32_t site_id, enum shell_role role)
{
	struct shell_places *places = adding->places;
	while (places->count <= site_id)
		if (!array_push(places))
			return &err_nomem;
	places->items[site_id] = (struct shell_place){role, adding->kind};
	return NULL;
}

static struct err *finish_plan(struct adding *adding, struct plan_builder *builder,
			       const struct fetch_plan **ret)
{
	struct value_list none;
	struct err *e = plan_finish(builder, ret, &none);
	(void)adding;
	plan_builder_deinit(builder);
	return e;
}

static struct err *plan_state(struct adding *adding, struct probe_site *site)
{
	struct plan_builder builder;
	plan_builder_init(&builder, &adding->plan->set.arena, &adding->plan->set.options);
	add_state(&builder, adding->image, site, adding->kind);
	return finish_plan(adding, &builder, &site->entry_plan);
}

static struct err *plan_line(struct adding *adding, struct probe_site *site)
{
	struct plan_builder builder;
	plan_builder_init(&builder, &adding->plan->set.arena, &adding->plan->set.options);
	add_line(&builder, adding->image);
	return finish_plan(adding, &builder, &site->return_plan);
}

static struct err *set_up_site(struct adding *adding, struct probe_site *site, enum shell_role role)
{
	struct err *e = set_place(adding, site->id, role);
	bool has_state = adding->kind != SHELL_READLINE && role != ROLE_EXECUTE;
	bool is_line = role == ROLE_LINE && !(site->wire.flags & SITE_TAIL_CALL);
	if (!e && has_state && site->wire.kind != SITE_RETURN &&
	    (role != ROLE_LINE || adding->kind == SHELL_ZSH))
		e = plan_state(adding, site);
	if (!e && is_line)
		e = plan_line(adding, site);
	return e;
}

/* The trace goes on with what the shell runs. */
static struct err *note_refusal(struct adding *adding, struct err *e)
{
	if (!e || e == &err_nomem)
		return e;
	struct err *noted =
		probe_set_note(&adding->plan->set,
			       "%s: what is typed there cannot be seen, only what it runs: %s: %s",
			       image_path(adding->image), err_what(e), err_reason(e));
	err_free(e);
	return noted;
}

static struct err *add_place(struct adding *adding, const char *text, enum shell_role role)
{
	struct probe_set *set = &adding->plan->set;
	struct spec_list specs = {0};
	size_t before = set->sites.count;
	struct err *e = spec_parse(text, &specs);
	const char *name =
		adding->kind == SHELL_READLINE ? "libreadline" : shell_kind_name(adding->kind);
	if (!e)
		e = plan_add_from_image(adding->options, adding->plan, adding->image, name,
					&specs.items[0]);
	/* The entry, of which the return cannot be seen, would say nothing. */
	if (!e && role == ROLE_LINE && set->sites.count > before &&
	    !(set->sites.items[before]->wire.flags & SITE_HAS_RETURN))
		e = err_why(err_new(ERR_FAILED, 0, "the end of '%s' cannot be seen", text), "%s",
			    set->sites.items[before]->probe->return_why);
	if (e)
		set->sites.count = before;
	for (size_t i = before; !e && i < set->sites.count; i++)
		e = set_up_site(adding, set->sites.items[i], role);
	spec_list_deinit(&specs);
	return note_refusal(adding, e);
}

struct err *shell_add_places(const struct options *options, struct plan *plan, struct image *image,
			     enum shell_kind kind, struct shell_places *places)
{
	struct adding adding = {options, plan, image, kind, places};
	struct err *e = NULL;
	switch (kind) {
	case SHELL_BASH:
	case SHELL_READLINE:
		e = add_place(&adding, "uprobe:readline", ROLE_PROMPT);
		return e ? e : add_place(&adding, "call:readline", ROLE_LINE);
	case SHELL_ZSH:
		e = add_place(&adding, "uprobe:zleentry", ROLE_PROMPT);
		return e ? e : add_place(&adding, "call:zleentry", ROLE_LINE);
	case SHELL_BASH_SHARED:
		e = add_place(&adding, "uprobe:yyparse", ROLE_PARSE);
		return e ? e : add_place(&adding, "uprobe:execute_command", ROLE_EXECUTE);
	default:
		return NULL;
	}
}
