/* SPDX-License-Identifier: Apache-2.0 */
/* What users of bpftrace, perf, DTrace and strace type. */
#include "tests/unit/probe_spec.h"

static void bpftrace(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"uprobe:/bin/bash:readline", "uprobe module=/bin/bash 'readline'"},
		{"uretprobe:/bin/bash:readline", "uretprobe module=/bin/bash 'readline'"},
		{"uretprobe:libc:malloc", "uretprobe module=libc 'malloc'"},
		{"uprobe:/bin/bash:readline+4", "uprobe module=/bin/bash 'readline'+0x4"},
		{"uprobe:/bin/bash:0x1234", "uprobe module=/bin/bash 0x1234"},
		{"uprobe:libc:mem*,uretprobe:libc:mem*",
		 "uprobe module=libc glob:mem* | uretprobe module=libc glob:mem*"},
		{"uprobe:./app:cpp:\"ns::f(int)\"", "uprobe module=./app 'ns::f' (int/4<int>)"},
		{"uprobe:./app:cpp:ns::f", "uprobe module=./app 'ns::f'"},
		{"uprobe:./app:\"ns::f\"", "uprobe module=./app 'ns::f'"},
		{"usdt:/p:prov:name", "usdt module=/p provider=prov 'name'"},
		{"usdt:/p:name", "usdt module=/p 'name'"},
		{"usdt:/p:*", "usdt module=/p glob:*"},
		{"usdt:/p:prov:*", "usdt module=/p provider=prov glob:*"},
		{"usdt:*:name", "usdt provider=* 'name'"},
		{"usdt:./server:http:request", "usdt module=./server provider=http 'request'"},
		{"tracepoint:syscalls:sys_enter_openat", "syscall 'openat'"},
		{"tracepoint:syscalls:sys_exit_openat", "syscall 'openat'"},
		{"tracepoint:syscalls:sys_enter_*", "syscall glob:*"},
		{"tracepoint:syscalls:sys_enter_*at", "syscall glob:*at"},
		{"tracepoint:raw_syscalls:sys_enter", "syscall glob:*"},
	};
	check_spellings(rows, array_size(rows));
}

static void perf(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"probe_libc:malloc", "uprobe module=libc 'malloc'"},
		{"probe_libc:malloc__return", "uretprobe module=libc 'malloc'"},
		{"probe_libc:malloc%return", "uretprobe module=libc 'malloc'"},
		{"probe_libc:*", "uprobe module=libc glob:*"},
		{"probe_libc:__return", "uprobe module=libc '__return'"},
		{"malloc%return", "uretprobe 'malloc'"},
		{"libc:malloc%return", "uretprobe module=libc 'malloc'"},
		{"libc:malloc%return(size_t) -> ptr",
		 "uretprobe module=libc 'malloc' (uint/8<size_t>) -> pointer/8<ptr>"},
		{"uretprobe:malloc%return", "uretprobe 'malloc'"},
		{"mal*%return", "uretprobe glob:mal*"},
		{"syscalls:sys_enter_read", "syscall 'read'"},
		{"syscalls:sys_exit_read", "syscall 'read'"},
		{"syscalls:sys_enter_*", "syscall glob:*"},
		{"syscalls:*", "syscall glob:*"},
		{"raw_syscalls:sys_enter", "syscall glob:*"},
		{"raw_syscalls:*", "syscall glob:*"},
		{"!syscalls:sys_enter_read", "!syscall 'read'"},
		{"sdt_postgresql:query__start", "usdt provider=postgresql 'query__start'"},
		{"sdt_libc:*", "usdt provider=libc glob:*"},
		{"%sdt_libc:setjmp", "usdt provider=libc 'setjmp'"},
	};
	check_spellings(rows, array_size(rows));
}

static void dtrace(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"pid123:libc:malloc:entry", "uprobe pid=123 module=libc 'malloc'"},
		{"pid123:libc:malloc:return", "uretprobe pid=123 module=libc 'malloc'"},
		{"pid123:libc:malloc:", "call pid=123 module=libc 'malloc'"},
		{"pid123:libc:malloc", "call pid=123 module=libc 'malloc'"},
		{"pid$target:libc:malloc:return", "uretprobe module=libc 'malloc'"},
		{"pid123::malloc:entry", "uprobe pid=123 'malloc'"},
		{"pid123:libc::entry", "uprobe pid=123 module=libc glob:*"},
		{"pid123:::entry", "uprobe pid=123 glob:*"},
		{"pid123:libc:mal*:entry", "uprobe pid=123 module=libc glob:mal*"},
		{"pid123:app:ns::f:return", "uretprobe pid=123 module=app 'ns::f'"},
		{"pid123:libc:malloc:1d", "uprobe pid=123 module=libc 'malloc'+0x1d"},
		{"pid123:libc:malloc:0", "uprobe pid=123 module=libc 'malloc'"},
		{"pid$target:bash:readline:return -> str",
		 "uretprobe module=bash 'readline' -> string/8<str>"},
		{"pid1:libc:a:entry,pid1:libc:b:entry",
		 "uprobe pid=1 module=libc 'a' | uprobe pid=1 module=libc 'b'"},
		{"pid123:f", "call module=pid123 'f'"},
		{"pidfile:f", "call module=pidfile 'f'"},
		{"postgresql123:::query-start", "usdt pid=123 provider=postgresql 'query__start'"},
		{"postgresql$target:::query-start", "usdt provider=postgresql 'query__start'"},
		{"postgresql*:::query-*", "usdt provider=postgresql* glob:query__*"},
		{"python:::function-entry", "usdt provider=python 'function__entry'"},
		{"hotspot77:::", "usdt pid=77 provider=hotspot glob:*"},
		{"syscall::read:return", "syscall 'read'"},
		{"syscall::read:entry", "syscall 'read'"},
		{"syscall::read:", "syscall 'read'"},
		{"syscall:::entry", "syscall glob:*"},
		{"syscall:::", "syscall glob:*"},
		{"syscall:vmlinux:read:entry", "syscall 'read'"},
		{"syscall::open*:entry", "syscall glob:open*"},
		{"proc:::exec-success", "exec glob:*"},
		{"proc:::create", "fork glob:*"},
		{"proc:::exit", "exit glob:*"},
		{"proc:::signal-handle", "signal glob:*"},
	};
	check_spellings(rows, array_size(rows));
}

static void strace(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"trace=open,%file", "syscall 'open' | syscall class:file"},
		{"t=open", "syscall 'open'"},
		{"trace= open , read", "syscall 'open' | syscall 'read'"},
		{"trace=!read", "syscall glob:* | !syscall 'read'"},
		{"trace=!read,write", "syscall glob:* | !syscall 'read' | !syscall 'write'"},
		{"trace=!%file", "syscall glob:* | !syscall class:file"},
		{"trace=?openat2,open", "?syscall 'openat2' | syscall 'open'"},
		{"trace=%net,%process,%desc",
		 "syscall class:network | syscall class:process | syscall class:desc"},
		{"trace=file,net,ipc", "syscall class:file | syscall class:network | "
				       "syscall class:ipc"},
		{"trace=all", "syscall glob:*"},
		{"signal=CHLD,SIGTERM", "!signal glob:* | signal 'CHLD' | signal 'SIGTERM'"},
		{"s=17", "!signal glob:* | signal '17'"},
		{"signals=!CHLD", "!signal glob:* | signal glob:* | !signal 'CHLD'"},
		{"signal=all", "!signal glob:* | signal glob:*"},
		{"signal=none", "!signal glob:* | !signal glob:*"},
		{"signal=file", "!signal glob:* | signal 'file'"},
		{"trace=none", "!syscall glob:*"},
		{"trace=/^sched_", "syscall regex:^sched_"},
		{"trace=/^sched_/,read", "syscall regex:^sched_ | syscall 'read'"},
		{"trace=%%stat", "syscall class:%stat"},
		{"libc:malloc,trace=read,write",
		 "call module=libc 'malloc' | syscall 'read' | syscall 'write'"},
		{"read,write", "call bare 'read' | call bare 'write'"},
		{"file", "call bare 'file'"},
	};
	check_spellings(rows, array_size(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bpftrace),
		cmocka_unit_test(perf),
		cmocka_unit_test(dtrace),
		cmocka_unit_test(strace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
