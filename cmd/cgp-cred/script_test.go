package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// TestMain makes this test binary the program that scripts call by its name.
func TestMain(m *testing.M) {
	testscript.Main(private{m}, programs())
}

// programs are what scripts run by its name. CONTRIBUTING.md has a line for each.
func programs() map[string]func() {
	program := keystoretest.Guarded(main)
	return map[string]func(){
		"cgp-cred":           program,
		"git-credential-cgp": program,
		upstreamName:         program,
		"inspect-process":    snoop,
		"kill-at-syscall":    killedAt,
		"listen-as":          listener,
		"print-signals":      signalee,
		"with-clock":         keystoretest.Clocked,
		"with-resolver":      resolver,
		"with-syscall-error": refusing,
		"without-keyctl":     nokeyctl,
		"without-run-user":   hidden,
	}
}

// private is a test binary's tests, run with nothing of the user's.
type private struct{ *testing.M }

// Run lets four scripts run at once, unless told otherwise: they wait for most of the time.
func (p private) Run() int {
	if runtime.GOMAXPROCS(0) < 4 {
		if err := flag.Set("test.parallel", "4"); err != nil {
			return 1
		}
	}
	return keystoretest.Main(p.M)
}

// TestScripts runs each script of testdata/script as a user of its own: with its own folders, no desktop, no session bus,
// no proxy, and no profile.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: newUser,
		// A package whose time is up says so once; with the usual deadline each script that is left would fail by itself.
		Deadline:           time.Now().AddDate(1, 0, 0),
		RequireUniqueNames: true,
		Condition:          condition,
		Cmds:               verbs(),
	})
}

// verbs are the scripts' own commands. CONTRIBUTING.md has a line for each.
func verbs() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"age-token":            aged,
		"agent":                agent,
		"assertions-sent":      assertions,
		"bash":                 bash,
		"block-ipv6":           deadEnd,
		"cache-name":           cached,
		"connected":            untouched,
		"controlled-simulator": stall,
		"dbus":                 dbus,
		"declare-secrets":      secretFiles,
		"during-renewal":       aside,
		"expect-exit":          exits,
		"expect-failure":       fails,
		"file-server":          fileServer,
		"find-python":          findPython,
		"fingerprint":          fingerprint,
		"git-server":           gitserver,
		"go-module":            goModule,
		"igv":                  startIGV,
		"igv-command":          tellIGV,
		"keyring":              keyring,
		"keyring-record":       readRecord,
		"kill-during-request":  killDuringRequest,
		"kill-lock-holder":     takeover,
		"network-fault":        addFault,
		"new-token-requests":   arrivals,
		"no-secrets-in-files":  leakFree,
		"no-token-folders":     noTokens,
		"parallel":             parallel,
		"pem":                  writePEM,
		"received":             unheard,
		"replace":              replace,
		"require-program":      need,
		"run-recipe":           runRecipe,
		"same-text":            same,
		"send-signal":          signalled,
		"serve-answer":         endpoint,
		"share-token-request":  together,
		"simulate":             simulate,
		"skip-part-without":    partly,
		"skip-without":         require,
		"softhsm-token":        softHSM,
		"survives-kill":        killed,
		"terminal":             onTerminal,
		"token-requests":       requests,
		"trace-secrets":        watched,
		"trap-listener":        setTrap,
		"use-new-git":          newgit,
		"weaken-passphrase":    weaken,
		"webdav-server":        webdav,
		"wire":                 setWire,
		"write-sam":            writeSAM,
	}
}

// newUser makes the folders of a script's user.
func newUser(env *testscript.Env) error {
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
	env.Setenv("NL", "\n")
	env.Setenv("ESC", "\x1b")
	env.Setenv("CONFIG", filepath.Join(home, ".config", "cgp-cred"))
	env.Setenv("STATE", filepath.Join(home, ".local", "state", "cgp-cred"))
	env.Setenv("DATA", filepath.Join(home, ".local", "share", "cgp-cred"))
	env.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "2m")
	env.Setenv(keystoretest.RootVariable, os.Getenv(keystoretest.RootVariable))
	env.Setenv("COMMON", os.TempDir())        // which other users reach
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each run ends with a second of sleep under the race detector
	t, ok := env.T().(testing.TB)
	if !ok {
		return errors.New("the script's test is not known")
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	env.Values[userKey{}] = &user{TB: t, repository: filepath.Join(here, "..", "..")}
	env.Defer(func() { forgetTokens(env) })
	return nil
}

type userKey struct{}

// user is a script's user, with what runs beside the script.
type user struct {
	testing.TB

	repository string // its top folder
	simulator  *running
	keyring    *keystoretest.Keyring
	fault      keystoretest.Fault   // the keyring's last one
	person     *keystoretest.Person // who sees the keyring's prompts
	agent      *started             // ssh-agent
	secrets    secrets              // what must not be seen
	port       *port                // of wire
	stalling   *stalling
	kills      int // of killed
}

// of returns a script's user.
func of(ts *testscript.TestScript) *user {
	u, ok := ts.Value(userKey{}).(*user)
	if !ok {
		ts.Fatalf("the script has no user")
	}
	return u
}

// forgetTokens drops what a script left in the kernel's keyring, which all users of this uid share.
func forgetTokens(env *testscript.Env) {
	for _, file := range glob(env.Getenv("CONFIG"), "profiles", "*.yaml") {
		cmd := exec.Command("cgp-cred", "erase", strings.TrimSuffix(filepath.Base(file), ".yaml"))
		cmd.Env = env.Vars
		_ = cmd.Run() // what stays ends with its token
	}
}

func glob(parts ...string) []string {
	found, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		panic(err)
	}
	return found
}

// trimmed is a file's content without blanks around it.
func trimmed(ts *testscript.TestScript, file string) string {
	return strings.TrimSpace(ts.ReadFile(file))
}

// replace FILE REGEXP TEXT changes a file, as an editor would. What matches nothing is an error.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE REGEXP TEXT")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	file := ts.MkAbs(args[0])
	before := ts.ReadFile(args[0])
	after := re.ReplaceAllString(before, args[2])
	if after == before {
		ts.Fatalf("%s: nothing matches %q, or it changes nothing", args[0], args[1])
	}
	info, err := os.Stat(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, []byte(after), info.Mode().Perm()))
}
