//go:build unix

// Package installtest runs the repository's install.sh as users run it: by each shell that is here, against releases
// served on this machine and against checkouts.
package installtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/keystore/keystoretest"
)

// script is install.sh, from a package's folder.
const script = "../../../install.sh"

// shells is every way to run a POSIX script that the script must work with. Those of rare are tested if they are here.
var (
	shells = [][]string{{"sh"}, {"dash"}, {"bash"}, {"bash", "--posix"}, {"busybox", "sh"}, {"mksh"}, {"yash"}}
	rare   = []string{"mksh", "yash"}
)

// eachShell runs test once for each shell that is here.
func eachShell(t *testing.T, test func(t *testing.T, m *machine)) {
	t.Helper()
	eachOf(t, shells, test)
}

func eachOf(t *testing.T, shells [][]string, test func(t *testing.T, m *machine)) {
	t.Helper()
	for _, shell := range shells {
		if _, err := exec.LookPath(shell[0]); err != nil && slices.Contains(rare, shell[0]) {
			continue
		}
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			t.Parallel()
			keystoretest.Need(t, shell[0], shell[0])
			test(t, newMachine(t, shell...))
		})
	}
}

// machine is a user's home, an empty TMPDIR and a current folder, all below root.
type machine struct {
	t                      *testing.T
	shell                  []string
	root, home, tmp, there string
	script                 string
	env                    map[string]string
}

func newMachine(t *testing.T, shell ...string) *machine {
	t.Helper()
	m := &machine{t: t, shell: shell, root: t.TempDir()}
	m.home, m.tmp, m.there = filepath.Join(m.root, "home"), filepath.Join(m.root, "tmp"), filepath.Join(m.root, "there")
	for _, folder := range []string{m.home, m.tmp, m.there} {
		m.must(os.Mkdir(folder, 0o755))
	}
	m.write(filepath.Join(m.home, ".profile"), "# the user's own\n")
	abs, err := filepath.Abs(script)
	m.must(err)
	m.script = abs
	m.env = map[string]string{"HOME": m.home, "TMPDIR": m.tmp, "PATH": os.Getenv("PATH")}
	return m
}

// result is what one run said and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the script with args.
func (m *machine) run(args ...string) result {
	m.t.Helper()
	return m.start(append(append(append([]string{}, m.shell...), m.script), args...), "")
}

// start runs argv with stdin in the machine's current folder.
func (m *machine) start(argv []string, stdin string) result {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), argv[0], argv[1:]...)
	cmd.Dir = m.there
	cmd.Stdin = strings.NewReader(stdin)
	for name, value := range m.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want fails unless r ended with code; a failure must be one sentence with a hint.
func (m *machine) want(r result, code int) {
	m.t.Helper()
	if r.code != code {
		m.t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	if code != 0 && (!strings.Contains(r.stderr, "install.sh: ") || !strings.Contains(r.stderr, "\nhint: ")) {
		m.t.Errorf("stderr has no message with a hint: %s", r.stderr)
	}
}

// snapshot is every path below root but those below except, with mode and content.
func (m *machine) snapshot(except string) map[string]string {
	m.t.Helper()
	seen := map[string]string{}
	m.must(filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == except {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen[path] = info.Mode().String()
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			seen[path] += fmt.Sprintf(" %x", sha256.Sum256(b))
		}
		return nil
	}))
	return seen
}

// unchanged calls do and fails if anything below root changed, except what is below the folders in except.
func (m *machine) unchanged(except string, do func()) {
	m.t.Helper()
	before := m.snapshot(except)
	do()
	if diff := cmp.Diff(before, m.snapshot(except)); diff != "" {
		m.t.Errorf("files changed (-before +after):\n%s", diff)
	}
}

// refuses fails unless install.sh ends with this exit status, says said, and changes nothing.
func (m *machine) refuses(code int, said string) {
	m.t.Helper()
	m.unchanged("", func() {
		m.t.Helper()
		r := m.run()
		m.want(r, code)
		if !strings.Contains(r.stderr, said) {
			m.t.Errorf("stderr has no %q:\n%s", said, r.stderr)
		}
	})
}

// installed fails unless prefix/bin holds the program, which says said, and the two links to it, prefix/share its
// completions and these man pages (and files by their path from there), and neither anything else.
func (m *machine) installed(prefix, said string, pages ...string) {
	m.t.Helper()
	bin := filepath.Join(prefix, "bin")
	entries, err := os.ReadDir(bin)
	m.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		got := m.start([]string{filepath.Join(bin, e.Name()), "version"}, "")
		if strings.TrimSpace(got.stdout) != said {
			m.t.Errorf("%s version: %q, want %q", e.Name(), got.stdout, said)
		}
	}
	if diff := cmp.Diff([]string{"cgp-cred", "get_nhs_oauth_token", "git-credential-cgp"}, names); diff != "" {
		m.t.Errorf("names in bin (-want +got):\n%s", diff)
	}
	info, err := os.Lstat(filepath.Join(bin, "cgp-cred"))
	m.must(err)
	if info.Mode() != 0o755 {
		m.t.Errorf("the program's mode is %v, want a plain file of 0755", info.Mode())
	}
	want := slices.Clone(completions)
	for _, page := range pages {
		want = append(want, path.Join("man/man1", page))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, m.files(filepath.Join(prefix, "share"))); diff != "" {
		m.t.Errorf("files in share (-want +got):\n%s", diff)
	}
}

// completions are the files that complete command lines, below share.
var completions = []string{
	"bash-completion/completions/cgp-cred", "bash-completion/completions/get_nhs_oauth_token",
	"bash-completion/completions/git-credential-cgp", "fish/vendor_completions.d/cgp-cred.fish",
	"fish/vendor_completions.d/get_nhs_oauth_token.fish", "fish/vendor_completions.d/git-credential-cgp.fish",
	"zsh/site-functions/_cgp-cred",
}

// files are the plain files below a folder, each for everyone to read.
func (m *machine) files(folder string) []string {
	m.t.Helper()
	var names []string
	m.must(filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(path, "-sign") {
			mode = 0o755
		}
		if err == nil && info.Mode() != mode {
			m.t.Errorf("%s: mode %v, want %v", path, info.Mode(), mode)
		}
		name, relErr := filepath.Rel(folder, path)
		names = append(names, filepath.ToSlash(name))
		return errors.Join(err, relErr)
	}))
	return names
}

// tools makes PATH a folder that holds just these programs, as far as they are here.
func (m *machine) tools(names ...string) {
	m.t.Helper()
	folder := filepath.Join(m.root, "tools")
	m.must(os.MkdirAll(folder, 0o755))
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			m.must(os.Symlink(path, filepath.Join(folder, name)))
		}
	}
	m.env["PATH"] = folder
}

func (m *machine) write(path, content string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(path), 0o755))
	m.must(os.WriteFile(path, []byte(content), 0o644))
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
