package manage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// seals returns the seal in int's file, and whether the keys of the record may sign: next, current, previous.
func (p *places) seals(t *testing.T) (seal string, permitted []bool) {
	t.Helper()
	now, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Records().Load(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*record.Key{r.Next, r.Key, r.Previous} {
		if k != nil {
			permitted = append(permitted, signer.Permitted(k.Signer) == nil)
		}
	}
	return now.SignerSeal, permitted
}

func wantPermitted(t *testing.T, got []bool, want ...bool) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("permitted %v, want %v", got, want)
	}
}

// The seal of signer commands is made when a command is given, is kept while it is right, and names only commands of
// the record.
func TestSignerSeal(t *testing.T) {
	t.Parallel()
	for _, place := range []profile.Location{inFile, inVault} {
		p := newPlaces(t)
		do := func(_ manage.Stored, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		c := first(0)
		c.Keystore = &place
		do(p.Manage().Store(t.Context(), "int", c))
		if seal, permitted := p.seals(t); seal != "" || len(permitted) != 1 {
			t.Errorf("a seal %q of no command", seal)
		}
		next, _ := helpertest.SigningProgram(t)
		do(p.Manage().Rotate(t.Context(), "int", "", next))
		seal, permitted := p.seals(t)
		if seal == "" {
			t.Fatal("no seal")
		}
		wantPermitted(t, permitted, true, true)
		do(p.Manage().Store(t.Context(), "int", manage.Change{APIKey: keystore.NewSecret([]byte("another-api-key"))}))
		if again, permitted := p.seals(t); again != seal || len(permitted) != 2 {
			t.Errorf("another seal for the same command")
		}
		do(p.Manage().AbortRotation(t.Context(), "int"))
		if again, _ := p.seals(t); again != "" {
			t.Error("the seal still has a command that no key names")
		}
		if p.permittedAfterAll(t, next) {
			t.Error("a command that was dropped is permitted")
		}
	}
}

// permittedAfterAll plants a next key in the record, and reports whether it may sign.
func (p *places) permittedAfterAll(t *testing.T, next *record.Key) bool {
	t.Helper()
	now, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Records().Load(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	r.Next = next
	text, err := r.Encode()
	if err == nil {
		err = p.at(now.Location()).Set(t.Context(), "int", text)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, permitted := p.seals(t)
	return permitted[0]
}

// A move carries what the keychain's record names, and carries into the keychain only what was given.
func TestSignerSealMoves(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	key, _ := helpertest.SigningProgram(t)
	key.KID = "int-1"
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{Host: "int", Key: key}); err != nil {
		t.Fatal(err)
	}
	seal, permitted := p.seals(t)
	if seal != "" {
		t.Error("a seal for the keychain")
	}
	wantPermitted(t, permitted, true)
	for _, place := range []profile.Location{inFile, inVault, inKeychain, inVault} {
		if _, err := p.Manage().Store(t.Context(), "int", to(place)); err != nil {
			t.Fatal(err)
		}
		_, permitted = p.seals(t)
		wantPermitted(t, permitted, true)
	}
	now, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*profile.Profile){
		"none":       func(e *profile.Profile) { e.SignerSeal = "" },
		"garbage":    func(e *profile.Profile) { e.SignerSeal = "AAAA" },
		"no base64":  func(e *profile.Profile) { e.SignerSeal = "=" },
		"keystore's": func(e *profile.Profile) { e.SignerSeal = e.Seal },
		"cut":        func(e *profile.Profile) { e.SignerSeal = e.SignerSeal[:len(e.SignerSeal)-4] },
	} {
		e := *now
		edit(&e)
		if err := p.Config.Save(&e); err != nil {
			t.Fatal(err)
		}
		_, permitted = p.seals(t)
		wantPermitted(t, permitted, false)
		_, err := p.Manage().Store(t.Context(), "int", to(inKeychain))
		if !errors.Is(err, signer.ErrNotGiven) || !strings.Contains(err.Error(), "signer command") ||
			p.has(t, inKeychain) {
			t.Errorf("%s: %v, want the record not to go where it is trusted", name, err)
		}
		if _, err := p.Manage().Store(t.Context(), "int", to(inFile)); err != nil {
			t.Fatal(err)
		}
		_, permitted = p.seals(t)
		wantPermitted(t, permitted, false)
		if _, err := p.Manage().Store(t.Context(), "int", to(inVault)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{Key: &record.Key{Signer: key.Signer}}); err != nil {
		t.Fatal(err)
	}
	_, permitted = p.seals(t)
	wantPermitted(t, permitted, true)
}

// If a key that the record has is given again, the other keys are not lost.
func TestGivenAgain(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	if _, err := p.Manage().Store(t.Context(), "int", first(0)); err != nil {
		t.Fatal(err)
	}
	next := first(1).Key
	next.KID = "int-2"
	if _, err := p.Manage().Rotate(t.Context(), "int", "", next); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		number int
		kid    string
		want   string // the kids: next, current; empty: refused
	}{
		{0, "", "int-2 int-1"},
		{0, "int-1", "int-2 int-1"},
		{0, "int-0", "int-2 int-0"},
		{1, "", "int-2 int-0"},
		{1, "int-2", "int-2 int-0"},
		{1, "int-3", ""},
		{2, "int-4", ""},
		{2, "", ""},
	} {
		c := first(tt.number)
		c.Key.KID, c.KID = "", tt.kid
		s, err := p.Manage().Store(t.Context(), "int", c)
		switch {
		case tt.want == "" && (!errors.Is(err, manage.ErrRefused) || fault.HintOf(err, "") == ""):
			t.Errorf("key %d as %q: %v", tt.number, tt.kid, err)
		case tt.want != "" && (err != nil || s.Record.Next == nil || s.Record.Next.KID+" "+s.Record.Key.KID != tt.want):
			t.Errorf("key %d as %q: %+v, %v", tt.number, tt.kid, s.Record, err)
		}
	}
}
