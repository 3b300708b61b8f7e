package windows

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }

// computer is a wine prefix with the program.
type computer struct {
	script  string // runs a Windows program
	program string
	prefix  string
	env     []string // added to the environment of its programs
}

// program builds the program for all tests.
var program = sync.OnceValues(func() ([]byte, error) {
	root := filepath.Join("..", "..", "..")
	// Go looks at the folders that a test reads before it takes an earlier result.
	for _, sources := range []string{"cmd", "helper", "keystore", ".dev"} {
		err := filepath.WalkDir(filepath.Join(root, sources), func(_ string, _ fs.DirEntry, err error) error { return err })
		if err != nil {
			return nil, err
		}
	}
	file, err := os.CreateTemp("", "cgp-cred*.exe")
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close(); _ = os.Remove(file.Name()) }()
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", file.Name(), "./cmd/cgp-cred")
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return os.ReadFile(file.Name())
})

// start makes a computer that ends with the test. Its Credential Manager is empty.
func start(t *testing.T) *computer {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	wine := filepath.Join(root, ".tools", "wine", "prefix")
	if _, err := os.Stat(wine); err != nil {
		keystoretest.Cannot(t, "wine, which make deps installs on Debian on amd64")
	}
	built, err := program()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	c := &computer{
		script:  filepath.Join(root, ".dev", "windows.sh"),
		program: filepath.Join(folder, "cgp-cred.exe"), prefix: filepath.Join(folder, "prefix"),
	}
	if err := os.WriteFile(c.program, built, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := c.wine("--new").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if err := c.wine("--end").Run(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// wine returns a command with this prefix.
func (c *computer) wine(args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{c.script}, args...)...)
	cmd.Dir = filepath.Dir(c.prefix)
	cmd.Env = append(append(os.Environ(), "WINEPREFIX="+c.prefix), c.env...)
	return cmd
}

// cgp returns a command of the program.
func (c *computer) cgp(args ...string) *exec.Cmd {
	return c.wine(append([]string{c.program}, args...)...)
}

// run runs the program, and returns its stdout and its stderr.
func (c *computer) run(stdin string, args ...string) (stdout, stderr string, err error) {
	cmd := c.cgp(args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, text := filepath.Join(filepath.Dir(c.prefix), "stdout"), filepath.Join(filepath.Dir(c.prefix), "stderr")
	for file, to := range map[string]*io.Writer{out: &cmd.Stdout, text: &cmd.Stderr} {
		f, err := os.Create(file) // wineserver would keep a pipe open
		if err != nil {
			return "", "", err
		}
		defer func() { _ = f.Close() }()
		*to = f
	}
	err = cmd.Run()
	printed, readErr := os.ReadFile(out)
	said, saidErr := os.ReadFile(text)
	return string(printed), string(said), errors.Join(err, readErr, saidErr)
}
