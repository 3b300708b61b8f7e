package apim

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// maxCAFile is the most that is read of a file of roots, in bytes: all the roots of a system are a quarter of a MiB.
const maxCAFile = 4 << 20

// given are the files of roots that came through a descriptor, which can be read once only; a command makes several
// clients.
var given sync.Map

// ReadCAFile reads a file of PEM roots. One that another user can write decides whom we trust, and is refused. Errors are
// a *[CAFileError].
func ReadCAFile(file string) ([]byte, error) {
	if known, ok := given.Load(file); ok {
		pem, _ := known.([]byte)
		return pem, nil
	}
	pem, err := disk.ReadTrusted(file, maxCAFile, keystore.InputWait)
	if err != nil {
		return nil, caFileError(file, err)
	}
	if disk.Descriptor(file) {
		given.Store(file, pem)
	}
	return pem, nil
}

// CAFileError is a file of roots that can't be used.
type CAFileError struct {
	File, Problem string

	next string
}

func (e *CAFileError) Error() string { return fmt.Sprintf("CA file %q: %s", e.File, e.Problem) }

// Hint is how to make the file safe, or says where its name came from.
func (e *CAFileError) Hint() string {
	if e.next != "" {
		return e.next
	}
	return "name a PEM file with --ca-file, CGP_CRED_CA_FILE or SSL_CERT_FILE, or unset them"
}

func caFileError(file string, err error) error {
	var unsafe *disk.UnsafeError
	var at *fs.PathError
	switch {
	case errors.As(err, &unsafe):
		return &CAFileError{
			File: file, Problem: "others could choose whom cgp-cred trusts: " + unsafe.Error(),
			next: unsafe.Hint() + "\nor name a copy of your own with --ca-file, CGP_CRED_CA_FILE or SSL_CERT_FILE",
		}
	case errors.Is(err, disk.ErrTooLong):
		return &CAFileError{File: file, Problem: "it has more than 4 MiB"}
	case errors.As(err, &at):
		return &CAFileError{File: file, Problem: "it can't be read: " + at.Err.Error(), next: disk.InputHint(at.Err, "")}
	}
	return err
}
