package profile

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"cgp-cred/keystore"
)

func TestReadPlain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		text string
		want bool
	}{
		{"as it is written", "api_host: 127.0.0.1:8080\napi_name: a/b-c\nauth: jwt\nkeystore: keychain\nrev: 0123abcd\n", true},
		{"with a seal", "api_host: int\nauth: jwt\nkeystore: file\nrev: r\nsigner_seal: AXc-x_9\n", true},
		{"one line", "auth: jwt\n", true},
		{"a number, which the field makes text", "rev: 1e5\n", true},
		{"nothing", "", false},
		{"no line's end", "auth: jwt", false},
		{"Windows", "auth: jwt\r\n", false},
		{"a comment", "auth: jwt # a comment\n", false},
		{"a comment's line", "# a comment\nauth: jwt\n", false},
		{"an empty line", "\nauth: jwt\n", false},
		{"a quoted value", "auth: \"jwt\"\n", false},
		{"null", "rev: Null\n", false},
		{"no value", "rev: \n", false},
		{"a mapping in a value", "rev: a:\n", false},
		{"a blank more", "rev:  a\n", false},
		{"an indented key", " rev: a\n", false},
		{"a rev with a dash first", "rev: -a\n", true},
		{"a rev with a line first", "rev: _a\n", true},
		{"a list in a value", "rev: - a\n", false},
		{"a dash", "rev: -\n", false},
		{"a document's end", "rev: ---\n", false},
		{"an alias", "rev: *a\n", false},
		{"a key twice", "rev: a\nrev: a\n", false},
		{"an unknown key", "reb: a\n", false},
		{"a key of a list", "keystore_command: /bin/x\n", false},
		{"a key of a list of mappings", "moving_from: keychain\n", false},
		{"two documents", "rev: a\n---\nrev: b\n", false},
	} {
		if got := readPlain([]byte(tt.text), new(Profile)); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestEncodeWritesThePlainForm(t *testing.T) {
	t.Parallel()
	plain := 0
	for range 1000 {
		p := &Profile{
			Host: "int.api.service.nhs.uk", APIName: "genomic-data-access", Auth: JWT, Keystore: Keychain, Rev: keystore.NewRev(),
		}
		raw, err := encode(p)
		if err != nil {
			t.Fatal(err)
		}
		var got Profile
		if !readPlain(raw, &got) {
			continue
		}
		plain++
		if d := cmp.Diff(p, &got); d != "" {
			t.Fatal(d)
		}
	}
	if plain < 990 { // a rev like 12e34 is quoted, and one that begins with two dashes is not looked at
		t.Errorf("%d of 1000 in the plain form", plain)
	}
}

// What is read in the plain form is what the YAML library reads.
func FuzzReadPlain(f *testing.F) {
	f.Add([]byte("api_host: 127.0.0.1:8080\nauth: jwt\nrev: 2001-01-01\n"))
	f.Add([]byte("rev: 0x1\nsigner_seal: AXc-x_9\n"))
	f.Add([]byte("rev: 1:2\n"))
	f.Add([]byte("default: y\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		samePlain(t, raw, &Profile{Keystore: Keychain}, &Profile{Keystore: Keychain})
		samePlain(t, raw, new(settings), new(settings))
	})
}

func samePlain[T any, P interface {
	*T
	fields
}](t *testing.T, raw []byte, plain, library P) {
	t.Helper()
	before := *plain
	if !readPlain(raw, plain) {
		if d := cmp.Diff(&before, (*T)(plain)); d != "" {
			t.Errorf("%q: refused, and changed all the same: %s", raw, d)
		}
		return
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(library); err != nil {
		t.Fatalf("%q: the library says %v", raw, err)
	}
	if d := cmp.Diff((*T)(library), (*T)(plain)); d != "" {
		t.Errorf("%q: %s", raw, d)
	}
}
