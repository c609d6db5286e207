/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/output_events.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

static const struct enumerator colors[] = {{"RED", 0, 0}, {"GREEN", 1, 0}, {"BROKEN", -1, 0}};
/* include/uapi/asm-generic/fcntl.h; O_SYNC contains O_DSYNC, the lowest two bits are O_ACCMODE */
static const struct enumerator open_flags[] = {
	{"O_RDONLY", 0, 3},	    {"O_WRONLY", 01, 3},    {"O_RDWR", 02, 3},
	{"O_CREAT", 0100, 0},	    {"O_DSYNC", 010000, 0}, {"O_SYNC", 04010000, 0},
	{"O_CLOEXEC", 02000000, 0},
};

const struct type type_int = {.kind = TYPE_INT, .size = 4, .name = "int"};
const struct type type_long = {.kind = TYPE_INT, .size = 8, .name = "long"};
const struct type type_ulong = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long"};
const struct type type_hex = {.kind = TYPE_HEX, .size = 8, .name = "hex"};
const struct type type_mode = {.kind = TYPE_OCTAL, .size = 4, .name = "mode_t"};
const struct type type_bool = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
const struct type type_char = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
const struct type type_float = {.kind = TYPE_FLOAT, .size = 4, .name = "float"};
const struct type type_double = {.kind = TYPE_FLOAT, .size = 8, .name = "double"};
const struct type type_pointer = {.kind = TYPE_POINTER, .size = 8, .name = "struct request *"};
const struct type type_string = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
const struct type type_bytes = {.kind = TYPE_BYTES, .size = 8, .name = "void *"};
const struct type type_fd = {.kind = TYPE_FD, .size = 4, .name = "int"};
const struct type type_errno = {.kind = TYPE_ERRNO, .size = 4, .name = "errno"};
const struct type type_void = {.kind = TYPE_VOID, .name = "void"};
const struct type type_color = {
	.kind = TYPE_ENUM,
	.size = 4,
	.name = "enum color",
	.enumerators = colors,
	.n_enumerators = array_size(colors),
};
const struct type type_open_flags = {
	.kind = TYPE_FLAGS,
	.size = 4,
	.name = "int",
	.enumerators = open_flags,
	.n_enumerators = array_size(open_flags),
};
const struct type type_sockaddr = {.kind = TYPE_BYTES, .size = 8, .name = "struct sockaddr *"};
const struct type type_chars = {
	.kind = TYPE_ARRAY, .size = 8, .name = "char[8]", .target = &type_char};
const struct type type_ints = {
	.kind = TYPE_ARRAY, .size = 16, .name = "int[4]", .target = &type_int};

struct made *made_event(enum stream_event_kind kind, const char *name)
{
	static const enum probe_kind probe_kinds[] = {
		[STREAM_CALL] = PROBE_CALL, [STREAM_PROBE] = PROBE_UPROBE,
		[STREAM_USDT] = PROBE_USDT, [STREAM_SYSCALL] = PROBE_SYSCALL,
		[STREAM_LOST] = PROBE_CALL,
	};
	struct made *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->probe = (struct probe){.module = "srv", .provider = "app", .name = name};
	if (kind < array_size(probe_kinds))
		made->probe.kind = probe_kinds[kind];
	made->site.probe = &made->probe;
	made->site.arguments.items = made->values;
	made->task = (struct stream_task){.tgid = 4242,
					  .tid = 4250,
					  .parent_tgid = 1,
					  .uid = 1000,
					  .gid = 100,
					  .comm = "srv"};
	made->arguments.unreadable = "not resident";
	made->results.unreadable = "not resident";
	made->event = (struct stream_event){
		.kind = kind,
		.time_ns = 1000123000,
		.task = &made->task,
		.cpu = 1,
		.ending = ENDING_UNKNOWN,
		.site = &made->site,
		.arguments = &made->arguments,
	};
	return made;
}

void made_free(struct made *made)
{
	free(made);
}

static struct value *add_value(struct made *made, const char *name, const struct type *type)
{
	CHECK(made->site.arguments.count < MADE_VALUES);
	struct value *value = &made->values[made->site.arguments.count++];
	*value = (struct value){.name = name, .type = type, .slot = VALUE_NO_SLOT};
	return value;
}

struct value *made_number(struct made *made, const char *name, const struct type *type,
			  uint64_t number)
{
	struct value *value = add_value(made, name, type);
	value->slot = (int)made->arguments.count;
	made->arguments.items[made->arguments.count++] =
		(struct slot){.available = true, .number = number};
	return value;
}

struct value *made_text(struct made *made, const char *name, const struct type *type,
			const char *bytes, uint32_t length, uint32_t blob_flags)
{
	struct value *value = add_value(made, name, type);
	value->slot = (int)made->arguments.count;
	made->arguments.items[made->arguments.count++] = (struct slot){
		.available = true,
		.is_blob = true,
		.bytes = bytes,
		.length = length,
		.blob_flags = blob_flags,
	};
	return value;
}

void made_file(struct made *made, struct value *value, const char *names, size_t size,
	       uint32_t flags)
{
	const struct fetch_file file = {.inode = 77, .flags = flags};
	struct slots *slots = value == &made->result ? &made->results : &made->arguments;
	char *bytes = made->files[made->n_files++];
	CHECK(made->n_files <= MADE_VALUES && sizeof(file) + size <= sizeof(made->files[0]));
	memcpy(bytes, &file, sizeof(file));
	memcpy(bytes + sizeof(file), names, size);
	value->file_slot = (int)slots->count + 1;
	slots->items[slots->count++] = (struct slot){.available = true,
						     .is_blob = true,
						     .bytes = bytes,
						     .length = (uint32_t)(sizeof(file) + size)};
}

struct value *made_missing(struct made *made, const char *name, const char *why)
{
	struct value *value = add_value(made, name, &type_int);
	value->unavailable = why;
	return value;
}

void made_result(struct made *made, const struct type *type, uint64_t number)
{
	made->result = (struct value){.name = "", .type = type};
	made->site.results = (struct value_list){.items = &made->result, .count = 1};
	made->results.count = 1;
	made->results.items[0] = (struct slot){.available = true, .number = number};
	made->event.results = &made->results;
	made->event.syscall_result = (int64_t)number;
	made->event.ending = ENDING_RETURNED;
	made->event.duration_ns = 12000;
}

struct output_options made_options(enum output_format format)
{
	return (struct output_options){
		.format = format,
		.time = TIME_NONE,
		/* 2026-11-21 12:00:00 UTC */
		.realtime_offset_ns = INT64_C(1795262400) * 1000000000,
	};
}

/* The writer must not rely on the position of a shared descriptor; a memory file is enough. */
static char *read_all(int fd)
{
	struct stat status;
	CHECK(fstat(fd, &status) == 0);
	char *text = calloc(1, (size_t)status.st_size + 1);
	CHECK(text);
	CHECK(pread(fd, text, (size_t)status.st_size, 0) == status.st_size);
	return text;
}

char *written_all(const struct output_options *options, struct err *(*write)(struct output *output))
{
	struct output *output = NULL;
	int fd = memfd_create("output", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(!output_create(fd, "memory", options, &output));
	CHECK(!write(output));
	CHECK(!output_flush(output));
	CHECK(!output_closed(output));
	output_destroy(output);
	char *text = read_all(fd);
	close(fd);
	return text;
}

static char *written(const struct output_options *options, const struct made *made, bool opened,
		     bool was_opened)
{
	struct output *output = NULL;
	int fd = memfd_create("output", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(!output_create(fd, "memory", options, &output));
	if (opened)
		CHECK(!output_opened(output, &made->event));
	else
		CHECK(!output_event(output, &made->event, was_opened));
	CHECK(!output_flush(output));
	output_destroy(output);
	char *text = read_all(fd);
	close(fd);
	return text;
}

char *written_event(const struct output_options *options, const struct made *made, bool was_opened)
{
	return written(options, made, false, was_opened);
}

char *written_opened(const struct output_options *options, const struct made *made)
{
	return written(options, made, true, false);
}
