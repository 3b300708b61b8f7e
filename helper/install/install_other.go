//go:build !windows

package install

// Offer returns false: install.sh installs on this system.
func Offer() bool { return false }

// Install returns [ErrElsewhere].
func Install(string) (Done, error) { return Done{}, ErrElsewhere }

// Remove returns [ErrElsewhere].
func Remove() (Done, error) { return Done{}, ErrElsewhere }
