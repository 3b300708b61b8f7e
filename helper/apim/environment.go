// Package apim speaks to NHS England's API Management (APIM): its hosts and header rules, the signed client assertion
// (RFC 7523), its exchange for an access token (RFC 6749 section 4.4), the public key set to register (RFC 7517), and
// the meaning of each refusal.
package apim

import (
	"fmt"
	"slices"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/nearest"
)

// production is the host of the prod environment; every other environment is a name before it.
const production = "api.service.nhs.uk"

// environments are the names of the environments, those that users need first.
var environments = []string{
	"prod", "int", "dev", "ref", "sandbox",
	"internal-dev", "internal-qa", "internal-dev-sandbox", "internal-qa-sandbox",
}

// theEnvironments returns the end of a hint.
func theEnvironments() string { return "an environment: " + strings.Join(environments, " ") }

// Environments returns the names of the environments of API Management.
func Environments() []string { return slices.Clone(environments) }

// ShortHost returns the environment of a host that [ParseHost] returned, or the host.
func ShortHost(host string) string {
	if host == production {
		return "prod"
	}
	if e, ok := strings.CutSuffix(host, "."+production); ok && isEnvironment(e) {
		return e
	}
	return host
}

func isEnvironment(s string) bool { return slices.Contains(environments, s) }

// noEnvironment returns the error of a name without a dot that is no environment: as given, and as a host.
func noEnvironment(s, host string) error {
	what := fmt.Sprintf("there is no environment %q", s)
	meant, why := otherName(host)
	switch {
	case meant != "":
		what += ": did you mean " + meant + "?" + why
	case why != "":
		what += ":" + why
	}
	const whole = "a host of your own network needs its full domain name, or a port"
	if meant != "" {
		return fault.New(fault.Usage, "--host "+meant+"\n"+whole, "%s", what)
	}
	return fault.New(fault.Usage, "give "+theEnvironments()+"\n"+whole, "%s", what)
}

// otherName returns the environment that people call s, and an explanation, which begins with a space.
func otherName(s string) (environment, why string) {
	switch s {
	case "production", "prd", "live", "prod-env":
		return "prod", " The Developer Hub calls it Production."
	case "integration", "integration-test", "integration-testing", "int-test", "integ":
		return "int", " The Developer Hub calls it Integration test."
	case "development", "develop", "deve":
		return "dev", " The Developer Hub calls it Development."
	case "reference", "ref-env", "refenv":
		return "ref", " The Developer Hub calls it Reference."
	case "sand-box", "sandpit", "sbox", "sbx", "sand":
		return "sandbox", ""
	case "qa":
		return "internal-qa", ""
	case "internal", "internal-development":
		return "internal-dev", ""
	case "test", "testing", "uat", "stage", "staging", "preprod", "pre-prod", "pre-production", "oat", "dep":
		return "", " API Management's environment for tests is int, and for tests without a credential sandbox"
	}
	return nearest.Name(s, environments...), ""
}

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
