//go:build unix

package agefile_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
)

// others is in the error of a file that other users can read.
const others = "others"

// letRead lets other users read a file.
func letRead(path string) error { return os.Chmod(path, 0o644) }

// given is a descriptor with the text, as a shell hands it over: open for programs that are started.
func (f files) given(text string) *agefile.Unlocker {
	f.Helper()
	r, w, err := os.Pipe()
	f.must(err)
	_, err = w.WriteString(text)
	f.must(err)
	f.Cleanup(func() { _ = w.Close() }) // it stays open: only the first line is awaited
	n, err := unix.FcntlInt(r.Fd(), unix.F_DUPFD, 100)
	f.must(err)
	f.must(r.Close())
	return f.number(n)
}

// unanswered is a descriptor that is not open.
func (f files) unanswered() *agefile.Unlocker { f.Helper(); return f.number(999) }

func (f files) number(descriptor int) *agefile.Unlocker {
	f.Helper()
	u, err := agefile.NewUnlocker(strconv.Itoa(descriptor), "")
	f.must(err)
	return u
}

func TestDescriptor(t *testing.T) {
	f := newFiles(t)
	for _, tt := range []struct {
		name, text string
		kind       error
	}{
		{"empty", "\n", keystore.ErrDenied},
		{"short", "1234567\n", keystore.ErrDenied},
		{"long", strings.Repeat("x", 1025) + "\n", keystore.ErrDenied},
		{"never comes", "", keystore.ErrTimeout},
		{"without an end", "half of it", keystore.ErrTimeout},
	} {
		patience := "30s" // a busy machine is slow to read it
		if errors.Is(tt.kind, keystore.ErrTimeout) {
			patience = "100ms"
		}
		t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", patience)
		o := f.with(f.given(tt.text))
		if err := f.set(agefile.New(o), value); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.kind)
		}
	}
	t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "30s")
	own, err := os.Open(os.DevNull) // as Go opens its own files
	f.must(err)
	o := f.with(f.number(int(own.Fd())))
	f.is(f.set(agefile.New(o), value), keystore.ErrLocked)
	f.must(own.Close())

	o = f.with(f.given("a passphrase of Windows\r\nand more"))
	f.must(f.set(agefile.New(o), value))
	f.forget()
	f.want(f.open("a passphrase of Windows"), value)
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	ctx, stop := context.WithCancel(t.Context())
	o := f.with(f.given(""))
	stop()
	if err := agefile.New(o).Set(ctx, "int", keystore.NewSecret([]byte(value))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
