# SPDX-License-Identifier: Apache-2.0
"""What was learnt from a large debug file is kept for the next run, and is believed only when it is whole and ours."""

import os
import struct
import subprocess

from kept import build_kept
from utrail import Target, Trace, contains, ensure, only, plain, run, same, scratch

SOURCE = """\
struct page { int number; const char *title; };
__attribute__((noinline)) int render(struct page *page, int width)
{
	return page->number * width;
}
int main(int argc, char **argv)
{
	struct page page = { argc, argv[0] };
	return render(&page, 80) == 3;
}
"""
WANTED = "app:render(struct page *page, int width) -> int"
HEADER = 24  # magic and sum


def app():
    return str(build_kept("app", SOURCE))


def home(name):
    path = scratch() / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def listed(where, *options, status=0):
    process = plain(["list", *options, app(), "render"], env={**os.environ, "HOME": str(where), "XDG_CACHE_HOME": ""})
    same(process.status, status, "status of list")
    return process


def kept(where):
    return only(list((where / ".cache/utrail/types").iterdir()), "kept files")


def fnv(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def forge(path, old, new):
    """Other words in what is kept, with the sum that belongs to them: what a run says then is from there."""
    data = path.read_bytes()
    same(data.count(old), 1, f"times of {old} in the kept file")
    body = data.replace(old, new)[HEADER:]
    path.write_bytes(data[:16] + struct.pack("<Q", fnv(body)) + body)


def second_run_uses_it():
    where = home("used")
    contains(listed(where).stdout, WANTED)
    forge(kept(where), b"width", b"depth")
    contains(listed(where).stdout, "app:render(struct page *page, int depth) -> int")
    contains(listed(where, "--no-cache").stdout, WANTED)


def no_cache_keeps_nothing():
    where = home("none")
    contains(listed(where, "--no-cache").stdout, WANTED)
    ensure(not (where / ".cache").exists(), "--no-cache has made a folder")


def line_is_the_same():
    where = home("line")
    first = listed(where).stdout
    contains(first, "app.c:3")
    same(listed(where).stdout, first, "second list")
    same(listed(where, "--no-cache").stdout, first, "list without the cache")


def damage_is_replaced():
    where = home("damaged")
    listed(where)
    path = kept(where)
    whole = path.read_bytes()
    for damaged in (b"", b"x", whole[:-1], whole + b"x", whole[:40] + b"\xff" + whole[41:], os.urandom(len(whole))):
        path.write_bytes(damaged)
        contains(listed(where).stdout, WANTED)
        ensure(path.read_bytes() == whole, "what was damaged is not written anew")


def small_files_are_not_kept():
    app()
    where, path = home("small-home"), scratch() / "small"
    subprocess.run(["gcc", "-g", "-gz=zlib", "-Wl,--build-id", "-o", path, scratch() / "app.c"], check=True, timeout=60)
    process = plain(["list", str(path), "render"], env={**os.environ, "HOME": str(where), "XDG_CACHE_HOME": ""})
    contains(process.stdout, "small:render(struct page *page, int width) -> int")
    ensure(not (where / ".cache").exists(), "a small file was kept")


def other_build_of_the_file():
    """The same build id and another time: not what the answers were taken from."""
    where = home("other")
    listed(where)
    forge(kept(where), b"width", b"depth")
    os.utime(app(), (1_000_000_000, 1_000_000_000))
    contains(listed(where).stdout, WANTED)


def library():
    """As app(), to be loaded by a program that runs."""
    source = "__attribute__((noinline)) long plugin_work(int width) { return 2L * width; }\n"
    return build_kept("libcached.so", source, "-fPIC", "-shared")


def names_of_arguments(where):
    target = Target("plugins", "-w", library(), 5, 1)
    trace = Trace("-e", "?plugin_work", pid=target.pid, env={"HOME": str(where), "XDG_CACHE_HOME": ""})
    target.release()
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish(status=0)
    same(len(trace.calls("plugin_work")), target.counts["plugin_work"], "calls")
    return {name for call in trace.calls("plugin_work") for name in call["args"]}


def late_files_use_it():
    """What a traced program loads while it runs: kept by the first trace, believed by the second."""
    where = home("late")
    same(names_of_arguments(where), {"width"}, "by the debug information")
    forge(kept(where), b"width", b"depth")
    same(names_of_arguments(where), {"depth"}, "by what was kept")


def folder_of_others_is_not_used():
    where = home("open")
    listed(where)
    forge(kept(where), b"width", b"depth")
    (where / ".cache/utrail/types").chmod(0o777)
    process = listed(where, "-v")
    contains(process.stdout, "width")
    contains(process.stderr, "/.cache/utrail/types' is not used: its mode is 777: others may read or write it")
    same(listed(where).stderr, "", "without -v")
    (where / ".cache/utrail/types").chmod(0o700)
    if os.geteuid() == 0:
        os.chown(kept(where), 12345, -1)
        process = listed(where, "-v")
        contains(process.stdout, "width")
        contains(process.stderr, "is not used: it belongs to user 12345, and we are 0")


def no_home():
    for where in ("/nonexistent", "", "/proc"):
        contains(listed(where).stdout, WANTED)


run(second_run_uses_it, no_cache_keeps_nothing, line_is_the_same, damage_is_replaced, small_files_are_not_kept, other_build_of_the_file, late_files_use_it,
    folder_of_others_is_not_used, no_home)
