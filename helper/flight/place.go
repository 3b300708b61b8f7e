package flight

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/kernel"
)

// Scope says which processes of the user share a lease.
type Scope int

// The scopes.
const (
	OneHome   Scope = iota // those with the same home: the profile is in it
	AllOfUser              // all on this machine: the environment holds the profile
)

// place returns the path of a lease's files, without their endings; empty if there is no folder for them.
//
// A lease is for the processes that share a token cache. If that is the kernel's keyring, they are on this machine and
// in one user namespace, whatever folders they share with other machines: processes of another machine would only wait
// for each other.
func (f *Flight) place(name string, scope Scope) string {
	runtime, others := f.Folders.Local()
	switch {
	case runtime != "":
		return filepath.Join(runtime, name)
	case !kernel.Available():
		if f.Folders.State == "" {
			return ""
		}
		return filepath.Join(f.Folders.State, name)
	}
	sum := sha256.New()
	if scope == OneHome {
		sum.Write([]byte(f.Folders.State))
	}
	sum.Write([]byte("\x00" + kernel.Namespace()))
	own := "cgp-cred-" + strconv.Itoa(os.Geteuid())
	for _, in := range others {
		folder := filepath.Join(in, own)
		if err := disk.MakePrivate(folder); err != nil {
			f.Report.Trace(1, "no locks in %s: %v", folder, err)
			continue
		}
		return filepath.Join(folder, name+"~"+hex.EncodeToString(sum.Sum(nil)[:8]))
	}
	if f.Folders.State == "" {
		return ""
	}
	return filepath.Join(f.Folders.State, name+"~node-"+machine())
}

// machine returns a name for this machine, and for the user namespace if it is not the machine's first one. It is a
// part of a file's name.
func machine() string {
	name, _ := os.Hostname() // without one all such machines wait for each other
	name = strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
	if len(name) > 64 {
		name = name[:64]
	}
	return name + kernel.Namespace()
}
