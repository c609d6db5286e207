/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_value.c — values as text, in strace's spelling. */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "common/array.h"
#include "output/endpoint.h"
#include "output/escape.h"
#include "output/go_value.h"
#include "output/names.h"
#include "output/netlink_text.h"
#include "output/number.h"
#include "output/sockaddr.h"
#include "output/wide.h"
#include "output/writer.h"
#include "probe/file.h"

static void put_number(struct buffer *buffer, char *(*format)(char *to, uint64_t number),
		       uint64_t number)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(format(to, number) - to);
}

static void put_wide_number(struct buffer *buffer, const struct shown *shown)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_wide(to, shown->bytes, type_is_signed(shown->type)) - to);
}

static void put_signed(struct buffer *buffer, int64_t number)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_signed(to, number) - to);
}

static void put_string(struct output *output, const struct shown *shown)
{
	struct buffer *buffer = &output->buffer;
	uint32_t length = shown->length;
	if (shown->truncated)
		length = (uint32_t)utf8_whole(shown->bytes, length);
	struct redacted text = redact_text(output->options.redact, shown->bytes, length);
	text_color(output, COLOR_GREEN);
	escape_quoted(buffer, text.bytes, text.size);
	if (shown->truncated)
		buffer_put_literal(buffer, "...");
	text_color(output, COLOR_OFF);
}

/* Is something in it that looks like a secret? Then it is written without that. */
static bool put_wide_redacted(struct output *output, const struct shown *shown)
{
	struct buffer *buffer = &output->buffer;
	size_t start = buffer->used;
	if (!output->options.redact)
		return false;
	wide_put_utf8(buffer, shown);
	size_t length = buffer->used - start;
	struct redacted text = redact_text(output->options.redact, buffer->data + start, length);
	bool is_same = text.size == length && memcmp(text.bytes, buffer->data + start, length) == 0;
	buffer->used = start;
	if (is_same)
		return false;
	buffer_put_char(buffer, shown->type->prefix);
	escape_quoted(buffer, text.bytes, text.size);
	return true;
}

static void put_wide(struct output *output, const struct shown *shown)
{
	text_color(output, COLOR_GREEN);
	if (!put_wide_redacted(output, shown))
		wide_put(&output->buffer, shown);
	if (shown->truncated)
		buffer_put_literal(&output->buffer, "...");
	text_color(output, COLOR_OFF);
}

/* 'x', '\xff', '\ud800' */
static void put_char(struct buffer *buffer, const struct shown *shown)
{
	char byte = (char)shown->number;
	buffer_put_char(buffer, '\'');
	if (!shown->number)
		buffer_put_literal(buffer, "\\0");
	else if (shown->is_wide)
		wide_put_code(buffer, (uint32_t)shown->number, "'");
	else
		escape_put(buffer, &byte, 1, "'");
	buffer_put_char(buffer, '\'');
}

/* Three digits at least, as modes are written: 000, 0644 */
static void put_mode_bits(struct buffer *buffer, uint64_t bits)
{
	if (bits < 010)
		buffer_put_string(buffer, bits ? "0" : "00");
	put_number(buffer, number_octal, bits);
}

static void put_flags(struct buffer *buffer, const struct shown *shown)
{
	struct flags_walk walk = {0};
	const char *name;
	bool is_first = true;
	while (flags_next(shown, &walk, &name)) {
		if (!is_first)
			buffer_put_char(buffer, '|');
		escape_name(buffer, name);
		is_first = false;
	}
	if (!walk.rest && !is_first)
		return;
	if (!is_first)
		buffer_put_char(buffer, '|');
	if (shown->type->kind == TYPE_MODE)
		put_mode_bits(buffer, walk.rest);
	else
		put_number(buffer, walk.rest ? number_hex : number_unsigned, walk.rest);
}

static void put_signal(struct buffer *buffer, int64_t number)
{
	char text[NAMES_MAX];
	if (names_is_signal(number))
		buffer_put_string(buffer, names_signal((int)number, text));
	else
		put_signed(buffer, number);
}

/* [CHLD INT]; of more than half of all, those that are missing: ~[KILL] */
static void put_signal_set(struct buffer *buffer, uint64_t set)
{
	char text[NAMES_MAX];
	bool is_first = true;
	if (__builtin_popcountll(set) > 32) {
		buffer_put_char(buffer, '~');
		set = ~set;
	}
	buffer_put_char(buffer, '[');
	for (int i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		if (!is_first)
			buffer_put_char(buffer, ' ');
		buffer_put_string(buffer, names_signal_short(i + 1, text));
		is_first = false;
	}
	buffer_put_char(buffer, ']');
}

static void put_condition(struct buffer *buffer, const char *is, const char *value)
{
	buffer_put_string(buffer, is);
	buffer_put_string(buffer, " == ");
	buffer_put_string(buffer, value);
}

static void put_wait_status(struct buffer *buffer, int status)
{
	char text[NAMES_MAX];
	buffer_put_char(buffer, '{');
	if (WIFEXITED(status)) {
		*number_unsigned(text, (uint64_t)WEXITSTATUS(status)) = '\0';
		put_condition(buffer, "WIFEXITED(s) && WEXITSTATUS(s)", text);
	} else if (WIFSTOPPED(status)) {
		put_condition(buffer, "WIFSTOPPED(s) && WSTOPSIG(s)",
			      names_signal(WSTOPSIG(status), text));
		if (status >> 16) { /* a ptrace event */
			buffer_put_literal(buffer, "} | ");
			put_number(buffer, number_hex, (uint64_t)(status >> 16) << 16);
			return;
		}
	} else if (WIFCONTINUED(status)) {
		buffer_put_literal(buffer, "WIFCONTINUED(s)");
	} else {
		put_condition(buffer, "WIFSIGNALED(s) && WTERMSIG(s)",
			      names_signal(WTERMSIG(status), text));
		if (WCOREDUMP(status))
			buffer_put_literal(buffer, " && WCOREDUMP(s)");
	}
	buffer_put_char(buffer, '}');
}

static void put_device(struct buffer *buffer, uint64_t device)
{
	struct device_number number = device_number(device);
	buffer_put_literal(buffer, "makedev(");
	put_number(buffer, number_hex, number.major);
	buffer_put_literal(buffer, ", ");
	put_number(buffer, number_hex, number.minor);
	buffer_put_char(buffer, ')');
}

/* 0x7ffd3f10 with a comment: how much lies there */
static void put_count(struct buffer *buffer, const struct shown *shown)
{
	if (shown->is_whole) { /* <std::map of 3> */
		buffer_put_char(buffer, '<');
		buffer_put_string(buffer, shown->name);
		buffer_put_literal(buffer, " of ");
		put_number(buffer, number_unsigned, shown->count);
		buffer_put_char(buffer, '>');
		return;
	}
	put_number(buffer, number_hex, shown->number);
	buffer_put_literal(buffer, " /* ");
	put_number(buffer, number_unsigned, shown->count);
	buffer_put_char(buffer, ' ');
	buffer_put_string(buffer, shown->name);
	if (shown->count != 1 && shown->name[strlen(shown->name) - 1] != 's')
		buffer_put_char(buffer, 's');
	buffer_put_literal(buffer, " */");
}

/* <char 1:3> */
static void put_file_device(struct buffer *buffer, const char *bytes, uint32_t length)
{
	struct file_device device;
	if (!file_is_device(bytes, length, &device))
		return;
	buffer_put_string(buffer, device.is_block ? "<block " : "<char ");
	put_number(buffer, number_unsigned, device.major);
	buffer_put_char(buffer, ':');
	put_number(buffer, number_unsigned, device.minor);
	buffer_put_char(buffer, '>');
}

/* 3</etc/passwd>; `bytes`: of file_path(), NULL when that was not read. */
static void put_descriptor(struct buffer *buffer, int fd, const char *bytes, uint32_t length)
{
	char path[FILE_PATH_MAX];
	bool is_cut;
	if (fd == AT_FDCWD)
		buffer_put_literal(buffer, "AT_FDCWD");
	else
		put_signed(buffer, fd);
	if (!bytes || !file_path(bytes, length, path, &is_cut))
		return;
	buffer_put_char(buffer, '<');
	if (file_is_socket(bytes, length))
		buffer_put_string(buffer, path);
	else
		escape_put(buffer, path, strlen(path), "<>");
	put_file_device(buffer, bytes, length);
	buffer_put_char(buffer, '>');
}

/* [0 3 17], [0</dev/null> 3</etc/passwd>] */
static void put_bit_set(struct buffer *buffer, const struct shown *shown)
{
	const char *bytes;
	uint32_t length;
	buffer_put_char(buffer, '[');
	for (uint32_t number = 0; bit_set_next(shown, &number); number++) {
		if (buffer->data[buffer->used - 1] != '[')
			buffer_put_char(buffer, ' ');
		if (!shown_find_file(shown, number, &bytes, &length))
			bytes = NULL;
		put_descriptor(buffer, (int)number, bytes, bytes ? length : 0);
	}
	buffer_put_string(buffer, shown->truncated ? " ...]" : "]");
}

/* "/etc/passwd", ".../passwd" */
static void put_file(struct output *output, const struct shown *shown)
{
	char path[FILE_PATH_MAX];
	bool is_cut;
	if (!file_path(shown->bytes, shown->length, path, &is_cut))
		return;
	text_color(output, COLOR_GREEN);
	escape_quoted(&output->buffer, path, strlen(path));
	text_color(output, COLOR_OFF);
}

static void put_sockaddr(struct buffer *buffer, const struct shown *shown)
{
	struct socket_address address;
	if (sockaddr_decode(shown->bytes, shown->length, &address))
		sockaddr_put(buffer, &address);
}

static void put_endpoint(struct buffer *buffer, const struct shown *shown)
{
	char text[ENDPOINT_MAX];
	buffer_put_string(buffer, endpoint_text(shown->bytes, shown->length, text) ? text : "?");
}

/* Members of the kernel's struct task_struct: see known_members of kernel/btf_types.c. */
static bool is_task(const struct shown *whole)
{
	static const char *const names[] = {"pid", "tgid", "comm"};
	for (uint32_t i = 0; i < array_size(names); i++)
		if (!whole->members || whole->count != array_size(names) ||
		    strcmp(whole->members[i].name, names[i]) != 0)
			return false;
	return true;
}

/* sh[123], as lines begin. */
static void put_task(struct output *output, const struct shown_scope *scope,
		     const struct shown *whole)
{
	struct shown part;
	const char *name;
	shown_part(scope, whole, 2, &part, &name);
	if (part.kind == SHOWN_STRING)
		escape_put(&output->buffer, part.bytes, part.length, "[]\"");
	else
		text_shown(output, scope, &part);
	buffer_put_char(&output->buffer, '[');
	shown_part(scope, whole, 0, &part, &name);
	text_shown(output, scope, &part);
	buffer_put_char(&output->buffer, ']');
}

/* *errors.errorString("not found"), int(5), *main.Square(0xc000014270), main.Point(at 0xc00001) */
static void put_held(struct output *output, const struct shown_scope *scope,
		     const struct go_interface *held)
{
	escape_put(&output->buffer, held->type, held->type_length, "\"");
	buffer_put_string(&output->buffer, held->is_place ? "(at " : "(");
	text_shown(output, scope, &held->data);
	buffer_put_char(&output->buffer, ')');
}

static void put_parts(struct output *output, const struct shown_scope *scope,
		      const struct shown *whole)
{
	struct buffer *buffer = &output->buffer;
	bool is_first = true;
	bool is_struct = whole->kind == SHOWN_STRUCT || whole->is_map || whole->is_set;
	bool is_results = go_is_results(whole);
	struct go_interface held;
	switch (go_find_held(scope, whole, &held)) {
	case GO_NIL:
		buffer_put_literal(buffer, "nil");
		return;
	case GO_VALUE:
		put_held(output, scope, &held);
		return;
	case GO_UNKNOWN:
		break;
	}
	if (!whole->is_bare)
		buffer_put_char(buffer, is_results ? '(' : is_struct ? '{' : '[');
	for (uint32_t i = 0; i < whole->count; i++) {
		struct shown part;
		const char *name;
		shown_part(scope, whole, i, &part, &name);
		if (part.kind == SHOWN_HIDDEN)
			continue;
		if (!is_first)
			buffer_put_literal(buffer, ", ");
		is_first = false;
		if (*name && !(is_results && go_is_unnamed(name))) {
			escape_name(buffer, name);
			buffer_put_char(buffer, '=');
		}
		if (whole->is_map && part.kind == SHOWN_STRUCT)
			text_entry(output, scope, &part);
		else
			text_shown(output, scope, &part);
	}
	if (whole->truncated)
		buffer_put_string(buffer, is_first ? "..." : ", ...");
	if (!whole->is_bare)
		buffer_put_char(buffer, is_results ? ')' : is_struct ? '}' : ']');
}

/* Some(5), Some({x=1, y=2}), Rect{w=1, h=2} */
static void put_variant(struct output *output, const struct shown_scope *scope,
			const struct shown *whole)
{
	struct buffer *buffer = &output->buffer;
	struct shown part;
	const char *name;
	shown_part(scope, whole, 0, &part, &name);
	bool is_struct = part.kind == SHOWN_STRUCT && !whole->is_tuple;
	escape_name(buffer, name);
	if (!is_struct)
		buffer_put_char(buffer, '(');
	text_shown(output, scope, &part);
	if (!is_struct)
		buffer_put_char(buffer, ')');
}

static void put_unavailable(struct buffer *buffer, const struct shown *shown)
{
	if (shown->address)
		put_number(buffer, number_hex, shown->address);
	buffer_put_char(buffer, '<');
	escape_put(buffer, shown->text, strlen(shown->text), "<>");
	buffer_put_char(buffer, '>');
}

static void put_real(struct buffer *buffer, const struct shown *shown)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_real(to, shown->real, shown->is_single) - to);
}

static void put_errno(struct output *output, const char *name)
{
	text_color(output, COLOR_RED);
	buffer_put_char(&output->buffer, '-');
	buffer_put_string(&output->buffer, name);
	text_color(output, COLOR_OFF);
}

/* Numbers, and words for them. False: it is neither. */
static bool put_plain(struct buffer *buffer, const struct shown *shown)
{
	switch (shown->kind) {
	case SHOWN_SIGNED:
		put_signed(buffer, (int64_t)shown->number);
		return true;
	case SHOWN_UNSIGNED:
		put_number(buffer, number_unsigned, shown->number);
		return true;
	case SHOWN_WIDE_NUMBER:
		put_wide_number(buffer, shown);
		return true;
	case SHOWN_HEX:
		put_number(buffer, number_hex, shown->number);
		return true;
	case SHOWN_OCTAL:
		put_number(buffer, number_octal, shown->number);
		return true;
	case SHOWN_NULL:
		buffer_put_literal(buffer, "NULL");
		return true;
	case SHOWN_VOID:
		/* Rust's value of no bytes is its type's name. */
		buffer_put_string(buffer, shown->type ? shown->type->name : "void");
		return true;
	case SHOWN_BOOL:
		buffer_put_string(buffer, shown->number ? "true" : "false");
		return true;
	case SHOWN_CHAR:
		put_char(buffer, shown);
		return true;
	case SHOWN_REAL:
		put_real(buffer, shown);
		return true;
	default:
		return false;
	}
}

/* 0x55d1a8 <table+8>, &on_event */
static void put_pointer(struct buffer *buffer, const struct shown_scope *scope,
			const struct shown *shown)
{
	struct shown_pointee pointee;
	bool is_known = shown_pointee(scope, shown, &pointee);
	if (is_known && pointee.is_code) {
		buffer_put_char(buffer, '&');
		escape_name(buffer, pointee.name);
		return;
	}
	put_number(buffer, number_hex, shown->number);
	if (!is_known)
		return;
	buffer_put_literal(buffer, " <");
	escape_name(buffer, pointee.name);
	if (pointee.offset) {
		buffer_put_char(buffer, '+');
		put_number(buffer, number_unsigned, pointee.offset);
	}
	buffer_put_char(buffer, '>');
}

static void put_shown(struct output *output, const struct shown_scope *scope,
		      const struct shown *shown)
{
	struct buffer *buffer = &output->buffer;
	if (shown->kind == SHOWN_HEX && shown->is_pointer) {
		put_pointer(buffer, scope, shown);
		return;
	}
	if (put_plain(buffer, shown))
		return;
	switch (shown->kind) {
	case SHOWN_FILE:
		put_file(output, shown);
		break;
	case SHOWN_STRING:
		put_string(output, shown);
		break;
	case SHOWN_WIDE:
		put_wide(output, shown);
		break;
	case SHOWN_NAME:
		escape_name(buffer, shown->text);
		break;
	case SHOWN_ERRNO:
		put_errno(output, shown->text);
		break;
	case SHOWN_FLAGS:
		put_flags(buffer, shown);
		break;
	case SHOWN_FD:
		put_descriptor(buffer, (int)(int64_t)shown->number, shown->bytes, shown->length);
		break;
	case SHOWN_SOCKADDR:
		put_sockaddr(buffer, shown);
		break;
	case SHOWN_ENDPOINT:
		put_endpoint(buffer, shown);
		break;
	case SHOWN_ADDRESS:
	case SHOWN_HARDWARE:
	case SHOWN_PORT:
	case SHOWN_SUBSYSTEM:
		netlink_put(buffer, shown);
		break;
	case SHOWN_STRUCT:
	case SHOWN_ARRAY:
		(shown->is_variant ? put_variant
		 : is_task(shown)  ? put_task
				   : put_parts)(output, scope, shown);
		break;
	case SHOWN_SIGNAL:
		put_signal(buffer, (int64_t)shown->number);
		break;
	case SHOWN_SIGNAL_SET:
		put_signal_set(buffer, shown->number);
		break;
	case SHOWN_WAIT_STATUS:
		put_wait_status(buffer, (int)shown->number);
		break;
	case SHOWN_DEVICE:
		put_device(buffer, shown->number);
		break;
	case SHOWN_COUNT:
		put_count(buffer, shown);
		break;
	case SHOWN_BIT_SET:
		put_bit_set(buffer, shown);
		break;
	case SHOWN_HIDDEN:
		break;
	case SHOWN_UNAVAILABLE:
		put_unavailable(buffer, shown);
		break;
	default:
		break;
	}
}

/* A => B; just A when B, as it is written, is the same. A starts at `start`. */
static void put_after(struct output *output, const struct shown_scope *scope,
		      const struct value *value, size_t start)
{
	static const char arrow[] = " => ";
	struct buffer *buffer = &output->buffer;
	size_t middle = buffer->used, length = middle - start;
	struct shown shown;
	shown_value(scope, value, scope->event->results, &shown);
	buffer_put_string(buffer, arrow);
	size_t second = buffer->used;
	put_shown(output, scope, &shown);
	if (!buffer->nomem && buffer->used - second == length &&
	    memcmp(buffer->data + start, buffer->data + second, length) == 0)
		buffer->used = middle;
}

/* What a pointer leads to stands in brackets, as an array of one. */
void text_shown(struct output *output, const struct shown_scope *scope, const struct shown *shown)
{
	bool boxed = shown->boxed && shown->kind != SHOWN_UNAVAILABLE;
	if (boxed)
		buffer_put_char(&output->buffer, '[');
	size_t start = output->buffer.used;
	put_shown(output, scope, shown);
	if (shown->after)
		put_after(output, scope, shown->after, start);
	if (boxed)
		buffer_put_char(&output->buffer, ']');
}
