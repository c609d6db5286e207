# SPDX-License-Identifier: Apache-2.0
"""What the arguments of rarer system calls mean, as the target prints them."""

from expected import Expected, nodes_of
from utrail import Trace, fail, run, sample

CALLS = "ioprio_get,ioprio_set,personality,waitid,sched_setattr,rt_sigreturn"


def each():
    trace = Trace("-e", f"trace={CALLS}", command=[sample("decoded")])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    wanted = [line[7:] for line in trace.stdout.splitlines() if line.startswith("expect ")]
    problem = Expected(wanted).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)


run(each)
