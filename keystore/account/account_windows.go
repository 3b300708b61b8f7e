// Package account tells who a Windows account is.
package account

import (
	"fmt"
	"sync"

	"golang.org/x/sys/windows"
)

// Own returns the SID of the user that this process runs as.
var Own = sync.OnceValues(func() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("this user is unknown to Windows: %w", err)
	}
	return user.User.Sid, nil
})

// Trusted reports whether an account is this user, own, or could act as any user.
func Trusted(sid, own *windows.SID) bool { return sid.Equals(own) || Administrators(sid) }

// Administrators reports whether an account is the system or the group of administrators.
func Administrators(sid *windows.SID) bool {
	return sid.IsWellKnown(windows.WinLocalSystemSid) || sid.IsWellKnown(windows.WinBuiltinAdministratorsSid)
}

// Name returns DOMAIN\NAME, the SID if it has no name on this machine, or "no user" for nil.
func Name(sid *windows.SID) string {
	if sid == nil {
		return "no user"
	}
	name, domain, _, err := sid.LookupAccount("")
	switch {
	case err != nil:
		return sid.String()
	case domain == "":
		return name
	}
	return domain + `\` + name
}
