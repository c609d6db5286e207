# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: start a target, trace it, compare.

A test is a script that exits 0 (passed), 1 (failed) or 77 (skipped, with a reason). Whatever it
starts, it ends, by process id, also when it fails. Nothing here waits without a limit.

    from utrail import *

    def test():
        target = Target("count", "-w", "1000")
        trace = Trace("-e", "call:f", pid=target.pid)
        target.release()
        target.finish()
        trace.finish()
        same(len(trace.calls("f")), target.counts["f"], "calls of f")

    run(test)
"""

import atexit
import inspect
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import jsonlines
import tracefs
from expected import Expected, describe, nodes_of  # noqa: F401 (for the tests)

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = float(os.environ.get("UTRAIL_TEST_TIMEOUT", "30"))
SUMMARY = re.compile(r"^(\d+) events?, (\d+) lost, (\d+) missed", re.MULTILINE)
RETURN_CAUSES = ("ring full at return", "too many calls open")
STACK_CAUSE = "ring full for stacks"
ATTACHED = re.compile(r"^utrail: tracing\b", re.MULTILINE)


class Failure(Exception):
    """The product did not do what it must."""


class Skip(Exception):
    """This machine cannot run the test."""


def skip(reason):
    raise Skip(reason)


def fail(message):
    raise Failure(message)


def ensure(condition, message):
    if not condition:
        raise Failure(message)


def same(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


def only(items, what):
    """The one item of a list that must have one."""
    items = list(items)
    if len(items) != 1:
        raise Failure(f"{what}: {len(items)} of them, wanted one: {items!r:.2000}")
    return items[0]


def contains(text, part, what="text"):
    if part not in text:
        raise Failure(f"{what} does not contain {part!r}:\n{indent(text)}")


def matches(text, pattern, what="text"):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Failure(f"{what} does not match /{pattern}/:\n{indent(text)}")
    return found


def indent(text):
    return "\n".join("    " + line for line in text.splitlines()) or "    (empty)"


# --- programs ------------------------------------------------------------------------------------


def build_dir():
    return Path(os.environ.get("UTRAIL_BUILD", ROOT / "build"))


def program():
    """The utrail under test. A missing one fails every test."""
    path = Path(os.environ.get("UTRAIL", build_dir() / "utrail")).absolute()
    ensure(os.access(path, os.X_OK) and path.is_file(), f"no program at {path}: build it, or set UTRAIL")
    return str(path)


def sample(name):
    """A program of samples/ or tests/e2e/targets/, as built."""
    for folder in ("samples", "tests/e2e/targets"):
        path = build_dir() / folder / name
        if path.is_file():
            return str(path)
    raise Failure(f"the sample '{name}' was not built in {build_dir()}")


def libraries(path):
    """What ldd names, the loader included."""
    text = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    return [word for word in text.split() if word.startswith("/")]


def copy_root(root, files):
    """Makes `root` a directory to chroot to: `files` is {path: name inside}, with the libraries of all."""
    for path in {*files, *(library for file in files for library in libraries(file))}:
        place = root / files.get(path, path.lstrip("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(path, place)


def need_root():
    program()  # without one, nothing is skipped
    if os.geteuid() != 0:
        skip("needs root")


def need_program(path, package):
    found = shutil.which(path)
    if not found:
        skip(f"'{path}' is not installed (package {package})")
    return found


# --- processes -----------------------------------------------------------------------------------

_started = []
_scratch = None


def scratch():
    """A directory that goes away with the test, readable by other users."""
    global _scratch
    if _scratch is None:
        _scratch = Path(tempfile.mkdtemp(prefix="utrail-test-"))
        _scratch.chmod(0o755)
    return _scratch


@atexit.register
def _clean_up():
    for process in reversed(_started):
        if process.poll() is None:
            # It may have been stopped; SIGKILL ends that too.
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                try:
                    stream.close()
                except OSError:
                    pass
    if _scratch:
        shutil.rmtree(_scratch, ignore_errors=True)


class Process:
    """A child whose output is collected while it runs, so that it never blocks on a full pipe."""

    def __init__(self, command, stdout=None, stderr=None, env=None, stdin=subprocess.PIPE, **options):
        self.command = [str(word) for word in command]
        self._text = {"stdout": bytearray(), "stderr": bytearray()}
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            self.command,
            stdin=stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE if stderr is None else stderr,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            **options,
        )
        _started.append(self.process)
        self.pid = self.process.pid
        self._readers = []
        for name in ("stdout", "stderr"):
            stream = getattr(self.process, name)
            if stream:
                reader = threading.Thread(target=self._collect, args=(name, stream), daemon=True)
                reader.start()
                self._readers.append(reader)

    def _collect(self, name, stream):
        while True:
            data = os.read(stream.fileno(), 1 << 16)
            with self._changed:
                self._text[name] += data
                self._changed.notify_all()
            if not data:
                return

    @property
    def stdout_bytes(self):
        with self._changed:
            return bytes(self._text["stdout"])

    @property
    def stdout(self):
        return self.stdout_bytes.decode(errors="backslashreplace")

    @property
    def stderr(self):
        with self._changed:
            return bytes(self._text["stderr"]).decode(errors="backslashreplace")

    @property
    def status(self):
        return self.process.returncode

    def wait_for(self, pattern, stream="stdout", timeout=TIMEOUT):
        """Waits until the output matches; fails when the process ends before."""
        pattern = re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        until = time.monotonic() + timeout
        while True:
            found = pattern.search(getattr(self, stream))
            if found:
                return found
            ended = self.process.poll() is not None
            if ended:
                self._join_readers()
                found = pattern.search(getattr(self, stream))
                if found:
                    return found
            if ended or time.monotonic() > until:
                why = f"ended with {self.status}" if ended else f"said nothing such in {timeout:g} s"
                raise Failure(f"waiting for /{pattern.pattern}/ on {stream}: {self.report(why)}")
            with self._changed:
                self._changed.wait(0.05)

    def _join_readers(self, timeout=5):
        for reader in self._readers:
            reader.join(timeout)

    def report(self, why):
        command = " ".join(self.command)
        return f"'{command}' {why}\n  stdout:\n{indent(self.stdout[-3000:])}\n  stderr:\n{indent(self.stderr[-3000:])}"

    def send(self, number):
        if self.process.poll() is None:
            os.kill(self.pid, number)

    def write(self, text):
        try:
            self.process.stdin.write(text.encode() if isinstance(text, str) else text)
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self.report("closed its standard input")) from None

    def close_stdin(self):
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def wait(self, timeout=TIMEOUT):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(self.report(f"did not end within {timeout:g} s")) from None
        self._join_readers()
        if re.search(r"(Address|Leak|Undefined\w*)Sanitizer|runtime error: ", self.stderr):
            raise Failure(self.report("was stopped by a sanitizer"))
        return self.status


class Target(Process):
    """A sample program. With -w among its arguments, it is waited for until it is ready."""

    def __init__(self, name, *arguments, ready=None, **options):
        path = name if "/" in str(name) else sample(name)
        super().__init__([path, *arguments], **options)
        self.name = os.path.basename(path)
        self.ready = None
        if ready or (ready is None and "-w" in arguments):
            self.ready = self.wait_for(r"^ready (\d+)(?: (.*))?\n")
            same(int(self.ready[1]), self.pid, f"pid that {self.name} tells")

    def release(self):
        """Lets a waiting target go on: a line ends its wait, the end of input the later ones."""
        self.write("\n")

    def finish(self, status=0, timeout=TIMEOUT):
        self.close_stdin()
        got = self.wait(timeout)
        if got != status:
            raise Failure(self.report(f"ended with {got}, wanted {status}"))
        return self

    @property
    def counts(self):
        """What it counted itself: lines `count NAME N`."""
        return {m[1]: int(m[2]) for m in re.finditer(r"^count (\S+) (\d+)$", self.stdout, re.MULTILINE)}

    @property
    def expected(self):
        """The lines `expect ...`: the trace it must have caused."""
        return [line[7:] for line in self.stdout.splitlines() if line.startswith("expect ")]


def plain(arguments, **options):
    """Runs utrail to its end, without waiting for a trace. For listings and for errors."""
    timeout = options.pop("timeout", TIMEOUT)
    options.setdefault("stdin", subprocess.DEVNULL)
    prefix = options.pop("prefix", [])
    process = Process([*prefix, program(), *arguments], **options)
    process.wait(timeout)
    return process


class Trace(Process):
    """A running utrail. Returns from the constructor when it says that it is attached."""

    def __init__(self, *arguments, pid=None, command=None, json=True, wait=True, output=True, subcommand=None, **options):
        need_root()
        self.json = json
        self.file = None
        words = [subcommand] if subcommand else []
        if pid is not None:
            words += ["-p", str(pid)]
        if json:
            words.append("--json")
        if output:
            self.file = scratch() / f"trace-{len(_started)}"
            words += ["-o", str(self.file)]
        words += [str(word) for word in arguments]
        if command is not None:
            words += ["--", *[str(word) for word in command]]
        if command is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        super().__init__([program(), *words], **options)
        self._events = None
        if wait:
            self.attached = self.wait_for(ATTACHED, stream="stderr")

    def stop(self):
        """Ctrl-C."""
        self.send(signal.SIGINT)

    def finish(self, status=0, stop=True, timeout=TIMEOUT):
        """Ends the trace and checks what holds for every trace: exit status, summary, records."""
        if stop:
            self.stop()
        got = self.wait(timeout)
        if got != status:
            raise Failure(self.report(f"ended with {got}, wanted {status}"))
        self.check_summary()
        return self

    def wait_for_text(self, part, timeout=TIMEOUT):
        """Until the trace's file holds it."""
        end = time.monotonic() + timeout
        while part not in self.text:
            ensure(time.monotonic() < end, f"no {part!r} in the trace: {self.text[-500:]}")
            time.sleep(0.01)

    @property
    def text(self):
        if self.file and not self.file.exists():
            raise Failure(self.report("wrote no file"))
        data = self.file.read_bytes() if self.file else self.stdout_bytes
        return data.decode(errors="backslashreplace")

    @property
    def summary(self):
        """(events, lost, missed) as told by the last line on stderr."""
        found = list(SUMMARY.finditer(self.stderr))
        if not found:
            raise Failure(self.report("gave no summary line 'N events, M lost, K missed'"))
        return tuple(int(n) for n in found[-1].groups())

    @property
    def records(self):
        """All lines of the JSON output, the header and the summary too, strictly parsed."""
        if self._events is None:
            if self.file and not self.file.exists():
                raise Failure(self.report("wrote no file"))
            data = self.file.read_bytes() if self.file else self.stdout_bytes
            try:
                self._events = jsonlines.parse(data)
            except jsonlines.Invalid as error:
                raise Failure(self.report(f"wrote invalid JSON Lines: {error}")) from None
        return self._events

    @property
    def events(self):
        return [r for r in self.records if r["type"] not in ("header", "lost", "suppressed", "missed", "gap", "cost", "count", "stat", "summary")]

    def of(self, kind, name=None, **members):
        """Events of one type, and of one name unless None."""
        return [
            e
            for e in self.events
            if e["type"] == kind
            and (name is None or e.get("name") == name)
            and all(e.get(k) == v for k, v in members.items())
        ]

    def calls(self, name=None):
        return self.of("call", name)

    def markers(self, name=None):
        return self.of("usdt", name)

    def syscalls(self, name=None):
        return self.of("syscall", name)

    @property
    def stats(self):
        """The rows of `utrail stat`, of the whole run."""
        return [r for r in self.records if r["type"] == "stat" and "interval" not in r]

    @property
    def losses(self):
        """Lost events, as the `lost` objects of the stream tell them; lost returns are no events."""
        return self.losses_of(None)

    def losses_of(self, name):
        """The same of one probe, as the text output names it."""
        others = (*RETURN_CAUSES, STACK_CAUSE)
        told = [r for r in self.records if r["type"] == "lost" and r["cause"] not in others]
        return sum(int(r["count"]) for r in told if name in (None, r["name"]))

    @property
    def gaps(self):
        """Files that were probed after they had been mapped."""
        return [r for r in self.records if r["type"] == "gap"]

    @property
    def returns_lost(self):
        """Calls that were delivered, but whose return was not."""
        told = [r for r in self.records if r["type"] == "lost" and r["cause"] in RETURN_CAUSES]
        return sum(int(r["count"]) for r in told)

    @property
    def stacks_lost(self):
        """Stacks of delivered and of lost events, as the stream tells them."""
        told = [r for r in self.records if r["type"] == "lost" and r["cause"] == STACK_CAUSE]
        return sum(int(r["count"]) for r in told)

    def check_summary(self):
        events, lost, missed = self.summary
        if not self.json:
            return
        kinds = [r["type"] for r in self.records]
        ensure(kinds and kinds[0] == "header", f"the first record is {kinds[:1]}, not the header")
        same(kinds.count("header"), 1, "headers")
        ensure(kinds[-1] == "summary", f"the last record is {kinds[-1]}, not the summary")
        same(kinds.count("summary"), 1, "summaries")
        last = self.records[-1]
        told = tuple(int(last[k]) for k in ("events", "lost", "missed"))
        same(told, (events, lost, missed), "JSON summary against the line on stderr")
        counted = len(self.events) + sum(int(row["hits"]) for row in self.stats)
        same(events, counted, "events of the summary against records in the file")
        same(lost, self.losses, "lost events of the summary against 'lost' records")
        told = sum(int(r["count"]) for r in self.records if r["type"] == "missed")
        same(missed, told, "missed hits of the summary against 'missed' records")
        same(int(last.get("returns_lost", 0)), self.returns_lost, "lost returns against 'lost' records")
        same(int(last.get("stacks_lost", 0)), self.stacks_lost, "lost stacks against 'lost' records")
        same(int(last.get("gaps", 0)) + int(last.get("overwritten", 0)), len(self.gaps), "gaps of the summary against 'gap' records")

    def check_nothing_lost(self):
        events, lost, missed = self.summary
        same((lost, missed), (0, 0), f"lost and missed of {events} events")
        return self


def trace_target(name, arguments, specs, *options, pid_options=(), **target_options):
    """The usual course: start, attach, release, wait, Ctrl-C. Returns (target, trace)."""
    target = Target(name, "-w", *[str(a) for a in arguments], **target_options)
    words = [w for spec in specs for w in ("-e", spec)]
    trace = Trace(*words, *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    return target, trace


# --- order, nesting, errors ----------------------------------------------------------------------


def ns(event, key="time_ns"):
    return int(event[key])


def values(event):
    """The arguments by their places: of well-known markers, utrail knows names too."""
    return list(event["args"].values())


def returned(event):
    """Was the return of this span seen? A tail call ends a span, but returns nothing."""
    return "return" not in event and "dur_ns" in event


def check_nesting(events):
    """Per thread: depths are right, spans lie inside the span around them."""
    threads = {}
    for event in sorted(events, key=lambda e: (ns(e), e["depth"] if "depth" in e else 0)):
        if event["type"] in ("call", "usdt", "syscall", "probe"):
            threads.setdefault(event["tid"], []).append(event)
    for tid, sequence in threads.items():
        stack = []
        for event in sequence:
            depth = event["depth"]
            ensure(depth <= len(stack), f"thread {tid}: depth jumps to {depth} at {describe(event)}")
            del stack[depth:]
            if stack and "dur_ns" in stack[-1]:
                outer_end = ns(stack[-1]) + ns(stack[-1], "dur_ns")
                end = ns(event) + (ns(event, "dur_ns") if "dur_ns" in event else 0)
                ensure(
                    ns(stack[-1]) <= ns(event) and end <= outer_end,
                    f"thread {tid}: {describe(event)} is not inside {describe(stack[-1])}",
                )
            if event["type"] == "call":
                stack.append(event)


def check_error(process, status, *parts, hint=None):
    """An error as users must see it: exit status, 'utrail: ', every part, a hint, nothing on stdout."""
    got = process.status
    if got != status:
        raise Failure(process.report(f"ended with {got}, wanted {status}"))
    text = process.stderr
    ensure(text.startswith("utrail: "), process.report("does not begin with 'utrail: '"))
    for part in parts:
        matches(text, part, "the message")
    if hint:
        matches(text, r"^\s+hint:\s+.*" + hint, "the message")
    same(process.stdout, "", "standard output of a failed start")
    ensure("Assertion" not in text, process.report("crashed"))
    return text


def tail(events, n=12):
    return "\n".join(describe(e) for e in events[-n:])


# --- running -------------------------------------------------------------------------------------


def run(*tests):
    """Runs each function; the exit status tells ctest. All must pass; one skip skips the script."""
    # A test's own limit, in case a wait without one slipped in: SIGALRM ends the script.
    signal.signal(signal.SIGALRM, lambda *_: _expired())
    signal.alarm(int(TIMEOUT * 5.5))
    tracefs.mount()
    failed = skipped = 0
    for test in tests:
        try:
            test()
            print(f"ok      {test.__name__}", flush=True)
        except Skip as reason:
            skipped += 1
            print(f"skipped {test.__name__}: {reason}", flush=True)
        except Failure as failure:
            failed += 1
            line = _line_of(failure, test)
            print(f"FAILED  {test.__name__} (line {line}): {failure}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {test.__name__}:\n{traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 77 if skipped else 0)


def _expired():
    print("FAILED  the whole script took too long", flush=True)
    traceback.print_stack(inspect.currentframe())
    sys.exit(1)


def _line_of(failure, test):
    lines = [f.lineno for f in traceback.extract_tb(failure.__traceback__) if f.name == test.__name__]
    return lines[-1] if lines else "?"


def readable(fd, timeout):
    return bool(select.select([fd], [], [], timeout)[0])
