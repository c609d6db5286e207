# SPDX-License-Identifier: Apache-2.0
"""Disks for the cases that ask for them (`# guest: disk`): sparse images with a file system each, made on the host,
and the kernel modules that a guest needs to mount them.

What cannot be had (no such mkfs, no modules) is left out, and the case that wanted it skips, and says so.
"""
import pathlib
import re
import shutil
import subprocess

MARK = re.compile(r"^# guest: .*\bdisk\b", re.MULTILINE)
MIB = 1 << 20
# Name to size and the command that makes it. Debian 13's tools make what 5.10 cannot mount, unless told not to.
# mkfs.xfs makes nothing smaller; mkfs.btrfs neither.
FILE_SYSTEMS = {
    "ext4": (192 * MIB, ["mkfs.ext4", "-q", "-F", "-O", "^orphan_file,^metadata_csum_seed", "-E", "lazy_itable_init=0"]),
    "xfs": (320 * MIB, ["mkfs.xfs", "-q", "-f", "-m", "bigtime=0,inobtcount=0,reflink=0,rmapbt=0", "-i", "nrext64=0"]),
    "btrfs": (256 * MIB, ["mkfs.btrfs", "-q", "-f"]),
}
# Those of the file systems are called as they are.
DRIVERS = ["virtio_pci", "virtio_blk"]
# What needs no disk of its own.
OTHERS = ["overlay"]


def is_wanted(case):
    return bool(MARK.search(case.read_text()))


def make_images(directory):
    """Returns name to path of those that could be made; they take next to no room."""
    images = {}
    for name, (size, command) in FILE_SYSTEMS.items():
        program = shutil.which(command[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
        path = pathlib.Path(directory) / f"{name}.img"
        with open(path, "wb") as image:
            image.truncate(size)
        made = program and subprocess.run([program, *command[1:], str(path)], stdin=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made and made.returncode == 0:
            images[name] = path
        else:
            print(f"no disk with {name}: {made.stdout.strip() if made else command[0] + ' is not installed'}", flush=True)
    return images


def qemu_options(images):
    """The guest knows each by its serial number. What it writes need not survive the host."""
    options = []
    for name, path in images.items():
        options += ["-drive", f"file={path},format=raw,if=none,id={name},cache=unsafe",
                    "-device", f"virtio-blk-pci,drive={name},serial={name}"]
    return options


def needed_by(path):
    """Names of the modules that one depends on: its section .modinfo has a string for it."""
    found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
    return [name for name in found[1].decode().split(",") if name] if found else []


def order(modules, name, found=None):
    """`name` behind all that it needs; what is no file in `modules` is part of the kernel."""
    found = [] if found is None else found
    path = modules / f"{name}.ko"
    if path.exists() and name not in found:
        for other in needed_by(path):
            order(modules, other, found)
        found.append(name)
    return found


def add_modules(archive, modules):
    """What the kernel has not built in, and lists in which order it is to be loaded."""
    everything = set()
    for name, wanted in [("drivers", DRIVERS), *((name, [name]) for name in [*FILE_SYSTEMS, *OTHERS])]:
        found = []
        for module in wanted:
            order(modules, module, found)
        archive.file(f"lib/modules/{name}.order", "".join(f"{module}\n" for module in found).encode(), 0o644)
        everything.update(found)
    for module in sorted(everything):
        archive.copy(modules / f"{module}.ko", f"lib/modules/{module}.ko")
