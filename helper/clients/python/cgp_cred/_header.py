"""A header, how long it is valid, and for which URLs."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Dict, Optional

from ._place import Place, place_of

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ([!-~]+(?: [!-~]+)?)")

# In seconds: how long before its expiry a token is no longer used; how long a header without an expiry is kept; how long
# a new header that was refused too is not replaced again.
MARGIN = 60.0
KEEP = 300.0
FINAL = 60.0


@dataclass(frozen=True)
class Header:
    """What cgp-cred answered for a place. Its repr does not show the value."""

    name: str  # empty: this place needs no credential
    value: str = field(repr=False)
    asked: Place
    below: Optional[str]  # valid at and below this path, by whole segments; None: only for the path asked for
    received: float  # Unix time
    expires: Optional[float]  # Unix time; None: it does not expire
    replaces: bool  # it was requested because another one was refused

    def covers(self, place: Place) -> bool:
        """Report whether it may be sent to a place."""
        if place.origin != self.asked.origin:
            return False
        if place.path == self.asked.path:
            return True
        below = self.below
        return below is not None and place.plain and (place.path + "/").startswith(below + "/")

    def covers_url(self, url: Optional[str]) -> bool:
        try:
            return url is not None and self.covers(place_of(url))
        except ValueError:
            return False

    def fresh(self) -> bool:
        """Report whether it may be used: it does not expire soon, and the clock was not put back."""
        now = time.time()
        if self.expires is None:
            return self.received - 5 <= now < self.received + KEEP
        margin = min(MARGIN, (self.expires - self.received) / 2)
        return self.received - 5 <= now < self.expires - margin

    def final(self) -> bool:
        """Report whether a refusal of it is final: it is new, so another one would be refused too."""
        now = time.time()
        young = self.received - 5 <= now < self.received + FINAL
        return self.replaces and young and (self.expires is None or now < self.expires)

    @property
    def token(self) -> str:
        """Return the Bearer token, or nothing."""
        scheme, _, token = self.value.partition(" ")
        return token if scheme == "Bearer" else ""


class OldHelperError(ValueError):
    """The answer is from a cgp-cred that does not know this package's request."""


def parse_answer(text: str, asked: Place, *, replaces: bool = False) -> Optional[Header]:
    """Read the answer of ``cgp-cred credential get``: key=value lines. None: no profile covers the place.

    Raises ValueError if it is not such an answer, OldHelperError if an old cgp-cred gave it; the message does not quote
    it.
    """
    if not text:
        return None
    if not text.endswith("\n"):
        raise ValueError("its last line is incomplete")
    seen: Dict[str, str] = {}
    capabilities = set()
    for line in text[:-1].split("\n"):
        key, equals, value = line.partition("=")
        if key == "capability[]":
            capabilities.add(value)
            continue
        if not equals or key in seen:
            raise ValueError("a line is not KEY=VALUE, or a key is there twice")
        seen[key] = value
    line = seen.get("header")
    if line is not None and "header" not in capabilities:
        raise OldHelperError("it is of an old cgp-cred")
    if line is None:
        raise ValueError("it has no header")
    match = _LINE.fullmatch(line)
    if line and match is None:
        raise ValueError("its header can't be sent")
    expires = seen.get("password_expiry_utc")
    if expires is not None and re.fullmatch(r"[0-9]{1,12}", expires) is None:
        raise ValueError("its expiry is not a number")
    return Header(
        name=match.group(1) if match else "",
        value=match.group(2) if match else "",
        asked=asked,
        below=_below(seen.get("scope"), asked),
        received=time.time(),
        expires=None if expires is None else float(expires),
        replaces=replaces,
    )


def _below(scope: Optional[str], asked: Place) -> Optional[str]:
    """Return the path below which a header is valid, if its scope has the same host; otherwise None."""
    if scope is None:
        return None
    try:
        place = place_of(scope)
    except ValueError:
        return None
    if place.scheme != asked.scheme or _short(place) != _short(asked):
        return None
    return place.path.rstrip("/")


def _short(place: Place) -> str:
    """Return the host without the default port of https."""
    return place.host[: -len(":443")] if place.scheme == "https" and place.host.endswith(":443") else place.host
