"""Proxies of the environment, which requests and httpx would use for this machine's own addresses too."""

from __future__ import annotations

from typing import Optional
from urllib.request import getproxies_environment

from ._place import Place


def proxy_in_the_way(place: Place) -> Optional[str]:
    """Return why a credential for a loopback place would leave this machine, or None.

    NO_PROXY is believed only if both libraries read it in the same way: "*", or the host's own name.
    """
    if not place.loopback:
        return None
    proxies = getproxies_environment()
    if not proxies.get(place.scheme) and not proxies.get("all"):
        return None
    name = place.host.rpartition(":")[0] if not place.host.endswith("]") and ":" in place.host else place.host
    name = name.strip("[]")
    direct = [entry.strip().lower() for entry in proxies.get("no", "").split(",")]
    if "*" in direct or name in direct:
        return None
    return (
        f"a proxy is set for {place.origin}, and a credential for this machine goes to no proxy: nothing was sent\n"
        f"hint: except this machine from the proxy: export NO_PROXY={name}"
    )
