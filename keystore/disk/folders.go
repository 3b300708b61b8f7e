// Package disk keeps small files that other users must not write: it finds the user's folders, checks who owns them,
// and reads, writes and locks files. A file or folder that another user could have written is an [UnsafeError].
package disk

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
)

// own is the name of cgp-cred's folders.
const own = "cgp-cred"

// Folders are this user's folders for cgp-cred. Each ends in "cgp-cred" and may not exist yet. A folder is empty if the
// environment does not say which it is.
type Folders struct {
	Config string // profiles, no secrets
	State  string // the cache's sealing key
	Data   string // encrypted files
	// locks and other short-lived files; the same as State if the system has no private runtime folder for this user
	Runtime string
}

// ErrNoHome is the error if neither HOME nor XDG_CONFIG_HOME names an absolute folder.
var ErrNoHome error = noHomeError{}

type noHomeError struct{}

func (noHomeError) Error() string { return "neither HOME nor XDG_CONFIG_HOME names an absolute folder" }

// FaultClass returns [fault.Usage].
func (noHomeError) FaultClass() fault.Class { return fault.Usage }

// FaultHints returns what to set.
func (noHomeError) FaultHints() []string {
	hints := []string{
		"set HOME to your home folder, or give the credential in the environment: CGP_CRED_HOST and CGP_CRED_API_KEY",
	}
	if job, ok := batch.Current(); ok {
		hints = append(job.Carry(""), hints...)
	}
	return hints
}

// UserFolders returns this user's folders by the XDG Base Directory Specification, and creates nothing. A relative path
// counts as unset, as the specification says: XDG_RUNTIME_DIR=run means /run/user/UID, and on Linux so does ~/run. It
// uses a runtime folder only if that exists, belongs to this user and is closed to others. If Config is unknown, it
// returns [ErrNoHome] together with the folders that are known.
func UserFolders() (Folders, error) {
	locate.Lock()
	if now := environment(); now != located { // the environment has changed since the program began
		if err := reload(now); err != nil {
			locate.Unlock()
			return Folders{}, Unreadable(err)
		}
		located = now
	}
	base := bases(located)
	env := located
	locate.Unlock()

	home := filepath.IsAbs(env.home) || runtime.GOOS == "windows" // Windows asks the system, not HOME
	f := Folders{
		Config: within(base.Config, home || filepath.IsAbs(env.config)),
		State:  within(base.State, home || filepath.IsAbs(env.state)),
		Data:   within(base.Data, home || filepath.IsAbs(env.data)),
	}
	f.Runtime = f.State
	if private(base.Runtime) {
		f.Runtime = filepath.Join(base.Runtime, own)
	}
	if f.Config == "" {
		return f, ErrNoHome
	}
	return f, nil
}

// within returns cgp-cred's folder in base, or "" if base is not known: without HOME the library answers with /.config.
func within(base string, known bool) string {
	if !known || !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, own)
}

// variables are the environment variables that decide on the folders.
type variables struct{ home, config, state, data, runtime string }

func environment() variables {
	return variables{
		home:    os.Getenv("HOME"),
		config:  os.Getenv("XDG_CONFIG_HOME"),
		state:   os.Getenv("XDG_STATE_HOME"),
		data:    os.Getenv("XDG_DATA_HOME"),
		runtime: os.Getenv("XDG_RUNTIME_DIR"),
	}
}

var (
	locate  sync.Mutex // guards located and the library's variables
	located = firstEnvironment()
)
