package keystore_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Nothing that prints a value shows a secret, wherever in it the secret is.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const text = "s3cr3t-value"
	rsaKey := keystoretest.Key(1024, 0)
	type inner struct {
		s keystore.Secret
		k signer.RSA
		p *record.Key
	}
	i := inner{
		keystore.NewSecret([]byte(text)), signer.NewRSA(rsaKey),
		&record.Key{KID: "kid", Signer: signer.NewRSA(rsaKey)},
	}
	r := &record.Record{APIKey: i.s, Key: i.p}
	var out bytes.Buffer
	for _, v := range []any{
		i.s, &i.s, i.k, &i.k, i, &i, r, *r,
		[]keystore.Secret{i.s},
		map[string]any{"a": i.s, "b": i.k},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	fmt.Fprintln(&out, i.s.String(), i.s.GoString(), i.k.String(), i.s.LogValue())
	for name, secret := range map[string]string{
		"secret": text, "secret in hex": fmt.Sprintf("%x", text),
		"secret as numbers": strings.Trim(fmt.Sprint([]byte(text)), "[]"),
		"prime":             rsaKey.Primes[0].String(), "prime in hex": fmt.Sprintf("%x", rsaKey.Primes[0]),
		"exponent": rsaKey.D.String(),
	} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s was printed", name)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was redacted")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	b := []byte("abc")
	s := keystore.NewSecret(b)
	b[0] = 'x'
	if string(s.Reveal()) != "abc" {
		t.Error("a secret follows its source")
	}
	var zero keystore.Secret
	if zero.Reveal() != nil || !zero.IsZero() || s.IsZero() || !zero.Equal(keystore.NewSecret(nil)) || s.Equal(zero) {
		t.Error("the zero secret is not empty")
	}
}

func TestCheckValues(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"abcDEF123~!'[]{}": "", "": "empty", "a b": "character 2 is a space", "key\n": "character 4 is a line break",
		`"key"`: "character 1 is a quote", `a\b`: "backslash", "schlüssel": "not ASCII", "a\x7f": "control",
		"a\tb": "tab", "\x00": "control",
	} {
		check(t, keystore.CheckAPIKey(s), s, want)
	}
	for s, want := range map[string]string{
		"abc.DEF-1_2~3+4/5": "", "YWI==": "", "": "empty", "==": "empty", "a=b": "character 2", "a b": "space",
		"tok\r\nen": "line break", "a:b": "character 2", `a"`: "quote",
	} {
		check(t, keystore.CheckToken(s), s, want)
	}
}

func check(t *testing.T, err error, s, want string) {
	t.Helper()
	if want == "" && err == nil {
		return
	}
	if want == "" || fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), want) ||
		fault.HintOf(err, "") == "" {
		t.Errorf("%q: %v, want %q", s, err, want)
	} else if len(s) > 3 && strings.Contains(err.Error(), s) {
		t.Errorf("%q: the message quotes it", s)
	}
}
