package apim

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The kernel's inet_diag interface, sock_diag(7): sizes in bytes, and places of what is read.
const (
	diagRequestSize = unix.SizeofNlMsghdr + 56 // struct inet_diag_req_v2
	diagAnswerSize  = unix.SizeofNlMsghdr + 72 // struct inet_diag_msg
	diagState       = unix.SizeofNlMsghdr + 1  // idiag_state
	diagUID         = unix.SizeofNlMsghdr + 64 // idiag_uid
	diagListen      = 10                       // TCP_LISTEN
)

// listenerOf asks the kernel who would take a TCP connection to an address of this machine: the user who listens there,
// or on every address. known is false where the kernel does not answer, as in a sandbox without netlink.
func listenerOf(at netip.AddrPort) (uid int, listens, known bool) {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, false, false
	}
	defer unix.Close(socket) //nolint:errcheck // nothing was written that could be lost
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(socket, diagRequest(at), 0, kernel); err != nil {
		return 0, false, false
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(socket, answer, unix.MSG_DONTWAIT) // the kernel has answered before Sendto returned
	if err != nil {
		return 0, false, false
	}
	return readDiag(answer[:n])
}

// diagRequest asks for the one socket that a connection to an address would reach.
func diagRequest(at netip.AddrPort) []byte {
	native, network := binary.NativeEndian, binary.BigEndian
	b := make([]byte, 0, diagRequestSize)
	b = native.AppendUint32(b, diagRequestSize)
	b = native.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = native.AppendUint16(b, unix.NLM_F_REQUEST)
	b = append(b, make([]byte, 8)...) // sequence, port: there is one request
	family := byte(unix.AF_INET)
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = native.AppendUint32(b, 1<<diagListen)
	b = network.AppendUint16(b, at.Port())
	b = append(b, 0, 0) // from any port
	address := make([]byte, 16)
	copy(address, at.Addr().AsSlice())
	b = append(b, address...)
	b = append(b, make([]byte, 16)...) // from any address
	b = native.AppendUint32(b, 0)      // on any interface
	b = native.AppendUint32(b, ^uint32(0))
	return native.AppendUint32(b, ^uint32(0)) // INET_DIAG_NOCOOKIE
}

// readDiag reads the kernel's answer: a socket, or that there is none.
func readDiag(b []byte) (uid int, listens, known bool) {
	native := binary.NativeEndian
	if len(b) < unix.SizeofNlMsghdr+4 {
		return 0, false, false
	}
	switch kind := native.Uint16(b[4:]); {
	case kind == unix.NLMSG_ERROR:
		errno := unix.Errno(-int32(native.Uint32(b[unix.SizeofNlMsghdr:]))) //nolint:gosec // a signed number, sent as it is
		return 0, false, errors.Is(errno, unix.ENOENT)
	case kind == unix.SOCK_DIAG_BY_FAMILY && len(b) >= diagAnswerSize && b[diagState] == diagListen:
		return int(native.Uint32(b[diagUID:])), true, true
	}
	return 0, false, false
}
