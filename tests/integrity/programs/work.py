# SPDX-License-Identifier: Apache-2.0
"""Python: calls, generators, exceptions, threads, processes; its own interpreter is what is probed."""
import os
import re
import subprocess
import sys
import threading

print("ready", flush=True)
sys.stdin.readline()


def deep(n):
    return deep(n - 1) + n if n else 1


def fail(n):
    try:
        if n % 2:
            raise ValueError(n)
        return [][n]
    except (ValueError, IndexError) as error:
        return len(str(error))


total = sum(deep(n) + fail(n) for n in range(100))
results = []
threads = [threading.Thread(target=lambda n=n: results.append(deep(n))) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
child = os.fork()
if not child:
    os._exit(deep(5))
status = os.waitpid(child, 0)[1]
said = subprocess.run(["sh", "-c", "echo said; exit 3"], capture_output=True)
print(total, sorted(results), status, said.returncode, said.stdout, re.sub("b+", "x", "abbbc"))
sys.exit(17)
