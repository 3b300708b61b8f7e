package signer

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/peer"
	"cgp-cred/keystore/printable"
)

const socketName = "SSH_AUTH_SOCK"

// connection is a socket or pipe that an agent answers at.
type connection interface {
	io.ReadWriteCloser
	syscall.Conn
	SetDeadline(at time.Time) error
}

// open connects to the agent and checks that it is this user's. The connection ends with the call's deadline, or with
// the context that the call was given.
func (s *Agent) open() (*call, error) {
	path, err := agentAddress(os.Getenv(socketName))
	if err != nil {
		return nil, err
	}
	ctx, stop, limit, err := s.options.bounded(s.options.given())
	if err != nil {
		return nil, err
	}
	conn, err := dialAgent(ctx, path)
	if err != nil {
		defer stop()
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		return nil, unreachable(path, err)
	}
	c := &call{connection: conn, ctx: ctx, limit: limit}
	ended := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends a call that is waiting
	c.end = func() { ended(); stop(); _ = conn.Close() }
	if err := peer.CheckOwn(conn); err != nil {
		c.end()
		return nil, failed(ErrNotOurs, KindAgent, err.Error(), "another user may be listening there: "+notThat)
	}
	return c, nil
}

// call is one connection to an agent.
type call struct {
	connection

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

// unreachable returns the error of an address that no agent answers at.
func unreachable(path string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return failed(
			ErrTimeout, KindAgent, "it does not take the connection at "+printable.Quote(path),
			"end the agent and start it again: "+startAgent,
		)
	}
	return noAgent(
		"no agent answers at "+agentPlace(path)+": "+cause(err), notThere,
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
