package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// FileError is a config file that can't be used.
type FileError struct {
	File    string
	Line    int // 0: unknown
	Problem string

	next string // what to do, where the file itself is not to blame; may be empty
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
	}
	return fmt.Sprintf("%s: %s", e.File, e.Problem)
}

// Hint is the command that writes the file.
func (e *FileError) Hint() string {
	if e.next != "" {
		return e.next
	}
	name := strings.TrimSuffix(filepath.Base(e.File), ".yaml")
	if filepath.Base(filepath.Dir(e.File)) != "profiles" { // config.yaml
		return "fix the file, or write it again: cgp-cred store PROFILE --default"
	}
	return "fix the file, or write it again: cgp-cred store " + name + " --host HOST (nothing in the keychain is lost)"
}

// SaveError is a config file that can't be written or removed: a full disk, a quota, one that is read-only.
type SaveError struct {
	File string
	Err  error
}

func (e *SaveError) Error() string {
	err := e.Err
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err // not the temporary file's name
	} else if at := (*os.LinkError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Sprintf("%q can't be written: %v", e.File, err)
}

func (e *SaveError) Unwrap() error { return e.Err }

// Hint is where to look.
func (e *SaveError) Hint() string {
	folder := printable.Shell(filepath.Dir(e.File))
	return "check free space and permissions (df " + folder + "; ls -ld " + folder + "), then run the command again"
}

// unsaved makes a SaveError of what went wrong with a file. An unsafe folder says more itself, and nil stays nil.
func unsaved(file string, err error) error {
	if unsafe := (*disk.UnsafeError)(nil); err == nil || errors.As(err, &unsafe) {
		return err
	}
	return &SaveError{File: file, Err: err}
}

// NameError is a name that no profile can have.
type NameError struct{ Name string }

func (e *NameError) Error() string {
	return fmt.Sprintf("profile name %q: it must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit", printable.Text(e.Name))
}

// Hint is the way to the names there are.
func (e *NameError) Hint() string { return "cgp-cred list" }

// NoProfileError is a profile that isn't there, or none that could be chosen.
type NoProfileError struct {
	Name  string   // the name asked for; empty: none was, and there is no default
	Known []string // the profiles there are
	Next  string   // what to do, where it is known better than from these; may be empty
}

func (e *NoProfileError) Error() string {
	switch {
	case e.Name != "" && len(e.Known) == 0:
		return fmt.Sprintf("no such profile: %q (there is none yet)", e.Name)
	case e.Name != "":
		return fmt.Sprintf("no such profile: %q (there are: %s)", e.Name, strings.Join(e.Known, ", "))
	case len(e.Known) == 0:
		return "there is no profile yet"
	}
	return "which profile? there are: " + strings.Join(e.Known, ", ")
}

// Is makes errors.Is(err, ErrNoProfile) true.
func (e *NoProfileError) Is(target error) bool { return target == ErrNoProfile }

// Hint is the command that makes or names a profile.
func (e *NoProfileError) Hint() string {
	switch {
	case e.Next != "":
		return e.Next
	case e.Name != "":
		return fmt.Sprintf("make it: cgp-cred store %s --host HOST, or cgp-cred keygen %s --host HOST --kid KID", e.Name, e.Name)
	case len(e.Known) == 0:
		return "make one: cgp-cred store NAME --host HOST, or cgp-cred keygen NAME --host HOST --kid KID"
	}
	return "name one, set CGP_CRED_PROFILE, or make one the default: cgp-cred store NAME --default"
}

// CoverError is a URL for which there is no credential.
type CoverError struct {
	Origin  string   // scheme and host; a path or query is not repeated; empty: not known
	Problem string   // why
	Profile string   // the profile that was asked for; empty: any
	Tied    []string // the profiles that cover it equally
}

func (e *CoverError) Error() string {
	if len(e.Tied) > 0 {
		return fmt.Sprintf("%s is covered equally by %s", e.Origin, strings.Join(e.Tied, " and "))
	}
	who, where := "no profile covers", ""
	if e.Profile != "" {
		who = fmt.Sprintf("profile %q does not cover", e.Profile)
	}
	if e.Origin != "" {
		where = " on " + e.Origin
	}
	return fmt.Sprintf("%s that URL%s: %s", who, where, e.Problem)
}

// Hint is the next step.
func (e *CoverError) Hint() string {
	if len(e.Tied) > 0 {
		return "name the profile, or set CGP_CRED_PROFILE"
	}
	return "a credential goes to its own host alone: see cgp-cred list"
}
