class SandboxAuthProvider:
    def get_headers(self):
        return {}


class KeyAuthProvider:
    def __init__(self, api_key):
        self.api_key = api_key

    def get_headers(self):
        return {"apikey": self.api_key}


def create_auth_provider(api_host, api_key=None, private_key_pem=None, apim_kid=None):
    return SandboxAuthProvider() if api_host.startswith("sandbox.") else KeyAuthProvider(api_key)
