package record

import (
	"bytes"
	"strings"

	"cgp-cred/keystore"
)

// ownKID is the length from which an API key may not be a part of a kid: a shorter one may be a word.
const ownKID = 12

// kidIsAPIKey is the problem of a kid that is or contains the API key.
//
//nolint:gosec // a sentence
const kidIsAPIKey = "it is the API key, and a kid is public: anyone can read it in the registered key set"

// CheckKID returns an error if kid is or contains the API key: a kid is public, in the registered key set, and users
// paste one instead of the other.
func CheckKID(kid string, apiKey keystore.Secret) error {
	const hint = "choose a name, for example --kid int-1, and register the public key under it; if the API key was " +
		"registered as a kid, ask for a new API key in the Developer Hub"
	if isAPIKey(kid, apiKey) {
		return keystore.BadValue("kid", kidIsAPIKey, hint)
	}
	return nil
}

func isAPIKey(kid string, apiKey keystore.Secret) bool {
	secret := apiKey.Reveal()
	within := len(secret) >= ownKID && bytes.Contains([]byte(kid), secret)
	return !apiKey.IsZero() && (within || strings.TrimSpace(kid) == string(secret))
}

// ShownKID returns the kid of a record's key for messages, status and reports: a record from an earlier version may
// have the API key there.
func (r *Record) ShownKID(k *Key) string {
	if isAPIKey(k.KID, r.APIKey) {
		return "[the API key]"
	}
	return k.KID
}

// CheckKIDs is [CheckKID] for each key of a record.
func (r *Record) CheckKIDs() error {
	for _, k := range r.Keys() {
		if err := CheckKID(k.KID, r.APIKey); err != nil {
			return err
		}
	}
	return nil
}
