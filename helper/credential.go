package helper

import (
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
)

// Credential is what a client sends to a profile's host.
type Credential struct {
	Profile   string
	Host      string          // the profile's host and port
	Auth      string          // profile.JWT, profile.APIKey or profile.None
	Header    string          // the header's name; empty for profile.None
	Bearer    bool            // the header's value is "Bearer " and Secret
	Secret    keystore.Secret // access token or API key
	FetchedAt time.Time       // when the request for the token started; zero: it is no token
	ExpiresAt time.Time       // zero: it does not expire
	Cached    bool            // it comes from the cache
}

// Value returns the header's value. It is secret.
func (c Credential) Value() string {
	if c.Bearer {
		return "Bearer " + string(c.Secret.Reveal())
	}
	return string(c.Secret.Reveal())
}

func tokenCredential(p *profile.Profile, e cache.Entry, cached bool) Credential {
	return Credential{
		Profile: p.Name, Host: p.Host, Auth: p.Auth, Header: e.Header, Bearer: true,
		Secret: e.Token, FetchedAt: e.FetchedAt, ExpiresAt: e.Expiry, Cached: cached,
	}
}

func apiKeyCredential(p *profile.Profile, key keystore.Secret) Credential {
	header, bearer := apim.APIKeyHeader(p.Host)
	return Credential{Profile: p.Name, Host: p.Host, Auth: p.Auth, Header: header, Bearer: bearer, Secret: key}
}
