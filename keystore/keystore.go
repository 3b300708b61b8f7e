// Package keystore keeps a profile's API key and private key where the operating system keeps secrets: one small record
// for each profile, which is read and written as a whole.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Service is the service name of every record in the operating system's keychain. It must never change: users would
// lose the items under the old name. Only tests change it, for users who share one Credential Manager.
var Service = "cgp-cred"

// MaxValue is the largest size of a value, in bytes. Windows takes 2560 bytes. macOS takes 2964 with the longest
// account name, because a command line has at most 4096 characters. The rest is a reserve for a stricter keychain.
const MaxValue = 2400

// Keystore keeps one small ASCII secret for each account. An account is a profile's name, or NAME/token. Errors are
// *[Error], except for a cancelled context and for a value that no keystore accepts.
type Keystore interface {
	// Get returns the value, or [ErrNotFound].
	Get(ctx context.Context, account string) (Secret, error)
	// Set replaces the value. It reads the value back and compares it before it returns nil: a keychain whose prompt
	// was dismissed may report success and store nothing.
	Set(ctx context.Context, account string, value Secret) error
	// Delete removes the value and checks that it is gone. A missing value is [ErrNotFound].
	Delete(ctx context.Context, account string) error
}

// Conditional is a keystore that can compare and write in one step. SetIf is Set if the record's rev is still was,
// which is empty for a new record; otherwise it returns [ErrChanged].
type Conditional interface {
	SetIf(ctx context.Context, account, was string, value Secret) error
}

// Lister is a keystore that can list the accounts that have a value, without reading the values. If this system does
// not support that, it returns [ErrUnlisted].
type Lister interface {
	Accounts(ctx context.Context) ([]string, error)
}

// Limited is a keystore that waits for a keychain, a program or a person. Limit returns the time limit, or an error if
// CGP_CRED_KEYCHAIN_TIMEOUT is not valid.
type Limited interface {
	Limit() (time.Duration, error)
}

// maxAccount is a profile's name of 64 characters, "/token", and some reserve.
const maxAccount = 80

// CheckAccount returns an error for an account name that a keychain would misread: macOS reads a line of commands,
// Windows puts a colon between service and account.
func CheckAccount(account string) error {
	if account == "" || len(account) > maxAccount || account[0] == '-' {
		return fmt.Errorf("account %q: must have 1 to %d characters and not start with a hyphen", account, maxAccount)
	}
	for i := range len(account) {
		c := account[i]
		if ('a' > c || c > 'z') && ('A' > c || c > 'Z') && ('0' > c || c > '9') && c != '.' && c != '_' && c != '-' &&
			c != '/' {
			return fmt.Errorf("account %q: only letters, digits and ._-/ are allowed", account)
		}
	}
	return nil
}

// CheckValue returns nil if every keychain keeps value unchanged: 1 to [MaxValue] bytes of ASCII (KDE's keychain
// replaces all other bytes). The error of a value that is too long is an *[Error] of kind [ErrTooBig].
func CheckValue(account string, value Secret) error {
	b := value.Reveal()
	if len(b) == 0 {
		return errors.New("an empty value can't be stored")
	}
	for _, c := range b {
		if c >= 0x80 || c == 0 {
			return errors.New("only ASCII text can be stored")
		}
	}
	if len(b) > MaxValue {
		return TooBig("set", account, len(b))
	}
	return nil
}

// TooBig returns the error of a value of size bytes.
func TooBig(op, account string, size int) *Error {
	return &Error{
		Kind: ErrTooBig, Op: op, Account: account,
		Detail: fmt.Sprintf("it has %d bytes, the limit is %d", size, MaxValue),
	}
}
