# SPDX-License-Identifier: Apache-2.0
"""A second build does nothing, and a build leaves the tree as git has it.

    rebuild.py SOURCE BUILD CMAKE

Builds first when something was edited since. In CI the tree must be clean altogether; elsewhere someone
may be at work in it, and it must be as it was before.
"""

import os
import subprocess
import sys

SKIP = 77


def build(cmake, folder, *options):
    done = subprocess.run([cmake, "--build", folder, "--", *options], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"the build fails:\n{done.stdout[-3000:]}")
    return done.stdout


def status(source):
    """Lines of `git status`, None where there is no checkout. Root may look at another user's."""
    git = ["git", "-c", f"safe.directory={source}", "--no-optional-locks", "-C", source]
    try:
        top = subprocess.run([*git, "rev-parse", "--show-toplevel"], text=True, capture_output=True)
    except FileNotFoundError:
        return None
    if top.returncode or not os.path.samefile(top.stdout.strip(), source):
        return None
    told = subprocess.run([*git, "status", "--porcelain"], text=True, capture_output=True, check=True)
    return told.stdout.splitlines()


def main():
    source, folder, cmake = sys.argv[1:]
    before = status(source)
    work = build(cmake, folder, "-n")
    if "no work to do" not in work:
        build(cmake, folder)
        work = build(cmake, folder, "-n", "-d", "explain")
    if "no work to do" not in work:
        print(f"a second build would work:\n{work[:3000]}")
        return 1
    after = status(source)
    if after is None:
        print("the second build does nothing; skipped: not a git checkout")
        return SKIP
    dirt = after if os.environ.get("CI") else [line for line in after if line not in before]
    if dirt:
        print("the build changed the tree:", *dirt, sep="\n  ")
        return 1
    return 0


sys.exit(main())
