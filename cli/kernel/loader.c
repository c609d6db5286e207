/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/beside.h"
#include "cli/kernel/trim.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "probe/features.h"
#include "probe/kernel_btf.h"

/* Instructions, for which the verifier takes about as long as a thread takes to come and go. */
#define LARGE 400

/* What programs of these sections become when they are loaded. */
enum how {
	HOW_PLAIN,
	HOW_SLEEPABLE,
	HOW_TRACEPOINT, /* attached by the type btf_trace_NAME */
	HOW_ITERATOR,	/* by the function bpf_iter_NAME */
	N_HOWS,
};

struct handler {
	struct loader *loader;
	enum how how;
};

struct loader {
	struct bpf_object_open_opts options;
	char path[32];
	int fd; /* the small BTF */
	struct handler handlers[N_HOWS];
	ARRAY_OF(int) registered;
	const struct bpf_map *constants; /* of the object that is being loaded, or NULL */
	int constants_fd;		 /* -1: not known yet */
	void *functions, *lines;	 /* of the program that is: its records */
	bool may_load_beside;		 /* there are others */
	struct beside *beside;
	ARRAY_OF(struct kernel_btf_name) names;
	char *texts[64]; /* of these names */
	size_t n_texts;
};

/* --- the programs ----------------------------------------------------------------------------- */

static const char *prefix_of(enum how how)
{
	return how == HOW_TRACEPOINT ? "btf_trace_" : "bpf_iter_";
}

/* The part of a section's name behind the slash, NULL: it has none. */
static const char *target_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');
	return slash ? slash + 1 : NULL;
}

/* What the program attaches to, NULL: nobody has asked for it. */
static const struct kernel_btf_name *find(const struct loader *loader,
					  const struct bpf_program *program, enum how how)
{
	const char *target = target_of(program), *prefix = prefix_of(how);
	for (size_t i = 0; target && i < loader->names.count; i++) {
		const struct kernel_btf_name *name = &loader->names.items[i];
		if (strncmp(name->name, prefix, strlen(prefix)) == 0 &&
		    strcmp(name->name + strlen(prefix), target) == 0)
			return name;
	}
	return NULL;
}

/* The records are libbpf's: those that are left are in a copy. */
static struct trim_records copy_records(void **place, const void *records, uint32_t count,
					uint32_t size)
{
	free(*place);
	*place = malloc((size_t)count * size + 1);
	if (*place && count)
		memcpy(*place, records, (size_t)count * size);
	return (struct trim_records){.bytes = *place, .count = count, .size = size};
}

/* libbpf tells the descriptors of maps only once all is loaded, but instructions have them. */
static bool is_constants(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	return bpf_map_get_info_by_fd(fd, &info, &size) == 0 &&
	       (info.map_flags & BPF_F_RDONLY_PROG) &&
	       info.value_size == bpf_map__value_size(map) && strstr(info.name, bpf_map__name(map));
}

static bool find_constants(struct loader *loader, const struct bpf_insn *insns, size_t count)
{
	int other = -1;
	for (size_t i = 0; loader->constants && loader->constants_fd < 0 && i < count; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW) ||
		    insns[i].src_reg != BPF_PSEUDO_MAP_VALUE || insns[i].imm == other)
			continue;
		other = insns[i].imm;
		if (is_constants(loader->constants, other))
			loader->constants_fd = other;
	}
	return loader->constants && loader->constants_fd >= 0;
}

static int trim_program(struct loader *loader, struct bpf_program *program,
			struct bpf_prog_load_opts *options)
{
	size_t count = bpf_program__insn_cnt(program);
	const struct bpf_insn *code = bpf_program__insns(program);
	struct trim_constants constants = {0};
	if (!find_constants(loader, code, count))
		return 0;
	constants.map = loader->constants_fd;
	constants.bytes = bpf_map__initial_value(loader->constants, &constants.size);
	_cleanup_free_ struct bpf_insn *insns = malloc(count * sizeof(*insns));
	struct trim_program trimmed = {
		.insns = insns,
		.count = count,
		.functions = copy_records(&loader->functions, options->func_info,
					  options->func_info_cnt, options->func_info_rec_size),
		.lines = copy_records(&loader->lines, options->line_info, options->line_info_cnt,
				      options->line_info_rec_size)};
	/* As it is, it is as good. */
	if (!constants.bytes || !insns || !loader->functions || !loader->lines)
		return 0;
	memcpy(insns, code, count * sizeof(*insns));
	if (!trim(&trimmed, &constants))
		return 0;
	options->func_info = trimmed.functions.bytes;
	options->func_info_cnt = trimmed.functions.count;
	options->line_info = trimmed.lines.bytes;
	options->line_info_cnt = trimmed.lines.count;
	return bpf_program__set_insns(program, insns, trimmed.count);
}

static int prepare_as_it_is(struct bpf_program *program, struct bpf_prog_load_opts *options,
			    long cookie)
{
	const struct handler *handler = (const struct handler *)cookie;
	struct loader *loader = handler->loader;
	int cut = trim_program(loader, program, options);
	if (cut)
		return cut;
	if (handler->how == HOW_SLEEPABLE)
		options->prog_flags |= BPF_F_SLEEPABLE;
	if (handler->how <= HOW_SLEEPABLE)
		return 0;
	const struct kernel_btf_name *name = find(loader, program, handler->how);
	if (!name || !name->id)
		return -ESRCH;
	options->attach_btf_id = name->id;
	/* Only now: what is of this type has libbpf read the kernel's BTF. */
	return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

/* libbpf calls this right before it loads a program, with its relocations done. */
static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	struct loader *loader = ((const struct handler *)cookie)->loader;
	int failed = prepare_as_it_is(program, options, cookie);
	if (!failed && loader->may_load_beside && bpf_program__insn_cnt(program) >= LARGE) {
		loader->beside = beside_start(program, options);
		loader->may_load_beside = false;
	}
	return failed;
}

static struct err *handle(struct loader *loader, const char *section, enum bpf_prog_type type,
			  int attach, enum how how)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare,
		    .cookie = (long)&loader->handlers[how]);
	int *id = array_push(&loader->registered);
	if (!id)
		return &err_nomem;
	*id = libbpf_register_prog_handler(section, type, (enum bpf_attach_type)attach, &options);
	if (*id >= 0)
		return NULL;
	loader->registered.count--;
	return err_new(ERR_FAILED, -*id, "preparing to load BPF programs of '%s'", section);
}

/* Those that are attached by hand, and are ours for what is taken out of them alone. */
static struct err *handle_plain(struct loader *loader)
{
	static const struct {
		const char *section;
		enum bpf_prog_type type;
	} plain[] = {
		{"uprobe", BPF_PROG_TYPE_KPROBE},	  {"uretprobe", BPF_PROG_TYPE_KPROBE},
		{"kprobe", BPF_PROG_TYPE_KPROBE},	  {"kretprobe", BPF_PROG_TYPE_KPROBE},
		{"tracepoint", BPF_PROG_TYPE_TRACEPOINT}, {"raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT},
		{"perf_event", BPF_PROG_TYPE_PERF_EVENT},
	};
	struct err *e = NULL;
	for (size_t i = 0; !e && i < array_size(plain); i++)
		e = handle(loader, plain[i].section, plain[i].type, 0, HOW_PLAIN);
	return e;
}

/* --- what they need --------------------------------------------------------------------------- */

static struct err *want(struct loader *loader, const char *prefix, const char *name, uint32_t kind)
{
	char *text = NULL;
	if (loader->n_texts == array_size(loader->texts))
		return err_new(ERR_BUG, 0,
			       "there are more BPF programs than the loader has room for");
	if (asprintf(&text, "%s%s", prefix, name) < 0)
		return &err_nomem;
	loader->texts[loader->n_texts++] = text;
	struct kernel_btf_name *wanted = array_push(&loader->names);
	if (!wanted)
		return &err_nomem;
	*wanted = (struct kernel_btf_name){.name = text, .kind = kind};
	return NULL;
}

static enum how how_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	return strncmp(section, "tp_btf/", 7) == 0 ? HOW_TRACEPOINT
	       : strncmp(section, "iter/", 5) == 0 ? HOW_ITERATOR
						   : HOW_PLAIN;
}

/* Tracepoints whose arguments are to be counted. */
static const char *const differing[] = {"block_bio_queue", "block_rq_issue"};

static struct err *want_all(struct loader *loader, const struct bpf_object *object)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < array_size(differing); i++)
		e = want(loader, prefix_of(HOW_TRACEPOINT), differing[i], BTF_KIND_TYPEDEF);
	struct bpf_program *program;
	bpf_object__for_each_program (program, object) {
		enum how how = how_of(program);
		if (e || how == HOW_PLAIN || find(loader, program, how))
			continue;
		e = want(loader, prefix_of(how), target_of(program),
			 how == HOW_TRACEPOINT ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	}
	return e;
}

struct err *loader_look(struct loader *loader, const struct bpf_object *object)
{
	_cleanup_free_ void *bytes = NULL;
	size_t size = 0;
	struct err *e = want_all(loader, object);
	e = e ? e
	      : kernel_btf_extract(KERNEL_BTF_PATH, bpf_object__btf(object), loader->names.items,
				   loader->names.count, &bytes, &size);
	if (!e && pwrite(loader->fd, bytes, size, 0) != (ssize_t)size)
		e = err_new(ERR_FAILED, errno, "keeping the kernel's types");
	return e;
}

static size_t programs_to_load(struct bpf_object *object)
{
	struct bpf_program *program;
	size_t count = 0;
	bpf_object__for_each_program (program, object)
		count += bpf_program__autoload(program);
	return count;
}

static int finish_beside(struct loader *loader, int failed)
{
	struct beside *beside = take_ptr(loader->beside);
	if (beside && !failed)
		return beside_finish(beside);
	beside_abandon(beside);
	return failed;
}

int loader_load(struct loader *loader, struct bpf_object_skeleton *skeleton)
{
	loader->may_load_beside = programs_to_load(*skeleton->obj) > 1;
	loader->constants = bpf_object__find_map_by_name(*skeleton->obj, ".rodata");
	loader->constants_fd = -1;
	int failed = bpf_object__load_skeleton(skeleton);
	loader->constants = NULL;
	return finish_beside(loader, failed);
}

uint32_t loader_tracepoint_arguments(const struct loader *loader, const char *name)
{
	const char *prefix = prefix_of(HOW_TRACEPOINT);
	for (size_t i = 0; i < loader->names.count; i++) {
		const struct kernel_btf_name *known = &loader->names.items[i];
		if (strncmp(known->name, prefix, strlen(prefix)) == 0 &&
		    strcmp(known->name + strlen(prefix), name) == 0)
			return known->arguments ? known->arguments - 1 : 0;
	}
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

struct err *loader_open(struct loader **ret)
{
	_cleanup_(loader_closep) struct loader *loader = calloc(1, sizeof(*loader));
	if (!loader)
		return &err_nomem;
	for (int how = 0; how < N_HOWS; how++)
		loader->handlers[how] = (struct handler){.loader = loader, .how = (enum how)how};
	loader->fd = memfd_create("utrail-btf", MFD_CLOEXEC);
	if (loader->fd < 0)
		return err_new(ERR_FAILED, errno, "making room for the kernel's types");
	snprintf(loader->path, sizeof(loader->path), "/proc/self/fd/%d", loader->fd);
	loader->options = (struct bpf_object_open_opts){.sz = sizeof(loader->options),
							.btf_custom_path = loader->path};
	const enum bpf_prog_type user = BPF_PROG_TYPE_KPROBE, raw = BPF_PROG_TYPE_RAW_TRACEPOINT;
	struct err *e = handle_plain(loader);
	e = e ? e : handle(loader, "uprobe.multi.s", user, UPROBE_MULTI_ATTACH, HOW_SLEEPABLE);
	e = e ? e : handle(loader, "uprobe.s", user, 0, HOW_SLEEPABLE);
	e = e ? e : handle(loader, "tp_btf/", raw, BPF_TRACE_RAW_TP, HOW_TRACEPOINT);
	e = e ? e : handle(loader, "iter/", raw, BPF_TRACE_ITER, HOW_ITERATOR);
	if (e)
		return e;
	*ret = take_ptr(loader);
	return NULL;
}

void loader_close(struct loader *loader)
{
	if (!loader)
		return;
	for (size_t i = 0; i < loader->registered.count; i++)
		libbpf_unregister_prog_handler(loader->registered.items[i]);
	for (size_t i = 0; i < loader->n_texts; i++)
		free(loader->texts[i]);
	free(loader->functions);
	free(loader->lines);
	free(loader->registered.items);
	free(loader->names.items);
	closep(&loader->fd);
	free(loader);
}

void loader_closep(struct loader **loader)
{
	loader_close(*loader);
}

const struct bpf_object_open_opts *loader_options(const struct loader *loader)
{
	return &loader->options;
}
