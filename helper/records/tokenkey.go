package records

import (
	"context"
	"errors"
	"runtime"
	"time"

	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/sealing"
)

// system is the operating system. Tests set it, some with the linker.
var system = runtime.GOOS

const macOS = "darwin"

// keychainTime is how long the keychain may take for the key of a token's file: without it a get only lasts longer.
const keychainTime = 5 * time.Second

// fileKey returns what seals a token of p in a file, or nil if nothing on this system can keep such a key.
func (rs *Records) fileKey(p *profile.Profile) cache.FileKey {
	switch {
	case p.Keystore == profile.Environment:
		return func(context.Context, bool) ([]byte, error) { return rs.Environment.SealingKey(), nil }
	case p.Keystore == profile.File && p.Identity != "":
		return func(context.Context, bool) ([]byte, error) { return agefile.TokenKey(p.Identity) }
	case p.Keystore != profile.File && p.Keystore != profile.Exec:
		return nil
	case system == "windows":
		return func(_ context.Context, create bool) ([]byte, error) {
			return sealing.ProtectedKey(rs.Folders.State, create)
		}
	case system == macOS:
		return rs.keychainKey
	}
	return nil
}

// keychainKey keeps the key as an item of the keychain. It does not wait for a user who unlocks it.
func (rs *Records) keychainKey(ctx context.Context, create bool) ([]byte, error) {
	ks, err := rs.Keystore(profile.Keychain)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(keystore.NonInteractive(ctx), keychainTime)
	defer stop()
	key, err := sealing.KeyIn(ctx, ks, create)
	if err != nil && !errors.Is(err, sealing.ErrNoKey) {
		rs.Report.Trace(1, "no token is kept in a file: %v", err)
	}
	return key, err
}

// Purge drops p's cached token from every place, and the keychain's key of token files. If another profile has a token
// in a file, that is lost, which is a miss.
func (rs *Records) Purge(ctx context.Context, p *profile.Profile) error {
	err := rs.Cache(p).Purge(ctx)
	if system != macOS || !plantable(p.Keystore) || p.Identity != "" {
		return err
	}
	ks, failure := rs.Keystore(profile.Keychain)
	if failure == nil {
		ctx, stop := context.WithTimeout(keystore.NonInteractive(ctx), keychainTime)
		defer stop()
		failure = sealing.RemoveKeyIn(ctx, ks)
	}
	return errors.Join(err, failure)
}
