package manage_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

func TestStoreKeepsAndRefuses(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	other := signer.NewRSA(func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}())
	tests := []struct {
		name   string
		change manage.Change
		force  bool // it is refused without force
		ok     bool // with force, if the case needs it
	}{
		{"another kid", manage.Change{KID: "k2"}, false, true},
		{"another API key", manage.Change{APIKey: keystore.NewSecret([]byte("another"))}, false, true},
		{"an api_name", manage.Change{APIName: text("genomic-data-access")}, false, true},
		{"the API key itself", manage.Change{Auth: profile.APIKey}, false, true},
		{"the same host by another word", manage.Change{Host: "HOST"}, false, true},
		{"another host", manage.Change{Host: "prod"}, true, true},
		{
			"another token URL",
			manage.Change{TokenURL: text("https://int.api.service.nhs.uk/oauth2-mock/token")},
			true,
			true,
		},
		{"another audience", manage.Change{Audience: text("https://identity.example/realm")}, true, true},
		{"another private key", manage.Change{Key: &record.Key{KID: "k2", Signer: other}}, true, true},
		{
			"the same private key",
			manage.Change{Key: &record.Key{KID: "k1", Signer: signer.NewRSA(helpertest.Key())}},
			false, true,
		},
		{"a key without a kid", manage.Change{Key: &record.Key{Signer: other}}, true, false},
		{"an unknown method", manage.Change{Auth: "basic"}, false, false},
		{"a bad token URL", manage.Change{TokenURL: text("http://evil.example/")}, true, false},
		{"a bad api_name", manage.Change{APIName: text("/x/")}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			if tt.change.Host == "HOST" {
				tt.change.Host = strings.ToUpper(p.Host)
			}
			before, err := p.Keys.Get(t.Context(), "int")
			if err != nil {
				t.Fatal(err)
			}
			if tt.force || !tt.ok {
				_, err := p.Manage().Store(t.Context(), "int", tt.change)
				if fault.HintOf(err, "") == "" {
					t.Errorf("error %v, want one with a hint", err)
				}
				after, err := p.Keys.Get(t.Context(), "int")
				if err != nil || string(after.Reveal()) != string(before.Reveal()) {
					t.Error("a refused change was made")
				}
			}
			tt.change.Force = tt.force
			if _, err := p.Manage().Store(t.Context(), "int", tt.change); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestNewProfilesAreWhole(t *testing.T) {
	t.Parallel()
	key := keystore.NewSecret([]byte("an-api-key"))
	tests := []struct {
		name   string
		change manage.Change
		auth   string // empty: refused
	}{
		{"an API key", manage.Change{Host: "int", APIKey: key}, profile.APIKey},
		{"both", manage.Change{Host: "int", APIKey: key, Key: &record.Key{
			KID:    "k",
			Signer: signer.NewRSA(helpertest.Key()),
		}}, profile.JWT},
		{"a private key, no API key yet", manage.Change{Host: "int", Key: &record.Key{
			KID:    "k",
			Signer: signer.NewRSA(helpertest.Key()),
		}}, profile.JWT},
		{"a sandbox needs nothing", manage.Change{Host: "sandbox"}, profile.None},
		{"a sandbox-like host needs a credential", manage.Change{Host: "sandbox.evil.example"}, ""},
		{"no host", manage.Change{APIKey: key}, ""},
		{"nothing", manage.Change{Host: "int"}, ""},
		{"a kid without a key", manage.Change{Host: "int", APIKey: key, KID: "k"}, ""},
		{"jwt without a key", manage.Change{Host: "int", APIKey: key, Auth: profile.JWT}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			s, err := p.Manage().Store(t.Context(), "new", tt.change)
			if (err == nil) != (tt.auth != "") {
				t.Fatalf("error %v, want method %q", err, tt.auth)
			}
			if err == nil && (s.Record.Auth != tt.auth || !s.New) {
				t.Errorf("method %s, new %v", s.Record.Auth, s.New)
			}
			if err != nil {
				if _, err := p.Keys.Get(t.Context(), "new"); !errors.Is(err, keystore.ErrNotFound) {
					t.Error("something was stored")
				}
			}
		})
	}
}

func TestIncompleteAndGone(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	if _, err := p.Manage().Store(t.Context(), "half",
		manage.Change{Host: p.Host, Key: &record.Key{KID: "k", Signer: signer.NewRSA(helpertest.Key())}}); err != nil {
		t.Fatal(err)
	}
	half, err := p.Config.Load("half")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), half, helper.Options{}); fault.ClassOf(err) != fault.None ||
		!strings.Contains(err.Error(), "no API key") {
		t.Errorf("error %v, want one that misses the API key", err)
	}
	if err := p.Keys.Delete(t.Context(), "half"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), half, helper.Options{}); fault.ClassOf(err) != fault.None ||
		!errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("error %v, want one that the record is gone", err)
	}
}

func TestLogoutIsIdempotent(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	p.Fails(t, "row22") // a refusal is remembered next to the lock
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{ForceNew: true}); err == nil {
		t.Fatal("no refusal")
	}
	for _, want := range []manage.Removed{{Profile: true, Record: true}, {}} {
		got, err := p.Manage().Logout(t.Context(), "int")
		if err != nil || got != want {
			t.Errorf("removed %+v, %v, want %+v", got, err, want)
		}
	}
	var left []string
	err := filepath.WalkDir(filepath.Dir(p.Folders.Runtime), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
}
