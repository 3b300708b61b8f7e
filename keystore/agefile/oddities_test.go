package agefile_test

import (
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/keystoretest"
)

// An identity file as PowerShell and .env files write it. The name of a variable is not asked for.
func TestIdentityOddities(t *testing.T) {
	t.Parallel()
	f := newFiles(t).withIdentity()
	f.must(f.set(f.open(""), value))
	raw, err := os.ReadFile(f.identity)
	f.must(err)
	_, key, _ := strings.Cut(strings.TrimSpace(string(raw)), "\n")
	for odd, change := range keystoretest.RemovedOddities {
		f.must(os.WriteFile(f.identity, []byte(change(key, "AGE_IDENTITY")), 0o600))
		if odd == "code fence" { // its lines are no identities
			continue
		}
		f.want(f.open(""), value)
	}
	whole := "# created: today\r\n# public key: age1\r\n" + key + "\r\n\r\n"
	for _, given := range []string{"\xff\xfe" + keystoretest.UTF16LE(whole), "\ufeff" + whole, keystoretest.UTF16LE(whole)} {
		f.must(os.WriteFile(f.identity, []byte(given), 0o600))
		f.want(f.open(""), value)
	}
	for odd, bad := range keystoretest.RefusedOddities {
		f.must(os.WriteFile(f.identity, []byte(bad.Odd(key)), 0o600))
		_, err := f.open("").Get(t.Context(), "int")
		if err == nil && odd != "two lines" { // an identity twice is one
			t.Errorf("%s was read", odd)
		}
		if err != nil && strings.Contains(err.Error(), key[:20]) {
			t.Errorf("%s: the identity is in the error", odd)
		}
	}
}

// A passphrase loses a byte order mark and the line end, and nothing else.
func TestPassphraseOddities(t *testing.T) {
	f := newFiles(t)
	const phrase = " \u201cquoted\u201d, a\u00a0b\u200bc\t'${X}' = \u0a0a "
	f.must(f.set(agefile.New(f.with(f.given(phrase+"\n"))), value))
	for _, given := range []string{
		phrase + "\r\n", "\ufeff" + phrase + "\n", "\xff\xfe" + keystoretest.UTF16LE(phrase+"\r\n"), "\xfe\xff" + keystoretest.UTF16BE(phrase+"\r\n"),
		"\xff\xfe" + keystoretest.UTF16LE(phrase+"\n"),
	} {
		f.forget()
		f.want(agefile.New(f.with(f.given(given))), value)
	}
	for _, given := range []string{strings.TrimSpace(phrase) + "\n", phrase + " \n", strings.ReplaceAll(phrase, "\u200b", "") + "\n"} {
		f.forget()
		if _, err := agefile.New(f.with(f.given(given))).Get(t.Context(), "int"); err == nil {
			t.Errorf("%q opens it too", given)
		}
	}
}
