package helper

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/signer"
)

// Change is what a user wants a profile to have. A part that is not given is kept.
type Change struct {
	Host     string          // a host or an environment's name; empty: kept
	APIName  *string         // nil: kept
	Auth     string          // empty: follows from what there is
	APIKey   keystore.Secret // zero: kept
	Key      *keystore.Key   // nil: kept; with it KID is the new key's
	KID      string          // empty: kept
	TokenURL *string         // nil: kept; empty: the host's own
	Audience *string         // nil: kept; empty: the token URL
	Force    bool            // let another host, token URL, audience or private key replace what is there
	Default  bool            // make it the default profile
	Keystore *profile.Place  // nil: where it is, and the keychain for a new one; a record that is elsewhere moves there
	Anew     bool            // keep nothing of what is there; needs Force where there is something
	Seen     *string         // what MayReplaceKey saw; nil: any record may be changed
}

// Stored is what a profile has after a change.
type Stored struct {
	Profile *profile.Profile
	Record  *keystore.Record
	New     bool // there was no record of this name
	Same    bool // the change changed nothing: nothing was written
}

// ChangeError is a change that would leave a profile unusable, or that needs --force.
type ChangeError struct {
	Profile string
	Problem string
	hint    string
}

func (e *ChangeError) Error() string { return fmt.Sprintf("profile %q: %s", e.Profile, e.Problem) }

// Hint is the command line that would do.
func (e *ChangeError) Hint() string { return e.hint }

// Check says what is wrong with a change whatever the profile holds, before a keychain is asked.
func (c Change) Check(name string) error {
	if err := profile.CheckName(name); err != nil {
		return err
	}
	if c.Host != "" {
		if _, err := apim.ParseHost(c.Host); err != nil {
			return err
		}
	}
	if c.TokenURL != nil && *c.TokenURL != "" {
		if err := apim.CheckTokenURL(*c.TokenURL); err != nil {
			return &ChangeError{Profile: name, Problem: err.Error(), hint: "for example --token-url https://int.api.service.nhs.uk/oauth2-mock/token"}
		}
	}
	if c.APIName != nil {
		if err := profile.CheckAPIName(*c.APIName); err != nil {
			return &ChangeError{Profile: name, Problem: err.Error(), hint: "for example --api-name genomic-data-access"}
		}
	}
	if c.Keystore != nil {
		if err := c.Keystore.Check(); err != nil {
			return &ChangeError{Profile: name, Problem: err.Error(), hint: `--keystore keychain, --keystore file, or --keystore exec --keystore-command "/path/to/program args"`}
		}
	}
	switch c.Auth {
	case "", profile.JWT, profile.APIKey, profile.None:
		return nil
	}
	return &ChangeError{Profile: name, Problem: fmt.Sprintf("method %q is none of jwt, apikey, none", c.Auth), hint: "leave --auth out: it follows from what is stored"}
}

// Existing returns the record that a change to a profile starts from, or nil where there is none. It finds the record of
// a profile whose file is lost, too: in the keychain, or in the keystore that the change names.
func (h *Helper) Existing(ctx context.Context, name string, in *profile.Place) (*keystore.Record, error) {
	if err := h.keychainOnly(); err != nil {
		return nil, err
	}
	if err := profile.CheckName(name); err != nil {
		return nil, err
	}
	m, err := h.find(ctx, name, in)
	return m.record, err
}

// Store changes a profile or makes one: the record first, then the file, so that an end between the two loses nothing.
// Nothing is written where the result could not be used.
func (h *Helper) Store(ctx context.Context, name string, c Change) (Stored, error) {
	if err := c.Check(name); err != nil {
		return Stored{}, err
	}
	t, err := h.turnToWrite(ctx, name)
	if err != nil {
		return Stored{}, err
	}
	defer t.end()
	ctx = t.ctx
	if err := h.keychainOnly(); err != nil {
		return Stored{}, err
	}
	if err := h.settle(ctx, name); err != nil {
		return Stored{}, err
	}
	found, err := h.find(ctx, name, c.Keystore)
	if err != nil {
		return Stored{}, err
	}
	old := found.record
	if c.Seen != nil && *c.Seen != revOf(old) {
		return Stored{}, &ChangedError{Profile: name, unwritten: true}
	}
	base := old
	if c.Anew {
		if err := h.mayReplace(name, old, c.Force); err != nil {
			return Stored{}, err
		}
		base = nil
	}
	r, err := merge(name, base, c)
	if err != nil {
		return Stored{}, err
	}
	p := found.profile(name)
	s := Stored{Profile: p, Record: r, New: old == nil}
	if old != nil && found.from.Same(found.to) && sameContent(old, r) {
		s.Same, err = h.adopt(p, r)
	} else {
		err = h.replace(ctx, p, found, r, c.Force)
	}
	if err != nil || !c.Default {
		return s, err
	}
	if was, err := h.Config.Default(); err == nil && was == name {
		return s, nil
	}
	s.Same = false
	if err = h.Config.SetDefault(name); err != nil {
		err = fmt.Errorf("profile %q is stored, but could not be made the default: %w", name, err)
	}
	return s, err
}

// sameContent reports that two records differ in nothing, or only in their revs.
func sameContent(a, b *keystore.Record) bool {
	x, y := *a, *b
	x.Rev, y.Rev = "same", "same"
	one, errX := x.Encode()
	two, errY := y.Encode()
	return errX == nil && errY == nil && one.Equal(two)
}

// adopt writes the profile's file for a record that stays as it is, if the file says something else. It reports that it
// does not.
func (h *Helper) adopt(p *profile.Profile, r *keystore.Record) (same bool, err error) {
	if err := h.describe(p, r); err != nil {
		return false, err
	}
	if now, err := h.Config.Load(p.Name); err == nil && now.Host == p.Host && now.APIName == p.APIName && now.Auth == p.Auth &&
		now.Rev == p.Rev && now.Place().Same(p.Place()) && now.Seal == p.Seal && now.SignerSeal == p.SignerSeal {
		*p = *now
		return true, nil
	}
	return false, h.Config.Save(p)
}

// mayReplace says whether a whole profile may be made where there may be one.
func (h *Helper) mayReplace(name string, old *keystore.Record, force bool) error {
	if _, err := h.Config.Load(name); force || (old == nil && errors.Is(err, profile.ErrNoProfile)) {
		return nil
	}
	problem := "it exists already"
	if old != nil && old.Key != nil {
		problem = keyExists(old, old.Key)
	}
	return &ChangeError{Profile: name, Problem: problem, hint: "if what it holds may be lost, add --force; or choose another name with --profile NAME"}
}

// forget drops a cached token, best effort.
func (h *Helper) forget(ctx context.Context, p *profile.Profile) {
	if p.Auth == profile.JWT {
		_ = h.cache(p).Delete(ctx) // what stays is found by nobody and ends with its token
	}
}

// merge applies a change to a record, or to nothing, and checks the result.
func merge(name string, old *keystore.Record, c Change) (*keystore.Record, error) {
	r := &keystore.Record{}
	if old != nil {
		*r = *old
	}
	if err := mergeHost(name, r, c); err != nil {
		return nil, err
	}
	if err := mergeURLs(name, r, c); err != nil {
		return nil, err
	}
	if c.APIName != nil {
		r.APIName = *c.APIName
	}
	if !c.APIKey.IsZero() {
		r.APIKey = c.APIKey
	}
	if err := mergeKey(name, r, c); err != nil {
		return nil, err
	}
	if c.Key != nil || c.KID != "" || !c.APIKey.IsZero() { // what an earlier version stored can be changed otherwise
		if err := r.CheckKIDs(); err != nil {
			return nil, err
		}
	}
	return r, chooseAuth(name, r, c.Auth)
}

func mergeHost(name string, r *keystore.Record, c Change) error {
	if c.Host == "" && r.Host == "" {
		return &ChangeError{Profile: name, Problem: "its host is needed the first time", hint: "add --host HOST, for example --host int"}
	}
	if c.Host == "" {
		return nil
	}
	host, err := apim.ParseHost(c.Host)
	if err != nil {
		return err
	}
	if r.Host != "" && r.Host != host && !c.Force {
		return needsForce(name, "it belongs to "+r.Host+", and a credential moves to another host only on purpose", "--host "+host)
	}
	r.Host = host
	return nil
}

func mergeURLs(name string, r *keystore.Record, c Change) error {
	if c.TokenURL != nil && *c.TokenURL != r.TokenURL {
		if r.Key != nil && !c.Force {
			return needsForce(name, "it has another token URL, and assertions go to another one only on purpose", "--token-url URL")
		}
		r.TokenURL = *c.TokenURL
	}
	if c.Audience != nil && *c.Audience != r.Audience {
		if r.Key != nil && !c.Force {
			return needsForce(name, "it has another audience, and assertions are made for another one only on purpose", "--audience URL")
		}
		r.Audience = *c.Audience
	}
	return nil
}

func mergeKey(name string, r *keystore.Record, c Change) error {
	kid := strings.TrimSpace(c.KID)
	if c.Key != nil {
		if kid == "" {
			kid = c.Key.KID
		}
		return mergeGiven(name, r, c.Key, kid, c.Force)
	}
	if kid == "" {
		return nil
	}
	if r.Key == nil {
		return &ChangeError{Profile: name, Problem: "a kid names a private key, and there is none", hint: "add --private-key FILE, or make a key: cgp-cred keygen " + name + " --kid KID"}
	}
	r.Key = &keystore.Key{KID: kid, Signer: r.Key.Signer}
	return nil
}

// mergeGiven puts a key into a record that the user gave. One that the record has already is only given again, perhaps with
// another kid or behind another program: the keys next to it stay.
func mergeGiven(name string, r *keystore.Record, given *keystore.Key, kid string, force bool) error {
	for _, k := range []**keystore.Key{&r.Key, &r.Next, &r.Previous} {
		if *k == nil || !samePublic(*k, given) || k != &r.Key && (force || kid != "" && kid != (*k).KID) {
			continue
		}
		if kid == "" {
			kid = (*k).KID
		}
		*k = &keystore.Key{KID: kid, Signer: given.Signer}
		return nil
	}
	switch {
	case r.Key != nil && !force:
		return needsForce(name, keyExists(r, r.Key), keyFlags(given))
	case kid == "":
		return &ChangeError{Profile: name, Problem: "a private key needs the kid it is registered under", hint: "add --kid KID"}
	}
	r.Key, r.Next, r.Previous = &keystore.Key{KID: kid, Signer: given.Signer}, nil, nil
	return nil
}

// keyFlags are the flags by which a key like k is given.
func keyFlags(k *keystore.Key) string {
	switch k.Signer.Kind() {
	case signer.KindAgent:
		return "--signer ssh-agent --fingerprint SHA256:... --kid KID"
	case signer.KindExec:
		return "--signer exec --signer-command \"/path args\" --kid KID"
	}
	return "--private-key FILE --kid KID"
}

func samePublic(a, b *keystore.Key) bool {
	pub, ok := a.Signer.Public().(*rsa.PublicKey)
	return ok && pub.Equal(b.Signer.Public())
}

// chooseAuth sets the method: the one asked for if the record can carry it out, else what follows from its parts.
func chooseAuth(name string, r *keystore.Record, asked string) error {
	auth := asked
	if auth == "" {
		switch {
		case r.Key != nil:
			auth = profile.JWT
		case !r.APIKey.IsZero():
			auth = profile.APIKey
		case apim.Sandbox(r.Host):
			auth = profile.None
		default:
			return &ChangeError{Profile: name, Problem: "there is neither an API key nor a private key", hint: "add --api-key-file FILE, and for tokens --private-key FILE --kid KID"}
		}
	}
	switch {
	case auth == profile.JWT && r.Key == nil:
		return &ChangeError{Profile: name, Problem: "method jwt signs with a private key, and there is none", hint: "add --private-key FILE --kid KID, or make a key: cgp-cred keygen " + name + " --kid KID"}
	case auth == profile.APIKey && r.APIKey.IsZero():
		return &ChangeError{Profile: name, Problem: "method apikey sends an API key, and there is none", hint: "add --api-key-file FILE"}
	}
	r.Auth = auth
	return nil
}

func needsForce(name, problem, flag string) error {
	return &ChangeError{Profile: name, Problem: problem, hint: fmt.Sprintf("if that is meant: cgp-cred store %s %s --force, or use a new profile name", name, flag)}
}

// revOf is a record's rev, empty if there is none.
func revOf(r *keystore.Record) string {
	if r == nil {
		return ""
	}
	return r.Rev
}

// MayReplaceKey says whether a change that brings a new private key may be made, before the key is. It returns what it saw
// for [Change]: while the key is made another command may store one, and to that one the user has not agreed.
func (h *Helper) MayReplaceKey(ctx context.Context, name string, c Change) (seen *string, err error) {
	if err := c.Check(name); err != nil {
		return nil, err
	}
	old, err := h.Existing(ctx, name, c.Keystore)
	if err != nil {
		return nil, err
	}
	rev := revOf(old)
	return &rev, mayReplaceKey(name, old, c)
}

func mayReplaceKey(name string, old *keystore.Record, c Change) error {
	if old != nil && old.Key != nil && !c.Force {
		return &ChangeError{
			Profile: name, Problem: keyExists(old, old.Key),
			hint: fmt.Sprintf("if it may be lost: cgp-cred keygen %s --kid NEWKID --force; or use a new profile name", name),
		}
	}
	if old != nil && old.Key != nil && old.Key.KID == strings.TrimSpace(c.KID) {
		return &ChangeError{
			Profile: name, Problem: fmt.Sprintf("kid %q is the current key's, and APIM would mistake the new one for it", old.ShownKID(old.Key)),
			hint: "choose a kid that was never used: --kid NEWKID",
		}
	}
	r := &keystore.Record{}
	if old != nil {
		*r = *old
	}
	for _, apiKey := range []keystore.Secret{r.APIKey, c.APIKey} {
		if err := keystore.CheckKID(c.KID, apiKey); err != nil {
			return err
		}
	}
	return mergeHost(name, r, c)
}

func keyExists(r *keystore.Record, k *keystore.Key) string {
	if signer.Foreign(k.Signer) {
		return fmt.Sprintf("it has a private key already (kid %q), %s", r.ShownKID(k), k.Signer.Where())
	}
	return fmt.Sprintf("it has a private key already (kid %q), which exists nowhere else if it was born here", r.ShownKID(k))
}
