package manage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
)

// Existing returns the record that a change to a profile starts from, or nil if there is no record. If the profile's
// file is lost, it still finds the record in the keychain, or in the keystore that the change names.
func (m *Manager) Existing(ctx context.Context, name string, in *profile.Location) (*record.Record, error) {
	found, err := m.existing(ctx, name, in)
	return found.record, err
}

// existing finds what a change to a profile starts from, and where it goes.
func (m *Manager) existing(ctx context.Context, name string, in *profile.Location) (migration, error) {
	if err := m.KeystoreOnly(); err != nil {
		return migration{}, err
	}
	if err := profile.CheckName(name); err != nil {
		return migration{}, err
	}
	if err := m.mayChange(name); err != nil {
		return migration{}, err
	}
	return m.find(ctx, name, in)
}

// Given says what a command line gives or asks for, of what a [Change] does not have yet.
type Given struct {
	Key    bool // a private key
	APIKey bool // an API key, from a file or from the user
	Later  bool // the API key may come later
}

// Missing returns an error that names all that a new profile still needs, or nil. It asks the keychain only if at most
// the host and the API key are missing: the profile's file may be lost or on another machine, and the record has both.
func (m *Manager) Missing(ctx context.Context, name string, c Change, g Given) error {
	if err := m.KeystoreOnly(); err != nil {
		return err
	}
	if _, err := m.Config.Load(name); !errors.Is(err, profile.ErrNoProfile) {
		return nil
	}
	var problems, flags []string
	need := func(problem, flag string) {
		problems, flags = append(problems, problem), append(flags, flag)
	}
	kid := c.KID
	if g.Key && kid == "" {
		need("a private key needs the kid it is registered under", "--kid KID")
	}
	if !g.Key && kid != "" {
		need("a kid names a private key, and none is given", "--private-key FILE")
	}
	if !g.Key && kid == "" && c.Auth == profile.JWT {
		need("method jwt signs with a private key, and none is given", "--private-key FILE --kid KID")
	}
	known := len(problems) == 0
	if !g.APIKey && !g.Later && c.Auth != profile.None {
		need("there is no API key, and stdin is not a terminal", "--api-key-file FILE")
	}
	if c.Host == "" {
		problems = append([]string{"a new profile needs a host"}, problems...)
		flags = append([]string{"--host HOST"}, flags...)
	}
	if len(problems) == 0 {
		return nil
	}
	if known {
		if old, err := m.Existing(ctx, name, c.Keystore); err == nil && old != nil {
			return nil
		}
	}
	hint := "add " + strings.Join(flags, " ") + ", for example " +
		strings.NewReplacer("HOST", "int", "KID", "int-1", "--private-key FILE", "--private-key int-1.pem",
			"--api-key-file FILE", "--api-key-file apikey.txt").Replace(strings.Join(flags, " "))
	return refuse(name, strings.Join(problems, "; "), hint)
}

// MayStore returns an error if a change would be refused, whatever the API key is that the user is about to be asked
// for. It returns the record that the change starts from, or nil.
func (m *Manager) MayStore(ctx context.Context, name string, c Change) (*record.Record, error) {
	c, err := m.pinned(name, c)
	if err != nil {
		return nil, err
	}
	found, err := m.existing(ctx, name, c.Keystore)
	if err != nil {
		return nil, err
	}
	base := found.base()
	if c.APIKey.IsZero() && (base == nil || base.APIKey.IsZero() && base.Auth != profile.None) {
		c.APIKey = keystore.NewSecret([]byte{0}) // no kid is like it
	}
	_, err = merge(name, base, c)
	return base, err
}

// Store changes a profile or makes one. It writes the record first, then the file, so that nothing is lost if it is
// killed between the two. It writes nothing if the result could not be used.
func (m *Manager) Store(ctx context.Context, name string, c Change) (Stored, error) {
	if err := c.Check(name); err != nil {
		return Stored{}, err
	}
	lease, err := m.begin(ctx, name)
	if err != nil {
		return Stored{}, err
	}
	defer lease.Release()
	ctx = lease.Context()
	if c, err = m.pinned(name, c); err != nil {
		return Stored{}, err
	}
	found, err := m.find(ctx, name, c.Keystore)
	if err != nil {
		return Stored{}, err
	}
	old := found.record
	if c.Seen != nil && *c.Seen != revOf(old) {
		return Stored{}, records.NotWritten(name)
	}
	base := found.base()
	if c.Anew {
		if err := m.mayReplace(name, old, c.Force); err != nil {
			return Stored{}, err
		}
		base = nil
	}
	r, err := merge(name, base, c)
	if err != nil {
		return Stored{}, err
	}
	p := found.profile(name)
	if err := m.mergeFleet(base, r, p, c); err != nil {
		return Stored{}, err
	}
	s := Stored{Profile: p, Record: r, New: old == nil}
	if old != nil && found.from.Same(found.to) && sameContent(old, r) {
		s.Same, err = m.adopt(p, r)
	} else {
		err = m.replace(ctx, p, found, r, c.Force)
	}
	if err != nil || !c.Default {
		return s, err
	}
	made, err := m.makeDefault(name)
	s.Same = s.Same && !made
	return s, err
}

// makeDefault makes a stored profile the default, and reports whether the default was another profile.
func (m *Manager) makeDefault(name string) (made bool, err error) {
	if was, err := m.Config.Default(); err == nil && was == name {
		return false, nil
	}
	if err := m.Config.SetDefault(name); err != nil {
		return true, fmt.Errorf("profile %q is stored, but could not be made the default: %w", name, err)
	}
	return true, nil
}

// sameContent reports whether two records differ at most in their revs.
func sameContent(a, b *record.Record) bool {
	x, y := *a, *b
	x.Rev, y.Rev = "same", "same"
	one, errX := x.Encode()
	two, errY := y.Encode()
	return errX == nil && errY == nil && one.Equal(two)
}

// adopt writes the profile's file for a record that stays as it is, if the file differs from the record. same reports
// that it does not differ.
func (m *Manager) adopt(p *profile.Profile, r *record.Record) (same bool, err error) {
	if p.System {
		return true, nil
	}
	if err := m.Describe(p, r); err != nil {
		return false, err
	}
	now, err := m.Config.Load(p.Name)
	if err == nil && now.Host == p.Host && now.APIName == p.APIName && now.Auth == p.Auth && now.Rev == p.Rev &&
		now.ChangingTo == "" && now.Location().Same(p.Location()) &&
		now.Seal == p.Seal && now.SignerSeal == p.SignerSeal && now.Fleet == p.Fleet && now.FleetSeal == p.FleetSeal {
		*p = *now
		return true, nil
	}
	return false, m.Config.Save(p)
}

// mayReplace returns an error if the profile exists and may not be replaced.
func (m *Manager) mayReplace(name string, old *record.Record, force bool) error {
	if _, err := m.Config.Load(name); force || (old == nil && errors.Is(err, profile.ErrNoProfile)) {
		return nil
	}
	problem := "it already exists"
	if old != nil && old.Key != nil {
		problem = keyExists(old, old.Key)
	}
	return refuse(name, problem, "add --force to overwrite it, or choose another name with --profile NAME")
}

// revOf returns a record's rev, or "" if there is no record.
func revOf(r *record.Record) string {
	if r == nil {
		return ""
	}
	return r.Rev
}

// MayReplaceKey returns an error if a change with a new private key would be refused. It is called before the key is
// made. It returns the Seen of [Change]: another command may store a key meanwhile, and the user has not agreed to
// replace that one.
func (m *Manager) MayReplaceKey(ctx context.Context, name string, c Change) (seen *string, err error) {
	if err := c.Check(name); err != nil {
		return nil, err
	}
	if c, err = m.pinned(name, c); err != nil {
		return nil, err
	}
	found, err := m.existing(ctx, name, c.Keystore)
	if err != nil {
		return nil, err
	}
	rev := revOf(found.record)
	return &rev, mayReplaceKey(name, found.base(), c)
}

func mayReplaceKey(name string, old *record.Record, c Change) error {
	if old != nil && old.Key != nil && !c.Force {
		return refuse(name, keyExists(old, old.Key), fmt.Sprintf(
			"replace it without a gap: cgp-cred rotate %[1]s --kid NEWKID\n"+
				"or at once: cgp-cred keygen %[1]s --kid NEWKID --force\nor use a new profile name", name))
	}
	if old != nil && old.Key != nil && old.Key.KID == c.KID {
		return refuse(name,
			fmt.Sprintf("kid %q is the current key's, and APIM would confuse the two", old.ShownKID(old.Key)),
			"choose a kid that was never used: --kid NEWKID")
	}
	r := &record.Record{}
	if old != nil {
		*r = *old
	}
	if err := record.CheckKID(c.KID, r.APIKey); err != nil {
		return err
	}
	return mergeHost(name, r, c)
}
