package manage

import (
	"crypto/rsa"
	"fmt"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Change is what a user wants a profile to have. A part that is not given is kept.
type Change struct {
	Host     string          // a host or an environment's name; empty: kept
	APIName  *string         // nil: kept
	Auth     string          // empty: follows from what there is
	APIKey   keystore.Secret // zero: kept
	Key      *record.Key     // nil: kept; with it KID is the new key's
	KID      string          // empty: kept
	TokenURL *string         // nil: kept; empty: the host's own
	Audience *string         // nil: kept; empty: the token URL
	Force    bool            // let another host, token URL, audience or private key replace what is there
	Default  bool            // make it the default profile
	// nil: where it is, and the keychain for a new one; a record that is elsewhere moves there
	Keystore *profile.Location
	Anew     bool    // keep nothing of what is there; needs Force where there is something
	Seen     *string // what MayReplaceKey saw; nil: any record may be changed
}

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
			return refuse(name, err.Error(), "for example --token-url https://int.api.service.nhs.uk/oauth2-mock/token")
		}
	}
	if c.APIName != nil {
		if err := profile.CheckAPIName(*c.APIName); err != nil {
			return refuse(name, err.Error(), "for example --api-name genomic-data-access")
		}
	}
	if c.Keystore != nil {
		if err := c.Keystore.Check(); err != nil {
			return refuse(name, err.Error(),
				`--keystore keychain, --keystore file, or --keystore exec --keystore-command "/path/to/program args"`)
		}
	}
	switch c.Auth {
	case "", profile.JWT, profile.APIKey, profile.None:
		return nil
	}
	return refuse(name, fmt.Sprintf("method %q is none of jwt, apikey, none", c.Auth),
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
	if c.Key != nil || c.KID != "" || !c.APIKey.IsZero() { // what an earlier version stored can be changed otherwise
		if err := r.CheckKIDs(); err != nil {
			return nil, err
		}
	}
	return r, chooseAuth(name, r, c.Auth)
}

func mergeHost(name string, r *record.Record, c Change) error {
	if c.Host == "" && r.Host == "" {
		return refuse(name, "its host is needed the first time", "add --host HOST, for example --host int")
	}
	if c.Host == "" {
		return nil
	}
	host, err := apim.ParseHost(c.Host)
	if err != nil {
		return err
	}
	if r.Host != "" && r.Host != host && !c.Force {
		return needsForce(name, "it belongs to "+r.Host+", and a credential moves to another host only on purpose",
			"--host "+host)
	}
	r.Host = host
	return nil
}

func mergeURLs(name string, r *record.Record, c Change) error {
	if c.TokenURL != nil && *c.TokenURL != r.TokenURL {
		if r.Key != nil && !c.Force {
			return needsForce(name, "it has another token URL, and assertions go to another one only on purpose",
				"--token-url URL")
		}
		r.TokenURL = *c.TokenURL
	}
	if c.Audience != nil && *c.Audience != r.Audience {
		if r.Key != nil && !c.Force {
			return needsForce(name, "it has another audience, and assertions are made for another one only on purpose",
				"--audience URL")
		}
		r.Audience = *c.Audience
	}
	return nil
}

func mergeKey(name string, r *record.Record, c Change) error {
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
		return refuse(name, "a kid names a private key, and there is none",
			"add --private-key FILE, or make a key: cgp-cred keygen "+name+" --kid KID")
	}
	r.Key = &record.Key{KID: kid, Signer: r.Key.Signer}
	return nil
}

// mergeGiven puts a key into a record that the user gave. One that the record has already is only given again, perhaps
// with another kid or behind another program: the keys next to it stay.
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
		return needsForce(name, keyExists(r, r.Key), keyFlags(given))
	case kid == "":
		return refuse(name, "a private key needs the kid it is registered under", "add --kid KID")
	}
	r.Key, r.Next, r.Previous = &record.Key{KID: kid, Signer: given.Signer}, nil, nil
	return nil
}

// keyFlags are the flags by which a key like k is given.
func keyFlags(k *record.Key) string {
	switch k.Signer.Kind() {
	case signer.KindAgent:
		return "--signer ssh-agent --fingerprint SHA256:... --kid KID"
	case signer.KindExec:
		return "--signer exec --signer-command \"/path args\" --kid KID"
	}
	return "--private-key FILE --kid KID"
}

func samePublic(a, b *record.Key) bool {
	pub, ok := a.Signer.Public().(*rsa.PublicKey)
	return ok && pub.Equal(b.Signer.Public())
}

// chooseAuth sets the method: the one asked for if the record can carry it out, else what follows from its parts.
func chooseAuth(name string, r *record.Record, asked string) error {
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
			return refuse(name, "there is neither an API key nor a private key",
				"add --api-key-file FILE, and for tokens --private-key FILE --kid KID")
		}
	}
	switch {
	case auth == profile.JWT && r.Key == nil:
		return refuse(name, "method jwt signs with a private key, and there is none",
			"add --private-key FILE --kid KID, or make a key: cgp-cred keygen "+name+" --kid KID")
	case auth == profile.APIKey && r.APIKey.IsZero():
		return refuse(name, "method apikey sends an API key, and there is none", "add --api-key-file FILE")
	}
	r.Auth = auth
	return nil
}

func needsForce(name, problem, flag string) error {
	return refuse(name, problem,
		fmt.Sprintf("if that is meant: cgp-cred store %s %s --force, or use a new profile name", name, flag))
}

func keyExists(r *record.Record, k *record.Key) string {
	if signer.External(k.Signer) {
		return fmt.Sprintf("it has a private key already (kid %q), %s", r.ShownKID(k), k.Signer.Where())
	}
	return fmt.Sprintf("it has a private key already (kid %q), which exists nowhere else if it was born here",
		r.ShownKID(k))
}
