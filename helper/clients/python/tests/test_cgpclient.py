import os
import time
from collections.abc import Mapping
from unittest import mock

import requests

from cgp_cred.cgpclient import CGPAuthProvider
from cgp_cred.requests import CGPAuthError

from .fake import Case, wants


class CGPClientTest(Case):
    def test_headers_stay_alive(self):
        server = self.server(wants("token1", "token2"))
        host = server.url.partition("//")[2]
        self.answers(life=600)
        headers = CGPAuthProvider(host, "int").get_headers()
        self.assertIsInstance(headers, Mapping)
        self.assertNotIn("token", repr(headers))
        self.assertEqual(requests.get(server.url, headers=headers, timeout=10).status_code, 200)
        self.assertEqual(dict(headers), {"Authorization": "Bearer token1"})
        later = time.time() + 590
        self.patch(time, "time", lambda: later)
        self.assertEqual(headers["Authorization"], "Bearer token2")
        self.assertEqual(requests.get(server.url, headers=headers, timeout=10).status_code, 200)
        self.assertEqual(server.seen[-1]["headers"]["authorization"], "Bearer token2")
        self.assertEqual(self.runs()[0]["argv"], ["credential", "get", "int"])
        self.assertEqual(self.runs()[0]["stdin"], f"capability[]=header\nprotocol=http\nhost={host}\n\n")

    def test_requests(self):
        for host, api_name, want in (
            ("int.api.service.nhs.uk", "", "protocol=https\nhost=int.api.service.nhs.uk\n\n"),
            ("a.example:8443", "x/y", "protocol=https\nhost=a.example:8443\npath=/x/y\n\n"),
            ("localhost:80", "x", "protocol=http\nhost=localhost:80\npath=/x\n\n"),
            ("[::1]:80", "", "protocol=http\nhost=[::1]:80\n\n"),
            ("[::1]", "", "protocol=http\nhost=[::1]\n\n"),
            ("localhost.example", "", "protocol=https\nhost=localhost.example\n\n"),
        ):
            CGPAuthProvider(host, api_name=api_name).get_headers()
            self.assertEqual(self.runs()[-1]["stdin"], "capability[]=header\n" + want)

    def test_nothing_needed(self):
        self.answers("")
        self.assertEqual(dict(CGPAuthProvider("sandbox.a.example").get_headers()), {})

    def test_failure(self):
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        with self.assertRaisesRegex(CGPAuthError, "locked"):
            CGPAuthProvider("a.example").get_headers()

    def test_netrc_would_win(self):
        netrc = self.folder / "netrc"
        netrc.write_text("machine a.example login user password pass\n")
        netrc.chmod(0o600)
        provider = CGPAuthProvider("a.example")
        headers = provider.get_headers()
        with mock.patch.dict(os.environ, {"NETRC": str(netrc)}):
            with self.assertRaisesRegex(CGPAuthError, "netrc"):
                requests.get("https://a.example/", headers=headers, timeout=10)
