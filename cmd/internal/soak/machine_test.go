//go:build linux

package soak

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/keystore/keystoretest"
)

// lockWait is how long a process waits for another that mints.
const lockWait = 60 * time.Second

// mintTimeout is how long a process may ask the token endpoint.
func mintTimeout() time.Duration { return *patience + time.Second }

// deadline is when a process is overdue: its wait for the lock, a few calls of a keychain that hangs, and its own
// request; the rest is for a loaded machine.
func deadline() time.Duration { return lockWait + 4**patience + mintTimeout() + 30*time.Second }

// machine is all that there is: the program, its users, and the endpoints.
type machine struct {
	*judge

	program string
	folder  string
	users   []*user
	near    *near    // in this process: its faults come and go, its tokens stay
	far     *far     // a process of its own, which is killed and started again
	blind   []string // what runs a command where folders can't be written; nil: not possible here
	clocked string   // what runs a command whose clock is wrong; empty: not possible here
}

// user is one home with its own folders and one kind of keystore.
type user struct {
	name     string
	folder   string
	home     string
	run      string
	env      []string
	accounts []*account
	keyring  *keystoretest.Keyring // nil: the keystore does not belong to the desktop
	secrets  []string              // of the environment source, which has no profiles to change; nil: it has
}

// account is a profile, or what stands in for one.
type account struct {
	user   *user
	name   string
	auth   string
	at     endpoint
	apiKey string
	keys   []*rsa.PrivateKey // the current one first; the others are for rotations
	traffic
}

// still is the name of accounts whose tokens no process drops: they expire.
const still = "still"

func (a *account) String() string { return a.user.name + "/" + a.name }

func (a *account) kid(i int) string { return fmt.Sprintf("%s-%s-%d", a.user.name, a.name, i) }

// tag is the variable that marks every process of a run.
const tag = "CGP_SOAK_RUN"

func newMachine(t *testing.T, j *judge) *machine {
	folder, err := os.MkdirTemp("", "cgp-soak") // t.TempDir can be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	m := &machine{judge: j, folder: folder, program: build(t, folder)}
	m.near = startNear(t, m)
	m.far = startFar(t, m)
	m.addUsers(t)
	m.near.register(m.accounts())
	m.far.register(t, m.accounts())
	m.blind = blinding(m)
	m.clocked = clocking(t, m)
	return m
}

// build compiles the program as it is shipped, or with the race detector.
func build(t *testing.T, folder string) string {
	t.Helper()
	program := filepath.Join(folder, "cgp-cred")
	args, cgo := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", program}, "CGO_ENABLED=0"
	if *detector {
		args, cgo = []string{"build", "-race", "-o", program}, "CGO_ENABLED=1"
	}
	cmd := exec.Command("go", append(args, "cgp-cred/cmd/cgp-cred")...)
	cmd.Env = append(os.Environ(), cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	return program
}

// addUsers makes the users: one for each kind of keystore.
func (m *machine) addUsers(t *testing.T) {
	ring := m.addUser(t, "ring")
	ring.keyring = keystoretest.StartKeyring(t)
	ring.env = append(ring.env, "DBUS_SESSION_BUS_ADDRESS="+ring.keyring.Address)
	m.addAccount(ring, "near", "jwt", m.near)
	m.addAccount(ring, "turns", "jwt", m.near) // its key is rotated
	m.addAccount(ring, "far", "jwt", m.far)
	m.addAccount(ring, "plain", "apikey", m.near)
	m.addAccount(ring, "open", "none", m.near)
	m.addAccount(ring, still, "jwt", m.near)

	file := m.addUser(t, "file")
	m.addAccount(file, "near", "jwt", m.near)
	m.addAccount(file, "far", "jwt", m.far)
	m.addAccount(file, still, "jwt", m.near)

	prog := m.addUser(t, "prog")
	m.addAccount(prog, "near", "jwt", m.near)
	m.addAccount(prog, "plain", "apikey", m.near)

	env := m.addUser(t, "env")
	a := m.addAccount(env, "env", "jwt", m.near)
	env.secrets = []string{
		"CGP_CRED_HOST=" + m.near.host, "CGP_CRED_API_KEY=" + a.apiKey, "CGP_CRED_KID=" + a.kid(0),
		"CGP_CRED_PRIVATE_KEY=" + string(keystoretest.PEM(a.keys[0])),
	}
	env.env = append(env.env, env.secrets...)
}

func (m *machine) addUser(t *testing.T, name string) *user {
	t.Helper()
	u := &user{name: name, folder: filepath.Join(m.folder, name)}
	u.home, u.run = filepath.Join(u.folder, "home"), filepath.Join(u.folder, "run")
	for _, dir := range []string{u.home, u.run, filepath.Join(u.folder, "given")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	u.env = []string{
		"HOME=" + u.home, "XDG_CONFIG_HOME=" + u.home + "/.config", "XDG_STATE_HOME=" + u.home + "/.local/state",
		"XDG_DATA_HOME=" + u.home + "/.local/share", "XDG_RUNTIME_DIR=" + u.run, "PATH=" + os.Getenv("PATH"),
		"CGP_CRED_KEYCHAIN_TIMEOUT=" + patience.String(), "GORACE=atexit_sleep_ms=0", tag + "=" + m.run,
	}
	m.users = append(m.users, u)
	return u
}

func (m *machine) addAccount(u *user, name, auth string, at endpoint) *account {
	a := &account{user: u, name: name, auth: auth, at: at}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s", m.run, a))
	a.apiKey = "soak" + hex.EncodeToString(sum[:14])
	if auth == "jwt" {
		n := 0
		for _, other := range m.accounts() {
			n += len(other.keys)
		}
		for i := range 3 {
			a.keys = append(a.keys, keystoretest.Key(2048, n+i))
		}
	}
	u.accounts = append(u.accounts, a)
	m.forbid(a)
	return a
}

func (m *machine) accounts() []*account {
	var all []*account
	for _, u := range m.users {
		all = append(all, u.accounts...)
	}
	return all
}

// store puts every account into its keystore.
func (m *machine) store(t *testing.T) {
	t.Helper()
	for _, a := range m.accounts() {
		if a.user.secrets != nil {
			continue
		}
		args := append([]string{"store", a.name, "--host", a.at.address(), "--auth", a.auth}, m.given(t, a)...)
		if o := m.call(a, "store", args...); o.status != 0 {
			t.Fatalf("%v: store: status %d: %s", a, o.status, o.stderr)
		}
	}
}

// given writes the files from which an account is stored, and names them as flags.
func (m *machine) given(t *testing.T, a *account) []string {
	t.Helper()
	folder := filepath.Join(a.user.folder, "given")
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var flags []string
	if a.auth != "none" {
		flags = append(flags, "--api-key-file", write(a.name+".key", a.apiKey, 0o600))
	}
	for i, key := range a.keys {
		file := write(fmt.Sprintf("%s-%d.pem", a.name, i), string(keystoretest.PEM(key)), 0o600)
		if i == 0 {
			flags = append(flags, "--private-key", file, "--kid", a.kid(0))
		}
	}
	switch a.user.name {
	case "file":
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--keystore", "file", "--identity", write(a.name+".identity", id.String()+"\n", 0o600))
	case "prog":
		flags = append(flags, "--keystore", "exec", "--keystore-command", write("keep", keeper, 0o700)+" "+folder)
	}
	return flags
}

// keeper is a keystore program: a record is a file. What it writes is there whole or not at all.
const keeper = `#!/bin/sh
file=$1/kept-$3
case $2 in
get) [ -e "$file" ] || exit 3; exec cat "$file" ;;
store) umask 077; cat >"$file.$$" && mv "$file.$$" "$file" ;;
erase) [ -e "$file" ] || exit 3; rm "$file" ;;
*) exit 1 ;;
esac
`

// cached is the name under which the kernel's keyring has an account's token.
func (a *account) cached() (string, error) {
	profile, err := os.ReadFile(filepath.Join(a.user.home, ".config", "cgp-cred", "profiles", a.name+".yaml"))
	if err != nil {
		return "", err
	}
	state := filepath.Join(a.user.home, ".local", "state", "cgp-cred")
	return "cgp-cred:" + cache.Open(cache.Options{Profile: a.name, Fingerprint: profile, State: state}).Name(), nil
}

// outcome is one process, from its start to its end.
type outcome struct {
	account        *account
	kind           string
	args           []string
	start, end     time.Time
	status         int // 128+n: ended by signal n
	killed         bool
	overdue        bool
	stdout, stderr string
}

func (m *machine) call(a *account, kind string, args ...string) *outcome {
	return m.start(a, kind, nil, "", 0, args...)
}

// start runs the program for an account and waits for it. before is put before the program's name; where kill is not
// zero the process is killed after that time.
func (m *machine) start(a *account, kind string, before []string, stdin string, kill time.Duration, args ...string) *outcome {
	o := &outcome{account: a, kind: kind, args: args, start: time.Now()}
	argv := append(append(append([]string{}, before...), m.program), args...)
	ctx, stop := context.WithTimeout(context.Background(), deadline())
	defer stop()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = a.user.home, a.user.env, strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Start()
	if err == nil {
		var once sync.Once
		if kill > 0 {
			timer := time.AfterFunc(kill, func() { once.Do(func() { _ = cmd.Process.Kill() }) })
			defer timer.Stop()
		}
		err = cmd.Wait()
	}
	o.end, o.overdue = time.Now(), ctx.Err() != nil
	o.stdout, o.stderr = stdout.String(), stderr.String()
	o.status = statusOf(err)
	o.killed = kill > 0 && o.status == 128+int(syscall.SIGKILL)
	return o
}

func statusOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		return -1
	}
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return exit.ExitCode()
}

// jwks is the key set of all accounts, with the keys that they will be rotated to.
func jwks(accounts []*account) []byte {
	var keys []apim.JWK
	for _, a := range accounts {
		for i, k := range a.keys {
			key, err := apim.NewJWK(&k.PublicKey, a.kid(i))
			if err != nil {
				panic(err)
			}
			keys = append(keys, key)
		}
	}
	text, err := apim.JWKS(keys...)
	if err != nil {
		panic(err)
	}
	return text
}

// forbidden are the texts of an account that nothing but its keystore may hold.
func (a *account) forbidden() []string {
	all := []string{a.apiKey}
	for _, k := range a.keys {
		for _, prime := range k.Primes {
			all = append(all, base64.RawURLEncoding.EncodeToString(prime.Bytes()))
		}
		lines := strings.Split(string(keystoretest.PEM(k)), "\n")
		all = append(all, lines[len(lines)/2])
	}
	return all
}
