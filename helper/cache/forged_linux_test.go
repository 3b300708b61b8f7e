package cache_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/kernel/refuse"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/sealing"
)

// plant replaces the cache's value in the keyring, as another container of the same user can.
func plant(t *testing.T, c *cache.Cache, value []byte) {
	t.Helper()
	if err := kernel.Set("cgp-cred:"+c.Name(), value, time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestForgedEntries(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	o.Keychain = refusing{t}
	c := open(t, o)
	key, err := disk.ReadPrivate(o.State+"/seal.key", 32)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := sealing.New(key)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := sealing.New(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	renamed := theirs.Seal([]byte(c.Name()), []byte("x"))
	id := ours.ID()
	copy(renamed[1:], id[:])
	for what, value := range map[string][]byte{
		"rubbish":                                       []byte("rubbish"),
		"one byte":                                      {1},
		"sealed under another key":                      theirs.Seal([]byte(c.Name()), []byte("x")),
		"another key under the user's id":               renamed,
		"the user's key, other additional data":         ours.Seal([]byte("x"), []byte("x")),
		"the user's key, no additional data, old entry": ours.Seal(nil, make([]byte, 40)),
	} {
		*warnings = nil
		plant(t, c, value)
		wantMiss(t, what, c)
		wantMiss(t, what+", again", c)
		want := "another program is writing to this user's kernel keyring"
		if len(*warnings) != 1 || !strings.Contains((*warnings)[0], want) {
			t.Errorf("%s: warned %q, want one warning", what, *warnings)
		}
		if _, err := kernel.Get("cgp-cred:" + c.Name()); err == nil {
			t.Errorf("%s: it is still there", what)
		}
	}
	e := entry("token")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want(t, c, e)
}

func TestEntryOfAnotherProfileUnderOurName(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	mine := open(t, o)
	o.Profile = "dev"
	other := open(t, o)
	if err := other.Set(t.Context(), entry("of-the-other")); err != nil {
		t.Fatal(err)
	}
	sealed, err := kernel.Get("cgp-cred:" + other.Name())
	if err != nil {
		t.Fatal(err)
	}
	plant(t, mine, sealed)
	wantMiss(t, "replayed", mine)
	if len(*warnings) != 1 {
		t.Errorf("warned %q, want one warning", *warnings)
	}
}

// A miss for another reason is no sign of another program that writes.
func TestNoWarningOfAMiss(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	c := open(t, o)
	wantMiss(t, "nothing there", c)
	if err := c.Set(t.Context(), entry("token")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	wantMiss(t, "expired", c)
	if err := os.Remove(o.State + "/seal.key"); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, "another sealing key", open(t, o))
	if len(*warnings) > 0 {
		t.Errorf("warned %q", *warnings)
	}
}

// inChild reports whether this is the child that the test needs: the test itself, started again as the user uid (or as
// the same user if uid is negative) with words in its environment. In the parent it runs that child.
func inChild(t *testing.T, uid int, words ...string) bool {
	t.Helper()
	if os.Getenv(role) != "" {
		return true
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), role+"="+strings.Join(words, " "))
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%q: %v\n%s", words, err, out)
	}
	return false
}

const role = "CACHE_TEST_ROLE"

// A process to which the kernel refuses keyctl, as a container's seccomp profile does.
func TestWithoutKeyringNotPermitted(t *testing.T) {
	if inChild(t, -1, "refused") {
		withoutKeyring(t, unix.EPERM)
	}
}

func TestWithoutKeyringNotImplemented(t *testing.T) {
	if inChild(t, -1, "refused") {
		withoutKeyring(t, unix.ENOSYS)
	}
}

func withoutKeyring(t *testing.T, errno syscall.Errno) {
	t.Helper()
	if err := refuse.Syscalls(errno, unix.SYS_KEYCTL, unix.SYS_ADD_KEY); err != nil {
		t.Fatal(err)
	}
	t.Run("keychain", keychainFallback)
	t.Run("none", nowhere)
	t.Run("file", fileTests)
}

// fullUser is a user whose keyring no other test uses.
const fullUser = 65532

// A user whose quota is used up: keyrings(7), /proc/sys/kernel/keys/maxkeys.
func TestFullKeyring(t *testing.T) {
	needKeyring(t)
	if os.Getenv(role) == "" {
		keystoretest.Require(t, keystoretest.Users)
	}
	if !inChild(t, fullUser, "full") {
		return
	}
	o, _ := options(t)
	o.Keychain = refusing{t}
	c := open(t, o)
	if err := c.Set(t.Context(), entry("old")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := unix.KeyctlInt(unix.KEYCTL_CLEAR, unix.KEY_SPEC_USER_KEYRING, 0, 0, 0); err != nil {
			t.Error(err)
		}
	})
	fill(t)
	if err := c.Set(t.Context(), entry("new")); err != nil {
		t.Errorf("a full keyring: %v", err)
	}
	if e, ok := c.Get(t.Context()); ok && string(e.Token.Reveal()) != "new" {
		t.Error("the older token is still served")
	}
}

func fill(t *testing.T) {
	t.Helper()
	for i := range 10000 {
		_, err := unix.AddKey("user", fmt.Sprint("cgp-cred-test:", i), []byte("x"), unix.KEY_SPEC_USER_KEYRING)
		if errors.Is(err, unix.EDQUOT) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("this kernel gives a user 10000 keys")
}

func keychainFallback(t *testing.T) {
	o, warnings := options(t)
	ks := keystore.Memory()
	o.Keychain = ks
	c := open(t, o)
	if got := c.Backend(t.Context()); got != "keychain" {
		t.Errorf("backend %q", got)
	}
	wantMiss(t, "empty", c)
	e := entry("token")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want(t, cache.Open(o), e)
	item, err := ks.Get(t.Context(), "int/token")
	if err != nil || strings.Contains(string(item.Reveal()), "token") {
		t.Errorf("the item is not sealed, or not there: %v", err)
	}
	changed := o
	changed.Fingerprint = []byte("other file")
	wantMiss(t, "the profile changed", cache.Open(changed))
	if err := ks.Set(t.Context(), "int/token", keystore.NewSecret([]byte("!rubbish"))); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, "rubbish", c)
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wantMiss(t, "deleted", c)
	if len(*warnings) > 0 {
		t.Errorf("warned: %q", *warnings)
	}
}

func nowhere(t *testing.T) {
	o, _ := options(t)
	c := open(t, o)
	if got := c.Backend(t.Context()); got != "none" {
		t.Errorf("backend %q", got)
	}
	if err := c.Set(t.Context(), entry("token")); err != nil {
		t.Error(err)
	}
	wantMiss(t, "no place", c)
	if err := c.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}
