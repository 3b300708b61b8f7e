//go:build unix

package disk

import "os"

// makeOne makes a folder with mode 0700.
func makeOne(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return os.Chmod(path, 0o700) //nolint:gosec // a folder; the umask may have removed the user's own rights
}

// createNew makes a file that must not exist yet (0600), for writing.
func createNew(path string, _ bool) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL | noFollow
	return os.OpenFile(path, flags, 0o600) //nolint:gosec // the caller's own file
}

// closeFolder takes other users' rights to a folder.
func closeFolder(path string) error { return os.Chmod(path, 0o700) } //nolint:gosec // a folder
