# SPDX-License-Identifier: Apache-2.0
"""Makes the initial file system of a guest: an uncompressed cpio archive in the "newc" format.

Uncompressed, because the guest's emulated processor would spend longer unpacking it than the host
spends copying. Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
"""
import os
import pathlib
import re
import stat
import subprocess

ALIGN = 4
TRAILER = "TRAILER!!!"


class Archive:
    """Paths are relative to the guest's root, without a leading slash."""

    def __init__(self, output):
        self.output = output
        self.inode = 0
        self.names = set()

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._padded(header + encoded)
        self._padded(data)

    def _padded(self, data):
        self.output.write(data + b"\0" * (-len(data) % ALIGN))

    def directory(self, name):
        """Adds the directory and those above it."""
        parts = pathlib.PurePosixPath(name).parts
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in self.names:
                self.names.add(path)
                self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        if name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, source, name):
        source = pathlib.Path(source)
        self.file(name, source.read_bytes(), 0o755 if os.access(source, os.X_OK) else 0o644)

    def link(self, name, target):
        if name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def program(self, source, name):
        """Adds a program, and the libraries and the loader that it names, where it expects them."""
        self.copy(source, name)
        for library in libraries(source):
            self.copy(library, library.lstrip("/"))

    def close(self):
        self._entry(TRAILER, 0)


def libraries(program):
    """Absolute paths of what the dynamic linker would map; empty for a static program."""
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
    if listing.returncode:
        return []
    missing = re.findall(r"(\S+) => not found", listing.stdout)
    if missing:
        raise FileNotFoundError(f"{program} needs {', '.join(missing)}")
    return re.findall(r"(?:=> |^\s*)(/\S+) \(0x", listing.stdout, re.MULTILINE)
