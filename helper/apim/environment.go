// Package apim speaks to NHS England's API Management (APIM): its hosts and header rules, the signed client assertion
// (RFC 7523), its exchange for an access token (RFC 6749 section 4.4), the public key set to register (RFC 7517), and
// the meaning of each refusal.
package apim

import "strings"

// production is the host of the prod environment; every other environment is a name before it.
const production = "api.service.nhs.uk"

// Sandbox reports whether host is an APIM sandbox. Sandbox APIs need no credential, except Hello World.
func Sandbox(host string) bool {
	env, ok := strings.CutSuffix(host, "."+production)
	return ok && (env == "sandbox" || env == "internal-dev-sandbox" || env == "internal-qa-sandbox")
}

// APIKeyHeader returns the header that carries an API key to host: apikey for APIM, a Bearer token for Genomics
// England's gateways, and X-API-Key for any other host.
func APIKeyHeader(host string) (header string, bearer bool) {
	switch {
	case host == production, strings.HasSuffix(host, "."+production), Loopback(host):
		return "apikey", false
	case strings.HasSuffix(host, ".aws.gel.ac"):
		return "Authorization", true
	}
	return "X-API-Key", false
}

// TokenURL returns the token endpoint of host.
func TokenURL(host string) string {
	scheme := "https"
	if Loopback(host) {
		scheme = "http"
	}
	return scheme + "://" + host + "/oauth2/token"
}
