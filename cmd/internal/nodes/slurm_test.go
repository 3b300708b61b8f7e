//go:build linux

package nodes_test

import (
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
)

func TestSlurm(t *testing.T) {
	s := nodes.NewSlurm(t, simulator.Config{}, 3)
	job := s.Submit(t, "#!/bin/bash\nenv | sort; ls -ld $XDG_RUNTIME_DIR; keyctl show @u; sleep 1; exit 3\n", "--array=1-6")
	for _, task := range job.Wait(t) {
		t.Logf("%+v", task)
	}
}
