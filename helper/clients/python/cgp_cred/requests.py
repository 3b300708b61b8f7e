"""Authentication for requests: ``requests.get(url, auth=CGPAuth("int"))``."""

from __future__ import annotations

import functools
from typing import Any, NoReturn, Optional

import requests
from requests.auth import AuthBase
from requests.utils import rewind_body

from ._header import Header
from ._helper import CredentialError, Helper
from ._place import place_of, redirected

__all__ = ["CGPAuth", "CGPAuthError"]


class CGPAuthError(CredentialError, requests.exceptions.RequestException):
    """There is no credential, so no request was sent; ``status`` is the exit status of cgp-cred."""


class CGPAuth(AuthBase):
    """Sends the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

    A request that is refused with 401 is sent once more with a new token if its body can be sent again. A redirect
    sends the header only to a place that the same profile covers. An entry in netrc is never used instead. Threads and
    sessions may share one object. Raises CGPAuthError. ``timeout`` limits one run of cgp-cred, in seconds.
    """

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self._helper = Helper(profile, timeout=timeout)

    @property
    def profile(self) -> Optional[str]:
        return self._helper.profile

    @property
    def timeout(self) -> float:
        return self._helper.timeout

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        try:
            header = self._helper.header(r.url or "")
        except CredentialError as error:
            _fail(error)
        if header.name:
            r.headers[header.name] = header.value
            r.register_hook("response", functools.partial(self._answered, header))
        return r

    def _answered(self, header: Header, response: requests.Response, **kwargs: Any) -> requests.Response:
        """Check each response, redirects included: requests copies its request, with the header, for the next one."""
        request = response.request
        if response.status_code == 401 and header.covers_url(request.url):
            response = self._again(header, response, **kwargs)
        if response.is_redirect:
            target = redirected(place_of(request.url or ""), response.headers["location"])
            if target is None or not header.covers(target):
                request.headers.pop(header.name, None)
        return response

    def _again(self, header: Header, response: requests.Response, **kwargs: Any) -> requests.Response:
        """Send a refused request once more: with a new header, or with this one if it was sent without it."""
        request = response.request
        url = request.url or ""
        new: Optional[Header]
        try:
            if request.headers.get(header.name) == header.value:
                new = self._helper.replace(url, header)
            else:
                new = self._helper.header(url)
        except CredentialError as error:
            response.close()
            _fail(error)
        if new is None or not new.name or not _rewound(request):
            return response
        response.content  # read to its end, so that the connection is free
        response.close()
        request.headers[new.name] = new.value
        retry = request.copy()
        result: requests.Response = response.connection.send(retry, **kwargs)
        result.history.append(response)
        result.request = retry
        return result


def _rewound(request: requests.PreparedRequest) -> bool:
    """Report whether a body can be sent again: it is in memory, or a file that can be rewound."""
    if request.body is None or isinstance(request.body, (bytes, str)):
        return True
    try:
        rewind_body(request)
    except requests.exceptions.UnrewindableBodyError:
        return False
    return True


def _fail(error: CredentialError) -> NoReturn:
    raise CGPAuthError(str(error), error.status) from None
