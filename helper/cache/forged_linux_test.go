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
)

func TestMain(m *testing.M) {
	if len(os.Args) > 4 && os.Args[1] == "child" {
		play := map[string]func(string, string) error{"refused": withoutKeyring, "full": withFullKeyring}[os.Args[2]]
		if err := play(os.Args[3], os.Args[4]); err != nil {
			fmt.Println("error:", err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// plant puts a value in the keyring in the place of the cache's, as another container of the same user can.
func plant(t *testing.T, c *cache.Cache, value []byte) {
	t.Helper()
	if err := kernel.Set("cgp-cred:"+c.Name(), value, time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestForgedEntries(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, _ := options(t)
	o.Keychain = refusing{t}
	c := open(t, o)
	key, err := disk.ReadPrivate(o.State+"/seal.key", 32)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := kernel.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := kernel.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	renamed := theirs.Seal([]byte(c.Name()), []byte("x"))
	id := ours.ID()
	copy(renamed[1:], id[:])
	for what, value := range map[string][]byte{
		"rubbish":                                []byte("rubbish"),
		"one byte":                               {1},
		"sealed under another key":               theirs.Seal([]byte(c.Name()), []byte("x")),
		"another key under our id":               renamed,
		"our key, other additional data":         ours.Seal([]byte("x"), []byte("x")),
		"our key, no additional data, old entry": ours.Seal(nil, make([]byte, 40)),
	} {
		plant(t, c, value)
		wantMiss(t, what, c)
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
	o, _ := options(t)
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
}

func TestWarnsOfAnotherWriter(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	c := open(t, o)
	for i, want := range []int{0, 0, 1, 1, 1, 1} {
		plant(t, c, []byte("rubbish"))
		wantMiss(t, "forged", c)
		wantMiss(t, "the same, which counts once", c)
		if len(*warnings) != want {
			t.Errorf("after %d forged entries: warnings %q", i+1, *warnings)
		}
		now = now.Add(10 * time.Second)
	}
	if len(*warnings) > 0 && !strings.Contains((*warnings)[0], "another program is writing to this user's kernel keyring") {
		t.Errorf("warned: %q", *warnings)
	}
	if info, err := os.Stat(o.Runtime + "/forged"); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	now = now.Add(2 * time.Minute) // a new burst
	for range 3 {
		plant(t, c, []byte("rubbish"))
		wantMiss(t, "forged", c)
	}
	if len(*warnings) != 2 {
		t.Errorf("after a new burst: warnings %q", *warnings)
	}
}

// withoutKeyring is a process to which the kernel refuses keyctl with the errno, as a container's seccomp profile does.
func withoutKeyring(errno, dir string) error {
	var n int
	if _, err := fmt.Sscan(errno, &n); err != nil {
		return err
	}
	if err := refuse.Syscalls(syscall.Errno(n), unix.SYS_KEYCTL, unix.SYS_ADD_KEY); err != nil {
		return err
	}
	return runTests(
		testing.InternalTest{Name: "keychain", F: func(t *testing.T) { keychainFallback(t, dir) }},
		testing.InternalTest{Name: "none", F: func(t *testing.T) { nowhere(t, dir) }},
	)
}

func runTests(tests ...testing.InternalTest) error {
	if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, tests) {
		return errors.New("a test failed")
	}
	return nil
}

func TestWithoutKeyring(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, errno := range []syscall.Errno{unix.EPERM, unix.ENOSYS} {
		dir := t.TempDir()
		out, err := exec.CommandContext(t.Context(), self, "child", "refused", fmt.Sprint(int(errno)), dir).CombinedOutput()
		if err != nil || strings.Contains(string(out), "error") || strings.Contains(string(out), "FAIL") {
			t.Errorf("%v: %v\n%s", errno, err, out)
		}
	}
}

// fullUser is a user whose keyring no other test uses.
const fullUser = 65532

// withFullKeyring is a user whose quota is used up: keyrings(7), /proc/sys/kernel/keys/maxkeys.
func withFullKeyring(_, dir string) error {
	return runTests(testing.InternalTest{Name: "full", F: func(t *testing.T) {
		c := cache.Open(cache.Options{Profile: "int", State: dir + "/cgp-cred", Keychain: refusing{t}})
		defer c.Delete(t.Context()) //nolint:errcheck // may be gone
		if err := c.Set(t.Context(), entry("old")); err != nil {
			t.Fatal(err)
		}
		defer unix.KeyctlInt(unix.KEYCTL_CLEAR, unix.KEY_SPEC_USER_KEYRING, 0, 0, 0) //nolint:errcheck // this user's last act
		fill(t)
		if err := c.Set(t.Context(), entry("new")); err != nil {
			t.Errorf("a full keyring: %v", err)
		}
		if e, ok := c.Get(t.Context()); ok && string(e.Token.Reveal()) != "new" {
			t.Error("the older token is still served")
		}
	}})
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
	t.Skip("this kernel gives a user 10000 keys")
}

func TestFullKeyring(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root, to play a user whose keyring is full")
	}
	dir, err := os.MkdirTemp("/tmp", "cache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	if err := os.Chown(dir, fullUser, fullUser); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "child", "full", "", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: fullUser, Gid: fullUser}}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "error") || strings.Contains(string(out), "FAIL") {
		t.Errorf("%v\n%s", err, out)
	}
}

func keychainFallback(t *testing.T, dir string) {
	var warnings []string
	ks := keystore.Memory()
	o := cache.Options{
		Profile: "int", Fingerprint: []byte("file"), State: dir + "/cgp-cred", Runtime: dir + "/cgp-cred", Keychain: ks,
		Warn: func(s string) { warnings = append(warnings, s) },
	}
	c := cache.Open(o)
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
	if len(warnings) > 0 {
		t.Errorf("warned: %q", warnings)
	}
}

func nowhere(t *testing.T, dir string) {
	c := cache.Open(cache.Options{Profile: "int", State: dir + "/cgp-cred"})
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
