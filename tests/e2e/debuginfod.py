# SPDX-License-Identifier: Apache-2.0
"""--debuginfod: debug files from a server, which is asked only then, and by build id."""

import ctypes.util
import http.server
import os
import re
import subprocess
import tempfile
import threading

from utrail import contains, ensure, plain, run, same, sample, scratch, skip


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


class Server:
    """Serves /buildid/ID/debuginfo from a table; keeps what it was asked for."""

    def __init__(self, files):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                found = re.fullmatch(r"/buildid/([0-9a-f]+)/debuginfo", self.path)
                body = files.get(found.group(1)) if found else None
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def program_and_debug_file():
    folder = scratch()
    debug, app = folder / "app.debug", folder / "app"
    tool("objcopy", "--only-keep-debug", sample("types"), str(debug))
    tool("strip", "-o", str(app), sample("types"))
    build_id = re.search(r"Build ID: ([0-9a-f]+)", tool("readelf", "-n", str(app))).group(1)
    return folder, app, build_id, debug.read_bytes()


def explain(app, urls, *options):
    if not ctypes.util.find_library("debuginfod"):
        skip("libdebuginfod is not installed")
    env = {**os.environ, "DEBUGINFOD_CACHE_PATH": tempfile.mkdtemp(dir=app.parent), "DEBUGINFOD_TIMEOUT": "5"}
    env.pop("DEBUGINFOD_URLS", None)
    if urls is not None:
        env["DEBUGINFOD_URLS"] = urls
    return plain(["explain", *options, "-e", f"{app}:next_color"], env=env)


def what_a_server_has():
    folder, app, build_id, debug = program_and_debug_file()
    server = Server({build_id: debug})
    without = explain(app, server.url)
    ensure("types:   debuginfod" not in without.stdout, "a server was asked without --debuginfod")
    same(server.asked, [], "what the server was asked for without --debuginfod")
    shown = explain(app, server.url, "--debuginfod")
    server.stop()
    same(shown.status, 0, "status")
    same(server.asked, [f"/buildid/{build_id}/debuginfo"], "what the server was asked for")
    contains(shown.stdout, "symbols: debuginfod", "what explain says")
    contains(shown.stdout, "types:   debuginfod", "what explain says")
    contains(shown.stdout, "reads: enum color color", "what explain says")


def what_no_server_has():
    folder, app, build_id, debug = program_and_debug_file()
    server = Server({})
    shown = explain(app, server.url, "--debuginfod")
    server.stop()
    same(server.asked, [f"/buildid/{build_id}/debuginfo"], "what the server was asked for")
    ensure("types:   debuginfod" not in shown.stdout, shown.stdout)


def another_programs_file_is_refused():
    folder, app, build_id, debug = program_and_debug_file()
    server = Server({build_id: open(sample("count"), "rb").read()})
    shown = explain(app, server.url, "--debuginfod")
    server.stop()
    ensure("types:   debuginfod" not in shown.stdout, shown.stdout)
    contains(shown.stdout + shown.stderr, "what it has sent is for another file", "the messages")


def offline():
    folder, app, _, _ = program_and_debug_file()
    server = Server({})
    server.stop()  # its port is free, so that nobody answers
    shown = explain(app, server.url, "--debuginfod")
    contains(shown.stdout + shown.stderr, "debuginfod: ", "the messages")


def no_server_named():
    folder, app, _, _ = program_and_debug_file()
    refused = explain(app, None, "--debuginfod")
    same(refused.status, 2, "status")
    contains(refused.stderr, "DEBUGINFOD_URLS is not set", "the message")


run(what_a_server_has, what_no_server_has, another_programs_file_is_refused, offline, no_server_named)
