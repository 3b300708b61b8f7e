package disk

import "golang.org/x/sys/unix"

// renameNew renames, and fails with EEXIST if the file exists already (NFS and a few others: EINVAL).
func renameNew(from, to string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
}

// Exchange gives each of two files or folders of one file system the other's name, at once. It fails where the file
// system can't do that (NFS: EINVAL).
func Exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
