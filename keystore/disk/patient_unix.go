//go:build unix

package disk

import "os"

// rename gives a file another name, and replaces what has that name.
func rename(from, to string) error { return os.Rename(from, to) }

// removeAll removes a folder and what is in it.
func removeAll(path string) error { return os.RemoveAll(path) }

// remove removes a file or an empty folder.
func remove(path string) error { return os.Remove(path) }
