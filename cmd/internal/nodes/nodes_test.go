//go:build linux

package nodes_test

import (
	"os"
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// clockedVariable makes this test binary a program that runs a command with a wrong clock.
const clockedVariable = "NODES_CLOCKED"

func TestMain(m *testing.M) {
	if os.Getenv(clockedVariable) != "" {
		keystoretest.Clocked()
	}
	status := keystoretest.Main(m)
	nodes.RemoveLocks()
	os.Exit(status)
}

// Nodes share a home and no token; the processes of one node share both.
func TestNodes(t *testing.T) {
	t.Parallel()
	k := nodes.New(t, simulator.Config{})
	first, second := k.Node(t), k.Node(t)
	for _, n := range []*nodes.Node{first, first, second, second, k.Once()} {
		if r := n.Run(t, "get"); r.Status != 0 || r.Stdout == "" {
			t.Errorf("status %d: %s", r.Status, r.Stderr)
		}
	}
	if n := k.Sim.Requests(); n != 3 {
		t.Errorf("%d token requests of three nodes", n)
	}
}
