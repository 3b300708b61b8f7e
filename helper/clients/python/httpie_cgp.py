"""HTTPie's plugin for cgp-cred: ``http -A cgp -a PROFILE URL``, or without -a the profile that covers the URL."""

from typing import Optional

from httpie.plugins import AuthPlugin

from cgp_cred.requests import CGPAuth


class CGPAuthPlugin(AuthPlugin):
    """Prompts for nothing and stores nothing: a session file holds only the profile's name."""

    name = "NHS API Management"
    description = "The credential of a profile of cgp-cred; -a is the profile's name"
    auth_type = "cgp"
    auth_require = False
    auth_parse = False
    prompt_password = False
    netrc_parse = False

    def get_auth(self, username: Optional[str] = None, password: Optional[str] = None) -> CGPAuth:
        return CGPAuth(self.raw_auth)
