package manage_test

import (
	"context"
	"errors"
	"testing"

	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// machine returns another machine, which shares p's keystores.
func (p *places) machine(t *testing.T) *places {
	t.Helper()
	other := newPlaces(t)
	other.stores = p.stores
	return other
}

// interrupted is a keystore in which another machine changes a record after it was read here.
type interrupted struct {
	keystore.Keystore
	change func()
}

func (s *interrupted) Get(ctx context.Context, account string) (keystore.Secret, error) {
	got, err := s.Keystore.Get(ctx, account)
	if change := s.change; change != nil {
		s.change = nil
		change()
	}
	return got, err
}

// Machines that begin to use a record of a common keystore write nothing into it, and its rev stays.
func TestAdoptingWritesNothing(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &inVault
	if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
		t.Fatal(err)
	}
	was, err := record.Load(t.Context(), p.at(inVault), "int")
	if err != nil {
		t.Fatal(err)
	}
	p.at(inVault).noSet = errors.New("a record was written")
	same := first(0)
	same.Keystore = &inVault
	for name, change := range map[string]manage.Change{
		"only where it is": to(inVault), "with its host": {Host: "int", Keystore: &inVault},
		"with its kid": {KID: "int-1", Keystore: &inVault}, "with its key": same,
		"with its method": {Auth: profile.JWT, Keystore: &inVault},
	} {
		t.Run(name, func(t *testing.T) {
			other := p.machine(t)
			for i := range 10 {
				s, err := other.Manage().Store(t.Context(), "int", change)
				if err != nil || s.Record.Rev != was.Rev || s.Same != (i > 0) {
					t.Fatalf("store %d: %v, rev %q, same %v", i, err, s.Record.Rev, s.Same)
				}
			}
			if now, err := other.Config.Load("int"); err != nil || now.Rev != was.Rev {
				t.Errorf("the profile has rev %q, %v", now.Rev, err)
			}
		})
	}
}

// A key that one machine makes while another one changes the record is not lost.
func TestRotationElsewhereStands(t *testing.T) {
	t.Parallel()
	given := &record.Key{KID: "int-3", Signer: signer.NewRSA(keystoretest.Key(2048, 2))}
	for name, tt := range map[string]struct {
		change  manage.Change
		adopts  bool // it writes nothing
		changed bool // it fails, because of the other machine
	}{
		"it begins to use the record": {to(inVault), true, false},
		"another kid":                 {manage.Change{KID: "int-2", Keystore: &inVault}, false, true},
		"another key":                 {manage.Change{Key: given, Force: true, Keystore: &inVault}, false, true},
		"another method":              {manage.Change{Auth: profile.None, Keystore: &inVault}, false, true},
		"another API":                 {manage.Change{APIName: new(string), Audience: ptr("https://x.nhs.uk/t"), Force: true, Keystore: &inVault}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newPlaces(t)
			c := first(0)
			c.Keystore = &inVault
			if _, err := a.Manage().Store(t.Context(), "int", c); err != nil {
				t.Fatal(err)
			}
			b := a.machine(t)
			shared := &interrupted{Keystore: a.at(inVault), change: func() {
				next := &record.Key{KID: "int-9", Signer: signer.NewRSA(keystoretest.Key(2048, 1))}
				if _, err := a.Manage().Rotate(t.Context(), "int", "", next); err != nil {
					t.Errorf("rotate: %v", err)
				}
			}}
			b.External = func(profile.Location) (keystore.Keystore, error) { return shared, nil }
			_, err := b.Manage().Store(t.Context(), "int", tt.change)
			if errors.Is(err, records.ErrChanged) != tt.changed || (err == nil) != tt.adopts ||
				tt.changed && fault.ClassOf(err) != fault.Temporary {
				t.Errorf("store: %v", err)
			}
			now, err := record.Load(t.Context(), a.at(inVault), "int")
			if err != nil || now.Next == nil || now.Next.KID != "int-9" || now.Key.KID != "int-1" {
				t.Errorf("the record is %+v, %v", now, err)
			}
		})
	}
}

func ptr(s string) *string { return &s }
