// Package wire reads requests from stdin and writes credentials to stdout, in each format. It builds the whole text
// before anything is written, and uses no file and no network.
package wire

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// Formats are the names that [Format] knows, in the order of the help.
var Formats = []string{"header", "token", "json", "curl", "htslib"}

// BadFormat returns the error of a format that can't print a credential of method auth, or that is unknown; then auth
// is empty.
func BadFormat(format, auth string) error {
	hint := "choose --format " + strings.Join(Formats, ", ")
	if auth == "" {
		return fault.New(fault.Usage, hint, "format %q is unknown", format)
	}
	return fault.New(fault.Usage, hint, "format %s is for tokens, and this profile's method is %s", format, auth)
}

// CheckFormat returns an error if [Format] does not know a name.
func CheckFormat(format string) error {
	for _, f := range Formats {
		if f == format {
			return nil
		}
	}
	return BadFormat(format, "")
}

// Format returns the text of a credential: header, token, json, curl or htslib. u is the URL that it is for, or nil;
// only curl uses it. htslib's seconds are counted from now. The text is empty, or a few lines that each end with one
// LF.
func Format(format string, c helper.Credential, u *url.URL, now time.Time) ([]byte, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	switch format {
	case "header":
		return header(c), nil
	case "token":
		if c.Auth == profile.None {
			return nil, fault.New(fault.None,
				"call its APIs without a credential; --format header prints nothing and succeeds",
				"profile %q has method none: there is no token to print", c.Profile)
		}
		return append(c.Secret.Reveal(), '\n'), nil
	case "json":
		return jsonText(c)
	case "curl":
		if u == nil {
			return Curl(c)
		}
		return Curl(c, u)
	case "htslib":
		return htslib(c, now)
	}
	return nil, BadFormat(format, "")
}

// check refuses a secret that could break out of a header or a quoted string. No stored or received secret can.
func check(c helper.Credential) error {
	switch c.Auth {
	case profile.JWT:
		return keystore.CheckToken(string(c.Secret.Reveal()))
	case profile.APIKey:
		return keystore.CheckAPIKey(string(c.Secret.Reveal()))
	}
	return nil
}

func header(c helper.Credential) []byte {
	if c.Auth == profile.None {
		return nil
	}
	return []byte(c.Header + ": " + c.Value() + "\n")
}

// jsonText returns one object on one line. Its members have a fixed order.
func jsonText(c helper.Credential) ([]byte, error) {
	out := struct {
		Profile   string `json:"profile"`
		Host      string `json:"host"`
		Auth      string `json:"auth"`
		Header    string `json:"header,omitempty"`
		Value     string `json:"value,omitempty"`
		Token     string `json:"token,omitempty"`
		ExpiresAt string `json:"expires_at,omitempty"`
		Cached    bool   `json:"cached"`
	}{Profile: c.Profile, Host: c.Host, Auth: c.Auth, Cached: c.Cached}
	if c.Auth != profile.None {
		out.Header, out.Value, out.Token = c.Header, c.Value(), string(c.Secret.Reveal())
	}
	if !c.ExpiresAt.IsZero() {
		out.ExpiresAt = c.ExpiresAt.UTC().Format(time.RFC3339)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return []byte(b.String()), nil
}

// Curl returns a config file for curl -K. In addition to header and URLs it has options that stop curl from sending
// the header to another address: no globbing and no other scheme. For an API key it also allows no redirect, because
// curl does not remove an API key from a redirected request. All URLs must be of the credential's host.
func Curl(c helper.Credential, urls ...*url.URL) ([]byte, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	var b strings.Builder
	if c.Auth != profile.None {
		fmt.Fprintf(&b, "header = %s\n", curlQuote(c.Header+": "+c.Value()))
	}
	for _, u := range urls {
		fmt.Fprintf(&b, "url = %s\n", curlQuote(u.String()))
	}
	if b.Len() == 0 {
		return nil, nil
	}
	fmt.Fprintf(&b, "globoff\nproto = %s\n", curlQuote("="+schemes(c.Host, urls)))
	if apim.Loopback(c.Host) { // a credential for this machine goes to no proxy
		b.WriteString("noproxy = \"*\"\n")
	}
	if c.Auth == profile.APIKey {
		b.WriteString("max-redirs = 0\n")
	}
	return []byte(b.String()), nil
}

// schemes returns the schemes that curl may use: the URLs', or those that the host allows.
func schemes(host string, urls []*url.URL) string {
	for i, u := range urls {
		if u.Scheme != urls[0].Scheme {
			break
		}
		if i == len(urls)-1 {
			return u.Scheme
		}
	}
	switch {
	case apim.Loopback(host):
		return "http,https"
	}
	return "https"
}

// curlQuote quotes a value of a curl config file, in which a backslash escapes.
func curlQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// htslib returns the file that HTS_AUTH_LOCATION names. Its expires_in is a number, counted from when htslib reads it.
func htslib(c helper.Credential, now time.Time) ([]byte, error) {
	if c.Auth != profile.JWT {
		return nil, BadFormat("htslib", c.Auth)
	}
	left := max(int(c.ExpiresAt.Sub(now)/time.Second), 0)
	const format = `{"access_token":"%s","token_type":"Bearer","expires_in":%d}` + "\n"
	return fmt.Appendf(nil, format, c.Secret.Reveal(), left), nil
}
