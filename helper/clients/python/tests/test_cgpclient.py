import contextlib
import copy
import ctypes
import http.client
import io
import json
import logging
import os
import pickle
import pprint
import reprlib
import time
import urllib.request
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Mapping
from unittest import mock

import httpx
import requests

from cgp_cred.cgpclient import CGPAuthProvider
from cgp_cred.requests import CGPAuthError

from .fake import Case, answer, wants


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


class LiveHeadersTest(Case):
    """The headers are a dict for Python code and for C code, and their token is the current one."""

    in_process = True

    def setUp(self):
        super().setUp()
        self.now = time.time()
        self.patch(time, "time", lambda: self.now)
        self.answers(life=600)
        self.headers = CGPAuthProvider("a.example", "int").get_headers()
        self.count = 1

    def renew(self):
        """Let the token expire; return the next one's header."""
        self.now += 590
        self.plan(get={"stdout": answer("Authorization: Bearer token@N@", None, self.now + 600)})
        self.count += 1
        return {"Authorization": f"Bearer token{self.count}"}

    def test_each_way_to_read_has_the_current_token(self):
        def called(**headers):
            return headers

        def multidict(headers):
            multidict = __import__("multidict")
            return dict(multidict.CIMultiDict(headers))

        ways = {
            "[]": lambda h: {"Authorization": h["Authorization"]},
            "get": lambda h: {"Authorization": h.get("Authorization")},
            "dict()": dict,
            "{**h}": lambda h: {**h},
            "f(**h)": lambda h: called(**h),
            "copy": lambda h: h.copy(),
            "copy.copy": copy.copy,
            "copy.deepcopy": copy.deepcopy,
            "h | x": lambda h: h | {},
            "x | h": lambda h: {} | h,
            "h | h": lambda h: h | h,
            "x |= h": lambda h: self.merged(h),
            "x.update(h)": lambda h: self.updated({}, h),
            "OrderedDict": lambda h: dict(OrderedDict(h)),
            "UserDict": lambda h: dict(UserDict(h)),
            "ChainMap": lambda h: dict(ChainMap({}, h)),
            "items": lambda h: dict(h.items()),
            "dict(items)": lambda h: dict(list(h.items())),
            "keys": lambda h: {name: h[name] for name in h.keys()},
            "iter": lambda h: {name: h[name] for name in h},
            "reversed": lambda h: {name: h[name] for name in reversed(h)},
            "zip": lambda h: dict(zip(h, h.values())),
            "json": lambda h: json.loads(json.dumps(h)),
            "json, indented": lambda h: json.loads(json.dumps(h, indent=1, sort_keys=True)),
            "%": lambda h: {"Authorization": "%(Authorization)s" % h},
            "format_map": lambda h: {"Authorization": "{Authorization}".format_map(h)},
            "setdefault": lambda h: {"Authorization": h.setdefault("Authorization", "x")},
            "requests": lambda h: self.only(requests.Request("GET", "https://a.example", headers=h).prepare().headers),
            "requests.Session": lambda h: self.only(self.updated(requests.Session().headers, h)),
            "httpx": lambda h: self.only(httpx.Request("GET", "https://a.example", headers=h).headers),
            "urllib": lambda h: self.only(dict(urllib.request.Request("https://a.example", headers=h).header_items())),
            "http.client": self.with_http_client,
        }
        with contextlib.suppress(ImportError):
            __import__("multidict")
            ways["aiohttp"] = multidict
        for name, way in ways.items():
            want = self.renew()
            self.assertEqual(way(self.headers), want, name)
            self.assertIs(type(way(self.headers)), dict, name)
        for name, way in {"==": lambda h, x: h == x, "x ==": lambda h, x: x == h, "not !=": lambda h, x: not h != x}.items():
            self.assertTrue(way(self.headers, self.renew()), name)
        self.assertFalse(self.headers == {} or self.headers == 1 or self.headers != copy.copy(self.headers))
        self.assertEqual(self.headers, CGPAuthProvider("a.example", "int").get_headers())
        self.assertEqual((len(self.headers), bool(self.headers), "Authorization" in self.headers), (1, True, True))
        with self.assertRaises(TypeError):
            hash(self.headers)

    def merged(self, headers):
        into = {}
        into |= headers
        return into

    def updated(self, into, headers):
        into.update(headers)
        return into

    def only(self, headers):
        return {name.capitalize(): value for name, value in headers.items() if name.lower() == "authorization"}

    def with_http_client(self, headers):
        sent = io.BytesIO()
        connection = http.client.HTTPConnection("a.example")
        connection.sock = mock.Mock(sendall=sent.write)
        connection.request("GET", "/", headers=headers)
        lines = sent.getvalue().decode().split("\r\n")
        return {line.partition(": ")[0]: line.partition(": ")[2] for line in lines if line.startswith("Auth")}

    def test_c_code_that_looks_past_the_methods_finds_what_was_read_last(self):
        def c_copy(headers):
            function = ctypes.pythonapi.PyDict_Copy
            function.argtypes, function.restype = [ctypes.py_object], ctypes.py_object
            return function(headers)

        for name, way in {
            "dict.items": lambda h: dict(dict.items(h)),
            "dict.copy": dict.copy,
            "PyDict_Copy": c_copy,
            "type": lambda h: {"Authorization": type("X", (), h).Authorization},
        }.items():
            with self.subTest(name):
                if name == "PyDict_Copy" and not hasattr(ctypes, "pythonapi"):
                    continue
                want = dict(self.headers)
                self.assertEqual(way(self.headers), want)
                new = self.renew()
                self.assertIn(way(self.headers), (want, new))
                self.assertEqual(self.headers["Authorization"], new["Authorization"])
                self.assertEqual(way(self.headers), new)

    def test_the_callers_own_headers(self):
        headers = self.headers
        headers["X-Mine"] = "1"
        headers.update({"X-Two": "2"}, X="3")
        headers |= {"X-Four": "4"}
        headers.setdefault("X-Five", "5")
        own = {"X-Mine": "1", "X-Two": "2", "X": "3", "X-Four": "4", "X-Five": "5"}
        self.assertEqual(headers, {**self.renew(), **own})
        want = {**self.renew(), **own, "X": "y"}
        self.assertEqual(headers | {"X": "y"}, want)
        self.assertEqual(list({"Z": "z"} | headers), ["Z", "Authorization", *own])
        self.assertEqual(headers.pop("X-Two"), "2")
        self.assertEqual(headers.pop("X-Two", None), None)
        del headers["X"]
        self.assertEqual(headers.popitem(), ("X-Five", "5"))
        for missing in (lambda: headers["x"], lambda: headers.pop("x"), lambda: headers.__delitem__("x")):
            with self.assertRaises(KeyError):
                missing()
        self.assertIsInstance(headers, dict)
        with self.assertRaises(TypeError):
            headers | [("a", "b")]
        self.assertEqual(headers, {**self.renew(), "X-Mine": "1", "X-Four": "4"})

    def test_what_the_caller_takes_over(self):
        for take in (
            lambda h: h.update(Authorization="theirs"),
            lambda h: h.__setitem__("Authorization", "theirs"),
            lambda h: h.pop("Authorization") and None,
            lambda h: h.__delitem__("Authorization"),
            lambda h: h.popitem() and None,
            lambda h: h.clear(),
        ):
            headers = CGPAuthProvider("a.example", "int").get_headers()
            take(headers)
            self.assertIn(dict(headers), ({}, {"Authorization": "theirs"}))
            self.renew()
            runs = len(self.runs())
            self.assertIn(dict(headers), ({}, {"Authorization": "theirs"}))
            self.assertEqual(len(self.runs()), runs)

    def test_another_header_and_none(self):
        headers = self.headers
        headers["apikey"] = "theirs"
        for header, want in (
            ("apikey: k", {"apikey": "theirs"}),  # the caller's stays
            ("X-API-Key: k", {"X-API-Key": "k", "apikey": "theirs"}),
            ("", {"apikey": "theirs"}),
            ("Authorization: Bearer t", {"Authorization": "Bearer t", "apikey": "theirs"}),
        ):
            self.now += 590
            self.plan(get={"stdout": answer(header)})
            self.assertEqual(dict(headers), want)

    def test_a_failure_is_raised_by_each_way_to_read(self):
        self.now += 590
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        for way in (dict, len, list, json.dumps, str.format_map.__get__("{Authorization}"), lambda h: {**h}, lambda h: h == {}):
            with self.assertRaisesRegex(CGPAuthError, "locked"):
                way(self.headers)
        self.assertEqual(repr(self.headers), "<headers of cgp-cred>")

    def test_no_token_is_shown_or_stored(self):
        headers = self.headers
        headers["X-Mine"] = "1"
        provider = CGPAuthProvider("a.example", "int", api_name="x")
        shown = [repr(headers), str(headers), f"{headers}", "%s %r" % (headers, headers), pprint.pformat([headers])]
        shown += [reprlib.repr(headers), repr(provider), repr(vars(headers)), repr(vars(provider)), f"{headers!s:>50}"]
        with self.assertLogs("x") as logs:
            logging.getLogger("x").warning("with %s", headers)
        for text in (*shown, *logs.output):
            self.assertNotRegex(text, r"token\d")
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            stored = pickle.dumps([headers, provider], protocol)
            self.assertNotIn(b"Bearer", stored)
            want = self.renew()
            again, other = pickle.loads(stored)
            self.assertEqual(again, {**want, "X-Mine": "1"})
            self.assertIsInstance(other, CGPAuthProvider)
        headers.clear()
        self.assertEqual(pickle.loads(pickle.dumps(headers)), {})


class GuardedTest(Case):
    """With guarded=True the headers hold no token, and requests sends them as with CGPAuth."""

    in_process = True

    def headers(self, server, **more):
        return CGPAuthProvider(server.url.partition("//")[2], "int", guarded=True, **more).get_headers()

    def test_a_revoked_token(self):
        server = self.server(wants("token2"))
        self.answers(scope=server.url)
        headers = self.headers(server)
        self.assertNotIn("token", str(headers))
        response = requests.post(server.url, headers={**headers, "X-Mine": "1"}, data=b"x", timeout=10)
        self.assertEqual(response.status_code, 200)
        self.assertEqual([r["headers"]["x-mine"] for r in server.seen], ["1", "1"])
        with requests.Session() as session:
            session.headers.update(headers)
            self.assertEqual(session.get(server.url, timeout=10).status_code, 200)

    def test_a_refusal_is_told(self):
        server = self.server(wants())
        with self.assertLogs("cgp_cred") as logs:
            requests.get(server.url, headers=self.headers(server), timeout=10)
        self.assertIn("refused the credential (401)\nhint: cgp-cred doctor int", logs.output[-1])

    def test_only_marked_requests(self):
        server = self.server(lambda request: (200, {}))
        self.headers(server)
        requests.get(server.url, headers={"Authorization": "theirs", "X": b"y"}, auth=("u", "p"), timeout=10)
        requests.get(server.url, timeout=10)
        self.assertEqual([r["headers"].get("authorization") for r in server.seen], ["Basic dTpw", None])
        self.assertEqual(self.runs(), [])

    def test_other_hosts(self):
        for header, name in (("Authorization: Bearer token1", "authorization"), ("apikey: key1", "apikey")):
            other = self.server(lambda request: (200, {}))
            server = self.server(lambda request: (302, {"Location": other.url}))
            self.answers(header, scope=server.url)
            requests.get(server.url, headers=self.headers(server), timeout=10)
            self.assertIn(name, server.seen[0]["headers"])
            self.assertEqual([name in r["headers"] or "authorization" in r["headers"] for r in other.seen], [False])
            self.plan(get={"stdout": ""})
            with self.assertRaisesRegex(CGPAuthError, "does not cover"):
                requests.get(other.url, headers=self.headers(server), timeout=10)
            self.assertEqual(len(other.seen), 1)

    def test_another_library_sends_no_token(self):
        server = self.server(lambda request: (401, {}))
        httpx.get(server.url, headers=self.headers(server))
        self.assertTrue(server.seen[0]["headers"]["authorization"].startswith("cgp-cred "))
        self.assertEqual(self.runs(), [])
