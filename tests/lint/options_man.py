#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man page is read without a warning by groff (through man), and by mandoc where there is one.

    options_man.py PAGE    status 1: warnings, printed; 77: neither program is here
"""
import os
import re
import shutil
import subprocess
import sys

ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANPAGER": "cat"}


def run(*command):
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


def with_man(page):
    """Warnings of groff, and lines that do not fit: nothing in the page is wider than its screen."""
    done = run("man", "--warnings", "-E", "UTF-8", "-l", page)
    wide = [line for line in done.stdout.splitlines() if len(line) > 120]
    if done.returncode or len(done.stdout) < 10000:
        return [f"man: status {done.returncode}, {len(done.stdout)} characters"]
    return done.stderr.splitlines() + [f"too wide: {line}" for line in wide]


def with_mandoc(page):
    done = run("mandoc", "-Tlint", "-Wwarning", page)
    return [line for line in done.stdout.splitlines() if re.search(r"WARNING|ERROR|UNSUPP", line)]


def main(page):
    checks = [check for check in (with_man, with_mandoc) if shutil.which(check.__name__[5:])]
    if not checks:
        print("skip: neither man nor mandoc is installed")
        return 77
    found = [line for check in checks for line in check(page)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
