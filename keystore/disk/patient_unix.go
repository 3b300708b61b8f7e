//go:build unix

package disk

import "os"

// rename gives a file another name, and replaces what has that name.
func rename(from, to string) error { return os.Rename(from, to) }

// remove removes a file or an empty folder.
func remove(path string) error { return os.Remove(path) }
