"""Places on the web: scheme, host with port, and path, without a query."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+")
_ENCODED = re.compile(r"%(?:2[5ef]|3b|5c|7f|[018-9a-f])", re.IGNORECASE)
_DOTS = re.compile(r"/\.+(?:[/;%]|$)")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")


class Place(NamedTuple):
    """Where a request goes."""

    scheme: str  # "https" or "http"
    host: str  # lower case, with the port if the URL has one
    path: str  # as it is sent; empty: not known

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def plain(self) -> bool:
        """Report whether every client and server reads the same path in it.

        The rule is stricter than cgp-cred's own: no dot segments, with or without parameters, and no encoded character
        that servers decode in different ways. cgp-cred is asked about each path that is not plain.
        """
        if _PATH.fullmatch(self.path) is None:
            return False
        return _ENCODED.search(self.path) is None and _DOTS.search(self.path) is None

    @property
    def loopback(self) -> bool:
        """Report whether it is on this machine: localhost, an address of 127.0.0.0/8 or [::1]."""
        return _LOOPBACK.fullmatch(self.host) is not None


def place_of(url: str) -> Place:
    """Return the place that an absolute URL names.

    Raises ValueError if clients could read another host in it; the message does not quote the URL.
    """
    if re.fullmatch(r"[!-~]+", url) is None:
        raise ValueError("the URL has a space, a control character or a letter beyond ASCII")
    parts = urlsplit(url)
    host = parts.netloc.lower()
    if "@" in host:
        raise ValueError("the URL has user information, which is not allowed")
    if parts.scheme not in ("http", "https") or _HOST.fullmatch(host) is None:
        raise ValueError("the URL's scheme and host can't be read")
    return Place(parts.scheme, host, parts.path or "/")


def redirected(source: Place, location: str) -> Optional[Place]:
    """Return where a Location header leads from a place, or None if it is relative or can't be read."""
    if location.startswith("/") and not location.startswith("//"):
        location = source.origin + location
    try:
        return place_of(location)
    except ValueError:
        return None
