package upstream

import (
	"cgp-cred/helper/apim"
)

// The script's defaults, if neither the command line nor the file gives a value.
const (
	defaultHost = "api.service.nhs.uk" // production
	defaultKID  = "test-1"
)

// Over returns the values for a token request: the command line's values, and the file's if the command line has none.
func (a Args) Over(c Config) (Config, error) {
	if a.Host != "" {
		host, err := apim.ParseHost(a.Host)
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
	if a.KID != "" {
		c.KID = a.KID
	}
	return c, nil
}

// Complete fills in the script's default host and kid, and returns a warning that says so, or "". Both defaults
// together name a test key in production, which cannot be right: that is an error, and so is an absent key.
func (c Config) Complete() (Config, string, error) {
	switch {
	case c.APIKey.IsZero() && apim.Sandbox(c.Host) && c.PEM.IsZero():
		return c, "", bad("call its APIs without a credential", c.Host+" needs no token")
	case c.APIKey.IsZero():
		return c, "", bad("add "+keyAPIKey+" to ~/.cgpclient/config.yaml, or give --api_key", "there is no API key")
	case c.PEM.IsZero():
		return c, "", bad(
			"add --private_key_pem_file FILE; with only an API key, send the API key itself, without a token",
			"there is no private key, and a token request needs one",
		)
	case c.Host == "" && c.KID == "":
		return c, "", bad(
			"add --api_host HOST --apim_kid KID, "+
				"for example --api_host internal-dev.api.service.nhs.uk --apim_kid test-1",
			"there is neither a host nor a kid, and "+defaultKID+" is not a key of production",
		)
	case c.Host == defaultHost && c.KID == "":
		return c, "", bad("add --apim_kid KID", "there is no kid, and "+defaultKID+" is not a key of production")
	case c.Host == "":
		c.Host = defaultHost
		return c, "no --api_host: asking production, " + defaultHost, nil
	case c.KID == "":
		c.KID = defaultKID
		return c, "no --apim_kid: signing as " + defaultKID, nil
	}
	return c, "", nil
}
