"""A header, for how long it is good, and where."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Dict, Optional

from ._place import Place, place_of

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ([!-~]+(?: [!-~]+)?)")

# How long, in seconds: before its end a token is not used any more; a header without an end is kept; a new header that
# was refused too stands for the answer to the next refusals.
MARGIN = 60.0
KEEP = 300.0
STANDS = 60.0


@dataclass(frozen=True)
class Header:
    """What cgp-cred answered for a place. It is not printed with its value."""

    name: str  # empty: this place needs no credential
    value: str = field(repr=False)
    asked: Place
    below: Optional[str]  # good for each path at and below it, by whole segments; None: for the path asked for alone
    received: float  # Unix time
    expires: Optional[float]  # Unix time; None: it does not expire
    replaces: bool  # it was asked for because another one was refused

    def covers(self, place: Place) -> bool:
        """Whether it may be sent to a place."""
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
        """Whether it may be used without asking: not near its end, and the clock was not put back."""
        now = time.time()
        if self.expires is None:
            return self.received - 5 <= now < self.received + KEEP
        margin = min(MARGIN, (self.expires - self.received) / 2)
        return self.received - 5 <= now < self.expires - margin

    def stands(self) -> bool:
        """Whether a refusal of it has to be believed: it is a new one, so another would be refused too."""
        now = time.time()
        young = self.received - 5 <= now < self.received + STANDS
        return self.replaces and young and (self.expires is None or now < self.expires)

    @property
    def token(self) -> str:
        """The Bearer token, or nothing."""
        scheme, _, token = self.value.partition(" ")
        return token if scheme == "Bearer" else ""


def parse_answer(text: str, asked: Place, *, replaces: bool = False) -> Optional[Header]:
    """Read the answer of ``cgp-cred credential get``: key=value lines. None: no profile covers the place.

    Raises ValueError where it is not such an answer; the message has nothing of it.
    """
    if not text:
        return None
    if not text.endswith("\n"):
        raise ValueError("its last line is not whole")
    seen: Dict[str, str] = {}
    for line in text[:-1].split("\n"):
        key, equals, value = line.partition("=")
        if not equals or key in seen:
            raise ValueError("a line of it is not KEY=VALUE, or is there twice")
        seen[key] = value
    line = seen.get("header")
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
    """Return the path below which a header is good, where its scope is of the same host."""
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
    """The host without the port that https has anyway."""
    return place.host[: -len(":443")] if place.scheme == "https" and place.host.endswith(":443") else place.host
