# SPDX-License-Identifier: Apache-2.0
"""The programs, and what is special about each. Printed, it tells CMake which tests there are."""

from dataclasses import dataclass, field

# How a program is traced; see check.py.
QUICK = ("attach", "launch", "site", "system", "everything")
LONG = ("entry", "returns", "attach-site", "trampoline", "all-files", "by-file", "churn", "killed")
FUNCTION_MODES = tuple(mode for mode in QUICK + LONG if mode not in ("system", "all-files"))


@dataclass(frozen=True)
class Case:
    name: str
    command: tuple = ()  # of a runtime; else the program of that name
    module: str = ""  # which functions are probed; else the program's own
    probes: tuple = ("*",)  # patterns of functions
    package: str = ""  # what is missing when the program was not built
    label: str = "integrity"
    honest: bool = False  # nothing in it reads or reorders return addresses: --return=trampoline must work
    vary: str = ""  # lines that tracing may change, as documented
    without: tuple = ()  # modes that make no sense for it
    silent: tuple = ()  # modes in which it causes no event
    ends: dict = field(default_factory=dict)  # mode: exit status, where a documented limit changes it
    refused: str = ""  # what utrail says when it does not probe its functions at all
    seconds: float = 20


def honest(*names, **how):
    return [Case(name, honest=True, **how) for name in names]


def others(*names, **how):
    return [Case(name, **how) for name in names]


MUSL = "musl-tools"
GO = "golang-go"

CASES = [
    *honest("redzone", "redzone_O3", "redzone_cet", "tailcalls", "gotos", "gotos_O0", "gotos_cet"),
    *honest("jit", "storm", "segv", "bomb", "rawclone", "threads", "recursion"),
    *honest("recursion_O0", label="integrity-long", seconds=60),
    *honest("values", "values_O0", "restarts", "uring", "protect", "markers", "pipes", "stdstreams"),
    *honest("plain", "plain_O0", "plain_O3", "plain_Os", "plain_nopie", "plain_joined", "plain_cet"),
    *honest("plain_static", "plain_static_pie", "plain_notables", "plain_patchable", "ifunc", "limits"),
    *honest("environment", "children", "jumps_static", "seccomp", "seccomp_static", "threads_static"),
    *honest("registers", "odd"),
    *honest("plain_clang", "gotos_clang", package="clang"),
    *honest("plain_musl", "redzone_musl", "recursion_musl", package=MUSL),
    *others("plain_stripped", probes=("main",), silent=FUNCTION_MODES),
    *others("selfpatch", vary=r"^under probe "),
    *others("stepself", vary=r"^steps "),
    *others("jumps", "coroutines", "altstack", "leader", "antidebug"),
    *others("handmade_mov", "handmade_xchg", "handmade_pop", "callers", "ownreturn", "backtrace"),
    *others("cancel", "exceptions", "exceptions_O0", "loads", "execs", "frames", "shadow"),
    *others("unwindlib", package="libunwind-dev"),
    *others("textread", vary=r"^breakpoints \d+$"),
    # SIGTRAP: a breakpoint that the program has copied elsewhere is nobody's.
    *others("remap", ends={mode: -5 for mode in (*FUNCTION_MODES, "all-files")}, without=("churn", "killed")),
    *others("bits32", package="gcc-multilib", refused="it is a 32-bit program", silent=("all-files",), without=("churn", "killed")),
    # Nearly all of a runtime's functions are called all the time.
    *others("go_static", "go_cgo", package=GO, probes=("main.*", "runtime.g*", "runtime.m*c*"), seconds=60),
    *others("panics", package="rustc"),
    Case("python", ("/usr/bin/python3", "work.py"), package="python3",
         probes=("PyObject_*", "_PyEval_*", "PyErr_*", "PyGen*")),
    Case("perl", ("perl", "work.pl"), package="perl", label="integrity-long", seconds=60),
    Case("node", ("node", "work.js"), package="nodejs", probes=("uv_*", "napi_*"), without=("all-files",), label="integrity-long", seconds=60),
    Case("luajit", ("luajit", "work.lua"), package="luajit"),
    Case("java", ("java", "-XX:TieredStopAtLevel=1", "-cp", "@", "Work"), package="default-jdk-headless",
         module="libjvm.so", probes=("JVM_*", "JNI_*"), without=("all-files",),
         silent=("launch", "site", "entry", "by-file"),  # it loads libjvm later
         label="integrity-long", seconds=60),
]


def case_of(name):
    return next(case for case in CASES if case.name == name)


if __name__ == "__main__":
    print("\n".join(f"{case.name} {case.label}" for case in CASES))
