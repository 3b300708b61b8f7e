package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/sealing"
)

// file is a file in the state folder: when the token expires (8 bytes: milliseconds since 1970, big endian), then the
// sealed entry. The time is not sealed, so that every profile's cgp-cred can remove what has expired.
type file struct {
	*Cache

	folder string // of the files; empty: the state folder is not known
}

const (
	fileHead = 8
	maxFile  = fileHead + 4096 // bytes
)

func (c *Cache) file() file {
	if c.o.State == "" {
		return file{c, ""}
	}
	return file{c, filepath.Join(c.o.State, "tokens")}
}

func (f file) path() string { return filepath.Join(f.folder, f.Name()) }

// kind returns None if the folder can't be made or the key can't be had.
func (f file) kind(ctx context.Context) string {
	_, err := f.fileSealer(ctx, false)
	if err != nil && !errors.Is(err, sealing.ErrNoKey) || disk.MakeFolder(f.folder) != nil {
		return None
	}
	return File
}

func (f file) fileSealer(ctx context.Context, create bool) (*sealing.Sealer, error) {
	key, err := f.o.FileKey(ctx, create)
	if err != nil {
		return nil, err
	}
	return sealing.New(key)
}

func (f file) get(ctx context.Context) ([]byte, error) {
	raw, err := disk.ReadPrivate(f.path(), maxFile)
	if err != nil || !expiry(raw).After(f.o.Now()) {
		return nil, errAbsent
	}
	sealer, err := f.fileSealer(ctx, false)
	if err != nil {
		return nil, err
	}
	return f.open(sealer, raw)
}

// open returns the entry in a file.
func (f file) open(sealer *sealing.Sealer, raw []byte) ([]byte, error) {
	if len(raw) <= fileHead {
		return nil, errAbsent
	}
	return sealer.Open(f.bound(raw[:fileHead]), raw[fileHead:])
}

func (f file) set(ctx context.Context, plain []byte, expires time.Time) error {
	if disk.MakeFolder(f.folder) != nil {
		return nil // there is no place for it
	}
	sealer, err := f.fileSealer(ctx, false)
	switch {
	case errors.Is(err, sealing.ErrNoKey):
		if sealer, err = f.fileSealer(ctx, true); err != nil {
			return err
		}
	case err != nil:
		return nil //nolint:nilerr // nothing can keep its key
	}
	head := binary.BigEndian.AppendUint64(nil, uint64(expires.UnixMilli()))
	if err := disk.WriteVolatile(f.path(), append(head, sealer.Seal(f.bound(head), plain)...)); err != nil {
		return err
	}
	f.sweep()
	return nil
}

func (f file) bound(head []byte) []byte { return slices.Concat(f.name[:], head) }

// expiry returns when the token in a file expires. What is no such file has expired.
func expiry(raw []byte) time.Time {
	if len(raw) <= fileHead {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw))) //nolint:gosec // as set wrote it
}

// sweep removes the files whose tokens have expired, as well as it can. A token that another process writes meanwhile
// may be lost, which is a miss.
func (f file) sweep() {
	entries, err := disk.ReadDir(f.folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(f.folder, e.Name())
		if _, temporary := disk.TempOf(e.Name()); temporary || e.Name() == f.Name() {
			continue
		}
		if raw, err := disk.ReadPrivate(path, maxFile); err == nil && !expiry(raw).After(f.o.Now()) {
			_ = disk.RemoveAll(path) // otherwise the next process does
		}
	}
}

func (f file) remove(context.Context) error {
	if f.folder == "" {
		return nil
	}
	if _, err := os.Lstat(f.path()); err != nil {
		return nil //nolint:nilerr // what is not found here is not found by get either
	}
	return disk.RemoveAll(f.path())
}

// purge removes the file, what a killed process has left of it, and everything that has expired.
func (f file) purge() error {
	if f.folder == "" {
		return nil
	}
	_, err := disk.RemoveTemps(f.path())
	f.sweep()
	return errors.Join(err, f.remove(context.Background()))
}
