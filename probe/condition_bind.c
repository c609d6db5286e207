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

/* Texts longer than this are compared as far as they go; of counted bytes, the same. */
#define TEXT_MAX  FETCH_STRING_MAX
#define BYTES_MAX 1024

struct binding {
	const struct condition_source *source;
	const struct condition_test *test;
	const struct condition_scope *scope;
	struct arena *arena;
	struct filter_plan *patterns;
	size_t *n_elements, *n_classes;
	struct condition_leaf *leaf;
	/* The value, as far as the path has been followed. */
	const struct type *type;
	const struct fetch_source *length;
	bool is_address; /* the operations so far give where it is */
	uint8_t bit_size, bit_offset;
	bool is_full;
	bool is_comm;
};

static const struct type id_type = {.kind = TYPE_UINT, .size = 4, .name = "number"};
static const struct type duration_type = {.kind = TYPE_UINT, .size = 8, .name = "nanoseconds"};
static const struct type comm_type = {.kind = TYPE_STRING, .size = 8, .name = "text"};
static const struct type syscall_result = {.kind = TYPE_INT, .size = 8, .name = "long"};

static void put(struct binding *b, struct fetch_op op)
{
	if (b->leaf->n_ops == LEAF_OPS_MAX - 1)
		b->is_full = true;
	else
		b->leaf->ops[b->leaf->n_ops++] = op;
}

static void put_source(struct binding *b, const struct fetch_source *source)
{
	for (uint32_t i = 0; i < source->n_ops; i++)
		put(b, source->ops[i]);
}

static void put_deref(struct binding *b, uint8_t size, uint8_t flags)
{
	put(b, (struct fetch_op){.code = FETCH_DEREF, .size = size, .flags = flags});
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *const builtins[] = {"ret", "dur", "pid", "tid", "uid", "gid", "cpu", "comm"};

static char *list_names(const struct binding *b)
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
		if ((i == 0 && !b->scope->result) || (i == 1 && b->scope->no_duration))
			continue;
		fprintf(out, "%s%s", separator, builtins[i]);
		separator = ", ";
	}
	if (fclose(out) == 0)
		return made;
	free(made);
	return NULL;
}

static const char *nearest_name(const struct binding *b, const char *word)
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

static struct err *no_such_name(const struct binding *b, const struct condition_word *word)
{
	_cleanup_free_ char *all = list_names(b);
	const char *near = nearest_name(b, word->text);
	struct err *e =
		condition_error(b->source, word->at, "%s has no '%s'", b->scope->what, word->text);
	if (near)
		return err_hint(e, "did you mean '%s'? It has %s", near, all ? all : "others");
	return err_hint(e, "it has %s", all ? all : "no names");
}

static struct err *unavailable(const struct binding *b, const char *why)
{
	const struct condition_word *word = &b->test->path[0];
	return err_hint(condition_error(b->source, word->at, "'%s' of %s cannot be asked for: %s",
					word->text, b->scope->what, why),
			"leave it out of the condition");
}

static struct err *use_name(struct binding *b, const struct condition_name *name)
{
	if (name->source.unavailable)
		return unavailable(b, name->source.unavailable);
	b->type = name->type;
	b->is_address = name->source.is_address;
	b->length = name->has_length ? &name->length : NULL;
	put_source(b, &name->source);
	return NULL;
}

static void use_task(struct binding *b, enum filter_task what, const struct type *type)
{
	put(b, (struct fetch_op){.code = FILTER_TASK, .reg = (uint8_t)what});
	b->type = type;
}

static struct err *use_result(struct binding *b)
{
	if (!b->scope->result)
		return unavailable(b, b->scope->no_result ? b->scope->no_result : "there is none");
	put(b, (struct fetch_op){.code = FILTER_AT_RETURN, .flags = FILTER_RESULT});
	b->leaf->at_return = true;
	struct err *e = use_name(b, b->scope->result);
	if (b->scope->is_syscall)
		b->type = &syscall_result;
	return e;
}

static struct err *use_duration(struct binding *b)
{
	if (b->scope->no_duration)
		return unavailable(b, b->scope->no_duration);
	put(b, (struct fetch_op){.code = FILTER_AT_RETURN});
	b->leaf->at_return = true;
	use_task(b, FILTER_TASK_DURATION, &duration_type);
	return NULL;
}

static struct err *use_builtin(struct binding *b, bool *ret_found)
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
	for (size_t i = 0; i < array_size(tasks); i++) {
		if (strcmp(word, tasks[i].name) != 0)
			continue;
		use_task(b, tasks[i].task, &id_type);
		return NULL;
	}
	*ret_found = strcmp(word, "comm") == 0;
	if (!*ret_found)
		return NULL;
	put(b, (struct fetch_op){.code = FILTER_COMM});
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

/* The first text among the arguments of a system call that is a path by its name. */
static const struct condition_name *find_path(const struct condition_scope *scope)
{
	static const char *const words[] = {"pathname", "filename", "path",
					    "oldname",	"name",	    "dir_name"};
	for (size_t i = 0; i < scope->n_names; i++)
		for (size_t w = 0; w < array_size(words); w++)
			if (scope->names[i].name && strcmp(scope->names[i].name, words[w]) == 0 &&
			    scope->names[i].type->kind == TYPE_STRING)
				return &scope->names[i];
	return NULL;
}

/* An argument's own name comes before ours: kill's pid is the one that it is given. */
static struct err *find_first(struct binding *b)
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
	if (scope->is_syscall && strcmp(word->text, "path") == 0 && find_path(scope))
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

static struct err *no_such_member(const struct binding *b, const struct condition_word *word)
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

/* The structure that the value is, or leads to, becomes what is looked at, by its address. */
static struct err *enter_structure(struct binding *b, const struct condition_word *from,
				   const struct condition_word *word)
{
	if (b->type->kind == TYPE_POINTER && b->type->target &&
	    b->type->target->kind == TYPE_STRUCT) {
		if (b->is_address)
			put_deref(b, 8, 0);
		b->is_address = true;
		b->type = b->type->target;
	}
	if (b->type->kind != TYPE_STRUCT)
		return err_hint(condition_error(b->source, word->at,
						"'%s' has no members that are known", from->text),
				"its type is '%s'; members are known from debug information",
				b->type->name);
	if (!b->is_address)
		return err_hint(condition_error(b->source, word->at,
						"the members of '%s' lie in registers", from->text),
				"ask for something else");
	if (!b->type->n_members)
		return err_hint(condition_error(b->source, word->at,
						"the members of '%s' are not known", b->type->name),
				"the file's debug information only declares it");
	return NULL;
}

static struct err *follow(struct binding *b)
{
	for (size_t i = 1; i < b->test->n_path; i++) {
		const struct condition_word *word = &b->test->path[i];
		uint32_t offset = 0;
		if (b->bit_size || b->is_comm)
			return no_such_name(b, word);
		struct err *e = enter_structure(b, &b->test->path[i - 1], word);
		if (e)
			return e;
		const struct type_member *member = find_member(b->type, word->text, &offset, 0);
		if (!member)
			return no_such_member(b, word);
		if (offset)
			put(b, (struct fetch_op){.code = FETCH_ADD, .imm = offset});
		b->type = member->type;
		b->bit_size = member->bit_size;
		b->bit_offset = member->bit_offset;
		b->length = NULL;
	}
	return NULL;
}

/* --- texts ------------------------------------------------------------------------------------ */

static bool is_text(const struct type *type)
{
	return type->kind == TYPE_STRING || type->kind == TYPE_WORD || type->kind == TYPE_BYTES ||
	       (type->kind == TYPE_ARRAY && type->target && type->target->kind == TYPE_CHAR);
}

static struct err *too_long(const struct binding *b)
{
	return err_hint(condition_error(b->source, b->test->value_at, "too many patterns"),
			"they may have %d characters and %d classes together", FILTER_ELEMENTS_MAX,
			FILTER_CLASSES_MAX);
}

static struct err *put_element(struct binding *b, uint16_t element)
{
	/* One is kept for the end. */
	if (*b->n_elements >= FILTER_ELEMENTS_MAX)
		return too_long(b);
	b->patterns->elements[(*b->n_elements)++] = element;
	return NULL;
}

/* [a-z], [!a-z], []x]: *at stands behind the bracket. False: it is not closed, and means itself. */
static bool read_class(const struct condition_string *string, size_t *at, uint8_t *bits)
{
	size_t i = *at;
	bool negated = i < string->count && (string->items[i] == '!' || string->items[i] == '^');
	i += negated;
	for (size_t first = i; i < string->count; i++) {
		if (string->items[i] == ']' && i > first)
			break;
		uint8_t from = (uint8_t)string->items[i], to = from;
		if (i + 2 < string->count && string->items[i + 1] == '-' &&
		    string->items[i + 2] != ']') {
			to = (uint8_t)string->items[i + 2];
			i += 2;
		}
		for (unsigned int c = from; c <= to; c++)
			bits[c >> 3] |= (uint8_t)(1U << (c & 7));
	}
	if (i >= string->count)
		return false;
	for (size_t byte = 0; negated && byte < 32; byte++)
		bits[byte] = (uint8_t)~bits[byte];
	*at = i + 1;
	return true;
}

static struct err *put_class(struct binding *b, const struct condition_string *string, size_t *at)
{
	uint8_t bits[32] = {0};
	if (!read_class(string, at, bits))
		return put_element(b, '[');
	if (*b->n_classes == FILTER_CLASSES_MAX)
		return too_long(b);
	memcpy(b->patterns->classes[*b->n_classes], bits, sizeof(bits));
	return put_element(b, (uint16_t)(FILTER_CLASS | (*b->n_classes)++));
}

static struct err *put_pattern(struct binding *b, bool is_glob)
{
	const struct condition_string *string = &b->test->string;
	struct err *e = NULL;
	size_t first = *b->n_elements;
	for (size_t i = 0; !e && i < string->count;) {
		uint16_t item = string->items[i++];
		bool after_star = *b->n_elements > first &&
				  b->patterns->elements[*b->n_elements - 1] == FILTER_STAR;
		if (!is_glob || item & CONDITION_ESCAPED || !strchr("*?[", item))
			e = put_element(b, item & 0xff);
		else if (item == '?')
			e = put_element(b, FILTER_ANY);
		else if (item == '[')
			e = put_class(b, string, &i);
		else if (!after_star)
			e = put_element(b, FILTER_STAR);
	}
	return e ?: put_element(b, FILTER_END);
}

static void load_bytes(struct binding *b)
{
	struct fetch_op value[LEAF_OPS_MAX];
	size_t n = b->leaf->n_ops;
	memcpy(value, b->leaf->ops, sizeof(value));
	b->leaf->n_ops = 0;
	/* Before the value: what marks the phase, then the length. */
	size_t first = n && value[0].code == FILTER_AT_RETURN;
	if (first)
		put(b, value[0]);
	if (b->length)
		put_source(b, b->length);
	else
		put(b, (struct fetch_op){.code = FETCH_CONST, .imm = b->type->size});
	if (b->length && b->length->is_address)
		put_deref(b, 8, FETCH_SIGNED);
	put(b, (struct fetch_op){
		       .code = FETCH_LENGTH, .flags = FETCH_LENGTH_SIGNED, .imm = BYTES_MAX});
	for (size_t i = first; i < n; i++)
		put(b, value[i]);
	if (b->is_address)
		put_deref(b, 8, 0);
	put(b, (struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = BYTES_MAX});
}

/* The text of the value, for the test behind it. Returns the test's flags. */
static uint8_t load_text(struct binding *b)
{
	if (b->is_comm)
		return 0;
	if (b->type->kind == TYPE_BYTES || (b->type->kind == TYPE_STRING && b->length)) {
		load_bytes(b);
		return 0;
	}
	struct fetch_op read = {.code = FETCH_STRING, .flags = FETCH_NULL_OK, .imm = TEXT_MAX};
	uint8_t flags = 0;
	if (b->type->kind == TYPE_ARRAY) {
		read.flags = 0;
		read.imm = b->type->size && b->type->size < TEXT_MAX ? b->type->size : TEXT_MAX;
		flags = FILTER_WHOLE;
	} else if (b->is_address) {
		put_deref(b, 8, 0);
	}
	if (b->type->kind == TYPE_WORD) {
		read.flags |= FETCH_MAYBE;
		flags = FILTER_MAYBE;
	}
	put(b, read);
	return flags;
}

static struct err *bind_text(struct binding *b)
{
	const struct condition_test *test = b->test;
	bool is_glob = test->op == TEST_MATCH || test->op == TEST_NO_MATCH;
	if (!is_text(b->type) || (b->type->kind == TYPE_ARRAY && !b->is_address))
		return err_hint(condition_error(b->source, is_glob ? test->op_at : test->value_at,
						"'%s' is no text, but '%s'",
						test->path[test->n_path - 1].text, b->type->name),
				"compare it with a number; to have it read as a text, give its "
				"type: 'FUNC(str)'");
	b->leaf->inverted = test->op == TEST_NOT_EQUAL || test->op == TEST_NO_MATCH;
	uint8_t flags = load_text(b);
	struct fetch_op match = {
		.code = FILTER_MATCH, .flags = flags, .imm = (int64_t)*b->n_elements};
	struct err *e = put_pattern(b, is_glob);
	b->leaf->has_pattern = true;
	b->leaf->ops[b->leaf->n_ops++] = match;
	return e;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool find_enumerator(const struct type *type, const char *name, int64_t *ret)
{
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		const struct enumerator *e = &type->enumerators[i];
		const char *last = strrchr(e->name, ':');
		if (strcmp(e->name, name) != 0 && (!last || strcmp(last + 1, name) != 0))
			continue;
		*ret = e->value;
		return true;
	}
	return false;
}

#define ERRNO_LAST  133
#define SIGNAL_LAST 64

static bool find_errno(const char *name, int64_t *ret)
{
	for (int i = 1; i <= ERRNO_LAST; i++) {
		const char *known = strerrorname_np(i);
		if (known && strcmp(known, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool find_signal(const char *name, int64_t *ret)
{
	for (int i = 1; i < SIGNAL_LAST && strncmp(name, "SIG", 3) == 0; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcmp(known, name + 3) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool find_constant(const struct type *type, const char *name, int64_t *ret)
{
	*ret = 0;
	if (strcmp(name, "NULL") == 0 || strcmp(name, "nullptr") == 0 || strcmp(name, "false") == 0)
		return true;
	*ret = 1;
	if (strcmp(name, "true") == 0)
		return true;
	return find_enumerator(type, name, ret) || find_errno(name, ret) || find_signal(name, ret);
}

static struct err *no_such_constant(const struct binding *b, const struct condition_number *number)
{
	const char *names[257];
	size_t count = 0;
	for (uint32_t i = 0; i < b->type->n_enumerators && count < 256; i++)
		names[count++] = b->type->enumerators[i].name;
	names[count] = NULL;
	const char *near = spec_nearest(number->name, names);
	struct err *e = condition_error(b->source, number->at,
					"'%s' is no number that is known here", number->name);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return err_hint(e,
			"known are the names of enumerations and flags of '%s', of errors and "
			"signals; texts stand in quotes",
			b->type->name);
}

struct number {
	bool is_negative;
	uint64_t magnitude;
};

static struct err *value_of(const struct binding *b, const struct condition_number *number,
			    struct number *ret)
{
	int64_t value;
	*ret = (struct number){number->is_negative && number->magnitude, number->magnitude};
	if (!number->name)
		return NULL;
	if (!find_constant(b->type, number->name, &value))
		return no_such_constant(b, number);
	bool negative = (value < 0) != number->is_negative;
	ret->magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	ret->is_negative = negative && value;
	return NULL;
}

/* Several are bits. */
static struct err *sum_of(const struct binding *b, const struct condition_numbers *numbers,
			  struct number *ret)
{
	*ret = (struct number){.magnitude = 0};
	for (size_t i = 0; i < numbers->count; i++) {
		struct number one;
		struct err *e = value_of(b, &numbers->items[i], &one);
		if (e)
			return e;
		if (numbers->count == 1) {
			*ret = one;
			return NULL;
		}
		ret->magnitude |= one.is_negative ? 0 - one.magnitude : one.magnitude;
	}
	return NULL;
}

static uint64_t bits_of(const struct number *number)
{
	return number->is_negative ? 0 - number->magnitude : number->magnitude;
}

static uint64_t cut(uint64_t value, unsigned int bits, bool sign)
{
	unsigned int unused = 64 - bits;
	return sign ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
}

static bool is_scalar(const struct type *type)
{
	switch (type->kind) {
	case TYPE_VOID:
	case TYPE_FLOAT:
	case TYPE_BYTES:
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		return false;
	default:
		return type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
	}
}

static struct err *check_scalar(const struct binding *b)
{
	const struct condition_word *last = &b->test->path[b->test->n_path - 1];
	if (b->is_comm)
		return err_hint(condition_error(b->source, last->at, "'comm' is a text"),
				"write comm == \"NAME\" or comm ~ \"NAME*\"");
	if (is_scalar(b->type))
		return NULL;
	struct err *e = condition_error(b->source, last->at, "'%s' is no number, but '%s'",
					last->text, b->type->name);
	if (b->type->kind == TYPE_STRUCT)
		return err_hint(e, "name one of its members: '%s.MEMBER'", last->text);
	if (b->type->kind == TYPE_FLOAT)
		return err_hint(e, "floating-point numbers cannot be compared in the kernel");
	return err_hint(e,
			is_text(b->type) ? "compare it with a text: %s ~ \"...\""
					 : "%s cannot be compared",
			last->text);
}

static bool is_equality(enum condition_operator op)
{
	return op == TEST_EQUAL || op == TEST_NOT_EQUAL || op == TEST_NONZERO;
}

/* Could the value be this number at all? */
static bool fits(const struct number *number, unsigned int bits)
{
	uint64_t limit = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
	return number->is_negative ? number->magnitude <= 1ULL << (bits - 1)
				   : number->magnitude <= limit;
}

/* Compared with what the type cannot hold, the answer is always the same: *ret_answer. */
static bool is_beyond(enum condition_operator op, const struct number *number, bool sign,
		      bool *ret_answer)
{
	bool above = sign && !number->is_negative && number->magnitude > INT64_MAX;
	bool below = number->is_negative && (!sign || number->magnitude > 1ULL << 63);
	bool less = op == TEST_LESS || op == TEST_LESS_OR_EQUAL;
	*ret_answer = above == less;
	return above || below;
}

static void put_test(struct binding *b, uint8_t size, bool sign, uint64_t wanted)
{
	static const struct {
		uint8_t code;
		bool inverted;
	} tests[] = {
		[TEST_NONZERO] = {FILTER_EQUAL, true},
		[TEST_EQUAL] = {FILTER_EQUAL, false},
		[TEST_NOT_EQUAL] = {FILTER_EQUAL, true},
		[TEST_LESS] = {FILTER_LESS, false},
		[TEST_LESS_OR_EQUAL] = {FILTER_GREATER, true},
		[TEST_GREATER] = {FILTER_GREATER, false},
		[TEST_GREATER_OR_EQUAL] = {FILTER_LESS, true},
	};
	enum condition_operator op = b->test->op;
	b->leaf->inverted = tests[op].inverted;
	b->leaf->ops[b->leaf->n_ops++] = (struct fetch_op){.code = tests[op].code,
							   .size = size,
							   .flags = sign ? FETCH_SIGNED : 0,
							   .imm = (int64_t)wanted};
}

static struct err *too_big(const struct binding *b, size_t at)
{
	return err_hint(condition_error(b->source, at, "'%s' never has this value",
					b->test->path[b->test->n_path - 1].text),
			"it is '%s', of %u byte%s", b->type->name, b->type->size,
			b->type->size == 1 ? "" : "s");
}

static struct err *check_mask(const struct binding *b, const struct number *mask)
{
	if (bits_of(mask))
		return NULL;
	const struct condition_number *first = &b->test->mask.items[0];
	return err_hint(condition_error(b->source, first->at, "no bit is set in '%s'",
					first->name ? first->name : "0"),
			"of a field of several bits, compare all: '(flags & 3) == %s'",
			first->name ? first->name : "0");
}

static struct err *bind_number(struct binding *b)
{
	const struct condition_test *test = b->test;
	struct number wanted, mask = {.magnitude = 0};
	struct err *e = check_scalar(b);
	e = e ?: sum_of(b, &test->value, &wanted);
	if (!e && test->has_mask)
		e = sum_of(b, &test->mask, &mask);
	if (!e && test->has_mask)
		e = check_mask(b, &mask);
	if (e)
		return e;
	bool sign = type_is_signed(b->type) && !test->has_mask && !b->bit_size;
	uint8_t size = (uint8_t)b->type->size;
	unsigned int bits = b->bit_size ? b->bit_size : size * 8U;
	if (b->bit_size && type_is_signed(b->type) && !is_equality(test->op))
		return err_hint(condition_error(b->source, test->op_at,
						"a signed bit-field has no order here"),
				"compare it with == or !=");
	if (!is_equality(test->op) && is_beyond(test->op, &wanted, sign, &b->leaf->constant)) {
		b->leaf->is_constant = true;
		return NULL;
	}
	if (is_equality(test->op) && !fits(&wanted, bits))
		return too_big(b, test->value_at);
	if (b->is_address)
		put_deref(b, size, 0);
	uint64_t low = b->bit_size ? cut(UINT64_MAX, b->bit_size, false) << b->bit_offset : 0;
	uint64_t value = bits_of(&wanted);
	if (b->bit_size)
		value = cut(value, bits, false) << b->bit_offset;
	else if (is_equality(test->op) || sign)
		value = cut(value, is_equality(test->op) ? bits : 64, sign);
	if (test->has_mask)
		low = b->bit_size ? low & (bits_of(&mask) << b->bit_offset) : bits_of(&mask);
	if (b->bit_size || test->has_mask)
		put(b, (struct fetch_op){.code = FILTER_MASK, .imm = (int64_t)low});
	put_test(b, size, sign, value);
	return NULL;
}

/* --- in words --------------------------------------------------------------------------------- */

static const char *const operator_words[] = {
	[TEST_NONZERO] = "is not 0",
	[TEST_EQUAL] = "==",
	[TEST_NOT_EQUAL] = "!=",
	[TEST_LESS] = "<",
	[TEST_LESS_OR_EQUAL] = "<=",
	[TEST_GREATER] = ">",
	[TEST_GREATER_OR_EQUAL] = ">=",
	[TEST_MATCH] = "matches",
	[TEST_NO_MATCH] = "does not match",
};

static void print_numbers(FILE *out, const struct condition_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		const struct condition_number *n = &numbers->items[i];
		fputs(i ? "|" : "", out);
		fputs(n->is_negative ? "-" : "", out);
		if (n->name)
			fputs(n->name, out);
		else
			fprintf(out, "%" PRIu64, n->magnitude);
		fputs(n->is_duration ? " ns" : "", out);
	}
}

static struct err *describe(struct binding *b)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	if (!out)
		return &err_nomem;
	const struct condition_test *test = b->test;
	for (size_t i = 0; i < test->n_path; i++)
		fprintf(out, "%s%s", i ? "." : "", test->path[i].text);
	fprintf(out, " (%s)", b->type->name);
	if (test->has_mask) {
		fputs(" & ", out);
		print_numbers(out, &test->mask);
	}
	fprintf(out, " %s ", operator_words[test->op]);
	print_numbers(out, &test->value);
	for (size_t i = 0; test->is_string && i < test->string.count; i++)
		fprintf(out, "%s%c%s", i ? "" : "\"", test->string.items[i] & 0xff,
			i + 1 == test->string.count ? "\"" : "");
	if (test->is_string && !test->string.count)
		fputs("\"\"", out);
	if (b->leaf->is_constant)
		fprintf(out, ", which is always %s", b->leaf->constant ? "true" : "false");
	bool failed = fclose(out) != 0;
	b->leaf->words = failed ? NULL : arena_string(b->arena, made);
	free(made);
	return b->leaf->words ? NULL : &err_nomem;
}

struct err *condition_bind(const struct condition *test, const struct condition_scope *scope,
			   struct arena *arena, struct filter_plan *patterns, size_t *n_elements,
			   size_t *n_classes, struct condition_leaf *ret)
{
	struct binding b = {.source = test->source,
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
		e = test->test->is_string ? bind_text(&b) : bind_number(&b);
	e = e ?: describe(&b);
	if (!e && b.is_full)
		e = err_hint(condition_error(b.source, b.test->path[0].at, "too long a way to '%s'",
					     b.test->path[b.test->n_path - 1].text),
			     "ask for something nearer");
	return e;
}
