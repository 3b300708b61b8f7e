"""Proxies from the environment, which requests and httpx use even for loopback addresses."""

from __future__ import annotations

from typing import Optional
from urllib.request import getproxies_environment

from ._place import Place


def proxy_in_the_way(place: Place) -> Optional[str]:
    """Return why a credential for a loopback place would leave this machine, or None.

    NO_PROXY counts only if both libraries read it in the same way: "*", or exactly the host's name.
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
        f"hint: use no proxy for this machine: export NO_PROXY={name}"
    )
