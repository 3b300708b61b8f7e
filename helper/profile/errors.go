package profile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/nearest"
	"cgp-cred/keystore/printable"
)

// badFile returns the error for a config file that can't be used because of a line; 0: unknown.
func badFile(file string, line int, format string, args ...any) error {
	const hint = "fix the file, or recreate it: cgp-cred store PROFILE --default"
	if line > 0 {
		file = fmt.Sprintf("%s:%d", file, line)
	}
	return fault.New(fault.Usage, hint, "%s: %s", file, fmt.Sprintf(format, args...))
}

// damaged returns the error of p's file with a hint to make the file again from the record. The file may have been read
// only in part.
func (p *Profile) damaged(err error) error {
	if p.System {
		return &fault.Error{
			Class: fault.Usage, What: err.Error(), Hints: []string{askAdministrator(p.File)}, Err: ErrDamaged,
		}
	}
	flags := ""
	switch p.Keystore {
	case File:
		flags = " " + p.Location().Flags()
	case Exec: // the command in a damaged file may be another user's
		flags = " --keystore exec --keystore-command COMMAND"
	}
	hint := "fix the file, or recreate it: cgp-cred store " + p.Name + flags + " (the stored credential is not lost)"
	return &fault.Error{Class: fault.Usage, What: err.Error(), Hints: fault.Lines(hint), Err: ErrDamaged}
}

// NoProfileError says that a profile does not exist, or that none could be chosen.
type NoProfileError struct {
	Name  string   // the name asked for; empty: no name was given, and there is no default
	Known []string // the existing profiles
	Next  string   // a better hint than one made from these; may be empty

	Folder string // where it was looked for; empty: in no folder
}

func (e *NoProfileError) Error() string {
	switch {
	case e.Name != "" && len(e.Known) == 0:
		if e.Folder != "" {
			return fmt.Sprintf("no profile named %q (no profiles exist yet in %s)", e.Name, printable.Text(e.Folder))
		}
		return fmt.Sprintf("no profile named %q (no profiles exist yet)", e.Name)
	case e.Name != "":
		return fmt.Sprintf("no profile named %q (existing profiles: %s)", e.Name, strings.Join(e.Known, ", "))
	case len(e.Known) == 0:
		return "there is no profile yet"
	}
	return "no profile was chosen (existing profiles: " + strings.Join(e.Known, ", ") + ")"
}

// Is makes errors.Is(err, ErrNoProfile) true.
func (e *NoProfileError) Is(target error) bool { return target == ErrNoProfile }

// FaultClass returns [fault.None].
func (e *NoProfileError) FaultClass() fault.Class { return fault.None }

// FaultHints returns the command that creates or names a profile.
func (e *NoProfileError) FaultHints() []string {
	if e.Next != "" {
		return fault.Lines(e.Next)
	}
	var hints []string
	if job, ok := batch.Current(); ok && len(e.Known) == 0 { // its home is another one than on the login node
		hints = job.Carry(e.Name)[:1]
	}
	hints = append(hints, e.hint())
	if e.Folder == "" {
		return hints
	}
	return append(hints, whereLooked(e.Folder)...)
}

// whereLooked says in which folder profiles were looked for, and why it may be another one than the user expects: under
// sudo, in cron, with a ~ that no shell has replaced.
func whereLooked(folder string) []string {
	where := "profiles are looked for in " + printable.Text(folder)
	hints := []string{where + "; for another place set XDG_CONFIG_HOME"}
	if value := os.Getenv("XDG_CONFIG_HOME"); value != "" && !filepath.IsAbs(value) {
		hints[0] = fmt.Sprintf("%s: XDG_CONFIG_HOME is %q, which is not an absolute path, so it is not used; "+
			"write the whole path", where, printable.Text(value))
	}
	if user := os.Getenv("SUDO_USER"); user != "" && user != "root" && os.Geteuid() == 0 {
		hints = append(hints, "sudo looks for root's profiles: run the command without sudo, as "+printable.Text(user))
	}
	return hints
}

func (e *NoProfileError) hint() string {
	switch {
	case e.Name != "":
		return e.create()
	case len(e.Known) == 0:
		return "create one: cgp-cred store NAME --host HOST, or cgp-cred keygen NAME --host HOST --kid KID"
	}
	return "name one, set CGP_CRED_PROFILE, or make one the default: cgp-cred store " + e.Known[0] + " --default"
}

// create returns the hint for a name that no profile has.
func (e *NoProfileError) create() string {
	if like := nearest.Name(e.Name, e.Known...); like != "" {
		return "did you mean " + like + "?"
	}
	if host, err := apim.ParseHost(e.Name); err == nil && strings.Contains(e.Name, ".") {
		return "a URL begins with https://: " + urlOf(host, e.Name)
	}
	host, kid := "HOST", "KID"
	if _, err := apim.ParseHost(e.Name); err == nil { // it is an environment's name
		host, kid = e.Name, e.Name+"-1"
	}
	return fmt.Sprintf("create it: cgp-cred store %[1]s --host %[2]s, "+
		"or cgp-cred keygen %[1]s --host %[2]s --kid %[3]s", e.Name, host, kid)
}

// CoverError says that no credential covers a URL.
type CoverError struct {
	Origin  string   // scheme and host, without path and query; empty: not known
	Problem string   // why
	Profile string   // the profile that was asked for; empty: any
	Tied    []string // the profiles that cover it equally
	Next    string   // a better hint; may be empty
	Near    bool     // its host is a profile's, but the port, scheme or path is not
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
	if e.Next != "" {
		return []string{e.Next}
	}
	return []string{"a credential goes only to its own host: see cgp-cred list"}
}
