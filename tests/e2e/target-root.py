# SPDX-License-Identifier: Apache-2.0
"""A target in a root and a mount namespace of its own: its files are those that it sees."""

from utrail import Trace, Target, copy_root, matches, need_program, need_root, run, same, sample, scratch

CALLS = 10


def chrooted():
    """The sample `count` as /app in a directory that has copies of all it needs."""
    need_root()
    need_program("/usr/bin/unshare", "util-linux")
    root = scratch() / "root"
    copy_root(root, {sample("count"): "app"})
    # Whoever runs the tests in a chroot has no mount point as root, so its propagation stays.
    return Target("/usr/bin/unshare", "-m", "--propagation", "unchanged", "chroot", str(root), "/app", "-w", str(CALLS))


def a_path_is_the_targets_own():
    """No such file exists outside."""
    target = chrooted()
    trace = Trace("-e", "/app:f", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(len(trace.calls("f")), CALLS, "calls of f")


def a_file_that_is_not_mapped_is_told():
    """The sample itself lies outside of the root: another file."""
    target = chrooted()
    trace = Trace("-e", f"{sample('count')}:f", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    matches(trace.stderr, "has not mapped it")
    same(len(trace.calls("f")), 0, "calls of f")


run(a_path_is_the_targets_own, a_file_that_is_not_mapped_is_told)
