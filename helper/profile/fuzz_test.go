package profile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/keystore/fault"
)

// A profile's file that is accepted is written again as one that means the same, so that no save loses anything.
func FuzzProfileFile(f *testing.F) {
	f.Add([]byte("api_host: int.api.service.nhs.uk\nauth: jwt\nkeystore: keychain\nrev: r\n"))
	f.Add([]byte("api_host: 127.0.0.1:8080\napi_name: a/b\nauth: apikey\nkeystore: exec\nkeystore_command: [/bin/x, get]\nkeystore_seal: s\n"))
	f.Add([]byte("\ufeffapi_host: h\r\nauth: none\r\nkeystore: file\r\nkeystore_identity: /k\r\n"))
	f.Add([]byte("api_host: h\nauth: jwt\nkeystore: file\nsigner_seal: AXc-x_9\n"))
	f.Add([]byte("api_host: h\nauth: jwt\nkeystore: file\nmoving_from:\n- keystore: exec\n  keystore_command: [/bin/x]\n  rev: r\n  replaced: true\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("api_host: h\nauth: jwt\n---\nauth: none\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsed(text)
		if err != nil {
			namesTheFile(t, err)
			return
		}
		raw, err := encode(p)
		if err != nil {
			t.Fatalf("%q is read, and can't be written: %v", text, err)
		}
		again, err := parsed(raw)
		if err != nil {
			t.Fatalf("%q is read, and %q, which is the same, is not: %v", text, raw, err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("%q is written as another profile: %s", text, diff)
		}
	})
}

// parsed does what Load does with a file's text.
func parsed(text []byte) (*Profile, error) {
	p := &Profile{Keystore: Keychain, Name: "int", File: "int.yaml"}
	if err := decode("int.yaml", text, p); err != nil {
		return nil, err
	}
	return p, p.check()
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte("default: int\n"))
	f.Add([]byte("default: [int]\n"))
	f.Add([]byte("default: int\ndefault: prod\n"))
	f.Add([]byte("# nothing\n"))
	f.Add([]byte("other: x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, again settings
		if err := decode("config.yaml", text, &s); err != nil {
			namesTheFile(t, err)
			return
		}
		raw, err := encode(s)
		if err != nil {
			t.Fatalf("%q is read, and can't be written: %v", text, err)
		}
		if err := decode("config.yaml", raw, &again); err != nil || again != s {
			t.Fatalf("%q comes back as %+v, %v", text, again, err)
		}
	})
}

// namesTheFile: the user who wrote the file is told which one it is.
func namesTheFile(t *testing.T, err error) {
	t.Helper()
	if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), ".yaml") || fault.HintOf(err, "") == "" {
		t.Fatalf("%v (%T) names no file and no problem", err, err)
	}
}
