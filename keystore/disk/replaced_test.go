package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cgp-cred/keystore/disk"
)

// content is the i-th content of a file that is written again and again.
func content(i int) []byte { return bytes.Repeat([]byte{'a' + byte(i%20)}, 3000) }

// ownFolder returns one of cgp-cred's folders.
func ownFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "cgp-cred")
	must(t, disk.MakeFolder(folder))
	return folder
}

// writers are the ways to replace a file.
func writers(path string) map[string]func([]byte) error {
	return map[string]func([]byte) error{
		"lasting":  func(b []byte) error { return disk.WriteFile(path, b) },
		"volatile": func(b []byte) error { return disk.WriteVolatile(path, b) },
		"output":   func(b []byte) error { return disk.WriteOutput(path, b, 0o600) },
		"shared":   func(b []byte) error { return disk.Shared{Path: path, Mode: 0o600, Group: -1}.Write(b) },
	}
}

// Another program has the file open for a moment, as virus scanners and indexers do.
func TestReplacedWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(ownFolder(t), "f")
	for name, write := range writers(path) {
		must(t, write([]byte("old")))
		held, err := os.Open(path)
		must(t, err)
		released := make(chan error, 1)
		go func() {
			time.Sleep(300 * time.Millisecond)
			released <- held.Close()
		}()
		if got, err := disk.ReadPrivate(path, 10); err != nil || string(got) != "old" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		if err := write([]byte("new")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		must(t, <-released)
		if got, err := disk.ReadPrivate(path, 10); err != nil || string(got) != "new" {
			t.Errorf("%s: then read %q, %v", name, got, err)
		}
	}
	if got := files(t, filepath.Dir(path)); got != "f" {
		t.Errorf("left behind: %s", got)
	}
}

// A program that reads a token file all the time sees each renewal, and each content whole.
func TestReaderSeesEachRenewal(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(path string) ([]byte, error){
		"cgp-cred's": func(path string) ([]byte, error) { return disk.ReadPrivate(path, 4000) },
		"plain":      readBusy,
	} {
		path := filepath.Join(ownFolder(t), "f")
		must(t, disk.WriteVolatile(path, content(0)))
		for i := 1; i < 20; i++ {
			seen := make(chan error, 1)
			go func() { seen <- readUntil(t, path, read, content(i)) }()
			if err := disk.WriteVolatile(path, content(i)); err != nil {
				t.Errorf("%s: renewal %d: %v", name, i, err)
			}
			if err := <-seen; err != nil {
				t.Fatalf("%s: renewal %d: %v", name, i, err)
			}
		}
	}
}

// readBusy reads as other programs do. On Windows the file can't be opened in the moment of a rename.
func readBusy(path string) ([]byte, error) {
	for {
		got, err := os.ReadFile(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return got, err
		}
	}
}

func readUntil(t *testing.T, path string, read func(string) ([]byte, error), want []byte) error {
	t.Helper()
	for t.Context().Err() == nil {
		got, err := read(path)
		switch {
		case err != nil:
			return err
		case bytes.Equal(got, want):
			return nil
		case len(got) != len(want) || len(bytes.Trim(got, string(got[0]))) != 0:
			return fmt.Errorf("half a content: %d bytes", len(got))
		}
	}
	return t.Context().Err()
}

func TestCreateOnceBySeveral(t *testing.T) {
	t.Parallel()
	path := filepath.Join(ownFolder(t), "seal.key")
	got := make([][]byte, 20)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = disk.CreateOnce(path, content(i)); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	for i, b := range got {
		if len(b) != 3000 || !bytes.Equal(b, got[0]) {
			t.Errorf("%d got another content: %d bytes", i, len(b))
		}
	}
	if got := files(t, filepath.Dir(path)); got != "seal.key" {
		t.Errorf("left behind: %s", got)
	}
}
