package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// treeOf makes a folder with files, and one outside with a secret.
func treeOf(t *testing.T) (*disk.Tree, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tree")
	for name, text := range map[string]string{
		"tree/page.html": "page", "tree/sub/a.bam": "bam", "tree/.env": "hidden", "tree/.git/config": "hidden",
		"tree/sub/.hidden.bam": "hidden", "tree/with space.txt": "space", "tree/a..b": "dots", "tree/100%.txt": "percent",
		"outside.txt": "outside", "tree-2/near.txt": "outside",
	} {
		path := filepath.Join(filepath.Dir(folder), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := disk.OpenTree(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree, folder
}

func TestTree(t *testing.T) {
	tree, folder := treeOf(t)
	if runtime.GOOS != "windows" {
		for link, target := range map[string]string{
			"out.txt": "../outside.txt", "absolute.txt": filepath.Join(folder, "page.html"), "up": "..", "etc": "/etc",
			"inside.txt": "sub/a.bam", "sub/inside.html": "../page.html", "loop": "loop", "proc": "/proc/self", "near": "../tree-2",
			"sub/chain": "../up", "null": "/dev/null", "gone": "nothing",
		} {
			if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range map[string]string{
		"page.html": "page", "sub/a.bam": "bam", "with space.txt": "space", "a..b": "dots", "100%.txt": "percent",
	} {
		for _, trusted := range []bool{false, true} {
			if got := read(t, tree, name, trusted); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]string{"inside.txt": "bam", "sub/inside.html": "page"} {
			if got := read(t, tree, name, true); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	for _, name := range []string{
		"", ".", "/", "sub", "sub/", "/page.html", "./page.html", "sub/../page.html", "..", "../outside.txt", "sub/../../outside.txt",
		".env", ".git/config", "sub/.hidden.bam", "page.html/", "page.html/.", "page.html/..", "sub//a.bam", "page.html\x00", "\x00",
		"out.txt", "absolute.txt", "up/outside.txt", "up/tree/page.html", "etc/passwd", "loop", "proc/environ", "near/near.txt",
		"sub/chain/outside.txt", "null", "gone", "nothing", "..\\outside.txt", "..%2foutside.txt", "%2e%2e/outside.txt",
		"page.html::$DATA", "PAGE~1.HTM", "page.html.", "page.html ", "CON", "NUL.txt", "C:\\Windows\\win.ini", "C:page.html",
		"~", "~root/x", strings.Repeat("a/", 5000) + "a", strings.Repeat("a", 5000), "\xff\xfe", "page.html\n", "..;/outside.txt", "\u2025/outside.txt",
		"．．/outside.txt", "//page.html", "file:///etc/passwd",
	} {
		f, err := tree.Open(name, false)
		if err == nil {
			_ = f.Close()
			t.Errorf("%.40q was opened", name)
		}
	}
	for name, want := range map[string]bool{
		".": true, "sub": true, "page.html": false, ".git": false, "..": false, "up": false, "etc": false, "": false, "sub/": false, "gone": false,
	} {
		if tree.Folder(name) != want {
			t.Errorf("Folder(%q) is %v", name, !want)
		}
	}
}

func read(t *testing.T, tree *disk.Tree, name string, trusted bool) string {
	t.Helper()
	f, err := tree.Open(name, trusted)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// A folder that is no folder, and one that is not there.
func TestOpenTreeFails(t *testing.T) {
	_, folder := treeOf(t)
	for _, path := range []string{filepath.Join(folder, "page.html"), filepath.Join(folder, "nothing"), filepath.Join(folder, "page.html", "x")} {
		if _, err := disk.OpenTree(path); err == nil || fault.ClassOf(err) != fault.Usage || len(fault.HintsOf(err)) == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTreeHolds(t *testing.T) {
	tree, folder := treeOf(t)
	if err := os.Symlink(folder, folder+"-link"); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		folder: true, folder + "/sub": true, folder + "/.git": true, filepath.Dir(folder): false, folder + "-2": false, folder + "/nothing": false,
		folder + "-link": runtime.GOOS != "windows", folder + "-link/sub": runtime.GOOS != "windows",
	} {
		if tree.Holds(filepath.FromSlash(path)) != want {
			t.Errorf("Holds(%s) is %v", path, !want)
		}
	}
}

func TestOpenInput(t *testing.T) {
	_, folder := treeOf(t)
	f, err := disk.OpenInput(filepath.Join(folder, "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for _, path := range []string{folder, os.DevNull, filepath.Join(folder, "nothing")} {
		if _, err := disk.OpenInput(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
