package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is the path of one that build made.
func (s *scene) program(name string) string { return filepath.Join(s.dir, name) }

// build compiles cgp-cred as it is released, the programs that it is compared with in the same way, and the packages'
// own benchmarks.
func (s *scene) build(ctx context.Context) error {
	release := []string{"build", "-trimpath", "-ldflags=-s -w"}
	for name, pkg := range map[string]string{
		"cgp-cred": "./cmd/cgp-cred",
		"empty":    "./cmd/internal/bench/programs/empty",
		"nethttp":  "./cmd/internal/bench/programs/nethttp",
		"bare":     "./cmd/internal/bench/programs/bare",
	} {
		if err := s.compile(ctx, release, name, pkg); err != nil {
			return err
		}
	}
	for _, b := range benchmarks {
		if err := s.compile(ctx, []string{"test", "-c"}, b.binary(), "./"+b.pkg); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) compile(ctx context.Context, how []string, name, pkg string) error {
	linked := s.program(name + ".linked")
	cmd := exec.CommandContext(ctx, "go", append(how, "-o", linked, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return install(linked, s.program(name))
}

// install puts a program where an archive or an installer would: written, and not mapped as by the linker, which leaves
// it in small pieces of the page cache that each start has to map one by one.
func install(linked, program string) error {
	b, err := os.ReadFile(linked)
	if err != nil {
		return err
	}
	if err := os.WriteFile(program, b, 0o700); err != nil {
		return err
	}
	return os.Remove(linked)
}

// gitHelperSource is where Debian's git keeps the helper that git's own project wrote for this keychain.
const gitHelperSource = "/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret.c"

// gitHelper compiles git-credential-libsecret, which Debian ships as source, as its Makefile does.
func (s *scene) gitHelper(ctx context.Context) error {
	if _, err := os.Stat(gitHelperSource); err != nil {
		return errors.New("git's contrib folder is not installed")
	}
	flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "--libs", "libsecret-1", "glib-2.0").Output()
	if err != nil {
		return errors.New("libsecret-1-dev or pkg-config is not installed")
	}
	args := append([]string{"-O2", "-o", s.program("git-credential-libsecret"), gitHelperSource}, strings.Fields(string(flags))...)
	if out, err := exec.CommandContext(ctx, "gcc", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w: %.200s", err, out)
	}
	return nil
}

// findPython finds an interpreter with the packages that the script imports.
func findPython(ctx context.Context) (string, error) {
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(ctx, p, "-c", "import jwt, cryptography, requests, yaml").Run() == nil {
			return exec.LookPath(p)
		}
	}
	return "", errors.New("no python3 with PyJWT, cryptography, requests and PyYAML is installed")
}
