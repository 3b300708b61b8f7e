//go:build unix

package disk

import (
	"fmt"
	"os"

	"cgp-cred/keystore/printable"
)

// The uids that NFS shows for owners that it can't map: -2 in 16 and in 32 bits.
const (
	unmapped16 = 1<<16 - 2
	unmapped32 = 1<<32 - 2
)

// hintUnmapped is for files of an NFS server.
const hintUnmapped = "on NFS such an owner is one that is not mapped: set the server's Domain in /etc/idmapd.conf, " +
	"then run: sudo nfsidmap -c"

// foreign returns the error of what belongs to another user.
func foreign(path string, owner, uid uint32, w whose) error {
	fix := w.fix(path, fmt.Sprintf("if you trust what is in it: sudo chown -h %d %s", uid, printable.Shell(path)),
		hintHome, hintCopy)
	switch owner {
	case unmapped16, unmapped32:
		fix += "\n" + hintUnmapped
	}
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("belongs to uid %d, and you are uid %d", owner, uid), fix: fix,
	}
}

// hintHome is for a folder above cgp-cred's that is another user's.
const hintHome = "if HOME or an XDG_* variable names another user's folder, set it to your own (sudo -H does), or run " +
	"cgp-cred as that user"

// symlink returns the error of a link. A copy of what it points to takes its place: what it points to stays.
func symlink(path string) error {
	q, c := printable.Shell(path), printable.Shell(path+".copy")
	fix := "replace the link with a copy: cp " + q + " " + c + " && mv " + c + " " + q
	switch info, err := os.Stat(path); {
	case err != nil:
		fix = "the link leads nowhere; remove it: rm " + q
	case info.IsDir():
		fix = "replace the link with a copy: cp -RL " + q + " " + c + " && rm " + q + " && mv " + c + " " + q
	}
	return &UnsafeError{
		Path: path, Problem: "is a symbolic link",
		fix: ownerOf(path).fix(path, fix, hintCopy, "name the file itself, not a link to it"),
	}
}

// linked returns the error of a file with more than one name.
func linked(path string, n uint64) error {
	q, c := printable.Shell(path), printable.Shell(path+".new")
	fix := "keep only one name: cp -p " + q + " " + c + " && mv " + c + " " + q
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("has %d names (hard links)", n),
		fix: ownerOf(path).fix(path, fix, hintCopy, hintCopy),
	}
}
