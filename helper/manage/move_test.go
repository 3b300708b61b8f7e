package manage_test

import (
	"errors"
	"strings"
	"testing"

	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
)

var inVault2 = profile.Location{Kind: profile.Exec, Command: []string{keystoretest.Abs("/opt/vault"), "other"}}

// everywhere are the places between which a record can move.
var everywhere = []profile.Location{inKeychain, inFile, inVault, inVault2}

// killedStore is a Store that is killed at a step of a place.
func (p *places) killedStore(t *testing.T, c manage.Change, in profile.Location, step string) {
	t.Helper()
	p.at(in).kill = step
	defer func() {
		if recover() != (killed{}) {
			t.Errorf("it was not killed %s of %s", step, in)
		}
	}()
	_, _ = p.Manage().Store(t.Context(), "int", c)
}

// only holds that one of the places has the record, and that nothing is said to be left elsewhere.
func (p *places) only(t *testing.T, in profile.Location) {
	t.Helper()
	for _, place := range everywhere {
		if p.has(t, place) != place.Same(in) {
			t.Errorf("%s: has it is %v, want it only %s", place, p.has(t, place), in)
		}
	}
	now, err := p.Config.Load("int")
	if err != nil || !now.Location().Same(in) || len(now.MovingFrom) != 0 {
		t.Errorf("%+v, %v, want it only %s", now, err, in)
	}
}

// A move that is killed between any two steps loses nothing: get finds the record at once, the next change removes the
// copy, logout removes both, and the move can be made again.
func TestMoveKilled(t *testing.T) {
	t.Parallel()
	key := keystore.NewSecret([]byte("another-api-key"))
	for _, from := range everywhere {
		for _, into := range everywhere {
			if from.Same(into) {
				continue
			}
			for _, tt := range []struct {
				step  string
				in    profile.Location
				where profile.Location // the record's place afterwards
			}{
				{"before set", into, from},
				{"after set", into, from},
				{"before delete", from, into},
				{"after delete", from, into},
			} {
				killed := func(t *testing.T) *places {
					t.Helper()
					p := newPlaces(t)
					c := first(0)
					c.Keystore = &from
					if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
						t.Fatal(err)
					}
					p.killedStore(t, to(into), tt.in, tt.step)
					now, err := p.Config.Load("int")
					if err != nil || !now.Location().Same(tt.where) || len(now.MovingFrom) != 1 {
						t.Fatalf("%+v, %v", now, err)
					}
					if r, err := p.Records().Load(t.Context(), now); err != nil || r.Key == nil {
						t.Errorf("get would fail: %v", err)
					}
					return p
				}
				t.Run(from.String()+" to "+into.String()+" "+tt.step, func(t *testing.T) {
					t.Parallel()
					p := killed(t)
					if _, err := p.Manage().Store(t.Context(), "int", manage.Change{APIKey: key}); err != nil {
						t.Fatal(err)
					}
					p.only(t, tt.where)
					p = killed(t)
					if _, err := p.Manage().Store(t.Context(), "int", to(into)); err != nil {
						t.Fatal(err)
					}
					p.only(t, into)
					p = killed(t)
					// refused, but it is a change
					if _, err := p.Manage().AbortRotation(t.Context(), "int"); err == nil {
						t.Error("there was a rotation")
					}
					p.only(t, tt.where)
					p = killed(t)
					if done, err := p.Manage().Logout(t.Context(), "int"); err != nil || !done.Profile || !done.Record {
						t.Errorf("%+v, %v", done, err)
					}
					for _, place := range everywhere {
						if p.has(t, place) {
							t.Errorf("after a logout it is still %s", place)
						}
					}
					if len(p.warned) > 0 {
						t.Error(p.warned)
					}
				})
			}
		}
	}
}

// The profile's file names a new record before the program has it.
func TestFirstStoreKilled(t *testing.T) {
	t.Parallel()
	for _, place := range everywhere {
		for _, step := range []string{"before set", "after set"} {
			p := newPlaces(t)
			c := first(0)
			c.Keystore = &place
			p.killedStore(t, c, place, step)
			if _, err := p.Manage().Logout(t.Context(), "int"); err != nil || p.has(t, place) {
				t.Errorf("%s, %s: %v, the record is there: %v", place, step, err, p.has(t, place))
			}
			p.killedStore(t, c, place, step)
			if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
				t.Errorf("%s, %s: %v", place, step, err)
			}
			p.only(t, place)
		}
	}
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &inVault
	p.at(inVault).noSet = &keystore.Error{Kind: keystore.ErrDenied, Op: "set"}
	if _, err := p.Manage().Store(t.Context(), "int", c); !errors.Is(err, keystore.ErrDenied) {
		t.Error(err)
	}
	if _, err := p.Config.Load("int"); !errors.Is(err, profile.ErrNoProfile) {
		t.Errorf("a profile is left without a record: %v", err)
	}
}

// A place that can't be asked any more is a warning each time, and is not forgotten. So are two such places.
func TestCopyOutOfReach(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &inVault
	if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
		t.Fatal(err)
	}
	locked := &keystore.Error{Kind: keystore.ErrLocked, Op: "delete"}
	p.at(inVault).noDelete = locked
	warned := func(want int) {
		t.Helper()
		if len(p.warned) != want ||
			want > 0 && !strings.Contains(p.warned[0], "still be with the program "+keystoretest.Abs("/opt/vault")+" too: ") {
			t.Errorf("%d warnings, want %d: %q", len(p.warned), want, p.warned)
		}
		p.warned = nil
	}
	move := func(place profile.Location) {
		t.Helper()
		if _, err := p.Manage().Store(t.Context(), "int", to(place)); err != nil {
			t.Fatal(err)
		}
	}
	move(inFile)
	warned(1)
	p.at(inFile).noDelete = locked
	move(inKeychain)
	warned(2)
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{KID: "int-0"}); err != nil {
		t.Fatal(err)
	}
	warned(2)
	if now, err := p.Config.Load("int"); err != nil || len(now.MovingFrom) != 2 {
		t.Errorf("%+v, %v", now, err)
	}
	move(inFile) // back to where a copy is
	warned(2)
	p.at(inVault).noDelete = nil
	if _, err := p.Manage().AbortRotation(t.Context(), "int"); err == nil {
		t.Error("there was a rotation")
	}
	warned(0)
	p.only(t, inFile)
}

// Machines can share a program's records: a record that another machine has changed since is not removed as a copy,
// nor is a record that was there before.
func TestCopyOfAnotherMachine(t *testing.T) {
	t.Parallel()
	theirs := func(t *testing.T, p *places, in profile.Location) {
		t.Helper()
		r, err := record.Load(t.Context(), p.at(in), "int")
		if err != nil {
			t.Fatal(err)
		}
		was := r.Rev
		r.Rev, r.Next = "theirs", first(1).Key
		if err := record.Save(t.Context(), p.at(in), "int", was, r); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("away", func(t *testing.T) {
		t.Parallel()
		p := newPlaces(t)
		c := first(0)
		c.Keystore = &inVault
		if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
			t.Fatal(err)
		}
		p.killedStore(t, to(inKeychain), inVault, "before delete")
		theirs(t, p, inVault)
		if _, err := p.Manage().Store(t.Context(), "int", manage.Change{KID: "int-0"}); err != nil {
			t.Fatal(err)
		}
		said := strings.Join(p.warned, "\n")
		if !p.has(t, inVault) || len(p.warned) != 1 ||
			!strings.Contains(said, "changed by another machine, and stays") {
			t.Errorf("their record is there: %v; %q", p.has(t, inVault), p.warned)
		}
	})
	t.Run("into", func(t *testing.T) {
		t.Parallel()
		for _, step := range []string{"before set", "after set"} {
			p := newPlaces(t)
			c := first(0)
			c.Keystore = &inVault
			if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
				t.Fatal(err)
			}
			text, err := p.at(inVault).Get(t.Context(), "int")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Manage().Store(t.Context(), "int", to(inKeychain)); err != nil {
				t.Fatal(err)
			}
			if err := p.at(inVault).Set(t.Context(), "int", text); err != nil { // another machine's, with the same key
				t.Fatal(err)
			}
			p.killedStore(t, to(inVault), inVault, step)
			if _, err := p.Manage().Store(t.Context(), "int", manage.Change{KID: "int-0"}); err != nil {
				t.Fatal(err)
			}
			if !p.has(t, inVault) || len(p.warned) != 0 {
				t.Errorf("%s: their record is there: %v; %q", step, p.has(t, inVault), p.warned)
			}
			if _, err := p.Manage().Store(t.Context(), "int", to(inVault)); err != nil {
				t.Fatal(err)
			}
			p.only(t, inVault)
		}
	})
}

// If the file names the record's own place, or a command that was not given, as the place of a copy, nothing is
// removed and nothing is run.
func TestEditedCopy(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	c := first(0)
	c.Keystore = &profile.Location{Kind: profile.File, Identity: keystoretest.Abs("/k/1")}
	s, err := p.Manage().Store(t.Context(), "int", c)
	if err != nil {
		t.Fatal(err)
	}
	edited := *s.Profile
	edited.MovingFrom = []profile.Copy{
		{Location: profile.Location{Kind: profile.File, Identity: keystoretest.Abs("/k/2")}, Rev: edited.Rev},
		{Location: profile.Location{Kind: profile.File, Identity: keystoretest.Abs("/k/1")}, Rev: edited.Rev},
		{
			Location: profile.Location{Kind: profile.Exec, Command: []string{keystoretest.Abs("/opt/thief")}, Seal: "AAAA"},
			Rev:      edited.Rev,
		},
	}
	if err := p.Config.Save(&edited); err != nil {
		t.Fatal(err)
	}
	p.opened = nil
	s, err = p.Manage().Store(t.Context(), "int", manage.Change{KID: "int-0"})
	if err != nil || len(s.Profile.MovingFrom) != 1 || !p.has(t, edited.Location()) {
		t.Errorf("%+v, %v", s.Profile, err)
	}
	if _, err := p.Manage().Logout(t.Context(), "int"); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.opened {
		if strings.Contains(name, "thief") {
			t.Error("the thief was asked")
		}
	}
	if len(p.warned) != 2 || !strings.Contains(p.warned[1], "was not given on this machine") {
		t.Errorf("%q", p.warned)
	}
}

// A change that also changes the profile's file is killed before or after the record is written. The next get or change
// makes the file match the record that is there.
func TestChangeKilled(t *testing.T) {
	t.Parallel()
	name, key := "genomics", keystore.NewSecret([]byte("another-api-key"))
	for _, place := range []profile.Location{inKeychain, inFile, inVault} {
		for what, c := range map[string]manage.Change{
			"host":     {Host: "ref", Force: true},
			"API name": {APIName: &name},
			"method":   {Auth: profile.APIKey, APIKey: key},
			"all":      {Host: "ref", APIName: &name, Auth: profile.APIKey, APIKey: key, Force: true},
		} {
			for _, step := range []string{"before set", "after set"} {
				killed := func(t *testing.T) *places {
					t.Helper()
					p := newPlaces(t)
					begin := first(0)
					begin.Keystore = &place
					if _, err := p.Manage().Store(t.Context(), "int", begin); err != nil {
						t.Fatal(err)
					}
					p.killedStore(t, c, place, step)
					if now, err := p.Config.Load("int"); err != nil || now.ChangingTo == "" {
						t.Fatalf("%+v, %v", now, err)
					}
					return p
				}
				t.Run(place.String()+" "+what+" "+step, func(t *testing.T) {
					t.Parallel()
					p := killed(t)
					p.whole(t, step == "after set")
					p = killed(t)
					if _, err := p.Manage().MayRotate(t.Context(), "int", "k-new"); err != nil {
						t.Error(err)
					}
					p = killed(t)
					if _, err := p.Manage().Rotate(t.Context(), "int", "",
						&record.Key{KID: "int-2", Signer: first(1).Key.Signer}); err != nil {
						t.Error(err)
					}
					p.whole(t, step == "after set")
					p = killed(t)
					if _, err := p.Manage().Store(t.Context(), "int", c); err != nil {
						t.Error(err)
					}
					p.whole(t, true)
				})
			}
		}
	}
}

// whole checks that a profile's file matches its record, and whether it has been changed.
func (p *places) whole(t *testing.T, changed bool) {
	t.Helper()
	now, _, err := p.Resolve(profile.Ask{Name: "int"})
	if err != nil || now.ChangingTo != "" {
		t.Fatalf("%+v, %v", now, err)
	}
	r, err := p.Records().Load(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	first := now.Host == "int.api.service.nhs.uk" && now.APIName == "" && now.Auth == profile.JWT
	if first == changed || now.Rev != r.Rev || len(p.warned) > 0 {
		t.Errorf("%+v, record %s, changed %v, %q", now, r.Rev, changed, p.warned)
	}
}

// An announcement that was edited into the file moves no credential to another host.
func TestAnnouncementMovesNoCredential(t *testing.T) {
	t.Parallel()
	for _, place := range everywhere {
		p := newPlaces(t)
		c := first(0)
		c.Keystore = &place
		s, err := p.Manage().Store(t.Context(), "int", c)
		if err != nil {
			t.Fatal(err)
		}
		for _, rev := range []string{s.Record.Rev, "another"} {
			edited := *s.Profile
			edited.Host, edited.ChangingTo = "evil.example", rev
			if err := p.Config.Save(&edited); err != nil {
				t.Fatal(err)
			}
			now, _, err := p.Resolve(profile.Ask{URL: "https://evil.example/x"})
			if err == nil {
				_, err = p.Records().Load(t.Context(), now)
			}
			if err == nil {
				t.Errorf("%s, rev %s: it is for %s", place, rev, now.Host)
			}
		}
	}
}
