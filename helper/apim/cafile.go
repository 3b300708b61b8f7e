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
	if file := os.Getenv("SSL_CERT_FILE"); file != "" && !gone(file) {
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

// gone reports whether no file has this path. It is false if another user could make that file before it is read.
func gone(path string) bool {
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return false
	}
	var unsafe *disk.UnsafeError
	return !errors.As(disk.CheckTrusted(path, maxCAFile), &unsafe)
}

// rootsGone returns the variables of roots that name only what does not exist, each with its value. Environments that
// were moved or left do that: conda's, and a container that inherits its host's variables.
func rootsGone() (names, values []string) {
	if file := os.Getenv("SSL_CERT_FILE"); file != "" && gone(file) {
		names, values = append(names, "SSL_CERT_FILE"), append(values, file)
	}
	folders := os.Getenv("SSL_CERT_DIR")
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" || strings.Trim(folders, ":") == "" {
		return names, values
	}
	for folder := range strings.SplitSeq(folders, ":") {
		if folder != "" && !gone(folder) {
			return names, values
		}
	}
	return append(names, "SSL_CERT_DIR"), append(values, folders)
}

// systemRoots are the files in which systems keep their roots, as crypto/x509 knows them. It reads none of them if
// SSL_CERT_FILE is set.
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	"/usr/local/etc/ssl/cert.pem",
}

// readSystemRoots returns the first file of the system's roots that can be read, or nothing.
func readSystemRoots() []byte {
	for _, file := range systemRoots {
		if pem, err := disk.ReadTrusted(file, maxCAFile, keystore.InputWait); err == nil {
			return pem
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
