package disk_test

import (
	"runtime"
	"testing"

	"cgp-cred/keystore/disk"
)

// No variable names the system's folder. Windows has none until an administrator makes it.
func TestSystemFolder(t *testing.T) {
	for _, name := range []string{
		"XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME", "CGP_CRED_SYSTEM", "ProgramData", "ALLUSERSPROFILE",
	} {
		t.Setenv(name, t.TempDir())
	}
	want := "/etc/cgp-cred"
	if runtime.GOOS == "windows" {
		want = ""
	}
	if got := disk.SystemFolder(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
