package clients_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper/clients"
	"cgp-cred/helper/clients/clientstest"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// script writes a program.
func script(t *testing.T, text string, path ...string) string {
	t.Helper()
	keystoretest.Require(t, keystoretest.Unix)
	write(t, text, path...)
	name := filepath.Join(path...)
	if err := os.Chmod(name, 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFind(t *testing.T) {
	t.Parallel()
	i, err := clients.Find(t.Context(), clientstest.Python(t))
	if err != nil {
		t.Fatal(err)
	}
	if i.Version[0] != 3 || !strings.HasSuffix(i.Packages, "-packages") || !strings.Contains(i.Plugins, "httpie") ||
		i.Executable == "" {
		t.Errorf("%+v", i)
	}
}

func TestInterpretersThatAreNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tests := map[string]string{
		"not there": filepath.Join(folder, "nothing"),
		"fails":     script(t, "#!/bin/sh\nexit 3\n", folder, "fails"),
		"says more": script(t, "#!/bin/sh\necho hello; echo '{}'\n", folder, "says"),
		"relative": script(t, "#!/bin/sh\necho '"+`{"version":[3,11],"packages":"lib","plugins":"lib"}`+"'\n", folder,
			"relative"),
		"too old": script(t, "#!/bin/sh\necho '"+`{"version":[3,8],"packages":"/x","plugins":"/x"}`+"'\n", folder,
			"old"),
		"version 2": script(t, "#!/bin/sh\necho '"+`{"version":[2,99],"packages":"/x","plugins":"/x"}`+"'\n", folder,
			"two"),
	}
	for name, python := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := clients.Find(t.Context(), python)
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
				t.Errorf("error %v, want a usage error with a hint", err)
			}
		})
	}
}

// Without a name the next one is tried if the first one can't be used; the error is that of the first one that ran.
func TestFindTriesTheNextName(t *testing.T) {
	const good = "#!/bin/sh\necho '" + `{"executable":"/x","version":[3,12],"packages":"/x","plugins":"/x"}` + "'\n"
	for name, tt := range map[string]struct{ python3, python, want string }{
		"only python":            {"", good, ""},
		"python3 can't run":      {"#!/bin/sh\nexit 49\n", good, ""},
		"python3 is too old":     {strings.Replace(good, "12", "8", 1), good, ""},
		"both can't run":         {"#!/bin/sh\nexit 49\n", "#!/bin/sh\nexit 50\n", "exit status 49"},
		"python is too old":      {"", strings.Replace(good, "3,12", "2,7", 1), "it is Python 2.7"},
		"neither is on PATH":     {"", "", `python "python3": it is not on PATH`},
		"python3 will do itself": {good, "#!/bin/sh\nexit 50\n", ""},
	} {
		folder := t.TempDir()
		for program, text := range map[string]string{"python3": tt.python3, "python": tt.python} {
			if text != "" {
				script(t, text, folder, program)
			}
		}
		t.Setenv("PATH", folder)
		_, err := clients.Find(t.Context(), "")
		if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

func TestHTTPiePython(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a distribution's", "#!/usr/bin/python3\nimport sys\n", "/usr/bin/python3"},
		{"with an option", "#!/usr/bin/python3 -I\n", "/usr/bin/python3"},
		{"env", "#!/usr/bin/env python3\n", "python3"},
		{"env -S", "#!/usr/bin/env -S python3.12\n", "python3.12"},
		{
			"a space in the path", "#!/bin/sh\n'''exec' \"/my venv/bin/python\" \"$0\" \"$@\"\n' '''\n",
			"/my venv/bin/python",
		},
		{"a long path", "#!/bin/sh\n'''exec' /long/bin/python \"$0\" \"$@\"\n' '''\n", "/long/bin/python"},
		{"a shell script", "#!/bin/sh\nexec python3 -m httpie\n", ""},
		{"another language", "#!/usr/bin/perl\n", ""},
		{"no script", "\x7fELF", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			script(t, tt.text, folder, "http")
			t.Setenv("PATH", folder)
			got, err := clients.HTTPiePython()
			if got != tt.want || (tt.want == "") != (fault.ClassOf(err) == fault.Usage) ||
				(err != nil && fault.HintOf(err, "") == "") {
				t.Errorf("%q, error %v, want %q", got, err, tt.want)
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := clients.HTTPiePython(); err == nil {
		t.Error("no HTTPie, and no error")
	}
}
