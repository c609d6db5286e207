# SPDX-License-Identifier: Apache-2.0
"""tcp: connections as their program counts them, in the functions that made them, whoever's interrupt tells of them."""

import re
import sys

import tracefs
from utrail import Target, Trace, contains, ensure, ns, only, plain, run, same, sample

TCP = ("connect", "accept", "close", "state", "retransmit", "reset_sent", "reset_received")


def told(process, word):
    """The lines `word LOCAL REMOTE ...` of the program."""
    return sorted(
        tuple(int(n) for n in m[1].split()) for m in re.finditer(rf"^{word} ([\d ]+)$", process.stdout, re.MULTILINE)
    )


def ports(event):
    return event["args"]["lport"], event["args"]["port"]


def counted(event):
    return (*ports(event), event["args"]["sent"], event["args"]["received"])


def trace(*arguments, specs=("tcp",), **options):
    words = [word for spec in specs for word in ("-e", spec)]
    trace = Trace(*words, command=[sample("tcp"), *arguments], wait=False, **options)
    return trace.finish(stop=False)


def as_counted(family, address):
    run = trace("talk", family, "20", "5000", specs=("tcp:*", "fetch,serve"))
    run.check_nothing_lost()
    for word in ("connect", "accept"):
        same(sorted(ports(e) for e in run.of("tcp", word)), told(run, word), word)
        same({e["args"]["local"] for e in run.of("tcp", word)}, {f"{address}:{e['args']['lport']}" for e in run.of("tcp", word)}, "addresses")
    same(sorted(counted(e) for e in run.of("tcp", "close")), told(run, "close"), "close")
    same(len(run.of("tcp", "connect")), 20, "connections")
    same({e["args"]["result"] for e in run.of("tcp", "connect")}, {0}, "results")
    for word, function in (("connect", "fetch"), ("accept", "serve")):
        calls = {(c["tid"], ns(c), ns(c) + ns(c, "dur_ns")) for c in run.calls(function)}
        for event in run.of("tcp", word):
            same((event["context"], event["depth"], event["inside"]), ("thread", 1, f"tcp:{function}"), word)
            around = [c for c in calls if c[0] == event["tid"] and c[1] <= ns(event) <= c[2]]
            same(len(around), 1, f"calls of {function} around {event}")
            # What began when: a connect in the call, an accept's connection at any time before.
            ensure(word == "accept" or ns(event) - ns(event, "dur_ns") >= around[0][1], f"{event} began before {around}")
    lives = {(e["pid"], *ports(e)): ns(e, "dur_ns") for e in run.of("tcp", "close")}
    same(len(lives), 40, "ends of connections")
    ensure(all("depth" not in e for e in run.of("tcp") if e["context"] == "other"), "a depth out of context")
    # Each client goes the same way, which tcp(7) and RFC 9293 know.
    for local, remote in told(run, "connect"):
        way = [(e["args"]["from"], e["args"]["to"]) for e in run.of("tcp", "state") if ports(e) == (local, remote)]
        same(way[0], ("SYN_SENT", "ESTABLISHED"), f"first step of {local}")
        same(way[-1][1], "CLOSE", f"last step of {local}")
        same([a[1] for a in way[:-1]], [b[0] for b in way[1:]], f"steps of {local}")


def over_ipv4():
    as_counted("4", "127.0.0.1")


def over_ipv6():
    as_counted("6", "[::1]")


def nobody_listens():
    run = trace("refused")
    event, reset = sorted(run.of("tcp"), key=lambda e: e["name"])
    same((reset["name"], ports(reset)), ("reset_received", ports(event)), "what refuses it")
    same((event["name"], event["args"]["port"], event["args"]["result"]), ("connect", told(run, "refused")[0][0], "-ECONNREFUSED"), "event")


def sent_again():
    """As often as the kernel tells the program itself (TCP_INFO); given up by it then."""
    run = trace("full")
    local, times = told(run, "resent")[0]
    again = run.of("tcp", "retransmit")
    same([(e["args"]["lport"], e["args"]["state"], e["args"]["retransmits"]) for e in again], [(local, "SYN_SENT", n + 1) for n in range(times)], "retransmits")
    same({(e["context"], e.get("depth")) for e in again}, {("other", None)}, "context")
    given_up = only((e for e in run.of("tcp", "connect") if e["args"]["lport"] == local), "connect")
    same(given_up["args"]["result"], "-ECANCELED", "result")
    ensure(ns(given_up, "dur_ns") > 900_000_000, f"{given_up} is shorter than the kernel's first time-out")


def resets(family="4"):
    """Those that the program has caused, and those that it has felt, by the owners of both ends."""
    run = trace("reset", family, "10", specs=("tcp", "fetch"))
    run.check_nothing_lost()
    for word, count in (("reset_sent", 20), ("reset_received", 30)):
        events = run.of("tcp", word)
        same(sorted(ports(e) for e in events), told(run, word), word)
        same(len(events), count, word)
        same({e["pid"] for e in events}, {run.of("tcp", "connect")[0]["pid"]}, "whose")
    sent, received = run.of("tcp", "reset_sent"), run.of("tcp", "reset_received")
    same({(e["args"]["state"], e["context"], e["depth"]) for e in sent}, {("CLOSE", "thread", 0)}, "closes that send one")
    same({e["context"] for e in received}, {"other"}, "context of what comes in")
    states = [e["args"]["state"] for e in received]
    same((states.count("ESTABLISHED"), states.count("SYN_SENT")), (20, 10), "states")
    closed = {ports(e): e["args"]["result"] for e in run.of("tcp", "close")}
    same({closed[ports(e)] for e in received if e["args"]["state"] == "ESTABLISHED"}, {"-ECONNRESET"}, "what becomes of them")
    ours = trace("reset", family, "3", specs=("tcp:reset* if state == SYN_SENT",))
    same(len(ours.of("tcp")), 3, "refused connects")
    same(ours.records[-1]["filtered"], 12, "filtered")


def resets_over_ipv6():
    resets("6")


WITH_ITSELF = """
import socket
for _ in range(5):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.connect(s.getsockname())
    print(s.getsockname()[1], s.send(b"abc") + len(s.recv(3)))
    s.close()
"""


def at_the_same_time():
    """Both sides connect; the shortest way to that is a socket that connects with itself."""
    seen = Trace("-e", "tcp", command=[sys.executable, "-S", "-c", WITH_ITSELF]).finish(stop=False)
    wanted = [tuple(int(n) for n in line.split()) for line in seen.stdout.split("\n")[:5]]
    connects, closes = (seen.of("tcp", word) for word in ("connect", "close"))
    same([ports(e) for e in connects], [(port, port) for port, _ in wanted], "connects")
    same({e["args"]["result"] for e in connects}, {0}, "results")
    same([(counted(e)[0], sum(counted(e)[2:])) for e in closes], wanted, "closes")
    ensure(all(ns(c, "dur_ns") > 0 and "began" not in c for c in closes), f"they have a beginning: {closes}")


def does_not_wait():
    run = trace("later", specs=("tcp:connect", "later"))
    event = only(run.of("tcp"), "events")
    same((ports(event), event["inside"]), (told(run, "connect")[0], "tcp:later"), "event")


def there_before():
    """Sockets of a process that runs already: their ends are told, with what has gone through since ever."""
    program = Target("tcp", "before", ready=True)
    run = Trace("-e", "tcp", pid=program.pid)
    program.write("\n")
    program.wait_for("^done$")
    run.finish().check_nothing_lost()
    program.write("\n")
    program.finish()
    same(sorted(counted(e) for e in run.of("tcp")), told(program, "close"), "ends")
    for event in run.of("tcp"):
        same((event["name"], event["began"], "dur_ns" in event, event["pid"]), ("close", "before tracing", False, program.pid), "event")


def of_others():
    """What another process does on the same machine is not told, though its packets come in whatever thread runs."""
    run = Trace("-e", "tcp", command=[sample("tcp"), "full"], wait=True)
    other = Target("tcp", "talk", "4", "50", "100")
    other.finish()
    run.finish(stop=False)
    theirs = {pair for word in ("connect", "accept") for pair in told(other, word)}
    same([e for e in run.of("tcp") if ports(e) in theirs], [], "events of another process")
    same(len(run.of("tcp", "retransmit")), 1, "its own")


def conditions():
    run = trace("talk", "4", "5", "5000", specs=("tcp:close if received > 5000", "tcp:accept if dur > 3600s", "tcp:connect if port == 1 || result < 0"))
    same(sorted(counted(e) for e in run.of("tcp")), [c for c in told(run, "close") if c[3] > 5000], "events")
    same(run.records[-1]["filtered"], 15, "filtered")


def summed_up():
    run = trace("talk", "4", "20", "100", specs=("tcp", "fetch,serve"), subcommand="stat")
    rows = {row["name"]: row for row in run.stats}
    for word, inside in (("connect", "tcp:fetch"), ("accept", "tcp:serve")):
        row = rows[f"tcp:{word}"]
        same((row["kind"], row["hits"], row["inside"]), ("tcp", 20, inside), word)
        same(sum(n for _, n in row["histogram"]), 20, f"histogram of {word}")
    same((rows["tcp:close"]["hits"], rows["tcp:close"]["errors"], rows["tcp:connect"]["errors"]), (40, 0, 0), "close")
    same(trace("refused", subcommand="stat").stats[0]["errors"], 1, "errors")


def as_text():
    text = trace("talk", "4", "1", "10", specs=("tcp", "fetch"), json=False).text
    ensure(re.search(r"\|  tcp:connect\(local=127\.0\.0\.1:\d+, remote=127\.0\.0\.1:\d+, result=0\) <0\.\d+>\n", text), text)
    ensure(re.search(r" tcp:close\(.*, result=0, sent=10, received=20, retransmits=0, rtt_us=\d+\) <0\.\d+> \(out of context\)\n", text), text)
    ensure("lport" not in text, text)


def chosen():
    """All but some, and one twice."""
    run = trace("talk", "4", "3", "10", specs=("tcp:*,!tcp:state", "tcp:close", "!tcp:accept"))
    same({e["name"] for e in run.of("tcp")}, {"connect", "close"}, "events")
    same(len(run.of("tcp", "close")), 6, "ends")


def mistakes():
    for spec, text in [
        ("tcp:foo", "there are tcp:connect, tcp:accept"),
        ("tcp:connect(int)", "takes no types"),
        ("tcp:connect+3", "takes no offset"),
        ("tcp:connect if comm == 'x'", "in another thread than its own"),
        ("tcp:state if dur > 1", "takes no time"),
        ("tcp:connect if foo == 1", "foo"),
        ("tcp:a:b", "one ':' too many"),
    ]:
        process = plain(["-e", spec, "--", "true"])
        ensure(process.status == 2, process.report(f"for '{spec}' ended with {process.status}"))
        contains(process.stderr, text, spec)


def no_tracefs():
    """Accepted connections are seen at a tracepoint of tracefs."""
    failed = plain(["-e", "tcp", "--", "true"], prefix=tracefs.hidden())
    same(failed.status, 5, f"status: {failed.stderr}")
    contains(failed.stderr, "tracefs is not mounted")


run(over_ipv4, over_ipv6, nobody_listens, sent_again, resets, resets_over_ipv6, at_the_same_time, does_not_wait, there_before, of_others, conditions, summed_up, as_text, chosen, mistakes, no_tracefs)
