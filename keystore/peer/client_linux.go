package peer

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Client returns the uid of the user whose socket, bound to client, is connected to the address server of this machine:
// one question to the kernel, sock_diag(7). It is false if the kernel does not tell, or has no such socket: the client
// of a mirrored network is a program of Windows. The uid is -1 if the client's process has closed the socket.
func Client(client, server netip.AddrPort) (uid int, known bool) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	wait := unix.Timeval{Sec: 1}
	if unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait) != nil {
		return 0, false
	}
	if unix.Sendto(fd, socketQuestion(client, server), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return 0, false
	}
	answer := make([]byte, 1024)
	n, from, err := unix.Recvfrom(fd, answer, 0)
	if sender, ok := from.(*unix.SockaddrNetlink); err != nil || !ok || sender.Pid != 0 { // 0: the kernel
		return 0, false
	}
	return socketOwner(answer[:n], client, server)
}

// The layout of sock_diag's messages, linux/inet_diag.h. Ports and addresses are in network order, everything else in
// the machine's.
const (
	questionSize = unix.SizeofNlMsghdr + 56 // struct inet_diag_req_v2
	addressesAt  = 8                        // in that struct: inet_diag_sockid
	answerAt     = unix.SizeofNlMsghdr      // struct inet_diag_msg
	idAt         = answerAt + 4             // in the message: inet_diag_sockid
	ownerAt      = answerAt + 64            // idiag_uid
	inodeAt      = answerAt + 68            // idiag_inode; 0: no process has the socket open
	answerSize   = answerAt + 72
	addressSize  = 16
)

// socketQuestion asks for the one TCP socket with these addresses.
func socketQuestion(local, remote netip.AddrPort) []byte {
	q := make([]byte, questionSize)
	order := binary.NativeEndian
	order.PutUint32(q, questionSize)
	order.PutUint16(q[4:], unix.SOCK_DIAG_BY_FAMILY)
	order.PutUint16(q[6:], unix.NLM_F_REQUEST)
	body := q[unix.SizeofNlMsghdr:]
	body[0], body[1] = unix.AF_INET, unix.IPPROTO_TCP
	if local.Addr().Is6() {
		body[0] = unix.AF_INET6
	}
	order.PutUint32(body[4:], ^uint32(0)) // any state
	putSocket(body[addressesAt:], local, remote)
	order.PutUint64(body[addressesAt+40:], ^uint64(0)) // no cookie
	return q
}

// putSocket writes the addresses of a struct inet_diag_sockid.
func putSocket(id []byte, local, remote netip.AddrPort) {
	binary.BigEndian.PutUint16(id, local.Port())
	binary.BigEndian.PutUint16(id[2:], remote.Port())
	copy(id[4:], local.Addr().AsSlice())
	copy(id[4+addressSize:], remote.Addr().AsSlice())
}

// socketOwner reads the kernel's answer, and checks that it is about this socket.
func socketOwner(answer []byte, local, remote netip.AddrPort) (uid int, known bool) {
	order := binary.NativeEndian
	if len(answer) < answerSize || order.Uint16(answer[4:]) != unix.SOCK_DIAG_BY_FAMILY {
		return 0, false
	}
	want := make([]byte, 4+2*addressSize)
	putSocket(want, local, remote)
	if string(answer[idAt:idAt+len(want)]) != string(want) {
		return 0, false
	}
	if order.Uint32(answer[inodeAt:]) == 0 {
		return -1, true
	}
	return int(order.Uint32(answer[ownerAt:])), true
}
