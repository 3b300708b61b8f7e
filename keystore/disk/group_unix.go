//go:build unix

package disk

import (
	"bytes"
	"os"
	"strconv"
)

// privateGroup reports whether gid is the group of the user uid only: it has the user's number, and /etc/group and
// /etc/passwd list no other user in it. A group that only a directory service knows is not private.
func privateGroup(gid, uid uint32) bool {
	if gid != uid {
		return false
	}
	group, err := os.ReadFile("/etc/group")
	if err != nil {
		return false
	}
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return false
	}
	return soleMember(group, passwd, gid)
}

// soleMember reads group(5) and passwd(5). It reports whether the group exists and all its members have the uid of the
// same number.
func soleMember(group, passwd []byte, id uint32) bool {
	want := strconv.FormatUint(uint64(id), 10)
	var user []byte
	for line := range bytes.Lines(passwd) {
		f := fields(line, 7)
		if f == nil {
			continue
		}
		switch {
		case string(f[2]) == want && user == nil:
			user = f[0]
		case string(f[2]) != want && string(f[3]) == want:
			return false
		}
	}
	found := false
	for line := range bytes.Lines(group) {
		f := fields(line, 4)
		if f == nil || string(f[2]) != want {
			continue
		}
		found = true
		for member := range bytes.SplitSeq(f[3], []byte(",")) {
			if len(member) > 0 && (user == nil || !bytes.Equal(member, user)) {
				return false
			}
		}
	}
	return found
}

// fields returns the n fields of a line, or nil if it has another number of them.
func fields(line []byte, n int) [][]byte {
	f := bytes.Split(bytes.TrimRight(line, "\n"), []byte(":"))
	if len(f) != n {
		return nil
	}
	return f
}
