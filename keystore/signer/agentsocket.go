package signer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"cgp-cred/keystore/printable"
)

const startAgent = `start one: eval "$(ssh-agent -s)", then ssh-add FILE; on a machine that you came to by ssh: come again with ssh -A`

// checkSocket refuses what names no socket by its path.
func checkSocket(path string) error {
	switch {
	case path == "":
		return &Error{Kind: ErrUnavailable, Who: KindAgent, Detail: socketName + " is not set", next: startAgent}
	case !filepath.IsAbs(path):
		return &Error{Kind: ErrUnavailable, Who: KindAgent, Detail: fmt.Sprintf("%s is %q, not the path of a socket", socketName, printable.Text(path)), next: startAgent}
	}
	return nil
}

// dead is a socket at which nobody listens, often one that tmux or screen kept from a login that has ended.
func dead(path string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{
			Kind: ErrTimeout, Who: KindAgent, Detail: fmt.Sprintf("it does not take the connection at %q", printable.Text(path)),
			next: "end the agent and start it anew: " + startAgent,
		}
	}
	return &Error{
		Kind: ErrUnavailable, Who: KindAgent, Detail: fmt.Sprintf("nobody answers at %s=%q: %s", socketName, printable.Text(path), cause(err)),
		next: "the socket is of a login that has ended; in tmux: eval \"$(tmux show-environment -s " + socketName + ")\"\n" + startAgent,
	}
}

// cause is the system's word for what went wrong, without the path.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return printable.Text(err.Error())
}

// notOurs is an agent of another user, who would learn what is signed and could answer what he likes.
func notOurs(why string) error {
	return &Error{
		Kind: ErrNotOurs, Who: KindAgent, Detail: why,
		next: "another user may be listening there: run `unset " + socketName + "`, then " + startAgent,
	}
}
