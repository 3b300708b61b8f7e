package disk

import (
	"encoding/binary"
	"testing"
)

// list makes an access control list of tag, permission and id.
func list(entries ...[3]uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

func TestWriter(t *testing.T) {
	t.Parallel()
	const all, uid, other = 7, 1000, 1001
	for name, tt := range map[string]struct {
		list []byte
		want string
	}{
		"only a head":          {list(), ""},
		"owner, group, others": {list([3]uint32{1, all}, [3]uint32{4, all}, [3]uint32{0x20, all}), ""},
		"a user":               {list([3]uint32{aclUser, all, other}), "uid 1001"},
		"root":                 {list([3]uint32{aclUser, all, 0}), ""},
		"the user":             {list([3]uint32{aclUser, all, uid}), ""},
		"a group":              {list([3]uint32{aclGroup, aclWrite, other}), "gid 1001"},
		"the group of root":    {list([3]uint32{aclGroup, aclWrite, 0}), "gid 0"},
		"mask before":          {list([3]uint32{aclMask, 4}, [3]uint32{aclUser, all, other}), ""},
		"mask after":           {list([3]uint32{aclUser, all, other}, [3]uint32{aclMask, 5}), ""},
		"mask that lets it":    {list([3]uint32{aclUser, all, other}, [3]uint32{aclMask, 6}), "uid 1001"},
		"nothing":              {nil, "unknown users"},
		"cut":                  {list([3]uint32{aclUser, 4, other})[:9], "unknown users"},
		"another version":      {[]byte{3, 0, 0, 0}, "unknown users"},
	} {
		if got := writer(tt.list, uid); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// A list that lets a stranger write is never passed, whatever else is in the list.
func FuzzWriter(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0}, list([3]uint32{aclMask, 6}))
	f.Add(list([3]uint32{1, 7}), list([3]uint32{0x20, 7}))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if writer(before, 1000) == "" && (len(before) < 4 || before[0] != aclVersion) {
			t.Errorf("%x was read", before)
		}
		entry := list([3]uint32{aclUser, 7, 1001})[4:]
		whole := append(append(append([]byte{}, before...), entry...), after...)
		masked := false
		for at := 4; at+8 <= len(whole); at += 8 {
			masked = masked || whole[at] == aclMask && whole[at+1] == 0
		}
		if !masked && writer(whole, 1000) == "" {
			t.Errorf("%x names no user", whole)
		}
	})
}
