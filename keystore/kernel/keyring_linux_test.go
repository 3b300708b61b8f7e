package kernel_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/keystoretest"
)

func TestKeyring(t *testing.T) {
	t.Parallel()
	name := unused(t)
	if b, err := kernel.Get(name); !errors.Is(err, kernel.ErrNotFound) || b != nil {
		t.Errorf("absent: %q, %v", b, err)
	}
	if err := kernel.Delete(name); !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("deleting what is absent: %v", err)
	}
	for _, value := range [][]byte{
		[]byte("one"), []byte("two \x00\xff"),
		bytes.Repeat([]byte("x"), kernel.MaxPayload),
	} {
		if err := kernel.Set(name, value, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := kernel.Get(name); err != nil || !bytes.Equal(got, value) {
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(value))
		}
	}
	if err := kernel.Set(name, make([]byte, kernel.MaxPayload+1), time.Minute); !errors.Is(err, kernel.ErrTooBig) {
		t.Errorf("over the size: %v", err)
	}
	if err := kernel.Delete(name); err != nil {
		t.Error(err)
	}
	if _, err := kernel.Get(name); !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestKeyringTooBigByAnother(t *testing.T) {
	t.Parallel()
	name := unused(t)
	if _, err := unix.AddKey("user", name, make([]byte, kernel.MaxPayload+1), unix.KEY_SPEC_USER_KEYRING); err != nil {
		t.Fatal(err)
	}
	_, err := kernel.Get(name)
	if errors.Is(err, kernel.ErrUnavailable) {
		keystoretest.Cannot(t, "a user keyring whose keys can be read with default permissions")
	}
	if !errors.Is(err, kernel.ErrTooBig) {
		t.Errorf("got %v", err)
	}
	if err := kernel.Set(name, []byte("new"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, err := kernel.Get(name); string(got) != "new" {
		t.Errorf("got %q, %v: the new value must replace the other", got, err)
	}
}

func TestKeyringPermissions(t *testing.T) {
	t.Parallel()
	name := unused(t)
	if err := kernel.Set(name, []byte("x"), time.Minute); err != nil {
		t.Fatal(err)
	}
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", name, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, id)
	if want := fmt.Sprintf("user;%d;%d;3f3f0000;%s", os.Getuid(), os.Getgid(), name); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if b, err := os.ReadFile("/proc/keys"); err == nil && strings.Count(string(b), name) > 1 {
		t.Errorf("more than one key of that name:\n%s", b)
	}
}

func TestKeyringSeenElsewhere(t *testing.T) {
	t.Parallel()
	name := unused(t)
	if err := kernel.Set(name, []byte("here"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := run(t, -1, nil, "get", name); got != "here" {
		t.Errorf("in another process: %s", got)
	}
	keystoretest.Need(t, "keyctl", "keyutils")
	session := []string{"keyctl", "session", "-"} // which does not link the user keyring
	if got := run(t, -1, session, "get", name); !strings.HasSuffix(got, "here") {
		t.Errorf("in another session: %s", got)
	}
	if got := run(t, -1, session, "set", name, "there", "1m"); strings.Contains(got, "error") {
		t.Errorf("set in another session: %s", got)
	}
	if got, err := kernel.Get(name); string(got) != "there" {
		t.Errorf("set in another session: %q, %v", got, err)
	}
	if got := run(t, -1, session, "delete", name); strings.Contains(got, "error") {
		t.Errorf("delete in another session: %s", got)
	}
	if _, err := kernel.Get(name); !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("deleted in another session: %v", err)
	}
}

func TestKeyringTimeout(t *testing.T) {
	t.Parallel()
	name := unused(t)
	if err := kernel.Set(name, []byte("x"), time.Millisecond); err != nil { // rounded up to a second
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := kernel.Get(name)
		if errors.Is(err, kernel.ErrNotFound) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a key of one second is still there: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, life := range []time.Duration{0, -time.Hour, 1 << 62} { // none of them without end
		if err := kernel.Set(name, []byte("x"), life); err != nil {
			t.Fatal(err)
		}
		if expiry := procExpiry(t, name); expiry == "perm" {
			t.Errorf("a life of %v has no end", life)
		}
	}
}

// procExpiry is the time that /proc/keys says a key has left: keyrings(7).
func procExpiry(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/keys")
	if err != nil {
		keystoretest.Cannot(t, "Linux with /proc/keys")
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 8 && strings.HasPrefix(f[8], name) {
			return f[3]
		}
	}
	t.Fatal("not in /proc/keys")
	return ""
}

func TestKeyringTwoUsers(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Users)
	name := unused(t)
	defer run(t, victim, nil, "delete", name)
	if got := run(t, victim, nil, "set", name, "secret", "1m"); got != "" {
		t.Fatal(got)
	}
	if got := run(t, victim, nil, "get", name); got != "secret" {
		t.Errorf("its own user: %s", got)
	}
	if got := run(t, attacker, nil, "get", name); !strings.Contains(got, kernel.ErrNotFound.Error()) {
		t.Errorf("another user: %s", got)
	}
	// Another user who has learnt the key's serial number.
	id := run(t, victim, nil, "id", name)
	if got := run(t, victim, nil, "steal", id); got != "secret" {
		t.Errorf("its own user, by number: %s", got)
	}
	if got := run(t, attacker, nil, "steal", id); !strings.Contains(got, "permission denied") {
		t.Errorf("another user, by number: %s", got)
	}
}

func TestKeyringRefused(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{unix.EPERM, unix.ENOSYS, unix.EACCES, unix.EDQUOT} {
		if got := run(t, -1, nil, "refused", unused(t), strconv.Itoa(int(errno))); got != "" {
			t.Errorf("%v: %s", errno, got)
		}
	}
}

// Each of the steps runs in one thread, whatever the other goroutines do.
func TestKeyringParallel(t *testing.T) {
	t.Parallel()
	name := unused(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				if err := kernel.Set(name, []byte("same"), time.Minute); err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
				if got, err := kernel.Get(name); string(got) != "same" {
					t.Errorf("reader %d: %q, %v", i, got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkGet(b *testing.B) {
	const name = "cgp-cred-test:benchmark"
	if err := kernel.Set(name, make([]byte, 120), time.Minute); err != nil {
		b.Skip(err)
	}
	defer kernel.Delete(name) //nolint:errcheck // it ends by itself
	for b.Loop() {
		if _, err := kernel.Get(name); err != nil {
			b.Fatal(err)
		}
	}
}
