//go:build unix

package scripttest

import (
	"io/fs"
	"syscall"
)

// owner returns the user who owns a file.
func owner(info fs.FileInfo) uint32 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return st.Uid
}
