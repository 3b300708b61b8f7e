package signer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/peer"
	"cgp-cred/keystore/printable"
)

const socketName = "SSH_AUTH_SOCK"

// open connects to the agent and checks that it is this user's. The connection ends with the call's deadline, or with
// the context that the call was given.
func (s *Agent) open() (*call, error) {
	path := os.Getenv(socketName)
	if err := checkSocket(path); err != nil {
		return nil, err
	}
	ctx, stop, limit, err := s.options.bounded(s.options.given())
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		defer stop()
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		return nil, unreachable(path, err)
	}
	c := &call{Conn: conn, ctx: ctx, limit: limit}
	ended := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends a call that is waiting
	c.end = func() { ended(); stop(); _ = conn.Close() }
	if err := peer.CheckOwn(conn); err != nil {
		c.end()
		return nil, notOurs(err)
	}
	return c, nil
}

// call is one connection to an agent.
type call struct {
	net.Conn

	ctx   context.Context
	limit time.Duration
	end   func() // closes it
}

// broken returns why the agent ended or hung during a call.
func (c *call) broken(err error) error {
	switch {
	case errors.Is(c.ctx.Err(), context.Canceled):
		return context.Cause(c.ctx)
	case errors.Is(err, errMalformed):
		return malformed("")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failed(
			ErrTimeout, KindAgent,
			"waited "+c.limit.Round(time.Millisecond).String()+"; it may be waiting for a confirmation, PIN or "+
				"touch, or it hangs",
			"answer it, or allow more time: CGP_CRED_KEYCHAIN_TIMEOUT=60s",
		)
	}
	return failed(ErrUnavailable, KindAgent, "it closed the connection", "check whether it still answers: ssh-add -l")
}

const startAgent = `start one: eval "$(ssh-agent -s)", then ssh-add FILE; if you logged in by ssh: log in again with ` +
	`ssh -A`

// checkSocket refuses a value that is not the path of a socket.
func checkSocket(path string) error {
	switch {
	case path == "":
		return noAgent(socketName+" is not set", startAgent)
	case !filepath.IsAbs(path):
		return noAgent(fmt.Sprintf("%s is %s, not the path of a socket", socketName, printable.Quote(path)), startAgent)
	}
	return nil
}

// unreachable returns the error of a socket that no process listens on, often one that tmux or screen kept from an
// earlier login.
func unreachable(path string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return failed(
			ErrTimeout, KindAgent, fmt.Sprintf("it does not take the connection at %s", printable.Quote(path)),
			"end the agent and start it again: "+startAgent,
		)
	}
	return noAgent(
		fmt.Sprintf("no agent answers at %s=%s: %s", socketName, printable.Quote(path), cause(err)),
		"the socket is of a login that has ended; in tmux: eval \"$(tmux show-environment -s "+socketName+")\"\n"+
			startAgent,
	)
}

// noAgent returns the error of an agent that can't be reached. The agent of a login does not reach a batch job.
func noAgent(detail, hint string) error {
	if job, ok := batch.Current(); ok {
		hint = "a job of " + job.System() + " does not reach the agent of your login: give jobs a key of their own, " +
			"with cgp-cred keygen NAME --host HOST --kid NEWKID on the login node, and register it (docs/hpc.md)"
	}
	return failed(ErrUnavailable, KindAgent, detail, hint)
}

// cause returns the system's text for an error, without the path.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return printable.Text(err.Error())
}

// notOurs returns the error of another user's agent, which would learn what cgp-cred signs and could answer anything.
func notOurs(err error) error {
	hint := "another user may be listening there: run `unset " + socketName + "`, then " + startAgent
	if !peer.Known {
		hint = "keep the key in the keychain, or sign with a program: --signer exec"
	}
	return failed(ErrNotOurs, KindAgent, err.Error(), hint)
}
