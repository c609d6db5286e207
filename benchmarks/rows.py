# SPDX-License-Identifier: Apache-2.0
"""What is run: the suites, and one row for each tool in each of them.

A suite is one target doing one kind of work. Every command runs in the work directory, which holds
the targets; a tool of another root sees the same directory.
"""

from dataclasses import dataclass, field

TEXT = "text.out"
FILE = "./file"

# Suite -> the untraced target, and how many calls of it make a good baseline.
SUITES = {
    "entry": ("hot", 20_000_000),
    "call": ("hot", 20_000_000),
    "landing": ("hot-cet", 20_000_000),
    "many": ("many", 20_000_000),
    "marker": ("marks", 20_000_000),
    "getppid": ("calls getppid", 1_000_000),
    "file": (f"calls {FILE}", 300_000),
    "stat": (f"calls {FILE}", 300_000),
    "stat-call": ("hot", 20_000_000),
    "others-none": ("calls getppid", 1_000_000),
    "others-few": ("calls getppid", 1_000_000),
    "others-all": ("calls getppid", 1_000_000),
}
TITLES = {
    "entry": "function entry, int and 16-byte string",
    "call": "function entry and return",
    "landing": "function entry that begins with endbr64",
    "many": "entry of ten thousand functions",
    "marker": "USDT marker, 3 arguments: int, long, string",
    "getppid": "every system call with its result: getppid",
    "file": "every system call with its result: openat, read, close",
    "stat": "system calls counted, with their times: openat, read, close",
    "stat-call": "calls of a function counted, with a histogram of their times",
    "others-none": "getppid of a process that is not traced, while no system call of another one is",
    "others-few": "the same, while three other system calls of another one are",
    "others-all": "the same, while every system call of another one is",
}


@dataclass
class Tool:
    """A program found on this machine, or beneath another root."""

    name: str
    version: str = ""
    root: str | None = None
    reference: bool = True  # goals are held against these

    def label(self, what=""):
        return " ".join(part for part in (self.name, self.version, what) if part)


@dataclass
class Row:
    suite: str
    tool: Tool
    label: str
    command: list
    calls: int
    pattern: str  # an event's line in the text; with a group `count`, a table's row of so many
    lines: int = 1  # lines of one event
    before: list = field(default_factory=list)
    text: list = field(default_factory=list)  # turns what was recorded into text; timed apart
    after: list = field(default_factory=list)  # always runs
    environment: dict = field(default_factory=dict)
    sleeps: bool = False  # the target waits for the tracer: its own CPU time tells nothing
    compared: bool = True  # counts as a peer of the goals


def target(suite, calls):
    name, _ = SUITES[suite]
    return [*f"./{name}".split(), str(calls)]


def scaled(calls, scale):
    """At least a thousand, and whole rounds of three system calls."""
    return max(1000, int(calls * scale)) // 3 * 3 or 3


# --- ours and the limit --------------------------------------------------------------------------

FLOOR = {
    "entry": (["entry", "f"], r"^\d+ \d+ f\(\d+, 0, \"hello, tracers!\"\)$"),
    "call": (["call", "f"], r"^\d+ \d+ f = \d+$"),
    "landing": (["entry", "f"], r"^\d+ \d+ f\(\d+, 0, \"hello, tracers!\"\)$"),
    "many": (["entry", "f*"], r"^\d+ \d+ f\*\(\d+, 0, \"hello, tracers!\"\)$"),
    "marker": (["mark", "utrail_bench:hit"], r" utrail_bench:hit\(\d+, \d+, \"hello, tracers!\"\)$"),
    "getppid": (["syscalls"], r"syscall_110\("),
    "file": (["syscalls"], r"syscall_(257|0|3)\("),
}
UTRAIL = {
    "entry": ("uprobe:hot:f", r" hot:f\(number=\d+, text=\"hello, tracers!\"\)$"),
    "call": ("hot:f", r" hot:f\(number=\d+, text=\"hello, tracers!\"\) = \d+"),
    "landing": ("uprobe:hot-cet:f", r" hot-cet:f\(number=\d+, text=\"hello, tracers!\"\)$"),
    "many": ("uprobe:many:f????", r" many:f\d{4}\(number=\d+, text=\"hello, tracers!\"\)$"),
    "marker": ("usdt:utrail_bench:hit", r" utrail_bench:hit\(\d+, \d+, \"hello, tracers!\"\)$"),
    "getppid": ("syscall:*", r" getppid\(\) = \d+"),
    "file": ("syscall:*", r" (openat|read|close)\("),
}


def floor_rows(suite, tool, scale):
    what, pattern = FLOOR[suite]
    calls = scaled(300_000, scale)
    skip = ["-k", "4"] if suite == "landing" else []
    command = ["./floor", "-o", TEXT, *skip, *what, "--", *target(suite, calls)]
    rows = [Row(suite, tool, "floor (the limit)", command, calls, pattern)]
    if suite == "file":
        # The limit is stated for numbers alone; utrail reads the path, and what was read, too.
        command = ["./floor", "-o", TEXT, "texts", "--", *target(suite, calls)]
        rows.append(Row(suite, tool, "floor, 16 bytes of texts", command, calls, pattern))
    return rows


def utrail_row(suite, tool, scale):
    spec, pattern = UTRAIL[suite]
    calls = scaled(300_000, scale)
    limit = ["--max-probes", "20000"] if suite == "many" else []
    command = ["./utrail", "-o", TEXT, *limit, "-e", spec, "--", *target(suite, calls)]
    return Row(suite, tool, "utrail", command, calls, pattern)


# --- counting, without events --------------------------------------------------------------------

STAT_CALLS = "(?:openat|read|close)"
STAT = {
    "utrail": {
        "stat": (["./utrail", "stat", "-o", TEXT, "-e", "syscall:*", "--"], rf"^ +(?P<count>\d+) +\d+ .*  {STAT_CALLS}$"),
        "stat-call": (["./utrail", "stat", "-o", TEXT, "-e", "hot:f", "--"], r"^ +(?P<count>\d+) +- .*  hot:f$"),
    },
    "bpftrace": {
        "stat": (
            "tracepoint:raw_syscalls:sys_enter /pid == cpid/ { @start[tid] = nsecs; } "
            "tracepoint:raw_syscalls:sys_exit /@start[tid]/ { @calls[args->id] = count(); "
            "@ns[args->id] = hist(nsecs - @start[tid]); @errors[args->id] = sum(args->ret < 0); delete(@start[tid]); }",
            r"^@calls\[(?:257|0|3)\]: (?P<count>\d+)$"),
        "stat-call": (
            "uprobe:./hot:f { @start[tid] = nsecs; } uretprobe:./hot:f /@start[tid]/ { @calls[0] = count(); "
            "@ns = hist(nsecs - @start[tid]); delete(@start[tid]); }",
            r"^@calls\[0\]: (?P<count>\d+)$"),
    },
    "perf": {"stat": (["perf", "trace", "-s", "-o", TEXT], rf"^ +{STAT_CALLS} +(?P<count>\d+) ")},
    "strace": {"stat": (["taskset", "-c", "0", "strace", "-f", "-c", "-o", TEXT],
                        rf"^ *[\d.]+ +[\d.]+ +\d+ +(?P<count>\d+) +(?:\d+ +)?{STAT_CALLS}$")},
}
STAT_LABELS = {"utrail": "stat", "perf": "trace -s", "strace": "-c, on one CPU"}
STAT_CALLS_MADE = {"utrail": 300_000, "bpftrace": 300_000, "perf": 60_000, "strace": 30_000}


def stat_rows(suite, tool, scale):
    if suite not in STAT.get(tool.name, {}):
        return []
    start, pattern = STAT[tool.name][suite]
    calls = scaled(STAT_CALLS_MADE[tool.name], scale)
    command = [*start, *target(suite, calls)]
    if tool.name == "bpftrace":
        command = ["bpftrace", "-e", start, "-c", " ".join(target(suite, calls))]
    return [Row(suite, tool, tool.label(STAT_LABELS.get(tool.name, "maps")), command, calls, pattern,
                sleeps=tool.name in ("perf", "strace"))]


# --- processes that are not traced ---------------------------------------------------------------

# A script, of which only the shell is traced: what it starts is not followed.
OTHER = "./other"
OTHER_TEXT = '#!/bin/sh\n./calls "$@"\nexit $?\n'
FEW = ("openat", "read", "close")
ASKING = "/pid == cpid/ { @ = count(); }"
OTHERS = {
    "utrail": {"others-none": ["-e", "exec"], "others-few": ["-e", ",".join(f"syscall:{name}" for name in FEW)],
               "others-all": ["-e", "syscall:*"]},
    "bpftrace": {"others-few": " ".join(f"tracepoint:syscalls:sys_{side}_{name} {ASKING}" for name in FEW
                                        for side in ("enter", "exit")),
                 "others-all": f"tracepoint:raw_syscalls:sys_enter {ASKING} tracepoint:raw_syscalls:sys_exit {ASKING}"},
    "perf": {"others-few": ["-e", ",".join(FEW)], "others-all": []},
}


def others_rows(suite, tool, scale):
    if suite not in OTHERS.get(tool.name, {}):
        return []
    what = OTHERS[tool.name][suite]
    calls = scaled(1_000_000, scale)
    work = ["/bin/sh", OTHER, "getppid", str(calls)]
    commands = {"utrail": ["./utrail", "-o", TEXT, *what, "--", *work],
                "bpftrace": ["bpftrace", "-e", what, "-c", " ".join(work)],
                "perf": ["perf", "trace", "--no-inherit", "-o", TEXT, *what, "--", *work]}
    return [Row(suite, tool, tool.label(), commands[tool.name], calls, r"getppid\(")]


# --- bpftrace ------------------------------------------------------------------------------------

BPFTRACE = {
    "entry": ('uprobe:./hot:f { printf("%d %s\\n", arg0, str(arg1)); }', r"^\d+ hello, tracers!$"),
    "call": ('uprobe:./hot:f { printf("> %d %s\\n", arg0, str(arg1)); } '
             'uretprobe:./hot:f { printf("< %d\\n", retval); }', r"^< \d+$"),
    "landing": ('uprobe:./hot-cet:f { printf("%d %s\\n", arg0, str(arg1)); }', r"^\d+ hello, tracers!$"),
    "many": ('uprobe:./many:f* { printf("%d %s\\n", arg0, str(arg1)); }', r"^\d+ hello, tracers!$"),
    "marker": ('usdt:./marks:utrail_bench:hit { printf("%d %d %s\\n", arg0, arg1, str(arg2)); }',
               r"^\d+ \d+ hello, tracers!$"),
}
BPFTRACE_SYSCALLS = ('tracepoint:raw_syscalls:sys_enter /pid == cpid/ { printf("> %d\\n", args->id); } '
                     'tracepoint:raw_syscalls:sys_exit /pid == cpid/ { printf("< %d %d\\n", args->id, args->ret); }')


def bpftrace_rows(suite, tool, scale):
    pattern = {"getppid": r"^< 110 ", "file": r"^< (257|0|3) "}.get(suite)
    program = BPFTRACE_SYSCALLS
    if not pattern:
        program, pattern = BPFTRACE[suite]
    calls = scaled({"landing": 60_000, "getppid": 200_000, "file": 150_000}.get(suite, 300_000), scale)
    command = ["bpftrace", "-e", program, "-c", " ".join(target(suite, calls))]
    more = {"BPFTRACE_MAX_PROBES": "20000"} if suite == "many" else {}
    rows = [Row(suite, tool, tool.label(), command, calls, pattern, environment=more)]
    if suite == "entry":
        # Loses nothing at this rate when it is told to; both spellings of the variable.
        tuned = {"BPFTRACE_STRLEN": "64", "BPFTRACE_MAX_STRLEN": "64", "BPFTRACE_PERF_RB_PAGES": "16384"}
        rows.append(Row(suite, tool, tool.label("tuned"), command, calls, pattern, environment=tuned,
                        compared=False))
    return rows


# --- perf ----------------------------------------------------------------------------------------

PERF_GROUP = "utrail_bench"


def perf_record_row(suite, tool, scale):
    """`perf record` keeps what it saw in a file: `perf script` makes the text."""
    calls = scaled(60_000 if suite == "landing" else 300_000, scale)
    target_file = target(suite, calls)[0]
    pattern, before = r"\ba=\d+ s=\"hello, tracers!\"", []
    event = f"{PERF_GROUP}:f"
    delete = ["perf", "probe", "-q", "-d", f"{PERF_GROUP}:*"]
    if suite == "marker":
        event, pattern = f"sdt_{PERF_GROUP}:hit", r"\barg1=\d+ arg2=\d+ arg3=\d+"
        delete = ["perf", "probe", "-q", "-d", f"sdt_{PERF_GROUP}:*"]
        before = [["perf", "buildid-cache", "--add", target_file], delete,
                  ["perf", "probe", "-q", event]]
    else:
        before = [delete, ["perf", "probe", "-q", "-x", target_file,
                           f"{PERF_GROUP}:f=f a=%di:s32 s=+0(%si):string"]]
    command = ["perf", "record", "-q", "-o", "perf.data", "-e", event, "--", *target(suite, calls)]
    return Row(suite, tool, tool.label("record"), command, calls, pattern, before=before,
               text=["perf", "script", "-i", "perf.data"], after=[delete])


def perf_trace_row(suite, tool, scale):
    calls = scaled(60_000, scale)
    pattern = r"getppid\(" if suite == "getppid" else r"(openat|read|close)\("
    command = ["perf", "trace", "-o", TEXT, *target(suite, calls)]
    return Row(suite, tool, tool.label("trace"), command, calls, pattern, sleeps=True)


def perf_rows(suite, tool, scale):
    if suite in ("entry", "landing", "marker"):
        return [perf_record_row(suite, tool, scale)]
    return [perf_trace_row(suite, tool, scale)] if suite in ("getppid", "file") else []


# --- strace --------------------------------------------------------------------------------------

def strace_rows(suite, tool, scale):
    """On one CPU, where it is fastest: nothing has to wake another one up."""
    if suite not in ("getppid", "file"):
        return []
    calls = scaled(30_000, scale)
    pattern = r"getppid\(\)" if suite == "getppid" else r"(openat|read|close)\("
    command = ["taskset", "-c", "0", "strace", "-f", "-o", TEXT, *target(suite, calls)]
    return [Row(suite, tool, tool.label("on one CPU"), command, calls, pattern, sleeps=True)]


PEERS = {"bpftrace": bpftrace_rows, "perf": perf_rows, "strace": strace_rows}


def rows_of(suite, tools, scale):
    """Every row of a suite, in the order in which a round runs them."""
    rows = []
    for tool in tools:
        if suite.startswith("stat"):
            rows += stat_rows(suite, tool, scale)
        elif suite.startswith("others"):
            rows += others_rows(suite, tool, scale)
        elif tool.name == "floor":
            rows += floor_rows(suite, tool, scale)
        elif tool.name == "utrail":
            rows.append(utrail_row(suite, tool, scale))
        else:
            rows += PEERS[tool.name](suite, tool, scale)
    return rows
