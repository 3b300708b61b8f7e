//go:build linux

package soak

import (
	"crypto/rand"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/keystoretest"
)

// breakThings breaks and repairs until end, several things at once. All is whole again when it returns.
func (m *machine) breakThings(t *testing.T, r *mrand.Rand, end time.Time) {
	t.Helper()
	var others sync.WaitGroup
	others.Go(func() { m.breakNear(m.choices(4, 0), end) })
	others.Go(func() { m.breakFar(m.choices(5, 0), end) })
	others.Go(func() { m.breakCache(m.choices(6, 0), end) })
	for _, u := range m.users {
		if u.keyring != nil {
			m.breakKeyring(t, u, r, end)
		}
	}
	others.Wait()
}

// between is a time between two.
func between(r *mrand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// rest waits, but not beyond end, and reports whether there is time left.
func rest(end time.Time, d time.Duration) bool {
	time.Sleep(min(d, time.Until(end)))
	return time.Now().Before(end)
}

// shuffled goes through all of a list in random order, again and again.
func shuffled[T any](r *mrand.Rand, all []T) func() T {
	var left []int
	return func() T {
		if len(left) == 0 {
			left = r.Perm(len(all))
		}
		i := left[0]
		left = left[1:]
		return all[i]
	}
}

// nearFault is a fault of the simulator's, or its clock, with the statuses that may follow.
type nearFault struct {
	fault string
	clock time.Duration
	may   []int
}

func (n nearFault) name() string {
	if n.fault == "" {
		return "near clock " + n.clock.String()
	}
	return "near " + n.fault
}

var nearFaults = []nearFault{
	{fault: "429", may: []int{7}},
	{fault: "429:1", may: []int{7}},
	{fault: "429=2", may: []int{7}},
	{fault: "502", may: []int{7}},
	{fault: "502:html", may: []int{7}},
	{fault: "502=1", may: []int{7}},
	{fault: "html", may: []int{6}},
	{fault: "redirect", may: []int{6}},
	{fault: "reset", may: []int{6, 7}},
	{fault: "reset=2", may: []int{6, 7}},
	{fault: "truncate", may: []int{6, 7}},
	{fault: "truncate=1", may: []int{6, 7}},
	{fault: "delay:700ms"},
	{fault: "delay:20s", may: []int{7}},
	{fault: "drip:700ms"},
	{fault: "drip:20s", may: []int{6, 7}},
	{fault: "row13", may: []int{5}},
	{fault: "row16", may: []int{5}},
	{fault: "row18", may: []int{5}},
	{fault: "row19", may: []int{7}},
	{fault: "row21", may: []int{7}},
	{fault: "row22", may: []int{5}},
	{fault: "row24", may: []int{5}},
	{clock: 40 * time.Minute},
	{clock: -10 * time.Minute},
	{clock: 30 * time.Hour, may: []int{5}},
}

func (m *machine) breakNear(r *mrand.Rand, end time.Time) {
	next := shuffled(r, nearFaults)
	lives := []time.Duration{6 * time.Second, 20 * time.Second, time.Minute}
	for rest(end, between(r, 300*time.Millisecond, 6*time.Second)) {
		n := next()
		f := m.begin(n.name(), m.near, n.may...)
		m.near.become(n.fault, lives[r.IntN(len(lives))], n.clock)
		rest(end, between(r, 300*time.Millisecond, 4*time.Second))
		m.near.become("", lives[r.IntN(len(lives))], 0)
		m.end(f)
	}
	m.near.become("", 600*time.Second, 0)
}

// breakFar kills, stops and starts the endpoint that is a process.
func (m *machine) breakFar(r *mrand.Rand, end time.Time) {
	next := shuffled(r, []string{"stop", "kill", "kill", "--fault=502", "--fault=html", "--fault=row22", "--clock=20m", "--fault=reset", "--token-life=8s"})
	for rest(end, between(r, 500*time.Millisecond, 5*time.Second)) {
		what := next()
		f := m.begin("far "+what, m.far, 5, 6, 7)
		hold := between(r, 300*time.Millisecond, 4*time.Second)
		switch what {
		case "stop":
			m.far.signal(syscall.SIGSTOP)
			rest(end, hold)
			m.far.signal(syscall.SIGCONT)
		case "kill":
			m.restartFar(hold)
		default:
			m.restartFar(0, what)
			rest(end, hold)
			m.restartFar(0)
		}
		m.end(f)
	}
}

// restartFar kills the endpoint, and drops the tokens that it forgets, while it is down for a time.
func (m *machine) restartFar(down time.Duration, args ...string) {
	m.far.kill()
	time.Sleep(down)
	for _, a := range m.accounts() {
		if a.at == endpoint(m.far) {
			m.ended(m.call(a, "erase", "erase", a.name))
		}
	}
	if err := m.far.start(args...); err != nil {
		m.violate(broke, "starting the endpoint again: %v", err)
	}
}

// breakCache forges, revokes and removes cached tokens in the kernel's keyring.
func (m *machine) breakCache(r *mrand.Rand, end time.Time) {
	var with []*account
	for _, a := range m.accounts() {
		if a.auth == "jwt" && a.user.secrets == nil && a.name != still {
			with = append(with, a)
		}
	}
	for rest(end, between(r, 50*time.Millisecond, 1500*time.Millisecond)) {
		a := with[r.IntN(len(with))]
		name, err := a.cached()
		if err != nil {
			m.violate(broke, "%v: its place in the cache: %v", a, err)
			continue
		}
		done := a.expect(false)
		what := []string{"forged", "empty", "revoked", "removed"}[r.IntN(4)]
		switch what {
		case "forged":
			forgery := make([]byte, 100+r.IntN(200))
			_, _ = rand.Read(forgery)
			err = kernel.Set(name, forgery, time.Minute)
		case "empty":
			err = kernel.Set(name, []byte{1}, time.Minute)
		case "revoked":
			err = revoke(name)
		case "removed":
			_ = kernel.Delete(name)
		}
		done()
		if err != nil {
			m.violate(broke, "%v: a cached token can't be %s: %v", a, what, err)
		}
		m.count("cached tokens " + what)
	}
}

// revoke makes a key one that is there and can't be read.
func revoke(name string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", name, 0)
	if err != nil {
		return nil //nolint:nilerr // it is absent
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_REVOKE, id, 0, 0, 0)
	return err
}

// breakKeyring stops, kills, locks and restarts what a keychain on Linux consists of.
func (m *machine) breakKeyring(t *testing.T, u *user, r *mrand.Rand, end time.Time) {
	t.Helper()
	next := shuffled(r, []keystoretest.Fault{
		keystoretest.Stopped, keystoretest.Killed, keystoretest.BusStopped, keystoretest.BusKilled, "locked",
	})
	for rest(end, between(r, 500*time.Millisecond, 5*time.Second)) {
		what := next()
		f := m.begin("keyring "+string(what), u, 4)
		if what == "locked" {
			u.keyring.Lock(t)
		} else {
			u.keyring.Fault(t, what)()
		}
		rest(end, between(r, 300*time.Millisecond, 4*time.Second))
		if what == "locked" {
			u.keyring.Unlock(t)
		} else {
			u.keyring.Repair(t, what)
		}
		m.end(f)
	}
}

// blinding is what runs a command in a mount namespace of its own, nil where that is not allowed: with the folder $2
// read-only, or full.
func blinding(m *machine) []string {
	const script = `set -e
how=$1 folder=$2
shift 2
case $how in
read-only) mount --bind "$folder" "$folder"; mount -o remount,bind,ro "$folder" ;;
full)
	mount -t tmpfs -o size=64k,mode=0700 none /mnt
	cp -a "$folder/." /mnt/ 2>/dev/null || true # temporary files come and go
	dd if=/dev/zero of=/mnt/ballast bs=1k 2>/dev/null || true
	mount --bind /mnt "$folder" ;;
esac
exec "$@"`
	argv := []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", script, "blinding"}
	try := append(append([]string{}, argv...), "full", m.users[0].run, "true")
	if exec.Command(try[0], try[1:]...).Run() != nil {
		return nil
	}
	return argv
}

// clocked is the name under which this test binary sets a program's clock.
const clocked = "clocked"

// clocking is the path of what runs a command whose clock is wrong, empty where that can't be done.
func clocking(t *testing.T, m *machine) string {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		return ""
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(m.folder, clocked)
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	if exec.Command(program, "1h", "true").Run() != nil {
		return ""
	}
	return program
}

// wrongClocks are how a process's own clock may be wrong. The last can't be corrected.
var wrongClocks = []time.Duration{15 * time.Minute, -15 * time.Minute, 90 * time.Second, -90 * time.Second, 30 * time.Hour}
