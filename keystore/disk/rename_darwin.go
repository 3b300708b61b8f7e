package disk

import "golang.org/x/sys/unix"

// Exchange gives each of two files or folders of one file system the other's name, at once. It fails where the file
// system can't do that.
func Exchange(a, b string) error { return unix.RenamexNp(a, b, unix.RENAME_SWAP) }
