//go:build unix && !darwin

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/adrg/xdg"

	"cgp-cred/keystore/disk/xdginit"
)

// firstEnvironment returns the environment that the library's init saw, or would have seen without xdginit.
func firstEnvironment() variables {
	xdginit.Done()
	return environment()
}

// configHome returns the folder that holds the config folder. The library's own value is wrong until it is reloaded:
// see xdginit.
func configHome(env variables) string {
	if filepath.IsAbs(env.config) {
		return env.config
	}
	return filepath.Join(env.home, ".config")
}

// bases returns the folders that hold cgp-cred's folders. The library expands ~ and $HOME in a variable; a shell that
// did not expand them meant a relative path, so such a value counts as unset.
func bases(env variables) Folders {
	absolute := func(value, library, usual string) string {
		if filepath.IsAbs(value) {
			return library
		}
		return usual
	}
	return Folders{
		Config:  configHome(env),
		State:   absolute(env.state, xdg.StateHome, filepath.Join(env.home, ".local", "state")),
		Data:    absolute(env.data, xdg.DataHome, filepath.Join(env.home, ".local", "share")),
		Runtime: runtimeFolder(env.runtime),
	}
}

// RuntimeFolder returns XDG_RUNTIME_DIR, or the folder that systemd and elogind set it to. A relative path counts as
// unset, as the XDG Base Directory Specification says.
func RuntimeFolder() string { return runtimeFolder(os.Getenv("XDG_RUNTIME_DIR")) }

func runtimeFolder(value string) string {
	if filepath.IsAbs(value) {
		return value
	}
	return filepath.Join("/run/user", strconv.Itoa(os.Geteuid()))
}

// reload makes the library read the environment again. The library also opens user-dirs.dirs, of whatever kind it is,
// so reload checks that it is a small regular file first.
func reload(env variables) error {
	path := filepath.Join(configHome(env), "user-dirs.dirs")
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return irregular(path)
	case err == nil && info.Size() > maxUserDirs:
		return &fs.PathError{Op: "read", Path: path, Err: ErrTooLong}
	}
	xdg.Reload()
	return nil
}

// maxUserDirs limits the library's file, in bytes: it has eight lines.
const maxUserDirs = 64 << 10
