// Package guard stops a script's program that would reach the user's own folders, bus or agent. It is small: the
// program that scripts run links it, and each of its starts pays for it.
package guard

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Status is the exit status of a program that [Stop] ends.
const Status = 99

// RootVariable names the folder that holds everything of a test process: HOME, the XDG folders and TMPDIR. Programs
// that cgp-cred starts inherit it too, so its name does not begin with cgp-cred's prefix.
const RootVariable = "KEYSTORETEST_ROOT"

// ServiceVariable names the service of a test's items in the Credential Manager. Without it, a program of a script has
// no keychain on Windows.
const ServiceVariable = "KEYSTORETEST_SERVICE"

// HiddenVariable says that a test has mounted an empty folder over /run/user, for a process without XDG_RUNTIME_DIR.
const HiddenVariable = "KEYSTORETEST_HIDDEN"

// ExpectedVariable is set by the test of the guard itself, whose refusals are not failures.
const ExpectedVariable = "KEYSTORETEST_REFUSAL_EXPECTED"

const (
	// marker is a file in the folder of a test process.
	marker = ".keystoretest"
	// refusals is a file in that folder with a line for each program that was stopped.
	refusals = "refused"
)

// Mark makes a folder that of a test process.
func Mark(root string) error {
	for _, name := range []string{marker, refusals} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			return err
		}
	}
	// Other users' programs, which some tests run, can be stopped too.
	return os.Chmod(filepath.Join(root, refusals), 0o622)
}

// Stop ends this process, a script's program, unless its environment stays inside the test's folder. Then the package's
// tests fail, even if a script expects the program to fail.
func Stop() {
	err := leads(environment{get: os.Getenv, uid: os.Geteuid(), exists: exists})
	if err == nil {
		keychain()
		return
	}
	fmt.Fprintf(os.Stderr, "keystoretest: this test would reach what is the user's: %v\n", err)
	record(err)
	os.Exit(Status)
}

// record tells [Stopped], as well as it can: a test that got this far has a folder.
func record(why error) {
	if os.Getenv(ExpectedVariable) != "" {
		return
	}
	root := os.Getenv(RootVariable)
	if root == "" {
		root = marked(os.Getenv("HOME"))
	}
	f, err := os.OpenFile(filepath.Join(root, refusals), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(f, "%q: %v\n", os.Args, why)
	_ = f.Close()
}

// Stopped returns the programs of a test process that were stopped, a line each.
func Stopped(root string) string {
	text, err := os.ReadFile(filepath.Join(root, refusals))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// environment is everything that decides which folders a program reads and writes.
type environment struct {
	get    func(string) string
	uid    int
	exists func(string) bool
}

// leads returns an error if a variable leads outside the test's folder, by cgp-cred's rules: a relative XDG path counts
// as unset, and without XDG_RUNTIME_DIR it uses /run/user/UID.
func leads(e environment) error {
	root := e.get(RootVariable)
	if root == "" {
		root = marked(e.get("HOME"))
	}
	if !filepath.IsAbs(root) {
		return fmt.Errorf("%s is not set", RootVariable)
	}
	roots := []string{root}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		roots = append(roots, resolved)
	}
	for _, name := range []string{
		"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "GNUPGHOME",
		"SSH_AUTH_SOCK",
	} {
		if path := e.get(name); filepath.IsAbs(path) && !inside(path, roots) {
			return fmt.Errorf("%s=%s", name, path)
		}
	}
	if usual := "/run/user/" + strconv.Itoa(e.uid); !filepath.IsAbs(e.get("XDG_RUNTIME_DIR")) {
		// A missing folder can't be reached; but it is only missing on every machine if the test has hidden it.
		if e.exists(usual) || e.uid == owner(root) && e.get(HiddenVariable) == "" {
			return fmt.Errorf("without XDG_RUNTIME_DIR there is %s", usual)
		}
	}
	for address := range strings.SplitSeq(e.get("DBUS_SESSION_BUS_ADDRESS"), ";") {
		if path := busPath(address); path != "" && !inside(path, roots) {
			return fmt.Errorf("DBUS_SESSION_BUS_ADDRESS=%s", address)
		}
	}
	return nil
}

// marked returns the folder of a test process that holds a path, or "". It also finds the folder of a program that
// gives its children an environment without RootVariable, such as the demo.
func marked(path string) string {
	for filepath.IsAbs(path) {
		if exists(filepath.Join(path, marker)) {
			return path
		}
		parent := filepath.Dir(path)
		if parent == path {
			break
		}
		path = parent
	}
	return ""
}

// PipePrefix begins the names of Windows pipes that a test serves.
const PipePrefix = `\\.\pipe\cgp-cred-test-`

// inside reports whether one of the roots holds a path, or the path is one that never has a user's files.
func inside(path string, roots []string) bool {
	path = filepath.Clean(path)
	for _, root := range roots {
		if path == root || strings.HasPrefix(path, root+string(filepath.Separator)) {
			return true
		}
	}
	return path == os.DevNull || path == "/proc" || strings.HasPrefix(path, PipePrefix)
}

// busPath returns the socket in one address of a session bus, or "". An abstract name counts as a socket.
func busPath(address string) string {
	transport, values, _ := strings.Cut(address, ":")
	if transport != "unix" {
		return ""
	}
	for value := range strings.SplitSeq(values, ",") {
		name, text, _ := strings.Cut(value, "=")
		if text, err := url.PathUnescape(text); err == nil &&
			(name == "path" || name == "abstract" || name == "tmpdir" || name == "dir") {
			return text
		}
	}
	return ""
}
