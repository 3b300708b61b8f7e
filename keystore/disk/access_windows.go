package disk

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/printable"
)

// privateDescriptor returns the rights of a file or folder that only this user, administrators and the system can open.
// It inherits nothing, and a folder hands its rights on. Microsoft, "Security Descriptor String Format".
func privateDescriptor(folder bool) (*windows.SECURITY_DESCRIPTOR, error) {
	user, err := account.Own()
	if err != nil {
		return nil, err
	}
	inherit := ""
	if folder {
		inherit = "OICI"
	}
	text := "D:P"
	for _, sid := range []string{"SY", "BA", user.String()} {
		text += "(A;" + inherit + ";FA;;;" + sid + ")"
	}
	return windows.SecurityDescriptorFromString(text)
}

// attributes returns what makes a new file or folder private.
func attributes(folder bool) (*windows.SecurityAttributes, error) {
	sd, err := privateDescriptor(folder)
	if err != nil {
		return nil, err
	}
	return &windows.SecurityAttributes{
		Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{})), SecurityDescriptor: sd,
	}, nil
}

// Rights of Microsoft's "File Access Rights Constants".
const (
	writing windows.ACCESS_MASK = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | deleteChild | windows.DELETE |
		windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL
	reading     windows.ACCESS_MASK = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	deleteChild                     = 0x40
)

// trusted reports whether an account may write this user's files: it is this user, an administrator, or Windows itself.
func trusted(sid, user *windows.SID) bool { return sid.Equals(user) || administers(sid) }

// administers reports whether an account is an administrator, or Windows itself.
func administers(sid *windows.SID) bool {
	if account.Administrators(sid) {
		return true
	}
	text := sid.String()
	switch text {
	case "S-1-3-0", "S-1-3-4", // the creator, the owner: the owner is checked
		"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": // TrustedInstaller
		return true
	}
	if strings.HasPrefix(text, "S-1-15-") { // an app's: its user needs the right too
		return true
	}
	// Administrators of the domain or of the machine, by their number within it.
	last, err := strconv.Atoi(text[strings.LastIndexByte(text, '-')+1:])
	return err == nil && strings.HasPrefix(text, "S-1-5-21-") && (last == 500 || last == 512 || last == 519)
}

// holder returns an account of a kind that has one of these rights, or nil. A list that is missing gives everyone all
// rights.
func holder(
	sd *windows.SECURITY_DESCRIPTOR, rights windows.ACCESS_MASK, kind func(*windows.SID) bool,
) (*windows.SID, error) {
	list, _, err := sd.DACL()
	switch {
	case err == nil && list == nil, errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND):
		return windows.CreateWellKnownSid(windows.WinWorldSid)
	case err != nil:
		return nil, err
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return nil, err
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE ||
			ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 || ace.Mask&rights == 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart)) //nolint:gosec // the SID begins there
		if kind(sid) {
			return sid.Copy()
		}
	}
	return nil, nil //nolint:nilnil // documented
}

// checkAccess refuses an open file or folder that another user owns, or has one of the rights to.
func checkAccess(h windows.Handle, path string, rights windows.ACCESS_MASK, w whose) error {
	user, err := account.Own()
	if err != nil {
		return err
	}
	sd, err := descriptor(h, path)
	if errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) {
		return nil // a file server without such rights
	}
	if err != nil {
		return err
	}
	return checkDescriptor(sd, path, rights, user, w)
}

// descriptor returns the owner and the list of rights of an open file or folder.
func descriptor(h windows.Handle, path string) (*windows.SECURITY_DESCRIPTOR, error) {
	const parts = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION
	sd, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, parts)
	return sd, pathError("open", path, err)
}

// checkDescriptor is checkAccess for an owner and a list.
func checkDescriptor(
	sd *windows.SECURITY_DESCRIPTOR, path string, rights windows.ACCESS_MASK, user *windows.SID, w whose,
) error {
	owner, _, err := sd.Owner()
	if err != nil {
		return pathError("open", path, err)
	}
	if owner == nil || !trusted(owner, user) {
		return &UnsafeError{
			Path: path, Problem: "belongs to " + account.Name(owner),
			fix: w.fix(path, "if you trust what is in it: "+printable.Shell("takeown", "/f", path), hintHome, hintCopy),
		}
	}
	other := func(sid *windows.SID) bool { return !trusted(sid, user) }
	for _, c := range []struct {
		rights  windows.ACCESS_MASK
		problem string
	}{{writing, "can be written by "}, {reading, "can be read by "}} {
		found, err := holder(sd, rights&c.rights, other)
		if err != nil {
			return pathError("open", path, err)
		}
		if found != nil {
			return &UnsafeError{
				Path: path, Problem: c.problem + account.Name(found),
				fix: w.fix(path, closing(path, user), hintPrivate, hintCopy),
			}
		}
	}
	return nil
}

// closing returns the commands that let only this user, administrators and the system open a file or folder. The first
// one removes what was given to others.
func closing(path string, user *windows.SID) string {
	full := inheritance(path) + "F"
	grant := []string{"icacls", path, "/inheritance:r", "/grant:r"}
	for _, sid := range []string{user.String(), system, administrators} {
		grant = append(grant, "*"+sid+":"+full)
	}
	return printable.Shell("icacls", path, "/reset") + "; " + printable.Shell(grant...)
}

// inheritance returns what a command says before rights that a folder hands on.
func inheritance(path string) string {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return "(OI)(CI)"
	}
	return ""
}

// Accounts in commands. Their names depend on the language of Windows.
const (
	system         = "S-1-5-18"
	administrators = "S-1-5-32-544"
	users          = "S-1-5-32-545"
)
