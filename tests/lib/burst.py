# SPDX-License-Identifier: Apache-2.0
"""The target that fills every buffer: many processes and threads, which count what they do."""

from utrail import Target, Trace

PROCESSES, THREADS, GENERATIONS = 4, 2, 2


def start(rounds):
    return Target("burst", "-w", PROCESSES, THREADS, rounds, GENERATIONS)


def attach(target, *options, specs, **how):
    words = [word for spec in specs for word in ("-e", spec)]
    return Trace(*words, "-f", *options, pid=target.pid, **how)


def own(target, site):
    """What the target counted of a site of the trace."""
    return target.counts[site.split(":")[-1]]


def told(trace, site, kind):
    """What the trace has of it: delivered and lost."""
    return len(trace.of(kind, site.split(":")[-1])) + trace.losses_of(site)
