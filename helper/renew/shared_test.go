//go:build unix

package renew_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/renew"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
)

// renewals returns how many renewals a test plays: ten thousand in make fleet.
func renewals() int {
	if os.Getenv("CGP_CRED_FLEET_TESTS") != "" {
		return 10_000
	}
	return 500
}

// textOf returns what a file of a format holds for the token that its text has, or an error.
func textOf(format, text string) error {
	at := strings.Index(text, "token-")
	var n int
	if at < 0 {
		return fmt.Errorf("%q has no token", text)
	}
	if _, err := fmt.Sscanf(text[at:], "token-%d.", &n); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	want := map[string]string{
		"token": token(n) + "\n", "header": "Authorization: Bearer " + token(n) + "\n",
		"json": `{"profile":"int","host":"int.api.service.nhs.uk","auth":"jwt","header":"Authorization",` +
			`"value":"Bearer ` + token(n) + `","token":"` + token(n) + `","expires_at":"`,
		"htslib": `{"access_token":"` + token(n) + `","token_type":"Bearer","expires_in":`,
		"curl":   `header = "Authorization: Bearer ` + token(n) + `"` + "\nglobof",
	}[format]
	if strings.HasSuffix(want, "\n") && text != want || !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "\n") {
		return fmt.Errorf("the file holds %q", text)
	}
	return nil
}

// watch reads a file without rest, until stop is set, and sends the first thing that is wrong with it: the text, the
// mode or the group.
func watch(s disk.Shared, format string, begun, stop *atomic.Bool, problem chan<- error) {
	for !stop.Load() {
		if !begun.Load() {
			runtime.Gosched()
			continue
		}
		text, err := os.ReadFile(s.Path)
		if err == nil {
			err = textOf(format, string(text))
		}
		info, serr := os.Lstat(s.Path)
		if err = errors.Join(err, serr); err == nil && info.Mode() != s.Mode {
			err = fmt.Errorf("mode %v", info.Mode())
		}
		if err != nil {
			problem <- err
			return
		}
	}
	problem <- nil
}

// At a fixed path too, a reader that never rests finds a whole text with the right mode at each renewal, in each format.
func TestReaderOfASharedFile(t *testing.T) {
	for i, format := range wire.Formats {
		t.Run(format, func(t *testing.T) {
			mode := []fs.FileMode{0o640, 0o440, 0o400}[i%3]
			s := disk.Shared{Path: place(t), Mode: mode, Group: os.Getegid()}
			var begun, stop atomic.Bool
			problem := make(chan error, 1)
			go watch(s, format, &begun, &stop, problem) // outside of the bubble, whose clock stops while it reads
			synctest.Test(t, func(t *testing.T) {
				source := &source{life: 8 * time.Second}
				told := 0
				f, err := renew.Start(t.Context(), renew.Options{
					Path: s.Path, Format: format, Write: s.Write, Keep: true, Source: source.get, Warn: source.warn,
					Renewed: func(helper.Credential) { told++ },
				})
				if err != nil {
					t.Fatal(err)
				}
				begun.Store(true)
				for done := 0; done < renewals() && len(problem) == 0; {
					time.Sleep(10 * time.Minute)
					source.set(func() { done = source.tokens })
				}
				stop.Store(true)
				if err := <-problem; err != nil {
					t.Errorf("after %d tokens: %v", source.tokens, err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if _, warnings := source.seen(); told != source.tokens || len(warnings) > 0 {
					t.Errorf("told of %d of %d tokens, warnings %q", told, source.tokens, warnings)
				}
			})
			entries, err := os.ReadDir(filepath.Dir(s.Path))
			if err != nil || len(entries) != 1 {
				t.Errorf("%v, %v", entries, err)
			}
		})
	}
}

// A file that can't be written keeps the last token, with one warning; a second one says that it is written again. This
// holds for a full disk, and for each way in which the target becomes one that must not be written.
func TestSharedFileCannotBeWritten(t *testing.T) {
	full := errors.New("no space left on device")
	for name, c := range map[string]struct {
		breaks, repairs func(path string) error
		lasts           bool // the reader still finds the last token
	}{
		"full disk": {func(string) error { return full }, func(string) error { return nil }, true},
		"folder": {
			func(p string) error { return errors.Join(os.Rename(p, p+".old"), os.Mkdir(p, 0o700)) }, os.Remove, false,
		},
		"link": {
			func(p string) error { return errors.Join(os.Rename(p, p+".old"), os.Symlink(p+".old", p)) }, os.Remove, true,
		},
		"pipe": {
			func(p string) error { return errors.Join(os.Rename(p, p+".old"), syscall.Mkfifo(p, 0o600)) }, os.Remove, false,
		},
		"open folder": {
			func(p string) error { return os.Chmod(filepath.Dir(p), 0o777) },
			func(p string) error { return os.Chmod(filepath.Dir(p), 0o700) }, true,
		},
		"no folder": {
			func(p string) error { return os.Rename(filepath.Dir(p), filepath.Dir(p)+".old") },
			func(p string) error { return os.Rename(filepath.Dir(p)+".old", filepath.Dir(p)) }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := disk.Shared{Path: place(t), Mode: 0o640, Group: -1}
			synctest.Test(t, func(t *testing.T) {
				source := &source{life: 600 * time.Second}
				var isFull atomic.Bool
				f, err := renew.Start(t.Context(), renew.Options{
					Path: s.Path, Format: "token", Source: source.get, Warn: source.warn, Keep: true,
					Write: func(text []byte) error {
						if isFull.Load() {
							return full
						}
						return s.Write(text)
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.breaks(s.Path); errors.Is(err, full) {
					isFull.Store(true)
				} else if err != nil {
					t.Fatal(err)
				}
				time.Sleep(9 * time.Minute)
				synctest.Wait()
				calls, warnings := source.seen()
				if calls != 2 || len(warnings) != 1 || !strings.Contains(warnings[0], "the token file can't be written: ") {
					t.Errorf("%d requests, warnings %q", calls, warnings)
				}
				if c.lasts {
					if got, err := os.ReadFile(s.Path); err != nil || string(got) != token(1)+"\n" {
						t.Errorf("the reader finds %q, %v", got, err)
					}
				}
				if err := c.repairs(s.Path); err != nil {
					t.Fatal(err)
				}
				isFull.Store(false)
				time.Sleep(11 * time.Second)
				synctest.Wait()
				if _, warnings := source.seen(); len(warnings) != 1 || !strings.Contains(warnings[0], "is written again") {
					t.Errorf("warnings %q", warnings)
				}
				if got, err := os.ReadFile(s.Path); err != nil || string(got) != token(2)+"\n" {
					t.Errorf("the reader finds %q, %v", got, err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
			names, err := filepath.Glob(filepath.Join(filepath.Dir(s.Path), ".*"))
			if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".tmp") }) {
				t.Errorf("%q was left, %v", names, err)
			}
		})
	}
}
