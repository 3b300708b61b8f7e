package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"cgp-cred/keystore"
	"cgp-cred/keystore/signer"
)

// version is the record format that this version of cgp-cred writes, and the newest that it reads.
const version = 1

// recordJSON is the stored form. Its members are in the order in which they are written.
type recordJSON struct {
	V       int    `json:"v"`
	Rev     string `json:"rev"`
	Host    string `json:"host"`
	APIName string `json:"api_name,omitempty"`
	Auth    string `json:"auth"`
	APIKey  string `json:"api_key,omitempty"`
	KID     string `json:"kid,omitempty"`
	signer.Stored
	TokenURL string   `json:"token_url,omitempty"`
	Audience string   `json:"audience,omitempty"`
	Next     *keyJSON `json:"next,omitempty"`
	Previous *keyJSON `json:"previous,omitempty"`
	FleetKey string   `json:"fleet_key,omitempty"`
	Fleet    string   `json:"fleet,omitempty"`
}

// keyJSON is a second key in a record.
type keyJSON struct {
	KID string `json:"kid"`
	signer.Stored
}

var (
	members = []string{
		"v", "rev", "host", "api_name", "auth", "api_key", "kid", "e", "p", "q", "signer",
		"token_url", "audience", "next", "previous", "fleet_key", "fleet",
	}
	keyMembers = []string{"kid", "e", "p", "q", "signer"}
)

// Encode returns the record as one line of ASCII JSON. The error of a record of more than [keystore.MaxValue] bytes is
// [keystore.ErrTooBig], with both sizes; that of a record that [Decode] would refuse is a plain error.
func (r *Record) Encode() (keystore.Secret, error) {
	if err := r.check(); err != nil {
		return keystore.Secret{}, fmt.Errorf("record: %w", err)
	}
	j := recordJSON{
		V: version, Rev: r.Rev, Host: r.Host, APIName: r.APIName, Auth: r.Auth, APIKey: string(r.APIKey.Reveal()),
		TokenURL: r.TokenURL, Audience: r.Audience, Fleet: r.Fleet,
		FleetKey: base64.RawURLEncoding.EncodeToString(r.FleetKey.Reveal()),
	}
	if r.Key != nil {
		k, err := keep(r.Key)
		if err != nil {
			return keystore.Secret{}, fmt.Errorf("record: %w", err)
		}
		j.KID, j.Stored = k.KID, k.Stored
	}
	for _, other := range []struct {
		from *Key
		to   **keyJSON
	}{{r.Next, &j.Next}, {r.Previous, &j.Previous}} {
		if other.from == nil {
			continue
		}
		k, err := keep(other.from)
		if err != nil {
			return keystore.Secret{}, fmt.Errorf("record: %w", err)
		}
		*other.to = k
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j); err != nil { // #nosec G117 -- the keychain is where the secrets go
		return keystore.Secret{}, fmt.Errorf("record: %w", err)
	}
	out := toASCII(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if len(out) > keystore.MaxValue {
		return keystore.Secret{}, keystore.TooBig("encode", "", len(out))
	}
	return keystore.NewSecret(out), nil
}

// keep returns the stored form of a key.
func keep(k *Key) (*keyJSON, error) {
	kept, err := signer.Encode(k.Signer)
	return &keyJSON{KID: k.KID, Stored: kept}, err
}

// toASCII escapes every character of a JSON text that is not ASCII (RFC 8259, section 7).
func toASCII(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch hi, lo := utf16.EncodeRune(r); {
		case r < utf8.RuneSelf:
			out = append(out, b[0])
		case hi != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}

// Decode reads a record that Encode wrote. Any other text, or a key whose numbers don't fit together, is
// [keystore.ErrCorrupt]. A later format, or an unknown member, is [keystore.ErrNewer]: writing such a record again
// would lose data.
func Decode(s keystore.Secret) (*Record, error) { return decode(s, "") }

// decode is Decode for a profile, whose name is passed to programs that sign.
func decode(s keystore.Secret, profile string) (*Record, error) {
	b := s.Reveal()
	corrupt := func(detail string) error {
		return &keystore.Error{Kind: keystore.ErrCorrupt, Op: "decode", Detail: detail}
	}
	if len(b) > keystore.MaxValue {
		return nil, corrupt(fmt.Sprintf("it has %d bytes, the limit is %d", len(b), keystore.MaxValue))
	}
	if slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return nil, corrupt("it is not ASCII; the keychain may have changed it")
	}
	if err := checkMembers(b); err != nil {
		return nil, err
	}
	var j recordJSON
	switch err := json.Unmarshal(b, &j); {
	case errors.Is(err, signer.ErrUnknown):
		return nil, newer(err)
	case err != nil:
		return nil, corrupt("a member has the wrong type")
	}
	r := &Record{
		Rev: j.Rev, Host: j.Host, APIName: j.APIName, Auth: j.Auth, TokenURL: j.TokenURL, Audience: j.Audience,
		Fleet: j.Fleet,
	}
	if j.FleetKey != "" {
		key, err := base64.RawURLEncoding.Strict().DecodeString(j.FleetKey)
		if err != nil {
			return nil, corrupt("fleet_key is not base64url")
		}
		r.FleetKey = keystore.NewSecret(key)
	}
	if j.APIKey != "" {
		r.APIKey = keystore.NewSecret([]byte(j.APIKey))
	}
	first := &keyJSON{KID: j.KID, Stored: j.Stored}
	if *first == (keyJSON{}) {
		first = nil
	}
	for _, k := range []struct {
		from *keyJSON
		to   **Key
	}{{first, &r.Key}, {j.Next, &r.Next}, {j.Previous, &r.Previous}} {
		if k.from == nil {
			continue
		}
		by, err := k.from.Decode(signer.Options{Profile: profile, Limit: keystore.Patience})
		if errors.Is(err, signer.ErrUnknown) {
			return nil, newer(err)
		}
		if err != nil {
			return nil, corrupt(err.Error())
		}
		*k.to = &Key{KID: k.from.KID, Signer: by}
	}
	if err := r.check(); err != nil {
		return nil, corrupt(err.Error())
	}
	return r, nil
}

func newer(err error) error {
	return &keystore.Error{Kind: keystore.ErrNewer, Op: "decode", Detail: err.Error()}
}

// checkMembers checks the version first, then the names of the members, which encoding/json would match in any case.
func checkMembers(b []byte) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil || m == nil {
		return &keystore.Error{Kind: keystore.ErrCorrupt, Op: "decode", Detail: "it is not a JSON object"}
	}
	var v int
	if json.Unmarshal(m["v"], &v) != nil || v < 1 {
		return &keystore.Error{Kind: keystore.ErrCorrupt, Op: "decode", Detail: "it has no format version"}
	}
	if v > version {
		return &keystore.Error{
			Kind: keystore.ErrNewer, Op: "decode",
			Detail: fmt.Sprintf("format %d, this cgp-cred knows %d", v, version),
		}
	}
	err := known(m, members)
	for _, name := range []string{"next", "previous"} {
		var k map[string]json.RawMessage
		if json.Unmarshal(m[name], &k) == nil {
			err = errors.Join(err, known(k, keyMembers))
		}
	}
	if err != nil {
		return &keystore.Error{
			Kind: keystore.ErrNewer, Op: "decode",
			Detail: "it has a member that this cgp-cred does not know",
		}
	}
	return nil
}

func known(m map[string]json.RawMessage, names []string) error {
	for name := range m {
		if !slices.Contains(names, name) {
			return errors.New("unknown member")
		}
	}
	return nil
}
