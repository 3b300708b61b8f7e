package printable

import "runtime"

// The commands of hints, as the system's usual shell takes them: PowerShell's also work in cmd, except its quotes.

// Look returns the command that shows who owns a file or folder and who may use it.
func Look(path string) string { return here.look(path) }

// Space returns the commands that show the free space of a folder's disk, and who may write the folder.
func Space(folder string) string { return here.space(folder) }

// Remove returns the command that removes a file.
func Remove(path string) string { return here.line([]string{here.remove, path}) }

// Move returns the command that gives a file or folder another name.
func Move(from, to string) string { return here.line([]string{here.move, from, to}) }

// Replace returns the commands that put a copy of what a link leads to in its place.
func Replace(link string, folder bool) string { return here.replace(link, folder) }

// MakeFolder returns the command that makes a folder with a mode, which Windows does not have.
func MakeFolder(path, mode string) string { return here.makeFolder(path, mode) }

// InShell returns the command that runs what only a shell knows, with cgp-cred's options in between.
func InShell() string { return here.shell }

// SetClock returns the commands that set the machine's clock by the network's.
func SetClock() string { return here.clock }

// commands are those of a kind of system.
type commands struct {
	syntax

	windows             bool
	remove, move, shell string
	clock               string
}

var (
	unixCommands = commands{
		posix, false, "rm", "mv", "cgp-cred exec -- sh -c '...'", "timedatectl set-ntp true; WSL: sudo hwclock -s",
	}
	windowsCommands = commands{
		powerShell, true, "del", "move", "cgp-cred exec -- cmd /c '...'", "as administrator: w32tm /resync",
	}

	here = commandsOf(runtime.GOOS)
)

func commandsOf(system string) commands {
	c := unixCommands
	switch system {
	case "windows":
		c = windowsCommands
	case "darwin":
		c.clock = "sudo sntp -sS time.apple.com"
	}
	return c
}

func (c commands) look(path string) string {
	if c.windows {
		return c.line([]string{"icacls", path})
	}
	return c.line([]string{"ls", "-ld", path})
}

func (c commands) space(folder string) string {
	if c.windows {
		return c.line([]string{"dir", folder}) + "; " + c.look(folder)
	}
	return c.line([]string{"df", folder}) + "; " + c.look(folder)
}

func (c commands) makeFolder(path, mode string) string {
	if c.windows {
		return c.line([]string{"mkdir", path})
	}
	return c.line([]string{"mkdir", "-m", mode, path})
}

func (c commands) replace(link string, folder bool) string {
	q, copied := c.line([]string{link}), c.line([]string{link + ".copy"})
	switch {
	case c.windows && folder:
		return "Copy-Item -Recurse " + q + " " + copied + "; cmd /c rmdir " + q + "; move " + copied + " " + q
	case c.windows:
		return "copy " + q + " " + copied + "; del " + q + "; move " + copied + " " + q
	case folder:
		return "cp -RL " + q + " " + copied + " && rm " + q + " && mv " + copied + " " + q
	default:
		return "cp " + q + " " + copied + " && mv " + copied + " " + q
	}
}
