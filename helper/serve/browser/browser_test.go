package browser //nolint:testpackage // which command is chosen depends on the system

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct{ os, env, programs, want string }{
		{"linux", "DISPLAY=:0", "xdg-open", "xdg-open URL"},
		{"linux", "WAYLAND_DISPLAY=wayland-0", "xdg-open", "xdg-open URL"},
		{"linux", "", "xdg-open", "no display"},
		{"linux", "SSH_CONNECTION=x", "xdg-open firefox", "no display"},
		{"linux", "DISPLAY=:0", "", "nothing"},
		{"linux", "BROWSER=w3m", "w3m xdg-open", "w3m URL"},
		{"linux", "BROWSER=w3m DISPLAY=:0", "w3m xdg-open", "w3m URL|xdg-open URL"},
		{"linux", "BROWSER=firefox_--new-tab_%s:w3m", "w3m firefox", "firefox --new-tab URL|w3m URL"},
		{"linux", "BROWSER=gone DISPLAY=:0", "xdg-open", "xdg-open URL"},
		{"linux", "BROWSER=gone", "xdg-open", "no display"},
		{"linux", "BROWSER=:", "", "no display"},
		{"linux", "BROWSER=a_--url=%s_%s", "a", "a --url=URL URL"},
		{"linux", "BROWSER=%s", "URL", "no display"},
		{"linux", "WSL_DISTRO_NAME=Debian", "wslview rundll32.exe", "wslview URL|rundll32.exe url.dll,FileProtocolHandler URL"},
		{"linux", "WSL_DISTRO_NAME=Debian DISPLAY=:0", "rundll32.exe xdg-open", "rundll32.exe url.dll,FileProtocolHandler URL|xdg-open URL"},
		{"linux", "WSL_DISTRO_NAME=Debian", "", "no display"},
		{"freebsd", "DISPLAY=:0", "xdg-open", "xdg-open URL"},
		{"darwin", "", "open", "open URL"},
		{"darwin", "BROWSER=firefox", "open firefox", "firefox URL|open URL"},
		{"windows", "", "rundll32", "rundll32 url.dll,FileProtocolHandler URL"},
		{"windows", `BROWSER=C:\b.exe;x`, `rundll32 C:\b.exe`, `C:\b.exe URL|rundll32 url.dll,FileProtocolHandler URL`},
	} {
		s := system{
			name: c.os,
			env: func(name string) string {
				for _, one := range strings.Fields(c.env) {
					if value, ok := strings.CutPrefix(one, name+"="); ok {
						return strings.ReplaceAll(value, "_", " ")
					}
				}
				return ""
			},
			find: func(program string) (string, error) {
				for _, one := range strings.Fields(c.programs) {
					if one == program {
						return one, nil
					}
				}
				return "", errors.New("not found")
			},
		}
		list, err := s.commands("URL")
		var lines []string
		for _, words := range list {
			lines = append(lines, strings.Join(words, " "))
		}
		got := strings.Join(lines, "|")
		switch {
		case errors.Is(err, ErrNoDisplay):
			got = "no display"
		case err != nil:
			got = "nothing"
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// The next program is run if one fails, and none gets cgp-cred's secrets.
func TestOpen(t *testing.T) {
	keystoretest.Require(t, keystoretest.Unix)
	folder := t.TempDir()
	write := func(name, script string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write("bad", "exit 3")
	write("good", `{ echo "$@"; env | grep CGP_CRED_; } >`+folder+`/told; true`)
	t.Setenv("PATH", folder+":/usr/bin:/bin")
	t.Setenv("CGP_CRED_API_KEY", "hidden")
	t.Setenv("BROWSER", "bad:good --tab %s:bad")
	if err := Open(t.Context(), "http://127.0.0.1:1/_/open/X"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, "told")); err != nil || string(got) != "--tab http://127.0.0.1:1/_/open/X\n" {
		t.Errorf("%q %v", got, err)
	}
	t.Setenv("BROWSER", "bad")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("WSL_DISTRO_NAME", "")
	t.Setenv("WSL_INTEROP", "")
	if err := Open(t.Context(), "http://127.0.0.1:1/"); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
}
