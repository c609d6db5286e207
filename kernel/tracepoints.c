/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/tracepoints.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "kernel/point.h"
#include "kernel/syscalls.h"
#include "kernel/tracepoint_format.h"
#include "kernel/tracepoint_types.h"

/* The longest of 6.18 has 13 KiB; those of drivers may be longer. */
#define FORMAT_MAX (256 << 10)

/* --- where it is ------------------------------------------------------------------------------ */

static void endmntentp(FILE **file)
{
	if (*file)
		endmntent(*file);
}

/* Where it is mounted at no usual place. */
static const char *mounted_at(struct probe_set *set)
{
	char room[PATH_MAX + 256];
	struct mntent entry;
	_cleanup_(endmntentp) FILE *mounts = setmntent("/proc/self/mounts", "re");
	while (mounts && getmntent_r(mounts, &entry, room, sizeof(room)))
		if (strcmp(entry.mnt_type, "tracefs") == 0)
			return arena_printf(&set->arena, "%s/events", entry.mnt_dir);
	return NULL;
}

struct err *tracepoints_directory(struct probe_set *set, const char **ret)
{
	static const char *const places[] = {"/sys/kernel/tracing/events",
					     "/sys/kernel/debug/tracing/events"};
	int errnum = ENOENT;
	const char *elsewhere = mounted_at(set);
	for (size_t i = 0; i < array_size(places); i++) {
		if (access(places[i], R_OK | X_OK) == 0) {
			*ret = places[i];
			return NULL;
		}
		if (errno != ENOENT)
			errnum = errno;
	}
	if (elsewhere && access(elsewhere, R_OK | X_OK) == 0) {
		*ret = elsewhere;
		return NULL;
	}
	if (errnum == EACCES || errnum == EPERM)
		return err_hint(err_why(err_new(ERR_PERMISSION, 0, "tracefs cannot be read"),
					"%s: %s", elsewhere ? elsewhere : places[0],
					strerror(errnum)),
				"run as root, or with CAP_DAC_READ_SEARCH; 'rawtracepoint:NAME' "
				"does not need it");
	return err_hint(
		err_why(err_new(ERR_UNSUPPORTED, 0, "the kernel's tracepoints are not known"),
			"tracefs is not mounted"),
		"mount -t tracefs tracefs /sys/kernel/tracing; 'rawtracepoint:NAME' does "
		"not need it");
}

/* --- fields ----------------------------------------------------------------------------------- */

/* Register 0 is the address of the record. */
static struct fetch_source field_source(const struct tracepoint_field *field)
{
	struct fetch_source source = fetch_from_register(0, 8, false);
	source.ops[source.n_ops++] =
		(struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)field->offset};
	source.is_address = true;
	return source;
}

/* The address of what the field only locates: the lower half of it is the distance. */
static struct fetch_source located_source(const struct tracepoint_field *field)
{
	struct fetch_source source = field_source(field);
	source.ops[source.n_ops++] = (struct fetch_op){.code = FETCH_DEREF, .size = 2};
	source.ops[source.n_ops++] =
		(struct fetch_op){.code = FETCH_INDEX, .reg = 0, .size = 8, .imm = 1};
	if (field->form == FIELD_REL_LOC)
		source.ops[source.n_ops++] = (struct fetch_op){
			.code = FETCH_ADD, .imm = (int64_t)field->offset + field->size};
	source.is_address = false;
	return source;
}

/* The upper half is its size. */
static struct fetch_source located_length(const struct tracepoint_field *field)
{
	struct fetch_source source = fetch_from_register(0, 8, false);
	source.ops[source.n_ops++] =
		(struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)field->offset + 2};
	source.ops[source.n_ops++] = (struct fetch_op){.code = FETCH_DEREF, .size = 2};
	return source;
}

/* "struct file *", "const struct path *" */
static void add_path(struct plan_builder *builder, const char *type)
{
	static const char word[] = "struct ";
	char structure[64];
	const char *name = strstr(type, word);
	if (name && sscanf(name + strlen(word), "%63[a-z_] *", structure) == 1 &&
	    strcmp(name + strlen(word) + strlen(structure), " *") == 0)
		point_add_path(builder, structure);
}

static struct err *add_field(struct plan_builder *builder, const struct tracepoint_field *field,
			     const struct type *known, struct point_names *names)
{
	const struct type *type = known;
	struct err *e = known ? NULL : tracepoint_field_type(builder->arena, field, &type);
	if (e)
		return e;
	struct fetch_source source = field_source(field), length = located_length(field);
	bool located = field->form == FIELD_DATA_LOC || field->form == FIELD_REL_LOC;
	if (located)
		source = located_source(field);
	point_name(names, &source);
	e = plan_add_value(builder, field->name, type, &source,
			   located && type->kind == TYPE_BYTES ? &length : NULL);
	if (!e && type->kind == TYPE_POINTER)
		add_path(builder, field->type);
	return e;
}

/* --- events of system calls ------------------------------------------------------------------- */

/* What the table of system calls knows of an argument, as far as it is in the record: numbers by
 * name, and text. */
static const struct type *plain_argument(const struct syscall_argument *argument)
{
	if (argument->at_return)
		return NULL;
	switch (argument->type->kind) {
	case TYPE_STRUCT:
	case TYPE_ARRAY:
	case TYPE_BYTES:
	case TYPE_POINTER:
	case TYPE_SIGNAL_SET:
	case TYPE_BIT_SET:
	case TYPE_COUNT:
	case TYPE_WAIT_STATUS:
	case TYPE_VOID:
		return NULL;
	default:
		return argument->type->length_arg ? NULL : argument->type;
	}
}

/* BPF is given the number and the arguments alone (struct syscall_tp_t, kernel/trace/
 * trace_syscalls.c), not what newer kernels add to the record. */
static bool is_given(const char *category, const struct tracepoint_field *field)
{
	return strcmp(category, "syscalls") != 0 ||
	       (strncmp(field->name, "__", 2) != 0 && field->form == FIELD_PLAIN &&
		field->offset + field->size <= 16 + SYSCALL_ARGUMENTS_MAX * 8);
}

static const struct syscall_info *call_of_event(const char *category, const char *name,
						bool *ret_is_exit)
{
	*ret_is_exit = strncmp(name, "sys_exit_", strlen("sys_exit_")) == 0;
	if (strcmp(category, "syscalls") != 0)
		return NULL;
	if (*ret_is_exit)
		return syscall_by_name(name + strlen("sys_exit_"));
	if (strncmp(name, "sys_enter_", strlen("sys_enter_")) != 0)
		return NULL;
	return syscall_by_name(name + strlen("sys_enter_"));
}

static const struct type *known_type(const struct syscall_info *call, bool is_exit, uint32_t index)
{
	if (!call)
		return NULL;
	if (is_exit)
		return plain_argument(&call->result);
	return index < call->n_arguments ? plain_argument(&call->arguments[index]) : NULL;
}

/* --- one event -------------------------------------------------------------------------------- */

static struct err *add_event(struct probe_set *set, const char *category, const char *name,
			     const struct tracepoint_format *format, const struct spec *spec)
{
	struct probe_site *site;
	struct err *e = point_add(set, spec, category, name, &site);
	if (e)
		return e;
	site->tracepoint_id = format->id;
	struct plan_builder builder;
	struct point_names names = {.count = 0};
	point_plan_begin(&builder, set);
	bool is_exit;
	const struct syscall_info *call = call_of_event(category, name, &is_exit);
	uint32_t index = 0;
	for (uint32_t i = 0; !e && i < format->n_fields; i++)
		if (is_given(category, &format->fields[i]))
			e = add_field(&builder, &format->fields[i],
				      known_type(call, is_exit, index++), &names);
	e = point_plan_end(&builder, e, site);
	return e ? e : point_condition(set, spec, &names, site);
}

static struct err *read_format(const char *directory, const char *category, const char *name,
			       char **ret)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s/%s/format", directory, category, name);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = malloc(FORMAT_MAX);
	if (!text)
		return &err_nomem;
	/* Below a category are files, too; and an event may have gone with its module. */
	*ret = NULL;
	if (!file && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (!file)
		return err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno, "reading '%s'",
			       path);
	size_t size = fread(text, 1, FORMAT_MAX - 1, file);
	if (ferror(file))
		return err_new(ERR_FAILED, errno, "reading '%s'", path);
	text[size] = '\0';
	*ret = take_ptr(text);
	return NULL;
}

struct matching {
	struct probe_set *set;
	const struct spec *spec;
	const char *directory;
	size_t limit, found;
};

static struct err *add_matching(struct matching *matching, const char *category, const char *name)
{
	struct probe_set *set = matching->set;
	_cleanup_free_ char *text = NULL;
	struct err *e = read_format(matching->directory, category, name, &text);
	if (e || !text)
		return e;
	struct probe_site *known = point_find(set, matching->spec, category, name);
	if (known)
		return point_join(set, matching->spec, known);
	e = point_check_limit(++matching->found, matching->limit, matching->spec, "tracepoints");
	if (e)
		return e;
	_cleanup_free_ struct tracepoint_format *format = malloc(sizeof(*format));
	if (!format)
		return &err_nomem;
	if (!tracepoint_format_parse(&set->arena, text, format))
		return NULL;
	return add_event(set, category, name, format, matching->spec);
}

static int is_plain_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* What of a directory the callback wants, in the order of the names. */
static struct err *for_each_entry(const char *path, struct matching *matching, const char *category)
{
	struct dirent **entries = NULL;
	struct err *e = NULL;
	int count = scandir(path, &entries, is_plain_name, alphasort);
	if (count < 0 && (errno == ENOTDIR || errno == ENOENT))
		return NULL;
	if (count < 0)
		return err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno, "reading '%s'",
			       path);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		if (!e && category && spec_name_matches(matching->spec, name))
			e = add_matching(matching, category, name);
		if (!e && !category &&
		    (!matching->spec->module || fnmatch(matching->spec->module, name, 0) == 0)) {
			char below[PATH_MAX];
			snprintf(below, sizeof(below), "%s/%s", path, name);
			e = for_each_entry(below, matching, name);
		}
		free(entries[i]);
	}
	free(entries);
	return e;
}

struct err *tracepoints_add_probes(struct probe_set *set, const struct spec *spec,
				   const char *directory, size_t limit)
{
	struct matching matching = {
		.set = set, .spec = spec, .directory = directory, .limit = limit};
	return err_wrap(for_each_entry(directory, &matching, NULL), "looking for '%s'", spec->text);
}
