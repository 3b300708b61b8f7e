//go:build !linux

package keystoretest

import "testing"

// Password unlocks the keyring of [StartKeyring].
const Password = "correct horse"

// Keyring is a test's keyring, which only Linux has.
type Keyring struct {
	Address string
	Folder  string
	Env     []string
}

// StartKeyring skips the test: the keychain of this system is the user's.
func StartKeyring(t testing.TB) *Keyring {
	t.Helper()
	Require(t, Linux)
	return nil
}

// StartLockedKeyring skips the test.
func StartLockedKeyring(t testing.TB) *Keyring { return StartKeyring(t) }

// StartKeePassXC skips the test.
func StartKeePassXC(t testing.TB, _ bool) *Keyring { return StartKeyring(t) }

// StartBus skips the test.
func StartBus(t testing.TB) *Keyring { return StartKeyring(t) }

// Lock is never reached.
func (*Keyring) Lock(testing.TB) {}

// Unlock is never reached.
func (*Keyring) Unlock(testing.TB) {}

// Locked is never reached.
func (*Keyring) Locked() bool { return true }

// Items is never reached.
func (*Keyring) Items(testing.TB, string, string) int { return 0 }

// Fault is what happens to a keyring.
type Fault string

// Gate is never reached.
func (*Keyring) Gate(testing.TB, string, Fault) string { return "" }

// Fault is never reached.
func (*Keyring) Fault(testing.TB, Fault) func() { return nil }

// Repair is never reached.
func (*Keyring) Repair(testing.TB, Fault) {}

// Person sees a keyring's prompts.
type Person struct{}

// Sit is never reached.
func (*Keyring) Sit(testing.TB, bool) *Person { return nil }

// Seen is never reached.
func (*Person) Seen() int { return 0 }
