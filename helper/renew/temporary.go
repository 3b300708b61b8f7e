package renew

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// system is the operating system, and getconf is macOS's command that prints its settings. Tests set them.
var (
	system  = runtime.GOOS
	getconf = "/usr/bin/getconf"
)

// onMac makes a folder in the folder for temporary files that macOS makes for each user: it has no folder in memory
// for a user. TMPDIR names it, unless it names a folder that others can look into.
func onMac() (string, error) {
	for _, find := range []func() string{func() string { return os.Getenv("TMPDIR") }, settingOfMac} {
		if in := filepath.Clean(find()); disk.IsPrivate(in) {
			if path, err := newFolder(in, "cgp-cred-"); err == nil {
				return path, nil
			}
		}
	}
	return "", fault.New(fault.Usage, "choose a folder: add --token-dir DIR",
		"there is no folder for the token file: neither XDG_RUNTIME_DIR nor TMPDIR nor `getconf DARWIN_USER_TEMP_DIR` "+
			"names a folder that is yours and closed to others (0700)")
}

// settingOfMac returns the folder as macOS knows it, or "".
func settingOfMac() string {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, getconf, "DARWIN_USER_TEMP_DIR")
	cmd.Env = program.Environment()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
