package profile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	c := profile.Config{Folder: filepath.Join(t.TempDir(), "cgp-cred")}
	for _, place := range []profile.Location{
		{Kind: profile.Keychain},
		{Kind: profile.File},
		{Kind: profile.File, Identity: filepath.Join(c.Folder, "key.txt")},
		{Kind: profile.Exec, Command: []string{filepath.Join(c.Folder, "pass"), "--x", "a:b"}, Seal: "abc"},
	} {
		p := &profile.Profile{Name: "int", Host: "int.api.service.nhs.uk", Auth: profile.JWT, Rev: "r"}
		p.Move(place)
		keychain := profile.Location{Kind: profile.Keychain}
		p.MovingFrom = []profile.Copy{{Location: place, Rev: "r"}, {Location: keychain, Rev: "s", Replaced: true}}
		if err := c.Save(p); err != nil {
			t.Fatal(err)
		}
		got, err := c.Load("int")
		if err != nil || !got.Location().Same(place) ||
			cmp.Diff(got.Location(), place)+cmp.Diff(got.MovingFrom, p.MovingFrom) != "" {
			t.Errorf("%+v, %v, want %+v", got, err, place)
		}
		if place.Same(profile.Location{Kind: profile.Memory}) || place.String() == "" {
			t.Errorf("%+v", place)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	keychain, file := profile.Location{Kind: profile.Keychain}, profile.Location{Kind: profile.File}
	one := profile.Location{Kind: profile.File, Identity: "/k/1"}
	two := profile.Location{Kind: profile.File, Identity: "/k/2"}
	pass := profile.Location{Kind: profile.Exec, Command: []string{"/p"}}
	vault := profile.Location{Kind: profile.Exec, Command: []string{"/v"}}
	all := []profile.Location{keychain, file, one, two, pass, vault}
	for i, a := range all {
		for j, b := range all {
			if want := i == j || a.Identity != "" && b.Identity != ""; a.Shares(b) != want {
				t.Errorf("%+v shares with %+v: %v", a, b, !want)
			}
		}
	}
}

func TestPlaceRefused(t *testing.T) {
	t.Parallel()
	c := profile.Config{Folder: filepath.Join(t.TempDir(), "cgp-cred")}
	for text, want := range map[string]string{
		"keystore: vault\n":                                        `:4: keystore: "vault" is not keychain, file or exec`,
		"keystore: exec\n":                                         ": keystore_command: command: it is empty",
		"keystore: exec\nkeystore_command:\n- pass\n":              "not an absolute path",
		"keystore: exec\nkeystore_command:\n- /bin/x\n- a b\n":     "not printable",
		"keystore: exec\nkeystore_command: /bin/x a\n":             ":5: write the value as a list",
		"keystore: file\nkeystore_command:\n- /bin/x\n":            `:5: keystore_command: keystore "file" can't have one`,
		"keystore: file\nkeystore_identity: key.txt\n":             `:5: keystore_identity: "key.txt" is not an absolute path`,
		"keystore: keychain\nkeystore_identity: /home/u/key.txt\n": `keystore "keychain" can't have one`,
		"moving_from: keychain\n":                                  ":4: write the value as a list",
		"moving_from:\n- keystore: vault\n":                        `:4: moving_from: keystore: "vault" is not keychain, file or exec`,
		"moving_from:\n- keystore: exec\n":                         ":4: moving_from: keystore_command: command: it is empty",
		"moving_from:\n- keystore: file\n  host: x\n":              `:6: unknown key "host"`,
		"keystore: environment\n":                                  "is not keychain, file or exec",
	} {
		folder := filepath.Join(c.Folder, "profiles")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "- /bin/x", "- "+keystoretest.Abs("/bin/x"))
		text = "api_host: int.api.service.nhs.uk\nauth: jwt\nrev: r\n" + text
		if err := os.WriteFile(filepath.Join(folder, "int.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := c.Load("int")
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s%v, want %q", text, err, want)
		}
	}
}
