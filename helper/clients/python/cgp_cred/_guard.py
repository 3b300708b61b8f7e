"""Credentials for programs that give fixed headers to requests: their headers hold a mark instead of a token."""

from __future__ import annotations

import copy
import logging
import secrets
import threading
from typing import Any, Dict, Optional

import requests

from ._header import Header
from .requests import CGPAuth

_log = logging.getLogger("cgp_cred")
_lock = threading.Lock()
_guarded: Dict[str, CGPAuth] = {}  # what stands for each mark


def marked(profile: Optional[str], timeout: float) -> Dict[str, str]:
    """Return headers without a token. A request of this process with them is sent as with ``auth=CGPAuth(profile)``."""
    with _lock:
        if not _guarded:
            _guard_sessions()
        for mark, auth in _guarded.items():
            if (auth.profile, auth.timeout) == (profile, timeout):
                return {"Authorization": mark}
        mark = "cgp-cred " + secrets.token_hex(16)
        _guarded[mark] = _Guard(profile, timeout=timeout)
        return {"Authorization": mark}


def _guard_sessions() -> None:
    prepare = requests.Session.prepare_request

    def prepare_request(self: requests.Session, request: requests.Request) -> requests.PreparedRequest:
        headers = {**self.headers, **(request.headers or {})}
        found = [name for name, value in headers.items() if isinstance(value, str) and value in _guarded]
        if found:
            request = copy.copy(request)
            request.auth = _guarded[headers[found[0]]]
            request.headers = {**(request.headers or {}), **dict.fromkeys(found)}  # None: left out
        return prepare(self, request)

    requests.Session.prepare_request = prepare_request  # type: ignore[method-assign]


class _Guard(CGPAuth):
    """Says what to do about a refusal, which the program may not show."""

    def _answered(self, header: Header, response: requests.Response, **kwargs: Any) -> requests.Response:
        response = super()._answered(header, response, **kwargs)
        if response.status_code == 401 and header.covers_url(response.request.url):
            name = f" {self.profile}" if self.profile else ""
            origin = header.asked.origin
            _log.warning("cgp-cred: %s refused the credential (401)\nhint: cgp-cred doctor%s", origin, name)
        return response
