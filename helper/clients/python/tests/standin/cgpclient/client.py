import logging

import requests

from cgpclient.auth import create_auth_provider

log = logging.getLogger(__name__)


class CGPClientException(Exception):
    pass


class CGPClient:
    def __init__(
        self,
        api_host,
        auth_provider=None,
        api_key=None,
        api_name=None,
        private_key_pem=None,
        apim_kid=None,
        override_api_base_url=False,
    ):
        self.api_host, self.api_name, self.override_api_base_url = api_host, api_name, override_api_base_url
        self.auth_provider = auth_provider or create_auth_provider(
            api_host=api_host, api_key=api_key, private_key_pem=private_key_pem, apim_kid=apim_kid
        )
        self.headers = self.auth_provider.get_headers()

    def get(self, path):
        return self._get(f"http://{self.api_host}/{self.api_name}/{path}")

    def drs(self, url):
        """Ask for a document of another host, or for the same one of the own host."""
        path = url.split("/ga4gh/")[1]
        return self._get(f"http://{self.api_host}/{self.api_name}/ga4gh/{path}" if self.override_api_base_url else url)

    def _get(self, url):
        log.debug("GET %s with %s", url, dict(self.headers))
        response = requests.get(url, headers=self.headers, timeout=10)
        if not response.ok:
            raise CGPClientException(f"Failed to fetch from endpoint: {response.status_code}")
        return response.text
