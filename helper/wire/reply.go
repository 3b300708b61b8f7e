package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
)

// renewBefore is how long before its end a token is said to expire to clients that renew only after it.
const renewBefore = time.Minute

// Quit tells git that there is no use in asking other helpers or the user.
const Quit = "quit=1\n"

// Reply answers a request with a credential. scope is the URL below which it is good for each place, as
// [profile.Config] says, or empty; callers that keep the header are told. needsBearer says that the caller can't use
// it: it understands no authtype, and could only send it as a password, which APIM refuses; so it gets none.
func Reply(r Request, c helper.Credential, scope string) (out []byte, needsBearer bool, err error) {
	if err := check(c); err != nil {
		return nil, false, err
	}
	if r.JSON {
		out, err = replyJSON(c)
		return out, false, err
	}
	var b strings.Builder
	if r.Header && scope != "" {
		fmt.Fprintf(&b, "scope=%s\n", scope)
	}
	switch {
	case c.Auth == profile.None && r.Header:
		b.WriteString("header=\n") // covered, and nothing is needed
		return []byte(b.String()), false, nil
	case c.Auth == profile.None:
		return nil, false, nil
	case c.Bearer && r.AuthType:
		fmt.Fprintf(&b, "capability[]=authtype\nauthtype=Bearer\ncredential=%s\nephemeral=1\n", c.Secret.Reveal())
	}
	if !c.ExpiresAt.IsZero() {
		fmt.Fprintf(&b, "password_expiry_utc=%d\n", c.ExpiresAt.Unix())
	}
	fmt.Fprintf(&b, "header=%s: %s\n", c.Header, c.Value())
	return []byte(b.String()), !r.Header && (!r.AuthType || !c.Bearer), nil
}

// replyJSON is the answer of the credential-helper specification.
func replyJSON(c helper.Credential) ([]byte, error) {
	out := struct {
		Headers map[string][]string `json:"headers"`
		Expires string              `json:"expires,omitempty"`
	}{Headers: map[string][]string{}}
	if c.Auth != profile.None {
		out.Headers[c.Header] = []string{c.Value()}
	}
	if !c.ExpiresAt.IsZero() {
		out.Expires = c.ExpiresAt.Add(-renewBefore).UTC().Format(time.RFC3339)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return append(raw, '\n'), nil
}
