/* SPDX-License-Identifier: Apache-2.0 */
/* What only system calls have, as text in strace's spelling and as JSON. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "common/array.h"
#include "output/shown.h"
#include "tests/unit/output_forms.h"

static void assert_word(const struct type *type, uint64_t word, const char *text, const char *json)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_number(made, "a", type, word);
	assert_shown(made, text, json);
}

static void signals_by_name(void **state)
{
	(void)state;
	static const struct type type = {.kind = TYPE_SIGNAL, .size = 4, .name = "int"};
	assert_word(&type, SIGCHLD, "SIGCHLD", "\"SIGCHLD\"");
	assert_word(&type, SIGIO, "SIGIO", "\"SIGIO\"");
	assert_word(&type, 34, "SIGRT_2", "\"SIGRT_2\"");
	assert_word(&type, 0, "0", "0");
	assert_word(&type, 65, "65", "65");
	assert_word(&type, 0xffffffff, "-1", "-1");
}

static void sets_of_signals(void **state)
{
	(void)state;
	static const struct type type = {.kind = TYPE_SIGNAL_SET, .size = 8, .name = "sigset_t"};
	const uint64_t set = 1ULL << (SIGCHLD - 1) | 1ULL << (SIGINT - 1);
	assert_word(&type, set, "[INT CHLD]", "[\"SIGINT\",\"SIGCHLD\"]");
	assert_word(&type, 0, "[]", "[]");
	assert_word(&type, 3ULL << 31, "[RTMIN RT_1]", "[\"SIGRTMIN\",\"SIGRT_1\"]");
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_number(made, "a", &type, ~(1ULL << (SIGKILL - 1)));
	struct output_options options = made_options(OUTPUT_TEXT);
	char *line = written_event(&options, made, false);
	assert_string_equal(line, "[4242/4250] call(~[KILL]) = ?\n");
	free(line);
	made_free(made);
}

/* The words of wait(2), built with the C library's own macros. */
static void wait_statuses(void **state)
{
	(void)state;
	static const struct type type = {.kind = TYPE_WAIT_STATUS, .size = 4, .name = "int"};
	assert_word(&type, __W_EXITCODE(7, 0), "{WIFEXITED(s) && WEXITSTATUS(s) == 7}",
		    "{\"status\":7}");
	assert_word(&type, __W_EXITCODE(0, SIGKILL), "{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}",
		    "{\"signal\":\"SIGKILL\",\"core_dumped\":false}");
	assert_word(&type, __W_EXITCODE(0, SIGSEGV) | __WCOREFLAG,
		    "{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}",
		    "{\"signal\":\"SIGSEGV\",\"core_dumped\":true}");
	assert_word(&type, __W_STOPCODE(SIGTSTP), "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTSTP}",
		    "{\"stopped\":\"SIGTSTP\"}");
	assert_word(&type, __W_CONTINUED, "{WIFCONTINUED(s)}", "{\"continued\":true}");
	assert_word(&type, 6 << 16 | __W_STOPCODE(SIGTRAP),
		    "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP} | 0x60000",
		    "{\"stopped\":\"SIGTRAP\"}");
}

static const struct enumerator mode_names[] = {
	{"S_IFREG", S_IFREG, S_IFMT}, {"S_IFCHR", S_IFCHR, S_IFMT}, {"S_ISUID", S_ISUID, 0}};
static const struct type type_file_mode = {.kind = TYPE_MODE,
					   .size = 4,
					   .name = "mode_t",
					   .enumerators = mode_names,
					   .n_enumerators = array_size(mode_names)};
static const struct type type_device = {.kind = TYPE_DEVICE, .size = 8, .name = "dev_t"};

static void modes_and_devices(void **state)
{
	(void)state;
	assert_word(&type_file_mode, S_IFREG | 0644, "S_IFREG|0644", "\"S_IFREG|0644\"");
	assert_word(&type_file_mode, S_IFREG | S_ISUID | 05, "S_IFREG|S_ISUID|005",
		    "\"S_IFREG|S_ISUID|05\"");
	assert_word(&type_file_mode, 0, "000", "0");
	assert_word(&type_device, (uint32_t)makedev(8, 1), "makedev(0x8, 0x1)",
		    "{\"major\":8,\"minor\":1}");
	assert_word(&type_device, (uint32_t)makedev(136, 70000), "makedev(0x88, 0x11170)",
		    "{\"major\":136,\"minor\":70000}");
}

struct status {
	uint32_t mode;
	uint32_t size;
	uint64_t device;
};

/* As stat: a size or a device, and more that is not shown. */
static void members_that_mean_something(void **state)
{
	(void)state;
	static const struct type number = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
	static const struct type_member members[] = {
		{"mode", &type_file_mode, offsetof(struct status, mode), 0, 0},
		{"device", &type_device, offsetof(struct status, device), 0, 0},
		{"size", &number, offsetof(struct status, size), 0, 0},
	};
	static const struct type_condition conditions[] = {
		{0}, {0, S_IFMT, S_IFCHR, false}, {0, S_IFMT, S_IFCHR, true}};
	static const struct type type = {.kind = TYPE_STRUCT,
					 .size = sizeof(struct status),
					 .name = "struct status",
					 .members = members,
					 .n_members = array_size(members),
					 .conditions = conditions,
					 .abbreviated = true};
	struct status status = {S_IFREG | 0600, 12, 0x102};
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", &type, (const char *)&status, sizeof(status), 0);
	assert_shown(made, "{mode=S_IFREG|0600, size=12, ...}",
		     "{\"mode\":\"S_IFREG|0600\",\"size\":12}");
	status.mode = S_IFCHR | 0600;
	made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", &type, (const char *)&status, sizeof(status), 0);
	assert_shown(made, "{mode=S_IFCHR|0600, device=makedev(0x1, 0x2), ...}",
		     "{\"mode\":\"S_IFCHR|0600\",\"device\":{\"major\":1,\"minor\":2}}");
	/* Cut before the member that decides: nothing is hidden, nothing is read. */
	made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", &type, (const char *)&status, 2, 0);
	assert_shown(made, "{mode=<not copied>, device=<not copied>, size=<not copied>, ...}",
		     "{\"mode\":{\"unavailable\":\"not copied\"},"
		     "\"device\":{\"unavailable\":\"not copied\"},"
		     "\"size\":{\"unavailable\":\"not copied\"}}");
}

static void what_a_pointer_leads_to(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SYSCALL, "call");
	struct value *value = made_number(made, "a", &type_pointer, 0x1000);
	struct value copy = {.name = "a", .type = &type_int, .slot = 1, .boxed = true};
	value->copy = &copy;
	made->arguments.items[made->arguments.count++] =
		(struct slot){.available = true, .number = 5};
	assert_shown(made, "[5]", "5");
	static const struct type variables = {.kind = TYPE_COUNT, .size = 8, .name = "var"};
	for (uint64_t count = 1; count < 3; count++) {
		made = made_event(STREAM_SYSCALL, "call");
		value = made_number(made, "a", &type_pointer, 0x1000);
		copy = (struct value){.name = "a", .type = &variables, .slot = 1};
		value->copy = &copy;
		made->arguments.items[made->arguments.count++] =
			(struct slot){.available = true, .number = count};
		assert_shown(made, count == 1 ? "0x1000 /* 1 var */" : "0x1000 /* 2 vars */",
			     count == 1 ? "{\"count\":1}" : "{\"count\":2}");
	}
	made = made_event(STREAM_SYSCALL, "call");
	made_number(made, "a", &type_pointer, 0)->copy = &copy;
	assert_shown(made, "NULL", "null");
}

/* --- lists ----------------------------------------------------------------------------------- */

struct list {
	_Alignas(8) char bytes[512];
	uint32_t length;
};

static void put(struct list *list, const void *bytes, uint32_t length, uint32_t flags)
{
	struct fetch_blob blob = {.length = length, .flags = flags};
	memcpy(list->bytes + list->length, &blob, sizeof(blob));
	if (length)
		memcpy(list->bytes + list->length + sizeof(blob), bytes, length);
	list->length += (uint32_t)sizeof(blob) + ((length + 7) & ~7U);
}

static struct made *made_list(const struct type *type, const struct list *list, uint32_t flags)
{
	struct made *made = made_event(STREAM_SYSCALL, "call");
	made_text(made, "a", type, list->bytes, list->length, flags | FETCH_BLOB_END);
	return made;
}

static const struct type type_strings = {
	.kind = TYPE_ARRAY, .size = 8, .name = "char **", .target = &type_string};

static void lists_of_strings(void **state)
{
	(void)state;
	struct list list = {.length = 0};
	put(&list, "ls", 2, 0);
	put(&list, "", 0, 0);
	put(&list, "", 0, FETCH_BLOB_UNREADABLE);
	put(&list, &(uint64_t){0x1008}, 8, FETCH_BLOB_UNREADABLE);
	put(&list, "abc", 3, FETCH_BLOB_TRUNCATED);
	put(&list, "", 0, FETCH_BLOB_END);
	assert_shown(made_list(&type_strings, &list, 0),
		     "[\"ls\", \"\", <not resident>, 0x1008<not resident>, \"abc\"...]",
		     "[\"ls\",\"\",{\"unavailable\":\"not resident\"},"
		     "{\"unavailable\":\"not resident\",\"pointer\":\"0x1008\"},"
		     "{\"str\":\"abc\",\"truncated\":true}]");
	list.length = 0;
	put(&list, "", 0, FETCH_BLOB_END);
	assert_shown(made_list(&type_strings, &list, 0), "[]", "[]");
	assert_shown(made_list(&type_strings, &list, FETCH_BLOB_TRUNCATED), "[...]",
		     "{\"array\":[],\"truncated\":true}");
	assert_shown(made_list(&type_strings, &list, FETCH_BLOB_NULL), "NULL", "null");
}

static void lists_of_buffers(void **state)
{
	(void)state;
	static const struct type_member members[] = {
		{"iov_base", &type_bytes, offsetof(struct iovec, iov_base), 0, 0},
		{"iov_len", &type_ulong, offsetof(struct iovec, iov_len), 0, 0},
	};
	static const struct type type_iovec = {.kind = TYPE_STRUCT,
					       .size = sizeof(struct iovec),
					       .name = "struct iovec",
					       .members = members,
					       .n_members = array_size(members)};
	static const struct type type = {
		.kind = TYPE_ARRAY, .size = 8, .name = "struct iovec *", .target = &type_iovec};
	struct {
		struct iovec iovec;
		char bytes[8];
	} element = {{(void *)0x1000, 7}, "abc"};
	struct list list = {.length = 0};
	put(&list, &element, sizeof(element.iovec) + 3, FETCH_BLOB_TRUNCATED);
	put(&list, &element, sizeof(element.iovec), FETCH_BLOB_UNREADABLE);
	element.iovec.iov_base = NULL;
	put(&list, &element, sizeof(element.iovec), 0);
	put(&list, &element, 5, 0); /* not even an iovec */
	put(&list, "", 0, FETCH_BLOB_END);
	assert_shown(
		made_list(&type, &list, 0),
		"[{iov_base=\"abc\"..., iov_len=7}, {iov_base=0x1000<not resident>, iov_len=7}, "
		"{iov_base=NULL, iov_len=7}, <not copied>]",
		"[{\"iov_base\":{\"str\":\"abc\",\"truncated\":true},\"iov_len\":7},"
		"{\"iov_base\":{\"unavailable\":\"not resident\",\"pointer\":\"0x1000\"},"
		"\"iov_len\":7},"
		"{\"iov_base\":null,\"iov_len\":7},{\"unavailable\":\"not copied\"}]");
}

/* --- what depends ----------------------------------------------------------------------------- */

static void results_depend_on_an_argument(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SYSCALL, "call");
	struct value *command = made_number(made, "a", &type_int, 3);
	struct value flags = {.name = "", .type = &type_open_flags, .slot = VALUE_NO_SLOT};
	const struct value_choice choices[] = {{3, &flags}};
	made_result(made, &type_long, 0101);
	made->result.chosen_by = command;
	made->result.choices = choices;
	made->result.n_choices = array_size(choices);
	struct output_options options = made_options(OUTPUT_TEXT);
	char *line = written_event(&options, made, false);
	assert_string_equal(line, "[4242/4250] call(3) = O_WRONLY|O_CREAT <0.000012>\n");
	free(line);
	made->arguments.items[0].number = 4;
	line = written_event(&options, made, false);
	assert_string_equal(line, "[4242/4250] call(4) = 65 <0.000012>\n");
	free(line);
	made_free(made);
}

/* getxattr(path, name, NULL, 0) = -1; and a size that the result is above. */
static void buffers_that_were_not_filled(void **state)
{
	(void)state;
	static const struct {
		int64_t result;
		uint64_t size;
		uint32_t flags;
		const char *text;
	} cases[] = {
		{-ENODATA, 0, FETCH_BLOB_NULL, "NULL"},
		{-ENODATA, 9, 0, "<call failed>"},
		{5, 0, FETCH_BLOB_NULL, "NULL"},
		{5, 0, 0, "\"\""},
		{5, 3, 0, "\"abc\""},
		{5, 9, 0, "\"abcde\""},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct made *made = made_event(STREAM_SYSCALL, "call");
		struct value *value = made_number(made, "a", &type_bytes, 0);
		struct value *size = made_number(made, "size", &type_ulong, cases[i].size);
		value->at_return = true;
		value->at_most = size;
		value->slot = 1;
		made_result(made, &type_long, (uint64_t)cases[i].result);
		made->results.count = 2;
		made->results.items[1] =
			(struct slot){.available = true,
				      .is_blob = true,
				      .bytes = "abcde",
				      .length = cases[i].result > 0 && !cases[i].flags ? 5 : 0,
				      .blob_flags = cases[i].flags};
		struct shown_scope scope = shown_scope(&made->event, false, 0, NULL);
		struct output_options options = made_options(OUTPUT_TEXT);
		char expected[100], *line = written_event(&options, made, false);
		snprintf(expected, sizeof(expected), "[4242/4250] call(%s, %u)", cases[i].text,
			 (unsigned int)cases[i].size);
		assert_int_equal(scope.failed, cases[i].result < 0);
		assert_memory_equal(line, expected, strlen(expected));
		free(line);
		made_free(made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_by_name),
		cmocka_unit_test(sets_of_signals),
		cmocka_unit_test(wait_statuses),
		cmocka_unit_test(modes_and_devices),
		cmocka_unit_test(members_that_mean_something),
		cmocka_unit_test(what_a_pointer_leads_to),
		cmocka_unit_test(lists_of_strings),
		cmocka_unit_test(lists_of_buffers),
		cmocka_unit_test(results_depend_on_an_argument),
		cmocka_unit_test(buffers_that_were_not_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
