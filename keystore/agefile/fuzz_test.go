package agefile

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"cgp-cred/keystore"
)

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{
		"cgp-cred record 1 int\nvalue", "cgp-cred record 2 int\nvalue",
		"cgp-cred record 1 prod\n", "cgp-cred record ", "\n",
	} {
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
		if b := got.Reveal(); err == nil &&
			(len(b) == 0 || bytes.Contains(b, []byte("\n")) || !bytes.HasPrefix(raw, b)) {
			t.Errorf("%q was taken from %q", b, raw)
		}
	})
}

// FuzzParseIdentity: an accepted file can be encrypted for and decrypted with; the error of a refused file repeats no
// word of it.
func FuzzParseIdentity(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("# created: x\n# public key: y\n" + id.String() + "\n"))
	f.Add([]byte(id.String()[:40] + "\r\n"))
	f.Add([]byte("AGE-PLUGIN-YUBIKEY-1XXX\n"))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseIdentity(text)
		if err != nil {
			for word := range bytes.FieldsSeq(text) {
				if len(word) > 12 && strings.Contains(err.Error(), string(word)) {
					t.Fatalf("the error repeats %q: %v", word, err)
				}
			}
			return
		}
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, k.recipient)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte("plain"))
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(&sealed, k.identities...)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(r); err != nil || string(plain) != "plain" {
			t.Fatalf("%q, %v", plain, err)
		}
	})
}
