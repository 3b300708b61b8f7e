"""Authentication for cgpclient: ``CGPClient(api_host=HOST, api_name=NAME, auth_provider=CGPAuthProvider(HOST))``.

``python3 -m cgp_cred.cgpclient SCRIPT ARGS...`` runs one of cgpclient's scripts without a key file.
"""

from __future__ import annotations

if __name__ == "__main__":
    import sys

    from ._script import main

    sys.exit(main(sys.argv[1:]))

from typing import Dict, Optional

from requests.utils import get_netrc_auth

from ._guard import marked
from ._helper import CredentialError, Helper
from ._live import LiveHeaders
from .requests import CGPAuthError

__all__ = ["CGPAuthProvider"]


class CGPAuthProvider:
    """Gives cgpclient the header of a profile of cgp-cred, or without a name, of the profile that covers the host.

    cgpclient asks for its headers once and uses them until it ends. These headers stay valid: each time they are read,
    a token that expires soon is replaced. Two things they can't do, because they see neither the URL nor the answer: an
    unguarded cgpclient sends them to any host that a DRS document names, unless it has ``override_api_base_url=True``;
    and a token that the server has forgotten is used until it expires, or until ``cgp-cred erase`` and a new start.

    With ``guarded=True`` the headers hold a mark instead of a token, and every request of this process that is made with
    them by the library requests is sent as with ``cgp_cred.requests.CGPAuth``: never to another host, once more after a
    401. Raises ``cgp_cred.requests.CGPAuthError``, from ``get_headers`` (not if guarded) and at each request.
    """

    def __init__(
        self,
        host: str,
        profile: Optional[str] = None,
        *,
        api_name: str = "",
        timeout: float = 120.0,
        guarded: bool = False,
    ) -> None:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        loopback = name in ("localhost", "[::1]") or name.startswith("127.")
        self._url = f"{'http' if loopback else 'https'}://{host}/{api_name}"
        self._guarded = guarded
        self._helper = Helper(profile, timeout=timeout)
        self._ask = self._helper.header if api_name else self._helper.header_for_host

    def get_headers(self) -> Dict[str, str]:
        """Return a dict whose header is requested again each time it is read, the first time now."""
        if self._guarded:
            return marked(self._helper.profile, self._helper.timeout)
        return LiveHeaders(self.read)

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
