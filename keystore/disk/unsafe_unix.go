//go:build unix

package disk

import (
	"fmt"

	"cgp-cred/keystore/printable"
)

// Hints for what is not cgp-cred's own.
const (
	hintHome = "if HOME or an XDG_* variable names another user's folder, set it to your own (sudo -H does), or run " +
		"cgp-cred as that user"
	hintPrivate = "let only its owner write it, or use a folder that only you can write (HOME and the XDG_* " +
		"variables name cgp-cred's)"
	hintTarget   = "name a file in a folder that only you and root can write"
	hintAbsolute = "set HOME, and XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_RUNTIME_DIR if you use them, to absolute " +
		"paths"
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

// linked returns the error of a file with more than one name.
func linked(path string, n uint64) error {
	q, c := printable.Shell(path), printable.Shell(path+".new")
	fix := "keep only one name: cp -p " + q + " " + c + " && mv " + c + " " + q
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("has %d names (hard links)", n),
		fix: ownerOf(path).fix(path, fix, hintCopy, hintCopy),
	}
}
