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
	if (options->return_mode != RETURN_TRAMPOLINE || code->is_go)
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

/* Whatever is safe elsewhere: stacks of Go are moved. */
static struct err *choose_goroutine(const struct uprobe_options *options, const struct code *code,
				    bool keeps, bool has_sites, struct return_form *ret)
{
	*ret = (struct return_form){.name = "none", .why = keeps ? options->no_kept_go : NULL};
	if (!ret->why && !has_sites)
		return choose_none(code, ret);
	if (!ret->why)
		*ret = (struct return_form){
			.name = "goroutine",
			.why = "its end is found by the goroutine, which may change threads and stacks",
			.flags = SITE_GO};
	return NULL;
}

static struct err *choose_stack(const struct code *code, bool has_sites, struct return_form *ret)
{
	if (!has_sites)
		return choose_none(code, ret);
	*ret = (struct return_form){.name = "stack",
				    .why = "its end is found by its place on the stack, in "
					   "whichever thread that goes on",
				    .flags = SITE_GO};
	return NULL;
}

/* Which of two probes at one instruction is hit first, the kernel does not tell. */
static bool ends_where_it_begins(const struct code *code)
{
	for (size_t i = 0; i < code->n_returns; i++)
		if (code->returns[i] == code->entry.address)
			return true;
	for (size_t i = 0; i < code->n_tail_jumps; i++)
		if (code->tail_jumps[i] == code->entry.address)
			return true;
	return false;
}

static const char one_instruction[] = "its first instruction is the one that leaves it";

const char *return_form_why_no_sites(const struct code *code)
{
	if (!code->whole || !(code->n_returns + code->n_tail_jumps))
		return code->why_not ? code->why_not : "it never returns";
	return ends_where_it_begins(code) ? one_instruction : NULL;
}

struct err *return_form_choose(const struct uprobe_options *options,
			       const struct function *function, const struct code *code, bool keeps,
			       struct arena *arena, struct return_form *ret)
{
	static const char may_move[] = "it is not known to keep its goroutine in a register, and "
				       "what it calls may come back in another thread";
	bool has_sites = code->whole && code->n_returns + code->n_tail_jumps;
	bool has_one = has_sites && ends_where_it_begins(code);
	if (has_one && (code->is_go || return_form_wants_sites(options, function, code))) {
		*ret = (struct return_form){.name = "none", .why = one_instruction};
		return NULL;
	}
	if (code->in_goroutine)
		return choose_goroutine(options, code, keeps, has_sites, ret);
	if (code->is_go && (!code->whole || code->has_calls)) {
		*ret = (struct return_form){.name = "none",
					    .why = code->whole ? may_move : code->why_not};
		return NULL;
	}
	if (options->return_mode == RETURN_STACK)
		return choose_stack(code, has_sites, ret);
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
