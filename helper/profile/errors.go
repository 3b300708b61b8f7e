package profile

import (
	"fmt"
	"path/filepath"
	"strings"

	"cgp-cred/keystore/fault"
)

// badFile returns the error of a config file with something at a line that can't be used; 0: unknown.
func badFile(file string, line int, format string, args ...any) error {
	hint := "fix the file, or write it again: cgp-cred store PROFILE --default"
	if filepath.Base(filepath.Dir(file)) == "profiles" {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		hint = "fix the file, or write it again: cgp-cred store " + name +
			" --host HOST (nothing in the keychain is lost)"
	}
	if line > 0 {
		file = fmt.Sprintf("%s:%d", file, line)
	}
	return fault.New(fault.Usage, hint, "%s: %s", file, fmt.Sprintf(format, args...))
}

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

// FaultClass returns [fault.None].
func (e *NoProfileError) FaultClass() fault.Class { return fault.None }

// FaultHints returns the command that makes or names a profile.
func (e *NoProfileError) FaultHints() []string {
	if e.Next != "" {
		return fault.Lines(e.Next)
	}
	return []string{e.hint()}
}

func (e *NoProfileError) hint() string {
	switch {
	case e.Name != "":
		return fmt.Sprintf("make it: cgp-cred store %s --host HOST, or cgp-cred keygen %s --host HOST --kid KID",
			e.Name, e.Name)
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

// FaultClass returns [fault.None].
func (e *CoverError) FaultClass() fault.Class { return fault.None }

// FaultHints returns the next step.
func (e *CoverError) FaultHints() []string {
	if len(e.Tied) > 0 {
		return []string{"name the profile, or set CGP_CRED_PROFILE"}
	}
	return []string{"a credential goes only to its own host: see cgp-cred list"}
}
