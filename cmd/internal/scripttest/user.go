package scripttest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/keystoretest/guard"
)

// newUser makes the folders of a script's user, and sets the environment.
func newUser(env *testscript.Env, repository string) error {
	home := filepath.Join(env.WorkDir, "home")
	run := filepath.Join(env.WorkDir, "run")
	for _, dir := range []string{home, run} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	env.Setenv("HOME", home)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(home, ".local", "state"))
	env.Setenv("XDG_RUNTIME_DIR", run)
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", keystoretest.NoBus(env.WorkDir))
	if runtime.GOOS == "windows" {
		env.Setenv("USERPROFILE", home)
		env.Setenv("XDG_DATA_HOME", filepath.Join(home, ".local", "share"))
		env.Setenv("TEMP", env.Getenv("TMP"))
		env.Setenv("TMPDIR", env.Getenv("TMP"))
		env.Setenv("SSH_AUTH_SOCK", guard.PipePrefix+"none")
	}
	env.Setenv("NL", "\n")
	env.Setenv("ESC", "\x1b")
	env.Setenv("BOM", "\ufeff")
	env.Setenv("BYTE", "\xff") // no UTF-8
	env.Setenv("CONFIG", filepath.Join(home, ".config", "cgp-cred"))
	env.Setenv("STATE", filepath.Join(home, ".local", "state", "cgp-cred"))
	env.Setenv("DATA", filepath.Join(home, ".local", "share", "cgp-cred"))
	env.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "2m")
	env.Setenv(guard.RootVariable, os.Getenv(guard.RootVariable))
	env.Setenv("COMMON", os.TempDir())        // a folder that other users can reach
	env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector sleeps for a second at each exit
	t, ok := env.T().(testing.TB)
	if !ok {
		return errors.New("the script has no test")
	}
	repository, err := filepath.Abs(repository)
	if err != nil {
		return err
	}
	env.Setenv("CONTRIB", filepath.Join(repository, "contrib"))
	env.Values[userKey{}] = &user{TB: t, repository: repository}
	env.Defer(func() { forgetTokens(env) })
	return nil
}

type userKey struct{}

// user is a script's user, and the programs that run next to the script.
type user struct {
	testing.TB
	systemState

	repository string
	simulator  *running
	server     *running
	keyring    *keystoretest.Keyring
	fault      keystoretest.Fault   // the last one set by keyring fault
	person     *keystoretest.Person // answers the keyring's prompts
	agent      *started
	secrets    secrets // set by declare-secrets and trace-secrets
	port       *port   // set by wire
	controlled *controlled
	tpm        *started
	service    *keyServer // set by key-service
	endIGV     func()     // set by igv
}

// of returns a script's user.
func of(ts *testscript.TestScript) *user {
	u, ok := ts.Value(userKey{}).(*user)
	if !ok {
		ts.Fatalf("the script has no user")
	}
	return u
}

// forgetTokens removes the script's tokens from the kernel's keyring, which all scripts share.
func forgetTokens(env *testscript.Env) {
	for _, file := range Glob(env.Getenv("CONFIG"), "profiles", "*.yaml") {
		cmd := exec.Command("cgp-cred", "erase", strings.TrimSuffix(filepath.Base(file), ".yaml"))
		cmd.Env = env.Vars
		_ = cmd.Run() // an entry that remains expires with its token
	}
}
