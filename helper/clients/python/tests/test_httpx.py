import asyncio

import httpx

from cgp_cred import CredentialError
from cgp_cred.httpx import CGPAuth, CGPAuthError

from .fake import Case, answer, wants


class HTTPXTest(Case):
    def both(self, server, **kwargs):
        """Send a request with a client, and with an asynchronous one that starts with an empty memory."""
        kwargs = {"method": "GET", "url": server.url, **kwargs}
        with httpx.Client(auth=CGPAuth(), follow_redirects=True) as client:
            yield client.request(**kwargs)

        async def send():
            async with httpx.AsyncClient(auth=CGPAuth(), follow_redirects=True) as client:
                return await client.request(**kwargs)

        server.seen.clear()
        self.setUp()
        yield asyncio.run(send())

    def test_header(self):
        server = self.server(wants("token1"))
        for response in self.both(server, url=server.url + "/x?patient=943"):
            self.assertEqual(response.status_code, 200)
            self.assertEqual(len(server.seen[0]["headers"]["authorization"].split(",")), 1)
            self.assertNotIn("943", str(self.runs()))
            self.assertNotIn("token1", repr(response.request.headers) + str(response.request.headers.items()))

    def test_the_users_own_header_is_replaced(self):
        server = self.server(wants("token1"))
        for response in self.both(server, headers={"authorization": "theirs"}):
            self.assertEqual(response.status_code, 200)

    def test_refused_token_is_replaced_once(self):
        server = self.server(wants("token2"))
        for response in self.both(server, method="POST", content=b"body"):
            self.assertEqual((response.status_code, response.text), (200, "ok"))
            self.assertEqual([r["body"] for r in server.seen], ["body", "body"])
            self.assertEqual(len(self.runs("erase")), 1)

    def test_a_generator_is_not_sent_twice(self):
        server = self.server(wants("token2"))
        with httpx.Client(auth=CGPAuth()) as client:
            self.assertEqual(client.post(server.url, content=iter([b"a", b"b"])).status_code, 401)
            self.assertEqual([r["body"] for r in server.seen], ["ab"])
            self.assertEqual(client.get(server.url).status_code, 200)

    def test_a_server_that_refuses_all_is_believed(self):
        server = self.server(wants())
        with httpx.Client(auth=CGPAuth()) as client:
            for _ in range(5):
                self.assertEqual(client.get(server.url).status_code, 401)
        self.assertEqual(len(self.runs()), 2)

    def test_nothing_needed(self):
        self.answers("")
        server = self.server(lambda request: (401, {}))
        self.assertEqual(httpx.get(server.url, auth=CGPAuth()).status_code, 401)
        self.assertEqual(len(server.seen), 1)

    def test_redirects_elsewhere_take_nothing_along(self):
        for header, name in (("Authorization: Bearer t", "authorization"), ("apikey: k", "apikey")):
            other = self.server(lambda request: (401, {}))
            first = self.server(lambda request: (307, {"Location": other.url + "/x"}))
            self.answers(header, scope=first.url)
            with httpx.Client(auth=CGPAuth(), follow_redirects=True) as client:
                self.assertEqual(client.post(first.url, content=b"b", headers={"X-Mine": "1"}).status_code, 401)
            self.assertIn(name, first.seen[0]["headers"])
            self.assertEqual([(name in r["headers"], r["headers"]["x-mine"]) for r in other.seen], [(False, "1")])

    def test_redirects_within_the_scope(self):
        def answer(request):
            return (302, {"Location": "/api/y"}) if request["path"] == "/api/x" else wants("token1")(request)

        server = self.server(answer)
        for scope, status in (("/api", 200), ("/api/x", 401)):
            self.setUp()
            self.answers(scope=server.url + scope)
            answer = httpx.get(server.url + "/api/x", auth=CGPAuth(), follow_redirects=True)
            self.assertEqual(answer.status_code, status)
            self.assertEqual("authorization" in server.seen[-1]["headers"], status == 200)

    def test_failures_are_of_the_library(self):
        server = self.server(lambda request: (200, {}))
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        for call in (lambda: httpx.get(server.url, auth=CGPAuth()), lambda: asyncio.run(self.get(server.url))):
            with self.assertRaises(httpx.RequestError) as caught:
                call()
            self.assertIsInstance(caught.exception, CGPAuthError)
            self.assertIsInstance(caught.exception, CredentialError)
            self.assertEqual((str(caught.exception), caught.exception.status), ("cgp-cred: locked\nhint: unlock", 4))
            self.assertEqual(str(caught.exception.request.url), server.url)
        self.assertEqual(server.seen, [])

    async def get(self, url):
        async with httpx.AsyncClient(auth=CGPAuth()) as client:
            return await client.get(url)

    def test_the_loop_goes_on(self):
        server = self.server(wants("token1"))
        self.plan(get={"until": "ticked", "stdout": answer("Authorization: Bearer token@N@", server.url)})

        async def run():
            calls = [asyncio.create_task(self.get(f"{server.url}/{i}")) for i in range(20)]
            while not self.runs():
                await asyncio.sleep(0.01)
            (self.folder / "ticked").touch()  # a loop that is blocked never gets here
            return [(await call).status_code for call in calls]

        self.assertEqual((asyncio.run(run()), len(self.runs())), ([200] * 20, 1))
