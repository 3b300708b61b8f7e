package doctor

import (
	"context"
	"crypto/rsa"
	"fmt"
	"strings"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// theRecord reads the profile's record and compares the profile's file with it.
func (e *run) theRecord(ctx context.Context) Result {
	r, err := e.helper.Records().Load(ctx, e.profile)
	if err != nil {
		return fail(err)
	}
	e.record = r
	return ok("found, and agrees with %s", e.profile.File)
}

// Sizes of RSA keys: a key with fewer than weakBits can be broken, and NHS England asks for askedBits.
const (
	weakBits  = 2048
	askedBits = 4096
)

// onlyReads is why a reader's links are not checked.
const onlyReads = "this credential only reads the fleet's token"

// key signs with each private key and verifies the signature.
func (e *run) key(ctx context.Context) Result {
	if e.profile.Auth != profile.JWT {
		return skip("method %s signs nothing", e.profile.Auth)
	}
	if e.record.Reader() {
		return skip(onlyReads)
	}
	if e.record.Key == nil {
		return fail(records.Incomplete(e.profile.Name, "private key"))
	}
	var texts []string
	least := askedBits
	for _, k := range []struct {
		which string
		key   *record.Key
	}{{"", e.record.Key}, {"next: ", e.record.Next}, {"previous: ", e.record.Previous}} {
		if k.key == nil {
			continue
		}
		text, bits, err := try(ctx, e.record, k.key)
		if err != nil {
			return fail(err)
		}
		texts, least = append(texts, k.which+text), min(least, bits)
	}
	detail := strings.Join(texts, "; ")
	switch {
	case least < weakBits:
		return warn("make a new key: cgp-cred keygen "+e.profile.Name+" --kid NEWKID --force, and register it",
			"%s; an RSA key of fewer than %d bits can be broken", detail, weakBits)
	case least < askedBits:
		return ok("%s (NHS England asks for %d bits; a shorter key works)", detail, askedBits)
	}
	return ok("%s", detail)
}

// try signs as for an assertion (RS512), and describes the key.
func try(ctx context.Context, r *record.Record, k *record.Key) (text string, bits int, err error) {
	kid := printable.Text(r.ShownKID(k))
	public, isRSA := k.Signer.Public().(*rsa.PublicKey)
	if !isRSA {
		return "", 0, fmt.Errorf(`key "%s" is not an RSA key`, kid)
	}
	jwk, err := apim.NewJWK(public, k.KID)
	if err != nil {
		return "", 0, err
	}
	if err := signer.Prove(signer.Within(ctx, k.Signer)); err != nil {
		return "", 0, fmt.Errorf(`signing with key "%s": %w`, kid, err)
	}
	bits = public.N.BitLen()
	text = fmt.Sprintf(`kid "%s" signs and verifies, %d bits, thumbprint %s`, kid, bits, jwk.Thumbprint())
	if where := k.Signer.Where(); where != "" {
		text += ", " + where
	}
	return text, bits, nil
}

// apiKey checks that there is an API key, if the method has one.
func (e *run) apiKey(context.Context) Result {
	switch {
	case e.profile.Auth == profile.None:
		return skip("method none has no API key")
	case e.record.Reader():
		return skip(onlyReads)
	case e.record.APIKey.IsZero():
		return fail(records.Incomplete(e.profile.Name, "API key"))
	}
	label := e.record.APIKeyLabel()
	if label == "" {
		label = "present (too short to show its ends)"
	}
	return ok("%s", label)
}

// fleet finds out whether this machine can share its token with others.
func (e *run) fleet(ctx context.Context) Result {
	f := e.helper.Records().Fleet(e.profile, e.record)
	if f == nil {
		return skip("the profile shares no token with other machines (--fleet)")
	}
	shared, there, err := f.Check(ctx)
	if err != nil {
		hint := strings.Join(hintsOf(err), "\n")
		return warn(hint, "each machine asks for tokens of its own: %s can't be used: %v", f.URL, err)
	}
	held := "no token yet"
	if there {
		held = "a token until " + shared.Expiry.UTC().Format(time.RFC3339)
	}
	return ok("%s, sealed; %s", f.URL, held)
}

// noCache returns what to do if no token of a kind of keystore is kept here.
func noCache(kind string) string {
	const each = "each get fetches a token, and APIM allows 300 a minute: "
	if kind == profile.Environment {
		return each + "set HOME or XDG_STATE_HOME to a folder that can be written"
	}
	return each + "allow keyctl in a container, unlock the keychain on macOS, " +
		"or use encrypted files with --identity"
}

// cache reports where tokens are kept.
func (e *run) cache(ctx context.Context) Result {
	if e.profile.Auth != profile.JWT {
		return skip("method %s has no tokens to cache", e.profile.Auth)
	}
	backend, expires := e.helper.Manage().Cached(ctx, e.profile)
	held := "no token yet"
	if !expires.IsZero() {
		held = "a token until " + expires.UTC().Format(time.RFC3339)
	}
	switch backend {
	case cache.Keyring:
		return ok("the kernel's keyring, sealed; %s", held)
	case cache.Keychain:
		return ok("the keychain; %s", held)
	case cache.File:
		return ok("a sealed file in the state folder; %s", held)
	}
	if e.blocked["keystore"] != "" {
		return skip("needs: keystore")
	}
	return warn(noCache(e.profile.Keystore), "no cache on this machine")
}
