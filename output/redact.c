/* SPDX-License-Identifier: Apache-2.0 */
#include "output/redact.h"

#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"

#define HIDDEN "***"

/* Names of things that are secret. `pwd` alone is a directory. */
#define SECRET                                                                \
	"(pass(word|wd|phrase)|_pwd|secret|token|api[_-]?key|access[_-]?key|" \
	"private[_-]?key|credentials?)"
#define WORD "[[:alnum:]_.-]*"

struct shape {
	/* `%S` is what is between two words, `%V` a word: other things in commands, where words end
	 * as for a shell, than in arguments, which are matched with a new line between two. */
	const char *pattern;
	size_t group; /* what is hidden */
	bool exact;   /* capital letters are such */
};

static const struct shape shapes[] = {
	/* --password=x, PASSWORD=x, "token": "x", token: x */
	{WORD SECRET WORD "[\"']?[[:blank:]]*[=:][[:blank:]]*(%V)", 3, false},
	/* --password x, --token x */
	{"(^|%S)--?" WORD SECRET WORD "%S(%V)", 4, false},
	/* Authorization: Bearer x */
	{"authorization[\"']?[[:blank:]]*[=:][[:blank:]]*[\"']?([^\"'\n]+)", 1, false},
	{"(^|%S)bearer[[:blank:]]+([^\"'[:space:]]+)", 2, false},
	/* scheme://user:x@host */
	{"[[:alpha:]][[:alnum:]+.-]*://[^]/@:\"'[:space:][]*:([^]/@\"'[:space:][]+)@", 1, false},
	/* mysql -px; curl -u user:x; sshpass -p x */
	{"(^|[/;|&[:space:]])(mysql|mariadb)[[:alpha:]-]*%S([^;|&]*%S)?-p(%V)", 4, true},
	{"(^|[/;|&[:space:]])(curl|wget)%S([^;|&]*%S)?(-u|--user)(%S|=)?[\"']?[^:[:space:]]+:(%V)",
	 6, true},
	{"(^|[/;|&[:space:]])sshpass%S-p(%S)?(%V)", 3, true},
	/* AWS, GitHub, GitLab, Slack, JSON Web Tokens */
	{"((AKIA|ASIA)[[:upper:][:digit:]]{16})", 1, true},
	{"(gh[opsur]_[[:alnum:]]{16,}|github_pat_[[:alnum:]_]{16,}|glpat-[[:alnum:]_-]{16,})", 1,
	 true},
	{"(xox[abeprs]-[[:alnum:]-]{10,})", 1, true},
	{"(eyJ[[:alnum:]_-]{8,}\\.[[:alnum:]_-]{8,}\\.[[:alnum:]_-]*)", 1, true},
};

static const char text_between[] = "[[:space:]]+";
static const char text_word[] =
	"(\"[^\"\n]*(\"|$)|'[^'\n]*('|$)|\\\\.|[^]\"'\\;&|<>(){}[:space:][])+";
static const char argv_between[] = "\n";
static const char argv_word[] = "[^\n]+";

struct rule {
	regex_t regex;
	size_t group; /* what is hidden of a match */
};

struct rule_list {
	struct rule *items;
	size_t count, capacity;
};

struct redact {
	struct rule_list text_rules, argv_rules;
	struct rule_list own_rules; /* the user's */
	char *copy;		    /* of what is looked through */
	char *hidden;		    /* 1 for a byte that is not to be seen */
	char *result;
	size_t capacity;
};

#define GROUPS_MAX 16

/* --- rules ------------------------------------------------------------------------------------ */

static void append(char **to, const char *text, size_t size)
{
	memcpy(*to, text, size);
	*to += size;
}

/* The shape with its %S and %V filled in. */
static char *fill_in(const char *shape, const char *between, const char *word)
{
	size_t longest = strlen(between) > strlen(word) ? strlen(between) : strlen(word);
	char *filled = malloc(strlen(shape) * (longest + 1) + 1), *to = filled;
	if (!filled)
		return NULL;
	for (const char *at = shape; *at; at++) {
		if (at[0] == '%' && at[1] == 'S')
			append(&to, between, strlen(between));
		else if (at[0] == '%' && at[1] == 'V')
			append(&to, word, strlen(word));
		else
			append(&to, at, 1);
		at += at[0] == '%' && at[1];
	}
	*to = '\0';
	return filled;
}

static struct err *add_shape(struct redact *redact, const struct shape *shape, bool in_argv)
{
	_cleanup_free_ char *filled = fill_in(shape->pattern, in_argv ? argv_between : text_between,
					      in_argv ? argv_word : text_word);
	struct rule_list *list = in_argv ? &redact->argv_rules : &redact->text_rules;
	struct rule *rule = array_push(list);
	if (!filled || !rule)
		return &err_nomem;
	rule->group = shape->group;
	if (regcomp(&rule->regex, filled, REG_EXTENDED | (shape->exact ? 0 : REG_ICASE)) == 0)
		return NULL;
	list->count--;
	return err_new(ERR_BUG, 0, "the pattern of secrets '%s' is no regular expression", filled);
}

static struct err *add_own(struct redact *redact, const char *pattern)
{
	struct rule *rule = array_push(&redact->own_rules);
	if (!rule)
		return &err_nomem;
	int failed = regcomp(&rule->regex, pattern, REG_EXTENDED);
	if (!failed) {
		rule->group = rule->regex.re_nsub ? 1 : 0;
		return NULL;
	}
	char why[256];
	regerror(failed, &rule->regex, why, sizeof(why));
	redact->own_rules.count--;
	return err_hint(
		err_why(err_new(ERR_USAGE, 0, "--redact: '%s' will not do", pattern), "%s", why),
		"an extended regular expression: --redact='key=([^ ]+)'");
}

static void destroy_redact(struct redact **redact)
{
	redact_destroy(*redact);
}

struct err *redact_create(const char *const *patterns, size_t n_patterns, struct redact **ret)
{
	_cleanup_(destroy_redact) struct redact *redact = calloc(1, sizeof(*redact));
	struct err *e = redact ? NULL : &err_nomem;
	for (size_t i = 0; !e && i < array_size(shapes); i++) {
		e = add_shape(redact, &shapes[i], false);
		e = e ? e : add_shape(redact, &shapes[i], true);
	}
	for (size_t i = 0; !e && i < n_patterns; i++)
		e = add_own(redact, patterns[i]);
	if (e)
		return e;
	*ret = take_ptr(redact);
	return NULL;
}

static void free_rules(struct rule_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		regfree(&list->items[i].regex);
	free(list->items);
}

void redact_destroy(struct redact *redact)
{
	if (!redact)
		return;
	free_rules(&redact->text_rules);
	free_rules(&redact->argv_rules);
	free_rules(&redact->own_rules);
	free(redact->copy);
	free(redact->hidden);
	free(redact->result);
	free(redact);
}

/* --- hiding ----------------------------------------------------------------------------------- */

static bool make_room(struct redact *redact, size_t size)
{
	if (size + 1 <= redact->capacity)
		return true;
	/* One byte to hide may need three. */
	char *copy = realloc(redact->copy, size + 1);
	redact->copy = copy ? copy : redact->copy;
	char *hidden = realloc(redact->hidden, size + 1);
	redact->hidden = hidden ? hidden : redact->hidden;
	char *result = realloc(redact->result, (size + 1) * (sizeof(HIDDEN) - 1));
	redact->result = result ? result : redact->result;
	if (!copy || !hidden || !result)
		return false;
	redact->capacity = size + 1;
	return true;
}

/* What a NUL is taken for while it is looked through: no byte of a word. */
static void copy_with(struct redact *redact, const char *bytes, size_t size, char nul)
{
	for (size_t i = 0; i < size; i++)
		redact->copy[i] = bytes[i] ? bytes[i] : nul;
	redact->copy[size] = '\0';
}

static void hide_matches(struct redact *redact, const struct rule *rule, size_t size)
{
	regmatch_t groups[GROUPS_MAX];
	size_t at = 0;
	while (at < size) {
		groups[0] = (regmatch_t){.rm_so = (regoff_t)at, .rm_eo = (regoff_t)size};
		int flags = REG_STARTEND | (at ? REG_NOTBOL : 0);
		if (regexec(&rule->regex, redact->copy, GROUPS_MAX, groups, flags) != 0)
			return;
		const regmatch_t *secret = &groups[rule->group < GROUPS_MAX ? rule->group : 0];
		if (secret->rm_so >= 0)
			memset(redact->hidden + secret->rm_so, 1,
			       (size_t)(secret->rm_eo - secret->rm_so));
		size_t end = (size_t)groups[0].rm_eo;
		at = end > at ? end : at + 1;
	}
}

static struct redacted make_result(const struct redact *redact, const char *bytes, size_t size)
{
	char *to = redact->result;
	for (size_t i = 0; i < size; i++) {
		/* Arguments stay apart. */
		if (!redact->hidden[i] || !bytes[i])
			*to++ = bytes[i];
		else if (!i || !redact->hidden[i - 1] || !bytes[i - 1])
			append(&to, HIDDEN, sizeof(HIDDEN) - 1);
	}
	return (struct redacted){redact->result, (size_t)(to - redact->result)};
}

static struct redacted hide(struct redact *redact, const char *bytes, size_t size,
			    const struct rule_list *rules)
{
	if (!make_room(redact, size))
		return (struct redacted){HIDDEN, sizeof(HIDDEN) - 1};
	memset(redact->hidden, 0, size + 1);
	copy_with(redact, bytes, size, '\n');
	for (size_t i = 0; i < rules->count; i++)
		hide_matches(redact, &rules->items[i], size);
	copy_with(redact, bytes, size, ' ');
	for (size_t i = 0; i < redact->own_rules.count; i++)
		hide_matches(redact, &redact->own_rules.items[i], size);
	return make_result(redact, bytes, size);
}

struct redacted redact_text(struct redact *redact, const char *text, size_t size)
{
	return redact ? hide(redact, text, size, &redact->text_rules)
		      : (struct redacted){text, size};
}

struct redacted redact_argv(struct redact *redact, const char *argv, size_t size)
{
	return redact ? hide(redact, argv, size, &redact->argv_rules)
		      : (struct redacted){argv, size};
}
