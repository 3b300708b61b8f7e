package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// hookLimit is how long a command of --exec may take.
const hookLimit = 30 * time.Second

// sinkHook runs a command after each new token, one at a time. If tokens come while it runs, it runs once more.
type sinkHook struct {
	wanted chan struct{}
	over   chan struct{}
	last   sync.Once // closes wanted
	cancel context.CancelFunc
}

// startHook returns a hook that runs nothing if there is no command.
func startHook(a *app, argv []string, file string) *sinkHook {
	ctx, cancel := context.WithCancel(context.Background())
	h := &sinkHook{wanted: make(chan struct{}, 1), over: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(h.over)
		for range h.wanted {
			if argv == nil || ctx.Err() != nil {
				continue
			}
			err := program.Hook(ctx, argv, []string{"CGP_TOKEN_FILE=" + file}, os.Stderr, hookLimit)
			if err != nil && !errors.Is(err, context.Canceled) {
				a.warnAgain("after a new token: " + fault.OneLine(err))
			}
		}
	}()
	return h
}

// start asks for a run. It does not wait.
func (h *sinkHook) start() {
	select {
	case h.wanted <- struct{}{}:
	default: // one that has not begun yet sees this token too
	}
}

// wait lets the runs that were asked for end, or ends them when a signal comes.
func (h *sinkHook) wait(signals *caughtSignals) {
	h.last.Do(func() { close(h.wanted) })
	select {
	case <-h.over:
	case <-signals.arrived:
	}
}

// stop ends what is running. Nothing may ask for a run any more.
func (h *sinkHook) stop() {
	h.cancel()
	h.last.Do(func() { close(h.wanted) })
	<-h.over
}
