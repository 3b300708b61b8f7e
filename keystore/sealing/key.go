package sealing

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

const sealingKeySize = 32

// Load returns a Sealer with the sealing key in a folder, seal.key, and makes a missing key. A key
// that other users can have written or read is a [disk.UnsafeError].
func Load(folder string) (*Sealer, error) {
	if err := allowed(); err != nil {
		return nil, err
	}
	if folder == "" {
		return nil, fault.New(fault.Usage, "set HOME or XDG_STATE_HOME to an absolute path", "there is no state folder")
	}
	path := filepath.Join(folder, "seal.key")
	key, err := disk.ReadPrivate(path, sealingKeySize)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = disk.CreateOnce(path, newKey())
	}
	if err != nil {
		return nil, err
	}
	sealer, err := New(key)
	if err != nil {
		return nil, fault.Wrap(fault.Usage,
			"remove it, and the next run creates a new one: "+printable.Remove(path), strconv.Quote(path), err)
	}
	return sealer, nil
}
