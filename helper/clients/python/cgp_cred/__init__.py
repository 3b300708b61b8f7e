"""Credentials for NHS API Management, from the program ``cgp-cred``.

``cgp_cred.requests.CGPAuth`` is for requests, ``cgp_cred.httpx.CGPAuth`` for httpx, ``cgp_cred.aiohttp.CGPSession`` for
aiohttp, ``cgp_cred.fsspec.CGPClient`` for fsspec, ``cgp_cred.urllib.CGPHandler`` for urllib, and
``cgp_cred.cgpclient.CGPAuthProvider`` for cgpclient. The package stores no key and no token on disk, and sends each
header only to URLs that a profile of cgp-cred covers.
"""

from ._helper import CredentialError
from ._installed import VERSION as __version__

__all__ = ["CredentialError", "__version__"]
