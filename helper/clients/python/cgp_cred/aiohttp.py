"""Authentication for aiohttp: ``CGPSession("int")`` is a ClientSession that sends the header of a profile of cgp-cred.

From aiohttp 3.12 on there is also ``ClientSession(middlewares=[CGPMiddleware("int")])``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import warnings
from collections.abc import Mapping
from typing import Any, Awaitable, Callable, FrozenSet, NamedTuple, Optional

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession
from yarl import URL

from ._header import Header
from ._helper import CredentialError, Helper

__all__ = ["CGPAuthError", "CGPMiddleware", "CGPSession"]

_MIDDLEWARES = hasattr(aiohttp, "ClientHandlerType")


class CGPAuthError(CredentialError, aiohttp.ClientError):
    """There is no credential, so no request was sent; ``status`` is the exit status of cgp-cred."""


class _Credentials:
    """Asks for the headers of a profile without blocking the loop."""

    def __init__(self, profile: Optional[str], timeout: float) -> None:
        self._helper = Helper(profile, timeout=timeout)

    async def header(self, url: URL) -> Header:
        text = _text(url)
        try:
            return self._helper.kept(text) or await asyncio.get_running_loop().run_in_executor(
                None, self._helper.header, text
            )
        except CredentialError as error:
            raise CGPAuthError(str(error), error.status) from None

    async def replace(self, url: URL, refused: Header) -> Optional[Header]:
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._helper.replace, _text(url), refused)
        except CredentialError as error:
            raise CGPAuthError(str(error), error.status) from None


class _Redirect(NamedTuple):
    """What the next request of a task is if it follows a redirect."""

    targets: FrozenSet[str]
    header: Header


_redirect: contextvars.ContextVar[Optional[_Redirect]] = contextvars.ContextVar("cgp_cred_redirect", default=None)


class CGPMiddleware:
    """Sends the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

    A request that is refused with 401 is sent once more with a new token if its body is in memory. A redirect sends the
    header only to a place that the same profile covers. The header is not in ``request_info``, so that no error shows
    it. Tasks and sessions may share one object; it does not block the loop. Raises CGPAuthError. ``timeout`` limits one
    run of cgp-cred, in seconds. Make it the last middleware of a session, so that others do not see the header.
    """

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self._credentials = _Credentials(profile, timeout)

    async def __call__(
        self, request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        followed = _redirect.get()
        if followed is not None and str(request.url) in followed.targets:
            header = followed.header
            if not header.covers_url(_text(request.url)):
                response = await handler(request)
                _note_redirect(response, header)
                return response
        else:
            header = await self._credentials.header(request.url)
        response = await _send(request, handler, header)
        if response.status == 401 and header.name and _in_memory(getattr(request, "body", None)):
            new = await self._credentials.replace(request.url, header)
            if new is not None:
                header = new
                response.release()
                response = await _send(request, handler, header)
        _note_redirect(response, header)
        return response


async def _send(
    request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]], header: Header
) -> ClientResponse:
    """Send a request with a header, and take the header out of it again: request_info shares its headers."""
    if not header.name:
        return await handler(request)
    theirs = request.headers.popall(header.name, [])
    request.headers[header.name] = header.value
    try:
        return await handler(request)
    finally:
        request.headers.popall(header.name, None)
        for value in theirs:
            request.headers.add(header.name, value)


def _note_redirect(response: ClientResponse, header: Header) -> None:
    """Tell the next call in this task where a redirect leads: aiohttp does not say which requests follow one."""
    location = response.headers.get("Location") or response.headers.get("URI")
    followed = None
    if response.status in (301, 302, 303, 307, 308) and location:
        targets = set()
        for encoded in (False, True):
            with contextlib.suppress(ValueError, TypeError):
                target = response.url.join(URL(location, encoded=encoded))
                targets.add(str(target.with_user(None).with_fragment(None)))
        followed = _Redirect(frozenset(targets), header)
    _redirect.set(followed)


class _Flow:
    """One request of a session with the redirects that it follows."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.refusable: Optional[URL] = None  # where the last request with the header went


_flow: contextvars.ContextVar[Optional[_Flow]] = contextvars.ContextVar("cgp_cred_flow", default=None)


class _Request(ClientRequest):
    """A request, perhaps after a redirect, that has the header only while it is written."""

    async def send(self, conn: Any) -> ClientResponse:
        flow = _flow.get()
        send = super().send
        if flow is None:
            return await send(conn)
        covered = flow.header.covers_url(_text(self.url))
        flow.refusable = self.url if covered and flow.header.name else None
        if not covered:
            return await send(conn)
        return await _send(self, lambda request: send(conn), flow.header)


def _session_class() -> Any:
    """Return a subclass of ClientSession for aiohttp without middlewares, which has no other hook for a retry."""

    class CGPSession(ClientSession):
        """A ClientSession with the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

        A request that is refused with 401 is sent once more with a new token if its body is in memory. A redirect sends
        the header only to a place that the same profile covers. The header is not in ``request_info``. The loop is not
        blocked. Raises CGPAuthError. ``credential_timeout`` limits one run of cgp-cred, in seconds; the other arguments
        are those of ClientSession.
        """

        ATTRS = frozenset({*getattr(ClientSession, "ATTRS", ()), "_credentials"})

        def __init__(self, profile: Optional[str] = None, *, credential_timeout: float = 120.0, **kwargs: Any) -> None:
            theirs = kwargs.pop("request_class", ClientRequest)
            kind = type("CGPRequest", (_Request, theirs), {}) if theirs is not ClientRequest else _Request
            super().__init__(request_class=kind, **kwargs)
            self._credentials = _Credentials(profile, credential_timeout)

        async def _request(self, method: str, str_or_url: Any, **kwargs: Any) -> ClientResponse:
            check = kwargs.pop("raise_for_status", None)
            flow = _Flow(await self._credentials.header(self._build_url(str_or_url)))
            response = await self._once(flow, method, str_or_url, **kwargs)
            if response.status == 401 and flow.refusable is not None and _replayable(kwargs):
                new = await self._credentials.replace(flow.refusable, flow.header)
                if new is not None:
                    response.release()
                    response = await self._once(_Flow(new), method, str_or_url, **kwargs)
            check = self._raise_for_status if check is None else check
            if callable(check):
                await check(response)
            elif check:
                response.raise_for_status()
            return response

        async def _once(self, flow: _Flow, method: str, url: Any, **kwargs: Any) -> ClientResponse:
            token = _flow.set(flow)
            try:
                return await super()._request(method, url, raise_for_status=False, **kwargs)
            finally:
                _flow.reset(token)

    return CGPSession


if _MIDDLEWARES:

    def CGPSession(  # noqa: N802 - older versions of aiohttp get a class
        profile: Optional[str] = None, *, credential_timeout: float = 120.0, **kwargs: Any
    ) -> ClientSession:
        """Return a ClientSession whose last middleware is ``CGPMiddleware(profile, timeout=credential_timeout)``.

        A request with middlewares of its own has only those, so it is sent without the header.
        """
        middlewares = (*kwargs.pop("middlewares", ()), CGPMiddleware(profile, timeout=credential_timeout))
        return ClientSession(middlewares=middlewares, **kwargs)

else:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # inheritance is discouraged
        CGPSession = _session_class()


def _text(url: URL) -> str:
    """Return a URL for cgp-cred: a WebSocket begins as a request by http or https."""
    text = str(url)
    return "http" + text[2:] if url.scheme in ("ws", "wss") else text


def _in_memory(body: Any) -> bool:
    """Report whether a request's body can be sent again."""
    return not body or isinstance(body, (bytes, bytearray, aiohttp.payload.BytesPayload))


def _replayable(arguments: Mapping[str, Any]) -> bool:
    """Report whether the body that a request's arguments make can be made again."""
    data = arguments.get("data")
    if isinstance(data, Mapping):
        data = list(data.values())
    elif isinstance(data, (list, tuple)):
        data = [value for pair in data if isinstance(pair, (list, tuple)) for value in pair]
    else:
        data = [data]
    return all(value is None or isinstance(value, (bytes, bytearray, memoryview, str, int, float)) for value in data)
