package token

import (
	"net/http"
	"slices"
	"strings"
)

// wellKnown begins the paths of an authorization server's metadata (RFC 8615).
const wellKnown = "/.well-known/"

// names are the metadata's: of RFC 8414, and of OpenID Connect, which is the only one that some clients know.
var names = []string{"oauth-authorization-server", "openid-configuration"}

// issuerOf returns the issuer's path, if a path is that of an issuer's metadata. The issuer is the server itself.
// People who have only the token URL use that instead. RFC 8414 puts the issuer's path behind the name, OpenID Connect
// puts it before.
func issuerOf(path string) (issuer string, ok bool) {
	before, rest, _ := strings.Cut(path, wellKnown)
	name, after, _ := strings.Cut(rest, "/")
	issuer = strings.TrimSuffix(before, "/")
	if after != "" && issuer == "" {
		issuer = "/" + after
	} else if after != "" {
		return "", false
	}
	return issuer, slices.Contains(names, name) && (issuer == "" || issuer == Path)
}

// metadata answers with the authorization server's metadata. URLs have the name by which the client called, which the
// caller of [Endpoint.Handler] has checked. OpenID Connect needs a key set, and what follows it; no ID token is issued.
func (e *Endpoint) metadata(w http.ResponseWriter, r *http.Request, issuer string) {
	if !reads(w, r) {
		return
	}
	root := "http://" + r.Host
	ways := []string{"client_secret_basic", "client_secret_post"}
	send(w, http.StatusOK, struct {
		Issuer     string   `json:"issuer"`
		Token      string   `json:"token_endpoint"`
		TokenBy    []string `json:"token_endpoint_auth_methods_supported"`
		Revoke     string   `json:"revocation_endpoint"`
		RevokeBy   []string `json:"revocation_endpoint_auth_methods_supported"`
		Grants     []string `json:"grant_types_supported"`
		Responses  []string `json:"response_types_supported"`
		Keys       string   `json:"jwks_uri"`
		Subjects   []string `json:"subject_types_supported"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}{
		Issuer: root + issuer, Token: root + Path, TokenBy: ways, Revoke: root + revokePath, RevokeBy: ways,
		Grants: []string{"client_credentials"}, Responses: []string{},
		Keys: root + keysPath, Subjects: []string{"public"}, Algorithms: []string{"RS256"},
	})
}

// keys answers with a key set that is empty: tokens are APIM's, and can't be checked with a key.
func (e *Endpoint) keys(w http.ResponseWriter, r *http.Request) {
	if reads(w, r) {
		send(w, http.StatusOK, map[string][]string{"keys": {}})
	}
}

// reads reports whether a request only reads, and refuses it otherwise.
func reads(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	unreadable(http.StatusMethodNotAllowed, "it is only read").send(w)
	return false
}
