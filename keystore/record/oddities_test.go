package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Each variable, and the file that it may name, against each oddity.
func TestEnvironmentOddities(t *testing.T) {
	t.Parallel()
	r := &record.Record{
		Rev: "r", Host: "h.example", Auth: record.JWT, APIKey: keystore.NewSecret([]byte("abc-DEF_12")),
		Key: &record.Key{KID: "k", Signer: signer.NewRSA(keystoretest.Key(1024, 0))},
	}
	bundle, err := record.Bundle(r)
	if err != nil {
		t.Fatal(err)
	}
	pem := string(keystoretest.PEM(keystoretest.Key(1024, 0)))
	usual := map[string]string{
		"CGP_CRED_HOST": "int", "CGP_CRED_API_KEY": "0123456789", "CGP_CRED_KID": "k", "CGP_CRED_PRIVATE_KEY": pem,
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "value")
	for name, c := range map[string]struct {
		value string
		read  func(e *record.Environment, r *record.Record) string
	}{
		"CGP_CRED_HOST":      {"abc-def.12", func(e *record.Environment, _ *record.Record) string { return e.Host }},
		"CGP_CRED_KID":       {"abc-DEF_12", func(e *record.Environment, _ *record.Record) string { return e.KID }},
		"CGP_CRED_TOKEN_URL": {"https://abc", func(e *record.Environment, _ *record.Record) string { return e.TokenURL }},
		"CGP_CRED_AUDIENCE":  {"https://abc", func(e *record.Environment, _ *record.Record) string { return e.Audience }},
		"CGP_CRED_API_KEY": {"abc-DEF_12", func(_ *record.Environment, r *record.Record) string {
			return string(r.APIKey.Reveal())
		}},
		"CGP_CRED_PRIVATE_KEY": {pem, func(_ *record.Environment, r *record.Record) string {
			return string(keystoretest.PEM(r.Key.Signer.(signer.RSA).Reveal()))
		}},
		"CGP_CRED_BUNDLE": {string(bundle.Reveal()), func(_ *record.Environment, r *record.Record) string {
			made, err := record.Bundle(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(made.Reveal())
		}},
	} {
		secret := name == "CGP_CRED_API_KEY" || name == "CGP_CRED_PRIVATE_KEY" || name == "CGP_CRED_BUNDLE"
		try := func(given string, inFile bool) (string, error) {
			env := map[string]string{}
			for k, v := range usual {
				if name != "CGP_CRED_BUNDLE" {
					env[k] = v
				}
			}
			env[name] = given
			if inFile {
				if err := os.WriteFile(file, []byte(given), 0o600); err != nil {
					t.Fatal(err)
				}
				env[name], env[name+"_FILE"] = "", file+"\r"
			}
			e, err := record.ReadEnvironment(func(name string) string { return env[name] })
			if err != nil {
				return "", err
			}
			r, err := e.Record("h.example")
			if err != nil {
				return "", err
			}
			if name == "CGP_CRED_BUNDLE" {
				r.Rev = "r"
			}
			return c.read(e, r), nil
		}
		for odd, change := range keystoretest.RemovedOddities {
			given := change(c.value, name)
			for _, inFile := range []bool{false, true} {
				if inFile && !secret || !inFile && strings.Contains(given, "\x00") {
					continue // a variable has no NUL
				}
				if got, err := try(given, inFile); err != nil || got != c.value {
					t.Errorf("%s, %s, file %v: %.40q, %v", name, odd, inFile, got, err)
				}
			}
		}
		for odd, bad := range keystoretest.RefusedOddities {
			given := bad.Odd(c.value)
			if strings.Contains(given, "\x00") || name == "CGP_CRED_PRIVATE_KEY" && strings.Contains(given, "BEGIN") {
				continue // a key is read whatever is around it
			}
			says := bad.Says
			if name != "CGP_CRED_API_KEY" && name != "CGP_CRED_KID" {
				says = "" // the place depends on the length
			}
			got, err := try(given, false)
			if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), name+": ") {
				t.Errorf("%s, %s: %.40q, %v", name, odd, got, err)
			}
		}
	}
}

// A job of a fork has variables that are empty.
func TestEmptyVariables(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"CGP_CRED_BUNDLE": "", "CGP_CRED_API_KEY_FILE": " \r\n", "CGP_CRED_HOST": "int", "CGP_CRED_KID": "\ufeff",
	}
	got := record.EmptyVariables(func(name string) (string, bool) { v, set := env[name]; return v, set })
	if want := "CGP_CRED_BUNDLE CGP_CRED_API_KEY_FILE CGP_CRED_KID"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}
