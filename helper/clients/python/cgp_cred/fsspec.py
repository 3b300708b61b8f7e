"""Authentication for fsspec: ``fsspec.open(url, get_client=CGPClient("int"))``, for its HTTP file system."""

from __future__ import annotations

from typing import Any, Optional

from aiohttp import ClientSession

from .aiohttp import CGPAuthError, CGPSession

__all__ = ["CGPAuthError", "CGPClient"]


class CGPClient:
    """Makes sessions with the header of a profile of cgp-cred, or without a name, of the profile that covers the URL.

    It has a profile's name and no token, so that it can be pickled, and fsspec keeps one file system for each name.
    ``timeout`` limits one run of cgp-cred, in seconds.
    """

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self.profile = profile
        self.timeout = timeout

    async def __call__(self, **kwargs: Any) -> ClientSession:
        return CGPSession(self.profile, credential_timeout=self.timeout, **kwargs)

    def __repr__(self) -> str:
        return f"CGPClient({self.profile!r}, timeout={self.timeout!r})"
