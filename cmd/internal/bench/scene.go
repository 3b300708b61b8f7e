package main

import (
	"bytes"
	"context"
	_ "embed" // the Python script
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

const (
	profileName = "p001"
	kid         = "bench"
	apiKey      = "bench-key-of-no-application"
	header      = "Authorization: Bearer " // what a get prints first
	item        = "a-secret-of-28-characters-xx"
	site        = "https://bench.example.test" // what the other helpers keep the item for
)

//go:embed steps.py
var steps []byte

// scene is a user's home with a profile and a cached token, a keyring, and a token endpoint, all of its own.
type scene struct {
	dir  string   // programs and files
	env  []string // of everything that is measured
	sim  *simulator.Simulator
	host string // where it listens

	python          string // an interpreter
	noPython, noGit string // why there is none, or no git-credential-libsecret; empty: there is
}

func (s *scene) endpoint() string { return "http://" + s.host + "/oauth2/token" }

// cgp is a command line of cgp-cred.
func (s *scene) cgp(args ...string) []string { return append([]string{s.program("cgp-cred")}, args...) }

// newScene builds the programs and makes the scene.
func newScene(ctx context.Context, st *stage) (*scene, error) {
	dir, err := st.folder()
	if err != nil {
		return nil, err
	}
	s := &scene{dir: dir}
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	if err := s.gitHelper(ctx); err != nil {
		s.noGit = err.Error()
	}
	if s.python, err = findPython(ctx); err != nil {
		s.noPython = err.Error()
	}
	var keyring *keystoretest.Keyring
	if err := st.try(func() { keyring = keystoretest.StartKeyring(st) }); err != nil {
		return nil, err
	}
	s.env = append(keyring.Env, "XDG_CONFIG_HOME="+s.config("one"))
	s.sim = simulator.New(simulator.Config{
		APIKey: apiKey, Quota: -1, TokenLife: time.Hour, JWKS: func() ([]byte, error) { return os.ReadFile(s.file("jwks.json")) },
	})
	server := httptest.NewServer(s.sim)
	st.Cleanup(server.Close)
	s.host = strings.TrimPrefix(server.URL, "http://")
	st.Cleanup(func() { _, _ = s.run(context.Background(), command{argv: s.cgp("erase", profileName)}) })
	return s, s.furnish(ctx)
}

func (s *scene) file(name string) string { return filepath.Join(s.dir, name) }

// config is a config folder: "one" has the only profile, "hundred" has it among a hundred.
func (s *scene) config(name string) string { return s.file("config-" + name) }

// furnish stores the profile and writes the files that the programs read.
func (s *scene) furnish(ctx context.Context) error {
	files := map[string]string{
		"api-key":    apiKey + "\n",
		"key.pem":    string(keystoretest.PEM(keystoretest.Key(4096, 0))),
		"steps.py":   string(steps),
		"steps.yaml": fmt.Sprintf("api_host: %s\napi_key: %s\napim_kid: %s\nprivate_key_pem: %s\n", s.host, apiKey, kid, s.file("key.pem")),
		"attributes": "protocol=http\nhost=" + s.host + "\ncapability[]=authtype\n\n",
		"json":       `{"uri":"http://` + s.host + `/hello-world/hello/application"}`,
		"item":       item,
		"site":       site + "\n",
		"docker":     fmt.Sprintf(`{"ServerURL":%q,"Username":"bench","Secret":%q}`, site, item),
		"git-item":   "protocol=https\nhost=bench.example.test\nusername=bench\npassword=" + item + "\n\n",
		"git":        "protocol=https\nhost=bench.example.test\n\n",
	}
	for name, text := range files {
		if err := os.WriteFile(s.file(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if _, err := s.run(ctx, command{argv: s.cgp("store", profileName, "--host", s.host, "--kid", kid,
		"--private-key", s.file("key.pem"), "--api-key-file", s.file("api-key"))}); err != nil {
		return err
	}
	set, err := s.run(ctx, command{argv: s.cgp("jwks", profileName)})
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file("jwks.json"), []byte(set), 0o600); err != nil {
		return err
	}
	if err := s.hundred(); err != nil {
		return err
	}
	return s.cached(ctx)
}

// cached fetches the token that the rest is about, and sees that it is served from the cache in both config folders.
func (s *scene) cached(ctx context.Context) error {
	if _, err := s.run(ctx, command{argv: s.cgp("get", profileName)}); err != nil {
		return err
	}
	for _, config := range []string{"one", "hundred"} {
		out, err := s.run(ctx, command{argv: s.cgp("get", profileName, "--format", "json"), env: []string{"XDG_CONFIG_HOME=" + s.config(config)}})
		if err != nil {
			return err
		}
		if !strings.Contains(out, `"cached":true`) {
			return errors.New("the token is not cached here: without the kernel's keyring there is nothing to measure")
		}
	}
	return nil
}

// hundred writes ninety-nine profiles of other hosts beside the one.
func (s *scene) hundred() error {
	one := os.DirFS(s.config("one"))
	if err := os.CopyFS(s.config("hundred"), one); err != nil {
		return err
	}
	profiles := filepath.Join(s.config("hundred"), "cgp-cred", "profiles")
	text, err := os.ReadFile(filepath.Join(profiles, profileName+".yaml"))
	if err != nil {
		return err
	}
	for n := 2; n <= 100; n++ {
		other := bytes.ReplaceAll(text, []byte(s.host), fmt.Appendf(nil, "h%03d.example.test", n))
		if err := os.WriteFile(filepath.Join(profiles, fmt.Sprintf("p%03d.yaml", n)), other, 0o600); err != nil {
			return err
		}
	}
	return filepath.Walk(s.config("hundred"), func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700) // as cgp-cred makes them
	})
}
