//go:build !linux && !darwin

package peer

import (
	"errors"
	"net"
)

func ownerOf(net.Conn) (int, error) { return 0, errors.New("not supported") }
