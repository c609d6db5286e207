# SPDX-License-Identifier: Apache-2.0
"""Which file a word means, and what is said of files in which there is nothing."""

import os
import shutil
import subprocess

from utrail import Target, check_error, contains, ensure, plain, run, same, sample, scratch


def make(command):
    subprocess.run(command, shell=True, cwd=folder(), check=True, timeout=60)


def folder():
    path = scratch() / "files"
    if not path.exists():
        path.mkdir()
        (path / "app.c").write_text("int work(int a) { return a; }\nint only_here(void) { return 2; }\nint main(void) { return work(0); }\n")
        subprocess.run("gcc -o app app.c && gcc -c app.c && ar rcs libapp.a app.o", shell=True, cwd=path, check=True, timeout=60)
    return path


def listed(*words):
    return plain(["list", *words], cwd=folder())


def by_its_name_alone():
    """As nm takes it, and not the program of that name which lies where programs are."""
    shutil.copy(folder() / "app", folder() / "ls")
    for words in (["app"], ["./app"], ["app", "work"], ["work", "app"]):
        process = listed(*words)
        same(process.status, 0, f"status of list {words}: {process.stderr}")
        contains(process.stdout, "app:work")
    contains(listed("ls").stdout, "ls:work")


def a_folder_is_no_file():
    (folder() / "work").mkdir()
    same(listed("app", "work").stdout, "app:work\n", "list of a function that has the name of a folder")
    check_error(listed("work"), 2, "'work' is no file here", hint="utrail list")
    check_error(listed("./work"), 2, "it is a directory")
    (folder() / "work").rmdir()


def of_a_process_first():
    target = Target("count", "-w")
    shutil.copy(folder() / "app", folder() / "count")
    name = os.path.basename(sample("count"))
    process = listed("-p", str(target.pid), name)
    target.release()
    target.finish()
    same(process.status, 0, f"status: {process.stderr}")
    contains(process.stdout, "count:sample_wait")
    ensure("count:only_here" not in process.stdout, "the file of this folder was listed")


def nothing_in_it():
    make("strip -s -o stripped app && objcopy --only-keep-debug app app.debug && cp app.o module.ko")
    check_error(listed("./stripped"), 2, "./stripped", "it is stripped", hint="-dbgsym")
    check_error(listed("app.debug"), 2, "app.debug", "debug information alone", hint="name the program")
    check_error(listed("libapp.a"), 2, "libapp.a", "archive of object files", hint="name the program")
    check_error(listed("app.o"), 2, "app.o", "relocatable object", hint="linked into")
    check_error(listed("module.ko"), 2, "module.ko", "relocatable object", hint="kprobe:")
    check_error(listed("nowhere"), 2, "'nowhere' is no file here", hint="utrail list")
    check_error(listed("./nowhere"), 2, "./nowhere", "No such file")


run(by_its_name_alone, a_folder_is_no_file, of_a_process_first, nothing_in_it)
