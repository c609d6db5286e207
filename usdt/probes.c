/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/probes.c — from notes to probes: one probe for each marker, one site for each note, and the
 * site's own fetch plan, since the same marker has its arguments elsewhere in each place.
 */
#include "common/cleanup.h"
#include "usdt/types.h"

/* What stays the same for one call of usdt_add_probes(). */
struct adding {
	struct probe_set *set;
	struct image *image;
	const char *module;
	const struct spec *spec;
	struct usdt_options options;
};

/* --- matching ------------------------------------------------------------------------------- */

/* False when the result does not fit. */
static bool replace(const char *text, const char *from, const char *to, char *ret, size_t size)
{
	size_t used = 0;
	while (*text) {
		bool found = !strncmp(text, from, strlen(from));
		const char *piece = found ? to : text;
		size_t length = found ? strlen(to) : 1;
		if (length >= size - used)
			return false;
		memcpy(ret + used, piece, length);
		used += length;
		text += found ? strlen(from) : 1;
	}
	ret[used] = 0;
	return true;
}

/*
 * DTrace writes query-start where the note has query__start; people write either. A name too long
 * for the buffer is matched as it is only.
 */
static bool matches_spelling(const struct spec *spec, const char *text)
{
	char other[512];
	if (spec_name_matches(spec, text))
		return true;
	if (!strchr(spec->name, '-') && !strchr(text, '-'))
		return false;
	return (replace(text, "__", "-", other, sizeof(other)) && spec_name_matches(spec, other)) ||
	       (replace(text, "-", "__", other, sizeof(other)) && spec_name_matches(spec, other));
}

bool usdt_matches(const struct spec *spec, const char *provider, const char *name)
{
	if (!matches_spelling(spec, name))
		return false;
	if (!spec->provider)
		return true;
	const struct spec of_provider = {
		.kind = spec->kind,
		.name = spec->provider,
		.name_kind = strpbrk(spec->provider, "*?[") ? SPEC_NAME_GLOB : SPEC_NAME_EXACT};
	return matches_spelling(&of_provider, provider);
}

struct match {
	const struct usdt_note *note;
	struct usdt_operands operands;
};

/* By marker; the notes of one marker stay in the order of the file. */
static int compare_matches(const void *a, const void *b)
{
	const struct usdt_note *left = ((const struct match *)a)->note;
	const struct usdt_note *right = ((const struct match *)b)->note;
	int order = strcmp(left->provider, right->provider);
	order = order ? order : strcmp(left->name, right->name);
	return order ? order : (left > right) - (left < right);
}

bool usdt_same_marker(const struct usdt_note *a, const struct usdt_note *b)
{
	return !strcmp(a->provider, b->provider) && !strcmp(a->name, b->name);
}

/* --- arguments ------------------------------------------------------------------------------ */

struct argument_list {
	const struct usdt_operand *operands;
	size_t n_operands;
	const struct parameter *known; /* of the table; a type may be NULL */
	size_t n_known;
	size_t n_guessed; /* so many of the first may be looked at for a text */
};

/* The user's word first, then the table's. */
static struct parameter known_parameter(const struct adding *adding,
					const struct argument_list *list, size_t index)
{
	struct parameter ret = {.name = ""};
	if (index < list->n_known)
		ret = list->known[index];
	if (adding->spec->has_types && index < adding->spec->types.n_parameters) {
		const struct parameter *given = &adding->spec->types.parameters[index];
		ret.type = given->type;
		if (given->name && *given->name)
			ret.name = given->name;
	}
	return ret;
}

/* The length of another argument's bytes as a value, whatever holds it. */
static struct fetch_source length_source(const struct argument_list *list, int argument)
{
	if (argument < 1 || (size_t)argument > list->n_operands)
		return (struct fetch_source){.unavailable = "no such argument for its length"};
	const struct usdt_operand *operand = &list->operands[argument - 1];
	struct fetch_source ret = operand->source;
	int size = operand->size;
	if (ret.unavailable || !ret.is_address)
		return ret;
	if ((size != 1 && size != 2 && size != 4 && size != 8) || ret.n_ops == FETCH_SOURCE_OPS)
		return (struct fetch_source){.unavailable = "its length is not a number"};
	ret.ops[ret.n_ops++] = (struct fetch_op){.code = FETCH_DEREF,
						 .size = (uint8_t)size,
						 .flags = operand->is_signed ? FETCH_SIGNED : 0};
	ret.is_address = false;
	return ret;
}

static struct err *add_argument(const struct adding *adding, const struct argument_list *list,
				size_t index, struct plan_builder *builder, bool *ret_full)
{
	struct arena *arena = &adding->set->arena;
	const struct usdt_operand *operand = &list->operands[index];
	struct parameter known = known_parameter(adding, list, index);
	struct fetch_source source = operand->source;
	struct fetch_source length = {0};
	const struct type *type;
	const char *why;
	struct err *e = types_fit(operand, known.type, arena, &type, &why);
	if (e)
		return e;
	const char *name = types_name(&known, index, arena);
	if (!name)
		return &err_nomem;
	if (type->kind == TYPE_WORD && index >= list->n_guessed)
		type = &types_number;
	/* For bytes the plan wants a pointer to them, and an operand that lies in memory and is
	 * bigger than a word has its address where others have their value. */
	if (type->kind == TYPE_BYTES && source.is_address && type != known.type)
		source.is_address = false;
	if (type->length_arg)
		length = length_source(list, type->length_arg);
	if (!source.unavailable)
		source.unavailable = why ? why : length.unavailable;
	e = plan_add_value(builder, name, type, &source, type->length_arg ? &length : NULL);
	if (!e && !source.unavailable && builder->values.items[index].unavailable)
		*ret_full = true;
	return e;
}

/* Said once, though many sites, or the next spec, may come to say it. */
static struct err *note_once(struct probe_set *set, const char *text)
{
	if (!text)
		return &err_nomem;
	for (size_t i = 0; i < set->notes.count; i++)
		if (!strcmp(set->notes.items[i].text, text))
			return NULL;
	return probe_set_note(set, "%s", text);
}

static struct err *note_extra_types(const struct adding *adding, const struct usdt_note *note,
				    size_t count)
{
	const struct spec *spec = adding->spec;
	if (!spec->has_types || spec->types.n_parameters <= count)
		return NULL;
	return note_once(
		adding->set,
		arena_printf(&adding->set->arena,
			     "%s: %s:%s: %u argument types given, but it has %zu arguments",
			     adding->module, note->provider, note->name, spec->types.n_parameters,
			     count));
}

/* *ret_full: there was no room for an argument that could be read. */
static struct err *make_plan(const struct adding *adding, const struct argument_list *list,
			     struct probe_site *site, bool *ret_full)
{
	_cleanup_(plan_builder_deinit) struct plan_builder builder;
	struct err *e = NULL;
	plan_builder_init(&builder, &adding->set->arena, &adding->set->options);
	*ret_full = false;
	for (size_t i = 0; !e && i < list->n_operands; i++)
		e = add_argument(adding, list, i, &builder, ret_full);
	return e ?: plan_finish(&builder, &site->entry_plan, &site->arguments);
}

/* The arguments by the names and types that they are shown with; what is shown as a number or as a
 * text may be asked for as either. */
static struct err *compile_condition(const struct adding *adding, const struct argument_list *list,
				     struct probe_site *site)
{
	struct arena *arena = &adding->set->arena;
	const struct condition *condition = adding->spec->condition;
	struct err *e = NULL;
	if (!condition)
		return NULL;
	struct condition_name *names = arena_array(arena, list->n_operands ?: 1, sizeof(*names));
	struct condition_scope scope = {.names = names,
					.n_names = list->n_operands,
					.no_result = "a marker is one moment",
					.no_duration = "a marker is one moment"};
	scope.what = arena_printf(arena, "%s:%s", site->probe->provider, site->probe->name);
	if (!names || !scope.what)
		return &err_nomem;
	for (size_t i = 0; !e && i < list->n_operands; i++) {
		struct parameter known = known_parameter(adding, list, i);
		const char *why = NULL;
		e = types_fit(&list->operands[i], known.type, arena, &names[i].type, &why);
		names[i].name = e ? NULL : types_name(&known, i, arena);
		names[i].source = list->operands[i].source;
		if (names[i].type && names[i].type->length_arg) {
			names[i].length = length_source(list, names[i].type->length_arg);
			names[i].has_length = !names[i].length.unavailable;
			why = why ? why : names[i].length.unavailable;
		}
		if (!names[i].source.unavailable)
			names[i].source.unavailable = why;
	}
	return e ?: condition_compile(condition, &scope, arena, &site->filter);
}

static struct err *compile_arguments(const struct adding *adding, const struct match *match,
				     struct probe_site *site)
{
	struct arena *arena = &adding->set->arena;
	const struct usdt_note *note = match->note;
	struct argument_list list = {.operands = match->operands.items,
				     .n_operands = match->operands.count};
	struct err *e = note_extra_types(adding, note, list.n_operands);
	e = e
		    ?: types_of_marker(note->provider, note->name, list.n_operands, arena,
				       &list.known, &list.n_known);
	if (e)
		return e;
	/* A text costs the plan more than a number: rather all numbers than some texts. */
	bool full = true;
	for (list.n_guessed = list.n_operands; !e && full; list.n_guessed /= 2) {
		e = make_plan(adding, &list, site, &full);
		if (!list.n_guessed)
			break;
	}
	return e ?: compile_condition(adding, &list, site);
}

/* --- probes --------------------------------------------------------------------------------- */

static struct err *add_probe(const struct adding *adding, const struct usdt_note *note,
			     struct probe **ret)
{
	struct arena *arena = &adding->set->arena;
	struct err *e = probe_set_add_probe(adding->set, ret);
	if (e)
		return e;
	(*ret)->kind = PROBE_USDT;
	(*ret)->return_form = "none";
	(*ret)->return_why = "a marker is one moment";
	(*ret)->module = arena_string(arena, adding->module);
	(*ret)->provider = arena_string(arena, note->provider);
	(*ret)->name = arena_string(arena, note->name);
	return (*ret)->module && (*ret)->provider && (*ret)->name ? NULL : &err_nomem;
}

static struct err *add_site(const struct adding *adding, const struct match *match,
			    const struct probe *probe)
{
	const struct usdt_note *note = match->note;
	struct probe_site *site;
	struct err *e = probe_set_add_site(adding->set, probe, &site);
	if (e)
		return e;
	site->wire.kind = SITE_INSTANT;
	site->wire.owner = site->id;
	site->condition = adding->spec->condition;
	site->rate = adding->spec->rate;
	site->image = adding->image;
	site->offset = note->offset;
	site->ref_ctr_offset = note->semaphore_offset;
	site->instruction = "nop";
	/* The one-byte nop is emulated since uprobes exist, the long ones on newer kernels only. */
	site->emulated = note->nop_length == 1;
	site->operands = arena_string(&adding->set->arena, note->operands);
	e = site->operands ? compile_arguments(adding, match, site) : &err_nomem;
	bool one = adding->spec->name_kind == SPEC_NAME_EXACT || !adding->spec->condition;
	if (!e || e == &err_nomem || one || err_kind(e) != ERR_USAGE)
		return e;
	/* A pattern goes on without the markers that lack what its condition names. */
	adding->set->sites.count--;
	struct err *noted = note_once(
		adding->set, arena_printf(&adding->set->arena, "%s: %s:%s: not probed: %s",
					  adding->module, note->provider, note->name, err_what(e)));
	err_free(e);
	return noted;
}

/* Why no probe may sit there; NULL: it may. */
static struct err *refusal(const struct adding *adding, const struct usdt_note *note,
			   const char **ret_why)
{
	const struct usdt_options *options = &adding->options;
	*ret_why = note->refused;
	if (!*ret_why && note->nop_length == 5 && !options->allow_nop5)
		*ret_why = "on a 5-byte nop, which this kernel may rewrite into a call that "
			   "destroys the red zone";
	if (*ret_why || !options->check)
		return NULL;
	return options->check(options->check_context, adding->image, note->offset, ret_why);
}

/* The sites of a marker that are left out, told by the first. */
struct refusals {
	const struct usdt_note *first;
	const char *why;
	size_t count;
};

static struct err *note_refusals(const struct adding *adding, const struct refusals *refusals,
				 size_t count)
{
	if (!refusals->count)
		return NULL;
	return probe_set_refuse(
		adding->set, "%s: %s:%s: %zu of %zu sites refused; the one at 0x%llx: %s",
		adding->module, refusals->first->provider, refusals->first->name, refusals->count,
		count, (unsigned long long)refusals->first->address, refusals->why);
}

/* All notes of one marker. */
static struct err *add_marker(const struct adding *adding, const struct match *matches,
			      size_t count)
{
	struct probe *probe = NULL;
	struct refusals refusals = {0};
	struct err *e = NULL;
	for (size_t i = 0; !e && i < count; i++) {
		const struct usdt_note *note = matches[i].note;
		const char *why;
		e = refusal(adding, note, &why);
		if (!e && why) {
			if (!refusals.count++) {
				refusals.first = note;
				refusals.why = why;
			}
			continue;
		}
		if (!e && !probe)
			e = add_probe(adding, note, &probe);
		e = e ?: add_site(adding, &matches[i], probe);
	}
	return e ?: note_refusals(adding, &refusals, count);
}

static struct err *add_markers(const struct adding *adding, struct match *matches, size_t count)
{
	struct err *e = NULL;
	size_t end;
	qsort(matches, count, sizeof(*matches), compare_matches);
	for (size_t start = 0; !e && start < count; start = end) {
		end = start + 1;
		while (end < count && usdt_same_marker(matches[start].note, matches[end].note))
			end++;
		e = add_marker(adding, matches + start, end - start);
	}
	return e;
}

static struct err *note_malformed(const struct adding *adding, size_t malformed)
{
	if (!malformed)
		return NULL;
	return note_once(adding->set,
			 arena_printf(&adding->set->arena, "%s: %zu malformed USDT notes skipped",
				      adding->module, malformed));
}

/* One question for all of them. What a plan keeps of them lives as long as the set. */
static struct err *read_operands(const struct adding *adding, struct match *matches, size_t count,
				 struct arena *arena)
{
	const struct usdt_note **notes = arena_array(arena, count + 1, sizeof(*notes));
	struct usdt_operands *lists = arena_array(arena, count + 1, sizeof(*lists));
	if (!notes || !lists)
		return &err_nomem;
	for (size_t i = 0; i < count; i++)
		notes[i] = matches[i].note;
	struct err *e = usdt_operands_of(adding->image, notes, count, &adding->set->arena, lists);
	for (size_t i = 0; !e && i < count; i++)
		matches[i].operands = lists[i];
	return e;
}

static struct err *add_matching(const struct adding *adding, struct arena *arena)
{
	const struct usdt_note *notes;
	size_t count, malformed, n_matches = 0;
	struct err *e = usdt_notes(adding->image, arena, &notes, &count, &malformed);
	e = e ?: note_malformed(adding, malformed);
	if (e || !count)
		return e;
	struct match *matches = arena_array(arena, count, sizeof(*matches));
	if (!matches)
		return &err_nomem;
	for (size_t i = 0; i < count; i++)
		if (usdt_matches(adding->spec, notes[i].provider, notes[i].name))
			matches[n_matches++].note = &notes[i];
	e = read_operands(adding, matches, n_matches, arena);
	return e ?: add_markers(adding, matches, n_matches);
}

struct err *usdt_add_probes(struct probe_set *set, struct image *image, const char *module,
			    const struct spec *spec, const struct usdt_options *options)
{
	struct adding adding = {.set = set, .image = image, .module = module, .spec = spec};
	if (options)
		adding.options = *options;
	/* Notes that do not match are gone again; the set keeps copies of what it shows. */
	_cleanup_(arena_deinit) struct arena arena = {0};
	return add_matching(&adding, &arena);
}
