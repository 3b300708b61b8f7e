package manage_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// places are the user's keystores, all in memory: the keychain, and others by their command or identity.
type places struct {
	*helper.Helper

	stores map[string]*shop
	opened []string
	warned []string
}

// shop is a keystore that can be made to fail.
type shop struct {
	keystore.Keystore

	noDelete, noSet error
	// the step of the record at which the process is killed: "before set", "after set", "before delete", "after delete".
	// A keychain may also hold a token, which has another account.
	kill string
}

// killed is the panic that marks a killed process. A test recovers from it.
type killed struct{}

func (s *shop) step(name, account string) {
	if s.kill == name && account == "int" {
		s.kill = ""
		panic(killed{})
	}
}

func (s *shop) Delete(ctx context.Context, account string) error {
	if s.noDelete != nil {
		return s.noDelete
	}
	s.step("before delete", account)
	err := s.Keystore.Delete(ctx, account)
	s.step("after delete", account)
	return err
}

func (s *shop) Set(ctx context.Context, account string, value keystore.Secret) error {
	if s.noSet != nil {
		return s.noSet
	}
	s.step("before set", account)
	err := s.Keystore.Set(ctx, account, value)
	s.step("after set", account)
	return err
}

func newPlaces(t *testing.T) *places {
	t.Helper()
	dir := t.TempDir()
	p := &places{stores: map[string]*shop{}}
	p.Helper = &helper.Helper{
		Config: profile.Config{Folder: filepath.Join(dir, "config", "cgp-cred")},
		Folders: disk.Folders{
			State:   filepath.Join(dir, "state", "cgp-cred"),
			Runtime: filepath.Join(dir, "run", "cgp-cred"),
		},
		Keystore: func(kind string) (keystore.Keystore, error) { return p.at(profile.Location{Kind: kind}), nil },
		External: func(at profile.Location) (keystore.Keystore, error) { return p.at(at), nil },
		Warn:     func(text string) { p.warned = append(p.warned, text) },
	}
	return p
}

func (p *places) at(place profile.Location) *shop {
	name := strings.Join(append([]string{place.Kind, place.Identity}, place.Command...), " ")
	if p.stores[name] == nil {
		p.stores[name] = &shop{Keystore: keystore.Memory()}
	}
	p.opened = append(p.opened, name)
	return p.stores[name]
}

func (p *places) has(t *testing.T, place profile.Location) bool {
	t.Helper()
	_, err := record.Load(t.Context(), p.at(place), "int")
	if err != nil && !errors.Is(err, keystore.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

var (
	inKeychain = profile.Location{Kind: profile.Keychain}
	inFile     = profile.Location{Kind: profile.File}
	inVault    = profile.Location{Kind: profile.Exec, Command: []string{keystoretest.Abs("/opt/vault"), "get"}}
)

func first(number int) manage.Change {
	return manage.Change{
		Host: "int",
		Key:  &record.Key{KID: "int-1", Signer: signer.NewRSA(keystoretest.Key(2048, number))},
	}
}

func to(place profile.Location) manage.Change { return manage.Change{Keystore: &place} }

// A record moves from each keystore to each other one, whole, and is then in only one of them.
func TestMove(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &inFile
	if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(p.opened, "keychain ") {
		t.Error("the keychain was asked for a new profile in a file")
	}
	was := inFile
	for _, place := range []profile.Location{inKeychain, inVault, inFile, inVault, inKeychain, inFile} {
		s, err := p.Manage().Store(t.Context(), "int", to(place))
		if err != nil {
			t.Fatal(err)
		}
		if s.Record.Key.KID != "int-1" || !p.has(t, place) || p.has(t, was) || !s.Profile.Location().Same(place) {
			t.Errorf("%s: %+v", place, s.Profile)
		}
		if r, err := p.Records().Load(t.Context(), s.Profile); err != nil || r.Key == nil {
			t.Errorf("%s: %v", place, err)
		}
		was = place
	}
	if len(p.warned) != 0 {
		t.Error(p.warned)
	}
}

// A move that fails, or is killed between two steps, loses nothing and can be made again.
func TestMoveInterrupted(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	if _, err := p.Manage().Store(t.Context(), "int", first(0)); err != nil {
		t.Fatal(err)
	}
	p.at(inFile).noSet = &keystore.Error{Kind: keystore.ErrUnavailable, Op: "set"}
	if _, err := p.Manage().Store(t.Context(), "int", to(inFile)); !errors.Is(err, keystore.ErrUnavailable) {
		t.Error(err)
	}
	now, err := p.Config.Load("int")
	if err != nil || now.Keystore != profile.Keychain || !p.has(t, inKeychain) {
		t.Fatalf("%+v, %v", now, err)
	}

	p.at(inFile).noSet = nil
	text, err := p.at(inKeychain).Get(t.Context(), "int") // written there, and then killed
	if err == nil {
		err = p.at(inFile).Set(t.Context(), "int", text)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.at(inKeychain).noDelete = &keystore.Error{Kind: keystore.ErrLocked, Op: "delete"}
	if _, err := p.Manage().Store(t.Context(), "int", to(inFile)); err != nil {
		t.Fatal(err)
	}
	if len(p.warned) != 1 || !strings.Contains(p.warned[0], "still be in the keychain too") {
		t.Error(p.warned)
	}
}

func TestMoveOverAnother(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	if _, err := p.Manage().Store(t.Context(), "int", first(0)); err != nil {
		t.Fatal(err)
	}
	other, err := (&record.Record{
		Rev: "r", Host: "int.api.service.nhs.uk", Auth: profile.JWT, Key: first(1).Key,
	}).Encode()
	if err == nil {
		err = p.at(inFile).Set(t.Context(), "int", other)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Manage().Store(t.Context(), "int", to(inFile))
	if !errors.Is(err, manage.ErrRefused) || !strings.Contains(fault.HintOf(err, ""), "--force") {
		t.Error(err)
	}
	if !p.has(t, inKeychain) {
		t.Error("the record is lost")
	}
	c := to(inFile)
	c.Force = true
	if _, err := p.Manage().Store(t.Context(), "int", c); err != nil || p.has(t, inKeychain) {
		t.Error(err)
	}

	one := profile.Location{Kind: profile.File, Identity: keystoretest.Abs("/k/1")}
	two := profile.Location{Kind: profile.File, Identity: keystoretest.Abs("/k/2")}
	if _, err := p.Manage().Store(t.Context(), "int", to(one)); err != nil {
		t.Fatal(err)
	}
	// both are the same file
	if _, err := p.Manage().Store(t.Context(), "int", to(two)); !errors.Is(err, manage.ErrRefused) {
		t.Error(err)
	}
}

// A command that was planted in the profile's file is never run: not by get, and not to receive a record.
func TestEditedCommand(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &inVault
	s, err := p.Manage().Store(t.Context(), "int", c)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range []func(*profile.Profile){
		func(e *profile.Profile) { e.Command = []string{keystoretest.Abs("/opt/thief"), "get"} },
		func(e *profile.Profile) { e.Command = []string{keystoretest.Abs("/opt/vault"), "get", "more"} },
		func(e *profile.Profile) { e.Command = []string{keystoretest.Abs("/opt/vault")} },
		func(e *profile.Profile) { e.Seal = "" },
		func(e *profile.Profile) { e.Seal = "AAAA" },
	} {
		e := *s.Profile
		edit(&e)
		if err := p.Config.Save(&e); err != nil {
			t.Fatal(err)
		}
		p.opened = nil
		_, err := p.Records().Load(t.Context(), &e)
		_, storeErr := p.Manage().Store(t.Context(), "int",
			manage.Change{APIKey: keystore.NewSecret([]byte("a-new-api-key"))})
		_, rotateErr := p.Manage().FinishRotation(t.Context(), "int")
		_, logoutErr := p.Manage().Logout(t.Context(), "int")
		for _, err := range []error{err, storeErr, rotateErr, logoutErr} {
			if !errors.Is(err, signer.ErrNotGiven) || fault.HintOf(err, "") == "" {
				t.Errorf("%q: %v", e.Command, err)
			}
		}
		if p.opened != nil {
			t.Errorf("%q was opened", p.opened)
		}
	}
	if _, err := p.Manage().Store(t.Context(), "int", to(inVault)); err != nil { // given again, it is the user's
		t.Error(err)
	}
}
