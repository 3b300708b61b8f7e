import asyncio
import io
import os
import unittest
import warnings
from types import SimpleNamespace
from unittest import mock

from cgp_cred import CredentialError

from .fake import Case, answer, wants

try:
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL

    from cgp_cred import aiohttp as ours
except ImportError:
    aiohttp = None


class StandIn:
    """Stands for a session with middlewares, which came with aiohttp 3.12, on an older one."""

    def __init__(self, middleware):
        self.middleware = middleware
        self.session = aiohttp.ClientSession()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *ended):
        await self.session.close()

    async def request(self, method, url, *, headers=None, data=None):
        url, headers = URL(url), CIMultiDict(headers or {})
        while True:
            body = aiohttp.payload.get_payload(data) if data is not None else b""
            sent = SimpleNamespace(url=url.with_fragment(None), method=method, headers=CIMultiDict(headers), body=body)
            response = await self.middleware(sent, self.send)
            if response.status != 302:
                return response
            response.release()
            url = url.join(URL(response.headers["Location"])).with_user(None)

    async def send(self, sent):
        data = sent.body if isinstance(sent.body, bytes) else sent.body._value
        return await self.session.request(sent.method, sent.url, headers=sent.headers, data=data, allow_redirects=False)


@unittest.skipIf(aiohttp is None, "aiohttp is missing")
class SessionTest(Case):
    in_process = True

    def session(self, profile="int", **more):
        return ours.CGPSession(profile, **more)

    def ask(self, url, data=None, **headers):
        """Return the status of one request."""
        return self.run_with(lambda session: self.status(session, url, data, **headers))

    def run_with(self, call, **more):
        async def run():
            async with self.session(**more) as session:
                return await call(session)

        return asyncio.run(run())

    async def status(self, session, url, data=None, **headers):
        response = await session.request("POST" if data is not None else "GET", url, data=data, headers=headers)
        status = response.status
        if status == 200:
            self.assertEqual(await response.read(), b"ok")
        response.release()
        return status

    def test_header(self):
        server = self.server(wants("token1"))
        self.assertEqual(self.ask(server.url + "/x?patient=943#fragment", Authorization="theirs"), 200)
        [run] = self.runs()
        self.assertNotIn("943", str(run))
        self.assertEqual(run["argv"], ["credential", "get", "int"])

    def test_api_key_and_nothing_needed(self):
        server = self.server(lambda request: (401, {}))
        self.answers("apikey: k1")
        self.assertEqual(self.ask(server.url, Authorization="theirs"), 401)
        self.assertEqual(server.seen[0]["headers"]["apikey"], "k1")
        self.assertEqual(server.seen[0]["headers"]["authorization"], "theirs")
        self.assertEqual((len(server.seen), self.runs("erase")), (1, []))
        self.setUp()
        self.answers("")
        self.assertEqual(self.ask(server.url), 401)
        self.assertNotIn("apikey", server.seen[1]["headers"])

    def test_refused_token_is_replaced_once(self):
        server = self.server(wants("token2"))
        for number, body in enumerate((None, b"bytes", "text")):
            self.setUp()
            self.assertEqual(self.ask(server.url, body), 200)
            self.assertEqual(len(self.runs("erase")), 1)
            first, second = server.seen[2 * number :]
            self.assertEqual(first["body"], second["body"])
            self.assertEqual(first["headers"]["authorization"], "Bearer token1")

    def test_a_stream_is_not_sent_twice(self):
        server = self.server(wants("token2"))
        self.assertEqual(self.ask(server.url, io.BytesIO(b"a file")), 401)
        self.assertEqual([r["body"] for r in server.seen], ["a file"])

    def test_a_server_that_refuses_all_is_believed(self):
        server = self.server(wants())

        async def five(session):
            return [await self.status(session, server.url) for _ in range(5)]

        self.assertEqual(self.run_with(five), [401] * 5)
        self.assertEqual((len(self.runs()), len(server.seen)), (2, 6))

    def test_redirects(self):
        for header, name in (("Authorization: Bearer t", "authorization"), ("apikey: k", "apikey")):
            for scope, target, goes_along in (
                ("", "{other}/api/x", False),
                (None, "{other}/api/x#f", False),
                ("", "http://user:pass@{otherhost}/x", False),
                ("", "/y", True),
                ("", "y", True),
                ("", "{own}/y?q=%20%2F", True),
                ("/api", "/api/y", True),
                ("/api", "/apiy", False),
                ("/api", "/api/../y", False),
                ("/api", "//{host}/api/y", True),
                (None, "/api/y", False),
            ):
                other = self.server(lambda request: (200, {}))
                names = {"other": other.url, "otherhost": other.host}
                first = self.server(
                    lambda request: (302, {"Location": target.format(own=first.url, host=first.host, **names)})
                    if request["path"] == "/api/x"
                    else (200, {})
                )
                self.setUp()
                self.answers(header, scope=None if scope is None else first.url + scope)
                self.assertEqual(self.ask(first.url + "/api/x", **{"X-Mine": "1"}), 200)
                self.assertIn(name, first.seen[0]["headers"])
                second = other.seen[0] if other.seen else first.seen[1]
                found = second["headers"].get(name, "")
                self.assertEqual(found in ("Bearer t", "k"), goes_along, (header, scope, target))
                self.assertEqual(second["headers"]["x-mine"], "1")

    def test_redirects_on_and_on(self):
        other = self.server(lambda request: (302, {"Location": first.url + "/end"}))

        def answer(request):
            target = {"/a": "/b", "/b": other.url + "/c"}.get(request["path"])
            return (302, {"Location": target}) if target else (200, {})

        first = self.server(answer)
        self.answers("apikey: k", scope=first.url)
        self.assertEqual(self.ask(first.url + "/a"), 200)
        self.assertEqual(["apikey" in r["headers"] for r in other.seen], [False])
        self.assertEqual(["apikey" in r["headers"] for r in first.seen[:2]], [True, True])

    def test_a_redirect_to_a_place_of_another_profile(self):
        other = self.server(lambda request: (200, {}))
        server = self.server(lambda request: (302, {"Location": other.url}))

        async def both(session):
            self.answers(scope=other.url)
            first = await self.status(session, other.url)
            self.answers(scope=server.url)
            return first, await self.status(session, server.url), await self.status(session, other.url)

        self.assertEqual(self.run_with(both), (200, 200, 200))
        self.assertEqual(["authorization" in r["headers"] for r in other.seen], [True, False, True])

    def test_a_refusal_after_a_redirect(self):
        def answer(request):
            if request["path"] == "/x":
                return 302, {"Location": "/y"}
            return wants("token2")(request)

        server = self.server(answer)
        self.answers(scope=server.url)
        self.assertEqual(self.ask(server.url + "/x"), 200)
        self.assertEqual(len(self.runs("erase")), 1)

    def test_the_other_server_can_not_ask_for_it(self):
        other = self.server(lambda request: (401, {}))
        first = self.server(lambda request: (302, {"Location": other.url}))
        self.answers("apikey: k", scope=first.url)
        self.assertEqual(self.ask(first.url), 401)
        self.assertEqual(["apikey" in r["headers"] for r in other.seen], [False])
        self.assertEqual(len(self.runs()), 1)

    def test_failures_are_of_the_library(self):
        server = self.server(lambda request: (200, {}))
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        with self.assertRaises(aiohttp.ClientError) as caught:
            self.ask(server.url)
        self.assertIsInstance(caught.exception, ours.CGPAuthError)
        self.assertIsInstance(caught.exception, CredentialError)
        self.assertEqual((str(caught.exception), caught.exception.status), ("cgp-cred: locked\nhint: unlock", 4))
        self.plan(get={"stdout": ""})
        with self.assertRaisesRegex(ours.CGPAuthError, "does not cover"):
            self.ask(server.url)
        self.assertEqual(server.seen, [])

    def test_failure_of_the_replacement(self):
        server = self.server(lambda request: (self.plan(get={"status": 5, "stderr": "cgp-cred: no\nhint: x\n"}), (401, {}))[1])
        with self.assertRaisesRegex(ours.CGPAuthError, "cgp-cred: no"):
            self.ask(server.url)

    def test_a_proxy_gets_no_credential_for_this_machine(self):
        proxy, server = self.server(lambda request: (200, {})), self.server(lambda request: (200, {}))
        with mock.patch.dict(os.environ, {"http_proxy": proxy.url, "NO_PROXY": ""}):
            with self.assertRaisesRegex(ours.CGPAuthError, "goes to no proxy"):
                self.ask(server.url)
        self.assertEqual((proxy.seen, server.seen), ([], []))

    def test_the_loop_goes_on(self):
        server = self.server(wants("token1"))
        self.plan(get={"until": "ticked", "stdout": answer("Authorization: Bearer token@N@", server.url)})

        async def run(session):
            calls = [asyncio.ensure_future(self.status(session, f"{server.url}/{i}")) for i in range(50)]
            while not self.runs() and not any(call.done() for call in calls):
                await asyncio.sleep(0.01)
            (self.folder / "ticked").touch()  # a loop that is blocked never gets here
            return [await call for call in calls]

        self.assertEqual((self.run_with(run), len(self.runs())), ([200] * 50, 1))

    def test_no_token_is_shown(self):
        server = self.server(wants())

        async def run(session):
            response = await session.request("GET", server.url, headers={"X-Mine": "1"})
            shown = [repr(response), str(response.request_info)]
            with self.assertRaises(aiohttp.ClientResponseError) as caught:
                response.raise_for_status()
            response.release()
            return [*shown, repr(caught.exception), str(caught.exception.args)]

        if isinstance(self, MiddlewareTest) and not ours._MIDDLEWARES:
            return  # its own session has the header
        shown = self.run_with(run)
        self.assertIn("X-Mine", shown[1])
        for text in shown:
            self.assertNotRegex(text, r"token\d")


@unittest.skipIf(aiohttp is None, "aiohttp is missing")
class ClientSessionTest(Case):
    """What the class or function itself has."""

    in_process = True

    def test_arguments_of_a_session(self):
        server = self.server(wants("token2"))

        async def run():
            more = {"raise_for_status": True, "headers": {"X-Mine": "1"}, "timeout": aiohttp.ClientTimeout(total=600)}
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                async with ours.CGPSession("int", credential_timeout=600, **more) as session:
                    async with session.get(server.url, params={"a": "b"}) as response:
                        self.assertEqual(response.status, 200)
                    async with session.post(server.url, json={"a": 1}) as response:
                        self.assertEqual(await response.text(), "ok")
                    with self.assertRaises(TypeError):
                        await session.get(server.url, nonsense=1)
                    self.plan(get={"stdout": ""})
                    with self.assertRaises(ours.CGPAuthError):
                        await session.get("http://localhost:1/")

        asyncio.run(run())
        self.assertEqual([r["headers"]["x-mine"] for r in server.seen], ["1", "1", "1"])

    def test_raise_for_status_after_the_retry(self):
        server = self.server(wants())

        async def run():
            async with ours.CGPSession(raise_for_status=True) as session:
                with self.assertRaises(aiohttp.ClientResponseError) as caught:
                    await session.get(server.url)
                response = await session.get(server.url, raise_for_status=False)
                response.release()
                return caught.exception

        self.assertEqual(asyncio.run(run()).status, 401)

    def test_a_base_url_and_a_request_class(self):
        server = self.server(wants("token1"))

        class Request(aiohttp.ClientRequest):
            seen = []

            def __init__(self, method, url, **kwargs):
                self.seen.append(str(url))
                super().__init__(method, url, **kwargs)

        async def run():
            async with ours.CGPSession(base_url=server.url, request_class=Request) as session:
                async with session.get("/x") as response:
                    return response.status

        self.assertEqual((asyncio.run(run()), Request.seen), (200, [server.url + "/x"]))

    def test_bodies(self):
        server = self.server(wants("token2"))

        async def post(**body):
            async with ours.CGPSession() as session:
                async with session.post(server.url, **body) as response:
                    return response.status

        for body, status in (
            ({"json": {"a": 1}}, 200),
            ({"data": {"a": "b"}}, 200),
            ({"data": {"file": io.BytesIO(b"x")}}, 401),
            ({"data": io.BytesIO(b"x")}, 401),
        ):
            self.setUp()
            self.assertEqual(asyncio.run(post(**body)), status, body)


@unittest.skipIf(aiohttp is None, "aiohttp is missing")
class MiddlewareTest(SessionTest):
    """The middleware; before aiohttp 3.12 with what stands for a session."""

    def session(self, profile="int"):
        middleware = ours.CGPMiddleware(profile)
        if ours._MIDDLEWARES:
            return aiohttp.ClientSession(middlewares=[middleware])
        return StandIn(middleware)
