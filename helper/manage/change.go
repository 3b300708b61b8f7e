package manage

import (
	"crypto/rsa"
	"fmt"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Change is what a user wants a profile to have. A part that is not given is kept.
type Change struct {
	Host     string            // a host or an environment's name; empty: kept
	APIName  *string           // nil: kept
	Auth     string            // empty: follows from the record's parts
	APIKey   keystore.Secret   // zero: kept
	Key      *record.Key       // nil: kept; with it KID is the new key's
	KID      string            // empty: kept
	TokenURL *string           // nil: kept; empty: the host's token endpoint
	Audience *string           // nil: kept; empty: the token URL
	Force    bool              // allow a new host, token URL, audience or private key
	Default  bool              // make it the default profile
	Fleet    *string           // URL that machines share a token at; nil: kept; empty: none
	Keystore *profile.Location // nil: kept, the keychain for a new record; an existing record is moved there
	Anew     bool              // keep no part of an existing record; if there is one, this needs Force
	Seen     *string           // what MayReplaceKey returned; nil: any record may be changed
}

// Check returns an error if a change is wrong for every profile. It asks no keychain.
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
			return refuse(name, err.Error(), "for example --token-url https://int.api.service.nhs.uk/oauth2-mock/token")
		}
	}
	if c.APIName != nil {
		if err := profile.CheckAPIName(*c.APIName); err != nil {
			return refuse(name, err.Error(), "for example --api-name genomic-data-access")
		}
	}
	if c.Fleet != nil && *c.Fleet != "" {
		if err := fleet.CheckURL(*c.Fleet); err != nil {
			return err
		}
	}
	if c.Keystore != nil {
		if err := c.Keystore.Check(); err != nil {
			return refuse(name, err.Error(), `choose --keystore keychain, --keystore file, `+
				`or --keystore exec --keystore-command "/path/to/program args"`)
		}
	}
	switch c.Auth {
	case "", profile.JWT, profile.APIKey, profile.None:
		return nil
	}
	return refuse(name, fmt.Sprintf("method %q is not one of jwt, apikey, none", c.Auth),
		"leave --auth out: it follows from what is stored")
}

// merge applies a change to a record, or to nothing, and checks the result.
func merge(name string, old *record.Record, c Change) (*record.Record, error) {
	r := &record.Record{}
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
	if c.Key != nil || c.KID != "" || !c.APIKey.IsZero() { // other changes accept what an earlier version stored
		if err := r.CheckKIDs(); err != nil {
			return nil, err
		}
	}
	return r, chooseAuth(name, r, c.Auth)
}

// mergeFleet puts the fleet's key into a record, and the URL into its profile. A key stays through a rotation, so that
// machines that only read keep reading. A credential for another place, or of another application, has another key.
func (m *Manager) mergeFleet(old, r *record.Record, p *profile.Profile, c Change) (err error) {
	if c.Fleet != nil && (p.Fleet != *c.Fleet || !m.FleetGiven(p)) {
		p.Fleet = *c.Fleet
		if p.FleetSeal, err = m.Seals().SealFleet(p.Name, p.Fleet); err != nil {
			return err
		}
	}
	switch {
	case c.Fleet != nil && p.Fleet != "" && r.Auth != profile.JWT:
		return refuse(p.Name, "machines share a token, and method "+r.Auth+" has none", "leave --fleet out")
	case c.Fleet != nil && p.Fleet == "":
		r.FleetKey = keystore.Secret{}
	case p.Fleet != "" && (r.FleetKey.IsZero() || old == nil || !old.APIKey.Equal(r.APIKey) || old.Host != r.Host ||
		old.TokenURL != r.TokenURL || old.Audience != r.Audience):
		r.NewFleetKey()
	}
	return nil
}

// lost reports whether a record is only what a profile's file says of a record that the keystore has lost.
func lost(r *record.Record) bool { return r.Rev == "" && r.Auth != "" }

func mergeHost(name string, r *record.Record, c Change) error {
	if c.Host == "" && r.Host == "" {
		return refuse(name, "a new profile needs a host", "add --host HOST, for example --host int")
	}
	if c.Host == "" {
		return nil
	}
	host, err := apim.ParseHost(c.Host)
	if err != nil {
		return err
	}
	if r.Host != "" && r.Host != host && !c.Force {
		return needsForce(name, "this changes the host from "+r.Host+" to "+host, "--host "+host)
	}
	r.Host = host
	return nil
}

func mergeURLs(name string, r *record.Record, c Change) error {
	if c.TokenURL != nil && *c.TokenURL != r.TokenURL {
		if r.Key != nil && !c.Force {
			return needsForce(name, "this changes the token URL", "--token-url "+printable.Shell(*c.TokenURL))
		}
		r.TokenURL = *c.TokenURL
	}
	if c.Audience != nil && *c.Audience != r.Audience {
		if r.Key != nil && !c.Force {
			return needsForce(name, "this changes the audience", "--audience "+printable.Shell(*c.Audience))
		}
		r.Audience = *c.Audience
	}
	return nil
}

func mergeKey(name string, r *record.Record, c Change) error {
	kid := c.KID
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
		return refuse(name, "a kid names a private key, and the profile has no private key",
			"add --private-key FILE, or make a key: cgp-cred keygen "+name+" --kid KID")
	}
	r.Key = &record.Key{KID: kid, Signer: r.Key.Signer}
	return nil
}

// mergeGiven puts a key that the user gave into a record. If the record already has that key, the user only gave it
// again, perhaps with another kid or behind another program: then the record's other keys stay.
func mergeGiven(name string, r *record.Record, given *record.Key, kid string, force bool) error {
	for _, k := range []**record.Key{&r.Key, &r.Next, &r.Previous} {
		if *k == nil || !samePublic(*k, given) || k != &r.Key && (force || kid != "" && kid != (*k).KID) {
			continue
		}
		if kid == "" {
			kid = (*k).KID
		}
		*k = &record.Key{KID: kid, Signer: given.Signer}
		return nil
	}
	switch {
	case r.Key != nil && !force:
		return refuse(name, keyExists(r, r.Key), forceHint(name, signer.Flags(given.Signer.Kind())+" --kid KID"))
	case kid == "":
		return refuse(name, "a private key needs the kid it is registered under", "add --kid KID")
	}
	r.Key, r.Next, r.Previous = &record.Key{KID: kid, Signer: given.Signer}, nil, nil
	return nil
}

func samePublic(a, b *record.Key) bool {
	pub, ok := a.Signer.Public().(*rsa.PublicKey)
	return ok && pub.Equal(b.Signer.Public())
}

// chooseAuth sets the method: the method that was asked for, otherwise the one that follows from the record's parts. It
// returns an error if the record lacks a part that the method needs.
func chooseAuth(name string, r *record.Record, asked string) error {
	auth := asked
	if auth == "" && lost(r) && r.Auth == profile.JWT {
		auth = profile.JWT // a record that was lost never leads to a weaker method
	}
	if auth == "" {
		switch {
		case r.Key != nil:
			auth = profile.JWT
		case !r.APIKey.IsZero():
			auth = profile.APIKey
		case apim.Sandbox(r.Host):
			auth = profile.None
		default:
			return refuse(name, "there is neither an API key nor a private key",
				"add --api-key-file FILE, and for tokens --private-key FILE --kid KID")
		}
	}
	switch {
	case auth == profile.JWT && r.Key == nil:
		return refuse(name, "method jwt signs with a private key, and the profile has no private key",
			"add --private-key FILE --kid KID, or make a key: cgp-cred keygen "+name+" --kid KID")
	case auth == profile.APIKey && r.APIKey.IsZero():
		return refuse(name, "method apikey sends an API key, and the profile has no API key", "add --api-key-file FILE")
	}
	r.Auth = auth
	return nil
}

// needsForce returns the error of a change that is made only with --force.
func needsForce(name, change, flags string) error {
	return refuse(name, change+"; add --force to confirm", forceHint(name, flags))
}

func forceHint(name, flags string) string {
	return fmt.Sprintf("to confirm: cgp-cred store %s %s --force; or use a new profile name", name, flags)
}

func keyExists(r *record.Record, k *record.Key) string {
	if signer.External(k.Signer) {
		return fmt.Sprintf("it already has a private key (kid %q), %s", r.ShownKID(k), k.Signer.Where())
	}
	return fmt.Sprintf("it already has a private key (kid %q), and if cgp-cred made that key there is no other copy",
		r.ShownKID(k))
}
