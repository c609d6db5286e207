/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers, values that a call changes, and structures that say how long they are. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/array.h"
#include "output/shown.h"
#include "tests/unit/output_forms.h"

static const struct type type_set = {.kind = TYPE_BIT_SET, .size = 8, .name = "fd_set *"};
static const struct type type_id = {.kind = TYPE_ID, .size = 4, .name = "uid_t"};

static struct made *made_bytes(const struct type *type, const void *bytes, uint32_t length,
			       uint32_t flags)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", type, bytes, length, flags);
	return made;
}

static void sets_are_numbers(void **state)
{
	(void)state;
	assert_shown(made_bytes(&type_set, "\x09\x80", 2, 0), "[0 3 15]", "[0,3,15]");
	assert_shown(made_bytes(&type_set, "\0\0", 2, 0), "[]", "[]");
	assert_shown(made_bytes(&type_set, "\x02", 1, FETCH_BLOB_TRUNCATED), "[1 ...]",
		     "{\"array\":[1],\"truncated\":true}");
	assert_shown(made_bytes(&type_set, "", 0, FETCH_BLOB_NULL), "NULL", "null");
	/* select(5, ...): what is beyond was read, and is nobody's. */
	struct made *made = made_bytes(&type_set, "\xff", 1, 0);
	struct value limit = {.name = "n", .type = &type_int, .slot = 1};
	made->arguments.items[made->arguments.count++] =
		(struct slot){.available = true, .number = 5};
	made->values[0].at_most = &limit;
	assert_shown(made, "[0 1 2 3 4]", "[0,1,2,3,4]");
}

static void ids_are_minus_one_or_not_negative(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_number(made, "a", &type_id, UINT32_MAX);
	assert_shown(made, "-1", "-1");
	made = made_event(STREAM_SYSCALL, "call");
	made_number(made, "a", &type_id, UINT32_MAX - 1);
	assert_shown(made, "4294967294", "4294967294");
}

static void assert_changed(uint64_t before, uint64_t after, int64_t result, bool again,
			   const char *text, const char *json)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	struct value later = {.name = "a", .type = &type_int, .slot = 0, .at_return = true};
	made_number(made, "a", &type_int, before)->after = &later;
	made->arguments.again = again;
	made_result(made, &type_int, (uint64_t)result);
	made->event.syscall_result = result;
	made->results.items[0] = (struct slot){.available = true, .number = after};
	made->results.count = 1;
	made->event.results = &made->results;
	assert_shown(made, text, json);
}

static void changes_are_shown_when_there_are_any(void **state)
{
	(void)state;
	assert_changed(128, 16, 0, false, "128 => 16", "{\"before\":128,\"after\":16}");
	assert_changed(16, 16, 0, false, "16", "16");
	/* It failed, and changed nothing. */
	assert_changed(128, 16, -5, false, "128", "128");
	/* Read when the call was over: what it was before is not known. */
	assert_changed(16, 16, 0, true, "<not resident> => 16",
		       "{\"before\":{\"unavailable\":\"not resident\"},\"after\":16}");
}

/* --- structures ------------------------------------------------------------------------------ */

static const struct type type_size = {.kind = TYPE_UINT, .size = 8, .name = "size_t"};
static const struct type type_rest = {.kind = TYPE_BYTES, .size = 0, .name = "char []"};
static const struct type type_fds = {
	.kind = TYPE_ARRAY, .size = 0, .name = "int []", .target = &type_fd};
/* struct cmsghdr of the C library, whose macros make what is read here. */
static const struct type_member control_members[] = {
	{"len", &type_size, 0, 0, 0},
	{"level", &type_int, offsetof(struct cmsghdr, cmsg_level), 0, 0},
	{"data", &type_fds, sizeof(struct cmsghdr), 0, 0},
	{"data", &type_rest, sizeof(struct cmsghdr), 0, 0},
};
static const struct type_condition control_conditions[] = {
	{0},
	{0},
	{offsetof(struct cmsghdr, cmsg_level), UINT64_MAX, SOL_SOCKET | (uint64_t)SCM_RIGHTS << 32,
	 false},
	{TYPE_CONDITION_ELSE, 0, 0, false},
};
static const struct type type_control = {.kind = TYPE_STRUCT,
					 .size = sizeof(struct cmsghdr),
					 .name = "struct cmsghdr",
					 .members = control_members,
					 .n_members = array_size(control_members),
					 .conditions = control_conditions,
					 .length_size = 8};
static const struct type type_controls = {
	.kind = TYPE_ARRAY, .size = 0, .name = "struct cmsghdr []", .target = &type_control};

static void add_control(struct msghdr *message, struct cmsghdr **at, int type, const void *data,
			size_t size)
{
	*at = *at ? CMSG_NXTHDR(message, *at) : CMSG_FIRSTHDR(message);
	(*at)->cmsg_len = CMSG_LEN(size);
	(*at)->cmsg_level = SOL_SOCKET;
	(*at)->cmsg_type = type;
	memcpy(CMSG_DATA(*at), data, size);
}

static void control_messages_are_of_any_length(void **state)
{
	(void)state;
	_Alignas(8) char room[CMSG_SPACE(8) + CMSG_SPACE(3)] = {0};
	struct msghdr message = {.msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *at = NULL;
	add_control(&message, &at, SCM_RIGHTS, (const int[]){5, 7}, 8);
	add_control(&message, &at, 99, "abc", 3);
	assert_shown(made_bytes(&type_controls, room, sizeof(room), 0),
		     "[{len=24, level=1, data=[5, 7]}, {len=19, level=1, data=\"abc\"}]",
		     "[{\"len\":24,\"level\":1,\"data\":[5,7]},"
		     "{\"len\":19,\"level\":1,\"data\":\"abc\"}]");
}

/* Any number of bytes, and any length in them: nothing is read beyond (ASan watches), it ends. */
static void lengths_that_lie_do_no_harm(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {0, 1, 7, 8, 9, 16, 24, 1000, UINT32_MAX, UINT64_MAX};
	for (size_t i = 0; i < array_size(lengths); i++) {
		for (uint32_t size = 0; size <= 40; size++) {
			char *bytes = calloc(1, size + !size);
			assert_non_null(bytes);
			if (size >= 8)
				memcpy(bytes, &lengths[i], 8);
			struct made *made = made_bytes(&type_controls, bytes, size, 0);
			struct output_options options = made_options(OUTPUT_TEXT);
			free(written_event(&options, made, false));
			options = made_options(OUTPUT_JSON);
			free(written_event(&options, made, false));
			made_free(made);
			free(bytes);
		}
	}
}

static void halves_make_one_number(void **state)
{
	(void)state;
	static const struct enumerator bits[] = {{"LOW", 1, 0}, {"HIGH", INT64_C(1) << 32, 0}};
	static const struct type flags = {.kind = TYPE_FLAGS,
					  .size = 8,
					  .name = "u64",
					  .enumerators = bits,
					  .n_enumerators = 2};
	static const struct type_member members[] = {{"x", &flags, 0, 0, 0},
						     {"y", &flags, 4, 0, 0}};
	static const struct type type = {.kind = TYPE_STRUCT,
					 .size = 16,
					 .name = "struct sets",
					 .members = members,
					 .n_members = 2,
					 .in_halves = true};
	const uint32_t words[4] = {1, 0, 1, 1};
	assert_shown(made_bytes(&type, words, sizeof(words), 0), "{x=LOW|HIGH, y=HIGH}",
		     "{\"x\":\"LOW|HIGH\",\"y\":\"HIGH\"}");
	assert_shown(made_bytes(&type, words, 12, 0), "{x=LOW|HIGH, y=<not copied>}",
		     "{\"x\":\"LOW|HIGH\",\"y\":{\"unavailable\":\"not copied\"}}");
}

static const struct type type_file = {.kind = TYPE_POINTER, .size = 8, .name = "struct file *"};

static struct made *made_path(uint64_t pointer, const char *names, size_t size, uint32_t flags)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	struct value *value = made_number(made, "a", &type_file, pointer);
	value->file_of = FETCH_OF_FILE;
	if (names)
		made_file(made, value, names, size, flags);
	return made;
}

#define MADE_PATH(names, flags) made_path(0xffff888000001000, (names), sizeof(names), (flags))

static void files_of_the_kernel_are_paths(void **state)
{
	(void)state;
	assert_shown(MADE_PATH("a\"b\0etc", 0), "\"/etc/a\\\"b\"", "\"/etc/a\\\"b\"");
	assert_shown(MADE_PATH("b\0a", FETCH_FILE_CUT), "\".../a/b\"",
		     "{\"str\":\".../a/b\",\"truncated\":true}");
	assert_shown(MADE_PATH("\xff", 0), "\"/\\xff\"", "{\"b64\":\"L/8=\"}");
	/* What could not be read, and what is no file. */
	assert_shown(made_path(0xffff888000001000, NULL, 0, 0), "0xffff888000001000",
		     "\"0xffff888000001000\"");
	assert_shown(made_path(0, NULL, 0, 0), "NULL", "null");
	assert_shown(made_path((uint64_t)-ENOENT, NULL, 0, 0), "-ENOENT", "\"-ENOENT\"");
}

/* Text alone puts them as they stand at the beginning of lines. */
static void tasks_are_named(void **state)
{
	(void)state;
	static const char comm[16] = "a[b";
	struct made *made = made_event(STREAM_SYSCALL, "call");
	struct value *task = made_number(made, "a", &type_file, 0xffff888000001000);
	const struct value members[] = {
		{.name = "pid", .type = &type_int, .slot = 1},
		{.name = "tgid", .type = &type_int, .slot = 2},
		{.name = "comm", .type = &type_string, .slot = 3},
	};
	struct slot *slots = made->arguments.items;
	slots[1] = slots[2] = (struct slot){.available = true, .number = 77};
	slots[3] = (struct slot){.available = true, .is_blob = true, .bytes = comm, .length = 3};
	made->arguments.count = 4;
	task->members = members;
	task->n_members = array_size(members);
	assert_shown(made, "a\\x5bb[77]", "{\"pid\":77,\"tgid\":77,\"comm\":\"a[b\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_numbers),
		cmocka_unit_test(ids_are_minus_one_or_not_negative),
		cmocka_unit_test(changes_are_shown_when_there_are_any),
		cmocka_unit_test(control_messages_are_of_any_length),
		cmocka_unit_test(lengths_that_lie_do_no_harm),
		cmocka_unit_test(halves_make_one_number),
		cmocka_unit_test(files_of_the_kernel_are_paths),
		cmocka_unit_test(tasks_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
