package upstream

import (
	"strings"

	"cgp-cred/helper/apim"
)

// What the client's script takes where neither the command line nor the file says it.
const (
	defaultHost = "api.service.nhs.uk" // production
	defaultKID  = "test-1"
)

// Over returns what a token is asked with: the command line's values, and the file's where it has none.
func (a Args) Over(c Config) (Config, error) {
	if a.Host != "" {
		host, err := apim.ParseHost(strings.TrimSpace(a.Host))
		if err != nil {
			return Config{}, err
		}
		c.Host = host
	}
	if !a.APIKey.IsZero() {
		c.APIKey = a.APIKey
	}
	if !a.PEM.IsZero() {
		c.PEM = a.PEM
	}
	if kid := strings.TrimSpace(a.KID); kid != "" {
		c.KID = kid
	}
	return c, nil
}

// Complete fills in the script's default host and kid, and returns a warning that says so, or nothing. Both defaults
// together name a test key in production, which is never meant: that is an error, as an absent key is.
func (c Config) Complete() (Config, string, error) {
	switch {
	case c.APIKey.IsZero() && apim.Sandbox(c.Host) && c.PEM.IsZero():
		return c, "", bad("call its APIs without a credential", c.Host+" needs no token")
	case c.APIKey.IsZero():
		return c, "", bad("give it as "+keyAPIKey+" in ~/.cgpclient/config.yaml, or as --api_key",
			"there is no API key")
	case c.PEM.IsZero():
		return c, "", bad(
			"add --private_key_pem_file FILE; an API key alone is sent itself, without a token",
			"there is no private key, and a token is asked for with one",
		)
	case c.Host == "" && c.KID == "":
		return c, "", bad(
			"add --api_host HOST --apim_kid KID, for example --api_host internal-dev.api.service.nhs.uk --apim_kid "+
				"test-1",
			"there is neither a host nor a kid; "+defaultKID+" in production is hardly meant",
		)
	case c.Host == defaultHost && c.KID == "":
		return c, "", bad("add --apim_kid KID", "there is no kid; "+defaultKID+" in production is hardly meant")
	case c.Host == "":
		c.Host = defaultHost
		return c, "no --api_host: asking production, " + defaultHost, nil
	case c.KID == "":
		c.KID = defaultKID
		return c, "no --apim_kid: signing as " + defaultKID, nil
	}
	return c, "", nil
}
