package install

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/disk"
)

// companion is a program that is installed too if it is in the same folder.
const companion = "cgp-cred-fleet"

// user is where one user's programs and settings are.
type user struct {
	programs string // the folder of this program, in which nothing else is
	temp     string // where a running program that was replaced goes
	registry string // the key of HKEY_CURRENT_USER that has the user's settings; "" in all but tests
}

func thisUser() (user, error) {
	programs, err := windows.KnownFolderPath(windows.FOLDERID_UserProgramFiles, windows.KF_FLAG_CREATE)
	if err != nil { // a profile that has no such folder yet
		var local string
		local, err = windows.KnownFolderPath(windows.FOLDERID_LocalAppData, windows.KF_FLAG_DEFAULT)
		programs = filepath.Join(local, "Programs")
	}
	if err != nil {
		return user{}, fmt.Errorf("this user has no folder for programs: %w", err)
	}
	return user{programs: filepath.Join(programs, "cgp-cred"), temp: os.TempDir()}, nil
}

// Offer reports whether this program is not installed: it does not run from the user's folder of programs, and PATH
// leads to no program of its name.
func Offer() bool {
	u, err := thisUser()
	if err != nil {
		return false
	}
	if own, err := os.Executable(); err != nil || sameFile(filepath.Dir(own), u.programs) {
		return false
	}
	_, err = exec.LookPath(Names[0])
	return err != nil
}

// Install copies this program, under each of its names, into the user's folder of programs (%LOCALAPPDATA%\Programs),
// puts that folder on the user's PATH, and lists it among the user's apps. It needs no administrator. An installed
// version is replaced, even if it runs.
func Install(version string) (Done, error) {
	u, err := thisUser()
	if err != nil {
		return Done{}, err
	}
	own, err := os.Executable()
	if err != nil {
		return Done{}, err
	}
	return u.install(own, version)
}

// Remove takes away what Install did, and nothing else.
func Remove() (Done, error) {
	u, err := thisUser()
	if err != nil {
		return Done{}, err
	}
	return u.remove()
}

func (u user) install(own, version string) (Done, error) {
	done := Done{Folder: u.programs}
	if err := os.MkdirAll(u.programs, 0o700); err != nil {
		return done, disk.Unwritable(err)
	}
	sweep(u.programs)
	// A program that runs from the folder is copied to its other names and stays.
	for _, name := range Names {
		if err := u.put(own, name, &done); err != nil {
			return done, err
		}
	}
	fleet := filepath.Join(filepath.Dir(own), companion+".exe")
	if _, err := os.Stat(fleet); err == nil {
		if err := u.put(fleet, companion, &done); err != nil {
			return done, err
		}
	}
	var err error
	if done.Path, err = u.changePath(addTo); err != nil {
		return done, err
	}
	if found, err := exec.LookPath(Names[0]); err == nil && !sameFile(filepath.Dir(found), u.programs) {
		done.Before = found
	}
	return done, u.list(version)
}

// put copies a program into the folder under a name. The new one is complete before it takes the place of the old one.
func (u user) put(from, name string, done *Done) error {
	to := filepath.Join(u.programs, name+".exe")
	if sameFile(from, to) {
		return nil
	}
	fresh := to + "." + rand.Text() + ".new"
	if err := copyFile(from, fresh); err != nil {
		return errors.Join(disk.Unwritable(err), ignoreMissing(os.Remove(fresh)))
	}
	if err := u.take(to, done); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return disk.Rename(fresh, to) // a scanner may have the new file open
}

// take removes a program. One that is running can't be removed, but gets another name.
func (u user) take(program string, done *Done) error {
	err := os.Remove(program)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := filepath.Join(u.temp, filepath.Base(program)+"."+rand.Text()+old)
	if os.Rename(program, aside) != nil { // another volume
		aside = program + "." + rand.Text() + old
		if err := os.Rename(program, aside); err != nil {
			return disk.Unwritable(err)
		}
	}
	done.Left = append(done.Left, aside)
	return nil
}

// old ends the name of a program that was running when it was replaced.
const old = ".old"

// sweep removes what earlier installations had to leave, as well as it can: some may still be running.
func sweep(folder string) {
	for _, end := range []string{old, ".new"} {
		left, _ := filepath.Glob(filepath.Join(folder, "*.exe.*"+end)) // the pattern is well formed
		for _, path := range left {
			_ = os.Remove(path)
		}
	}
}

func (u user) remove() (Done, error) {
	done := Done{Folder: u.programs}
	var err error
	if done.Path, err = u.changePath(removeFrom); err != nil {
		return done, err
	}
	if err := u.unlist(); err != nil {
		return done, err
	}
	for _, name := range slices.Concat(Names[1:], []string{companion, Names[0]}) {
		program := filepath.Join(u.programs, name+".exe")
		if _, err := os.Lstat(program); err == nil {
			done.Found = true
		}
		if err := u.take(program, &done); err != nil {
			return done, err
		}
	}
	sweep(u.programs)
	_ = os.Remove(u.programs) // if it holds the user's files, it stays
	return done, nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from) //nolint:gosec,forbidigo // this program
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // nothing was written
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	target, err := os.OpenFile(to, flags, 0o700) //nolint:gosec,forbidigo // a new name in the user's folder
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

func sameFile(a, b string) bool {
	ia, aerr := os.Stat(a)
	ib, berr := os.Stat(b)
	return aerr == nil && berr == nil && os.SameFile(ia, ib)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
