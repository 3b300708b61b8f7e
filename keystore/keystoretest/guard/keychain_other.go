//go:build !windows

package guard

// keychain does nothing: the session bus leads to the test's keyring.
func keychain() {}
