package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/kernel"
)

const sealingKeySize = 32

// errNoState: without HOME there is no place for a sealing key.
var errNoState = errors.New("there is no state folder (set HOME or XDG_STATE_HOME to an absolute path)")

// newSealer uses the key that it is given, or the one in the state folder, which it makes where there is none.
func newSealer(o Options) (*kernel.Sealer, error) {
	if o.SealingKey != nil {
		return kernel.NewSealer(o.SealingKey)
	}
	if o.State == "" {
		return nil, errNoState
	}
	path := filepath.Join(o.State, "seal.key")
	key, err := disk.ReadPrivate(path, sealingKeySize)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, sealingKeySize)
		_, _ = rand.Read(fresh) // never fails: crypto/rand ends the program instead
		key, err = disk.CreateOnce(path, fresh)
	}
	if err != nil {
		return nil, err
	}
	sealer, err := kernel.NewSealer(key)
	if err != nil {
		return nil, fmt.Errorf("%q: %w (remove it, and the next run makes a new one)", path, err)
	}
	return sealer, nil
}

// advise is the error with its remedy, on one line.
func advise(err error) string {
	if h := (interface{ Hint() string })(nil); errors.As(err, &h) {
		return err.Error() + " (" + h.Hint() + ")"
	}
	return err.Error()
}
