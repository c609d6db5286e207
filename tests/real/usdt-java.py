# SPDX-License-Identifier: Apache-2.0
"""OpenJDK's markers against the log that the virtual machine writes of itself."""

import glob
import os
import re
from collections import Counter

from utrail import Trace, ensure, need_root, run, same, scratch, skip

NAMES = ["class__loaded", "gc__begin", "gc__end"]


def virtual_machine():
    """Its directory; one of an installed package, or unpacked."""
    from packages import fetch

    for path in sorted(glob.glob("/usr/lib/jvm/java-*-openjdk-*/lib/server/libjvm.so")):
        return path.removesuffix("/lib/server/libjvm.so")
    if os.environ.get("UTRAIL_LONG"):
        folder = fetch("bookworm", "openjdk", "openjdk-17-jre-headless")
        return f"{folder}/usr/lib/jvm/java-17-openjdk-amd64"
    return skip("OpenJDK is not installed (package openjdk-17-jre-headless)")


def plain_names(names):
    """
    Without hidden classes, whose names are written in two ways, and without the flight recorder's,
    which it makes anew from others and which the log leaves out.
    """
    hidden = re.compile(r"\$\$Lambda|[/+]0x|^jdk\.internal\.event\.")
    return sorted(n for n in names if not hidden.search(n))


def classes_and_collections():
    """The library is loaded by the launcher while it is traced: named, it is not missed."""
    need_root()
    home = virtual_machine()
    log, store = scratch() / "log", scratch() / "keys"
    words = ["-XX:+UseSerialGC", "-Xmx16m", "-Xmn1m", f"-Xlog:gc,class+load:file={log}"]
    work = f"-genkeypair -alias a -keyalg RSA -storepass secret1 -dname CN=x -keystore {store}"
    command = [f"{home}/bin/java", *words, "sun.security.tools.keytool.Main", *work.split()]
    specs = [f"usdt:{home}/lib/server/libjvm.so:hotspot:{name}" for name in NAMES]
    trace = Trace("-s", 1024, "-e", ",".join(specs), command=command)
    trace.finish(stop=False, timeout=90)
    trace.check_nothing_lost()
    text = log.read_text()
    pauses = len(re.findall(r"\[gc *\] GC\(\d+\) Pause", text))
    ensure(pauses > 3, f"only {pauses} collections: this tests nothing")
    same(len(trace.markers("gc__begin")), pauses, "gc__begin, against the log")
    same(len(trace.markers("gc__end")), pauses, "gc__end, against the log")
    loaded = re.findall(r"\[class,load *\] (\S+) source:", text)
    got = [e["args"]["class"].replace("/", ".") for e in trace.markers("class__loaded")]
    ensure(len(loaded) > 500, f"only {len(loaded)} classes: this tests nothing")
    got, wanted = Counter(plain_names(got)), Counter(plain_names(loaded))
    same(wanted - got, Counter(), "classes of the log that class__loaded does not have")
    same(got - wanted, Counter(), "names of class__loaded that the log does not have")


run(classes_and_collections)
