# SPDX-License-Identifier: Apache-2.0
"""Wrong command lines: what is wrong, the nearest right one, exit status 2."""

from utrail import Target, check_error, ensure, matches, need_root, plain, run


def nothing_given():
    """Help, but no success: a script that forgot its arguments must notice."""
    process = plain([])
    ensure(process.status == 2, process.report(f"ended with {process.status}"))
    matches(process.stdout + process.stderr, "(?i)usage|utrail -p", "the help")


def unknown_options():
    check_error(plain(["--jsno", "-p", "1"]), 2, "--jsno", hint=".*--json")
    check_error(plain(["--max-event", "5x", "-p", "1"]), 2)
    check_error(plain(["-Q", "-p", "1"]), 2, "Q")


def missing_values():
    for option in ("-e", "-p", "-o", "-s", "--ring-size", "--max-events", "--duration"):
        check_error(plain([option]), 2, option)


def c_is_a_command_elsewhere():
    """bpftrace and DTrace run a command with -c; strace counts with it, as we do."""
    check_error(plain(["-c", "ls -l"]), 2, "-- ls -l", hint="")


def counting():
    for words in (["-c", "-C"], ["-c", "-k"], ["-c", "--inside"], ["-c", "--max-events", "3"], ["-c", "--rate", "5/s"],
                  ["-c", "-e", "call:main"], ["-c", "-e", "exec:"], ["-c", "-S", "size"], ["-c", "-U", "calls,names"],
                  ["-c", "-U", "calls,calls"], ["-z", "-Z"], ["--status", "gone"], ["--status", "none"], ["--status", ""]):
        check_error(plain([*words, "--", "true"]), 2, hint=".")
    check_error(plain(["explain", "-c", "-p", "1"]), 2, "-c")


def numbers():
    for words in (
        ["--max-events", "x"],
        ["--max-events", "-1"],
        ["--duration", "soon"],
        ["--duration", "-2"],
        ["--max-probes", "many"],
        ["-s", "-1"],
        ["-s", "99999999999999999999"],
    ):
        check_error(plain([*words, "-e", "exit", "--", "true"]), 2, words[1])


def ring_too_small():
    for size in ("0", "1", "100", "4095"):
        process = plain(["--ring-size", size, "-e", "exit", "--", "true"])
        check_error(process, 2, "(?i)ring", size, hint=r".*\d")


def ring_not_a_power_of_two():
    """Rounded up, which is never less than asked for: not the kernel's bare EINVAL."""
    need_root()
    process = plain(["--ring-size", "100000", "-e", "syscall:*", "--", "true"])
    ensure(process.status == 0, process.report(f"ended with {process.status}"))
    matches(process.stderr, r"^[1-9]\d* events, 0 lost, 0 missed", "the summary")


def ring_too_large():
    need_root()
    process = plain(["--ring-size", str(1 << 40), "-e", "exit", "--", "true"])
    ensure(process.status in (1, 2), process.report("accepted a ring of a tebibyte"))
    check_error(process, process.status, "(?i)ring")


def choices():
    for option in ("--return=maybe", "--color=purple", "--format=xml", "--syscall-backend=magic"):
        check_error(plain([option, "-e", "exit", "--", "true"]), 2, option.split("=")[1])


def two_targets():
    need_root()
    target = Target("count", "-w")
    check_error(plain(["-p", str(target.pid), "-e", "exit", "--", "true"]), 2)
    target.release()
    target.finish()


def unknown_command():
    check_error(plain(["lsit"]), 2, "lsit", hint=".*list")


run(
    nothing_given,
    unknown_options,
    missing_values,
    c_is_a_command_elsewhere,
    counting,
    numbers,
    ring_too_small,
    ring_not_a_power_of_two,
    ring_too_large,
    choices,
    two_targets,
    unknown_command,
)
