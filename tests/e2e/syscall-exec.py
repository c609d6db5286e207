# SPDX-License-Identifier: Apache-2.0
"""execve shows its path, its arguments and how many variables, also when nobody had touched the texts."""

from utrail import ensure, run, same, scratch, trace_target

COLD = ["first argument", "second"]


def traced():
    script = scratch() / "script"
    script.write_text("#!/bin/true with a word\n")
    script.chmod(0o755)
    broken = scratch() / "broken"
    broken.write_bytes(bytes(100))
    broken.chmod(0o755)
    _, trace = trace_target("exec", [broken, script], ["syscall:execve"], "-f")
    trace.check_nothing_lost()
    calls = trace.syscalls("execve")
    same(len(calls), 4, "calls")
    return calls, str(broken), str(script)


def texts_that_were_not_in_memory():
    (won, failed, _, by_script), broken, script = traced()
    same(won["args"], {"filename": "/bin/true", "argv": COLD, "envp": {"count": 2}}, "the first")
    same((won["ret"], won.get("errno")), (0, None), "its result")
    same(failed["args"], {"filename": broken, "argv": COLD, "envp": {"count": 2}}, "in vain")
    same((failed["ret"], failed["errno"]), (-1, "ENOEXEC"), "its result")
    # The kernel puts the interpreter's words in front: what the call was given cannot be told any more.
    same(by_script["args"]["filename"], script, "the script")
    told = by_script["args"]["argv"]
    same([word["unavailable"] for word in told], ["not resident"] * 2, "its arguments")
    ensure(all(int(word["pointer"], 16) >= 4096 for word in told), f"not where they are: {told}")


def more_arguments_than_are_shown():
    (_, _, many, _), *_ = traced()
    same(many["args"]["argv"], {"array": ["x"] * 128, "truncated": True}, "the first of 300 arguments")


run(texts_that_were_not_in_memory, more_arguments_than_are_shown)
