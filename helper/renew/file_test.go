package renew_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/renew"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// source is a fake source of tokens. Each token is longer than the one before, and lives for life.
type source struct {
	life   time.Duration
	spread func() float64 // nil: at random

	mu      sync.Mutex
	calls   int
	tokens  int
	err     error
	delay   time.Duration
	expiry  time.Time // of the last token
	warning []string
}

func (s *source) get(ctx context.Context, _ helper.Options) (helper.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
			return helper.Credential{}, ctx.Err()
		}
	}
	if s.err != nil {
		return helper.Credential{}, s.err
	}
	s.tokens++
	s.expiry = time.Now().Add(s.life)
	return helper.Credential{
		Profile: "int", Host: "int.api.service.nhs.uk", Auth: profile.JWT, Header: "Authorization", Bearer: true,
		Secret:    keystore.NewSecret([]byte(token(s.tokens))),
		ExpiresAt: s.expiry.Round(0),
	}, nil
}

// latest lets each renewal come as late as it may.
func latest() float64 { return 0 }

func token(n int) string { return fmt.Sprintf("token-%d.%s", n, strings.Repeat("x", n%97)) }

func (s *source) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *source) warn(text string) { s.set(func() { s.warning = append(s.warning, text) }) }

// until returns when the last token expires.
func (s *source) until() (expiry time.Time) {
	s.set(func() { expiry = s.expiry })
	return expiry
}

// seen takes the calls and warnings there were.
func (s *source) seen() (calls int, warnings []string) {
	s.set(func() { calls, warnings, s.calls, s.warning = s.calls, s.warning, 0, nil })
	return calls, warnings
}

// place is a folder in memory, if the machine has one: the tests write tens of thousands of files.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "renew")
	if err != nil || !filepath.IsAbs(dir) { // on Windows it is on no drive
		return filepath.Join(t.TempDir(), "int.api.service.nhs.uk")
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "int.api.service.nhs.uk")
}

func start(t *testing.T, s *source, path, format string) *renew.File {
	t.Helper()
	f, err := renew.Start(t.Context(),
		renew.Options{Path: path, Format: format, Source: s.get, Warn: s.warn, Spread: s.spread})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// stated is what a file in htslib's form says.
type stated struct {
	Token   string      `json:"access_token"`
	Type    string      `json:"token_type"`
	Expires json.Number `json:"expires_in"`
}

// read returns the file's token, and with htslib the seconds it states.
func read(path, format string) (tok string, seconds int64, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", 0, err
	}
	line, whole := strings.CutSuffix(string(text), "\n")
	if !whole {
		return "", 0, fmt.Errorf("%q has no end", text)
	}
	if format == "token" {
		return line, 0, nil
	}
	var s stated
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		return "", 0, fmt.Errorf("%q: %w", text, err)
	}
	seconds, err = s.Expires.Int64()
	if s.Type != "Bearer" {
		err = fmt.Errorf("token_type %q", s.Type)
	}
	return s.Token, seconds, err
}

// A reader that never rests, and sees three hundred different tokens, finds each time a whole one in a file that only
// this user can read.
func TestReaderSeesWholeFiles(t *testing.T) {
	for _, format := range []string{"token", "htslib"} {
		t.Run(format, func(t *testing.T) {
			path := place(t)
			var begun, stop atomic.Bool
			var different atomic.Int64
			problem := make(chan error, 1)
			reads := 0
			go func() { // outside of the bubble, whose clock stops as long as a goroutine in it is busy
				last := ""
				for !stop.Load() {
					if !begun.Load() {
						runtime.Gosched()
						continue
					}
					tok, err := look(path, format)
					if replaced(err) {
						continue
					}
					if err != nil {
						problem <- err
						return
					}
					if reads++; tok != last {
						different.Add(1)
						last = tok
					}
				}
				problem <- nil
			}()
			synctest.Test(t, func(t *testing.T) {
				s := &source{life: 8 * time.Second}
				f := start(t, s, path, format)
				begun.Store(true)
				for different.Load() < 300 && len(problem) == 0 {
					time.Sleep(10 * time.Minute)
				}
				stop.Store(true)
				if err := <-problem; err != nil {
					t.Errorf("after %d tokens: %v", s.tokens, err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
			t.Logf("%d reads, %d different tokens", reads, different.Load())
		})
	}
}

// replaced reports whether a file could not be opened because it was being replaced. Windows refuses most readers for that
// moment.
func replaced(err error) bool {
	const sharingViolation = syscall.Errno(32)
	return runtime.GOOS == "windows" && (errors.Is(err, sharingViolation) || errors.Is(err, os.ErrPermission))
}

// look holds the file against what a reader may see.
func look(path, format string) (string, error) {
	tok, _, err := read(path, format)
	if err != nil {
		return "", err
	}
	var n int
	if _, err := fmt.Sscanf(tok, "token-%d.", &n); err != nil || tok != token(n) {
		return "", fmt.Errorf("the file holds %q", tok)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if info.Mode() != 0o600 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("mode %v", info.Mode())
	}
	return tok, nil
}

// htslib counts expires_in from the moment it reads, and reads again at 60 s. So that it never sends an expired
// token, the file must not state more seconds than are left, and must have a new token before the old one's last
// minute.
func TestSecondsAreNeverTooMany(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ life, delay time.Duration }{
		{599 * time.Second, 0},
		{599 * time.Second, 55 * time.Second}, // a keychain that waits for its password
		{200 * time.Second, 0},
		{30 * time.Second, 0},
		{6 * time.Second, 0},
	} {
		t.Run(fmt.Sprint(c.life, c.delay), func(t *testing.T) {
			t.Parallel()
			path := place(t)
			synctest.Test(t, func(t *testing.T) {
				s := &source{life: c.life}
				f := start(t, s, path, "htslib")
				synctest.Wait()
				expiry := map[string]time.Time{}
				s.set(func() { s.delay = c.delay })
				for range 2000 {
					tok, seconds, err := read(path, "htslib")
					if err != nil {
						t.Fatal(err)
					}
					if _, known := expiry[tok]; !known {
						expiry[tok] = time.Now().Add(c.life)
					}
					left := time.Until(expiry[tok])
					short := left - time.Duration(seconds)*time.Second
					if short < 0 || short > 22*time.Second {
						t.Fatalf("states %d s, and %v are left", seconds, left)
					}
					if least := min(60*time.Second, c.life/2-time.Second); left < least {
						t.Fatalf("%v are left, want %v", left, least)
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
				if len(expiry) < 2 {
					t.Error("nothing was renewed")
				}
				if calls, warnings := s.calls, s.warning; time.Duration(calls) > 3*2000*time.Second/c.life+2 ||
					len(warnings) > 0 {
					t.Errorf("%d requests, warnings %q", calls, warnings)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestColdStartFails(t *testing.T) {
	t.Parallel()
	path := place(t)
	refused := errors.New("refused")
	s := &source{err: refused}
	_, err := renew.Start(t.Context(), renew.Options{Path: path, Format: "token", Source: s.get})
	if !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("there is a file")
	}
}

// While renewal fails, the last token stays and requests become rare. The user is warned when that begins, when the
// token expires and when renewal works again. A second failure is warned of again.
func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	path := place(t)
	synctest.Test(t, func(t *testing.T) {
		s := &source{life: 600 * time.Second, spread: latest}
		f := start(t, s, path, "token")
		for range 2 {
			before, _, err := read(path, "token")
			if err != nil {
				t.Fatal(err)
			}
			s.seen()
			s.set(func() { s.err = fault.New(fault.Refused, "do this\nand that", "refused") })
			time.Sleep(500 * time.Second) // it asks when two minutes are left
			calls, warnings := s.seen()
			if calls != 3 || len(warnings) != 1 || !strings.Contains(warnings[0],
				"can't be renewed, and expires at ") || !strings.Contains(warnings[0], "refused (do this; and that)") {
				t.Fatalf("%d requests, warnings %q", calls, warnings)
			}
			time.Sleep(time.Hour)
			calls, warnings = s.seen()
			if calls < 55 || calls > 65 || len(warnings) != 1 || !strings.Contains(warnings[0], "expired at ") {
				t.Fatalf("%d requests, warnings %q", calls, warnings)
			}
			if now, _, err := read(path, "token"); err != nil || now != before {
				t.Fatalf("the file holds %q, %v", now, err)
			}
			s.set(func() { s.err = nil })
			time.Sleep(time.Minute + time.Second)
			if _, warnings = s.seen(); len(warnings) != 1 || !strings.Contains(warnings[0], "renewed again, until ") {
				t.Fatalf("warnings %q", warnings)
			}
			if now, _, err := read(path, "token"); err != nil || now == before {
				t.Fatalf("the file holds %q, %v", now, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A server whose tokens expire at once is not asked in a loop.
func TestNoLife(t *testing.T) {
	t.Parallel()
	path := place(t)
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		f := start(t, s, path, "htslib")
		time.Sleep(time.Minute)
		if calls, _ := s.seen(); calls > 125 {
			t.Errorf("%d requests in a minute", calls)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A desktop empties the runtime folder when the user logs out. The file is written again, if it can be.
func TestRemovedFileComesBack(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"token", "htslib"} {
		path := place(t)
		synctest.Test(t, func(t *testing.T) {
			s := &source{life: 600 * time.Second}
			f := start(t, s, path, format)
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Second)
			if _, err := look(path, format); err != nil {
				t.Error(err)
			}
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Dir(path), nil, 0o600); err != nil { // instead of the folder
				t.Fatal(err)
			}
			time.Sleep(31 * time.Second)
			if _, warnings := s.seen(); len(warnings) != 1 || !strings.Contains(warnings[0], "can't be written") {
				t.Errorf("warnings %q", warnings)
			}
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Second)
			if _, warnings := s.seen(); len(warnings) != 1 || !strings.Contains(warnings[0], "is written again") {
				t.Errorf("warnings %q", warnings)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("after Close: %v", err)
			}
			if f.Path() != path {
				t.Errorf("path %q", f.Path())
			}
		})
	}
}

// Close does not wait for a keychain prompt that is not answered, nor for a token endpoint.
func TestCloseEndsRequest(t *testing.T) {
	t.Parallel()
	path := place(t)
	synctest.Test(t, func(t *testing.T) {
		s := &source{life: 10 * time.Second}
		f := start(t, s, path, "token")
		s.set(func() { s.delay = time.Hour })
		time.Sleep(9 * time.Second)
		began := time.Now()
		if err := f.Close(); err != nil || time.Since(began) > 3*time.Second {
			t.Errorf("Close: %v after %v", err, time.Since(began))
		}
	})
}

// Renewal continues if its source panics, and if its source never returns and ignores its context.
func TestRenewalGoesOn(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		fail func()
		told string
		rest time.Duration // until a token comes after that
	}{
		"a panic": {func() { panic("secret") }, "a bug in cgp-cred", 5 * time.Second},
		"an endless wait": {
			func() { time.Sleep(1000 * time.Hour) }, "has not ended within ten minutes",
			10*time.Minute + 7*time.Second,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			synctest.Test(t, func(t *testing.T) {
				s := &source{life: 599 * time.Second}
				var failing atomic.Bool
				f, err := renew.Start(t.Context(), renew.Options{
					Path: path, Format: "token", Warn: s.warn, Spread: latest,
					Source: func(ctx context.Context, least helper.Options) (helper.Credential, error) {
						if failing.CompareAndSwap(true, false) {
							tt.fail()
						}
						return s.get(ctx, least)
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				failing.Store(true)
				before, err := look(path, "token")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(479*time.Second + tt.rest - time.Second) // it asks when two minutes are left
				if now, err := look(path, "token"); now != before || err != nil {
					t.Errorf("the file holds %q, %v", now, err)
				}
				time.Sleep(2 * time.Second)
				if now, err := look(path, "token"); now == before || err != nil {
					t.Errorf("the file still holds %q, %v", now, err)
				}
				_, warnings := s.seen()
				text := strings.Join(warnings, "\n")
				if len(warnings) != 2 || !strings.Contains(text, tt.told) || strings.Contains(text, "secret") ||
					!strings.Contains(text, "is renewed again") {
					t.Errorf("warnings %q", warnings)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(2000 * time.Hour) // the call that hung returns, after Close
			})
		})
	}
}
