/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/life.h"

#include "common/array.h"
#include "kernel/point.h"

struct life_name {
	const char *name;
	enum life_word word;
	const struct type *type;
};

static const struct type number_type = {.kind = TYPE_INT, .size = 4, .name = "number"};
static const struct type flag_type = {.kind = TYPE_BOOL, .size = 4, .name = "bool"};
static const struct type text_type = {.kind = TYPE_STRING, .size = 8, .name = "text"};

#define CODE(code_name, number)                        \
	{                                              \
		.name = (code_name), .value = (number) \
	}

static const struct enumerator codes[] = {
	/* include/uapi/asm-generic/siginfo.h */
	CODE("SI_USER", 0),	CODE("SI_KERNEL", 0x80),  CODE("SI_QUEUE", -1),
	CODE("SI_TIMER", -2),	CODE("SI_MESGQ", -3),	  CODE("SI_ASYNCIO", -4),
	CODE("SI_SIGIO", -5),	CODE("SI_TKILL", -6),	  CODE("CLD_EXITED", 1),
	CODE("CLD_KILLED", 2),	CODE("CLD_DUMPED", 3),	  CODE("CLD_TRAPPED", 4),
	CODE("CLD_STOPPED", 5), CODE("CLD_CONTINUED", 6),
};
static const struct type code_type = {.kind = TYPE_ENUM,
				      .size = 4,
				      .name = "si_code",
				      .enumerators = codes,
				      .n_enumerators = array_size(codes)};

static const struct life_name fork_names[] = {
	{"child_pid", LIFE_FORK_PID, &number_type},
	{"child_tid", LIFE_FORK_TID, &number_type},
	{"thread", LIFE_FORK_THREAD, &flag_type},
};
static const struct life_name exec_names[] = {
	{"filename", LIFE_EXEC_FILENAME, &text_type},
	{"path", LIFE_EXEC_FILENAME, &text_type},
	{"ppid", LIFE_EXEC_PPID, &number_type},
};
static const struct life_name exit_names[] = {
	{"status", LIFE_EXIT_STATUS, &number_type},
	{"signal", LIFE_EXIT_SIGNAL, &number_type},
	{"core_dumped", LIFE_EXIT_DUMPED, &flag_type},
	{"thread", LIFE_EXIT_THREAD, &flag_type},
};
static const struct life_name signal_names[] = {
	{"signal", LIFE_SIGNAL_NUMBER, &number_type},
	{"ignored", LIFE_SIGNAL_IGNORED, &flag_type},
	{"si_code", LIFE_SIGNAL_CODE, &code_type},
	{"si_pid", LIFE_SIGNAL_PID, &number_type},
	{"si_uid", LIFE_SIGNAL_UID, &number_type},
	{"si_status", LIFE_SIGNAL_STATUS, &number_type},
};

#define NAMES_MAX 12

static const struct {
	enum probe_kind kind;
	enum life_number number; /* 0: of its own for each */
	const struct life_name *names;
	size_t n_names;
} lives[] = {
	{PROBE_FORK, LIFE_FORKS, fork_names, array_size(fork_names)},
	{PROBE_EXEC, LIFE_EXECS, exec_names, array_size(exec_names)},
	{PROBE_EXIT, LIFE_EXITS, exit_names, array_size(exit_names)},
	{PROBE_SIGNAL, 0, signal_names, array_size(signal_names)},
};

uint32_t life_number(enum probe_kind kind)
{
	for (size_t i = 0; i < array_size(lives); i++)
		if (lives[i].kind == kind)
			return lives[i].number;
	return 0;
}

static struct probe_site *find(const struct probe_set *set, uint32_t number)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && (site->wire.flags & SITE_LIFE) && site->life == number)
			return site;
	}
	return NULL;
}

uint32_t life_site(const struct probe_set *set, uint32_t number)
{
	const struct probe_site *site = find(set, number);
	return site ? site->id : 0;
}

bool life_has_sites(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->wire.kind && (set->sites.items[i]->wire.flags & SITE_LIFE))
			return true;
	return false;
}

void life_remove(struct probe_set *set, uint32_t number)
{
	struct probe_site *site = find(set, number);
	if (site)
		site->wire.kind = 0;
}

/* Texts by an address of the kernel's, whoever is the current thread: who sends a signal is not
 * whom it ends. */
static struct condition_name to_name(const struct life_name *from)
{
	return (struct condition_name){
		.name = from->name,
		.type = from->type,
		.source = fetch_from_register((uint8_t)from->word, (uint8_t)from->type->size,
					      type_is_signed(from->type)),
	};
}

static size_t take_names(enum probe_kind kind, struct condition_name *names)
{
	static const struct life_name comm = {"comm", LIFE_COMM, &text_type};
	static const char *const sender[] = {"uid", "gid"};
	size_t count = 0;
	for (size_t i = 0; i < array_size(lives); i++)
		for (size_t n = 0; lives[i].kind == kind && n < lives[i].n_names; n++)
			names[count++] = to_name(&lives[i].names[n]);
	names[count++] = to_name(&comm);
	if (kind == PROBE_EXEC)
		names[count++] = (struct condition_name){
			.name = "argv", .type = &text_type, .source.unavailable = "it is a list"};
	for (size_t i = 0; kind == PROBE_SIGNAL && i < array_size(sender); i++)
		names[count++] = (struct condition_name){
			.name = sender[i],
			.type = &number_type,
			.source.unavailable =
				"some signals are told in the thread that sends them; the "
				"sender's is 'si_uid'"};
	return count;
}

static struct err *compile(struct probe_set *set, struct probe_site *site)
{
	struct condition_name names[NAMES_MAX];
	const char *word = probe_kind_name(site->probe->kind);
	const struct condition_scope scope = {
		.names = names,
		.n_names = take_names(site->probe->kind, names),
		.no_result = "task life returns nothing",
		.no_duration = "this is one moment, and takes no time",
		.what = *site->probe->module
				? arena_printf(&set->arena, "%s:%s", word, site->probe->name)
				: word,
	};
	site->filter = NULL;
	if (!scope.what)
		return &err_nomem;
	return condition_compile(site->condition, &scope, &set->arena, &site->filter);
}

static struct err *join(struct probe_set *set, const struct spec *spec, struct probe_site *site)
{
	set->repeated++;
	struct err *e =
		condition_either(&set->arena, site->condition, spec->condition, &site->condition);
	return e ? e : compile(set, site);
}

struct err *life_add(struct probe_set *set, const struct spec *spec, uint32_t signal,
		     const char *name, bool is_shown)
{
	uint32_t number = signal ? signal : life_number(spec->kind);
	struct probe_site *site = find(set, number);
	if (site)
		return join(set, spec, site);
	/* Without a site all of it is shown already, or will be. */
	if (is_shown || (!spec->condition && !spec->rate.count))
		return NULL;
	const char *module = signal ? probe_kind_name(spec->kind) : "";
	struct err *e = point_add(set, spec, module, name, &site);
	if (e)
		return e;
	site->wire.flags = SITE_LIFE;
	site->life = number;
	site->condition = spec->condition;
	return compile(set, site);
}
