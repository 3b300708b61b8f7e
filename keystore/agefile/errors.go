package agefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/age"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// The kinds of error, with texts about encrypted files.
var (
	errLocked    = keystore.InOtherWords(keystore.ErrLocked, "the passphrase is needed")
	errWrong     = keystore.InOtherWords(keystore.ErrDenied, "the passphrase is wrong")
	errIdentity  = keystore.InOtherWords(keystore.ErrDenied, "the identity file can't be used")
	errUnusable  = keystore.InOtherWords(keystore.ErrUnavailable, "the encrypted file can't be used")
	errLate      = keystore.InOtherWords(keystore.ErrTimeout, "no passphrase came in time")
	errBusy      = keystore.InOtherWords(keystore.ErrTimeout, "another cgp-cred holds the encrypted files")
	errNoPhrase  = keystore.InOtherWords(keystore.ErrDenied, "the passphrase can't be used")
	errForbidden = keystore.InOtherWords(keystore.ErrUnavailable,
		"GODEBUG=fips140=only does not allow the ciphers of encrypted files")
	errNotUnlocked = keystore.InOtherWords(keystore.ErrLocked, "the identity of the encrypted files is missing")
)

// damaged returns the error of a file that was changed after it was written.
func damaged(why string) *keystore.Error {
	return &keystore.Error{Kind: keystore.ErrCorrupt, Detail: why}
}

// forbidden returns the error of the FIPS 140-only mode, which allows no decryption or encryption.
func forbidden() error {
	return &keystore.Error{
		Kind: errForbidden,
		Next: "run the command without GODEBUG=fips140=only; for a profile that must work with it: cgp-cred store " +
			"PROFILE --host HOST --keystore keychain",
	}
}

// explain turns any error with an account into an error of the keystore; nil stays nil.
func (s *store) explain(op, account string, err error) error {
	var e *keystore.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &e):
		named := *e
		named.Op, named.Account = op, account
		if errors.Is(e.Kind, keystore.ErrCorrupt) && e.Next == "" {
			named.Next = fmt.Sprintf("restore from a backup: %s\nor begin again: cgp-cred logout %s",
				printable.Shell(s.file(account), s.identityFile()), account)
		}
		return &named
	case errors.Is(err, fs.ErrNotExist) && op != "set":
		return &keystore.Error{
			Kind: keystore.ErrNotFound, Op: op, Account: account,
			Next: "if there is a backup, restore the file: " + printable.Shell(s.file(account)),
		}
	case errors.Is(err, context.DeadlineExceeded):
		return &keystore.Error{
			Kind: errBusy, Op: op, Account: account,
			Next: "it may wait for a passphrase: answer it, or end it, and run the command again",
		}
	}
	if u := unsafeError(err); u != nil {
		return &keystore.Error{
			Kind: fmt.Errorf("%w: %w", keystore.ErrDenied, u), Op: op, Account: account,
			Next: strings.Join(u.FaultHints(), "\n"),
		}
	}
	return &keystore.Error{
		Kind: errUnusable, Op: op, Account: account, Detail: err.Error(),
		Next: disk.WriteHint(filepath.Join(s.o.Folder, "x")),
	}
}

func unsafeError(err error) *disk.UnsafeError {
	var u *disk.UnsafeError
	if errors.As(err, &u) {
		return u
	}
	return nil
}

// reason returns why age could not decrypt a file.
func reason(err error) string {
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return "it is damaged, or encrypted for another identity"
	}
	return err.Error()
}

// parseVersion reads a version in the form that cgp-cred writes; anything else is 0.
func parseVersion(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || strconv.Itoa(n) != s {
		return 0
	}
	return n
}
