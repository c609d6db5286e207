/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One comparison of a condition, bound to what there is at a probe: the operations that load the
 * value, and the test.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "probe/condition_tree.h"

static const struct type id_type = {.kind = TYPE_UINT, .size = 4, .name = "number"};
static const struct type duration_type = {.kind = TYPE_UINT, .size = 8, .name = "nanoseconds"};
static const struct type comm_type = {.kind = TYPE_STRING, .size = 8, .name = "text"};
static const struct type syscall_result = {.kind = TYPE_INT, .size = 8, .name = "long"};

void condition_put(struct condition_binding *b, struct fetch_op op)
{
	if (b->leaf->n_ops == LEAF_OPS_MAX - 1)
		b->is_full = true;
	else
		b->leaf->ops[b->leaf->n_ops++] = op;
}

void condition_put_source(struct condition_binding *b, const struct fetch_source *source)
{
	for (uint32_t i = 0; i < source->n_ops; i++)
		condition_put(b, source->ops[i]);
}

void condition_put_deref(struct condition_binding *b, uint8_t size, uint8_t flags)
{
	condition_put(b, (struct fetch_op){.code = FETCH_DEREF, .size = size, .flags = flags});
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *const builtins[] = {"ret", "dur", "pid", "tid", "uid", "gid", "cpu", "comm"};

/* One of the probe's own? */
static bool has_name(const struct condition_scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->n_names; i++)
		if (scope->names[i].name && strcmp(scope->names[i].name, name) == 0)
			return true;
	return false;
}

static char *list_names(const struct condition_binding *b)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	if (!out)
		return NULL;
	const char *separator = "";
	for (size_t i = 0; i < b->scope->n_names && i < 16; i++) {
		const char *name = b->scope->names[i].name;
		if (name && *name)
			fprintf(out, "%s%s", separator, name);
		else
			fprintf(out, "%sarg%zu", separator, i + 1);
		separator = ", ";
	}
	for (size_t i = 0; i < array_size(builtins); i++) {
		if ((i == 0 && !b->scope->result) || (i == 1 && b->scope->no_duration) ||
		    has_name(b->scope, builtins[i]))
			continue;
		fprintf(out, "%s%s", separator, builtins[i]);
		separator = ", ";
	}
	if (fclose(out) == 0)
		return made;
	free(made);
	return NULL;
}

static const char *nearest_name(const struct condition_binding *b, const char *word)
{
	const char *names[64 + array_size(builtins) + 1];
	size_t count = 0;
	for (size_t i = 0; i < b->scope->n_names && i < 64; i++)
		if (b->scope->names[i].name && *b->scope->names[i].name)
			names[count++] = b->scope->names[i].name;
	for (size_t i = 0; i < array_size(builtins); i++)
		names[count++] = builtins[i];
	names[count] = NULL;
	return spec_nearest(word, names);
}

static struct err *no_such_name(const struct condition_binding *b,
				const struct condition_word *word)
{
	_cleanup_free_ char *all = list_names(b);
	const char *near = nearest_name(b, word->text);
	struct err *e =
		condition_error(b->source, word->at, "%s has no '%s'", b->scope->what, word->text);
	if (near)
		return err_hint(e, "did you mean '%s'? It has %s", near, all ? all : "others");
	return err_hint(e, "it has %s", all ? all : "no names");
}

static struct err *unavailable(const struct condition_binding *b, const char *why)
{
	const struct condition_word *word = &b->test->path[0];
	return err_hint(condition_error(b->source, word->at, "'%s' of %s cannot be asked for: %s",
					word->text, b->scope->what, why),
			"leave it out of the condition");
}

static struct err *use_name(struct condition_binding *b, const struct condition_name *name)
{
	if (name->source.unavailable)
		return unavailable(b, name->source.unavailable);
	b->type = name->type;
	b->is_address = name->source.is_address;
	b->file_of = name->file_of;
	b->length = name->has_length ? &name->length : NULL;
	b->parts = name->source.n_parts ? &name->source : NULL;
	bool is_held = name->type->kind == TYPE_STRUCT && !b->is_address;
	b->registers = is_held ? &name->source : NULL;
	condition_put_source(b, &name->source);
	return NULL;
}

static void use_task(struct condition_binding *b, enum filter_task what, const struct type *type)
{
	condition_put(b, (struct fetch_op){.code = FILTER_TASK, .reg = (uint8_t)what});
	b->type = type;
}

static struct err *use_result(struct condition_binding *b)
{
	if (!b->scope->result)
		return unavailable(b, b->scope->no_result ? b->scope->no_result : "there is none");
	condition_put(b, (struct fetch_op){.code = FILTER_AT_RETURN, .flags = FILTER_RESULT});
	b->leaf->at_return = true;
	struct err *e = use_name(b, b->scope->result);
	if (b->scope->is_syscall)
		b->type = &syscall_result;
	return e;
}

static struct err *use_duration(struct condition_binding *b)
{
	if (b->scope->no_duration)
		return unavailable(b, b->scope->no_duration);
	condition_put(b, (struct fetch_op){.code = FILTER_AT_RETURN});
	b->leaf->at_return = true;
	use_task(b, FILTER_TASK_DURATION, &duration_type);
	return NULL;
}

static struct err *use_builtin(struct condition_binding *b, bool *ret_found)
{
	static const struct {
		const char *name;
		enum filter_task task;
	} tasks[] = {{"pid", FILTER_TASK_PID},
		     {"tid", FILTER_TASK_TID},
		     {"uid", FILTER_TASK_UID},
		     {"gid", FILTER_TASK_GID},
		     {"cpu", FILTER_TASK_CPU}};
	const char *word = b->test->path[0].text;
	*ret_found = true;
	if (strcmp(word, "ret") == 0 || strcmp(word, "retval") == 0)
		return use_result(b);
	if (strcmp(word, "dur") == 0)
		return use_duration(b);
	if (b->scope->no_user &&
	    (strcmp(word, "uid") == 0 || strcmp(word, "gid") == 0 || strcmp(word, "comm") == 0))
		return unavailable(b, b->scope->no_user);
	for (size_t i = 0; i < array_size(tasks); i++) {
		if (strcmp(word, tasks[i].name) != 0)
			continue;
		use_task(b, tasks[i].task, &id_type);
		return NULL;
	}
	*ret_found = strcmp(word, "comm") == 0;
	if (!*ret_found)
		return NULL;
	condition_put(b, (struct fetch_op){.code = FILTER_COMM});
	b->is_comm = true;
	b->type = &comm_type;
	return NULL;
}

static bool is_number(const char *text, unsigned long *ret)
{
	char *end;
	if (!isdigit((unsigned char)*text))
		return false;
	*ret = strtoul(text, &end, 10);
	return !*end && *ret;
}

/* The first argument that a path can be told of; of a system call, the first text that is one by
 * its name. */
static const struct condition_name *find_path(const struct condition_scope *scope)
{
	static const char *const words[] = {"pathname", "filename", "path",
					    "oldname",	"name",	    "dir_name"};
	for (size_t i = 0; i < scope->n_names; i++)
		if (scope->names[i].file_of)
			return &scope->names[i];
	for (size_t i = 0; scope->is_syscall && i < scope->n_names; i++)
		for (size_t w = 0; w < array_size(words); w++)
			if (scope->names[i].name && strcmp(scope->names[i].name, words[w]) == 0 &&
			    scope->names[i].type->kind == TYPE_STRING)
				return &scope->names[i];
	return NULL;
}

/* An argument's own name comes before ours: kill's pid is the one that it is given. */
static struct err *find_first(struct condition_binding *b)
{
	const struct condition_word *word = &b->test->path[0];
	const struct condition_scope *scope = b->scope;
	unsigned long number;
	bool found;
	for (size_t i = 0; i < scope->n_names; i++)
		if (scope->names[i].name && strcmp(scope->names[i].name, word->text) == 0)
			return use_name(b, &scope->names[i]);
	if (strncmp(word->text, "arg", 3) == 0 && is_number(word->text + 3, &number)) {
		if (number <= scope->n_names)
			return use_name(b, &scope->names[number - 1]);
		return err_hint(condition_error(b->source, word->at, "%s has no '%s'", scope->what,
						word->text),
				"it has %zu argument%s", scope->n_names,
				scope->n_names == 1 ? "" : "s");
	}
	struct err *e = use_builtin(b, &found);
	if (e || found)
		return e;
	if (strcmp(word->text, "path") == 0 && find_path(scope))
		return use_name(b, find_path(scope));
	return no_such_name(b, word);
}

/* --- members ---------------------------------------------------------------------------------- */

/* A member, also of an unnamed one inside. */
static const struct type_member *find_member(const struct type *type, const char *name,
					     uint32_t *offset, int depth)
{
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		bool unnamed = !member->name || !*member->name;
		uint32_t inside = *offset + member->offset;
		if (!unnamed && strcmp(member->name, name) == 0) {
			*offset = inside;
			return member;
		}
		if (!unnamed || member->type->kind != TYPE_STRUCT || depth == 8)
			continue;
		const struct type_member *found =
			find_member(member->type, name, &inside, depth + 1);
		if (found) {
			*offset = inside;
			return found;
		}
	}
	return NULL;
}

static struct err *no_such_member(const struct condition_binding *b,
				  const struct condition_word *word)
{
	const char *names[65];
	size_t count = 0;
	char all[256] = "";
	for (uint32_t i = 0; i < b->type->n_members && count < 64; i++) {
		const char *name = b->type->members[i].name;
		if (!name || !*name)
			continue;
		names[count++] = name;
		size_t used = strlen(all);
		if (used + strlen(name) + 3 < sizeof(all))
			snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "", name);
	}
	names[count] = NULL;
	const char *near = spec_nearest(word->text, names);
	struct err *e = condition_error(b->source, word->at, "'%s' has no member '%s'",
					b->type->name, word->text);
	return near ? err_hint(e, "did you mean '%s'?", near) : err_hint(e, "it has %s", all);
}

void condition_enter_pointer(struct condition_binding *b)
{
	if (b->type->kind != TYPE_POINTER || !b->type->target ||
	    b->type->target->kind != TYPE_STRUCT)
		return;
	if (b->is_address)
		condition_put_deref(b, 8, 0);
	b->is_address = true;
	b->registers = NULL;
	b->type = b->type->target;
}

/* What has such a member by itself is not entered further: a lock beside what it guards. */
static bool has_member(const struct condition_binding *b, const struct condition_word *word)
{
	uint32_t offset = 0;
	return b->type->kind == TYPE_STRUCT && find_member(b->type, word->text, &offset, 0);
}

/* The structure that the value is, or leads to, becomes what is looked at, by its address. */
static struct err *enter_structure(struct condition_binding *b, const struct condition_word *from,
				   const struct condition_word *word)
{
	condition_enter_pointer(b);
	for (int i = 0; i < OWNERS_MAX && !has_member(b, word) && condition_enter_owner(b); i++)
		condition_enter_pointer(b);
	if (b->type->kind != TYPE_STRUCT)
		return err_hint(condition_error(b->source, word->at,
						"'%s' has no members that are known", from->text),
				"its type is '%s'; members are known from debug information",
				b->type->name);
	if (!b->is_address && !b->registers)
		return err_hint(condition_error(b->source, word->at,
						"the members of '%s' lie in registers", from->text),
				"ask for something else");
	if (!b->type->n_members)
		return err_hint(condition_error(b->source, word->at,
						"the members of '%s' are not known", b->type->name),
				"the file's debug information only declares it");
	return NULL;
}

/* The member, at this offset of the structure. */
static struct err *use_member(struct condition_binding *b, const struct condition_word *word,
			      uint32_t offset)
{
	if (b->is_address) {
		if (offset)
			condition_put(b, (struct fetch_op){.code = FETCH_ADD, .imm = offset});
		return NULL;
	}
	/* The whole may have been loaded. */
	b->leaf->n_ops = b->leaf->n_ops && b->leaf->ops[0].code == FILTER_AT_RETURN;
	b->offset += offset;
	b->parts = NULL;
	return condition_enter_register(b, word);
}

static struct err *follow(struct condition_binding *b)
{
	for (size_t i = 1; i < b->test->n_path; i++) {
		const struct condition_word *word = &b->test->path[i];
		uint32_t offset = 0;
		if (b->bit_size || b->is_comm)
			return no_such_name(b, word);
		const struct condition_word *from = &b->test->path[i - 1];
		struct err *e = word->is_call ? condition_enter_size(b, from, word)
					      : enter_structure(b, from, word);
		if (e)
			return e;
		if (word->is_call)
			continue;
		const struct type_member *member = find_member(b->type, word->text, &offset, 0);
		if (!member)
			return no_such_member(b, word);
		b->type = member->type;
		b->bit_size = member->bit_size;
		b->bit_offset = member->bit_offset;
		b->length = NULL;
		b->file_of = 0;
		e = use_member(b, word, offset);
		if (e)
			return e;
	}
	return NULL;
}

struct err *condition_bind(const struct condition *test, const struct condition_scope *scope,
			   struct arena *arena, struct filter_plan *patterns, size_t *n_elements,
			   size_t *n_classes, struct condition_leaf *ret)
{
	struct condition_binding b = {.source = test->source,
				      .test = test->test,
				      .scope = scope,
				      .arena = arena,
				      .patterns = patterns,
				      .n_elements = n_elements,
				      .n_classes = n_classes,
				      .leaf = ret};
	*ret = (struct condition_leaf){.n_ops = 0};
	struct err *e = find_first(&b);
	e = e ?: follow(&b);
	if (!e)
		e = test->test->is_string ? condition_bind_text(&b) : condition_bind_number(&b);
	e = e ?: condition_describe(&b);
	if (!e && b.is_full)
		e = err_hint(condition_error(b.source, b.test->path[0].at, "too long a way to '%s'",
					     b.test->path[b.test->n_path - 1].text),
			     "ask for something nearer");
	return e;
}
