package keyservice

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
)

// Azure looks like Azure Key Vault with one key, and like the metadata server of a machine with a managed identity.
type Azure struct {
	Token string
	Key   *rsa.PrivateKey
}

// azureKey is the path of the key.
const azureKey = "/keys/cgp-cred/9885aa558e8d448789683188f8c194b0"

func (a *Azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, words string) {
		reply(w, status, object{"error": object{"code": code, "message": words}})
	}
	url := base64.RawURLEncoding
	query := r.URL.Query()
	switch {
	case r.URL.Path == "/metadata/identity/oauth2/token":
		if r.Header.Get("Metadata") != "true" || query.Get("api-version") != "2018-02-01" ||
			query.Get("resource") != "https://vault.azure.net" {
			reply(w, http.StatusBadRequest, object{"error": "invalid_request", "error_description": "bad request"})
			return
		}
		reply(w, http.StatusOK, object{"access_token": a.Token, "token_type": "Bearer", "expires_in": "3599"})
	case r.Header.Get("Authorization") != "Bearer "+a.Token:
		refuse(http.StatusUnauthorized, "Unauthorized", "AKV10032: Invalid issuer.")
	case query.Get("api-version") != "7.4":
		refuse(http.StatusBadRequest, "BadParameter", "api-version must be specified")
	case r.Method == http.MethodGet && r.URL.Path == azureKey:
		reply(w, http.StatusOK, object{"key": object{
			"kid": "https://" + r.Host + azureKey, "kty": "RSA", "key_ops": []string{"sign", "verify"},
			"n": url.EncodeToString(a.Key.N.Bytes()), "e": url.EncodeToString(big.NewInt(int64(a.Key.E)).Bytes()),
		}})
	case r.Method == http.MethodPost && r.URL.Path == azureKey+"/sign":
		var in struct{ Alg, Value string }
		if err := body(r, &in); err != nil || in.Alg != "RS512" {
			refuse(http.StatusBadRequest, "BadParameter", fmt.Sprint("not RS512: ", in.Alg, " ", err))
			return
		}
		signature, err := sign(a.Key, url, in.Value)
		if err != nil {
			refuse(http.StatusBadRequest, "BadParameter", err.Error())
			return
		}
		reply(w, http.StatusOK, object{"kid": "https://" + r.Host + azureKey, "value": url.EncodeToString(signature)})
	default:
		refuse(http.StatusNotFound, "KeyNotFound", "A key with this name was not found in this key vault")
	}
}

// Google looks like Google Cloud KMS with one key, and like the metadata server of a machine with a service account.
type Google struct {
	Token     string
	Algorithm string // of the key
	Key       *rsa.PrivateKey
}

// googleKey is the path of the key's version.
const googleKey = "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"

func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, words string) {
		reply(w, status, object{"error": object{"code": status, "message": words, "status": code}})
	}
	std := base64.StdEncoding
	switch {
	case r.URL.Path == "/computeMetadata/v1/instance/service-accounts/default/token":
		if r.Header.Get("Metadata-Flavor") != "Google" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		reply(w, http.StatusOK, object{"access_token": g.Token, "token_type": "Bearer", "expires_in": 3599})
	case r.Header.Get("Authorization") != "Bearer "+g.Token:
		refuse(http.StatusForbidden, "PERMISSION_DENIED", "Permission 'cloudkms.cryptoKeyVersions.useToSign' denied")
	case r.Method == http.MethodGet && r.URL.Path == googleKey+"/publicKey":
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der(g.Key)})
		name := strings.TrimPrefix(googleKey, "/v1/")
		reply(w, http.StatusOK, object{"pem": string(text), "algorithm": g.Algorithm, "name": name})
	case r.Method == http.MethodPost && r.URL.Path == googleKey+":asymmetricSign":
		var in struct{ Digest struct{ SHA512 string } }
		if err := body(r, &in); err != nil {
			refuse(http.StatusBadRequest, "INVALID_ARGUMENT", err.Error())
			return
		}
		signature, err := sign(g.Key, std, in.Digest.SHA512)
		if err != nil {
			refuse(http.StatusBadRequest, "INVALID_ARGUMENT", err.Error())
			return
		}
		reply(w, http.StatusOK, object{"signature": std.EncodeToString(signature), "protectionLevel": "HSM"})
	default:
		refuse(http.StatusNotFound, "NOT_FOUND", "CryptoKeyVersion not found")
	}
}
