# SPDX-License-Identifier: Apache-2.0
"""Where the kernel tells of its tracepoints."""

import os
import subprocess

import utrail


def mount():
    """As systemd does at every start of a machine; containers and machines without it may have none."""
    if os.geteuid() == 0 and not os.path.exists("/sys/kernel/tracing/events"):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], capture_output=True, check=False)


def hidden():
    """What to put before a command that is not to have it."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        utrail.skip("tracefs cannot be hidden where the root is no mount point")
    return ["unshare", "-m", "sh", "-c", 'for d in debug tracing; do mount -t tmpfs none /sys/kernel/$d; done; exec "$@"', "sh"]
