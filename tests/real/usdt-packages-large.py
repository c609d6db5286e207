# SPDX-License-Identifier: Apache-2.0
"""As usdt-packages, for the large ones: not in the default set."""

from packages import check_folder, fetch
from utrail import run


def postgresql():
    check_folder(fetch("bookworm", "postgresql", "postgresql-15"), {"postgres": 70})


def openjdk():
    folder = fetch("bookworm", "openjdk", "openjdk-17-jre-headless")
    check_folder(folder, {"libjvm.so": 500})


def python():
    check_folder(fetch("bookworm", "python", "python3.11", with_dependencies=True), {"python3.11": 8})


def php():
    check_folder(fetch("bookworm", "php", "php8.2-cli", with_dependencies=True), {"php8.2": 14})


def ruby():
    check_folder(fetch("bookworm", "ruby", "ruby3.1", with_dependencies=True), {"libruby-3.1": 40})


run(postgresql, openjdk, python, php, ruby)
