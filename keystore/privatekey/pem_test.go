package privatekey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/privatekey"
	"cgp-cred/keystore/record"
)

func pemText(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func utf16LE(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// wrapped breaks base64 into lines as base64(1) does.
func wrapped(s string) string {
	var b strings.Builder
	for i, c := range base64.StdEncoding.EncodeToString([]byte(s)) {
		if i > 0 && i%76 == 0 {
			b.WriteByte('\n')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func TestParsePrivateKeyForms(t *testing.T) {
	t.Parallel()
	want := keystoretest.Key(2048, 0)
	pkcs8 := string(keystoretest.PEM(want))
	pkcs1 := pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(want))
	certificate := pemText("CERTIFICATE", bytes.Repeat([]byte{1}, 300))
	line := strings.ReplaceAll(pkcs8, "\n", " ")
	for name, text := range map[string]string{
		"PKCS #8":                 pkcs8,
		"PKCS #1":                 pkcs1,
		"no final newline":        strings.TrimSpace(pkcs8),
		"CRLF":                    strings.ReplaceAll(pkcs1, "\n", "\r\n"),
		"CR":                      strings.ReplaceAll(pkcs1, "\n", "\r"),
		"byte order mark":         "\ufeff" + pkcs8,
		"UTF-16 of PowerShell":    utf16LE(strings.ReplaceAll(pkcs8, "\n", "\r\n")),
		"literal \\n":             strings.ReplaceAll(pkcs8, "\n", `\n`),
		"literal \\r\\n":          strings.ReplaceAll(pkcs8, "\n", `\r\n`),
		"literal \\\\n":           strings.ReplaceAll(pkcs8, "\n", `\\n`),
		"quotes":                  `"` + pkcs8 + `"`,
		"quotes and literal \\n":  ` '` + strings.ReplaceAll(pkcs8, "\n", `\n`) + `' `,
		"one line with spaces":    line,
		"one line without spaces": strings.ReplaceAll(pkcs8, "\n", ""),
		"indented":                strings.ReplaceAll(pkcs8, "\n", "\n    "),
		"base64 of it all":        base64.StdEncoding.EncodeToString([]byte(pkcs8)),
		"base64 in lines":         wrapped(pkcs1),
		"base64 unpadded, URL":    base64.RawURLEncoding.EncodeToString([]byte(pkcs1)),
		"base64 of literal \\n":   base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(pkcs8, "\n", `\n`))),
		"text around":             "Bag Attributes\n    friendlyName: int\n" + pkcs8 + "\nkeep me\n",
		"certificates before":     certificate + certificate + pkcs8,
		"certificate after":       pkcs8 + certificate,
		"PKCS #8 labelled as 1":   strings.ReplaceAll(pkcs8, "PRIVATE KEY", "RSA PRIVATE KEY"),
		"PKCS #1 labelled as 8":   strings.ReplaceAll(pkcs1, "RSA PRIVATE KEY", "PRIVATE KEY"),
	} {
		got, err := privatekey.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !got.Reveal().Equal(want) {
			t.Errorf("%s: another key", name)
		}
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	t.Parallel()
	k := keystoretest.Key(2048, 0)
	good := string(keystoretest.PEM(k))
	der := func(v any, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v.([]byte)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec8, ecErr := x509.MarshalPKCS8PrivateKey(ec)
	ed8, edErr := x509.MarshalPKCS8PrivateKey(ed)
	ec1, ec1Err := x509.MarshalECPrivateKey(ec)
	public, publicErr := x509.MarshalPKIXPublicKey(&k.PublicKey)
	noise := bytes.Repeat([]byte{7}, 200)
	legacy := pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: noise,
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"},
	})
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak.Primes[0] = k.Primes[0]
	for _, c := range []struct {
		name, text, problem, hint string
	}{
		{"empty", "", "empty", "BEGIN"},
		{"only a byte order mark", "\ufeff \n", "empty", "BEGIN"},
		{"noise", "hello", "no BEGIN line", "BEGIN"},
		{"too long", strings.Repeat("a", 64<<10) + good, "64 KiB", "BEGIN"},
		{"encrypted", pemText("ENCRYPTED PRIVATE KEY", noise), "encrypted", "openssl rsa -in FILE -out NEW"},
		{"encrypted, legacy", string(legacy), "encrypted", "openssl rsa -in FILE -out NEW"},
		{"encrypted, one line", strings.ReplaceAll(string(legacy), "\n", " "), "encrypted", "openssl rsa"},
		{"public key", pemText("PUBLIC KEY", der(public, publicErr)), "public key", "private key"},
		{"public key, PKCS #1", pemText("RSA PUBLIC KEY", noise), "public key", "private key"},
		{"certificate", pemText("CERTIFICATE", noise), "certificate", "private key"},
		{"request", pemText("CERTIFICATE REQUEST", noise), "certificate request", "private key"},
		{"parameters", pemText("EC PARAMETERS", noise), "parameters", "private key"},
		{"OpenSSH", pemText("OPENSSH PRIVATE KEY", noise), "OpenSSH", "ssh-keygen -p -m PEM"},
		{"OpenSSH, public", "ssh-rsa AAAAB3NzaC1yc2E me@host", "public key", "private key"},
		{"PuTTY", "PuTTY-User-Key-File-3: ssh-rsa\r\nEncryption: none\r\n", "PuTTY", "puttygen"},
		{"JWK", `{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQ"}`, "JWK", "openssl genrsa"},
		{
			"EC", pemText("EC PARAMETERS", noise[:8]) + pemText("EC PRIVATE KEY", der(ec1, ec1Err)), "not an RSA key",
			"openssl genrsa",
		},
		{"EC, PKCS #8", pemText("PRIVATE KEY", der(ec8, ecErr)), "not an RSA key", "cgp-cred keygen"},
		{"Ed25519", pemText("PRIVATE KEY", der(ed8, edErr)), "not an RSA key", "cgp-cred keygen"},
		{"DSA", pemText("DSA PRIVATE KEY", noise), "not an RSA key", "cgp-cred keygen"},
		{"OpenPGP", pemText("PGP PRIVATE KEY BLOCK", noise), "OpenPGP", "cgp-cred keygen"},
		{"DER", string(x509.MarshalPKCS1PrivateKey(k)), "DER", "openssl pkey -inform DER"},
		{"PKCS #12", "\x30\x82\x01\x00\x02\x01\x03" + string(noise), "PKCS #12", "openssl pkcs12"},
		{"base64 of DER", base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(k)), "BEGIN and END", "BEGIN"},
		{"base64 of noise", base64.StdEncoding.EncodeToString(noise), "no BEGIN line", "BEGIN"},
		{"base64 of base64", wrapped(wrapped(good)), "no BEGIN line", "BEGIN"},
		{"two keys", good + string(keystoretest.PEM(keystoretest.Key(2048, 1))), "two private keys", "key id"},
		{"key and encrypted key", good + pemText("ENCRYPTED PRIVATE KEY", noise), "two private keys", "key id"},
		{"no END line", good[:len(good)-30], "cut short", "copy the whole"},
		{"line missing", good[:400] + good[465:], "damaged", "copy the whole"},
		{"last lines missing", good[:1000] + "\n-----END PRIVATE KEY-----\n", "cut short", "copy the whole"},
		{"only BEGIN", "-----BEGIN PRIVATE KEY", "damaged", "copy the whole"},
		{"foreign character", strings.Replace(good, "M", "*", 1), "damaged", "copy the whole"},
		{
			"primes of another key",
			pemText("RSA PRIVATE KEY",
				x509.MarshalPKCS1PrivateKey(&rsa.PrivateKey{
					PublicKey: weak.PublicKey, D: weak.D,
					Primes: weak.Primes,
				})), "damaged", "copy the whole",
		},
		{
			"three primes", pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(keystoretest.MultiPrimeKey())),
			"more than two primes", "openssl genrsa",
		},
	} {
		got, err := privatekey.Parse([]byte(c.text))
		hint := fault.HintOf(err, "")
		switch {
		case fault.ClassOf(err) != fault.Usage:
			t.Errorf("%s: %v, want a usage error", c.name, err)
		case !strings.Contains(err.Error(), c.problem) || !strings.Contains(hint, c.hint):
			t.Errorf("%s: %v (hint %s), want %q and %q", c.name, err, hint, c.problem, c.hint)
		case !got.IsZero():
			t.Errorf("%s: a key and an error", c.name)
		}
	}
}

func TestParsePrivateKeyDamaged(t *testing.T) {
	t.Parallel()
	for name, der := range keystoretest.Damaged() {
		for _, label := range []string{"RSA PRIVATE KEY", "PRIVATE KEY"} {
			got, err := privatekey.Parse([]byte(pemText(label, der)))
			if fault.ClassOf(err) != fault.Usage || !got.IsZero() {
				t.Errorf("%s: %v, want a usage error and no key", name, err)
				continue
			}
			if composite := strings.HasPrefix(name, "composite"); composite != strings.Contains(err.Error(),
				"don't fit together") {
				t.Errorf("%s: %v", name, err)
			}
			if hint := fault.HintOf(err, ""); !strings.Contains(hint, "cgp-cred keygen PROFILE") {
				t.Errorf("%s: the hint names no command: %s", name, hint)
			}
		}
	}
}

func TestKeyWarning(t *testing.T) {
	t.Parallel()
	for bits, want := range map[int]string{1024: "can be broken", 2047: "can be broken", 2048: "4096", 3072: "4096"} {
		if got := privatekey.KeyWarning(bits); !strings.Contains(got, want) {
			t.Errorf("%d bits: %q, want %q in it", bits, got, want)
		}
	}
	if got := privatekey.KeyWarning(4096); got != "" {
		t.Errorf("4096 bits: %q", got)
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	k := keystoretest.Key(1024, 0)
	good := string(keystoretest.PEM(k))
	f.Add([]byte(good))
	f.Add([]byte(strings.ReplaceAll(good, "\n", `\n`)))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(good))))
	f.Add([]byte(pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k))))
	f.Add([]byte(utf16LE(good)))
	f.Add([]byte("-----BEGIN CERTIFICATE-----" + good))
	f.Add(x509.MarshalPKCS1PrivateKey(k))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := privatekey.Parse(b)
		if err != nil {
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" || !key.IsZero() {
				t.Fatalf("%v is no usage error with a hint", err)
			}
			return
		}
		r := &record.Record{Rev: "r", Host: "h", Auth: "jwt", Key: &record.Key{KID: "k", Signer: key}}
		s, err := r.Encode()
		if errors.Is(err, keystore.ErrTooBig) {
			return
		}
		if err != nil {
			t.Fatalf("imported, and not encoded: %v", err)
		}
		got, err := record.Decode(s)
		if err != nil || !keystoretest.SameSigner(got.Key.Signer, key) {
			t.Fatalf("imported, and lost: %v", err)
		}
	})
}
