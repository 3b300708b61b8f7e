package disk

import (
	"golang.org/x/sys/windows"
)

// Readers says what lets other users read a file, or returns "" if nothing does.
func Readers(path string) string {
	user, err := self()
	if err != nil {
		return ""
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return ""
	}
	list, _, err := sd.DACL()
	if err != nil {
		return ""
	}
	if found, err := other(list, reading, user); err == nil && found != nil {
		return account(found)
	}
	return ""
}
