# SPDX-License-Identifier: Apache-2.0
"""A reader that stands still: what does not fit into the buffers is lost."""

import signal
import time


def stand_still(trace, target, seconds=0.0):
    """While the target does all that it does, and for so long at least, nothing is read. Returns how long the target took."""
    trace.send(signal.SIGSTOP)
    began = time.monotonic()
    target.release()
    target.finish()
    took = time.monotonic() - began
    time.sleep(max(0, seconds - took))
    trace.send(signal.SIGCONT)
    return took
