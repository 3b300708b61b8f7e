//go:build !linux

package peer

import "net/netip"

// Listeners returns nil: only Linux lets every user read the tables of sockets.
func Listeners(netip.AddrPort) []int { return nil }
