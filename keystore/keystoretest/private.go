package keystoretest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// CommonTemp is a folder that every user of this machine reaches, for tests that play two users. Tests only make folders
// of random names in it, which they remove.
const CommonTemp = "/tmp"

// Main runs a package's tests in an environment that has nothing of the user's: see [Private]. It is for TestMain.
func Main(m interface{ Run() int }) (status int) {
	remove, err := Private()
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a private environment for the tests:", err)
		return 1
	}
	defer remove()
	return m.Run()
}

// kept are the variables that tests inherit: those that find programs and compilers, and those of the test run itself.
var kept = []string{
	"PATH", "TMPDIR", "TZ", "TERM", "USER", "LOGNAME", "CI", "CC", "CXX", "AR", "PKG_CONFIG_PATH", "GCCGO", SkippedVariable,
	"SystemRoot", "SYSTEMROOT", "SystemDrive", "windir", "ComSpec", "PATHEXT", "TEMP", "TMP", "NUMBER_OF_PROCESSORS",
}

// inherited reports whether a test process keeps the variable.
func inherited(name string) bool {
	for _, k := range kept {
		if name == k {
			return true
		}
	}
	return strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "CGO_") || strings.HasPrefix(name, "CGP_CRED_TEST_") ||
		strings.HasPrefix(name, "AGEFILE_TEST_")
}

// Private gives this process, and what it starts, a HOME and XDG folders that are new and empty, a session bus that does
// not exist, and nothing else of the user's: no agent, proxy, display, or configuration of git, GnuPG and Python.
func Private() (remove func(), err error) {
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.RemoveAll(folder) }
	env, err := privateEnvironment(folder)
	if err != nil {
		remove()
		return nil, err
	}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); name != "" && !inherited(name) {
			if err := os.Unsetenv(name); err != nil {
				remove()
				return nil, err
			}
		}
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			remove()
			return nil, err
		}
	}
	return remove, nil
}

// privateEnvironment makes the folders and returns the variables. What Go compiled stays where it is.
func privateEnvironment(folder string) (map[string]string, error) {
	env := map[string]string{"GORACE": "atexit_sleep_ms=0", "GIT_CONFIG_NOSYSTEM": "1", "PYTHONNOUSERSITE": "1"}
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
		"HOME": "home", "XDG_CONFIG_HOME": "home/.config", "XDG_STATE_HOME": "home/.local/state", "XDG_DATA_HOME": "home/.local/share",
		"XDG_CACHE_HOME": "home/.cache", "XDG_RUNTIME_DIR": "run", "GNUPGHOME": "home/.gnupg",
	} {
		env[name] = filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(env[name], 0o700); err != nil {
			return nil, err
		}
	}
	env["USERPROFILE"], env["APPDATA"], env["LOCALAPPDATA"] = env["HOME"], env["XDG_CONFIG_HOME"], env["XDG_STATE_HOME"]
	env["DBUS_SESSION_BUS_ADDRESS"] = NoBus(folder)
	return env, nil
}

// NoBus is the address of a bus that does not exist.
func NoBus(folder string) string {
	return "unix:path=" + filepath.ToSlash(filepath.Join(folder, "no-bus"))
}

// Shared makes a folder that other users can enter and that ends with the test.
func Shared(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp(CommonTemp, "cgp")
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
