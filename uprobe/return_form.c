/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/return_form.h"

#include "probe/site.h"
#include "uprobe/safety.h"

/* Known by its name, or seen in its instructions. */
static bool uses_return_address(const struct function *function, const struct code *code)
{
	return code->uses_return_address || return_address_matters(function->symbol);
}

bool return_form_wants_sites(const struct uprobe_options *options, const struct function *function,
			     const struct code *code)
{
	if (options->return_mode != RETURN_TRAMPOLINE)
		return true;
	return uses_return_address(function, code) ||
	       ((code->calls_itself || !code->entry_proven) && !options->return_forced);
}

/* A symbol alone proves nothing: the trampoline's address would replace whatever is there. */
static const char entry_unproven[] =
	"no unwind tables tell that the return address is on top of its stack";

static const char *why_sites(const struct uprobe_options *options, const struct function *function,
			     const struct code *code)
{
	if (options->return_mode != RETURN_TRAMPOLINE)
		return options->return_why;
	if (uses_return_address(function, code))
		return "it uses its own return address";
	if (code->calls_itself)
		return "it calls itself, and the kernel follows no more than 64 calls";
	return entry_unproven;
}

static struct err *choose_sites(const struct uprobe_options *options,
				const struct function *function, const struct code *code,
				struct arena *arena, struct return_form *ret)
{
	const char *why = why_sites(options, function, code);
	*ret = (struct return_form){.name = "site", .flags = SITE_HAS_RETURN, .by_sites = true};
	ret->why = arena_printf(arena, "%s%s", why ? why : "",
				code->conditional_tail ? "; a conditional jump leaves it, unseen"
						       : "");
	return ret->why ? NULL : &err_nomem;
}

static struct err *choose_none(const struct code *code, struct return_form *ret)
{
	*ret = (struct return_form){.name = "none", .why = code->why_not};
	if (code->whole && code->conditional_tail)
		ret->why = "it leaves by a conditional jump only";
	else if (code->whole)
		ret->why = "it never returns";
	return NULL;
}

struct err *return_form_choose(const struct uprobe_options *options,
			       const struct function *function, const struct code *code,
			       struct arena *arena, struct return_form *ret)
{
	bool has_sites = code->whole && code->n_returns + code->n_tail_jumps;
	if (has_sites && return_form_wants_sites(options, function, code))
		return choose_sites(options, function, code, arena, ret);
	if (options->return_mode != RETURN_TRAMPOLINE || uses_return_address(function, code))
		return choose_none(code, ret);
	if (!code->entry_proven && !options->return_forced) {
		*ret = (struct return_form){.name = "none", .why = entry_unproven};
		return NULL;
	}
	*ret = (struct return_form){.name = "trampoline",
				    .flags = SITE_HAS_RETURN | SITE_TRAMPOLINE};
	ret->why = arena_string(arena, options->return_why ? options->return_why : "");
	return ret->why ? NULL : &err_nomem;
}
