//go:build !linux && !darwin

package signer

import (
	"net"
	"runtime"
)

// ours refuses every agent: here nothing says whose it is.
func ours(net.Conn) error {
	return failed(
		ErrNotOurs, KindAgent, "on "+runtime.GOOS+" nothing says who runs it",
		"keep the key in the keychain, or sign with a program: --signer exec",
	)
}
