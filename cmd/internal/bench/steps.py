"""What a script does for each token without a helper: read config and key, sign an assertion, ask for a token, print it.

usage: steps.py CONFIG    (YAML: api_host, api_key, apim_kid, private_key_pem)
"""

import sys
import time
import uuid

import jwt
import requests
import yaml


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = yaml.safe_load(file)
    with open(config["private_key_pem"], encoding="utf-8") as file:
        key = file.read()
    endpoint = "http://{}/oauth2/token".format(config["api_host"])
    claims = {
        "iss": config["api_key"],
        "sub": config["api_key"],
        "aud": endpoint,
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + 150,
    }
    assertion = jwt.encode(claims, key, algorithm="RS512", headers={"kid": config["apim_kid"]})
    reply = requests.post(
        endpoint,
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
        timeout=30,
    )
    reply.raise_for_status()
    print("Authorization: Bearer " + reply.json()["access_token"])


main()
