# SPDX-License-Identifier: Apache-2.0
"""Markers of packages that need not be installed: each note as readelf has it, each site attached."""

from packages import check_folder, fetch
from utrail import run


def systemtap():
    folder = fetch("bookworm", "systemtap", "systemtap", "systemtap-runtime")
    check_folder(folder, {"stap": 30, "stapbpf": 4, "staprun": 7, "stapio": 2})


def sssd():
    folder = fetch("bookworm", "sssd", "sssd-common")
    check_folder(folder, {"libsss_ldap_common": 40, "libsss_util": 4, "sssd_be": 2})


def libvirt():
    packages = ["libvirt0", "libvirt-daemon", "libvirt-daemon-driver-qemu"]
    folder = fetch("bookworm", "libvirt", *packages)
    check_folder(folder, {"libvirt.so": 40, "libvirtd": 9, "libvirt_driver_qemu": 8})


def libstdcxx():
    check_folder(fetch("bookworm", "libstdc++6", "libstdc++6"), {"libstdc++.so.6": 3})


def glibc():
    """Where arguments are at a symbol that only the debug file knows: see usdt-glibc."""
    folder = fetch("sid", "libc6", "libc6", "libc6-dbg")
    check_folder(folder, {"libc.so.6": 70, "ld-linux": 10, "libc_malloc_debug": 20})


run(systemtap, sssd, libvirt, libstdcxx, glibc)
