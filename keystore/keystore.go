// Package keystore keeps a profile's API key and private key where the operating system keeps secrets: one small record
// for each profile, read and changed whole.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Service is the service name of every record in the operating system's keychain. It is a stable contract: an item
// under another name would be lost to its user.
const Service = "cgp-cred"

// MaxValue is the most bytes that one value may have. Windows takes 2560 bytes and macOS, through one command line of
// 4096 characters, 2964 with the longest account name; the rest is room for one that is stricter.
const MaxValue = 2400

// Keystore keeps one small ASCII secret per account. An account is a profile's name, or NAME/token.
// Errors are *[Error], but for a cancelled context and for values that no keystore takes.
type Keystore interface {
	// Get returns the value; absent: [ErrNotFound].
	Get(ctx context.Context, account string) (Secret, error)
	// Set replaces the value. It reads back and compares before it returns nil, because a keychain whose prompt was
	// dismissed may report success and store nothing.
	Set(ctx context.Context, account string, value Secret) error
	// Delete removes the value and confirms that it is gone; absent: [ErrNotFound].
	Delete(ctx context.Context, account string) error
}

// Conditional is a keystore that can compare and write in one step: SetIf is Set if the record's rev is still was,
// empty if there is none yet, and [ErrChanged] otherwise.
type Conditional interface {
	SetIf(ctx context.Context, account, was string, value Secret) error
}

// Lister is a keystore that can say which accounts have a value: no value is read for it. One that can't on this system
// is [ErrUnlisted].
type Lister interface {
	Accounts(ctx context.Context) ([]string, error)
}

// Limited is a keystore that waits for someone else's answer: a keychain's, a program's, a person's. Limit is for how
// long; an error is what is wrong with CGP_CRED_KEYCHAIN_TIMEOUT.
type Limited interface {
	Limit() (time.Duration, error)
}

// maxAccount is a profile's name of 64 characters with "/token", and some room.
const maxAccount = 80

// CheckAccount returns an error for an account name that some keychain would misread: macOS reads a line of commands,
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

// CheckValue returns nil where every keychain keeps value unchanged: 1 to [MaxValue] bytes of ASCII (KDE's replaces
// each other byte). Too long is an *[Error] of kind [ErrTooBig].
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
