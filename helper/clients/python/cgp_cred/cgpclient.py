"""Authentication for cgpclient: ``CGPClient(api_host=HOST, api_name=NAME, auth_provider=CGPAuthProvider(HOST))``."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Optional

from requests.utils import get_netrc_auth

from ._helper import CredentialError, Helper
from .requests import CGPAuthError

__all__ = ["CGPAuthProvider"]


class CGPAuthProvider:
    """Gives cgpclient the header of a profile of cgp-cred, or without a name, of the profile that covers the host.

    cgpclient asks for its headers once and uses them until it ends. These headers stay valid: each time they are read,
    a token that expires soon is replaced. But cgpclient sends them to any host that a DRS document names. Use it only
    with documents that you trust; for other code use ``cgp_cred.requests.CGPAuth``, which checks where a request goes.
    Raises ``cgp_cred.requests.CGPAuthError``, from ``get_headers`` and at each request.
    """

    def __init__(self, host: str, profile: Optional[str] = None, *, api_name: str = "", timeout: float = 120.0) -> None:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        loopback = name in ("localhost", "[::1]") or name.startswith("127.")
        self._url = f"{'http' if loopback else 'https'}://{host}/{api_name}"
        helper = Helper(profile, timeout=timeout)
        self._ask = helper.header if api_name else helper.header_for_host

    def get_headers(self) -> Mapping[str, str]:
        """Return headers that are requested again each time they are read, the first time now."""
        headers = _LiveHeaders(self)
        headers.read()
        return headers

    def read(self) -> Dict[str, str]:
        """Return the headers as they are now."""
        try:
            header = self._ask(self._url)
        except CredentialError as error:
            raise CGPAuthError(str(error), error.status) from None
        if not header.name:
            return {}
        if header.name.lower() == "authorization" and get_netrc_auth(self._url) is not None:
            raise CGPAuthError(
                f"netrc has an entry for {header.asked.origin}, which requests would send instead of the token\n"
                "hint: remove that entry, or the default entry, or set NETRC to the path of an empty file"
            )
        return {header.name: header.value}


class _LiveHeaders(Mapping[str, str]):
    """The headers of a provider, requested when they are read."""

    def __init__(self, provider: CGPAuthProvider) -> None:
        self.read = provider.read

    def __getitem__(self, name: str) -> str:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def __repr__(self) -> str:
        return "<headers of cgp-cred>"
