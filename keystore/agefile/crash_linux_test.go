package agefile_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/keystoretest"
)

// TestMain makes this binary the program that tests kill: it stores one record and says so.
func TestMain(m *testing.M) {
	if os.Getenv("AGEFILE_TEST_FOLDER") == "" {
		os.Exit(keystoretest.Main(m))
	}
	var size uint64
	if n, _ := fmt.Sscan(os.Getenv("AGEFILE_TEST_LIMIT"), &size); n == 1 {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
			panic(err)
		}
	}
	u, err := agefile.NewUnlocker("3", "")
	if err != nil {
		panic(err)
	}
	ks := agefile.New(agefile.Options{
		Folder: os.Getenv("AGEFILE_TEST_FOLDER"), Identity: os.Getenv("AGEFILE_TEST_IDENTITY"), Unlocker: u,
	})
	err = files{}.set(ks, os.Getenv("AGEFILE_TEST_VALUE"))
	switch {
	case errors.Is(err, keystore.ErrUnavailable):
		fmt.Println("unavailable:", err)
	case err != nil:
		fmt.Println("failed:", err)
	default:
		fmt.Println("stored")
	}
	os.Exit(0)
}

// child stores text in a separate process; before is the command that runs it.
func (f files) child(text, limit string, before ...string) string {
	f.Helper()
	self, err := os.Executable()
	f.must(err)
	argv := append(before, self)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "AGEFILE_TEST_FOLDER="+f.folder, "AGEFILE_TEST_IDENTITY="+f.identity,
		"AGEFILE_TEST_VALUE="+text, "AGEFILE_TEST_LIMIT="+limit, "GORACE=atexit_sleep_ms=0")
	if f.identity == "" {
		phraseFile := filepath.Join(f.TempDir(), "phrase")
		f.must(os.WriteFile(phraseFile, []byte(phrase+"\n"), 0o600))
		open, err := os.Open(phraseFile)
		f.must(err)
		defer open.Close() //nolint:errcheck // opened for reading
		cmd.ExtraFiles = []*os.File{open}
	}
	out, _ := cmd.Output() // it may have been killed
	return strings.TrimSpace(string(out))
}

// A process that is killed at any of its system calls on files leaves the old record or the new one, and later
// commands work: a change, and the very first record with its identity.
func TestKilled(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "strace", "strace")
	t.Run("change", func(t *testing.T) {
		t.Parallel()
		f := newFiles(t).withIdentity()
		f.must(f.set(f.open(""), "old value"))
		seen := map[string]int{}
		f.killEach(func() {
			got, err := f.open("").Get(t.Context(), "int")
			f.must(err)
			seen[string(got.Reveal())]++
			f.must(f.set(f.open(""), "old value"))
		})
		if seen["old value"] == 0 || seen["new value"] == 0 || len(seen) != 2 {
			t.Errorf("after the kills: %v", seen)
		}
	})
	t.Run("first", func(t *testing.T) {
		t.Parallel()
		f := newFiles(t)
		f.state = ""
		seen := map[string]int{}
		f.killEach(func() {
			got, err := f.open(phrase).Get(t.Context(), "int")
			if !errors.Is(err, keystore.ErrNotFound) {
				f.must(err)
			}
			seen[string(got.Reveal())]++
			f.must(f.set(f.open(phrase), "another")) // what was left is no obstacle
			f.must(os.RemoveAll(f.folder))
		})
		if seen[""] == 0 || seen["new value"] == 0 || len(seen) != 2 {
			t.Errorf("after the kills: %v", seen)
		}
	})
}

// killEach runs the child again and again, and kills it at its first system call on a file, its second, and so on,
// until one ends by itself.
func (f files) killEach(after func()) {
	f.Helper()
	for n := 1; ; n++ {
		if n > 1000 {
			f.Fatal("there is no end to its system calls")
		}
		inject := fmt.Sprintf("inject=openat,newfstatat,fstat,mkdirat,fchmod,write,fsync,renameat,renameat2,linkat,"+
			"unlinkat,flock,read,close:signal=KILL:when=%d", n)
		out := f.child("new value", "", "strace", "-f", "-qq", "-o", "/dev/null", "-e", inject)
		after()
		if out == "stored" {
			return
		}
		if out != "" {
			f.Fatal(out)
		}
	}
}

// A disk that fills up at any byte leaves the old record.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	f := newFiles(t).withIdentity()
	f.must(f.set(f.open(""), "old value"))
	whole := len(f.read("int~identity.age"))
	for _, limit := range []int{0, 1, whole / 2, whole - 1} {
		if out := f.child("new value", fmt.Sprint(limit)); !strings.HasPrefix(out, `unavailable: storing "int": `) {
			t.Errorf("limit %d: %q", limit, out)
		}
		f.want(f.open(""), "old value")
	}
	if left, _ := filepath.Glob(f.file(".*")); left != nil {
		t.Errorf("left: %q", left)
	}
	if out := f.child("new value", fmt.Sprint(whole)); out != "stored" {
		t.Errorf("%q", out)
	}
	f.want(f.open(""), "new value")
}
