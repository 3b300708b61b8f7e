package agefile

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/sealing"
)

// keptFor is how long an identity stays unlocked.
const keptFor = time.Hour

// Forget makes the kernel and this process forget the unlocked identity of the encrypted files, so that cgp-cred asks
// for the passphrase again. It reports whether the kernel had one.
func Forget(o Options) (bool, error) {
	s := &store{o}
	name, _, ok := s.place()
	o.Unlocker.drop(o.Folder)
	if !ok {
		return false, nil
	}
	err := kernel.Delete(name)
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrUnavailable) {
		return false, nil
	}
	return err == nil, err
}

// place returns the kernel's name for the folder's identity, and what seals it. ok is false if there is no sealing key:
// then no identity is kept.
func (s *store) place() (name string, sealer *sealing.Sealer, ok bool) {
	if s.o.State == "" {
		return "", nil, false
	}
	sealer, err := sealing.Load(s.o.State)
	if err != nil {
		return "", nil, false
	}
	id := sealer.ID()
	sum := sha256.Sum256(append(append([]byte("cgp-cred identity\x00"), id[:]...), s.o.Folder...))
	return "cgp-cred:identity:" + base64.RawURLEncoding.EncodeToString(sum[:]), sealer, true
}

// bound returns what a kept identity is bound to: its name and the content of the file that it was unlocked from.
func bound(name string, wrapped []byte) []byte {
	sum := sha256.Sum256(wrapped)
	return append([]byte(name), sum[:]...)
}

// kept returns the identity of a file that this process, or another one of this user, has unlocked in the last hour.
func (s *store) kept(wrapped []byte) (key, bool) {
	if text, ok := s.o.Unlocker.held(s.o.Folder, wrapped); ok {
		k, err := parseIdentity(text)
		return k, err == nil
	}
	name, sealer, ok := s.place()
	if !ok {
		return key{}, false
	}
	sealed, err := kernel.Get(name)
	if err != nil {
		return key{}, false
	}
	text, err := sealer.Open(bound(name, wrapped), sealed)
	if err != nil {
		return key{}, false
	}
	defer clear(text)
	k, err := parseIdentity(text)
	return k, err == nil
}

// keep keeps the identity in the kernel's keyring or, without one, in this process, so that one command asks once.
func (s *store) keep(wrapped, text []byte) {
	name, sealer, ok := s.place()
	if ok && kernel.Set(name, sealer.Seal(bound(name, wrapped), text), keptFor) == nil {
		return
	}
	s.o.Unlocker.hold(s.o.Folder, wrapped, text)
}
