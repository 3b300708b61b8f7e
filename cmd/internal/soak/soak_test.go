//go:build linux

// Package soak runs the program for minutes or hours as a busy machine does: many processes at once, with every way to
// ask for a credential, while what they depend on breaks and comes back. At the end it counts, and holds what went
// wrong against what may go wrong. The same seed makes the same choices.
package soak

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"cgp-cred/keystore/keystoretest"
)

var (
	duration = flag.Duration("duration", 8*time.Second, "how long faults and requests last")
	seed     = flag.Uint64("seed", 1, "what the choices follow from")
	workers  = flag.Int("workers", 8*runtime.NumCPU(), "processes at a time, most of which wait for something that is broken")
	patience = flag.Duration("patience", 5*time.Second, "what the program is given for one call of a keychain: less than a fault lasts, to see it end")
	detector = flag.Bool("detector", false, "build the program with the race detector, not as it is shipped")
)

// TestMain makes this test binary the program that sets another's clock.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == clocked {
		keystoretest.Clocked()
		return
	}
	os.Exit(keystoretest.Main(m))
}

func TestSoak(t *testing.T) {
	j := newJudge(*seed)
	t.Run("run", func(t *testing.T) { soak(t, j) })
	j.leftovers()
	t.Log("\n" + j.table())
	if broken := j.broken(); broken > 0 {
		t.Errorf("%d invariants are broken; to see it again: go test -count=1 -v -timeout 0 ./cmd/internal/soak -duration %v -seed %d -workers %d -patience %v -detector=%v",
			broken, *duration, *seed, *workers, *patience, *detector)
	}
}

// soak is one run. All that it starts ends with it.
func soak(t *testing.T, j *judge) {
	m := newMachine(t, j)
	m.store(t)
	held := m.hold(t)
	end := time.Now().Add(*duration)
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for i := range *workers {
		busy.Go(func() { m.work(m.choices(1, i), stop) })
	}
	for i, u := range m.users {
		if u.secrets == nil {
			busy.Go(func() { m.change(u, m.choices(2, i), stop) })
		}
	}
	busy.Go(func() { m.watch(held, stop) })
	m.breakThings(t, m.choices(3, 0), end)
	close(stop)
	busy.Wait()
	m.afterwards(t)
	m.recovers(held)
	m.release(held)
	m.sweep()
	m.scanFiles()
}

// choices is a stream of choices that depends only on the seed.
func (m *machine) choices(kind, number int) *rand.Rand {
	return rand.New(rand.NewPCG(*seed, uint64(kind)<<32|uint64(number)))
}
