package signer_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/program"
	"cgp-cred/keystore/signer"
)

// keptText is a signer elsewhere as a record keeps it.
func keptText(t *testing.T, kind, more string) string {
	t.Helper()
	return `{"signer":{"kind":"` + kind + `","e":"AQAB","n":"` + modulus(t) + `",` + more + `}}`
}

func modulus(t *testing.T) string {
	t.Helper()
	s, err := json.Marshal(keystoretest.Key(2048, 0).N.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "-", "/", "_", "=", "", `"`, "").Replace(string(s))
}

func open(text string) (signer.Signer, error) {
	var k signer.Stored
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, err
	}
	return k.Decode(signer.Options{Profile: "int"})
}

func TestKeptComesBack(t *testing.T) {
	t.Parallel()
	fp := signer.Fingerprint(&keystoretest.Key(2048, 0).PublicKey)
	abs, err := json.Marshal(filepath.Join(t.TempDir(), "sign"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, more := range map[string]string{
		"ssh-agent": `"fingerprint":"` + fp + `"`,
		"exec":      `"argv":[` + string(abs) + `,"--slot","3"]`,
	} {
		text := keptText(t, kind, more)
		s, err := open(text)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := signer.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(kept)
		if err != nil || string(again) != text {
			t.Errorf("%s, want %s (%v)", again, text, err)
		}
		if !signer.External(s) || s.Kind() != kind || s.Where() == "" ||
			!keystoretest.Key(2048, 0).PublicKey.Equal(s.Public()) {
			t.Errorf("%s came back as %s, %s", kind, s.Kind(), s.Where())
		}
	}
	own, err := signer.Encode(signer.NewRSA(keystoretest.Key(2048, 0)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := own.Decode(signer.Options{})
	if err != nil || signer.External(s) || s.Kind() != "keychain" || signer.Bits(s) != 2048 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestKeptRefuses(t *testing.T) {
	t.Parallel()
	fp := `"fingerprint":"` + signer.Fingerprint(&keystoretest.Key(2048, 0).PublicKey) + `"`
	other := `"fingerprint":"` + signer.Fingerprint(&keystoretest.Key(2048, 1).PublicKey) + `"`
	good := keptText(t, "ssh-agent", fp)
	tests := []struct {
		name, text string
		unknown    bool
	}{
		{"a later kind", keptText(t, "tpm", fp), true},
		{"a later member", keptText(t, "ssh-agent", fp+`,"socket":"/x"`), true},
		{"a text", `{"signer":"x"}`, false},
		{"nothing in it", `{"signer":{}}`, true},
		{"another key's fingerprint", keptText(t, "ssh-agent", other), false},
		{"no fingerprint", keptText(t, "ssh-agent", `"argv":null`), false},
		{"an agent with a program", keptText(t, "ssh-agent", fp+`,"argv":["/bin/sign"]`), false},
		{"a program with a fingerprint", keptText(t, "exec", fp+`,"argv":["/bin/sign"]`), false},
		{"no program", keptText(t, "exec", `"argv":[]`), false},
		{"a relative program", keptText(t, "exec", `"argv":["sign"]`), false},
		{"a program with an escape", keptText(t, "exec", `"argv":["/bin/sign","\u001b"]`), false},
		{"a private key too", strings.Replace(good, `{"signer"`, `{"e":"AQAB","p":"AQ","q":"AQ","signer"`, 1), false},
		{"an even modulus", `{"signer":{"kind":"ssh-agent","e":"AQAB","n":"AAAA"}}`, false},
		{"an even exponent", strings.Replace(good, "AQAB", "AQAA", 1), false},
		{"an exponent of 1", strings.Replace(good, "AQAB", "AQ", 1), false},
		{"padding", strings.Replace(good, "AQAB", "AQ==", 1), false},
	}
	for _, tt := range tests {
		s, err := open(tt.text)
		if err == nil || errors.Is(err, signer.ErrUnknown) != tt.unknown {
			t.Errorf("%s: %v, %v", tt.name, s, err)
		}
	}
	if _, err := signer.Encode(nil); err == nil {
		t.Error("nothing was kept")
	}
}

// script writes a shell script and returns the argv that runs it.
func script(t *testing.T, text string) []string {
	t.Helper()
	keystoretest.Require(t, keystoretest.Unix)
	file := filepath.Join(t.TempDir(), "sign.sh")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"/bin/sh", file}
}

// A program signs with its key, also if its lines end as on Windows; another key's signature is refused.
func TestExecSigns(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	key, message := keystoretest.Key(2048, 0), []byte("an assertion")
	digest := sha512.Sum512(message)
	for _, who := range []string{"usual", "crlf", "another"} {
		s, err := signer.NewExec(t.Context(), []string{self, "sign-as", who}, signer.Options{Profile: "int"})
		if err != nil || !key.PublicKey.Equal(s.Public()) {
			t.Fatalf("%s: %v", who, err)
		}
		signature, err := crypto.SignMessage(s, nil, message, crypto.SHA512)
		if who == "another" {
			if !errors.Is(err, signer.ErrWrong) || signature != nil {
				t.Errorf("%s: %v", who, err)
			}
			continue
		}
		if err != nil || rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA512, digest[:], signature) != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestExecRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":       "",
		"not PEM":       "echo key",
		"a label":       "printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n'",
		"a damaged key": "printf -- '-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n'",
	} {
		_, err := signer.NewExec(t.Context(), script(t, text), signer.Options{})
		if !errors.Is(err, signer.ErrWrong) || fault.ClassOf(err) != fault.Keystore || fault.HintOf(err, "") == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := signer.NewExec(ctx, script(t, "sleep 60"), signer.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
	_, err := signer.NewExec(t.Context(), script(t, "exit 3"), signer.Options{})
	if !errors.Is(err, program.ErrNotFound) {
		t.Errorf("%v", err)
	}
	s, err := open(keptText(t, "exec", `"argv":["/nonexistent/sign"]`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.SignMessage(s, nil, nil, crypto.SHA512); !errors.Is(err, signer.ErrNotGiven) {
		t.Errorf("%v, want the program not to be run", err)
	}
	s = signer.Permit(s, func([]string) error { return nil })
	if _, err := crypto.SignMessage(s, nil, nil, crypto.SHA512); !errors.Is(err, program.ErrStart) {
		t.Errorf("%v", err)
	}
	if _, err := s.Sign(nil, make([]byte, 64), &rsa.PSSOptions{Hash: crypto.SHA512}); err == nil ||
		errors.Is(err, program.ErrStart) {
		t.Errorf("%v, want a refusal of PSS", err)
	}
}

// A record's program is run only if the one who permits says so, each time. A program that the user has
// just named needs no permission.
func TestPermit(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	argv := script(t, "touch "+ran)
	text, err := json.Marshal(argv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(keptText(t, "exec", `"argv":`+string(text)))
	if err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("not this one")
	var asked [][]string
	refused := signer.Permit(s, func(argv []string) error { asked = append(asked, argv); return refusal })
	for _, tt := range []struct {
		signer signer.Signer
		want   error
	}{
		{s, signer.ErrNotGiven},
		{refused, refusal},
		{signer.Within(t.Context(), refused), refusal},
		{signer.Permit(refused, notEver), errNotEver},
	} {
		if err := signer.Prove(tt.signer); !errors.Is(err, tt.want) {
			t.Errorf("%v, want %v", err, tt.want)
		}
		if err := signer.Permitted(tt.signer); !errors.Is(err, tt.want) {
			t.Errorf("permitted: %v, want %v", err, tt.want)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the program was run")
	}
	if len(asked) != 4 || !slices.Equal(asked[0], argv) || !slices.Equal(signer.Command(s), argv) {
		t.Errorf("asked for %q, want %q", asked, argv)
	}
	if err := signer.Prove(signer.Permit(s, func([]string) error { return nil })); !errors.Is(err, signer.ErrWrong) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(ran); err != nil {
		t.Errorf("it was permitted, and not run: %v", err)
	}
	if own := signer.NewRSA(keystoretest.Key(2048, 0)); signer.Prove(signer.Permit(own, notEver)) != nil ||
		signer.Command(own) != nil {
		t.Error("a private key needs no permission")
	}
}

var errNotEver = errors.New("not ever")

func notEver([]string) error { return errNotEver }
