package renew

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Target is a token file at a fixed path, as the user describes it.
type Target struct {
	Path  string // empty: by WLCG Bearer Token Discovery
	Mode  string // octal; empty: 0600
	Group string // name or number; empty: the one that the system gives
	Open  bool   // other users may write the folder

	Folders disk.Folders // cgp-cred's own, in which the file must not be
	Inputs  []string     // files with keys that cgp-cred reads, which must not be replaced
}

// Claim returns the file, after it has removed what killed processes have left of it, or an error if it must not be
// written, can't be, or is another process's: two with different profiles would replace each other's token. After an
// error nothing has been changed.
func (t Target) Claim() (file disk.Shared, release func(), err error) {
	if file, err = t.file(); err != nil {
		return file, nil, err
	}
	path, err := file.Check()
	if err == nil {
		err = t.replaceable(path)
	}
	if err != nil {
		return file, nil, err
	}
	release, state := t.lock(path)
	if state == disk.Held {
		return file, nil, fault.New(fault.Temporary, "end the other one, or name another file",
			"another cgp-cred sink keeps %q fresh", path)
	}
	file.Sweep(state == disk.Acquired)
	return file, release, nil
}

// file returns what the user described, unchecked.
func (t Target) file() (disk.Shared, error) {
	s := disk.Shared{Group: -1, Open: t.Open}
	var err error
	if s.Path, err = t.path(); err != nil {
		return s, err
	}
	if runtime.GOOS == "windows" && (t.Mode != "" || t.Group != "") {
		return s, fault.New(fault.Usage, "leave them out, and choose a folder that only the readers can open",
			"Windows has no --mode and no --group: a file has the rights of its folder")
	}
	if s.Mode, err = parseMode(cmp.Or(t.Mode, "0600")); err != nil {
		return s, err
	}
	if t.Group != "" {
		s.Group, err = groupNumber(t.Group, s.Mode)
	}
	return s, err
}

// path returns the file's absolute path.
func (t Target) path() (string, error) {
	switch t.Path {
	case "":
		return discovered()
	case "-":
		return "", fault.New(fault.Usage, "cgp-cred get --format token", "--to - is not a file; get prints a token")
	}
	if strings.HasSuffix(t.Path, "/") {
		return "", fault.New(fault.Usage, "add the file's name: --to "+printable.Shell(t.Path+"token"),
			"--to %s names a folder", printable.Quote(t.Path))
	}
	path, err := filepath.Abs(t.Path)
	return path, disk.Unreadable(err)
}

// discovered returns where programs look for a token by WLCG Bearer Token Discovery, if BEARER_TOKEN is not set.
func discovered() (string, error) {
	if runtime.GOOS == "windows" {
		return "", fault.New(fault.Usage, "name the file: --to FILE", "--wlcg is for Unix")
	}
	if file := os.Getenv("BEARER_TOKEN_FILE"); file != "" {
		if !filepath.IsAbs(file) {
			return "", fault.New(fault.Usage, "set it to an absolute path, or unset it",
				"--wlcg: BEARER_TOKEN_FILE is %s, which each program takes for another file", printable.Quote(file))
		}
		return file, nil
	}
	name := "bt_u" + strconv.Itoa(os.Geteuid())
	folder := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(folder) {
		return filepath.Join("/tmp", name), nil
	}
	if _, err := os.Stat(folder); err != nil {
		return "", fault.New(fault.Usage, "unset XDG_RUNTIME_DIR, for the readers too: then the file is /tmp/"+name,
			"--wlcg: XDG_RUNTIME_DIR is %s, which can't be used", printable.Quote(folder))
	}
	return filepath.Join(folder, name), nil
}

// parseMode reads a mode in octal that lets this user read the file, and at most the group too.
func parseMode(text string) (fs.FileMode, error) {
	const hint = "choose 0600, 0400, 0640 or 0440"
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0o"), 8, 16)
	problem := ""
	switch mode := fs.FileMode(n); {
	case err != nil:
		problem = "is not a mode in octal, such as 0640"
	case n > 0o777:
		problem = "has bits that are not for reading and writing"
	case mode&0o007 != 0:
		problem = "would open the token to every user of this machine"
	case mode&0o020 != 0:
		problem = "would let the group change the token"
	case mode&0o111 != 0:
		problem = "would make the token a program"
	case mode&0o400 == 0:
		problem = "would keep you from reading the token"
	default:
		return mode, nil
	}
	return 0, fault.New(fault.Usage, hint, "--mode %s %s", printable.Quote(text), problem)
}

// groupNumber returns the number of a group that is to read the file.
func groupNumber(name string, mode fs.FileMode) (int, error) {
	if mode&0o040 == 0 {
		return -1, fault.New(fault.Usage, "add --mode 0640",
			"--group needs a mode with which the group can read, and not %04o", uint32(mode))
	}
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return -1, fault.New(fault.Usage, "give the group's number: "+printable.Shell("getent", "group", name),
			"--group %s: this machine's /etc/group does not have it", printable.Quote(name))
	}
	n, err := strconv.Atoi(g.Gid)
	if err != nil {
		return -1, fmt.Errorf("the number of group %s: %w", printable.Quote(name), err)
	}
	return n, nil
}

// replaceable refuses a path in cgp-cred's own folders, and a file that is no token file.
func (t Target) replaceable(path string) error {
	for _, folder := range []string{t.Folders.Config, t.Folders.State, t.Folders.Data, t.Folders.Runtime} {
		if followed, err := filepath.EvalSymlinks(folder); err == nil {
			folder = followed
		}
		if folder != "" && strings.HasPrefix(path, folder+string(filepath.Separator)) {
			return fault.New(fault.Usage, "name a file in another folder", "%q is in a folder of cgp-cred's own", path)
		}
	}
	there, err := os.Lstat(path)
	if err != nil {
		return nil // there is nothing that could be lost
	}
	input := func(name string) bool {
		info, err := os.Stat(name)
		return err == nil && os.SameFile(there, info)
	}
	if slices.ContainsFunc(t.Inputs, input) {
		return fault.New(fault.Usage, "name another file", "%q is a file that cgp-cred reads", path)
	}
	if text, err := disk.ReadInput(path, 1<<20, nil); err != nil || !wire.Recognise(text) {
		return fault.New(fault.Usage, "name another file, or see what it is: "+printable.List(path),
			"%q exists and does not hold a token: it is not replaced", path)
	}
	return nil
}

// lock takes the lock of a path. Without a folder for locks it is broken.
func (t Target) lock(path string) (release func(), state disk.LockState) {
	if t.Folders.Runtime == "" {
		return func() {}, disk.Broken
	}
	sum := sha256.Sum256([]byte(path))
	// A ~ is in no profile's name.
	name := "sink~" + hex.EncodeToString(sum[:8]) + ".lock"
	release, state, _ = disk.TryLock(filepath.Join(t.Folders.Runtime, name))
	return release, state
}
