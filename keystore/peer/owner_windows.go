package peer

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
)

// CheckOwn returns nil if the pipe at the other end of a connection belongs to this user, to the system or to
// administrators. Only its owner lets a process serve a pipe, and no user can make a pipe that belongs to another. The
// process itself is not asked: what Windows tells of it, the process can change, and only an administrator can look at
// a service. The error names the owner.
func CheckOwn(conn syscall.Conn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var sd *windows.SECURITY_DESCRIPTOR
	outer := raw.Control(func(handle uintptr) {
		const owner = windows.OWNER_SECURITY_INFORMATION
		sd, err = windows.GetSecurityInfo(windows.Handle(handle), windows.SE_KERNEL_OBJECT, owner)
	})
	if err = errors.Join(outer, err); err != nil {
		return fmt.Errorf("its owner is unknown: %w", err)
	}
	return checkOwner(sd)
}

func checkOwner(sd *windows.SECURITY_DESCRIPTOR) error {
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return errors.New("its owner is unknown")
	}
	own, err := account.Own()
	if err != nil {
		return err
	}
	if account.Trusted(owner, own) {
		return nil
	}
	return fmt.Errorf("its pipe belongs to %s, and you are %s", account.Name(owner), account.Name(own))
}
