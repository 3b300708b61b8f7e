//go:build !linux

package keystoretest

import "testing"

func onlyLinux(t testing.TB) *Keyring {
	t.Helper()
	Require(t, Linux)
	return nil
}

// StartLockedKeyring skips the test.
func StartLockedKeyring(t testing.TB) *Keyring { return onlyLinux(t) }

// StartKeePassXC skips the test.
func StartKeePassXC(t testing.TB, _ bool) *Keyring { return onlyLinux(t) }

// StartBus skips the test.
func StartBus(t testing.TB) *Keyring { return onlyLinux(t) }

// Lock skips the test.
func (*Keyring) Lock(t testing.TB) { onlyLinux(t) }

// Unlock skips the test.
func (*Keyring) Unlock(t testing.TB) { onlyLinux(t) }

// Locked is never reached.
func (*Keyring) Locked() bool { return true }

// Fault is what happens to a keyring.
type Fault string

// Gate skips the test.
func (*Keyring) Gate(t testing.TB, _ string, _ Fault) string {
	onlyLinux(t)
	return ""
}

// Fault is never reached.
func (*Keyring) Fault(testing.TB, Fault) func() { return nil }

// Repair is never reached.
func (*Keyring) Repair(testing.TB, Fault) {}

// Person sees a keyring's prompts.
type Person struct{}

// Sit skips the test.
func (*Keyring) Sit(t testing.TB, _ bool) *Person {
	onlyLinux(t)
	return nil
}

// Seen is never reached.
func (*Person) Seen() int { return 0 }
