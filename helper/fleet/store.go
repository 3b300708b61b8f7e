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
	"cgp-cred/keystore/program"
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

// Paced is a store in which each look costs more than a read. Pace returns the first pause between two looks, and the
// longest.
type Paced interface {
	Pace() (first, most time.Duration)
}

// Schemes of a fleet's URL.
const (
	schemeFolder  = "file"
	schemeRedis   = "redis"
	schemeRediss  = "rediss" // with TLS
	schemeProgram = "exec"
)

// CheckURL returns what is wrong with a fleet's URL, or nil. It opens nothing.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// Runs reports whether a program serves the store of a URL.
func Runs(text string) bool {
	u, err := parseURL(text)
	return err == nil && u.Scheme != schemeFolder
}

// Open returns the store at a URL. Its error says what is wrong with the URL, the folder or the program. given says
// that the user gave the URL on this machine: see [Options].
func Open(text string, given bool) (Store, error) {
	u, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	if u.Scheme != schemeFolder {
		return newRunner(u, text, given)
	}
	path := localPath(u)
	if !filepath.IsAbs(path) { // on Windows
		const hint = "name its drive, or its server: file:///C:/shared/folder, file:////server/share/folder"
		return nil, fault.New(fault.Usage, hint, "fleet %s: its path is not absolute", printable.Quote(Shown(text)))
	}
	shared, err := disk.OpenSharedFolder(path)
	if err != nil {
		return nil, err
	}
	return newFolder(shared), nil
}

// Shown returns a fleet's URL for messages, without a user's name and password, and without a query.
func Shown(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	if u, err := url.Parse(text); err == nil {
		return scheme + "://" + u.Host + u.EscapedPath()
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:] // a password may hold any character
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest
}

const (
	hintURL = "name a folder that all machines share: file:///shared/folder; or a Redis: redis://host:6379"
	hintNo  = "leave it out of the URL; CGP_CRED_FLEET_PASSWORD_FILE names a file with the password, or store it: " +
		Companion + " password URL"
)

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	problem, hint := "", hintURL
	switch {
	case filepath.IsAbs(text):
		return nil, fault.New(fault.Usage, "write it as "+printable.Shell(folderURL(text)),
			"fleet %s: it is a path, not a URL", printable.Quote(text))
	case err != nil || u.Scheme == "":
		problem = "it is not a URL"
	case u.Fragment != "" || strings.Contains(text, "#"):
		problem = "it has a # in it"
	case u.Scheme == schemeFolder:
		problem = checkFolderURL(u)
	case u.Scheme == schemeProgram:
		problem, hint = checkProgramURL(u), "name a program by its absolute path: exec:///opt/fleet/program"
	case u.Scheme == schemeRedis, u.Scheme == schemeRediss:
		problem, hint = checkRedisURL(u)
	default:
		problem = "there is no store for " + printable.Text(u.Scheme) + "://"
	}
	if problem != "" {
		return nil, fault.New(fault.Usage, hint, "fleet %s: %s", printable.Quote(Shown(text)), problem)
	}
	return u, nil
}

// folderURL returns the URL of a folder's absolute path.
func folderURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/shared
		path = "/" + path
	}
	return (&url.URL{Scheme: schemeFolder, Path: path}).String()
}

// localPath returns the path of a URL that names no host. On Windows /C:/shared is on a drive, and //server/share on a
// server.
func localPath(u *url.URL) string {
	path := u.Path
	if drive := strings.TrimPrefix(path, "/"); !strings.HasPrefix(drive, "/") && filepath.VolumeName(drive) != "" {
		path = drive
	}
	return filepath.FromSlash(path)
}

func checkFolderURL(u *url.URL) string {
	switch {
	case u.Host != "" && u.Host != "localhost" || u.User != nil:
		return "a file URL names no host: it has three slashes"
	case u.RawQuery != "" || u.ForceQuery:
		return "a file URL has only a path"
	case !strings.HasPrefix(u.Path, "/") || u.Path == "/":
		return "it names no folder"
	}
	return ""
}

func checkProgramURL(u *url.URL) string {
	switch {
	case u.Host != "" || u.User != nil:
		return "the URL of a program names no host: it has three slashes"
	case !strings.HasPrefix(u.Path, "/") || u.Path == "/":
		return "it names no program"
	case secretIn(u.Query()) != "":
		return secretIn(u.Query())
	}
	if err := program.Check([]string{localPath(u)}); err != nil {
		return err.Error()
	}
	return ""
}

func checkRedisURL(u *url.URL) (problem, hint string) {
	_, password := u.User.Password()
	switch {
	case password:
		return "it has a password, which everyone reads who reads the URL", hintNo
	case u.Hostname() == "":
		return "it names no host", "for example redis://redis.example.org:6379"
	case u.Query().Has("skip_verify"):
		return "it switches the check of the server's certificate off",
			"leave skip_verify out; CGP_CRED_CA_FILE names a file with the roots of the server's certificate"
	}
	return secretIn(u.Query()), hintNo
}

// secretIn says which part of a query is a secret, or returns "".
func secretIn(q url.Values) string {
	for name := range q {
		for _, word := range [...]string{"password", "passwd", "secret", "token", "credential"} {
			if strings.Contains(strings.ToLower(name), word) {
				return "its " + printable.Text(name) + " is a secret, which everyone reads who reads the URL"
			}
		}
	}
	return ""
}
