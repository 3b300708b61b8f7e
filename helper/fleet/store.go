package fleet

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Store keeps one value for each name, for all machines of a fleet. It sees only sealed values. One goroutine at a time
// uses a Store, for one process and one name.
type Store interface {
	// Look returns the value of a name.
	Look(ctx context.Context, name string) (Found, error)

	// Lease gives this process the right to replace the value that Look has found, for as long as hold. It reports
	// false if another process has the lease. The process that has it extends it, or ends it if hold is 0.
	Lease(ctx context.Context, name string, hold time.Duration) (bool, error)

	// Publish replaces the value, for at least life, and ends this process's lease.
	Publish(ctx context.Context, name string, value []byte, life time.Duration) error

	// Drop removes the value.
	Drop(ctx context.Context, name string) error
}

// Found is what a store has for a name.
type Found struct {
	Value []byte        // nil: nothing
	Age   time.Duration // since it was published, by the store's clock
}

// CheckURL returns what is wrong with a fleet's URL, or nil. It opens nothing.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// Open returns the store at a URL. Its error says what is wrong with the URL or the folder.
func Open(text string) (Store, error) {
	u, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	shared, err := disk.OpenSharedFolder(filepath.FromSlash(u.Path))
	if err != nil {
		return nil, err
	}
	return newFolder(shared), nil
}

// Shown returns a fleet's URL for messages, without a user's name and password.
func Shown(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		return scheme + "://" + authority[at+1:] + "/" + path
	}
	return text
}

const hintURL = "name a folder that all machines share: file:///shared/folder"

func parseURL(text string) (*url.URL, error) {
	bad := func(problem string) error {
		return fault.New(fault.Usage, hintURL, "fleet %s: %s", printable.Quote(Shown(text)), problem)
	}
	u, err := url.Parse(text)
	switch {
	case strings.HasPrefix(text, "/"):
		return nil, fault.New(fault.Usage, "write it as file://"+printable.Shell(text), "fleet %s: it is a path, not a URL",
			printable.Quote(text))
	case err != nil || u.Scheme == "":
		return nil, bad("it is not a URL")
	case u.Scheme != "file":
		return nil, bad("there is no store for " + printable.Text(u.Scheme) + "://")
	case u.Host != "" && u.Host != "localhost" || u.User != nil:
		return nil, bad("a file URL names no host: it has three slashes")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, bad("a file URL has only a path")
	case !strings.HasPrefix(u.Path, "/") || u.Path == "/":
		return nil, bad("it names no folder")
	}
	return u, nil
}
