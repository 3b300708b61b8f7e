package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

const (
	profileName = "p001"
	fleetName   = "fleet" // the same credential, shared with other machines
	kid         = "bench"
	apiKey      = "bench-key-of-no-application"
	item        = "a-secret-of-28-characters-xx" // what secret-tool looks up
)

// scene is a user's home with a hundred profiles and a cached token, a keyring, and a token endpoint, all of its own.
type scene struct {
	dir string   // programs and files
	env []string // of everything that is measured
}

func (s *scene) file(name string) string { return filepath.Join(s.dir, name) }

// newScene builds the programs and makes the scene.
func newScene(ctx context.Context, st *stage) (*scene, error) {
	dir, err := os.MkdirTemp("", "cgp-bench")
	if err != nil {
		return nil, err
	}
	st.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &scene{dir: dir}
	for name, pkg := range map[string]string{
		"cgp-cred": "./cmd/cgp-cred",
		"empty":    "./cmd/internal/bench/programs/empty",
		"nethttp":  "./cmd/internal/bench/programs/nethttp",
		"bare":     "./cmd/internal/bench/programs/bare",
	} {
		if err := s.build(ctx, name, pkg); err != nil {
			return nil, err
		}
	}
	var keyring *keystoretest.Keyring
	if err := st.try(func() { keyring = keystoretest.StartKeyring(st) }); err != nil {
		return nil, err
	}
	s.env = append(keyring.Env, "XDG_CONFIG_HOME="+s.file("config"))
	server := httptest.NewServer(simulator.New(simulator.Config{
		APIKey: apiKey, Quota: -1, TokenLife: time.Hour,
		JWKS: func() ([]byte, error) { return os.ReadFile(s.file("jwks.json")) },
	}))
	st.Cleanup(server.Close)
	st.Cleanup(func() {
		for _, name := range []string{profileName, fleetName} {
			_, _ = s.run(context.Background(), "", s.file("cgp-cred"), "erase", name)
		}
	})
	return s, s.furnish(ctx, strings.TrimPrefix(server.URL, "http://"))
}

// build compiles a program as it is released, and copies it to its place as an installer would: the linker's own file
// lies in small pieces of the page cache, which each start has to map one by one.
func (s *scene) build(ctx context.Context, name, pkg string) error {
	linked := s.file(name + ".linked")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", linked, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	b, err := os.ReadFile(linked)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(s.file(name), b, 0o700), os.Remove(linked))
}

// furnish stores the profile and the other programs' item, and fetches the token that is served from then on.
func (s *scene) furnish(ctx context.Context, host string) error {
	key := string(keystoretest.PEM(keystoretest.Key(4096, 0)))
	for name, text := range map[string]string{
		"api-key": apiKey + "\n", "key.pem": key, "item": item, "endpoint": "http://" + host + "/oauth2/token",
	} {
		if err := os.WriteFile(s.file(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cgp := s.file("cgp-cred")
	if _, err := s.run(ctx, "", cgp, "store", profileName, "--host", host, "--kid", kid,
		"--private-key", s.file("key.pem"), "--api-key-file", s.file("api-key")); err != nil {
		return err
	}
	set, err := s.run(ctx, "", cgp, "jwks", profileName)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file("jwks.json"), []byte(set), 0o600); err != nil {
		return err
	}
	if err := s.neighbours(host); err != nil {
		return err
	}
	if err := os.Mkdir(s.file("fleet"), 0o700); err != nil {
		return err
	}
	if _, err := s.run(ctx, "", cgp, "store", fleetName, "--host", host, "--kid", kid,
		"--private-key", s.file("key.pem"), "--api-key-file", s.file("api-key"),
		"--fleet", "file://"+s.file("fleet")); err != nil {
		return err
	}
	for _, name := range []string{profileName, fleetName} {
		if _, err := s.run(ctx, "", cgp, "get", name); err != nil {
			return err
		}
	}
	out, err := s.run(ctx, "", cgp, "get", profileName, "--format", "json")
	if err == nil && !strings.Contains(out, `"cached":true`) {
		err = errors.New("the token is not cached here: without the kernel's keyring there is nothing to measure")
	}
	if _, missing := exec.LookPath("secret-tool"); err == nil && missing == nil {
		_, err = s.run(ctx, s.file("item"), "secret-tool", "store", "--label=bench", "service", "bench",
			"account", "item")
	}
	return err
}

// neighbours writes ninety-nine profiles of other hosts: a get by name must not notice them.
func (s *scene) neighbours(host string) error {
	folder := filepath.Join(s.file("config"), "cgp-cred", "profiles")
	text, err := os.ReadFile(filepath.Join(folder, profileName+".yaml"))
	if err != nil {
		return err
	}
	for n := 2; n <= 100; n++ {
		other := bytes.ReplaceAll(text, []byte(host), fmt.Appendf(nil, "h%03d.example.test", n))
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("p%03d.yaml", n)), other, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// run runs a program in the scene, with a file as its stdin if one is named, and returns its stdout.
func (s *scene) run(ctx context.Context, stdin string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = s.env
	if stdin != "" {
		in, err := os.Open(stdin)
		if err != nil {
			return "", err
		}
		defer in.Close() //nolint:errcheck // opened for reading
		cmd.Stdin = in
	}
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, failed.Stderr)
	}
	return string(out), err
}
