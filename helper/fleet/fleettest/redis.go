//go:build unix

// Package fleettest starts what tests of a fleet need: Redis, and the program that speaks to it.
package fleettest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cgp-cred/keystore/keystoretest"
)

// Rule is the least that cgp-cred-fleet needs, as docs/fleet-stores.md says it.
const Rule = "resetchannels ~cgp-cred:* -@all +eval +evalsha +get +set +del +time"

// Redis is a server that a test started.
type Redis struct {
	Addr  string
	Admin *redis.Client // may do everything
	Log   string        // file of the server's log

	process *os.Process
	ended   chan struct{}
}

// AdminPassword is that of the user admin.
const AdminPassword = "admin-of-the-tests" //nolint:gosec // of a test's server

// Start starts a Redis with these arguments in addition. The default user may do everything without a password, unless
// arguments say something else.
func Start(t testing.TB, args ...string) *Redis {
	t.Helper()
	keystoretest.Need(t, "redis-server", "redis-server")
	for range 5 { // another process may take the port
		if r := start(t, Free(t), []string{"redis-server"}, args); r != nil {
			return r
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

// StartAt is [Start] by a command, with another address.
func StartAt(t testing.TB, addr string, command []string, args ...string) *Redis {
	t.Helper()
	keystoretest.Need(t, "redis-server", "redis-server")
	r := start(t, addr, command, args)
	if r == nil {
		t.Fatal("redis-server does not start")
	}
	return r
}

func start(t testing.TB, addr string, command, args []string) *Redis {
	t.Helper()
	folder := t.TempDir()
	host, port, _ := net.SplitHostPort(addr)
	r := &Redis{Addr: addr, Log: filepath.Join(folder, "log"), ended: make(chan struct{})}
	all := append(command[1:len(command):len(command)],
		"--bind", host, "--port", port, "--save", "", "--dir", folder, "--logfile", r.Log,
		"--user", "admin", "on", ">"+AdminPassword, "~*", "&*", "+@all")
	cmd := exec.Command(command[0], append(all, args...)...) //nolint:gosec,noctx // it ends with the test
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.process = cmd.Process
	go func() {
		_ = cmd.Wait()
		close(r.ended)
	}()
	t.Cleanup(r.Stop)
	r.Admin = redis.NewClient(&redis.Options{
		Addr: addr, Username: "admin", Password: AdminPassword, Protocol: 2, DisableIdentity: true, MaxRetries: -1,
	})
	t.Cleanup(func() { _ = r.Admin.Close() })
	for {
		if err := r.Admin.Ping(t.Context()).Err(); err == nil {
			return r
		}
		select {
		case <-r.ended:
			text, _ := os.ReadFile(r.Log) //nolint:forbidigo // a test's own file
			t.Logf("redis-server ended: %s%s", out.String(), text)
			return nil
		case <-t.Context().Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Free returns an address that no process listens on now.
func Free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().String()
}

// URL returns the URL for a user; empty: no user.
func (r *Redis) URL(user string) string {
	if user != "" {
		user += "@"
	}
	return "redis://" + user + r.Addr
}

// Stop ends the server.
func (r *Redis) Stop() {
	_ = r.process.Signal(syscall.SIGCONT)
	_ = r.process.Kill()
	<-r.ended
}

// Pause keeps the server from answering, until Resume.
func (r *Redis) Pause() { _ = r.process.Signal(syscall.SIGSTOP) }

// Resume lets the server answer again.
func (r *Redis) Resume() { _ = r.process.Signal(syscall.SIGCONT) }

// Do runs a command as admin.
func (r *Redis) Do(t testing.TB, args ...any) {
	t.Helper()
	if err := r.Admin.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args[0], err)
	}
}

// User makes a user with a password and a rule; an empty password is none.
func (r *Redis) User(t testing.TB, name, password, rule string) {
	t.Helper()
	args := []any{"ACL", "SETUSER", name, "on", "nopass"}
	if password != "" {
		args = []any{"ACL", "SETUSER", name, "on", ">" + password}
	}
	for word := range strings.FieldsSeq(rule) {
		args = append(args, word)
	}
	r.Do(t, args...)
}

// Content returns all keys with what they hold, and the server's log.
func (r *Redis) Content(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	keys, err := r.Admin.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		value, err := r.Admin.Get(t.Context(), key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		all.WriteString(key + "\n" + value + "\n")
	}
	text, err := os.ReadFile(r.Log) //nolint:forbidigo // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	all.Write(text)
	return all.String()
}

var built struct {
	sync.Once
	folder string
	out    []byte
	err    error
}

// Companion builds cgp-cred-fleet, once for all tests of a package, and returns its path.
func Companion(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "companion"); built.err != nil {
			return
		}
		const source = "cgp-cred/cmd/cgp-cred-fleet"
		//nolint:noctx,gosec // the go command ends by itself
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", built.folder, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		built.out, built.err = cmd.CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("building the companion: %v\n%s", built.err, built.out)
	}
	return filepath.Join(built.folder, "cgp-cred-fleet")
}

// Copy copies a program into a folder, under its name, and returns the path.
func Copy(t testing.TB, file, folder string) string {
	t.Helper()
	raw, err := os.ReadFile(file) //nolint:forbidigo,gosec // a test's own program
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, filepath.Base(file))
	if err := os.WriteFile(path, raw, 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}
