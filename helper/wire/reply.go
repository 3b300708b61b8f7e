package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
)

// renewBefore is how much earlier a token expires in the answer to clients that renew it only after it has expired.
const renewBefore = time.Minute

// Quit tells git not to ask other helpers or the user.
const Quit = "quit=1\n"

// Reply returns the answer to a request: a credential. scope is the URL below which the credential is good for every
// address, as [profile.Config] says, or empty. It is sent to callers that keep the header. needsBearer reports that
// the caller can't use the credential: it does not understand authtype, and could only send a password, which APIM
// refuses. So it gets no password.
func Reply(r Request, c helper.Credential, scope string) (out []byte, needsBearer bool, err error) {
	if err := check(c); err != nil {
		return nil, false, err
	}
	if r.JSON {
		out, err = replyJSON(c)
		return out, false, err
	}
	var b strings.Builder
	if r.Header {
		b.WriteString("capability[]=header\n") // by which the caller knows that this helper is not too old for it
		if scope != "" {
			fmt.Fprintf(&b, "scope=%s\n", scope)
		}
	}
	switch {
	case c.Auth == profile.None && r.Header:
		b.WriteString("header=\n") // the profile covers the URL, and no header is needed
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

// replyJSON returns the answer that the credential-helper specification describes.
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
