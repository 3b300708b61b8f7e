package helper_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/signer"
)

const testAPIKey = "test-api-key-0123456789abcdef"

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// place is one user's machine: folders, a keystore, and an APIM to talk to.
type place struct {
	*helper.Helper
	keys     keystore.Keystore
	sim      *simulator.Simulator
	config   simulator.Config
	host     string
	mu       sync.Mutex
	warnings []string
}

// newPlace starts a simulator that knows testKey as "k1", and stores a profile "int" for it.
func newPlace(t *testing.T, c simulator.Config) *place {
	t.Helper()
	folder := t.TempDir()
	p := &place{keys: keystore.Memory()}
	own := func(name string) string { return filepath.Join(folder, name, "cgp-cred") }
	p.Helper = &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return p.keys, nil },
		NewKeystore: profile.Memory,
		APIM:        func() (*apim.Client, error) { return &apim.Client{}, nil },
		Warn: func(text string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.warnings = append(p.warnings, text)
		},
	}
	if c.JWKS == nil {
		c.JWKS = func() ([]byte, error) {
			k, err := apim.NewJWK(&testKey().PublicKey, "k1")
			if err != nil {
				return nil, err
			}
			return apim.JWKS(k)
		}
	}
	if c.APIKey == "" {
		c.APIKey = testAPIKey
	}
	p.sim, p.config = simulator.New(c), c
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.sim.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	p.host = strings.TrimPrefix(srv.URL, "http://")
	if _, err := p.Store(t.Context(), "int", helper.Change{
		Host: p.host, APIKey: keystore.NewSecret([]byte(testAPIKey)),
		Key: &keystore.Key{KID: "k1", Signer: signer.NewRSA(testKey())},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if profile, err := p.Config.Load("int"); err == nil {
			_ = p.Erase(context.Background(), profile)
		}
	})
	return p
}

func (p *place) load(t *testing.T) *profile.Profile {
	t.Helper()
	got, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestGetMintsOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	first, err := p.Get(t.Context(), p.load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Get(t.Context(), p.load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if first.Cached || !second.Cached || first.Value() != second.Value() || p.sim.Requests() != 1 {
		t.Errorf("cached %v then %v, %d requests", first.Cached, second.Cached, p.sim.Requests())
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.host+"/hello-world/hello/application", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(second.Header, second.Value())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the API answers %d", res.StatusCode)
	}
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{ForceNew: true}); err != nil || p.sim.Requests() != 2 {
		t.Errorf("force-new: %v, %d requests", err, p.sim.Requests())
	}
}

func TestMinValid(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{TokenLife: 100 * time.Second})
	get := func(minValid time.Duration) {
		t.Helper()
		if _, err := p.Get(t.Context(), p.load(t), helper.Options{MinValid: minValid}); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	p.Now = func() time.Time { return start }
	get(0)
	get(time.Hour) // at most half of its life is asked for: this token will do
	if n := p.sim.Requests(); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	p.Now = func() time.Time { return start.Add(51 * time.Second) }
	get(0) // 49 s are left, less than half
	if n := p.sim.Requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestFlightIsSingle(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused %v", refused), func(t *testing.T) {
			t.Parallel()
			c := simulator.Config{}
			if refused {
				c.APIKey = "another-application"
			}
			p := newPlace(t, c)
			var wg sync.WaitGroup
			results := make([]string, 50)
			for i := range results {
				profile := p.load(t)
				wg.Go(func() {
					c, err := p.Get(t.Context(), profile, helper.Options{})
					if err != nil {
						results[i] = err.Error()
						return
					}
					results[i] = c.Value()
				})
			}
			wg.Wait()
			for _, r := range results {
				if r != results[0] || (strings.Contains(r, "not known") != refused) {
					t.Fatalf("one got %q, another %q", results[0], r)
				}
			}
			if n := p.sim.Requests(); n != 1 {
				t.Errorf("%d token requests, want 1", n)
			}
		})
	}
}

func TestRefusalIsForgotten(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{APIKey: "another-application"})
	get := func(o helper.Options) {
		t.Helper()
		var refused *apim.Error
		if _, err := p.Get(t.Context(), p.load(t), o); !errors.As(err, &refused) || fault.HintOf(err, "") == "" || refused.MessageID() == "" {
			t.Fatalf("error %v, want a refusal with hint and message ID", err)
		}
	}
	start := time.Now()
	p.Now = func() time.Time { return start }
	get(helper.Options{})
	get(helper.Options{}) // remembered
	if n := p.sim.Requests(); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	get(helper.Options{ForceNew: true})
	if n := p.sim.Requests(); n != 2 {
		t.Errorf("%d requests after force-new, want 2", n)
	}
	p.Now = func() time.Time { return start.Add(-time.Minute) } // the record is from the future
	get(helper.Options{})
	p.Now = func() time.Time { return start.Add(time.Minute) }
	get(helper.Options{})
	if n := p.sim.Requests(); n != 4 {
		t.Errorf("%d requests with the clock moved, want 4", n)
	}
	if _, err := p.Store(t.Context(), "int", helper.Change{KID: "k2"}); err != nil {
		t.Fatal(err)
	}
	get(helper.Options{})
	if n := p.sim.Requests(); n != 5 {
		t.Errorf("%d requests after a change of the profile, want 5", n)
	}
}

func TestWrongClockIsCorrected(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-time.Hour, -10 * time.Minute, 10 * time.Minute, 59 * time.Minute, time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{Now: func() time.Time { return time.Now().Add(off) }})
			c, err := p.Get(t.Context(), p.load(t), helper.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(c.ExpiresAt); left > 10*time.Minute || left < 9*time.Minute {
				t.Errorf("%v left: the life must count by our own clock", left)
			}
			if n := p.sim.Requests(); n != 2 || len(p.warnings) != 1 || !strings.Contains(p.warnings[0], "clock is "+off.Abs().String()) {
				t.Errorf("%d requests, warnings %q", n, p.warnings)
			}
		})
	}
}

// An endpoint that says that its clock is far ahead gets no assertion that is dated for then, nor for an hour from now.
func TestFarClockIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-30 * 24 * time.Hour, -7 * time.Hour, -61 * time.Minute, 61 * time.Minute, 7 * time.Hour, 24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{Now: func() time.Time { return time.Now().Add(off) }})
			_, err := p.Get(t.Context(), p.load(t), helper.Options{})
			var refused *apim.Error
			if !errors.As(err, &refused) || refused.Class != apim.Refused || !strings.Contains(refused.Error(), "clock is ") {
				t.Errorf("got %v", err)
			}
			if n := p.sim.Requests(); n != 1 {
				t.Errorf("%d assertions were sent, want 1", n)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		fault    string
		requests int
		ok       bool
	}{
		{"a burnt jti", "row16=1", 2, true},
		{"jti burnt twice", "row16=2", 2, false},
		{"a bad gateway", "502=2", 3, true},
		{"bad gateways", "502", 3, false},
		{"throttled", "429=1", 2, true},
		{"a reset", "reset=1", 2, true},
		{"a refusal is final", "row22", 1, false},
		{"a redirect is not followed", "redirect", 1, false},
		{"a sign-in page", "html", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := simulator.ParseFault(tt.fault)
			if err != nil {
				t.Fatal(err)
			}
			p := newPlace(t, simulator.Config{Faults: []simulator.Fault{f}})
			_, err = p.Get(t.Context(), p.load(t), helper.Options{})
			if (err == nil) != tt.ok || p.sim.Requests() != tt.requests {
				t.Errorf("error %v after %d requests, want ok %v after %d", err, p.sim.Requests(), tt.ok, tt.requests)
			}
		})
	}
}

// What one more attempt would have put right is left to the next process, and not remembered as a refusal.
func TestTheLastAttemptMeetsAWrongClock(t *testing.T) {
	t.Parallel()
	f, err := simulator.ParseFault("502=2")
	if err != nil {
		t.Fatal(err)
	}
	behind := func() time.Time { return time.Now().Add(-10 * time.Minute) }
	p := newPlace(t, simulator.Config{Faults: []simulator.Fault{f}, Now: behind})
	var refused *apim.Error
	_, err = p.Get(t.Context(), p.load(t), helper.Options{})
	if !errors.As(err, &refused) || !refused.ClockWrong() || p.sim.Requests() != 3 {
		t.Fatalf("%v after %d requests", err, p.sim.Requests())
	}
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestTheRecordDecides(t *testing.T) {
	t.Parallel()
	for _, edit := range []struct{ field, from, to string }{
		{"api_host", "api_host: ", "api_host: evil.example #"},
		{"auth", "auth: jwt", "auth: apikey"},
		{"api_name", "auth:", "api_name: hello-world\nauth:"},
	} {
		t.Run(edit.field, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{})
			if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
				t.Fatal(err)
			}
			before := p.load(t)
			text := strings.Replace(string(before.Bytes), edit.from, edit.to, 1)
			if err := os.WriteFile(before.File, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := p.Get(t.Context(), p.load(t), helper.Options{})
			var mismatch *helper.MismatchError
			if !errors.As(err, &mismatch) || mismatch.Field != edit.field {
				t.Errorf("error %v, want a MismatchError of %s: not even the cached token may be served", err, edit.field)
			}
			if n := p.sim.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestHalfAStoreIsMended(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	file := p.load(t)
	r, err := keystore.Load(t.Context(), p.keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	was := r.Rev
	r.Rev = keystore.NewRev() // as if killed before the file was written
	if err := keystore.Save(t.Context(), p.keys, "int", was, r); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), file, helper.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := p.load(t).Rev; got != r.Rev {
		t.Errorf("the file says rev %s, the record %s", got, r.Rev)
	}
	if c, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil || !c.Cached {
		t.Errorf("cached %v, %v: the token must be bound to the mended file", c.Cached, err)
	}
}

// A folder that can't be written costs a warning.
func TestHalfAStoreIsLeftWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	file := p.load(t)
	before := file.Rev
	r, err := keystore.Load(t.Context(), p.keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	was := r.Rev
	r.Rev = keystore.NewRev()
	if err := keystore.Save(t.Context(), p.keys, "int", was, r); err != nil {
		t.Fatal(err)
	}
	p.Config.Folder = file.File // where no folder can be made, by root neither
	var warned []string
	p.Warn = func(text string) { warned = append(warned, text) }
	got, err := p.Record(t.Context(), file)
	if err != nil || got.Rev != r.Rev {
		t.Fatalf("the record: %v", err)
	}
	if file.Rev != before || len(warned) != 1 || !strings.Contains(warned[0], `profile "int" is older than its record`) {
		t.Errorf("rev %s, was %s; warned of %q", file.Rev, before, warned)
	}
}

func TestStoreKeepsAndRefuses(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	other := signer.NewRSA(func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}())
	tests := []struct {
		name   string
		change helper.Change
		force  bool // it is refused without force
		ok     bool // with force where that is asked
	}{
		{"another kid", helper.Change{KID: "k2"}, false, true},
		{"another API key", helper.Change{APIKey: keystore.NewSecret([]byte("another"))}, false, true},
		{"an api_name", helper.Change{APIName: text("genomic-data-access")}, false, true},
		{"the API key itself", helper.Change{Auth: profile.APIKey}, false, true},
		{"the same host by another word", helper.Change{Host: "HOST"}, false, true},
		{"another host", helper.Change{Host: "prod"}, true, true},
		{"another token URL", helper.Change{TokenURL: text("https://int.api.service.nhs.uk/oauth2-mock/token")}, true, true},
		{"another audience", helper.Change{Audience: text("https://identity.example/realm")}, true, true},
		{"another private key", helper.Change{Key: &keystore.Key{KID: "k2", Signer: other}}, true, true},
		{"the same private key", helper.Change{Key: &keystore.Key{KID: "k1", Signer: signer.NewRSA(testKey())}}, false, true},
		{"a key without a kid", helper.Change{Key: &keystore.Key{Signer: other}}, true, false},
		{"an unknown method", helper.Change{Auth: "basic"}, false, false},
		{"a bad token URL", helper.Change{TokenURL: text("http://evil.example/")}, true, false},
		{"a bad api_name", helper.Change{APIName: text("/x/")}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{})
			if tt.change.Host == "HOST" {
				tt.change.Host = strings.ToUpper(p.host)
			}
			before, err := p.keys.Get(t.Context(), "int")
			if err != nil {
				t.Fatal(err)
			}
			if tt.force || !tt.ok {
				_, err := p.Store(t.Context(), "int", tt.change)
				if fault.HintOf(err, "") == "" {
					t.Errorf("error %v, want one with a hint", err)
				}
				after, err := p.keys.Get(t.Context(), "int")
				if err != nil || string(after.Reveal()) != string(before.Reveal()) {
					t.Error("a refused change was made")
				}
			}
			tt.change.Force = tt.force
			if _, err := p.Store(t.Context(), "int", tt.change); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestNewProfilesAreWhole(t *testing.T) {
	t.Parallel()
	key := keystore.NewSecret([]byte("an-api-key"))
	tests := []struct {
		name   string
		change helper.Change
		auth   string // empty: refused
	}{
		{"an API key", helper.Change{Host: "int", APIKey: key}, profile.APIKey},
		{"both", helper.Change{Host: "int", APIKey: key, Key: &keystore.Key{KID: "k", Signer: signer.NewRSA(testKey())}}, profile.JWT},
		{"a private key, the API key to come", helper.Change{Host: "int", Key: &keystore.Key{KID: "k", Signer: signer.NewRSA(testKey())}}, profile.JWT},
		{"a sandbox needs nothing", helper.Change{Host: "sandbox"}, profile.None},
		{"a sandbox-like host needs a credential", helper.Change{Host: "sandbox.evil.example"}, ""},
		{"no host", helper.Change{APIKey: key}, ""},
		{"nothing", helper.Change{Host: "int"}, ""},
		{"a kid without a key", helper.Change{Host: "int", APIKey: key, KID: "k"}, ""},
		{"jwt without a key", helper.Change{Host: "int", APIKey: key, Auth: profile.JWT}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{})
			s, err := p.Store(t.Context(), "new", tt.change)
			if (err == nil) != (tt.auth != "") {
				t.Fatalf("error %v, want method %q", err, tt.auth)
			}
			if err == nil && (s.Record.Auth != tt.auth || !s.New) {
				t.Errorf("method %s, new %v", s.Record.Auth, s.New)
			}
			if err != nil {
				if _, err := p.keys.Get(t.Context(), "new"); !errors.Is(err, keystore.ErrNotFound) {
					t.Error("something was stored")
				}
			}
		})
	}
}

func TestIncompleteAndGone(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	if _, err := p.Store(t.Context(), "half", helper.Change{Host: p.host, Key: &keystore.Key{KID: "k", Signer: signer.NewRSA(testKey())}}); err != nil {
		t.Fatal(err)
	}
	half, err := p.Config.Load("half")
	if err != nil {
		t.Fatal(err)
	}
	var incomplete *helper.IncompleteError
	if _, err := p.Get(t.Context(), half, helper.Options{}); !errors.As(err, &incomplete) || incomplete.Missing != "API key" {
		t.Errorf("error %v, want an IncompleteError", err)
	}
	if err := p.keys.Delete(t.Context(), "half"); err != nil {
		t.Fatal(err)
	}
	var gone *helper.GoneError
	if _, err := p.Get(t.Context(), half, helper.Options{}); !errors.As(err, &gone) || !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("error %v, want a GoneError", err)
	}
}

func TestLogoutIsIdempotent(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []helper.Removed{{Profile: true, Record: true}, {}} {
		got, err := p.Logout(t.Context(), "int")
		if err != nil || got != want {
			t.Errorf("removed %+v, %v, want %+v", got, err, want)
		}
	}
	var left []string
	err := filepath.WalkDir(filepath.Dir(p.Folders.Runtime), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	c, err := p.Get(t.Context(), p.load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := keystore.Load(t.Context(), p.keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	prime := testKey().Primes[0].String()
	for _, v := range []any{c, &c, r, *r, r.Key, *r.Key} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, testAPIKey) || strings.Contains(text, string(c.Secret.Reveal())) || strings.Contains(text, prime) {
				t.Errorf("%s of %T prints a secret", verb, v)
			}
		}
	}
}
