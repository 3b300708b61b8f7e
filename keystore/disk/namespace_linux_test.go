package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// A user namespace that maps only the victim, as Apptainer's: every other user, root too, is uid 65534 in it.
func TestUserNamespace(t *testing.T) {
	t.Parallel()
	needRoot(t)
	const outside = 1234                          // any uid but 65534, which is a special one in the namespace
	home, err := os.MkdirTemp("/var/lib", "disk") // not below /tmp, which every user can write
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	must(t, os.Chmod(home, 0o755))
	tmp := home + "/tmp"
	for owner, folder := range map[int]string{
		outside:  home + "/mine/cgp-cred",
		attacker: home + "/theirs/cgp-cred",
	} {
		plantFile(t, folder, owner)
	}
	must(t, os.Mkdir(tmp, 0o700))
	must(t, os.Chmod(tmp, 0o777|fs.ModeSticky))
	plantFile(t, tmp+"/bait/cgp-cred", outside)
	must(t, os.Chown(tmp+"/bait", attacker, attacker))

	in := func(path string) string {
		cmd := command(t, outside, "read", path)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: outside, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: outside, Size: 1}},
			Credential:  &syscall.Credential{Uid: 1000, Gid: 1000, NoSetGroups: true},
		}
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "error:") {
			keystoretest.Cannot(t, "user namespaces")
		}
		return string(out)
	}
	if got := in(home + "/mine/cgp-cred/f"); got != "content" {
		t.Errorf("own file below root's folders: %s", got)
	}
	if got := in(home + "/theirs/cgp-cred/f"); !strings.Contains(got, "belongs to uid 65534") {
		t.Errorf("another user's file: %s", got)
	}
	if got := in(tmp + "/bait/cgp-cred/f"); !strings.Contains(got, "belongs to uid 65534") {
		t.Errorf("below another user's folder in a folder of everybody: %s", got)
	}
}

func plantFile(t *testing.T, folder string, owner int) {
	t.Helper()
	must(t, os.MkdirAll(folder, 0o755))
	must(t, os.WriteFile(folder+"/f", []byte("content"), 0o600))
	for _, p := range []string{filepath.Dir(folder), folder, folder + "/f"} {
		must(t, os.Chown(p, owner, owner))
	}
}
