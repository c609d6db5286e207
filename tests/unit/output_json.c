/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/un.h>

#include "common/array.h"
#include "tests/unit/output_events.h"

/* What stands before the depth in all lines of made_event(). */
#define WHO "\"pid\":4242,\"tid\":4250,\"comm\":\"srv\",\"cpu\":1"

static char *line_of(struct made *made)
{
	struct output_options options = made_options(OUTPUT_JSON);
	return written_event(&options, made, false);
}

/* Frees the event. */
static void assert_line(struct made *made, const char *expected)
{
	char *text = line_of(made);
	assert_string_equal(text, expected);
	free(text);
	made_free(made);
}

/* The arguments of the event, read back by jansson's own parser; frees the event. */
static json_t *parsed_arguments(struct made *made)
{
	char *text = line_of(made);
	json_error_t error;
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!line)
		print_error("%s\n%s\n", error.text, text);
	assert_non_null(line);
	json_t *arguments = json_incref(json_object_get(line, "args"));
	assert_true(json_is_object(arguments));
	json_decref(line);
	free(text);
	made_free(made);
	return arguments;
}

/* `expected` is JSON for the object of arguments; order counts, so texts are compared. */
static void assert_arguments(struct made *made, const char *expected)
{
	json_t *arguments = parsed_arguments(made);
	char *text = json_dumps(arguments, JSON_COMPACT);
	json_free_t give_back;
	json_get_alloc_funcs(NULL, &give_back);
	assert_string_equal(text, expected);
	give_back(text);
	json_decref(arguments);
}

static void a_call_is_one_object(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "handle_request");
	made_number(made, "n", &type_int, 3);
	made_result(made, &type_color, 1);
	assert_line(made, "{\"type\":\"call\",\"time_ns\":\"1000123000\",\"dur_ns\":\"12000\"," WHO
			  ",\"module\":\"srv\",\"name\":\"handle_request\",\"depth\":0,"
			  "\"args\":{\"n\":3},\"ret\":\"GREEN\"}\n");
}

static struct made *made_openat(int64_t result)
{
	struct made *made = made_event(STREAM_SYSCALL, "openat");
	made_number(made, "dfd", &type_fd, (uint64_t)AT_FDCWD);
	TEXT(made, "filename", "/srv/www/index");
	made_number(made, "flags", &type_open_flags, 0);
	made->event.depth = 1;
	made_result(made, &type_fd, (uint64_t)result);
	return made;
}

#define OPENAT                                                                          \
	"{\"type\":\"syscall\",\"time_ns\":\"1000123000\",\"dur_ns\":\"12000\"," WHO    \
	",\"name\":\"openat\",\"depth\":1,\"args\":{\"dfd\":\"AT_FDCWD\",\"filename\":" \
	"\"/srv/www/index\",\"flags\":\"O_RDONLY\"},"

static void a_system_call_is_one_object(void **state)
{
	(void)state;
	assert_line(made_openat(7), OPENAT "\"ret\":7}\n");
	assert_line(made_openat(-ENOENT), OPENAT "\"ret\":-1,\"errno\":\"ENOENT\"}\n");
	assert_line(made_openat(-513), OPENAT "\"ret\":-1,\"errno\":\"ERESTARTNOINTR\"}\n");
	assert_line(made_openat(-4000), OPENAT "\"ret\":-1,\"errno\":4000}\n");
}

static void a_marker_is_one_object(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_USDT, "lookup");
	TEXT(made, "arg1", "index");
	made_number(made, "arg2", &type_int, 7);
	made->event.depth = 1;
	made->event.late = true;
	assert_line(made,
		    "{\"type\":\"usdt\",\"time_ns\":\"1000123000\"," WHO
		    ",\"module\":\"srv\",\"provider\":\"app\",\"name\":\"lookup\",\"depth\":1,"
		    "\"args\":{\"arg1\":\"index\",\"arg2\":7},\"late\":true}\n");
}

static void opening_writes_nothing(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	struct made *made = made_event(STREAM_CALL, "f");
	char *text = written_opened(&options, made);
	assert_string_equal(text, "");
	free(text);
	made_free(made);
}

static void endings_without_result_are_told(void **state)
{
	(void)state;
	static const struct {
		enum stream_ending ending;
		const char *expected;
	} cases[] = {
		{ENDING_TAIL_CALL, ",\"args\":{},\"return\":\"tail call\"}\n"},
		{ENDING_UNWOUND, ",\"args\":{},\"return\":\"not seen\"}\n"},
		{ENDING_LOST, ",\"args\":{},\"return\":\"lost\"}\n"},
		{ENDING_OPEN, ",\"args\":{},\"return\":\"open\"}\n"},
		{ENDING_UNKNOWN, ",\"args\":{}}\n"},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct made *made = made_event(STREAM_CALL, "f");
		made_result(made, &type_int, 1);
		made->event.ending = cases[i].ending;
		made->event.results = NULL;
		char *text = line_of(made);
		bool is_tail = cases[i].ending == ENDING_TAIL_CALL;
		assert_int_equal(strstr(text, "dur_ns") != NULL, is_tail);
		assert_string_equal(strstr(text, ",\"args\""), cases[i].expected);
		free(text);
		made_free(made);
	}
}

static void a_return_alone_has_no_arguments(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_PROBE, "readline");
	made->probe.kind = PROBE_URETPROBE;
	TEXT(made, "", "ls");
	assert_line(made,
		    "{\"type\":\"probe\",\"time_ns\":\"1000123000\"," WHO
		    ",\"module\":\"srv\",\"name\":\"readline\",\"depth\":0,\"ret\":\"ls\"}\n");
}

static void numbers_stay_exact(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_number(made, "a", &type_ulong, UINT64_MAX);
	made_number(made, "b", &type_long, (uint64_t)INT64_MIN);
	made_number(made, "c", &type_ulong, UINT64_C(9007199254740992));
	made_number(made, "d", &type_ulong, UINT64_C(9007199254740993));
	made_number(made, "e", &type_long, (uint64_t)-INT64_C(9007199254740993));
	made_number(made, "f", &type_pointer, 0xffff888000000000);
	made_number(made, "g", &type_pointer, 0);
	made_number(made, "h", &type_mode, 0644);
	made_number(made, "i", &type_bool, 1);
	made_number(made, "j", &type_int, 0xffffffff); /* not sign-extended yet */
	made_number(made, "k", &type_errno, (uint64_t)-2);
	made_number(made, "l", &type_errno, 5);
	assert_arguments(made,
			 "{\"a\":\"18446744073709551615\",\"b\":\"-9223372036854775808\","
			 "\"c\":9007199254740992,\"d\":\"9007199254740993\","
			 "\"e\":\"-9007199254740993\",\"f\":\"0xffff888000000000\",\"g\":null,"
			 "\"h\":\"0644\",\"i\":true,\"j\":-1,\"k\":\"-ENOENT\",\"l\":5}");
}

static void floats_are_short_and_exact(void **state)
{
	(void)state;
	static const double numbers[] = {0.1, 1e300, -0.0, 1.0 / 3, 5e-324};
	struct made *made = made_event(STREAM_CALL, "f");
	for (size_t i = 0; i < array_size(numbers); i++) {
		uint64_t bits;
		memcpy(&bits, &numbers[i], sizeof(bits));
		made_number(made, "", &type_double, bits);
	}
	made_number(made, "nan", &type_double, 0x7ff8000000000000);
	made_number(made, "inf", &type_double, 0xfff0000000000000);
	made_number(made, "single", &type_float, 0x7f800000);
	json_t *arguments = parsed_arguments(made);
	for (size_t i = 0; i < array_size(numbers); i++) {
		char key[8];
		snprintf(key, sizeof(key), "arg%zu", i + 1);
		double number = json_real_value(json_object_get(arguments, key));
		assert_memory_equal(&number, &numbers[i], sizeof(number));
	}
	assert_string_equal(json_string_value(json_object_get(arguments, "nan")), "nan");
	assert_string_equal(json_string_value(json_object_get(arguments, "inf")), "-inf");
	assert_string_equal(json_string_value(json_object_get(arguments, "single")), "inf");
	json_decref(arguments);

	made = made_event(STREAM_CALL, "f");
	made_number(made, "x", &type_float, 0x3dcccccd); /* 0.1f */
	char *text = line_of(made);
	assert_non_null(strstr(text, "{\"x\":0.1}"));
	free(text);
	made_free(made);
}

static void flags_and_enumerators_are_text(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_number(made, "a", &type_color, 1);
	made_number(made, "b", &type_color, 99);
	made_number(made, "c", &type_open_flags, O_RDWR | O_CREAT | 0x20000000);
	made_number(made, "d", &type_open_flags, 0);
	static const struct type no_zero = {.kind = TYPE_FLAGS, .size = 4, .name = "int"};
	made_number(made, "e", &no_zero, 64);
	made_number(made, "f", &type_char, 'x');
	made_number(made, "g", &type_char, 0xff);
	static const struct type wide = {.kind = TYPE_CHAR, .size = 4, .name = "char32_t"};
	made_number(made, "h", &wide, 0x1f600);
	made_number(made, "i", &wide, 0xd800);
	assert_arguments(made, "{\"a\":\"GREEN\",\"b\":99,\"c\":\"O_RDWR|O_CREAT|0x20000000\","
			       "\"d\":\"O_RDONLY\",\"e\":64,\"f\":\"x\",\"g\":{\"b64\":\"/w==\"},"
			       "\"h\":\"\xf0\x9f\x98\x80\",\"i\":55296}");
}

static void strings_tell_what_they_are(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	TEXT(made, "empty", "");
	made_text(made, "null", &type_string, "", 0, FETCH_BLOB_NULL);
	made_text(made, "cut", &type_string, "abc", 3, FETCH_BLOB_TRUNCATED);
	/* cut inside of a character: that one is left out, the string stays a string */
	made_text(made, "cut_utf8", &type_string, "caf\xc3", 4, FETCH_BLOB_TRUNCATED);
	made_text(made, "half", &type_string, "caf\xc3", 4, 0);
	made_text(made, "cut_bytes", &type_string, "\xff\xc3", 2, FETCH_BLOB_TRUNCATED);
	TEXT(made, "gone", "x")->slot = 6;
	made->arguments.items[6].available = false;
	made_missing(made, "register", "in xmm0");
	assert_arguments(
		made, "{\"empty\":\"\",\"null\":null,\"cut\":{\"str\":\"abc\",\"truncated\":true},"
		      "\"cut_utf8\":{\"str\":\"caf\",\"truncated\":true},"
		      "\"half\":{\"b64\":\"Y2Fmww==\"},"
		      "\"cut_bytes\":{\"b64\":\"/8M=\",\"truncated\":true},"
		      "\"gone\":{\"unavailable\":\"not resident\"},"
		      "\"register\":{\"unavailable\":\"in xmm0\"}}");
}

/* Valid in JSON, but a terminal would obey or hide them: only as \u, and nothing is lost. */
static void terminal_controls_are_escaped_without_loss(void **state)
{
	(void)state;
	static const char hostile[] = "\033[2J\x7f\0 \xc2\x9b \xe2\x80\xae \xe2\x80\xa8 "
				      "\xef\xbb\xbf \xf3\xa0\x81\x81 gr\xc3\xbc\xc3\x9f \"\\";
	struct made *made = made_event(STREAM_CALL, "f\033\xc2\x9b");
	made_text(made, "a\x7f", &type_bytes, hostile, sizeof(hostile) - 1, 0);
	char *text = line_of(made);
	for (const char *c = text; c[1]; c++)
		assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80"));
	assert_null(strstr(text, "\xef\xbb\xbf"));
	assert_non_null(strstr(text, "\\u009b \\u202e \\u2028 \\ufeff \\udb40\\udc41 gr\xc3\xbc"));
	free(text);
	json_t *arguments = parsed_arguments(made);
	const json_t *value = json_object_get(arguments, "a\x7f");
	assert_int_equal(json_string_length(value), sizeof(hostile) - 1);
	assert_memory_equal(json_string_value(value), hostile, sizeof(hostile) - 1);
	json_decref(arguments);
}

static void every_byte_survives_base64(void **state)
{
	(void)state;
	/* RFC 4648, section 10 */
	static const char *const vectors[][2] = {
		{"\xff", "/w=="},
		{"\xff\xee", "/+4="},
		{"\xff\xee\xdd", "/+7d"},
		{"\xff\xee\xdd\xcc", "/+7dzA=="},
	};
	for (size_t i = 0; i < array_size(vectors); i++) {
		struct made *made = made_event(STREAM_CALL, "f");
		made_text(made, "x", &type_bytes, vectors[i][0], (uint32_t)strlen(vectors[i][0]),
			  0);
		json_t *arguments = parsed_arguments(made);
		const json_t *value = json_object_get(json_object_get(arguments, "x"), "b64");
		assert_string_equal(json_string_value(value), vectors[i][1]);
		json_decref(arguments);
	}
}

static void long_strings_are_whole(void **state)
{
	(void)state;
	char bytes[4096];
	memset(bytes, '\001', sizeof(bytes));
	struct made *made = made_event(STREAM_CALL, "f");
	for (int i = 0; i < MADE_VALUES; i++)
		made_text(made, "", &type_string, bytes, sizeof(bytes), 0);
	json_t *arguments =
		parsed_arguments(made); /* 390 KiB, more than the buffer holds at first */
	assert_int_equal(json_object_size(arguments), MADE_VALUES);
	const json_t *last = json_object_get(arguments, "arg16");
	assert_int_equal(json_string_length(last), sizeof(bytes));
	assert_memory_equal(json_string_value(last), bytes, sizeof(bytes));
	json_decref(arguments);
}

static void names_are_unique_and_valid(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	made_number(made, "x", &type_int, 1);
	made_number(made, "x", &type_int, 2);
	made_number(made, "x_2", &type_int, 3);
	made_number(made, "", &type_int, 4);
	made_number(made, "arg4", &type_int, 5);
	made_number(made, "\xff", &type_int, 6);
	made_number(made, NULL, &type_int, 7);
	assert_arguments(made, "{\"x\":1,\"x_2\":2,\"x_2_2\":3,\"arg4\":4,\"arg4_2\":5,"
			       "\"\\\\xff\":6,\"arg7\":7}");
}

static void compounds_are_objects_and_arrays(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_CALL, "f");
	struct value *req = made_number(made, "req", &type_pointer, 0x1000);
	const struct value inner[] = {{.name = "", .type = &type_int, .slot = 0}};
	static const struct type type_struct = {.kind = TYPE_STRUCT, .size = 8, .name = "struct s"};
	const struct value members[] = {
		{.name = "a", .type = &type_int, .slot = VALUE_NO_SLOT, .unavailable = "bit"},
		{.name = "",
		 .type = &type_struct,
		 .slot = VALUE_NO_SLOT,
		 .members = inner,
		 .n_members = 1},
	};
	req->members = members;
	req->n_members = array_size(members);
	static const int32_t numbers[] = {1, -2, 3, 4};
	made_text(made, "all", &type_ints, (const char *)numbers, 16, 0);
	made_text(made, "some", &type_ints, (const char *)numbers, 8, 0);
	assert_arguments(made, "{\"req\":{\"a\":{\"unavailable\":\"bit\"},\"member2\":{\"member1\":"
			       "4096}},\"all\":[1,-2,3,4],\"some\":{\"array\":[1,-2],"
			       "\"truncated\":true}}");
}

static void socket_addresses_are_objects(void **state)
{
	(void)state;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80)};
	inet_pton(AF_INET, "10.0.0.2", &v4.sin_addr);
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
	static const char abstract[] = "\1\0\0\xff";
	struct made *made = made_event(STREAM_SYSCALL, "connect");
	made_text(made, "a", &type_sockaddr, (const char *)&v4, sizeof(v4), 0);
	made_text(made, "b", &type_sockaddr, (const char *)&local, sizeof(local), 0);
	made_text(made, "c", &type_sockaddr, abstract, sizeof(abstract) - 1, 0);
	assert_arguments(made,
			 "{\"a\":{\"family\":\"AF_INET\",\"address\":\"10.0.0.2\",\"port\":80},"
			 "\"b\":{\"family\":\"AF_UNIX\",\"path\":\"/run/x\"},"
			 "\"c\":{\"family\":\"AF_UNIX\",\"abstract\":{\"b64\":\"/w==\"}}}");
}

static void descriptors_get_their_path(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	struct made *made = made_openat(7);
	FILE_NAMES(made, &made->values[0], "home", FETCH_FILE_UNLINKED);
	FILE_NAMES(made, &made->result, "x", FETCH_FILE_CUT);
	char *text = written_event(&options, made, false);
	assert_non_null(
		strstr(text, "{\"dfd\":{\"fd\":\"AT_FDCWD\",\"path\":\"/home (deleted)\"},"));
	assert_non_null(strstr(text, ",\"ret\":{\"fd\":7,\"path\":\".../x\",\"truncated\":true}}"));
	free(text);
	made_free(made);
	made = made_openat(8);
	text = written_event(&options, made, false);
	assert_non_null(strstr(text, ",\"ret\":8}"));
	free(text);
	made_free(made);
}

static void task_life_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_EXEC, "");
	made->event.site = NULL;
	made->event.filename = "/bin/ls";
	made->event.argv = "ls\0\xff";
	made->event.argv_size = 5;
	assert_line(made,
		    "{\"type\":\"exec\",\"time_ns\":\"1000123000\"," WHO
		    ",\"depth\":0,\"ppid\":1,\"uid\":1000,\"gid\":100,\"filename\":\"/bin/ls\","
		    "\"argv\":[\"ls\",{\"b64\":\"/w==\"}]}\n");
	made = made_event(STREAM_FORK, "");
	made->event.child_tgid = 4242;
	made->event.child_tid = 4252;
	assert_line(made, "{\"type\":\"fork\",\"time_ns\":\"1000123000\"," WHO
			  ",\"depth\":0,\"child_pid\":4242,\"child_tid\":4252,\"thread\":true}\n");
	made = made_event(STREAM_EXIT, "");
	made->event.exit_code = 3 << 8;
	made->event.exit_is_last = true;
	assert_line(made, "{\"type\":\"exit\",\"time_ns\":\"1000123000\"," WHO
			  ",\"depth\":0,\"thread\":false,\"status\":3}\n");
	made = made_event(STREAM_EXIT, "");
	made->event.exit_code = SIGSEGV | 0x80;
	assert_line(made,
		    "{\"type\":\"exit\",\"time_ns\":\"1000123000\"," WHO
		    ",\"depth\":0,\"thread\":true,\"signal\":\"SIGSEGV\",\"core_dumped\":true}\n");
}

static void losses_are_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_LOST, "render");
	made->event.loss_cause = LOSS_RING_FULL;
	made->event.loss_count = 12;
	assert_line(made, "{\"type\":\"lost\",\"time_ns\":\"1000123000\",\"cause\":\"ring full\","
			  "\"name\":\"srv:render\",\"count\":12}\n");
	made = made_event(STREAM_LOST, "");
	made->event.site = NULL;
	made->event.loss_count = 1;
	assert_line(made, "{\"type\":\"lost\",\"time_ns\":\"1000123000\",\"cause\":\"ring full\","
			  "\"name\":\"task life\",\"count\":1}\n");
}

static void what_was_suppressed_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_SUPPRESSED, "render");
	made->event.loss_count = 904;
	assert_line(made, "{\"type\":\"suppressed\",\"time_ns\":\"1000123000\","
			  "\"name\":\"srv:render\",\"count\":904}\n");
}

static void what_was_missed_is_told(void **state)
{
	(void)state;
	struct made *made = made_event(STREAM_MISSED, "");
	made->event.missed_who = "system calls";
	made->event.loss_count = 3;
	assert_line(made, "{\"type\":\"missed\",\"time_ns\":\"1000123000\","
			  "\"name\":\"system calls\",\"count\":3}\n");
}

static void users_are_told_when_asked(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	options.show_user = true;
	struct made *made = made_event(STREAM_CALL, "f");
	char *text = written_event(&options, made, false);
	assert_non_null(strstr(text, ",\"comm\":\"srv\",\"uid\":1000,\"tty\":null,\"cpu\":1,"));
	free(text);
	made->task.tty = 136 << 8 | 3;
	text = written_event(&options, made, false);
	assert_non_null(strstr(text, ",\"tty\":\"pts/3\","));
	free(text);
	made_free(made);
}

static struct err *write_frame(struct output *output)
{
	static const char *const backends[] = {"syscall", "tp_btf", "return", "site", NULL};
	struct output_header header = {
		.realtime_ns = 1795262400000000000, .boottime_ns = 5, .backends = backends};
	struct output_summary summary = {.events = 5, .lost = 1};
	struct err *e = output_begin(output, &header);
	return e ?: output_end(output, &summary);
}

static void header_and_summary_frame_the_stream(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	char *text = written_all(&options, write_frame);
	assert_string_equal(
		text,
		"{\"type\":\"header\",\"version\":1,\"realtime_ns\":\"1795262400000000000\","
		"\"boottime_ns\":\"5\",\"backends\":{\"syscall\":\"tp_btf\",\"return\":\"site\"}}\n"
		"{\"type\":\"summary\",\"events\":5,\"lost\":1,\"missed\":0}\n");
	free(text);
	options.format = OUTPUT_TEXT;
	text = written_all(&options, write_frame);
	assert_string_equal(text, "");
	free(text);
}

static struct err *write_costs(struct output *output)
{
	static const struct probe f = {.kind = PROBE_CALL, .module = "srv", .name = "f"};
	static const struct probe call = {.kind = PROBE_SYSCALL, .name = "read"};
	const struct output_cost costs[] = {
		{.probe = &f, .hits = 7, .ns_per_hit = 1500, .total_ns = 10500, .share = 0.12345},
		{.probe = &call, .hits = 1, .ns_per_hit = 200, .total_ns = 200, .share = -1},
	};
	struct err *e = output_cost(output, &costs[0]);
	return e ?: output_cost(output, &costs[1]);
}

static void costs_are_told(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	char *text = written_all(&options, write_costs);
	assert_string_equal(text, "{\"type\":\"cost\",\"name\":\"srv:f\",\"hits\":7,"
				  "\"ns_per_hit\":1500,\"total_ns\":\"10500\",\"share\":0.123}\n"
				  "{\"type\":\"cost\",\"name\":\"read\",\"hits\":1,"
				  "\"ns_per_hit\":200,\"total_ns\":\"200\"}\n");
	free(text);
}

static struct err *write_held(struct output *output)
{
	struct output_summary summary = {.events = 5, .lossless = true, .held = 3, .held_ns = 1500};
	return output_end(output, &summary);
}

static struct err *write_compat(struct output *output)
{
	struct output_summary summary = {.events = 5, .compat_calls = 2};
	return output_end(output, &summary);
}

static void calls_of_32_bits_are_summed_up(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	char *text = written_all(&options, write_compat);
	assert_string_equal(text, "{\"type\":\"summary\",\"events\":5,\"lost\":0,\"missed\":0,"
				  "\"compat_calls\":2}\n");
	free(text);
}

static void what_waited_is_summed_up(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	char *text = written_all(&options, write_held);
	assert_string_equal(text, "{\"type\":\"summary\",\"events\":5,\"lost\":0,\"missed\":0,"
				  "\"held\":3,\"held_ns\":\"1500\"}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_one_object),
		cmocka_unit_test(a_system_call_is_one_object),
		cmocka_unit_test(a_marker_is_one_object),
		cmocka_unit_test(opening_writes_nothing),
		cmocka_unit_test(endings_without_result_are_told),
		cmocka_unit_test(a_return_alone_has_no_arguments),
		cmocka_unit_test(numbers_stay_exact),
		cmocka_unit_test(floats_are_short_and_exact),
		cmocka_unit_test(flags_and_enumerators_are_text),
		cmocka_unit_test(strings_tell_what_they_are),
		cmocka_unit_test(terminal_controls_are_escaped_without_loss),
		cmocka_unit_test(every_byte_survives_base64),
		cmocka_unit_test(long_strings_are_whole),
		cmocka_unit_test(names_are_unique_and_valid),
		cmocka_unit_test(compounds_are_objects_and_arrays),
		cmocka_unit_test(socket_addresses_are_objects),
		cmocka_unit_test(descriptors_get_their_path),
		cmocka_unit_test(task_life_is_told),
		cmocka_unit_test(losses_are_told),
		cmocka_unit_test(what_was_suppressed_is_told),
		cmocka_unit_test(what_was_missed_is_told),
		cmocka_unit_test(users_are_told_when_asked),
		cmocka_unit_test(header_and_summary_frame_the_stream),
		cmocka_unit_test(what_waited_is_summed_up),
		cmocka_unit_test(calls_of_32_bits_are_summed_up),
		cmocka_unit_test(costs_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
