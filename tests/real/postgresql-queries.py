# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL from its package: queries, and the files they touch, in backends forked while traced."""

from postgresql import Server
from utrail import Trace, ensure, ns, returned, run, same, values

QUERIES = [
    "CREATE TABLE utrail_test(i int, t text)",
    "INSERT INTO utrail_test SELECT i, 'row ' || i FROM generate_series(1, 100) i",
    "SELECT count(*) FROM utrail_test WHERE t LIKE 'row 9%'",
    "SELECT 'é €', E'quote \\' and \"double\"'",
]


def starts(trace, pid):
    hits = sorted(trace.markers("query__start"), key=ns)
    return [values(e)[0] for e in hits if e["pid"] == pid]


def queries_and_files():
    server = Server()
    words = ["-f", "-e", "usdt:postgresql:query__*", "-e", "syscall:%file", "-e", "fork", "-s", "1024"]
    trace = Trace(*words, pid=server.pid)
    backend, answers = server.ask(*QUERIES)
    # 9, and 90 to 99
    same(answers, ["11", "é €|quote ' and \"double\""], "answers, while traced")
    path = server.ask("SELECT pg_relation_filepath('utrail_test')")[1][0]
    other, _ = server.ask("SELECT sum(i) FROM utrail_test")
    trace.finish(timeout=60)
    server.stop()
    trace.check_nothing_lost()

    same(starts(trace, backend), ["SELECT pg_backend_pid()", *QUERIES], "queries of the first backend")
    same(starts(trace, other)[1:], ["SELECT sum(i) FROM utrail_test"], "queries of the last backend")
    for pid in (backend, other):
        born = [e for e in trace.of("fork") if e["child_pid"] == pid]
        same([e["pid"] for e in born], [server.pid], f"who forked the backend {pid}")
        done = [e for e in trace.markers("query__done") if e["pid"] == pid]
        same(len(done), len(starts(trace, pid)), f"query__done of {pid}")
    for pid in (backend, other):
        opened = [e["args"]["filename"] for e in trace.syscalls("openat") if e["pid"] == pid]
        ensure(path in opened, f"backend {pid} opened {opened}, not {path}")
    # The file is opened for the query that needs it, not before.
    query = [e for e in trace.markers("query__start") if e["pid"] == other][-1]
    done = [e for e in trace.markers("query__done") if e["pid"] == other][-1]
    times = [ns(e) for e in trace.syscalls("openat") if e["pid"] == other and e["args"]["filename"] == path]
    ensure(times and ns(query) < times[0] < ns(done), "the file was not opened during the query")


def everything():
    """utrail -p PID on a server that nobody here built: attaching changes nothing for it."""
    server = Server()
    trace = Trace("-f", pid=server.pid)
    backend, _ = server.ask(*QUERIES)
    trace.finish(timeout=60)
    same(starts(trace, backend), ["SELECT pg_backend_pid()", *QUERIES], "queries")
    ensure(trace.of("exit", pid=backend), "the end of the backend is not in the stream")
    ensure(len(trace.syscalls()) > 100, f"only {len(trace.syscalls())} system calls")
    _, answers = server.ask("SELECT count(*) FROM utrail_test")
    same(answers, ["100"], "the answer after the trace")
    server.stop()


def errors():
    """An error leaves its functions by siglongjmp(): what the server tells its client then is inside of none of them."""
    server = Server()
    words = ["-f", "-e", "postgres:pg_plan_queries", "-e", "syscall:sendto", "-e", "syscall:recvfrom"]
    trace = Trace(*words, pid=server.pid)
    said = server.run("psql", "-X", "-U", "postgres", "-c", "SELECT 1/0", "-c", "SELECT 2", may_fail=True)
    ensure("division by zero" in said, f"psql said {said}")
    trace.finish(timeout=60)
    server.stop()
    trace.check_nothing_lost()
    plans = trace.calls("pg_plan_queries")
    same([returned(call) for call in plans], [False, True], "returns of pg_plan_queries()")
    told = [call for call in trace.syscalls() if ns(call) > ns(plans[0])]
    ensure(len(told) >= 2, f"{len(told)} system calls after the error")
    same([call for call in told if call["depth"]], [], "what happens inside of the planner")


run(queries_and_files, everything, errors)
