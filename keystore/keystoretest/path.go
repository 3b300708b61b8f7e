package keystoretest

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// Abs returns a path that begins with a slash as an absolute path of this system: on Windows one on drive C.
func Abs(path string) string {
	if runtime.GOOS == "windows" {
		return "C:" + path
	}
	return path
}

// FileURL returns the URL of a file or folder of this machine.
func FileURL(path string) string {
	if runtime.GOOS == "windows" {
		return "file:///" + filepath.ToSlash(path)
	}
	return "file://" + path
}

// Names reports whether a message names a file, or one in that folder. In quotes a backslash is written twice.
func Names(message, path string) bool {
	return strings.Contains(message, path) || strings.Contains(message, strings.Trim(strconv.Quote(path), `"`))
}

// Symlink makes a symbolic link. On Windows it skips the test if it can't: users need a right for that, and wine says
// that it made one when it did not.
func Symlink(t testing.TB, target, link string) {
	t.Helper()
	err := os.Symlink(target, link)
	if err == nil {
		_, err = os.Lstat(link)
	}
	if err == nil {
		return
	}
	if runtime.GOOS == "windows" {
		Cannot(t, "symbolic links")
	}
	t.Fatal(err)
}
