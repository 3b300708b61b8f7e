package profile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// systemConfig makes a folder of the system with files, by name, and a user's folder with profiles.
func systemConfig(t testing.TB, files map[string]string, profiles ...string) profile.Config {
	t.Helper()
	c := config(t, profiles...)
	c.System = filepath.Join(t.TempDir(), "cgp-cred")
	if err := os.MkdirAll(filepath.Join(c.System, "profiles"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(c.System, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

const (
	systemFile = "profiles/int.yaml"
	pinnedText = "api_host: int.api.service.nhs.uk\nauth: jwt\n"
)

var sharedText = strings.ReplaceAll(pinnedText+"keystore: exec\nkeystore_command:\n  - /opt/keep\n  - --all\n"+
	"signer_commands:\n  - /opt/sign https://vault:8200 int:1\n  - \"/opt/sign  https://vault:8200 int:2\"\n",
	"/opt/", keystoretest.Abs("/opt/"))

// The system's profile is taken whole: nothing of a user's file of the same name counts, and nothing changes a file.
func TestSystemProfileWins(t *testing.T) {
	t.Parallel()
	c := systemConfig(t, map[string]string{systemFile: sharedText}, "int evil.example.com api", "own int.api.service.nhs.uk")
	p, err := c.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	if !p.System || !p.Administered() || p.Host != "int.api.service.nhs.uk" || p.APIName != "" || p.Keystore != profile.Exec {
		t.Errorf("%+v", p)
	}
	user := filepath.Join(c.Folder, systemFile)
	if got := c.Ignored(p); got != user {
		t.Errorf("ignored: %q, want %q", got, user)
	}
	before, err := os.ReadFile(user)
	if err != nil {
		t.Fatal(err)
	}
	p.Host = "other.example.com"
	changed := false
	if err := c.SaveAfter(p, func() error { changed = true; return nil }); err != nil || !changed {
		t.Errorf("the record was not changed: %v", err)
	}
	after, err := os.ReadFile(user)
	if err != nil || string(after) != string(before) {
		t.Errorf("%v, the user's file is now %s", err, after)
	}
	if again, err := c.Load("int"); err != nil || again.Host != "int.api.service.nhs.uk" {
		t.Errorf("%+v, %v", again, err)
	}
	own, err := c.Load("own")
	if err != nil || own.System || c.Ignored(own) != "" || own.Location().System != "" {
		t.Errorf("%+v, %v", own, err)
	}
	if names, err := c.Names(); err != nil || !slices.Equal(names, []string{"int", "own"}) {
		t.Errorf("%q, %v", names, err)
	}
	if existed, err := c.Remove("int"); err != nil || !existed || c.Ignored(p) != "" {
		t.Errorf("the user's file stays: %v, %v", existed, err)
	}
	if _, err := c.Load("int"); err != nil {
		t.Error(err)
	}
}

// A program of the system's file needs no seal, and only the commands that it lists sign.
func TestSystemPrograms(t *testing.T) {
	t.Parallel()
	c := systemConfig(t, map[string]string{systemFile: sharedText})
	p, err := c.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	l := p.Location()
	if l.System != p.File || !slices.Equal(l.Command, []string{keystoretest.Abs("/opt/keep"), "--all"}) {
		t.Errorf("%+v", l)
	}
	for command, want := range map[string]bool{
		"/opt/sign https://vault:8200 int:1": true, "/opt/sign https://vault:8200 int:2": true,
		"/opt/sign https://vault:8200 int:3": false, "/opt/sign": false, "/opt/sign https://vault:8200": false,
		"/opt/sign https://vault:8200 int:1 more": false, "/opt/keep --all": false, "/bin/sh": false, "": false,
	} {
		command = strings.ReplaceAll(command, "/opt/", keystoretest.Abs("/opt/"))
		if got := l.Signs(strings.Fields(command)); got != want {
			t.Errorf("%q: %v, want %v", command, got, want)
		}
	}
}

// What a user's file says of that user is not true for others: a copy of it as a system profile loses it.
func TestSystemFileIsACopy(t *testing.T) {
	t.Parallel()
	c := systemConfig(t, map[string]string{
		systemFile: sharedText + "rev: abc\nkeystore_seal: AAAA\nsigner_seal: BBBB\nchanging_to: def\n" +
			"moving_from:\n  - keystore: keychain\n    rev: ghi\n",
	})
	p, err := c.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	if p.Rev != "" || p.Seal != "" || p.SignerSeal != "" || p.ChangingTo != "" || p.MovingFrom != nil {
		t.Errorf("%+v", p)
	}
}

// A system profile that can't be used is an error, though the user has a file of that name.
func TestSystemProfileDamaged(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "no host": "auth: jwt\n", "unknown key": pinnedText + "colour: red\n", "not text": "\x00",
		"keystore unknown": pinnedText + "keystore: vault\n", "no program": pinnedText + "keystore: exec\n",
		"relative program": pinnedText + "keystore: exec\nkeystore_command:\n  - keep\n",
		"relative CA file": pinnedText + "ca_file: ca.pem\n", "relative signer": pinnedText + "signer_commands:\n  - sign\n",
		"empty signer": pinnedText + "signer_commands:\n  - \"\"\n", "signers in a line": pinnedText + "signer_commands: /opt/sign\n",
		"host in capitals": strings.Replace(pinnedText, "int.api", "INT.api", 1), "too big": strings.Repeat("#\n", 40_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := systemConfig(t, map[string]string{systemFile: text}, "int int.api.service.nhs.uk")
			p, err := c.Load("int")
			if err == nil || p != nil || fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" ||
				!strings.Contains(strings.ReplaceAll(err.Error(), `\\`, `\`), c.System) {
				t.Errorf("%+v, %v", p, err)
			}
			if strings.Contains(fault.HintOf(err, ""), "cgp-cred store") {
				t.Errorf("the hint would make a user's file: %s", fault.HintOf(err, ""))
			}
		})
	}
}

// A user's file has no key that only root may write.
func TestOnlyTheSystemNames(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ca_file: /tmp/ca.pem", "signer_commands:\n  - /tmp/sign"} {
		c := config(t, "int int.api.service.nhs.uk")
		file := filepath.Join(c.Folder, systemFile)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, key+"\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load("int"); !errors.Is(err, profile.ErrDamaged) || !strings.Contains(err.Error(), "unknown key") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// Arguments, the variable, the user's default and the system's, in this order; then the only one.
func TestSystemDefault(t *testing.T) {
	t.Parallel()
	both := map[string]string{systemFile: pinnedText, "config.yaml": "default: int\n"}
	one := map[string]string{systemFile: pinnedText}
	withDefault := systemConfig(t, both, "own int.api.service.nhs.uk")
	if err := withDefault.SetDefault("own"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		config profile.Config
		ask    profile.Ask
		want   string
		source profile.Source
	}{
		"the system's":            {systemConfig(t, both, "own int.api.service.nhs.uk"), profile.Ask{}, "int", profile.ByDefault},
		"the user's":              {withDefault, profile.Ask{}, "own", profile.ByDefault},
		"argument":                {withDefault, profile.Ask{Name: "int"}, "int", profile.ByArgument},
		"variable":                {withDefault, profile.Ask{Env: "int"}, "int", profile.ByEnvironment},
		"the only one is system":  {systemConfig(t, one), profile.Ask{}, "int", profile.Only},
		"the same name twice":     {systemConfig(t, one, "int evil.example.com"), profile.Ask{}, "int", profile.Only},
		"one of each":             {systemConfig(t, one, "own int.api.service.nhs.uk"), profile.Ask{}, "", ""},
		"no folder of the system": {config(t, "own int.api.service.nhs.uk"), profile.Ask{}, "own", profile.Only},
	} {
		p, source, err := tt.config.Resolve(tt.ask)
		if got := p; (got == nil) != (tt.want == "") || got != nil && (got.Name != tt.want || source != tt.source) {
			t.Errorf("%s: %+v, %s, %v", name, p, source, err)
		}
	}
	if existed, err := withDefault.Remove("own"); err != nil || !existed {
		t.Error(err)
	}
	if def, err := withDefault.Default(); err != nil || def != "int" {
		t.Errorf("without the user's default: %q, %v", def, err)
	}
}

// A URL is covered by the system's profile, not by the user's file of that name.
func TestSystemCovers(t *testing.T) {
	t.Parallel()
	c := systemConfig(t, map[string]string{systemFile: pinnedText}, "int evil.example.com")
	p, _, err := c.Resolve(profile.Ask{URL: "https://int.api.service.nhs.uk/x"})
	if err != nil || !p.System {
		t.Errorf("%+v, %v", p, err)
	}
	if _, _, err := c.Resolve(profile.Ask{URL: "https://evil.example.com/x"}); err == nil {
		t.Error("the user's file covers a URL")
	}
}
