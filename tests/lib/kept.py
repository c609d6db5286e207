# SPDX-License-Identifier: Apache-2.0
"""Files on which answers are kept: of more than a megabyte, with packed debug information. Others are not worth it."""

import subprocess

from utrail import scratch

# In front of a source: names that are worth packing.
NAMES = f"enum names {{ {', '.join(f'a_name_of_no_importance_{i}' for i in range(2000))} }} kind;\n"


def build_kept(name, source, *options):
    """The path of that file in the scratch folder, built once from NAME.c beside it."""
    path = scratch() / name
    if not path.exists():
        code, pad = scratch() / f"{name}.c", scratch() / "pad"
        code.write_text(NAMES + source)
        pad.write_bytes(bytes(2 << 20))
        subprocess.run(["gcc", "-g", "-gz=zlib", "-O1", *options, "-Wl,--build-id", "-o", path, code], check=True, timeout=60)
        subprocess.run(["objcopy", "--add-section", f".pad={pad}", path], check=True, timeout=60)
    return path
