package printable

import (
	"errors"
	"io/fs"
	"strings"
)

// NoFile returns the text for an error of opening a file that the user named. It does not repeat a name that looks like
// the content of such a file: a user may give a key instead of the key's file, and the key must not get into a log.
func NoFile(err error) string {
	var path *fs.PathError
	if !errors.As(err, &path) || !ValueLike(path.Path) {
		return err.Error()
	}
	return "it looks like the content of a file, not like its name: " + path.Err.Error()
}

// ValueLike reports whether a name is a text of several lines, a bundle, or a word as long as a key without the
// characters that paths have.
func ValueLike(name string) bool {
	const longest, shortKey = 512, 16
	switch {
	case strings.ContainsAny(name, "\r\n"), len(name) > longest,
		strings.HasPrefix(name, "-----BEGIN"), strings.HasPrefix(name, "cgpcred1."):
		return true
	}
	return len(name) >= shortKey && !strings.ContainsAny(name, `/\.`)
}
