package cache

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"cgp-cred/keystore/sealing"
)

// FuzzFile: a file is opened only if set wrote it for this profile, with the time in its head.
func FuzzFile(f *testing.F) {
	c := Open(Options{Profile: "int", SealingKey: bytes.Repeat([]byte("s"), 32), FileKey: func(
		context.Context, bool,
	) ([]byte, error) {
		return bytes.Repeat([]byte("k"), 32), nil
	}})
	sealer, err := sealing.New(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		f.Fatal(err)
	}
	head := binary.BigEndian.AppendUint64(nil, 1767366245000)
	genuine := append(bytes.Clone(head), sealer.Seal(c.file().bound(head), []byte("entry"))...)
	f.Add(genuine)
	f.Add(head)
	f.Add([]byte{})
	f.Add(append(bytes.Repeat([]byte{0xff}, fileHead), genuine[fileHead:]...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		plain, err := c.file().open(sealer, raw)
		if err == nil && (string(plain) != "entry" || !bytes.HasPrefix(raw, head)) {
			t.Errorf("opened a forgery: %q", plain)
		}
		if len(raw) <= fileHead && !expiry(raw).IsZero() {
			t.Error("a file without an entry has not expired")
		}
	})
}
