/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/help.h"

#include <stdio.h>

#define SPEC_HELP                                                                          \
	"SPEC: [KIND:][MODULE:]NAME[(TYPES)][->TYPE]\n"                                    \
	"  libc:malloc               a function: entry and return as one span\n"           \
	"  './srv:handle_*'          all functions that match; /regex/ too; func+0x1d\n"   \
	"  ./srv:@parser.c:123       a line of source, with the variables in scope\n"      \
	"  'bash:readline() -> str'  types by hand, where there is no debug information\n" \
	"  usdt:postgresql:query__*  static markers (USDT), provider and name\n"           \
	"  syscall:openat, %file     system calls by name or class: %file %network\n"      \
	"                            %desc %memory %process %signal %ipc\n"                \
	"  tracepoint:sched:*        in the kernel, where the target causes it: also\n"    \
	"                            rawtracepoint: fentry: fexit: kprobe: kretprobe:\n"   \
	"                            cpu:HZ sched sched:runq\n"                            \
	"  kernel:vfs_read           a kernel function, as one span; kernel:%ext4\n"       \
	"  tcp, tcp:state            connections: connect, accept, close, resets...\n"     \
	"  block                     inputs and outputs of disks\n"                        \
	"  exec, fork, exit, signal  task life; signal:SIGTERM\n"                          \
	"  'srv:f if n > 100'        a condition: arguments, ret, dur, pid, comm\n"        \
	"  The spellings of bpftrace, perf, DTrace and strace are understood too.\n"

static const char short_text[] =
	"utrail shows what a running program does: its functions, static markers, and the\n"
	"system calls they cause, as one ordered stream.\n"
	"\n"
	"  utrail -p 4242                            system calls, markers, task life\n"
	"  utrail -p 4242 -e ./srv:handle_request    one function, with its arguments\n"
	"     ... --inside                           and the system calls that it makes\n"
	"  utrail -p 4242 -e './srv:*' -e %file      functions and the file calls they make\n"
	"  utrail -f -e libc:malloc -- ./prog args   a command, from its first instruction\n"
	"  utrail -e 'bash:readline() -> str'        every bash: what is typed\n"
	"  utrail --comm 'nginx*' -u www-data        whoever matches, now or later\n"
	"  utrail -c -p 4242                         strace's table: calls, errors, times\n"
	"  utrail list -p 4242 'usdt:*'              what can be probed\n"
	"  utrail explain -p 4242 -e FUNC            what would be attached, where, how\n"
	"  utrail shell                              what is typed into shells, and what it runs\n"
	"  utrail stat -p 4242 -e './srv:*' -e %file who causes which calls: counts and times\n"
	"  utrail check                              what works on this machine\n"
	"\n"
	"  -p PID   -e SPEC   -f follow forks   -o FILE   --json   -s BYTES   -t -tt -ttt -r\n"
	"  -y paths of descriptors   -k stacks   -q quiet   --max-events N   --duration SECONDS\n"
	"\n" SPEC_HELP "\nAll options: utrail --help; the manual: man utrail\n";

const char help_long_text[] =
	"utrail shows what a running program does: its functions, static markers, and the system "
	"calls they cause, as one ordered stream."
	"\v" SPEC_HELP "\n"
	"Exit status: 0, or that of COMMAND; 1 failure, 2 usage or nothing matches, 3 a privilege is "
	"missing, 5 this kernel lacks it, 126 and 127 COMMAND cannot be run.";

void help_print_short(void)
{
	fputs(short_text, stdout);
}

void help_print_version(void)
{
	printf("utrail %s\n", UTRAIL_VERSION);
}
