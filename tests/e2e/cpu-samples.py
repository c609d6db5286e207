# SPDX-License-Identifier: Apache-2.0
"""cpu:HZ: as many samples as the program had CPU time, by its own clock, in the functions that took it."""

from utrail import Target, Trace, ensure, ns, plain, run, same

HZ = 997


def trace_share(*arguments, milliseconds=100, threads=1, subcommand=None, json=True):
    program = Target("share", str(milliseconds), str(threads), ready=True)
    trace = Trace(*arguments, pid=program.pid, json=json, subcommand=subcommand)
    program.write("\n")
    program.finish()
    trace.finish(stop=False)
    return trace, program.counts


def near(samples, cpu_ns, what):
    """Between half and one and a half of what the clock says: a clock of 1 ms against one of a scheduler."""
    wanted = cpu_ns * HZ / 1e9
    ensure(wanted / 2 <= samples <= wanted * 1.5, f"{samples} samples in {what}, {wanted:.0f} wanted")


def names(sample):
    return [frame.get("symbol") for frame in sample["stack"]]


def by_stack():
    """Each is in the function that the stack names, to the bottom of it, and nothing else was asked for."""
    trace, counts = trace_share("-e", f"cpu:{HZ}", threads=2)
    samples = trace.of("sample")
    for function in ("much", "little"):
        near(sum(function in names(s) for s in samples), counts[function], function)
    near(len(samples), counts["all"], "all")
    same(sum("much" in names(s) and "little" in names(s) for s in samples), 0, "samples in both")
    whole = [s for s in samples if "much" in names(s) and names(s)[-1] in ("_start", "clone3", "__clone3", "__clone")]
    ensure(len(whole) > len(samples) / 3, f"only {len(whole)} of {len(samples)} stacks are whole")
    same({s["hz"] for s in samples}, {HZ}, "frequencies")
    same({s["inside"] for s in samples}, {None}, "functions around")
    same({s["comm"] for s in samples}, {"share"}, "programs")
    same(trace.summary, (len(samples), 0, 0), "summary")


def by_function():
    """Among the events: inside of the call that is open then, whose line does not show the stack taken for that."""
    trace, counts = trace_share("-e", f"cpu:{HZ}", "-e", "much,little,idle")
    samples = trace.of("sample")
    for function in ("much", "little"):
        inside = [s for s in samples if s["inside"] == f"share:{function}"]
        near(len(inside), counts[function], function)
        call = trace.calls(function)[0]
        for sample in inside:
            ensure(ns(call) <= ns(sample) <= ns(call) + ns(call, "dur_ns"), f"{sample} is not in {call}")
            same(sample["depth"], 1, "depth")
        # At its beginning and its end it may be in what the kernel has put there for the probes.
        astray = [s for s in inside if function not in names(s) and s["stack"][0].get("module") != "[uprobes]"]
        same(astray, [], f"stacks without {function}")
        ensure(sum(function in names(s) for s in inside) > len(inside) / 2, f"stacks with {function}: {inside}")
        ensure("stack" not in call, f"{call} has a stack")
    idle = [s for s in samples if s["inside"] == "share:idle"]
    ensure(len(idle) < 20, f"{len(idle)} samples of a function that sleeps for 100 ms")
    same(trace.summary, (len(trace.events), 0, 0), "summary")


def counted():
    trace, counts = trace_share("-e", f"cpu:{HZ}", "-e", "much,little", subcommand="stat")
    rows = {row["inside"]: row["hits"] for row in trace.stats if row["kind"] == "sample"}
    for function in ("much", "little"):
        near(rows[f"share:{function}"], counts[function], function)


def as_text():
    trace, _ = trace_share("-e", "cpu:", "-e", "much", json=False)
    ensure("|  cpu:99\n > " in trace.text, trace.text)


def others_are_not_seen():
    """Another process is busy meanwhile."""
    other = Target("share", "300", "1", ready=True)
    other.write("\n")
    trace, counts = trace_share("-e", f"cpu:{HZ}")
    same({s["pid"] for s in trace.of("sample")} - {s["pid"] for s in trace.of("sample")[:1]}, set(), "other processes")
    near(len(trace.of("sample")), counts["all"], "all")
    other.finish()


def mistakes():
    for spec, text in [
        ("cpu:0", "how many samples a second"),
        ("cpu:x", "how many samples a second"),
        ("cpu:10001", "no more than 10000 samples a second"),
        ("cpu:100000", "interrupts whatever runs"),
        ("cpu:9,cpu:10", "one frequency"),
        ("cpu:9 if pid == 1", "takes no condition"),
        ("cpu:9 rate 1/s", "takes no rate"),
        ("cpu:9(int)", "takes no types"),
    ]:
        process = plain(["-e", spec, "--", "true"])
        ensure(process.status == 2 and text in process.stderr, process.report(f"for '{spec}' ended with {process.status}"))


run(by_stack, by_function, counted, as_text, others_are_not_seen, mistakes)
