//go:build unix

package disk

import "os"

// patient calls call once: on Unix no program keeps another from opening or replacing a file.
func patient(call func() error) error { return call() }

// openFile opens a file that exists.
func openFile(path string, flags int) (*os.File, error) {
	return os.OpenFile(path, flags, 0) //nolint:gosec // the caller's file
}

// rename gives a file another name, and replaces what has that name.
func rename(from, to string) error { return os.Rename(from, to) }

// removeAll removes a folder and what is in it.
func removeAll(path string) error { return os.RemoveAll(path) }

// remove removes a file or an empty folder.
func remove(path string) error { return os.Remove(path) }
