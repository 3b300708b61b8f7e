import os
from unittest import mock

import httpx
import requests

from cgp_cred.httpx import CGPAuth as HTTPXAuth
from cgp_cred.requests import CGPAuth as RequestsAuth

from .fake import Case, wants


class ProxyTest(Case):
    """A credential for this machine goes to no proxy from the environment."""

    CLIENTS = (lambda url: requests.get(url, auth=RequestsAuth()), lambda url: httpx.get(url, auth=HTTPXAuth()))

    def with_proxy(self, **variables):
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        patched = mock.patch.dict(os.environ, {**clean, **variables}, clear=True)
        patched.start()
        self.addCleanup(patched.stop)

    def test_nothing_is_sent(self):
        for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
            for exception in ("", "a.example", "127.0.0.1.example", "127.0.0.1:1"):
                proxy, server = self.server(wants("token1")), self.server(wants("token1"))
                self.with_proxy(**{name: proxy.url, "NO_PROXY": exception})
                for get in self.CLIENTS:
                    with self.assertRaises((requests.RequestException, httpx.RequestError)) as caught:
                        get(server.url)
                    self.assertIn("goes to no proxy", str(caught.exception))
                    self.assertIn("hint: ", str(caught.exception))
                    self.assertEqual(caught.exception.status, 6)
                self.assertEqual((proxy.seen, server.seen), ([], []))
        self.assertEqual(self.runs(), [])

    def test_excepted(self):
        for exception in ("*", "127.0.0.1", "a.example, 127.0.0.1"):
            proxy, server = self.server(wants()), self.server(lambda request: (200, {}))
            self.with_proxy(http_proxy=proxy.url, NO_PROXY=exception)
            for get in self.CLIENTS:
                self.assertEqual(get(server.url).status_code, 200)
            self.assertEqual((len(proxy.seen), len(server.seen)), (0, len(self.CLIENTS)))
            self.assertTrue(all(request["headers"]["authorization"] for request in server.seen))
