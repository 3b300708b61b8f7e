package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// subject is something that is measured once a round.
type subject struct {
	name    string
	absent  string                                 // why it can't be measured here; empty: it can
	measure func(context.Context) (float64, error) // seconds, or for memory KiB
}

// plan says how many rounds there are. Every subject has its turn in each, so that a busy spell of the machine meets all
// of them.
type plan struct {
	rounds   int           // for all subjects
	most     int           // for the subjects of rows that are not decided by then
	patience time.Duration // no round begins later than this after the start, but for the first few
}

// fewest is how many rounds there are on the slowest machine: fewer say nothing, see [interval].
const fewest = 6

// measure has its rounds and returns each row's verdict. A row that is not clearly below or above its bar gets more.
func (p plan) measure(ctx context.Context, subjects []subject, rows []row, recorded map[string]float64) ([]verdict, error) {
	start, got := time.Now(), sample{}
	all := func(string) bool { return true }
	n := 0
	for ; n < p.rounds && (n < fewest || time.Since(start) < p.patience); n++ {
		if err := round(ctx, subjects, got, n, all); err != nil {
			return nil, err
		}
	}
	verdicts := judgeAll(rows, subjects, got, recorded)
	for ; n < p.most && time.Since(start) < p.patience; n++ {
		open := make(map[string]bool)
		for _, v := range verdicts {
			if !v.sure() {
				open[v.row.of], open[v.row.beside] = true, true
			}
		}
		if len(open) == 0 {
			break
		}
		if err := round(ctx, subjects, got, n, func(name string) bool { return open[name] }); err != nil {
			return nil, err
		}
		verdicts = judgeAll(rows, subjects, got, recorded)
	}
	return verdicts, nil
}

// round measures each subject that is wanted once, every other round in the opposite order.
func round(ctx context.Context, subjects []subject, got sample, n int, wanted func(string) bool) error {
	order := slices.Clone(subjects)
	if n%2 == 1 {
		slices.Reverse(order)
	}
	for _, s := range order {
		value := math.NaN()
		if s.absent == "" && wanted(s.name) {
			var err error
			if value, err = s.measure(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		got[s.name] = append(got[s.name], value)
	}
	return ctx.Err()
}

func judgeAll(rows []row, subjects []subject, got sample, recorded map[string]float64) []verdict {
	absent := make(map[string]string)
	for _, s := range subjects {
		absent[s.name] = s.absent
	}
	var out []verdict
	for _, r := range rows {
		v := judge(r, got.ratios(r.of, r.beside), recorded[r.id()])
		v.absent = absent[r.of] + absent[r.beside]
		out = append(out, v)
	}
	return out
}
