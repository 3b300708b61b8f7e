package printable

import (
	"errors"
	"io/fs"
	"strings"
)

// NoFile words the error of opening a file that the user named. A name that looks like what the file should hold is not
// repeated: a key that was given in the place of its file would stand in a log.
func NoFile(err error) string {
	var path *fs.PathError
	if !errors.As(err, &path) || !ValueLike(path.Path) {
		return err.Error()
	}
	return "it names no file, and looks like what should be in one: " + path.Err.Error()
}

// ValueLike reports that a name is a text of several lines, a bundle, or a word as long as a key is and without
// anything that paths have.
func ValueLike(name string) bool {
	const longest, shortKey = 512, 16
	switch {
	case strings.ContainsAny(name, "\r\n"), strings.HasPrefix(name, "-----BEGIN"), strings.HasPrefix(name,
		"cgpcred1."), len(name) > longest:
		return true
	}
	return len(name) >= shortKey && !strings.ContainsAny(name, `/\.`)
}
