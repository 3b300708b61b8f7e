package clients

import (
	"strings"
	"testing"
)

// FuzzShebang: the Python that is found is part of one of the two lines, and has only one line.
func FuzzShebang(f *testing.F) {
	f.Add("#!/usr/bin/python3", "import sys")
	f.Add("#!/usr/bin/env python3", "")
	f.Add("#!/bin/sh", `'''exec' "/opt/a b/bin/python3" "$0" "$@"`)
	f.Add("#!/bin/sh", `'''exec' /opt/bin/python3 "$0" "$@"`)
	f.Add("#! /opt/my python -I", "")
	f.Add("#!", "'''exec' ")
	f.Fuzz(func(t *testing.T, first, second string) {
		first, _, _ = strings.Cut(first, "\n")
		second, _, _ = strings.Cut(second, "\n")
		got := shebang(first, second)
		if got == "" {
			return
		}
		if !strings.HasPrefix(first, "#!") || !strings.Contains(first, got) && !strings.Contains(second, got) {
			t.Fatalf("%q is in neither %q nor %q", got, first, second)
		}
	})
}
