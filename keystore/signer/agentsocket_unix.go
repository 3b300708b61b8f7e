//go:build !windows

package signer

import (
	"context"
	"net"
	"path/filepath"

	"cgp-cred/keystore/printable"
)

const (
	startAgent = `start one: eval "$(ssh-agent -s)", then ssh-add FILE; if you logged in by ssh: log in again with ` +
		`ssh -A`

	// notThat follows what is wrong with the other end.
	notThat = "run `unset " + socketName + "`, then " + startAgent

	// notThere is for a socket that no process listens at, such as one that tmux kept from an earlier login.
	notThere = "the socket is of a login that has ended; in tmux: eval \"$(tmux show-environment -s " + socketName +
		")\"\n" + startAgent
)

// agentAddress returns the path of the agent's socket, which value must be.
func agentAddress(value string) (string, error) {
	switch {
	case value == "":
		return "", noAgent(socketName+" is not set", startAgent)
	case !filepath.IsAbs(value):
		return "", noAgent(socketName+" is "+printable.Quote(value)+", not the path of a socket", startAgent)
	}
	return value, nil
}

// agentPlace names the agent's address in a message.
func agentPlace(path string) string { return socketName + "=" + printable.Quote(path) }

func dialAgent(ctx context.Context, path string) (connection, error) {
	return (&net.Dialer{}).DialUnix(ctx, "unix", nil, &net.UnixAddr{Net: "unix", Name: path})
}
