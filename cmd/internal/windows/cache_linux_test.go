package windows

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

const apiKey = "windows-api-key-0123456789"

// service is a simulated APIM that knows the key set of a file.
func service(t *testing.T, jwks func() []byte) (sim *simulator.Simulator, host string) {
	t.Helper()
	sim = simulator.New(simulator.Config{APIKey: apiKey, JWKS: func() ([]byte, error) { return jwks(), nil }})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, strings.TrimPrefix(server.URL, "http://")
}

// all runs a command many times at once, with these variables, and returns the different answers.
func (c *computer) all(t *testing.T, n int, env []string, args ...string) map[string]int {
	t.Helper()
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		answers = make(map[string]int)
	)
	for range n {
		wg.Go(func() {
			cmd := c.cgp(args...)
			cmd.Env = append(cmd.Env, env...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[string(out)]++
		})
	}
	wg.Wait()
	return answers
}

// one runs a command with these variables.
func (c *computer) one(t *testing.T, env []string, args ...string) string {
	t.Helper()
	for out := range c.all(t, 1, env, args...) {
		return out
	}
	return ""
}

// files returns the content of each file in the user's folders.
func (c *computer) files(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(filepath.Join(c.prefix, "drive_c", "users"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		all[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Many gets of the environment source at once send one token request. Without the same secrets nothing is found, and no
// file has a secret.
func TestEnvironmentIsCached(t *testing.T) {
	t.Parallel()
	c := start(t)
	var jwks []byte
	sim, host := service(t, func() []byte { return jwks })
	key := string(keystoretest.PEM(keystoretest.Key(2048, 0)))
	env := func(apiKey string) []string {
		return []string{
			"CGP_CRED_HOST=" + host, "CGP_CRED_API_KEY=" + apiKey, "CGP_CRED_KID=win-1", "CGP_CRED_PRIVATE_KEY=" + key,
		}
	}
	jwks = []byte(c.one(t, env(apiKey), "jwks"))
	answers := c.all(t, 30, env(apiKey), "get")
	if len(answers) != 1 || sim.Requests() != 1 {
		t.Fatalf("%d token requests, answers: %v", sim.Requests(), answers)
	}
	if status := c.one(t, env(apiKey), "status", "--json"); !strings.Contains(status, `"cache":"file","token_expires_at":"2`) {
		t.Error(status)
	}
	if status := c.one(t, env("another-api-key"), "status", "--json"); !strings.Contains(status, `"token_expires_at":""`) {
		t.Error("other secrets find the token: " + status)
	}
	token := strings.TrimSpace(c.one(t, env(apiKey), "get", "--format", "token"))
	for path, text := range c.files(t) {
		for _, secret := range []string{token, apiKey, key} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a secret", path)
			}
		}
	}
	if sim.Requests() != 1 {
		t.Errorf("%d token requests", sim.Requests())
	}
	c.one(t, env(apiKey), "erase")
	if again := c.one(t, env(apiKey), "get", "--format", "token"); strings.TrimSpace(again) == token {
		t.Error("the erased token is served")
	}
}

// The token of an encrypted file's profile is in a file too, whose key Windows protects.
func TestEncryptedFileIsCached(t *testing.T) {
	t.Parallel()
	c := start(t)
	var jwks []byte
	sim, host := service(t, func() []byte { return jwks })
	phrase := filepath.Join(filepath.Dir(c.prefix), "phrase.txt")
	if err := os.WriteFile(phrase, []byte("correct horse battery\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"CGP_CRED_PASSPHRASE_FILE=Z:" + strings.ReplaceAll(phrase, "/", `\`)}
	cmd := c.cgp("keygen", "int", "--host", host, "--kid", "win-1", "--bits", "2048", "--api-key-file", "-", "--keystore",
		"file")
	cmd.Env, cmd.Stdin = append(cmd.Env, env...), strings.NewReader(apiKey)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	jwks = out
	token := c.one(t, env, "get", "--format", "token")
	if answers := c.all(t, 10, nil, "get", "--format", "token"); len(answers) != 1 || answers[token] != 10 {
		t.Errorf("without the passphrase: %v, want %q", answers, token)
	}
	if sim.Requests() != 1 {
		t.Errorf("%d token requests", sim.Requests())
	}
	kept := 0
	for path, text := range c.files(t) {
		if strings.Contains(text, strings.TrimSpace(token)) || strings.Contains(text, apiKey) {
			t.Errorf("%s has a secret", path)
		}
		if name := filepath.Base(path); name == "token.key" || filepath.Base(filepath.Dir(path)) == "tokens" {
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%d files of the cache, want its key and a token", kept)
	}
	c.one(t, env, "logout", "--yes", "int")
	for path := range c.files(t) {
		if filepath.Base(filepath.Dir(path)) == "tokens" {
			t.Errorf("%s is still there", path)
		}
	}
}
