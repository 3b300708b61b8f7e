import io
import os
import threading
from unittest import mock

import requests

from cgp_cred import CredentialError
from cgp_cred.requests import CGPAuth, CGPAuthError

from .fake import Case, wants


class RequestsTest(Case):
    def test_header(self):
        server = self.server(wants("token1"))
        self.assertEqual(requests.get(server.url + "/x?patient=943", auth=CGPAuth("int")).status_code, 200)
        [run] = self.runs()
        self.assertNotIn("943", str(run))

    def test_api_key(self):
        self.answers("apikey: k1")
        server = self.server(lambda request: (200, {}))
        requests.get(server.url, auth=CGPAuth(), headers={"Authorization": "theirs"})
        self.assertEqual(server.seen[0]["headers"]["apikey"], "k1")
        self.assertEqual(server.seen[0]["headers"]["authorization"], "theirs")

    def test_nothing_needed(self):
        self.answers("")
        server = self.server(lambda request: (401, {}))
        self.assertEqual(requests.get(server.url, auth=CGPAuth()).status_code, 401)
        self.assertNotIn("authorization", server.seen[0]["headers"])
        self.assertEqual(len(server.seen), 1)

    def test_refused_token_is_replaced_once(self):
        server = self.server(wants("token2"))
        bodies = (None, b"bytes", "text", io.BytesIO(b"a file"))
        for number, body in enumerate(bodies):
            self.setUp()
            response = requests.post(server.url, data=body, auth=CGPAuth())
            self.assertEqual((response.status_code, response.text), (200, "ok"))
            self.assertEqual([r.status_code for r in response.history], [401])
            self.assertEqual(len(self.runs("erase")), 1)
            first, second = server.seen[2 * number :]
            self.assertEqual(first["body"], second["body"])
            self.assertEqual(first["headers"]["authorization"], "Bearer token1")

    def test_a_generator_is_not_sent_twice(self):
        server = self.server(wants("token2"))
        auth = CGPAuth()
        self.assertEqual(requests.post(server.url, data=iter([b"a", b"b"]), auth=auth).status_code, 401)
        self.assertEqual([r["body"] for r in server.seen], ["ab"])
        self.assertEqual(requests.get(server.url, auth=auth).status_code, 200)  # the next one has the new token

    def test_a_server_that_refuses_all_is_believed(self):
        server = self.server(wants())
        with requests.Session() as session:
            session.auth = CGPAuth()
            for _ in range(5):
                self.assertEqual(session.get(server.url).status_code, 401)
        self.assertEqual(len(self.runs()), 2)

    def redirect(self, header, scope, target, *, status=302, path="/api/x"):
        """Follow a redirect; return what the first and the second server saw."""
        other = self.server(lambda request: (200, {}))

        def answer(request):
            if request["path"] != path:
                return 200, {}
            return status, {"Location": target.format(other=other.url, own=first.url)}

        first = self.server(answer)
        self.answers(header, scope=None if scope is None else first.url + scope)
        requests.get(first.url + path, auth=CGPAuth(), headers={"X-Mine": "1"})
        return first.seen, other.seen

    def test_redirects(self):
        for header, name in (("Authorization: Bearer t", "authorization"), ("apikey: k", "apikey")):
            for scope, target, goes_along in (
                ("", "{other}/api/x", False),
                ("", "{other}", False),
                (None, "{other}/api/x", False),
                ("", "/y", True),
                ("", "{own}/y?q", True),
                ("/api", "/api/y", True),
                ("/api", "/apiy", False),
                ("/api", "/api/../y", False),
                ("/api", "/api/%2e%2e/y", False),
                ("/api", "{own}/y", False),
                (None, "/api/y", False),
            ):
                first, other = self.redirect(header, scope, target)
                self.assertIn(name, first[0]["headers"])
                second = other[0] if other else first[1]
                self.assertEqual(name in second["headers"], goes_along, (header, scope, target))
                self.assertEqual(second["headers"]["x-mine"], "1")

    def test_redirects_on_and_on(self):
        other = self.server(lambda request: (200, {}))
        hops = {"/a": "/b", "/b": "/c", "/c": other.url + "/d"}
        first = self.server(lambda request: (307, {"Location": hops[request["path"]]}))
        self.answers("apikey: k", scope=first.url)
        requests.post(first.url + "/a", data="body", auth=CGPAuth())
        self.assertEqual(["apikey" in r["headers"] for r in first.seen], [True, True, True])
        self.assertEqual(("apikey" in other.seen[0]["headers"], other.seen[0]["body"]), (False, "body"))

    def test_a_relative_redirect_is_asked_again(self):

        def answer(request):
            return (302, {"Location": "y"}) if request["path"] == "/x" else wants("token1")(request)

        server = self.server(answer)
        self.answers(scope=server.url)
        self.assertEqual(requests.get(server.url + "/x", auth=CGPAuth()).status_code, 200)
        self.assertEqual([r["path"] for r in server.seen], ["/x", "/y", "/y"])
        self.assertEqual(self.runs("erase"), [])

    def test_the_other_server_can_not_ask_for_it(self):
        other = self.server(lambda request: (401, {}))
        first = self.server(lambda request: (302, {"Location": other.url}))
        self.answers("apikey: k", scope=first.url)
        self.assertEqual(requests.get(first.url, auth=CGPAuth()).status_code, 401)
        self.assertEqual(["apikey" in r["headers"] for r in other.seen], [False])
        self.assertEqual(len(self.runs()), 1)

    def test_a_refusal_and_then_a_redirect(self):
        def answer(request):
            if wants("token2")(request)[0] == 401:
                return 401, {}
            return (302, {"Location": "/y"}) if request["path"] == "/x" else (302, {"Location": other.url})

        other = self.server(lambda request: (200, {}))
        server = self.server(answer)
        self.answers(scope=server.url)
        self.assertEqual(requests.get(server.url + "/x", auth=CGPAuth()).status_code, 200)
        self.assertEqual(
            [(r["path"], r["headers"]["authorization"]) for r in server.seen],
            [("/x", "Bearer token1"), ("/x", "Bearer token2"), ("/y", "Bearer token2")],
        )
        self.assertNotIn("authorization", other.seen[0]["headers"])

    def test_netrc_never_wins(self):
        netrc = self.folder / "netrc"
        netrc.write_text("default login user password pass\n")
        netrc.chmod(0o600)

        def answer(request):
            return (302, {"Location": "/y"}) if request["path"] == "/x" else wants("token1")(request)

        server = self.server(answer)
        self.answers(scope=server.url)
        with mock.patch.dict(os.environ, {"NETRC": str(netrc)}), requests.Session() as session:
            session.auth = CGPAuth()
            self.assertEqual(session.get(server.url + "/y").status_code, 200)
            self.assertEqual(len(server.seen), 1)
            self.assertEqual(session.get(server.url + "/x").status_code, 200)  # requests itself adds it to redirects

    def test_failures_are_of_the_library(self):
        server = self.server(lambda request: (200, {}))
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        with self.assertRaises(requests.exceptions.RequestException) as caught:
            requests.get(server.url, auth=CGPAuth("int"))
        self.assertIsInstance(caught.exception, CGPAuthError)
        self.assertIsInstance(caught.exception, CredentialError)
        self.assertEqual((str(caught.exception), caught.exception.status), ("cgp-cred: locked\nhint: unlock", 4))
        self.assertEqual(server.seen, [])

    def test_failure_of_the_replacement(self):
        server = self.server(wants())
        auth = CGPAuth()
        self.refuse_replacements(auth._helper)
        with self.assertRaisesRegex(CGPAuthError, "refused"):
            requests.get(server.url, auth=auth)

    def test_threads(self):
        server = self.server(wants("token1", "token2"))
        self.answers(scope=server.url, life=600)
        auth = CGPAuth()
        statuses = []

        def ask():
            statuses.append(requests.get(server.url, auth=auth).status_code)

        threads = [threading.Thread(target=ask) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((statuses, len(self.runs())), ([200] * 50, 1))
