# SPDX-License-Identifier: Apache-2.0
"""What the arguments of rarer system calls mean, as the target prints them."""

from expected import Expected, nodes_of
from utrail import Trace, ensure, fail, run, sample

CALLS = "io_submit,clone3,recvmsg,process_vm_readv,futex,mincore,ioctl,getsockopt,landlock_create_ruleset,ioprio_get,ioprio_set,personality,waitid,sched_setattr,rt_sigreturn"


def each():
    trace = Trace("-e", f"trace={CALLS}", command=[sample("decoded")])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    wanted = [line[7:] for line in trace.stdout.splitlines() if line.startswith("expect ")]
    problem = Expected(wanted).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)


def no_path_of_a_version():
    trace = Trace("-y", "-e", "trace=landlock_create_ruleset", command=[sample("decoded")])
    trace.finish(stop=False)
    for event in trace.syscalls():
        if event["ret"] == -1:
            continue
        ensure(isinstance(event["ret"], int), f"a version with a path: {event}")


run(each, no_path_of_a_version)
