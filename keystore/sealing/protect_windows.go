package sealing

import (
	"bytes"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// protects is true: the Data Protection API encrypts with a key that follows from the user's logon.
const protects = true

// purpose is the API's optional entropy: the key is not opened by a program that opens whatever it finds.
var purpose = []byte("cgp-cred sealing key 1")

func protect(plain []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptProtectData(blob(plain), nil, blob(purpose), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return nil, fmt.Errorf("the sealing key was not protected by Windows: %w", err)
	}
	return taken(out), nil
}

func unprotect(sealed []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptUnprotectData(
		blob(sealed), nil, blob(purpose), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return nil, fmt.Errorf("%w: Windows did not open it: %w", ErrNoKey, err)
	}
	key := taken(out)
	if len(key) != sealingKeySize {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrNoKey, len(key))
	}
	return key, nil
}

func blob(b []byte) *windows.DataBlob {
	if len(b) == 0 {
		return &windows.DataBlob{}
	}
	return &windows.DataBlob{Size: uint32(len(b)), Data: &b[0]} //nolint:gosec // at most maxProtected
}

// taken copies what the system has allocated, and frees it.
func taken(out windows.DataBlob) []byte {
	given := unsafe.Slice(out.Data, out.Size) //nolint:gosec // as the system says
	b := bytes.Clone(given)
	clear(given)
	//nolint:gosec // the handle is the address; a failure is no loss, the process is short
	_, _ = windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return b
}
