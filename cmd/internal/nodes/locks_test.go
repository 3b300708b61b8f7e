//go:build linux

package nodes_test

import (
	"strings"
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
)

func faults(t *testing.T, texts ...string) []simulator.Fault {
	t.Helper()
	var all []simulator.Fault
	for _, text := range texts {
		f, err := simulator.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// Nodes with a common home and no runtime folder, as in batch jobs, do not wait for each other's locks: they have no
// token in common.
func TestNodesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	k := nodes.New(t, simulator.Config{Faults: faults(t, "delay:400ms")})
	count := nodes.Many(10, 120)
	for i, r := range nodes.AtOnce(count, count, func(int) nodes.Result { return k.Once().Run(t, "get", "-v") }) {
		if r.Status != 0 || strings.Contains(r.Stderr, "another process") {
			t.Errorf("node %d: status %d: %s", i, r.Status, r.Stderr)
		}
	}
	if n := k.Sim.Requests(); n != count {
		t.Errorf("%d token requests of %d nodes", n, count)
	}
}

// The processes of one node share one lock without a runtime folder, and one token request.
func TestProcessesOfANodeWaitForEachOther(t *testing.T) {
	t.Parallel()
	k := nodes.New(t, simulator.Config{Faults: faults(t, "delay:400ms")})
	n := k.Node(t, "XDG_RUNTIME_DIR=")
	const count = 8
	all := nodes.AtOnce(count, count, func(int) nodes.Result { return n.Run(t, "get") })
	if statuses, tokens := nodes.Count(all); statuses[0] != count || len(tokens) != 1 || k.Sim.Requests() != 1 {
		t.Errorf("%v, %d tokens, %d requests", all, len(tokens), k.Sim.Requests())
	}
}

// More nodes start at once than the quota has token requests a minute: each gets a token.
func TestNodesShareTheQuota(t *testing.T) {
	t.Parallel()
	if !nodes.Full() {
		t.Skip("it takes more than a minute: make fleet runs it")
	}
	const count = 100
	k := nodes.New(t, simulator.Config{Quota: 60})
	for i, r := range nodes.AtOnce(count, count, func(int) nodes.Result { return k.Once().Run(t, "get") }) {
		if r.Status != 0 {
			t.Errorf("node %d: status %d: %s", i, r.Status, r.Stderr)
		}
	}
	if n := k.Sim.Requests(); n > 300 {
		t.Errorf("%d token requests", n)
	}
}
