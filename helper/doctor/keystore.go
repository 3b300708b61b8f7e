package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/printable"
)

// Bounds of what the keystore is asked beside its own deadline.
const (
	providerTimeout = 2 * time.Second
	removeTimeout   = 40 * time.Second // longer than a keychain's own
)

// keystore says which keychain answers, and writes, reads and deletes a probe as large as a record can be.
func (e *run) keystore(ctx context.Context) Result {
	kind := profile.Keychain
	if e.profile != nil {
		kind = e.profile.Keystore
	}
	if kind == profile.Environment {
		return skip("the environment's variables; the keychain is left alone")
	}
	ks, err := e.opened()
	if err != nil {
		return fail(err)
	}
	if kind == profile.Exec { // a probe would be another entry in a vault, perhaps for good
		if _, err := ks.Get(ctx, e.profile.Name); err != nil && !errors.Is(err, keystore.ErrNotFound) {
			return fail(err)
		}
		return ok("%s answers; nothing was written", printable.Text(e.profile.Command[0]))
	}
	err, left := probe(ctx, ks)
	err = errors.Join(e.named(err), left)
	who := kind
	if kind == profile.Keychain {
		who = provider(ctx) // after the probe, which may have started it
	}
	if err != nil {
		// The cache may lie in the same keychain: to ask it would be to wait for it again.
		e.helper.Keystore = func(string) (keystore.Keystore, error) { return nil, err }
		r := fail(err)
		if kind == profile.Keychain {
			r.Detail = who
		}
		return r
	}
	switch {
	case kind == profile.File:
		who = "encrypted file"
	case who == "":
		who = "keychain"
	}
	return ok("%s; %d bytes written, read and deleted", who, keystore.MaxValue)
}

// opened is the profile's keystore, or without a profile the keychain.
func (e *run) opened() (keystore.Keystore, error) {
	if e.profile == nil {
		return e.helper.Keystore(profile.Keychain)
	}
	s, err := e.helper.Records().Source(e.profile)
	return s.Keystore(), err
}

// provider names the program behind the keychain; empty where that can't be found out.
func provider(ctx context.Context) string {
	ctx, stop := context.WithTimeout(ctx, providerTimeout)
	defer stop()
	name, err := keychain.Provider(ctx)
	switch {
	case err != nil:
		return ""
	case name == "":
		return "no program answers as keychain"
	}
	return "keychain: " + name
}

// probe puts an item into the keystore and takes it out again; left is why it could not be taken out. Nothing is
// written to one that can't be read, so that no prompt that is answered later stores a probe.
func probe(ctx context.Context, ks keystore.Keystore) (err, left error) {
	account := "Doctor/" + hex.EncodeToString(random(8)) // no profile's name has a capital
	if _, err := ks.Get(ctx, account); !errors.Is(err, keystore.ErrNotFound) {
		if err == nil {
			err = &keystore.Error{
				Kind: keystore.ErrCorrupt, Op: "get", Account: account,
				Detail: "it has what was never stored",
			}
		}
		return err, nil
	}
	value := keystore.NewSecret(bytes.Repeat([]byte("cgp-cred doctor "), keystore.MaxValue/16))
	defer func() {
		// An interrupt must not leave the probe behind.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer stop()
		if gone := ks.Delete(ctx, account); gone != nil && (err == nil || !errors.Is(gone, keystore.ErrNotFound)) {
			hint := fmt.Sprintf("delete the item %q of %q in the keychain's own program: it holds no secret", account,
				keystore.Service)
			left = fault.Wrap(fault.ClassOf(gone), hint, fmt.Sprintf("the probe %q could not be removed", account),
				gone)
		}
	}()
	return ks.Set(ctx, account, value), nil // reads back and compares
}

// named takes the name of the probe, of which no user has heard, out of an error, and gives its hints the name of the
// profile, which they mean.
func (e *run) named(err error) error {
	var failed *keystore.Error
	if !errors.As(err, &failed) {
		return err
	}
	named := *failed
	if named.Account = ""; e.profile != nil {
		named.Account = e.profile.Name
	}
	text := named.Kind.Error()
	if named.Detail != "" {
		text += ": " + named.Detail
	}
	return &fault.Error{Class: named.FaultClass(), What: text, Err: &named}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never returns an error: crypto/rand ends the program instead
	return b
}
