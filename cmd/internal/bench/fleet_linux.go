package main

import (
	"fmt"
	"time"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/simulator"
)

// fleet is the table of clusters whose nodes all get their first token at once, with a fleet and without.
func (s *scene) fleet(st *stage) string {
	var rows [][]string
	for _, count := range []int{10, 50, 200} {
		without, err := s.burst(st, count, false)
		if err == nil {
			var with burst
			if with, err = s.burst(st, count, true); err == nil {
				rows = append(rows, []string{
					fmt.Sprint(count), fmt.Sprint(without.requests), fmt.Sprint(with.requests),
					number(with.last.Seconds() / without.last.Seconds()),
				})
				continue
			}
		}
		rows = append(rows, []string{fmt.Sprint(count), "not measured: " + err.Error(), "", ""})
	}
	return table([]string{"nodes", "token requests", "with a fleet", "time to the last token, with / without"}, rows)
}

// burst is what a cluster needed until all nodes had a token.
type burst struct {
	requests int
	last     time.Duration
}

func (s *scene) burst(st *stage, count int, shared bool) (b burst, err error) {
	err = st.try(func() {
		k := nodes.New(st, simulator.Config{Quota: -1})
		if shared {
			k.Env = append(k.Env, "CGP_CRED_FLEET=file://"+k.Shared)
		}
		begun := time.Now()
		got := nodes.AtOnce(count, 16, func(int) nodes.Result { return k.Once().Run(st, "get") })
		b = burst{requests: k.Sim.Requests(), last: time.Since(begun)}
		for _, r := range got {
			if r.Status != 0 {
				st.Fatalf("a node's get ended with %d: %s", r.Status, r.Stderr)
			}
		}
	})
	return b, err
}
