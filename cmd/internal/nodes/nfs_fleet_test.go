//go:build linux && fleet

package nodes_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
)

// Four kernels share a token in a folder of a real NFS server.
func TestNFS(t *testing.T) {
	n := nodes.NewNFS(t, nodes.Numbers, 4)
	for _, part := range []struct {
		name string
		test func(*testing.T, *nodes.NFS)
	}{
		{"once", nfsOnce},
		{"home", nfsHome},
		{"refused", nfsRefused},
		{"stopped", nfsStopped},
		{"killed", nfsKilled}, // the last: it costs a kernel
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, n) }) {
			break
		}
	}
}

// No kernel knows the names of owners that the server sends: neither the fleet nor the token request needs them.
func TestNFSUnmapped(t *testing.T) {
	n := nodes.NewNFS(t, nodes.Unmapped, 2)
	s := n.Scene(t, simulator.Config{})
	got := gets(t, n, s, 2, patient)
	all(t, got, 0)
	oneToken(t, got)
	quiet(t, got)
	atMost(t, s, 1)
	const owner = "4294967294"
	if r := s.Shell(t, n.Kernels[0], `/bin/busybox stat -c %u "$HOME"`); strings.TrimSpace(r.Stdout) != owner {
		t.Errorf("the home is of user %s: %s", r.Stdout, r.Stderr)
	}
	s.Env = s.Env[:2] // PATH and HOME: a profile needs an owner
	r := s.Run(t, n.Kernels[0], "list")
	if r.Status != 2 || !strings.Contains(r.Stderr, "belongs to uid "+owner) ||
		!strings.Contains(r.Stderr, "/etc/idmapd.conf") {
		t.Errorf("status %d: %s", r.Status, r.Stderr)
	}
}

// patient is a deadline that kernels keep on a busy machine.
const patient = "--timeout=10m"

// gets runs get on all kernels, some times at each, and all of them at once.
func gets(t *testing.T, n *nodes.NFS, s *nodes.Scene, times int, options ...string) []nodes.Result {
	t.Helper()
	count := times * len(n.Kernels)
	return nodes.AtOnce(count, count, func(i int) nodes.Result {
		return s.Run(t, n.Kernels[i%len(n.Kernels)], append([]string{"get"}, options...)...)
	})
}

// atMost wants at most that many token requests.
func atMost(t *testing.T, s *nodes.Scene, most int) {
	t.Helper()
	if n := s.Sim.Requests(); n > most {
		t.Errorf("%d token requests, want at most %d", n, most)
	}
}

// hold returns a scene in which the answer to the first token request comes much later than to the others.
func hold(t *testing.T, n *nodes.NFS, delay string) *nodes.Scene {
	t.Helper()
	s := n.Scene(t, simulator.Config{Faults: []simulator.Fault{parse(t, "delay:"+delay+"=1")}})
	s.Runtime(t)
	return s
}

// asked waits for the first token request.
func asked(s *nodes.Scene) {
	for s.Sim.Requests() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

func nfsOnce(t *testing.T, n *nodes.NFS) {
	s := n.Scene(t, simulator.Config{})
	s.Runtime(t)
	got := gets(t, n, s, 3, patient)
	all(t, got, 0)
	oneToken(t, got)
	quiet(t, got)
	atMost(t, s, 1)
}

// quiet wants no warnings.
func quiet(t *testing.T, results []nodes.Result) {
	t.Helper()
	for _, r := range results {
		if strings.Contains(r.Stderr, "warning:") {
			t.Error(r.Stderr)
		}
	}
}

// Without a runtime folder, each kernel has a lock of its own, though all have one home.
func nfsHome(t *testing.T, n *nodes.NFS) {
	for _, c := range []struct {
		fleet    bool
		requests int
	}{{false, len(n.Kernels)}, {true, 1}} {
		s := n.Scene(t, simulator.Config{Faults: []simulator.Fault{parse(t, "delay:5s")}})
		if !c.fleet {
			s.Env = append(s.Env, "CGP_CRED_FLEET=")
		}
		got := gets(t, n, s, 1, patient, "-v")
		all(t, got, 0)
		quiet(t, got)
		for _, r := range got {
			if strings.Contains(r.Stderr, "another process is working on profile") {
				t.Errorf("fleet: %v: a kernel waits for a lock of another one: %s", c.fleet, r.Stderr)
			}
		}
		if requests := s.Sim.Requests(); requests != c.requests {
			t.Errorf("fleet: %v: %d token requests, want %d", c.fleet, requests, c.requests)
		}
	}
}

func parse(t *testing.T, fault string) simulator.Fault {
	t.Helper()
	f, err := simulator.ParseFault(fault)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func nfsRefused(t *testing.T, n *nodes.NFS) {
	s := n.Scene(t, simulator.Config{})
	s.Runtime(t)
	s.Env = append(s.Env, "CGP_CRED_KID=unknown")
	got := gets(t, n, s, 3, patient)
	all(t, got, 5)
	quiet(t, got)
	atMost(t, s, 2)
}

// The server stops while one kernel fetches the token, and the others wait for it.
func nfsStopped(t *testing.T, n *nodes.NFS) {
	s := hold(t, n, "8s")
	var got []nodes.Result
	var running sync.WaitGroup
	running.Go(func() { got = gets(t, n, s, 1, "--timeout=1m") })
	asked(s)
	n.Stop(t)
	running.Wait()
	n.Continue(t)
	all(t, got, 0)
	for _, r := range got {
		if count := strings.Count(r.Stderr, "warning:"); count != 1 || !strings.Contains(r.Stderr, "did not answer") {
			t.Errorf("%d warnings: %s", count, r.Stderr)
		}
	}
	if _, tokens := nodes.Count(got); len(tokens) != len(n.Kernels) {
		t.Errorf("%d tokens of %d kernels", len(tokens), len(n.Kernels))
	}
	atMost(t, s, len(n.Kernels))
}

// A kernel ends while it fetches the token, and its lease stays.
func nfsKilled(t *testing.T, n *nodes.NFS) {
	s := hold(t, n, "1h")
	last := len(n.Kernels) - 1
	var running sync.WaitGroup
	running.Go(func() { s.Run(t, n.Kernels[last], "get", patient) })
	asked(s)
	n.Kernels[last].Kill()
	running.Wait()
	n.Kernels = n.Kernels[:last]
	got := gets(t, n, s, 2, patient)
	all(t, got, 0)
	oneToken(t, got)
	quiet(t, got)
	atMost(t, s, 2)
}
