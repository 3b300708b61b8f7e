package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// leakfree PROFILE [EXCEPT...] holds that no file of the script's user has a secret of that profile: API key, primes, a
// line of the private key's PEM, access token, or a signed assertion. EXCEPT are files that the script made of them.
func leakFree(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: leakfree PROFILE [EXCEPT...]")
	}
	secrets := secretsOf(ts, args[0])
	var except, found []string
	for _, f := range args[1:] {
		except = append(except, ts.MkAbs(f))
	}
	files := 0
	err := filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || slices.Contains(except, path) {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		for what, secret := range secrets {
			if strings.Contains(string(text), secret) {
				found = append(found, path+": "+what)
			}
		}
		return err
	})
	ts.Check(err)
	if (len(found) > 0) != neg {
		ts.Fatalf("in %d files: %q", files, found)
	}
}

// secretsOf are the secrets of a profile, by what they are, as long as the keyring and the cache have them.
func secretsOf(ts *testscript.TestScript, profile string) map[string]string {
	var r struct {
		APIKey string `json:"api_key"`
		P      string `json:"p"`
		Q      string `json:"q"`
	}
	ts.Check(json.Unmarshal([]byte(lookUp(ts, profile)), &r))
	ts.Check(ts.Exec("cgp-cred", "get", profile, "--format", "token"))
	secrets := map[string]string{
		"API key": r.APIKey, "a prime": r.P, "another prime": r.Q, "the token": trimmed(ts, "stdout"),
		"an assertion": assertionStart,
	}
	for i, line := range strings.Split(trimmed(ts, "key.pem"), "\n") {
		if !strings.HasPrefix(line, "-----") && i > 2 { // the first lines of any two keys are alike
			secrets[fmt.Sprint("PEM line ", i)] = line
		}
	}
	for what, secret := range secrets {
		if len(secret) < 8 {
			ts.Fatalf("%s is not known: %q", what, secret)
		}
	}
	return secrets
}

// assertionStart is the base64url of {"alg":"RS512" with which each assertion begins.
const assertionStart = "eyJhbGciOiJSUzUxMiI"
