"""A program that plays cgp-cred, and a server that remembers what it was sent."""

import http.server
import json
import os
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from cgp_cred import _helper

# Each run leaves a file with its arguments and stdin, and answers as plan.json says, once the file that "until" names
# is there. @N@ is how many times it was asked for a credential.
PROGRAM = """#!{python} -IS
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
verb = sys.argv[2]
temp = os.path.join(here, "temp%d" % os.getpid())
with open(temp, "w") as f:
    json.dump({{"argv": sys.argv[1:], "stdin": sys.stdin.read(), "verb": verb}}, f)
os.rename(temp, os.path.join(here, "run-%020d-%d" % (time.monotonic_ns(), os.getpid())))
runs = [json.load(open(os.path.join(here, r))) for r in os.listdir(here) if r.startswith("run-")]
n = sum(r["verb"] == "get" for r in runs)
plan = json.load(open(os.path.join(here, "plan.json"))).get(verb, {{}})
time.sleep(plan.get("sleep", 0))
while not os.path.exists(os.path.join(here, plan.get("until", "."))):
    time.sleep(0.01)
sys.stdout.write(plan.get("stdout", "").replace("@N@", str(n)))
sys.stderr.write(plan.get("stderr", ""))
sys.exit(plan.get("status", 0))
"""


def answer(header, scope=None, expires=None):
    """Return what cgp-cred answers with a header."""
    lines = ["capability[]=header", f"header={header}"]
    if scope is not None:
        lines.append(f"scope={scope}")
    if expires is not None:
        lines.append(f"password_expiry_utc={int(expires)}")
    return "\n".join(lines) + "\n"


class Case(unittest.TestCase):
    """A test with a fake cgp-cred, an empty memory and no netrc."""

    in_process = False  # play the program without starting it, for tests of what is built on Helper

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = self.folder / "cgp-cred"
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o700)
        self.patch(_helper, "PROGRAM", str(self.program))
        self.patch(_helper, "_origins", {})
        self.played = []
        if self.in_process:
            self.patch(_helper.Helper, "_output", lambda helper, argv, request="": self.play(argv[1:], request))
        environment = mock.patch.dict(os.environ, {"NETRC": os.devnull, "NO_PROXY": "*"})
        environment.start()
        self.addCleanup(environment.stop)
        self.answers()

    def patch(self, where, name, value):
        patched = mock.patch.object(where, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def plan(self, **verbs):
        (self.folder / "plan.json").write_text(json.dumps(verbs))

    def answers(self, header="Authorization: Bearer token@N@", scope=None, life=None):
        """Let cgp-cred answer with a header."""
        self.plan(get={"stdout": answer(header, scope, None if life is None else time.time() + life)})

    def play(self, argv, request):
        """Do what the program does, and what Helper makes of it."""
        self.played.append({"argv": argv, "stdin": request, "verb": argv[1]})
        plan = json.loads((self.folder / "plan.json").read_text()).get(argv[1], {})
        number = len(self.runs())
        while not (self.folder / plan.get("until", ".")).exists():
            time.sleep(0.01)
        if plan.get("status", 0):
            raise _helper.CredentialError(plan["stderr"].strip(), plan["status"])
        return plan.get("stdout", "").replace("@N@", str(number))

    def refuse_replacements(self, helper):
        """Let cgp-cred fail when a helper asks for another header after a 401."""
        real = helper.replace

        def replace(*args):
            self.plan(get={"status": 5, "stderr": "cgp-cred: refused\nhint: x\n"})
            return real(*args)

        self.patch(helper, "replace", replace)

    def runs(self, verb="get"):
        """Return what each run was given, in order."""
        if self.in_process:
            return [run for run in list(self.played) if run["verb"] == verb]
        found = [json.loads(f.read_text()) for f in sorted(self.folder.glob("run-*"))]
        return [run for run in found if run["verb"] == verb]

    def server(self, answer):
        """Serve in this process; answer(request) returns a status and headers."""
        server = Server(answer)
        self.addCleanup(server.close)
        return server


class Server:
    """Answers what a function says. ``seen`` has each request's path and headers, in lower case, and its body."""

    def __init__(self, answer):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                size = int(self.headers.get("Content-Length", 0))
                headers = {k.lower(): v for k, v in self.headers.items()}
                request = {"method": self.command, "path": self.path, "headers": headers}
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    request["body"] = self.chunks()
                else:
                    request["body"] = self.rfile.read(size).decode()
                seen.append(request)
                status, headers = answer(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_POST = do_GET

            def chunks(self):
                body = b""
                while True:
                    size = int(self.rfile.readline(), 16)
                    body += self.rfile.read(size)
                    self.rfile.readline()
                    if size == 0:
                        return body.decode()

            def log_message(self, *args):
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.host = "127.0.0.1:%d" % self._server.server_port
        self.url = "http://" + self.host
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, request, client_address):
        """A client that hangs up is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def wants(*tokens):
    """Answer 200 to these Bearer tokens, and 401 to others."""
    allowed = ["Bearer " + t for t in tokens]
    return lambda request: (200 if request["headers"].get("authorization") in allowed else 401, {})
