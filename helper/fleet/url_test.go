package fleet

import (
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
)

// The hint for a path is the URL of that folder.
func TestPathForURL(t *testing.T) {
	t.Parallel()
	paths := map[string]string{"/shared/folder": "file:///shared/folder", "/a b%": "file:///a%20b%25"}
	if runtime.GOOS == "windows" {
		paths = map[string]string{
			`C:\shared\folder`: "file:///C:/shared/folder", `D:/a b%`: "file:///D:/a%20b%25",
			`\\server\share\folder`: "file:////server/share/folder",
		}
	}
	for path, want := range paths {
		err := CheckURL(path)
		if hint := fault.HintOf(err, ""); err == nil || !strings.Contains(hint, want) {
			t.Errorf("%s: %v, hint %q, want %s", path, err, hint, want)
		}
		u, err := url.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := localPath(u); got != filepath.FromSlash(path) {
			t.Errorf("%s is %s, want %s", want, got, path)
		}
		if err := CheckURL(want); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// On Windows a path without a drive is another one on each drive.
func TestPathWithoutADrive(t *testing.T) {
	t.Parallel()
	_, err := Open("file:///no/such/folder", false)
	want := "does not exist"
	if runtime.GOOS == "windows" {
		want = "is not absolute"
	}
	if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err, "") == "" {
		t.Errorf("%v, want %q and a hint", err, want)
	}
}
