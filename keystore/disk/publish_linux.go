package disk

import "golang.org/x/sys/unix"

// renameNew renames, and fails with EEXIST if the file exists already (NFS and a few others: EINVAL).
func renameNew(from, to string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
}
