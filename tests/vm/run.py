#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots one of Debian's kernels in an emulated machine and runs the cases of tests/vm/cases/ in it.

    run.py --kernel 6.12                 one kernel, all cases
    run.py --kernel 5.10 --case 'load*'  some cases
    run.py --kernel 7.2 --shell          cases, then a shell on this terminal
    run.py --kernel 6.1 --kernel 7.2     two guests at the same time, where there are two processors

A case that failed gets a second guest, for itself: an emulated machine on a busy host may stand still for seconds,
and cases wait for what other programs do. One that fails there too has failed. The last line names those that needed it.

Exit status: 0 when no case failed and the kernel complained of nothing, 1 otherwise, 77 when there is
no emulator or no such kernel to be had, or when every case skipped. No root needed; KVM is not used.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import disk
import initrd

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
# Programs of tests/integrity/ that run here too.
INTEGRITY = HERE.parent / "integrity/guest.txt"
CASE_TIMEOUT_S = 450
# Emulated machines sometimes hang or die on their way up, before anything of ours runs: they get another chance.
BOOT_TIMEOUT_S = 80
BOOTS = 4
# More failed cases than this are no accident.
SECOND_CHANCES = 3
# At the same time.
GUESTS = 2
# Lines of a failed case's output.
OUTPUT_LINES = 60
# Of what the kernel printed, from its first complaint on.
CONSOLE_LINES = 80
# What a healthy kernel does not say. Uprobe code is quiet unless something went wrong.
COMPLAINT = re.compile(r"WARNING:|BUG:|BUG at|Oops|Call Trace|general protection|Kernel panic|KASAN|lockdep"
                       r"|INFO: (rcu|task)|Out of memory|stack-protector|[Uu][Pp][Rr][Oo][Bb][Ee]")
# The command line is ours, and names the project.
HARMLESS = re.compile(r"[Cc]ommand line:")
# Tools that cases may use besides busybox.
HOST_TOOLS = ["bash", "setpriv"]
# Without cx16: QEMU 7.2 (Debian 12) computes the flags of cmpxchg16b from a stale state, and the guest dies with
# a double fault when an interrupt follows at once (seen in __kmalloc of 6.12). Without la57: shorter page walks.
# Without erms and fsrm the kernel clears and copies by words, not by bytes, each of which is emulated; without smap it
# does not leave the translated code at each access to the user's memory. A third of the time in all.
PROCESSOR = "max,-cx16,-la57,-erms,-fsrm,-smap"
# One thread for all processors, which take turns. With one each, kernels died of their own patching of code: an
# instruction was run as the int3 that had stood there for a moment (jump labels), or led nowhere (NULL, in
# do_syscall_64); and programs ran copies of instructions (uprobes) before they were written. It takes no longer.
ACCELERATOR = "tcg,thread=single"
# Grace periods of RCU that are hurried: each probe that is taken out waits for some. Memory is not cleared when it is
# handed out.
QUICK = "rcupdate.rcu_expedited=1 init_on_alloc=0"
# Else the guest's clock is a device, for which one processor at a time leaves the translated code. The emulated
# counter is the host's: good where the host itself takes its time from it (the kernel is told, and does not watch it).
HOST_CLOCK = pathlib.Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
COUNTER_CLOCKS = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page")
# Where BPF storage comes from kmalloc_nolock(), that gives NULL on a processor without cmpxchg16b, unless
# the cache is checked (mm/slub.c); task storage would not work at all. Full preemption is the harder case: BPF
# programs of uprobes are interrupted by others of the same processor.
KERNEL_OPTIONS = {"6.12": "preempt=full", "7.2": "preempt=full slab_debug=F,kmalloc-*"}


class Skip(Exception):
    """Something is not there, and it is nobody's fault."""


class NotBooted(Exception):
    """The guest has said nothing for too long."""


def kernel_cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(os.environ.get("UTRAIL_KERNELS") or os.path.join(home, "utrail", "kernels"))


def find_kernel(version):
    image = kernel_cache() / version / "vmlinuz"
    # Which looks whether all is there.
    fetch = subprocess.run([HERE / "fetch-kernels.sh", version], text=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not image.exists():
        raise Skip(f"kernel {version}: {fetch.stderr.strip()}")
    return image


def find_program(name, *places):
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *places]))
    if not found:
        raise Skip(f"{name} is not installed (./dev deps --test)")
    return found


def add_build(archive, build):
    """Adds what was built: utrail, samples, helpers of the tests, the BPF object."""
    if (build / "utrail").exists():
        archive.program(build / "utrail", "bin/utrail")
    for folder in ("samples", "tests/vm"):
        for path in sorted((build / folder).glob("*")):
            if path.is_file() and os.access(path, os.X_OK) and path.suffix == "":
                archive.program(path, f"bin/{path.name}")
    for path in sorted((build / "tests/e2e/targets").glob("chain-*")):
        if path.is_file():
            archive.program(path, f"bin/{path.name}")
    if (build / "tests/e2e/targets/become").exists():
        archive.program(build / "tests/e2e/targets/become", "bin/become")
    for name in ("become", "conditions", "signals", "points", "causes", "spent", "offcpu", "share", "waits", "tcp", "disk", "files", "outputs-gcc-0", "changes-g++-0", "characters-gcc-0", "goroutines", "handlers", "leaf", "refused"):
        if (build / "tests/e2e/targets" / name).exists():
            archive.program(build / "tests/e2e/targets" / name, f"bin/{name}")
    for name in INTEGRITY.read_text().split():
        if (build / "tests/integrity" / name).exists():
            archive.program(build / "tests/integrity" / name, f"integrity/{name}")
    for page in sorted((build / "samples/www").glob("*")):
        archive.copy(page, f"bin/www/{page.name}")
    for path in sorted(build.rglob("tracer.linked.o"))[:1]:
        archive.copy(path, "lib/utrail/tracer.linked.o")


def wanted_cases(patterns):
    return [path for path in sorted((HERE / "cases").glob("*.sh"))
            if any(fnmatch.fnmatch(path.stem, pattern) for pattern in patterns)]


def make_initrd(path, kernel, build, patterns):
    """Returns the names of the cases in it."""
    with open(path, "wb") as output:
        archive = initrd.Archive(output)
        archive.copy(find_program("busybox", "/usr/bin", "/bin"), "bin/busybox")
        archive.link("bin/sh", "busybox")
        archive.device("dev/console", 5, 1)
        archive.copy(HERE / "init", "init")
        for tool in HOST_TOOLS:
            archive.program(find_program(tool), f"bin/{tool}")
        add_build(archive, build)
        for path in [HERE / "expected-loads.txt", HERE / "cases/lib.inc", HERE / "cases/integrity.inc", INTEGRITY]:
            archive.copy(path, f"cases/{path.name}")
        cases = wanted_cases(patterns)
        if any(disk.is_wanted(case) for case in cases):
            disk.add_modules(archive, kernel.parent / "modules")
        for case in cases:
            archive.copy(case, f"cases/{case.name}")
        # Some run others by themselves.
        for case in (HERE / "cases").glob("*.sh"):
            archive.copy(case, f"cases/all/{case.name}")
        archive.close()
    return [case.stem for case in cases]


def qemu_command(options, kernel, image, results, images):
    counter = HOST_CLOCK.exists() and HOST_CLOCK.read_text().strip() in COUNTER_CLOCKS
    line = (f"console=ttyS0 panic=-1 mitigations=off quiet loglevel=4 utrail.kernel={options.kernel}"
            f" utrail.timeout={CASE_TIMEOUT_S} {KERNEL_OPTIONS.get(options.kernel, '')}"
            f" {QUICK}{' tsc=reliable' if counter else ''}")
    return [find_program("qemu-system-x86_64"), "-accel", ACCELERATOR, "-cpu", PROCESSOR, "-m", "1G",
            "-smp", "2", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", "stdio", "-serial", f"file:{results}", "-kernel", str(kernel), "-initrd", str(image),
            *disk.qemu_options(images), "-append", line + (" utrail.shell" if options.shell else "")]


def processor_time(process):
    """Seconds that it has used; 0 when it is gone. proc_pid_stat(5): utime and stime are the 14th and 15th field."""
    try:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except (AttributeError, OSError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Told:
    """Prints what the guest tells, while it tells it; what a case printed only when that failed."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.output = []
        self.guest = None  # the process, once it runs
        self.start = time.monotonic()
        self.used = 0.0

    def spent(self):
        """How long since the case before, by the clock and of processors: the host may have others to serve."""
        now, used = time.monotonic(), processor_time(self.guest)
        text = f"{now - self.start:.1f} s ({max(used - self.used, 0):.0f} s of processors)"
        self.start, self.used = now, used
        return text

    def line(self, line):
        if line.startswith("| ") and not self.verbose:
            self.output = self.output[1 - OUTPUT_LINES:] + [line]
        elif line.startswith("case "):
            if not re.match(r"case \S+ (ok|skip)", line):
                print("\n".join(self.output))
            print(f"{line}  {self.spent()}", flush=True)
            self.output = []
        elif not line.startswith("dmesg "):
            print(line, flush=True)


def follow(path, done, told):
    with open(path, "r", errors="replace") as lines:
        rest = ""
        while True:
            ended = done.is_set()
            rest += lines.read()
            *whole, rest = rest.split("\n")
            for line in whole:
                told.line(line)
            if ended:
                return
            done.wait(0.2)


def wait_for(guest, options, results):
    """Until it ends. Its first line comes from /init, before any case."""
    if options.shell:
        guest.wait()
        return
    first = min(BOOT_TIMEOUT_S, options.timeout)
    try:
        guest.wait(first)
    except subprocess.TimeoutExpired:
        if results.stat().st_size == 0:
            raise NotBooted from None
        guest.wait(options.timeout - first)


def boot(options, kernel, image, results, console, images=None):
    """Runs the guest to its end, or to the time-out. Returns None, or what went wrong."""
    results.touch()
    done = threading.Event()
    told = Told(options.verbose)
    reader = threading.Thread(target=follow, args=(results, done, told))
    reader.start()
    terminal = None if options.shell else subprocess.DEVNULL
    try:
        with open(console, "wb") as output:
            guest = subprocess.Popen(qemu_command(options, kernel, image, results, images or {}),
                                     stdin=terminal, stdout=None if options.shell else output, stderr=subprocess.STDOUT)
            told.guest = guest
            try:
                wait_for(guest, options, results)
            except NotBooted:
                return f"the guest did not boot within {BOOT_TIMEOUT_S} s"
            except subprocess.TimeoutExpired:
                return f"the guest still runs after {options.timeout} s"
            finally:
                guest.kill()
                guest.wait()
    finally:
        done.set()
        reader.join()
    return None if guest.returncode == 0 else f"the emulator ended with {guest.returncode}"


def read_lines(path):
    return path.read_text("utf-8", "replace").replace("\r", "").splitlines() if path.exists() else []


def boot_until_up(options, kernel, scratch, patterns):
    """As boot(), with all cases that match; again when it dies on its way up, before anything of ours runs, while there is
    time. Returns (names of the cases, what the guest told, what is wrong or None)."""
    image, results, console = (scratch / name for name in ("initrd", "results", "console"))
    cases = make_initrd(image, kernel, options.build, patterns)
    wants_disk = any(disk.is_wanted(case) for case in wanted_cases(patterns))
    lines, trouble = [], None
    for left in reversed(range(BOOTS if cases else 0)):
        start = time.monotonic()
        results.unlink(missing_ok=True)
        # Made anew each time: a guest that died may have left its disks in any state.
        images = disk.make_images(scratch) if wants_disk else {}
        trouble = boot(options, kernel, image, results, console, images)
        lines = read_lines(results)
        options.timeout -= time.monotonic() - start
        if lines or not left or options.shell or options.timeout < BOOT_TIMEOUT_S:
            break
        print(f"{trouble or 'the guest died on its way up'}; once more", flush=True)
        print("\n".join(read_lines(console)[-5:]), flush=True)
    return cases, lines, trouble


def outcomes_of(results):
    """What became of each case: name to (ok, fail or skip; why)."""
    matches = (re.match(r"case (\S+) (ok|fail|skip) ?(.*)", line) for line in results)
    return {match[1]: (match[2], match[3]) for match in matches if match}


def judge(results, console, expected):
    """Returns (names of failed cases with the reason, list of other failures)."""
    outcomes = outcomes_of(results)
    failed = {name: why for name, (outcome, why) in outcomes.items() if outcome == "fail"}
    failed.update({name: "told no outcome" for name in expected if name not in outcomes})
    others = []
    if "end" not in results:
        others.append("the guest died before its end")
    log = [line[6:] for line in results if line.startswith("dmesg ")] or console
    others += [f"kernel: {line}" for line in log
               if COMPLAINT.search(line) and not HARMLESS.search(line)]
    return failed, others


def told_by_console(lines):
    """Its end; with a complaint, what comes from there on: the last lines of a kernel that dies do not say of what."""
    complaints = [i for i, line in enumerate(lines) if COMPLAINT.search(line) and not HARMLESS.search(line)]
    return lines[complaints[0]:][:CONSOLE_LINES] if complaints else lines[-15:]


def run_cases(options, kernel, scratch, patterns):
    """One guest. Returns (outcomes, failed cases, other failures)."""
    cases, told, trouble = boot_until_up(options, kernel, scratch, patterns)
    if not cases:
        return {}, {}, [f"no case matches {patterns}"]
    console = read_lines(scratch / "console")
    failed, others = judge(told, console, cases)
    if trouble:
        others.insert(0, trouble)
    if failed or others:
        print("--- console")
        print("\n".join(told_by_console(console)))
    for failure in [f"case {name}: {why}" for name, why in failed.items()] + others:
        print(f"FAILED {failure}", flush=True)
    return outcomes_of(told), failed, others


def run(options, scratch):
    kernel = find_kernel(options.kernel)
    start = time.monotonic()
    outcomes, failed, others = run_cases(options, kernel, scratch, options.case or ["*"])
    second = sorted(failed)
    if 0 < len(second) <= SECOND_CHANCES and not others and options.timeout > BOOT_TIMEOUT_S:
        print(f"once more, in a guest of their own: {' '.join(second)}", flush=True)
        again, _, others = run_cases(options, kernel, scratch, second)
        outcomes.update(again)
        failed = {name: why for name, why in failed.items() if again.get(name, ("fail",))[0] != "ok"}
    told = [outcome for outcome, _ in outcomes.values()]
    passed_late = [name for name in second if name not in failed]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"kernel {options.kernel}: {told.count('ok')} ok, {len(failed) + len(others)} failures,"
          f" {told.count('skip')} skipped, {time.monotonic() - start:.1f} s"
          f" ({used.ru_utime + used.ru_stime:.0f} s of processors)"
          + (f"; at the second attempt: {' '.join(passed_late)}" if passed_late else ""))
    if failed or others:
        return 1
    return 0 if "ok" in told else SKIP


def run_alone(arguments, kernel):
    """A process for a kernel; what it prints is shown when it ends. Returns its exit status."""
    with tempfile.TemporaryFile("w+") as output:
        status = subprocess.call([sys.executable, str(pathlib.Path(__file__).resolve()), *arguments, "--kernel", kernel],
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        output.seek(0)
        print(f"--- kernel {kernel}\n{output.read()}", end="", flush=True)
    return status


def run_several(arguments, kernels):
    """A guest waits half of its time: for grace periods, for what cases wait for. Two fill two processors. A kernel that is
    skipped is one that was not tested: all of it counts as skipped, unless something failed."""
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(min(GUESTS, os.cpu_count() or 1)) as pool:
        statuses = list(pool.map(lambda kernel: run_alone(arguments, kernel), kernels))
    words = {0: "ok", SKIP: "skipped"}
    told = ", ".join(f"{kernel} {words.get(status, 'failed')}" for kernel, status in zip(kernels, statuses))
    print(f"kernels: {told}; {time.monotonic() - start:.1f} s")
    if set(statuses) - {0, SKIP}:
        return 1
    return SKIP if SKIP in statuses else 0


def other_arguments(arguments):
    """Those that are not --kernel VERSION."""
    found, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--kernel":
            rest.pop(0)
        elif not word.startswith("--kernel="):
            found.append(word)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kernel", required=True, action="append", help="5.10, 6.1, 6.12 or 7.2; repeatable")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build")
    parser.add_argument("--case", action="append", help="glob over case names; repeatable")
    parser.add_argument("--timeout", type=float, default=1700, help="seconds for the whole guest")
    parser.add_argument("--no-skip", action="store_true", help="what cannot be run is a failure")
    parser.add_argument("--verbose", action="store_true", help="what cases print, also when they succeed")
    parser.add_argument("--shell", action="store_true", help="a shell in the guest after the cases")
    options = parser.parse_args()
    if len(options.kernel) > 1:
        return run_several(other_arguments(sys.argv[1:]), options.kernel)
    options.kernel = options.kernel[0]
    try:
        # Not /tmp, which may be in memory: there are disks of a guest.
        place = options.build / "tests/vm"
        with tempfile.TemporaryDirectory(prefix="utrail-vm-", dir=place if place.is_dir() else None) as scratch:
            status = run(options, pathlib.Path(scratch))
    except Skip as reason:
        print(f"skipped: {reason}")
        status = SKIP
    return 1 if options.no_skip and status == SKIP else status


if __name__ == "__main__":
    sys.exit(main())
