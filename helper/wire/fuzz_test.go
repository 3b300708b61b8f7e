package wire_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore"
)

// FuzzFormat: each format of a credential gives back the secret and the URL that went in, and has only its own lines:
// no secret or URL sets another curl option, header or attribute.
func FuzzFormat(f *testing.F) {
	f.Add("token", "https://int.api.service.nhs.uk/a?b=c", true)
	f.Add("to\"ken\n", `https://h/"\`, false)
	f.Add("k3y", "http://127.0.0.1:8080/%22", false)
	f.Fuzz(func(t *testing.T, secret, address string, bearer bool) {
		u, err := profile.ParseURL(address)
		if err != nil {
			u = nil
		}
		c := helper.Credential{
			Profile: "int", Host: "h", Auth: profile.APIKey, Header: "apikey",
			Secret: keystore.NewSecret([]byte(secret)),
		}
		if bearer {
			c.Auth, c.Header, c.Bearer, c.ExpiresAt = profile.JWT, "Authorization", true, time.Unix(1767366000, 0)
		}
		text := map[string]string{}
		for _, format := range wire.Formats {
			out, err := wire.Format(format, c, u, time.Unix(1767365000, 0))
			if err == nil && (len(out) == 0 || out[len(out)-1] != '\n') {
				t.Fatalf("%s: %q has no end", format, out)
			}
			text[format] = string(out)
		}
		attributes, _, err := wire.Reply(wire.Request{AuthType: true}, c, "")
		if (err == nil) != (text["token"] != "") {
			t.Fatalf("as attributes: %v; as a token: %q", err, text["token"])
		}
		if err != nil {
			return // not a valid secret
		}
		if text["token"] != secret+"\n" || text["header"] != c.Header+": "+c.Value()+"\n" ||
			strings.Count(text["header"], "\n") != 1 {
			t.Fatalf("%q, %q", text["token"], text["header"])
		}
		var object struct{ Value, Token string }
		if err := json.Unmarshal([]byte(text["json"]), &object); err != nil || object.Token != secret ||
			object.Value != c.Value() {
			t.Fatalf("%q: %v", text["json"], err)
		}
		curlReads(t, text["curl"], c.Header+": "+c.Value(), u)
		checkAttributes(t, string(attributes), secret, bearer)
	})
}

// curlReads reads a config as curl's manual says: a name, " = ", and a value in quotes, in which a backslash escapes.
func curlReads(t *testing.T, config, header string, u *url.URL) {
	t.Helper()
	for line := range strings.Lines(config) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		if inner, ok := strings.CutPrefix(value, `"`); ok {
			value = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strings.TrimSuffix(inner, `"`))
		}
		want := map[string]string{"header": header, "globoff": "", "proto": value, "max-redirs": "0", "noproxy": "*"}
		if u != nil {
			want["url"] = u.String()
		}
		if expected, known := want[name]; !known || value != expected {
			t.Fatalf("curl reads %s as %q in %q", name, value, config)
		}
	}
}

// checkAttributes checks that an answer to git has only known keys, with one value each.
func checkAttributes(t *testing.T, text, secret string, bearer bool) {
	t.Helper()
	want := 1
	if bearer {
		want = 6
		if !strings.Contains(text, "\ncredential="+secret+"\n") {
			t.Fatalf("the credential is not in %q", text)
		}
	}
	if strings.Count(text, "\n") != want || strings.ContainsAny(text, "\r\x00") {
		t.Fatalf("%q has not %d lines", text, want)
	}
}
