package printable

import "runtime"

// Command lines of the usual tools, for hints: a POSIX shell's, and on Windows those that both cmd and PowerShell have.

// Look returns the command that shows who may do what with a file or folder.
func Look(path string) string { return choose([]string{"ls", "-ld", path}, []string{"icacls", path}) }

// List returns the command that shows a file, its size and its age.
func List(path string) string { return choose([]string{"ls", "-l", path}, []string{"dir", path}) }

// Space returns the command that shows the free space of a folder's disk.
func Space(folder string) string { return choose([]string{"df", folder}, []string{"dir", folder}) }

// Remove returns the command that removes a file.
func Remove(path string) string { return choose([]string{"rm", path}, []string{"del", path}) }

// Move returns the command that gives a file or folder another name.
func Move(from, to string) string {
	return choose([]string{"mv", from, to}, []string{"move", from, to})
}

// MakeFolder returns the command that makes a folder, on Unix with a mode.
func MakeFolder(mode, path string) string {
	return choose([]string{"mkdir", "-m", mode, path}, []string{"mkdir", path})
}

func choose(posix, windows []string) string {
	if runtime.GOOS == "windows" {
		return Shell(windows...)
	}
	return Shell(posix...)
}
