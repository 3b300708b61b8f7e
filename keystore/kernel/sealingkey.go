package kernel

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cgp-cred/keystore/disk"
)

const sealingKeySize = 32

// errNoState: without HOME there is no place for a sealing key.
var errNoState = errors.New("there is no state folder (set HOME or XDG_STATE_HOME to an absolute path)")

// OpenSealer makes a Sealer of the sealing key in a folder, seal.key, and the key where there is none yet. A key that
// others can have written or read is a [disk.UnsafeError].
func OpenSealer(folder string) (*Sealer, error) {
	if err := allowed(); err != nil {
		return nil, err
	}
	if folder == "" {
		return nil, errNoState
	}
	path := filepath.Join(folder, "seal.key")
	key, err := disk.ReadPrivate(path, sealingKeySize)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, sealingKeySize)
		_, _ = rand.Read(fresh) // never fails: crypto/rand ends the program instead
		key, err = disk.CreateOnce(path, fresh)
	}
	if err != nil {
		return nil, err
	}
	sealer, err := NewSealer(key)
	if err != nil {
		return nil, fmt.Errorf("%q: %w (remove it, and the next run makes a new one)", path, err)
	}
	return sealer, nil
}
