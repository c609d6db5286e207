/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>

#include "output/endpoint.h"
#include "output/escape.h"
#include "output/go_value.h"
#include "output/json.h"
#include "output/names.h"
#include "output/netlink_text.h"
#include "output/number.h"
#include "output/sockaddr.h"
#include "output/wide.h"
#include "probe/file.h"

/* The last integer up to which a double, which is what JavaScript reads, tells all apart. */
#define EXACT_MAX (INT64_C(1) << 53)

/* --- the scratch buffer: texts that json_t then copies ---------------------------------------- */

static struct buffer *scratch_begin(struct output *output)
{
	output->scratch.used = 0;
	output->scratch.line = 0;
	return &output->scratch;
}

static json_t *scratch_string(struct output *output)
{
	struct buffer *scratch = &output->scratch;
	if (scratch->nomem) {
		scratch->nomem = false;
		return NULL;
	}
	return json_stringn_nocheck(scratch->data, scratch->used);
}

void json_set(struct output *output, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value) != 0)
		output->nomem = true;
}

/* As it is, or what makes it valid. */
static void put_name(struct buffer *to, const char *name)
{
	if (utf8_valid(name, strlen(name)))
		buffer_put_string(to, name);
	else
		escape_name(to, name);
}

/* A key for a name of the target, in the scratch buffer. */
static const char *make_key(struct output *output, const char *name, const char *fallback,
			    size_t place, size_t number)
{
	struct buffer *scratch = scratch_begin(output);
	if (!name || !*name)
		buffer_put_string(scratch, fallback);
	else
		put_name(scratch, name);
	char *start = buffer_reserve(scratch, (size_t)2 * NUMBER_MAX), *to = start;
	if (!name || !*name)
		to = number_unsigned(to, place);
	if (number > 1) {
		*to++ = '_';
		to = number_unsigned(to, number);
	}
	*to++ = '\0';
	scratch->used += (size_t)(to - start);
	return scratch->data;
}

void json_set_unique(struct output *output, json_t *object, const char *name, const char *fallback,
		     size_t place, json_t *value)
{
	const char *key = make_key(output, name, fallback, place, 1);
	for (size_t number = 2; json_object_get(object, key); number++)
		key = make_key(output, name, fallback, place, number);
	if (output->scratch.nomem) {
		output->scratch.nomem = false;
		output->nomem = true;
	}
	json_set(output, object, key, value);
}

/* --- texts ----------------------------------------------------------------------------------- */

static void put_base64(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t at = 0; at < length; at += 3) {
		size_t left = length - at;
		uint32_t group = (uint32_t)bytes[at] << 16;
		if (left > 1)
			group |= (uint32_t)bytes[at + 1] << 8;
		if (left > 2)
			group |= bytes[at + 2];
		char *to = buffer_reserve(buffer, 4);
		to[0] = digits[group >> 18];
		to[1] = digits[group >> 12 & 63];
		to[2] = left > 1 ? digits[group >> 6 & 63] : '=';
		to[3] = left > 2 ? digits[group & 63] : '=';
		buffer->used += 4;
	}
}

static json_t *wrapped(struct output *output, const char *key, json_t *value, bool truncated)
{
	json_t *object = json_object();
	json_set(output, object, key, value);
	if (truncated)
		json_set(output, object, "truncated", json_true());
	return object;
}

json_t *json_bytes(struct output *output, const char *bytes, size_t length, bool truncated)
{
	size_t whole = truncated ? utf8_whole(bytes, length) : length;
	if (utf8_valid(bytes, whole)) {
		json_t *text = json_stringn_nocheck(whole ? bytes : "", whole);
		return truncated ? wrapped(output, "str", text, true) : text;
	}
	put_base64(scratch_begin(output), (const unsigned char *)bytes, length);
	return wrapped(output, "b64", scratch_string(output), truncated);
}

json_t *json_text(struct output *output, const char *text)
{
	return json_bytes(output, text ?: "", text ? strlen(text) : 0, false);
}

json_t *json_unavailable(struct output *output, const char *why)
{
	return wrapped(output, "unavailable", json_text(output, why), false);
}

/* --- numbers --------------------------------------------------------------------------------- */

static json_t *number_string(const char *text, const char *end)
{
	return json_stringn_nocheck(text, (size_t)(end - text));
}

json_t *json_decimal(uint64_t number)
{
	char text[NUMBER_MAX];
	return number_string(text, number_unsigned(text, number));
}

json_t *json_unsigned(uint64_t number)
{
	return number <= EXACT_MAX ? json_integer((json_int_t)number) : json_decimal(number);
}

json_t *json_signed(int64_t number)
{
	char text[NUMBER_MAX];
	if (number <= EXACT_MAX && number >= -EXACT_MAX)
		return json_integer(number);
	return number_string(text, number_signed(text, number));
}

static json_t *json_float(struct output *output, const struct shown *shown)
{
	char text[NUMBER_MAX];
	if (!isfinite(shown->real))
		return number_string(text, number_real(text, shown->real, shown->is_single));
	int precision = number_real_precision(shown->real, shown->is_single);
	if (precision > output->real_precision)
		output->real_precision = precision;
	return json_real(shown->real);
}

/* --- values ---------------------------------------------------------------------------------- */

static json_t *json_char(struct output *output, const struct shown *shown)
{
	char bytes[4] = {(char)shown->number};
	size_t length = shown->is_wide ? utf8_encode(shown->number, bytes) : 1;
	return length ? json_bytes(output, bytes, length, false) : json_unsigned(shown->number);
}

static json_t *json_flags(struct output *output, const struct shown *shown)
{
	struct buffer *scratch = scratch_begin(output);
	struct flags_walk walk = {0};
	const char *name;
	while (flags_next(shown, &walk, &name)) {
		if (scratch->used)
			buffer_put_char(scratch, '|');
		put_name(scratch, name);
	}
	if (!scratch->used)
		return json_unsigned(shown->number);
	if (walk.rest) {
		bool is_mode = shown->type->kind == TYPE_MODE;
		buffer_put_char(scratch, '|');
		char *to = buffer_reserve(scratch, NUMBER_MAX);
		char *end = (is_mode ? number_octal : number_hex)(to, walk.rest);
		scratch->used += (size_t)(end - to);
	}
	return scratch_string(output);
}

/* `bytes`: of file_path(), NULL when that was not read. */
static json_t *json_descriptor(struct output *output, int fd, const char *bytes, uint32_t length)
{
	char path[FILE_PATH_MAX];
	bool is_cut;
	json_t *number = fd == AT_FDCWD ? json_string_nocheck("AT_FDCWD") : json_integer(fd);
	if (!bytes || !file_path(bytes, length, path, &is_cut))
		return number;
	json_t *object = wrapped(output, "fd", number, false);
	json_set(output, object, "path", json_text(output, path));
	if (is_cut)
		json_set(output, object, "truncated", json_true());
	struct file_device device;
	if (file_is_device(bytes, length, &device)) {
		json_t *numbers = wrapped(output, "major", json_integer(device.major), false);
		json_set(output, numbers, "minor", json_integer(device.minor));
		json_set(output, object, device.is_block ? "block" : "char", numbers);
	}
	return object;
}

static void set_sockaddr_rest(struct output *output, json_t *object,
			      const struct socket_address *address)
{
	switch (address->form) {
	case SOCKADDR_INTERNET:
		json_set(output, object, "address", json_string_nocheck(address->host));
		json_set(output, object, "port", json_integer(address->port));
		if (address->scope)
			json_set(output, object, "scope", json_integer(address->scope));
		break;
	case SOCKADDR_PATH:
	case SOCKADDR_ABSTRACT:
		json_set(output, object, address->form == SOCKADDR_PATH ? "path" : "abstract",
			 json_bytes(output, address->rest, address->rest_length, false));
		break;
	case SOCKADDR_NETLINK:
		json_set(output, object, "pid", json_integer(address->pid));
		json_set(output, object, "groups", json_integer(address->groups));
		break;
	case SOCKADDR_OTHER:
		if (address->rest_length)
			json_set(output, object, "data",
				 json_bytes(output, address->rest, address->rest_length, false));
		break;
	}
}

static json_t *json_sockaddr(struct output *output, const struct shown *shown)
{
	struct socket_address address;
	if (!sockaddr_decode(shown->bytes, shown->length, &address))
		return json_bytes(output, shown->bytes, shown->length, false);
	json_t *family = address.family_name ? json_string_nocheck(address.family_name)
					     : json_integer(address.family);
	json_t *object = wrapped(output, "family", family, false);
	set_sockaddr_rest(output, object, &address);
	return object;
}

static json_t *json_struct(struct output *output, const struct shown_scope *scope,
			   const struct shown *whole)
{
	json_t *object = json_object();
	struct go_interface held;
	if (go_find_held(scope, whole, &held) == GO_VALUE) {
		json_set(output, object, "type",
			 json_bytes(output, held.type, held.type_length, false));
		json_set(output, object, held.is_place ? "at" : "data",
			 json_shown(output, scope, &held.data));
		return object;
	}
	for (uint32_t i = 0; i < whole->count; i++) {
		struct shown part;
		const char *name;
		shown_part(scope, whole, i, &part, &name);
		if (part.kind == SHOWN_HIDDEN)
			continue;
		json_set_unique(output, object, name, "member", i + 1,
				json_shown(output, scope, &part));
	}
	return whole->is_cut ? wrapped(output, "struct", object, true) : object;
}

/* [1, "one"] */
static json_t *json_entry(struct output *output, const struct shown_scope *scope,
			  const struct shown *entry)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < entry->count; i++) {
		struct shown part;
		const char *name;
		shown_part(scope, entry, i, &part, &name);
		if (json_array_append_new(array, json_shown(output, scope, &part)) != 0)
			output->nomem = true;
	}
	return array;
}

static json_t *json_elements(struct output *output, const struct shown_scope *scope,
			     const struct shown *whole)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < whole->count; i++) {
		struct shown part;
		const char *name;
		shown_part(scope, whole, i, &part, &name);
		bool is_entry = whole->is_map && part.kind == SHOWN_STRUCT;
		json_t *element = (is_entry ? json_entry : json_shown)(output, scope, &part);
		if (json_array_append_new(array, element) != 0)
			output->nomem = true;
	}
	return whole->truncated ? wrapped(output, "array", array, true) : array;
}

static json_t *json_signal_set(struct output *output, uint64_t set)
{
	char text[NAMES_MAX];
	json_t *array = json_array();
	for (int i = 0; i < 64; i++)
		if (set >> i & 1 &&
		    json_array_append_new(array, json_text(output, names_signal(i + 1, text))) != 0)
			output->nomem = true;
	return array;
}

/* The words of an exit event; a process that was stopped or goes on has not ended. */
static json_t *json_wait_status(struct output *output, int status)
{
	char text[NAMES_MAX];
	if (WIFEXITED(status))
		return wrapped(output, "status", json_integer(WEXITSTATUS(status)), false);
	if (WIFCONTINUED(status))
		return wrapped(output, "continued", json_true(), false);
	if (WIFSTOPPED(status))
		return wrapped(output, "stopped",
			       json_text(output, names_signal(WSTOPSIG(status), text)), false);
	json_t *object = wrapped(output, "signal",
				 json_text(output, names_signal(WTERMSIG(status), text)), false);
	json_set(output, object, "core_dumped", json_boolean(WCOREDUMP(status)));
	return object;
}

static json_t *json_device(struct output *output, uint64_t device)
{
	struct device_number number = device_number(device);
	json_t *object = wrapped(output, "major", json_integer(number.major), false);
	json_set(output, object, "minor", json_integer(number.minor));
	return object;
}

static json_t *json_prefixed(struct output *output, char sign, const char *name)
{
	struct buffer *scratch = scratch_begin(output);
	buffer_put_char(scratch, sign);
	put_name(scratch, name);
	return scratch_string(output);
}

static json_t *json_bit_set(struct output *output, const struct shown *shown)
{
	const char *bytes;
	uint32_t length;
	json_t *array = json_array();
	for (uint32_t number = 0; bit_set_next(shown, &number); number++) {
		if (!shown_find_file(shown, number, &bytes, &length))
			bytes = NULL;
		json_t *item = json_descriptor(output, (int)number, bytes, bytes ? length : 0);
		if (json_array_append_new(array, item) != 0)
			output->nomem = true;
	}
	return shown->truncated ? wrapped(output, "array", array, true) : array;
}

static json_t *json_string_shown(struct output *output, const struct shown *shown)
{
	struct redacted text = redact_text(output->options.redact, shown->bytes, shown->length);
	return json_bytes(output, text.bytes, text.size, shown->truncated);
}

/* What is no character has no text: then all are numbers. */
static json_t *json_units(struct output *output, const struct shown *shown)
{
	uint32_t at = 0, code;
	bool is_valid;
	json_t *array = json_array();
	while (wide_next(shown, &at, &code, &is_valid))
		if (json_array_append_new(array, json_integer(code)) != 0)
			output->nomem = true;
	return wrapped(output, "codes", array, shown->truncated);
}

static json_t *json_wide(struct output *output, const struct shown *shown)
{
	struct buffer *scratch = scratch_begin(output);
	bool is_text = wide_put_utf8(scratch, shown) && !scratch->nomem;
	struct redacted text = redact_text(output->options.redact, scratch->data, scratch->used);
	bool is_same = text.size == scratch->used && !memcmp(text.bytes, scratch->data, text.size);
	scratch->nomem = false;
	return is_text || !is_same ? json_bytes(output, text.bytes, text.size, shown->truncated)
				   : json_units(output, shown);
}

static json_t *json_file(struct output *output, const struct shown *shown)
{
	char path[FILE_PATH_MAX];
	bool is_cut;
	if (!file_path(shown->bytes, shown->length, path, &is_cut))
		return json_null();
	json_t *text = json_text(output, path);
	return is_cut && json_is_string(text) ? wrapped(output, "str", text, true) : text;
}

static json_t *json_unreadable(struct output *output, const struct shown *shown)
{
	char text[NUMBER_MAX];
	json_t *object = json_unavailable(output, shown->text);
	if (shown->address)
		json_set(output, object, "pointer",
			 number_string(text, number_hex(text, shown->address)));
	return object;
}

/* "table+8" */
static json_t *json_place(struct output *output, const struct shown_pointee *pointee)
{
	char text[NUMBER_MAX];
	struct buffer *scratch = scratch_begin(output);
	put_name(scratch, pointee->name);
	if (pointee->offset) {
		const char *end = number_unsigned(text, pointee->offset);
		buffer_put_char(scratch, '+');
		buffer_put(scratch, text, (size_t)(end - text));
	}
	return scratch_string(output);
}

static json_t *json_pointer(struct output *output, const struct shown_scope *scope,
			    const struct shown *shown)
{
	char text[NUMBER_MAX];
	struct shown_pointee pointee;
	bool is_known = shown_pointee(scope, shown, &pointee);
	if (is_known && pointee.is_code)
		return json_prefixed(output, '&', pointee.name);
	json_t *address = number_string(text, number_hex(text, shown->number));
	if (!is_known)
		return address;
	json_t *object = json_object();
	json_set(output, object, "pointer", address);
	json_set(output, object, "symbol", json_place(output, &pointee));
	return object;
}

/* As other integers: those that fit into 64 bits are written alike. */
static json_t *json_wide_number(const struct shown *shown)
{
	char text[NUMBER_MAX];
	int64_t low, high;
	memcpy(&low, shown->bytes, sizeof(low));
	memcpy(&high, shown->bytes + sizeof(low), sizeof(high));
	if (!high)
		return json_unsigned((uint64_t)low);
	if (high == -1 && low < 0 && type_is_signed(shown->type))
		return json_signed(low);
	return number_string(text, number_wide(text, shown->bytes, type_is_signed(shown->type)));
}

static json_t *json_plain(struct output *output, const struct shown_scope *scope,
			  const struct shown *shown)
{
	char text[NUMBER_MAX], endpoint[ENDPOINT_MAX], netlink[NETLINK_TEXT_MAX];
	switch (shown->kind) {
	case SHOWN_UNAVAILABLE:
		return json_unreadable(output, shown);
	case SHOWN_VOID:
	case SHOWN_NULL:
		return json_null();
	case SHOWN_SIGNED:
		return json_signed((int64_t)shown->number);
	case SHOWN_UNSIGNED:
		return json_unsigned(shown->number);
	case SHOWN_WIDE_NUMBER:
		return json_wide_number(shown);
	case SHOWN_HEX:
		return shown->is_pointer ? json_pointer(output, scope, shown)
					 : number_string(text, number_hex(text, shown->number));
	case SHOWN_OCTAL:
		return number_string(text, number_octal(text, shown->number));
	case SHOWN_BOOL:
		return json_boolean(shown->number);
	case SHOWN_CHAR:
		return json_char(output, shown);
	case SHOWN_REAL:
		return json_float(output, shown);
	case SHOWN_NAME:
		return json_text(output, shown->text);
	case SHOWN_FLAGS:
		return json_flags(output, shown);
	case SHOWN_ERRNO:
		return json_prefixed(output, '-', shown->text);
	case SHOWN_FD:
		return json_descriptor(output, (int)(int64_t)shown->number, shown->bytes,
				       shown->length);
	case SHOWN_FILE:
		return json_file(output, shown);
	case SHOWN_STRING:
		return json_string_shown(output, shown);
	case SHOWN_WIDE:
		return json_wide(output, shown);
	case SHOWN_SOCKADDR:
		return json_sockaddr(output, shown);
	case SHOWN_ENDPOINT:
		return endpoint_text(shown->bytes, shown->length, endpoint)
			       ? json_text(output, endpoint)
			       : json_null();
	case SHOWN_ADDRESS:
	case SHOWN_HARDWARE:
	case SHOWN_SUBSYSTEM:
		return json_text(output, netlink_text(shown, netlink));
	case SHOWN_PORT:
		return json_unsigned(shown->number);
	case SHOWN_STRUCT:
		return json_struct(output, scope, shown);
	case SHOWN_ARRAY:
		return json_elements(output, scope, shown);
	case SHOWN_SIGNAL:
		return names_is_signal((int64_t)shown->number)
			       ? json_text(output, names_signal((int)shown->number, text))
			       : json_signed((int64_t)shown->number);
	case SHOWN_SIGNAL_SET:
		return json_signal_set(output, shown->number);
	case SHOWN_WAIT_STATUS:
		return json_wait_status(output, (int)shown->number);
	case SHOWN_DEVICE:
		return json_device(output, shown->number);
	case SHOWN_BIT_SET:
		return json_bit_set(output, shown);
	case SHOWN_COUNT:
		return wrapped(output, "count", json_integer(shown->count), false);
	case SHOWN_HIDDEN:
		break;
	}
	return NULL;
}

/* What the call changed has two values. */
json_t *json_shown(struct output *output, const struct shown_scope *scope,
		   const struct shown *shown)
{
	struct shown changed;
	json_t *before = json_plain(output, scope, shown);
	if (!shown->after)
		return before;
	shown_value(scope, shown->after, scope->event->results, &changed);
	json_t *after = json_plain(output, scope, &changed);
	if (json_equal(before, after)) {
		json_decref(after);
		return before;
	}
	json_t *object = wrapped(output, "before", before, false);
	json_set(output, object, "after", after);
	return object;
}

json_t *json_arguments(struct output *output, const struct shown_scope *scope)
{
	const struct value_list *list = &scope->event->site->arguments;
	json_t *object = json_object();
	for (size_t i = 0; i < list->count; i++) {
		struct shown shown;
		const struct value *value = value_choose(&list->items[i], scope->event->arguments);
		if (!value)
			continue;
		shown_value(scope, value, scope->event->arguments, &shown);
		json_set_unique(output, object, list->items[i].name, "arg", i + 1,
				json_shown(output, scope, &shown));
	}
	return object;
}
