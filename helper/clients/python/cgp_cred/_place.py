"""Places on the web: scheme, host with port, and path. A query never gets this far."""

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
    host: str  # lower case, with its port where the URL has one
    path: str  # as it is sent; empty: not known

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def plain(self) -> bool:
        """Whether every client and server reads the same path in it.

        It is stricter than cgp-cred itself, which is asked about each path that is not plain: no dot segments, with
        parameters or not, and no encoded character that a server may decode twice or in its own way.
        """
        if _ENCODED.search(self.path) or _DOTS.search(self.path):
            return False
        return _PATH.fullmatch(self.path) is not None

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine: localhost, a dotted quad of 127.0.0.0/8 or [::1]."""
        return _LOOPBACK.fullmatch(self.host) is not None


def place_of(url: str) -> Place:
    """Return the place that an absolute URL names.

    Raises ValueError where clients could read another host in it; the message has nothing of the URL.
    """
    if re.fullmatch(r"[!-~]+", url) is None:
        raise ValueError("the URL has a blank, a control character or a letter beyond ASCII")
    parts = urlsplit(url)
    host = parts.netloc.lower()
    if "@" in host:
        raise ValueError("the URL has user information, which is no place for credentials")
    if parts.scheme not in ("http", "https") or _HOST.fullmatch(host) is None:
        raise ValueError("the URL has no scheme and host that can be read")
    return Place(parts.scheme, host, parts.path or "/")


def redirected(source: Place, location: str) -> Optional[Place]:
    """Return where a Location header leads from a place, or None where it takes rules to tell."""
    if location.startswith("/") and not location.startswith("//"):
        location = source.origin + location
    try:
        return place_of(location)
    except ValueError:
        return None
