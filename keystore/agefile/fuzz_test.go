package agefile

import (
	"bytes"
	"errors"
	"testing"

	"cgp-cred/keystore"
)

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{"cgp-cred record 1 int\nvalue", "cgp-cred record 2 int\nvalue", "cgp-cred record 1 prod\n", "cgp-cred record ", "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		got, err := parseRecord(plain, "int")
		if err == nil && string(plain) != "cgp-cred record 1 int\n"+string(got.Reveal()) {
			t.Errorf("%q was taken from %q", got.Reveal(), plain)
		}
		if err != nil && !errors.Is(err, keystore.ErrCorrupt) && !errors.Is(err, keystore.ErrNewer) {
			t.Error(err)
		}
	})
}

func FuzzParseIdentityFile(f *testing.F) {
	f.Add(formatIdentityFile([]byte("body")))
	f.Add([]byte("cgp-cred identity 1 \n"))
	f.Add([]byte(identityHead))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := parseIdentityFile(raw)
		if err == nil && !bytes.Equal(formatIdentityFile(body), raw) {
			t.Errorf("%q was taken from %q", body, raw)
		}
	})
}

func FuzzParsePhrase(f *testing.F) {
	f.Add([]byte("phrase\nmore"))
	f.Add([]byte("\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parsePhrase(raw)
		if b := got.Reveal(); err == nil && (len(b) == 0 || bytes.Contains(b, []byte("\n")) || !bytes.HasPrefix(raw, b)) {
			t.Errorf("%q was taken from %q", b, raw)
		}
	})
}
