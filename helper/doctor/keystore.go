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

// Limits of keystore calls, in addition to the keystore's own deadline.
const (
	providerTimeout = 2 * time.Second
	removeTimeout   = 40 * time.Second // longer than a keychain's deadline
)

// keystore reports which keychain answers, and writes, reads and deletes a probe that is as large as a record can be.
func (e *run) keystore(ctx context.Context) Result {
	kind := profile.Keychain
	if e.profile != nil {
		kind = e.profile.Keystore
	}
	if kind == profile.Environment {
		return skip("the environment's variables; the keychain is not used")
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
		who = provider(ctx) // after the probe, which may have started the keychain
	}
	if err != nil {
		// The cache may be in the same keychain: to ask it would mean to wait for it again.
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

// opened returns the profile's keystore, or the keychain if there is no profile.
func (e *run) opened() (keystore.Keystore, error) {
	if e.profile == nil {
		return e.helper.Keystore(profile.Keychain)
	}
	s, err := e.helper.Records().Source(e.profile)
	return s.Keystore(), err
}

// provider returns the name of the keychain's program, or "" if that can't be found out.
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

// probe puts an item into the keystore and removes it again. left says why it could not be removed. If the keystore
// can't be read, probe writes nothing, so that a prompt that is answered later stores no probe.
func probe(ctx context.Context, ks keystore.Keystore) (err, left error) {
	account := "Doctor/" + hex.EncodeToString(random(8)) // no profile's name has a capital
	if _, err := ks.Get(ctx, account); !errors.Is(err, keystore.ErrNotFound) {
		if err == nil {
			err = &keystore.Error{
				Kind: keystore.ErrCorrupt, Op: "get", Account: account, Detail: "it has an item that was never stored",
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
			hint := fmt.Sprintf("delete the item %q of %q in the keychain's program: it holds no secret",
				account, keystore.Service)
			what := fmt.Sprintf("the probe %q could not be removed", account)
			left = fault.Wrap(fault.ClassOf(gone), hint, what, gone)
		}
	}()
	return ks.Set(ctx, account, value), nil // reads back and compares
}

// named removes the probe's name from an error, because no user knows it, and puts the profile's name into the hints.
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
