package disk

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// aclName is the extended attribute that holds a file's POSIX access control list: acl(5).
const aclName = "system.posix_acl_access"

// unlisted refuses a file that an access control list lets other users or groups write. The mode shows them as the
// file's group.
func unlisted(f attributed, uid uint32, w whose) error {
	list := make([]byte, 4096) // 500 entries
	var n int
	err := retry(func() (err error) { n, err = f.get(aclName, list); return err })
	switch {
	case errors.Is(err, unix.ENODATA), errors.Is(err, unix.ENOTSUP): // the file, or its file system, has no list
		return nil
	case err != nil:
		problem := fmt.Sprintf("may be writable by others: its access control list can't be read (%v)", err)
		return writable(f.path, problem, w, "chmod", "g-w")
	}
	who := writer(list[:n], uid)
	if who == "" {
		return nil
	}
	return writable(f.path, "can be written by "+who+" (access control list)", w, "setfacl", "-b")
}

// Tags and the permission of linux/posix_acl_xattr.h.
const (
	aclVersion = 2
	aclUser    = 0x02 // a named user
	aclGroup   = 0x08 // a named group
	aclMask    = 0x10
	aclWrite   = 0x02
)

// writer names the first user or group that an access control list lets write, except uid, root and uid's private
// group. It returns "" if there is no such entry. A list that it can't read counts as one that lets others write.
func writer(list []byte, uid uint32) string {
	const head, entry = 4, 8
	if len(list) < head || (len(list)-head)%entry != 0 || binary.LittleEndian.Uint32(list) != aclVersion {
		return "unknown users"
	}
	var who string
	mask := uint16(aclWrite)
	for at := list[head:]; len(at) > 0; at = at[entry:] {
		tag, perm := binary.LittleEndian.Uint16(at), binary.LittleEndian.Uint16(at[2:])
		id := binary.LittleEndian.Uint32(at[4:])
		switch {
		case tag == aclMask:
			mask = perm
		case perm&aclWrite == 0 || who != "":
		case tag == aclUser && id != uid && id != 0:
			who = fmt.Sprintf("uid %d", id)
		case tag == aclGroup && !privateGroup(id, uid):
			who = fmt.Sprintf("gid %d", id)
		}
	}
	if mask&aclWrite == 0 {
		return ""
	}
	return who
}
