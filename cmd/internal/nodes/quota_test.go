//go:build linux

package nodes_test

import (
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
)

// More nodes than the quota of token requests has room for, without a fleet: all of them get a token in the end.
func TestQuota(t *testing.T) {
	t.Parallel()
	count := nodes.Many(8, 100)
	k := nodes.New(t, simulator.Config{Quota: nodes.Many(5, 60)})
	all(t, nodes.AtOnce(count, count, func(int) nodes.Result { return k.Once().Run(t, "get") }), 0)
	requests(t, k, 3*count)
}
