"""Authentication for urllib: ``urllib.request.build_opener(CGPHandler("int")).open(url)``."""

from __future__ import annotations

import copy
import urllib.error
import urllib.request
from typing import Any, Optional

from ._header import Header
from ._helper import CredentialError, Helper

__all__ = ["CGPAuthError", "CGPHandler"]


class CGPAuthError(CredentialError, urllib.error.URLError):
    """There is no credential, so no request was sent; ``status`` is the exit status of cgp-cred."""

    def __str__(self) -> str:
        return str(self.args[0])


class CGPHandler(urllib.request.HTTPRedirectHandler):
    """Sends the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

    A request that is refused with 401 is sent once more with a new token if its body can be sent again. A redirect sends
    the header only to a place that the same profile covers. The header is not in ``request.headers``. Threads and
    openers may share one object. Raises CGPAuthError. ``timeout`` limits one run of cgp-cred, in seconds.
    """

    handler_order = 450  # before other handlers of redirects

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self._helper = Helper(profile, timeout=timeout)

    def http_request(self, request: Any) -> Any:
        """Add the header."""
        before = request.__dict__.pop("_cgp_cred_sent", None)
        if before is not None:  # the same object was sent before
            request.unredirected_hdrs.pop(before.name, None)
        sent = request.__dict__.pop("_cgp_cred", None) or _Sent()
        url = request.full_url.partition("#")[0]
        try:
            header = sent.header or self._helper.header(url)
        except CredentialError as error:
            raise CGPAuthError(str(error), error.status) from None
        request._cgp_cred_sent = _Sent(header, sent.again, _position(request.data))
        if header.name and header.covers_url(url):
            name = header.name.capitalize()
            request.add_unredirected_header(name, header.value)
            request._cgp_cred_sent.name = name
        return request

    https_request = http_request

    def http_error_401(self, request: Any, response: Any, code: int, message: str, headers: Any) -> Any:
        """Send a refused request once more."""
        sent = request.__dict__.get("_cgp_cred_sent")
        if sent is None or not sent.name or sent.again or not _rewound(request.data, sent.position):
            return None
        try:
            new = self._helper.replace(request.full_url.partition("#")[0], sent.header)
        except CredentialError as error:
            response.close()
            raise CGPAuthError(str(error), error.status) from None
        if new is None:
            return None
        response.close()
        again = copy.copy(request)
        again.unredirected_hdrs = dict(request.unredirected_hdrs)
        again.headers = dict(request.headers)
        again._cgp_cred = _Sent(new, True)
        return self.parent.open(again, timeout=request.timeout)

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Let the next request have the same header, if it covers the place, or none."""
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        sent = req.__dict__.get("_cgp_cred_sent")
        if new is not None and sent is not None:
            new._cgp_cred = _Sent(sent.header, sent.again)
        return new


class _Sent:
    """What was, or is to be, sent with a request."""

    def __init__(
        self, header: Optional[Header] = None, again: bool = False, position: Optional[int] = None
    ) -> None:
        self.header = header
        self.again = again  # it was refused already
        self.position = position  # of the body's file
        self.name = ""  # of the header, in the form of urllib; empty: sent without it


def _position(data: Any) -> Optional[int]:
    try:
        return int(data.tell())
    except (AttributeError, OSError, TypeError, ValueError):
        return None


def _rewound(data: Any, position: Optional[int]) -> bool:
    """Report whether a body can be sent again: it is in memory, or a file that can be rewound."""
    if data is None or isinstance(data, (bytes, bytearray, memoryview)):
        return True
    try:
        return position is not None and data.seek(position) == position
    except (AttributeError, OSError, TypeError, ValueError):
        return False
