"""Authentication for httpx: ``httpx.get(url, auth=CGPAuth("int"))``, and the same with AsyncClient."""

from __future__ import annotations

import asyncio
from typing import AsyncGenerator, Generator, List, Optional, Tuple

import httpx

from ._header import Header
from ._helper import CredentialError, Helper

__all__ = ["CGPAuth", "CGPAuthError"]

# How many more times a request may be sent: after a redirect without the header, and after a refused token.
_RETRIES = 2


class CGPAuthError(CredentialError, httpx.RequestError):
    """There is no credential, so no request was sent; ``status`` is the exit status of cgp-cred."""


class CGPAuth(httpx.Auth):
    """Sends the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

    A request that is refused with 401 is sent once more with a new token if its body is in memory. The header is not in
    ``request.headers``: a redirect, which copies these, does not send it, and logs don't show it. Threads, tasks and
    clients may share one object; it does not block an asyncio loop. Raises CGPAuthError. ``timeout`` limits one run of
    cgp-cred, in seconds.
    """

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self._helper = Helper(profile, timeout=timeout)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        try:
            header = self._helper.header(str(request.url))
            response = yield _with(request, header)
            for _ in range(_RETRIES):
                request = response.request
                if not _refused(response, header):
                    return
                new = self._other(request, header)
                if new is None or not isinstance(request.stream, httpx.ByteStream):
                    return
                header = new
                response = yield _with(request, header)
        except CredentialError as error:
            raise _failure(error, request) from None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        try:
            url = str(request.url)
            header = self._helper.kept(url) or await asyncio.to_thread(self._helper.header, url)
            response = yield _with(request, header)
            for _ in range(_RETRIES):
                request = response.request
                if not _refused(response, header):
                    return
                new = await asyncio.to_thread(self._other, request, header)
                if new is None or not isinstance(request.stream, httpx.ByteStream):
                    return
                header = new
                response = yield _with(request, header)
        except CredentialError as error:
            raise _failure(error, request) from None

    def _other(self, request: httpx.Request, header: Header) -> Optional[Header]:
        """Return a new header after a refusal, or the same one if the request was sent without it."""
        if isinstance(request.headers, _Headers):
            return self._helper.replace(str(request.url), header)
        return self._helper.header(str(request.url))


class _Headers(httpx.Headers):
    """Headers with one more, which is sent but is not in any copy of them."""

    def __init__(self, headers: httpx.Headers, header: Header) -> None:
        self._extra = (header.name.encode("ascii"), header.value.encode("ascii"))
        others = httpx.Headers(headers)
        others.pop(header.name, None)
        super().__init__(others)

    @property
    def raw(self) -> List[Tuple[bytes, bytes]]:
        return [*super().raw, self._extra]


def _with(request: httpx.Request, header: Header) -> httpx.Request:
    if header.name:
        request.headers = _Headers(request.headers, header)
    return request


def _refused(response: httpx.Response, header: Header) -> bool:
    """Report whether a response, perhaps after a redirect, is a 401 from a place that the header covers."""
    return response.status_code == 401 and bool(header.name) and header.covers_url(str(response.request.url))


def _failure(error: CredentialError, request: httpx.Request) -> CGPAuthError:
    failure = CGPAuthError(str(error), error.status)
    failure.request = request
    return failure
