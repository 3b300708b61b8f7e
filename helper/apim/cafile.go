package apim

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// maxCAFile is the largest file of roots that is read, in bytes: all the roots of a system are a quarter of a MiB.
const maxCAFile = 4 << 20

// given holds the files of roots that came through a descriptor: a descriptor can be read only once, and a command
// makes several clients.
var given sync.Map

// ReadCAFile reads a file of PEM roots. It refuses a file that another user can write: that user could choose the
// servers that cgp-cred trusts.
func ReadCAFile(file string) ([]byte, error) {
	if known, ok := given.Load(file); ok {
		pem, _ := known.([]byte)
		return pem, nil
	}
	raw, err := disk.ReadTrusted(file, maxCAFile, keystore.InputWait)
	if err != nil {
		return nil, caFileError(file, err)
	}
	pem, err := caText(file, raw)
	if err != nil {
		return nil, err
	}
	if disk.Descriptor(file) {
		given.Store(file, pem)
	}
	return pem, nil
}

// checkSystemRoots checks the files of roots that the environment names: crypto/x509 reads them itself, of any kind and
// without a time limit. On macOS and Windows it uses the system's store instead.
func checkSystemRoots() error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		if err := disk.CheckTrusted(file, maxCAFile); err != nil {
			return caFileError(file, err)
		}
	}
	for folder := range strings.SplitSeq(os.Getenv("SSL_CERT_DIR"), ":") {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // x509 skips it too
		}
		for _, e := range entries {
			file := filepath.Join(folder, e.Name())
			if e.IsDir() {
				continue
			}
			err := disk.CheckTrusted(file, maxCAFile)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EISDIR) {
				return caFileError(file, err)
			}
		}
	}
	return nil
}

// caHint says how to name a file of roots.
const caHint = "name a PEM file with --ca-file, CGP_CRED_CA_FILE or SSL_CERT_FILE, or unset them"

// badCAFile returns the error for a file of roots that can't be used.
func badCAFile(file, problem, hint string) error {
	return fault.New(fault.Usage, hint, "CA file %q: %s", file, problem)
}

func caFileError(file string, err error) error {
	var unsafe *disk.UnsafeError
	var at *fs.PathError
	switch {
	case errors.As(err, &unsafe):
		return badCAFile(
			file, "other users could choose which servers cgp-cred trusts: "+unsafe.Error(),
			fault.HintOf(unsafe, "")+"\nor name a copy of your own with --ca-file, CGP_CRED_CA_FILE or SSL_CERT_FILE",
		)
	case errors.Is(err, disk.ErrTooLong):
		return badCAFile(file, "it has more than 4 MiB", caHint)
	case errors.As(err, &at):
		return badCAFile(file, "it can't be read: "+at.Err.Error(), fault.HintOf(at.Err, caHint))
	}
	return err
}
