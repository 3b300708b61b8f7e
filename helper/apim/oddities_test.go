package apim_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

func certificate(t *testing.T) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &testKey().PublicKey, testKey())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A file of roots as Windows, chats and mail write it.
func TestCAFileOddities(t *testing.T) {
	t.Parallel()
	der := certificate(t)
	good := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	folder := t.TempDir()
	write := func(given string) string {
		f, err := os.CreateTemp(folder, "ca")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(given); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return f.Name()
	}
	for name, given := range map[string]string{
		"as it is": good, "mark": "\ufeff" + good, "CRLF": strings.ReplaceAll(good, "\n", "\r\n"), "CR": strings.ReplaceAll(good, "\n", "\r"),
		"UTF-16LE": "\xff\xfe" + keystoretest.UTF16LE(good), "UTF-16BE": "\xfe\xff" + keystoretest.UTF16BE(good),
		"UTF-16, no mark": keystoretest.UTF16LE(good), "mail": "> " + strings.ReplaceAll(good, "\n", "\n> "),
		"dashes": strings.ReplaceAll(good, "-", "\u2013"), "long dashes": strings.ReplaceAll(good, "--", "\u2014"),
		"a dash lost": good[1:], "quotes": "'" + good + "'", "literal": strings.ReplaceAll(good, "\n", `\n`),
		"zero width": strings.ReplaceAll(good, "\n", "\u200b\n"), "X509": strings.ReplaceAll(good, "CERTIFICATE", "X509 CERTIFICATE"),
		"Latin-1 around": "# Fran\xe7ais\n" + good, "mark between": good + "\ufeff" + good,
	} {
		got, err := apim.ReadCAFile(write(given))
		if pool := x509.NewCertPool(); err != nil || !pool.AppendCertsFromPEM(got) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := apim.NewHTTP(write(given), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string][3]string{
		"DER":      {string(der), "it is binary (DER), not PEM", "openssl x509 -inform DER"},
		"PKCS #7":  {"\x30\x82\x01\x00" + strings.Repeat("x", 300), "it is binary, not PEM", "openssl pkcs7 -inform DER"},
		"p7b":      {strings.ReplaceAll(good, "CERTIFICATE", "PKCS7"), "it holds PKCS #7", "openssl pkcs7 -print_certs"},
		"trusted":  {strings.ReplaceAll(good, "CERTIFICATE", "TRUSTED CERTIFICATE"), "OpenSSL's own format", "openssl x509 -in"},
		"damaged":  {strings.Replace(good, "MII", "MIII", 1), "cut short or damaged", "copy the whole"},
		"a key":    {string(keystoretest.PEM(testKey())), "it holds a private key and no certificate", "--ca-file"},
		"empty":    {"\ufeff\r\n", "it is empty", "--ca-file"},
		"variable": {"${CA}", "it holds ${CA}, which was not replaced", "--ca-file"},
		"no PEM":   {"hello", "it holds no PEM certificate", "--ca-file"},
	} {
		_, err := apim.NewHTTP(write(c[0]), "")
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), c[1]) || !strings.Contains(fault.HintOf(err, ""), c[2]) {
			t.Errorf("%s: %v; %s", name, err, fault.HintOf(err, ""))
		}
	}
}

// The command of the hint makes a file that is read.
func TestCAFileHintWorks(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "openssl", "openssl")
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(at("ca.der"), certificate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run("x509", "-inform", "DER", "-in", at("ca.der"), "-out", at("ca.pem"))
	run("crl2pkcs7", "-nocrl", "-certfile", at("ca.pem"), "-outform", "DER", "-out", at("p7.der"))
	run("crl2pkcs7", "-nocrl", "-certfile", at("ca.pem"), "-out", at("p7.pem"))
	run("x509", "-in", at("ca.pem"), "-trustout", "-out", at("trusted.pem"))
	for _, file := range []string{"ca.der", "p7.der", "p7.pem", "trusted.pem"} {
		_, err := apim.NewHTTP(at(file), "")
		_, hint, found := strings.Cut(fault.HintOf(err, ""), "`openssl ")
		command, _, _ := strings.Cut(hint, "`")
		if !found {
			t.Errorf("%s: %v has no command", file, err)
			continue
		}
		run(strings.Fields(strings.NewReplacer("FILE", at(file), "NEW", at("new.pem")).Replace(command))...)
		if _, err := apim.NewHTTP(at("new.pem"), ""); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A key set as Windows and chats write it.
func TestKeySetOddities(t *testing.T) {
	t.Parallel()
	ours, err := apim.NewJWK(&testKey().PublicKey, "ours")
	if err != nil {
		t.Fatal(err)
	}
	want := mustJWKS(t, ours)
	set := string(want)
	for name, given := range map[string]string{
		"mark": "\ufeff" + set, "UTF-16LE": "\xff\xfe" + keystoretest.UTF16LE(set), "UTF-16BE": "\xfe\xff" + keystoretest.UTF16BE(set),
		"UTF-16, no mark": keystoretest.UTF16LE(set), "CRLF": strings.ReplaceAll(set, "\n", "\r\n"), "CR": strings.ReplaceAll(set, "\n", "\r"),
		"quotes": "'" + set + "'", "fence": "```\n" + set + "```", "typographic": "\u201c" + set + "\u201d", "zero width": "\u200b" + set + "\u200b",
		"no-break space": "\u00a0" + set, "a line": strings.ReplaceAll(set, "\n", ""), "DOS": set + "\x1a",
	} {
		if got, err := apim.MergeJWKS([]byte(given), ours); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	for name, c := range map[string][2]string{
		"typographic quotes": {strings.ReplaceAll(set, `"`, "\u201d"), "line 2, character 3 is U+201D, a typographic quote"},
		"no-break spaces":    {strings.ReplaceAll(set, "  ", "\u00a0 "), "line 2, character 1 is U+00A0, a space"},
		"zero width within":  {strings.Replace(set, ":", ":\u200b", 1), "is U+200B, which can't be seen"},
		"variable":           {"${JWKS}", "it holds ${JWKS}, which was not replaced"},
		"template":           {`{{ jwks }}`, "it holds {{ jwks }}, which was not replaced"},
		"PEM":                {string(keystoretest.PEM(testKey())), "it is PEM"},
		"web page":           {"<!doctype html>", "it is a web page"},
		"URL":                {"https://h.example/jwks.json", "it is a URL"},
		"Latin-1":            {strings.Replace(set, "ours", "\xe9", 1), "it is not UTF-8: byte"},
		"NUL":                {set + "\x00", "is NUL, so it is not text"},
		"empty":              {"", "it is not a JSON object"},
	} {
		if _, err := apim.MergeJWKS([]byte(c[0]), ours); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
