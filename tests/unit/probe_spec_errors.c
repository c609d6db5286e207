/* SPDX-License-Identifier: Apache-2.0 */
/* Each refusal: what it says, where its caret stands, and what it tells to write instead. */
#include "tests/unit/probe_spec.h"

struct refusal {
	const char *text;
	const char *what; /* part of the first line */
	size_t column;	  /* of the caret, from 0 */
	const char *hint; /* part of the hint */
};

/* "  why:   TEXT\n         SPACES^": the column of the caret, and whether TEXT is the text. */
static size_t caret_column(const struct err *e, const char *text)
{
	const char *why = err_reason(e);
	const char *second = strchr(why, '\n');
	assert_non_null(second);
	assert_int_equal((size_t)(second - why), strlen(text));
	assert_memory_equal(why, text, strlen(text));
	size_t column = strspn(second + 1, " ");
	assert_string_equal(second + 1 + column, "^");
	return column;
}

static bool refusal_fits(const struct refusal *row, const struct err *e)
{
	char *text = err_text(e, "utrail");
	assert_non_null(text);
	const char *hint = strstr(text, "  hint:  ");
	size_t column = caret_column(e, row->text);
	bool fits = err_kind(e) == ERR_USAGE && strstr(err_what(e), row->what) && hint &&
		    strstr(hint, row->hint) && column == row->column;
	if (!fits)
		print_error("wanted: %s, column %zu (is %zu), hint: %s\ngot:    %s\n", row->what,
			    row->column, column, row->hint, text);
	free(text);
	return fits;
}

static void check_refusals(const struct refusal *rows, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		struct spec_list list = {0};
		struct err *e = spec_parse(rows[i].text, &list);
		if (!e)
			print_error("taken, though it should be refused: %s\n", rows[i].text);
		wrong += !e || !refusal_fits(&rows[i], e);
		assert_true(!e || list.count == 0);
		err_free(e);
		spec_list_deinit(&list);
	}
	assert_int_equal(wrong, 0);
}

static void names(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"", "no", 0, "libc:malloc"},
		{"   ", "no name", 3, "libc:malloc"},
		{"!", "no name", 1, "[MODULE:]NAME"},
		{"a,,b", "no name beside ','", 2, "leave the ',' out"},
		{"a,", "no name beside ','", 2, "leave the ',' out"},
		{",a", "no name beside ','", 0, "leave the ',' out"},
		{"!!f", "'!' twice", 1, "'!NAME'"},
		{"libc:", "no name behind ':'", 5, "'libc:*'"},
		{"a,libc:", "no name behind ':'", 7, "'libc:*'"},
		{":malloc", "nothing before ':'", 0, "'MODULE:NAME'"},
		{"uprobe:", "no name behind ':'", 7, "'uprobe:*'"},
		{"uprobe:libc:", "no name behind ':'", 12, "'uprobe:libc:*'"},
		{"libc:(int)", "no name behind ':'", 5, "'libc:*'"},
		{"(int)", "no name", 0, "NAME"},
		{"./srv", "a file, but no name", 5, "'./srv:*'"},
		{"/usr/bin/bash", "a file, but no name", 13, "'/usr/bin/bash:NAME'"},
		{"libc:mal loc", "unexpected text behind the name", 9, "separated by ','"},
		{"int malloc", "unexpected text behind the name", 4, "NAME(int, str) -> int"},
		{"libc:malloc { print(1) }", "unexpected text behind the name", 12, "no program"},
		{"libc:malloc /pid == 1/", "unexpected text behind the name", 12, "if CONDITION"},
		{"libc:!free", "unexpected '!'", 5, "'!' goes in front"},
		{"libc:a=b", "unexpected '='", 6, "'\\='"},
		{"libc:a%b", "unexpected '%'", 6, "%return"},
		{"libc:a\"b\"", "unexpected '\"'", 6, "no quotes"},
		{"libc:\"ab", "quote is not closed", 5, "leave them out"},
		{"libc:\"a\"b", "quotes must hold the whole name", 5, "leave them out"},
		{"libc:malloc\\", "nothing behind '\\'", 11, "'\\:'"},
		{"libc:mal(loc", "'(' is not closed", 8, "'\\('"},
		{"libc:mal)loc", "')' closes nothing", 8, "'\\)'"},
		{"f[a", "'[' is not closed", 1, "'\\['"},
		{"vec<int::push,f", "'<' is not closed", 3, "close it with '>'"},
		{"a>b", "'>' closes nothing", 1, "'\\>'"},
		{"f(a]", "']' closes nothing", 3, "'\\]'"},
		{"123", "a number is no name", 0, "'0x1234'"},
		{"main.c:123", "a number is no name", 7, "@FILE:LINE"},
		{"libc:a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*r*s*t*u*v*w*x*y*z*A*B*C*D*E*F*G*H",
		 "more than 32 '*'", 5, "/EXPRESSION/"},
		{"app::f:g:h", "unknown kind", 0, "MODULE:NAME"},
		{"ns::f:g", "'::' in a module", 2, "'MODULE:ns::f'"},
		{"uprobe:a::b:c", "'::' in a module", 8, "'\\:\\:'"},
	};
	check_refusals(rows, array_size(rows));
}

static void places(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"malloc+", "a number is missing", 7, "'0x1d'"},
		{"malloc+0x", "a number is missing", 9, "'0x1d'"},
		{"malloc+0x1g", "not a digit", 10, "'0x1d'"},
		{"malloc+1d", "not a digit", 8, "'0x1d'"},
		{"malloc+0x10000000000000000", "too large", 7, "0xffffffffffffffff"},
		{"malloc+99999999999999999999", "too large", 7, "64 bits"},
		{"+4", "no name before '+'", 0, "NAME+0x1d"},
		{"mal*+4", "one exact name", 4, "libc:malloc+0x1d"},
		{"call:malloc+4", "starts at its first instruction", 11, "uprobe:"},
		{"uretprobe:malloc+4", "a return has no offset", 16, "uprobe:"},
		{"malloc+4%return", "a return has no offset", 6, "uprobe:"},
		{"uprobe:malloc%return", "contradicts", 13, "uretprobe:"},
		{"usdt:p:n+4", "'usdt' takes no offset", 7, "uprobe:"},
		{"syscall:read+4", "'syscall' takes no offset", 8, "uprobe:"},
		{"srv:0x", "a number is missing", 6, "'0x1d'"},
		{"srv:0x12z", "not a digit", 8, "hex"},
		{"usdt:p:0x1234", "'usdt' takes no address", 7, "uprobe:MODULE:"},
		{"srv:@main.c", "no line number", 11, "@main.c:123"},
		{"srv:@main.c:", "no line number", 11, "@main.c:123"},
		{"srv:@main.c:x", "no line number", 11, "@main.c:123"},
		{"srv:@main.c:0", "no such line", 12, "count from 1"},
		{"srv:@main.c:12a", "not a digit", 14, "decimal"},
		{"srv:@main.c:99999999999", "no such line", 12, "count from 1"},
		{"srv:@:12", "no file behind '@'", 4, "@main.c:123"},
		{"%", "no class", 1, "%network"},
		{"%fi-le", "no class", 3, "%network"},
		{"libc:%file", "takes no class", 5, "syscall:%file"},
		{"uprobe:%file", "takes no class", 7, "syscall:%file"},
	};
	check_refusals(rows, array_size(rows));
}

static void regexes(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"libc:/mal", "not closed", 5, "/EXPRESSION/"},
		{"//", "no regular expression", 1, "'*'"},
		{"libc://", "no regular expression", 6, "'*'"},
		{"libc:/a(b/", "'(' is not closed", 6, "'\\('"},
		{"libc:/ab)/", "')' closes nothing", 8, "'\\)'"},
		{"libc:/a[b/", "'[' is not closed", 7, "'\\['"},
		{"libc:/(a)\\1/", "back-references", 9, "glob"},
		{"libc:/a{x}/", "needs a number", 7, "'x{2,5}'"},
		{"libc:/a{256}/", "255", 7, "'*'"},
		{"libc:/((((a{255}){255}){255}){255})/", "too large", 6, "fewer repetitions"},
		{"lkbc:/:str[lh:+++++++p]^^^^^^^^^^^^^^]*++++++p]*$/", "too many ways", 6,
		 "fewer anchors"},
		{"libc:/(\\b|a*)++/", "anchor is repeated", 13, "outside"},
		{"libc:/^(^a|b)*$/", "anchor is repeated", 13, "outside"},
		{"libc:/^{2}a/", "anchor is repeated", 10, "outside"},
		{"libc:/^a*+b*+c*+d*+e*+f*+g*+h*+/", "too many ways", 6, "once"},
		{"libc:/((((a*)*b*)*c*)*d*)*(e*f*)*(g*)*/", "too many ways", 6, "once"},
		{"libc:/((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+/", "too large", 6, "glob"},
		{"libc:/a{2/", "needs a number", 7, "'x{2,5}'"},
		{"libc:/*a**|+/", "Invalid preceding regular expression", 6, "grep -E"},
		{"libc:/[z-a]/", "regular expression: Invalid range end", 6, "grep -E"},
		{"/a/b", "a file, but no name", 4, "'/a/b:*'"},
		{"libc:/a/ b", "behind the regular expression", 8, "/EXPRESSION/"},
		{"trace=/", "no expression", 7, "trace=/EXPRESSION"},
	};
	check_refusals(rows, array_size(rows));
}

static void types(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"f(strr)", "unknown type 'strr'", 2, "did you mean 'str'?"},
		{"f(int, siez_t n)", "unknown type 'siez_t'", 7, "did you mean 'size_t'?"},
		{"f(struct stat)", "unknown type 'stat'", 9, "'stat *'"},
		{"f(struct timespec)", "unknown type 'timespec'", 9, "'timespec *'"},
		{"f(Shape)", "unknown type 'Shape'", 2, "pointers"},
		{"f(fd:int)", "unexpected ':'", 4, "the type comes first: 'int fd'"},
		{"f(int,)", "a type is missing", 6, "'(int, str)'"},
		{"f(,int)", "a type is missing", 2, "'(int, str)'"},
		{"f(int, void)", "cannot be void", 7, "'void *'"},
		{"f(int a b)", "unexpected 'b'", 8, "const char *path"},
		{"f(..., int)", "unexpected '.'", 2, "const char *path"},
		{"f(int (x))", "unexpected '('", 6, "int (*name)(int)"},
		{"f(buf)", "no length", 5, "'buf:16'"},
		{"f(buf:)", "no length", 6, "'buf:16'"},
		{"f(buf:0)", "no length", 6, "4096"},
		{"f(buf:4097)", "no length", 6, "4096"},
		{"f(buf:argx)", "no length", 6, "'buf:arg2'"},
		{"f(str:16)", "no length", 6, "'str:arg2'"},
		{"f(str:arg0, int)", "no length", 9, "'str:arg2'"},
		{"f(out int)", "'out' is for pointers", 2, "'out str'"},
		{"f(out)", "a type is missing", 2, "(int, str)"},
		{"f(buf:retn)", "no length", 6, "'buf:ret'"},
		{"f(str:arg1)", "argument 1, which is not another", 2, "size_t"},
		{"f(str:arg2, str)", "argument 2, which is no integer", 2, "integer type"},
		{"f(buf:arg2 *p, int)", "a length with a pointer", 2, "already"},
		{"f ->", "no type behind '->'", 4, "'-> void'"},
		{"f() -> int x", "a result has no name", 7, "'-> int'"},
		{"f -> strr", "unknown type 'strr'", 5, "'str'"},
		{"f -> a -> b", "unexpected '-'", 7, "as in C"},
		{"int f() -> int", "given twice", 11, "not both"},
		{"strr f()", "unknown type 'strr'", 0, "'str'"},
		{"usdt:p:n -> int", "takes no result", 12, "leave '->' out"},
		{"syscall:read(int)", "'syscall' takes no types", 8, "leave them out"},
		{"syscall:read -> int", "takes no result", 16, "leave '->' out"},
	};
	check_refusals(rows, array_size(rows));
}

static void kinds(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"urpobe:libc:malloc", "unknown kind 'urpobe'", 0, "did you mean 'uprobe'?"},
		{"usd:p:m:n", "unknown kind 'usd'", 0, "did you mean 'usdt'?"},
		{"a,sycall:x:read", "unknown kind 'sycall'", 2, "did you mean 'syscall'?"},
		{"libpq:libpq:query", "unknown kind 'libpq'", 0, "usdt:MODULE:PROVIDER:NAME"},
		{"libpq:usdt:query", "unknown kind 'libpq'", 0, "'usdt:libpq:PROVIDER:NAME'"},
		{"u:node:gc*", "'u:' means", 0, "'uprobe:node:gc*' or 'usdt:node:gc*'"},
		{"!u:node:gc*", "'u:' means", 1, "'uprobe:node:gc*' or 'usdt:node:gc*'"},
		{"U:node:gc", "'U:' is short", 0, "'usdt:node:gc'"},
		{"k:vfs_read", "'k:' is short", 0, "'kprobe:vfs_read'"},
		{"t:sched:x", "'t:' is short", 0, "'tracepoint:sched:x'"},
		{"t: ", "'t:' is short", 0, "'tracepoint:'"},
		{"ur:libc:f", "'ur:' is short", 0, "'uretprobe:libc:f'"},
		{"uprobe:a:b:c", "one ':' too many", 11, "uprobe:[MODULE:]NAME"},
		{"usdt:a:b:c:d", "one ':' too many", 11, "[[MODULE:]PROVIDER:]NAME"},
		{"syscall:read:return", "one ':' too many", 13, "'syscall:NAME'"},
		{"exec:ls", "'exec' takes no name", 5, "the function of that name is 'call:exec'"},
		{"exit:*(int)", "'exit' takes no types", 5, "leave them out"},
		{"uprobe:::f", "no probe of DTrace's", 0, "'uprobe:NAME'"},
	};
	check_refusals(rows, array_size(rows));
}

static void kinds_without_a_place(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"sched:a:b", "one ':' too many for 'sched'", 8, "'sched:off', 'sched:runq'"},
		{"sched:off(int)", "'sched' takes no types", 6, "leave them out"},
		{"kprobe:", "no name behind ':'", 7, "'kprobe:*'"},
		{"f if", "no condition behind 'if'", 2, "leave 'if' out"},
		{"f if (n > 3", "'(' is not closed", 5, "close it"},
	};
	check_refusals(rows, array_size(rows));
}

static void conditions(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"f if n >", "ends too early", 8, "0x1f"},
		{"f if n > 3 &&", "ends too early", 13, "NAME OPERATOR VALUE"},
		{"f if > 3", "unexpected '>'", 5, "NAME OPERATOR VALUE"},
		{"f if n = 3", "'=' alone", 7, "'=='"},
		{"f if n > 3 m", "unexpected 'm'", 11, "&& or ||"},
		{"f if n() > 3", "unexpected '('", 6, "&& or ||"},
		{"f if n > 3 & m", "unexpected '&'", 11, "&& or ||"},
		{"f if n > 3 | m > 3", "unexpected '>'", 15, "&& or ||"},
		{"f if path ~ 3", "takes a pattern", 12, "~ \"abc*\""},
		{"f if path < \"a\"", "has no order", 10, "~ and !~"},
		{"f if (n & 3) == \"a\"", "'&' gives a number", 16, "one"},
		{"f if n & 3 == 1", "what is compared", 11, "(flags & 3) == 1"},
		{"f if !n > 3", "binds closer", 6, "!(...)"},
		{"f if (n > 3) == 1", "what is compared", 13, "name on its left"},
		{"f if (n & 1 && m) == 1", "what is compared", 18, "name on its left"},
		{"f if n == 0x", "not a number", 10, "0x1f"},
		{"f if n == 08", "not a number", 10, "0644"},
		{"f if n == 0x1g", "not a number", 10, "0x1f"},
		{"f if n == 18446744073709551616", "more than 64 bits", 10, "100"},
		{"f if dur > 18446744073709551615s", "more than 64 bits", 11, "1.5ms"},
		{"f if dur > 3 weeks", "unexpected 'w'", 13, "&&"},
		{"f if dur > 3weeks", "unknown unit", 12, "ns us ms s"},
		{"f if dur > 1.5", "no unit", 11, "ns us ms s"},
		{"f if c == ''", "no character", 10, "'c'"},
		{"f if c == 'ab'", "no character", 10, "'c'"},
		{"f if s == \"\\x\"", "unexpected '\"'", 13, "\\x41"},
		{"f if s == \"abc", "the quote is not closed", 10, "\"...\""},
		{"f if c == 'a", "the quote is not closed", 10, "'c'"},
		{"f if req->", "ends too early", 10, "req->len"},
		{"f if req..x", "unexpected '.'", 9, "req->len"},
		{"f if a.b.c.d.e.f.g.h.i", "more than 7 members", 21, "nearer"},
		{"f if n == 1|", "ends too early", 12, "0x1f"},
		{"!libc:free if size > 3", "'!' takes away whole", 11, "contrary"},
		{"exec:* if pid >", "ends too early", 15, "0x1f"},
	};
	check_refusals(rows, array_size(rows));
}

static void dialects(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"process(\"bash\").function(\"readline\").return", "SystemTap", 0,
		 "'uretprobe:bash:readline'"},
		{"process(\"/bin/bash\").function(\"readline\")", "SystemTap", 0,
		 "'uprobe:/bin/bash:readline'"},
		{"process(\"bash\").mark(\"x\")", "SystemTap", 0, "'usdt:bash:*:x'"},
		{"process(\"p\").provider(\"q\").mark(\"x\")", "SystemTap", 0, "'usdt:p:q:x'"},
		{"process.function(\"f\")", "SystemTap", 0, "'uprobe:f'"},
		{"kernel.function(\"vfs_read\").return", "SystemTap", 0, "'kretprobe:vfs_read'"},
		{"a,process(\"bash\")", "SystemTap", 2, "uprobe:MODULE:NAME"},
		{"fault=read", "unknown qualifier 'fault='", 0, "'signal='"},
		{"signal=", "no signal", 7, "signal=none"},
		{"signal=SIGTERM,", "no signal", 15, "signal=none"},
		{"signal:SIGCHLD if", "no condition behind 'if'", 15, "leave 'if' out"},
		{"signal:SIGCHLD(int)", "'signal' takes no types", 7, "leave them out"},
		{"raw=open", "unknown qualifier 'raw='", 0, "syscall:CALL"},
		{"trace=", "no system call", 6, "trace=all"},
		{"trace=open,", "no system call", 11, "trace=all"},
		{"trace=!", "no system call", 7, "trace=all"},
		{"trace=open,libc:malloc", "system calls only", 15, "an -e of their own"},
		{"trace=open@64", "system calls only", 10, "-e"},
		{"!trace=open", "nothing goes in front", 0, "trace=!read"},
		{"trace=%", "no class", 7, "%file"},
		{"pid0:libc:f:entry", "no such process id", 3, "pid123"},
		{"pid99999999999:libc:f:entry", "no such process id", 3, "$target"},
		{"pid1:libc:f:exit", "unknown name 'exit'", 12, "'entry' or 'return'"},
		{"pid1:libc:f*:1d", "an offset needs one exact name", 13, "pid123:libc:malloc:1d"},
		{"pid1:libc:f:11111111111111111", "too large", 12, "64 bits"},
		{"postgresql1:a:exec:query-start", "not chosen by the function", 14,
		 "PROVIDER123:::NAME"},
		{"123:::x", "no provider", 0, "PROVIDER123:::NAME"},
		{"syscall:libc:read:entry", "a system call has no module", 8,
		 "syscall::NAME:entry"},
		{"syscall::read:exit", "unknown name 'exit'", 14, "'entry' or 'return'"},
		{"proc:::start", "unknown name 'start'", 7, "'exec:*'"},
		{"syscalls:openat", "no event of a system call", 9, "syscall:NAME"},
		{"syscalls:sys_enter_", "no name", 19, ""},
		{"kprobe:xfs:xfs_read", "one ':' too many", 11, "kprobe:NAME"},
		{"kprobe:f(int)", "takes no types", 7, "leave them out"},
		{"kretprobe:f->int", "takes no result type", 13, "leave '->' out"},
		{"kernel:xfs:xfs_read", "one ':' too many", 11, "kernel:NAME"},
		{"kernel:f+4", "takes no offset", 7, ""},
		{"kernel:f(int)", "takes no types", 7, "leave them out"},
		{"kernel:0x10", "takes no address", 7, "uprobe"},
		{"fentry:f->int", "takes no result type", 10, "leave '->' out"},
		{"kretfunc:vmlinux:f", "one ':' too many", 17, "fexit:NAME"},
		{"fexit:f if", "no condition behind 'if'", 8, "leave 'if' out"},
		{"kretprobe:f+4", "takes no offset", 10, ""},
		{"rawtracepoint:sched:x", "one ':' too many", 20, "rawtracepoint:NAME"},
		{"tracepoint:a:b:c", "one ':' too many", 15, "tracepoint:CATEGORY:NAME"},
		{"cpu:9 if pid > 1", "takes no condition", 6, "nothing to be asked"},
		{"cpu:9 rate 1/s", "takes no rate", 11, "cpu:HZ"},
		{"cpu:9(int)", "takes no types", 4, "leave them out"},
		{"cpu:9:9", "one ':' too many", 6, "cpu:HZ"},
		{"tracepoint:sched:x+1", "takes no offset", 17, "uprobe"},
		{"tracepoint:sched:x(int)", "takes no types", 17, "leave them out"},
		{"rawtracepoint:0x10", "takes no address", 14, "uprobe"},
	};
	check_refusals(rows, array_size(rows));
}

static void limits(void **state)
{
	(void)state;
	struct spec_list list = {0};
	char *text = malloc(SPEC_TEXT_MAX + 2);
	assert_non_null(text);
	memset(text, 'a', SPEC_TEXT_MAX + 1);
	text[SPEC_TEXT_MAX + 1] = '\0';
	assert_err(spec_parse(text, &list), ERR_USAGE, "longer than 65536 bytes");
	text[SPEC_TEXT_MAX] = '\0';
	assert_ok(spec_parse(text, &list));
	memset(text, '<', SPEC_TEXT_MAX);
	assert_err(spec_parse(text, &list), ERR_USAGE, "brackets nest deeper than 256");
	for (size_t i = 0; i + 5 <= SPEC_TEXT_MAX; i += 5)
		memcpy(text + i, "/a+/,", 5);
	assert_err(spec_parse(text, &list), ERR_USAGE, "too many of them");
	text[SPEC_TEXT_MAX - 1] = ')';
	memcpy(text, "f(", 2);
	for (size_t i = 2; i + 4 < SPEC_TEXT_MAX; i += 4)
		memcpy(text + i, "int,", 4);
	assert_err(spec_parse(text, &list), ERR_USAGE, "more than 64 parameters");
	free(text);
	spec_list_deinit(&list);
}

/* A long text is shown around the place, and the caret still stands under it. */
static void a_long_text_is_cut_around_the_place(void **state)
{
	(void)state;
	char text[2001];
	memset(text, 'A', 2000);
	text[2000] = '\0';
	text[1000] = '=';
	struct spec_list list = {0};
	struct err *e = spec_parse(text, &list);
	assert_non_null(e);
	const char *why = err_reason(e);
	const char *second = strchr(why, '\n');
	assert_non_null(second);
	assert_true(second - why < 200);
	assert_memory_equal(why, "...AAA", 6);
	assert_memory_equal(second - 6, "AAA...", 6);
	assert_int_equal(why[strspn(second + 1, " ")], '=');
	err_free(e);
	spec_list_deinit(&list);
}

/* Nothing that a terminal obeys comes through; each character is one column. */
static void hostile_text_is_shown_plainly(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"a\033[31mb c", "a?[31mb c\n  ^"},
		{"\xc3\xa9\xc3\xa9[", "\xc3\xa9\xc3\xa9[\n  ^"},
		{"\xff\xfe[", "??[\n  ^"},
		{"\xc2\x9b[", "?[\n ^"},	 /* C1: CSI */
		{"\xe2\x80\xae[", "?[\n ^"},	 /* right-to-left override */
		{"\xed\xa0\x80[", "???[\n   ^"}, /* a surrogate */
		{"\xf0\x9f\x98\x80[", "\xf0\x9f\x98\x80[\n ^"},
		{"\xf4\x90\x80\x80[", "????[\n    ^"}, /* beyond Unicode */
		{"\xc3[", "?[\n ^"},
		{"a\t[", "a [\n  ^"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct err *e = spec_parse(rows[i].text, &list);
		assert_non_null(e);
		assert_string_equal(err_reason(e), rows[i].why);
		err_free(e);
		spec_list_deinit(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(places),
		cmocka_unit_test(regexes),
		cmocka_unit_test(types),
		cmocka_unit_test(kinds),
		cmocka_unit_test(kinds_without_a_place),
		cmocka_unit_test(conditions),
		cmocka_unit_test(dialects),
		cmocka_unit_test(limits),
		cmocka_unit_test(a_long_text_is_cut_around_the_place),
		cmocka_unit_test(hostile_text_is_shown_plainly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
