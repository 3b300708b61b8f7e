import io
import os
import threading
import urllib.error
import urllib.request
from unittest import mock

from cgp_cred import CredentialError
from cgp_cred.urllib import CGPAuthError, CGPHandler

from .fake import Case, wants


class URLLibTest(Case):
    in_process = True

    def opener(self, *more):
        return urllib.request.build_opener(CGPHandler("int"), *more)

    def get(self, url, data=None, opener=None, **headers):
        """Return the status; like curl, and unlike urllib, of a refusal too."""
        request = urllib.request.Request(url, data=data, headers=headers) if isinstance(url, str) else url
        try:
            with (opener or self.opener()).open(request, timeout=600) as response:
                return response.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def test_header(self):
        server = self.server(wants("token1"))
        request = urllib.request.Request(server.url + "/x?patient=943", headers={"Authorization": "theirs"})
        self.assertEqual(self.get(request), 200)
        self.assertEqual(request.headers, {"Authorization": "theirs"})
        [run] = self.runs()
        self.assertNotIn("943", str(run))
        self.assertEqual(run["argv"], ["credential", "get", "int"])
        self.assertEqual(self.get(server.url + "/x#fragment"), 200)

    def test_api_key_and_nothing_needed(self):
        server = self.server(lambda request: (401, {}))
        self.answers("apikey: k1")
        self.assertEqual(self.get(server.url, Authorization="theirs"), 401)
        self.assertEqual(server.seen[0]["headers"]["apikey"], "k1")
        self.assertEqual(server.seen[0]["headers"]["authorization"], "theirs")
        self.assertEqual((len(server.seen), self.runs("erase")), (1, []))
        self.setUp()
        self.answers("")
        self.assertEqual(self.get(server.url), 401)
        self.assertNotIn("apikey", server.seen[1]["headers"])

    def test_an_object_that_is_sent_again(self):
        server = self.server(lambda request: (200, {}))
        request = urllib.request.Request(server.url)
        for header, name in (("Authorization: Bearer t", "authorization"), ("apikey: k", "apikey"), ("", None)):
            self.setUp()
            self.answers(header)
            self.get(request)
            sent = {"authorization", "apikey"} & set(server.seen[-1]["headers"])
            self.assertEqual(sent, {name} - {None})

    def test_refused_token_is_replaced_once(self):
        server = self.server(wants("token2"))
        file = io.BytesIO(b"not this, a file")
        file.seek(10)
        for number, body in enumerate((None, b"bytes", bytearray(b"bytes"), file)):
            self.setUp()
            more = {"Content-Length": "6"} if body is file else {}
            self.assertEqual(self.get(server.url, body, **more), 200)
            self.assertEqual(len(self.runs("erase")), 1)
            first, second = server.seen[2 * number :]
            self.assertEqual(first["body"], second["body"])
            self.assertEqual(first["headers"]["authorization"], "Bearer token1")

    def test_a_generator_is_not_sent_twice(self):
        server = self.server(wants("token2"))
        self.assertEqual(self.get(server.url, iter([b"a", b"b"])), 401)
        self.assertEqual([r["body"] for r in server.seen], ["ab"])

    def test_a_server_that_refuses_all_is_believed(self):
        server = self.server(wants())
        opener = self.opener()
        for _ in range(5):
            self.assertEqual(self.get(server.url, opener=opener), 401)
        self.assertEqual(len(self.runs()), 2)
        self.assertEqual(len(server.seen), 6)

    def test_redirects(self):
        for header, name in (("Authorization: Bearer t", "authorization"), ("apikey: k", "apikey")):
            for scope, target, goes_along in (
                ("", "{other}/api/x", False),
                (None, "{other}/api/x", False),
                ("", "/y", True),
                ("", "y", True),
                ("", "{own}/y?q", True),
                ("/api", "/api/y", True),
                ("/api", "/apiy", False),
                ("/api", "/api/%2e%2e/y", False),
                ("/api", "//{host}/api/y", True),
                (None, "/api/y", False),
            ):
                other = self.server(lambda request: (200, {}))
                first = self.server(
                    lambda request: (302, {"Location": target.format(other=other.url, own=first.url, host=first.host)})
                    if request["path"] == "/api/x"
                    else (200, {})
                )
                self.setUp()
                self.answers(header, scope=None if scope is None else first.url + scope)
                self.assertEqual(self.get(first.url + "/api/x", **{"X-Mine": "1"}), 200)
                self.assertIn(name, first.seen[0]["headers"])
                second = other.seen[0] if other.seen else first.seen[1]
                self.assertEqual(name in second["headers"], goes_along, (header, scope, target))
                self.assertEqual(second["headers"]["x-mine"], "1")

    def test_a_redirect_to_a_place_of_another_profile(self):
        other = self.server(lambda request: (200, {}))
        server = self.server(lambda request: (302, {"Location": other.url}))
        opener = self.opener()
        self.answers(scope=other.url)
        self.assertEqual(self.get(other.url, opener=opener), 200)
        self.answers(scope=server.url)
        self.assertEqual(self.get(server.url, opener=opener), 200)
        self.assertEqual(["authorization" in r["headers"] for r in other.seen], [True, False])

    def test_other_handlers_of_redirects(self):
        class Theirs(urllib.request.HTTPRedirectHandler):
            pass

        other = self.server(lambda request: (200, {}))
        server = self.server(lambda request: (302, {"Location": other.url}))
        self.answers("apikey: k", scope=server.url)
        self.assertEqual(self.get(server.url, opener=self.opener(Theirs)), 200)
        self.assertEqual(["apikey" in r["headers"] for r in other.seen], [False])

    def test_a_refusal_then_a_redirect_and_a_refusal(self):
        def answer(request):
            if request["path"] == "/x":
                status, more = wants("token2")(request)
                return (302, {"Location": "/y"}) if status == 200 else (401, {})
            return wants()(request)

        server = self.server(answer)
        self.answers(scope=server.url)
        self.assertEqual(self.get(server.url + "/x"), 401)
        self.assertEqual(
            [(r["path"], r["headers"]["authorization"]) for r in server.seen],
            [("/x", "Bearer token1"), ("/x", "Bearer token2"), ("/y", "Bearer token2")],
        )

    def test_failures_are_of_the_library(self):
        server = self.server(lambda request: (200, {}))
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        with self.assertRaises(urllib.error.URLError) as caught:
            self.opener().open(server.url)
        self.assertIsInstance(caught.exception, CGPAuthError)
        self.assertIsInstance(caught.exception, CredentialError)
        self.assertEqual((str(caught.exception), caught.exception.status), ("cgp-cred: locked\nhint: unlock", 4))
        self.plan(get={"stdout": ""})
        with self.assertRaisesRegex(CGPAuthError, "does not cover"):
            self.opener().open(server.url)
        with self.assertRaisesRegex(CGPAuthError, "user information"):
            self.opener().open("http://user:pass@localhost:1/")
        self.assertEqual(server.seen, [])

    def test_failure_of_the_replacement(self):
        server = self.server(wants())
        handler = CGPHandler()
        self.refuse_replacements(handler._helper)
        with self.assertRaisesRegex(CGPAuthError, "refused"):
            self.get(server.url, opener=urllib.request.build_opener(handler))

    def test_a_proxy_gets_no_credential_for_this_machine(self):
        proxy, server = self.server(lambda request: (200, {})), self.server(lambda request: (200, {}))
        with mock.patch.dict(os.environ, {"http_proxy": proxy.url, "NO_PROXY": ""}):
            with self.assertRaisesRegex(CGPAuthError, "goes to no proxy"):
                self.opener().open(server.url)
        self.assertEqual((proxy.seen, server.seen), ([], []))

    def test_installed_for_all(self):
        server = self.server(wants("token1"))
        self.patch(urllib.request, "_opener", None)
        urllib.request.install_opener(self.opener())
        with urllib.request.urlopen(server.url) as response:
            self.assertEqual(response.status, 200)

    def test_threads(self):
        server = self.server(wants("token1"))
        self.answers(scope=server.url, life=600)
        opener = self.opener()
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.get(server.url, opener=opener))) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((statuses, len(self.runs())), ([200] * 50, 1))

    def test_no_token_is_shown(self):
        server = self.server(wants())
        request = urllib.request.Request(server.url)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.opener().open(request)
        shown = repr((caught.exception, request, vars(request)["_cgp_cred_sent"], self.opener(), request.headers))
        self.assertNotIn("token", shown + str(caught.exception))
        caught.exception.close()
