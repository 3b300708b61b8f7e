package scripttest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// declare-secrets KIND FILE... names files with secrets, for which trace-secrets and no-secrets-in-files look from
// then on. A file of kind "key" has a private key in PEM, which may be broken. A file of any other kind has one
// secret in each line.
func declareSecrets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: declare-secrets KIND FILE...")
	}
	for _, file := range args[1:] {
		text := ts.ReadFile(file)
		if args[0] == kindKey {
			of(ts).secrets.learnPEM([]byte(text))
			continue
		}
		for line := range strings.Lines(text) {
			of(ts).secrets.learn(args[0], []byte(strings.TrimSpace(line)))
		}
	}
}

// no-secrets-in-files [PROFILE] [EXCEPT...] checks that no file of the script's user has a secret: none that the
// script has declared or traced, and for a PROFILE in the keyring not its API key, private key (also from key.pem),
// token or assertion. EXCEPT are files that may have them.
func noSecretsInFiles(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	isProfile := func(name string) bool { return len(Glob(ts.Getenv("CONFIG"), "profiles", name+".yaml")) == 1 }
	if len(args) > 0 && u.keyring != nil && isProfile(args[0]) {
		learnProfile(ts, args[0])
		args = args[1:]
	}
	if len(u.secrets.pieces) == 0 {
		ts.Fatalf("usage: no-secrets-in-files [PROFILE] [EXCEPT...], " +
			"with a PROFILE, or after declare-secrets or trace-secrets")
	}
	var except, found []string
	for _, f := range args {
		except = append(except, ts.MkAbs(f))
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || slices.Contains(except, path) {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		for _, kind := range u.secrets.find(text) {
			found = append(found, path+": "+kind)
		}
		return err
	}))
	if (len(found) > 0) != neg {
		ts.Fatalf("in %d files: %q", files, found)
	}
}

// learnProfile learns the secrets of a profile from the keyring and the cache.
func learnProfile(ts *testscript.TestScript, profile string) {
	s := &of(ts).secrets
	if s.learnFrom([]byte(of(ts).keyring.Look(of(ts), profile))); len(s.pieces) == 0 {
		ts.Fatalf("the keyring's record of %s has no secret", profile)
	}
	if pem, err := os.ReadFile(ts.MkAbs("key.pem")); err == nil {
		s.learnPEM(pem)
	}
	ts.Check(ts.Exec("cgp-cred", "get", profile, "--format", "token"))
	s.learn("token", []byte(trimmed(ts, "stdout")))
}
