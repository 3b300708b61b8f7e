package keystoretest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest/guard"
)

// kept are the variables that tests inherit: those that find programs and compilers, and those of the test run
// itself.
var kept = []string{
	"PATH", "TZ", "TERM", "USER", "LOGNAME", "CI", "CC", "CXX", "AR", "PKG_CONFIG_PATH", "GCCGO", SkippedVariable,
	"SystemRoot", "SYSTEMROOT", "SystemDrive", "windir", "ComSpec", "PATHEXT", "NUMBER_OF_PROCESSORS",
	"WINEUSERNAME", // wine asks it for the name of the user whose keys it protects
}

// inherited reports whether a test process keeps the variable.
func inherited(name string) bool {
	for _, k := range kept {
		if name == k {
			return true
		}
	}
	for _, prefix := range []string{
		"GO", "CGO_", "CGP_CRED_TEST_", "CGP_CRED_FLEET_TESTS", "CGP_CRED_ALL_KILLS", "AGEFILE_TEST_",
		"CACHE_TEST_", "KEYSTORETEST_",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// private gives this process, and programs that it starts, a new and empty HOME, XDG folders and folder for temporary
// files, a session bus that does not exist, and nothing else from the user: no agent, proxy, display, or configuration
// of git, GnuPG and Python.
func private() (root string, err error) {
	root, err = os.MkdirTemp("", "cgp")
	if err != nil {
		return "", err
	}
	env, err := privateEnvironment(root)
	if err == nil {
		err = replaceEnvironment(env)
	}
	if err != nil {
		_ = os.RemoveAll(root)
		return "", err
	}
	return root, nil
}

func replaceEnvironment(env map[string]string) error {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); name != "" && !inherited(name) {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// privateEnvironment makes the folders and returns the variables. It keeps Go's build cache.
func privateEnvironment(root string) (map[string]string, error) {
	env := map[string]string{
		"GORACE": "atexit_sleep_ms=0", "GIT_CONFIG_NOSYSTEM": "1", "PYTHONNOUSERSITE": "1",
		guard.RootVariable: root,
	}
	if home, err := os.UserHomeDir(); err == nil && os.Getenv("GOPATH") == "" {
		env["GOPATH"] = filepath.Join(home, "go")
	}
	if cache, err := os.UserCacheDir(); err == nil && os.Getenv("GOCACHE") == "" {
		env["GOCACHE"] = filepath.Join(cache, "go-build")
	}
	if config, err := os.UserConfigDir(); err == nil && os.Getenv("GOENV") == "" {
		env["GOENV"] = filepath.Join(config, "go", "env")
	}
	for name, path := range map[string]string{
		"HOME": "home", "XDG_CONFIG_HOME": "home/.config", "XDG_STATE_HOME": "home/.local/state",
		"XDG_DATA_HOME":  "home/.local/share",
		"XDG_CACHE_HOME": "home/.cache", "XDG_RUNTIME_DIR": "run", "GNUPGHOME": "home/.gnupg", "TMPDIR": "tmp",
	} {
		env[name] = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(env[name], 0o700); err != nil {
			return nil, err
		}
	}
	env["USERPROFILE"], env["APPDATA"], env["LOCALAPPDATA"] = env["HOME"], env["XDG_CONFIG_HOME"], env["XDG_STATE_HOME"]
	env["TEMP"], env["TMP"] = env["TMPDIR"], env["TMPDIR"]
	env["DBUS_SESSION_BUS_ADDRESS"] = NoBus(root)
	if runtime.GOOS == "windows" { // without it, the user's own agent is asked
		env["SSH_AUTH_SOCK"] = guard.PipePrefix + "none"
	}
	if err := guard.Mark(root); err != nil {
		return nil, err
	}
	// They use the folder for temporary files as they use /tmp.
	if err := os.Chmod(root, 0o711); err != nil {
		return nil, err
	}
	return env, os.Chmod(env["TMPDIR"], 0o777|os.ModeSticky)
}

// NoBus is the address of a bus that does not exist.
func NoBus(folder string) string {
	return "unix:path=" + filepath.ToSlash(filepath.Join(folder, "no-bus"))
}

// Shared makes a folder that other users can enter and that ends with the test.
func Shared(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// removeRoot removes everything in the folder of a test process. A test may have closed its own folders.
func removeRoot(root string) error {
	err := os.RemoveAll(root)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("removing what the tests left: %w", err)
	}
	return nil
}
