package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// processes is how many a pipeline's step may start at once.
const processes = 200

// many runs argv so many times, so many at once, and returns the seconds until the last has ended.
func (s *scene) many(ctx context.Context, times, atOnce int, argv ...string) (float64, error) {
	var mu sync.Mutex
	var all []error
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	start := time.Now()
	for range times {
		places <- struct{}{}
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = s.env
		wg.Go(func() {
			defer func() { <-places }()
			if err := cmd.Run(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, err)
			}
		})
	}
	wg.Wait()
	return time.Since(start).Seconds(), errors.Join(all...)
}

// fromNothing runs get so many times at once with no token cached: all of them together may make one token request.
func (s *scene) fromNothing(ctx context.Context, times int) (float64, error) {
	if _, err := s.run(ctx, command{argv: s.cgp("erase", profileName)}); err != nil {
		return 0, err
	}
	before := s.sim.Requests()
	took, err := s.many(ctx, times, times, s.cgp("get", profileName)...)
	if n := s.sim.Requests() - before; err == nil && n != 1 {
		err = fmt.Errorf("%d processes made %d token requests, not one", times, n)
	}
	return took, err
}
