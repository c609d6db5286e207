# SPDX-License-Identifier: Apache-2.0
"""The C++ library's markers, counted against the program's own count of its exceptions."""

from utrail import Trace, ensure, need_root, run, same, sample, trace_target

ROUNDS = 100


def check(counts, trace):
    same(counts["thrown"], ROUNDS // 2, "exceptions that the program counted")
    same(len(trace.markers("throw")), counts["thrown"], "hits of libstdcxx:throw")
    same(len(trace.markers("catch")), counts["caught"], "hits of libstdcxx:catch")
    same(len(trace.markers("rethrow")), 0, "hits of libstdcxx:rethrow")
    same({e["module"] for e in trace.markers()}, {"libstdc++"}, "module")
    same({len(e["args"]) for e in trace.markers()}, {2}, "arguments")
    trace.check_nothing_lost()


def attached():
    target, trace = trace_target("throw", [ROUNDS], ["usdt:libstdcxx:*"])
    check(target.counts, trace)
    # Both point to the same object and type: throw(object, type), catch(object, type).
    thrown = [list(e["args"].values())[1] for e in trace.markers("throw")]
    caught = [list(e["args"].values())[1] for e in trace.markers("catch")]
    same(thrown, caught, "types thrown and caught")
    same(len(set(thrown)), 1, "types")


def one_marker():
    target, trace = trace_target("throw", [ROUNDS], ["usdt:libstdcxx:throw"])
    same(len(trace.markers()), target.counts["thrown"], "hits")


def launched():
    """The library is mapped only after the command has started."""
    need_root()
    trace = Trace("-e", "usdt:libstdcxx:*", command=[sample("throw"), ROUNDS], wait=False)
    trace.finish(stop=False)
    ensure("count thrown" in trace.stdout, trace.report("did not run the program"))
    lines = dict(line.split()[1:] for line in trace.stdout.splitlines() if line.startswith("count "))
    check({name: int(n) for name, n in lines.items()}, trace)


run(attached, one_marker, launched)
