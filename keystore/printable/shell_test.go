package printable_test

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/printable"
)

// shellWords are arguments that a shell could read in another way.
var shellWords = [][]string{
	{"/usr/bin/pass", "show"},
	{""},
	{"", "", ""},
	{"/usr/bin/pass $(touch /tmp/x)"},
	{"`touch x`", "$HOME", "${HOME}", "$((1+1))"},
	{"it's", "'", "''", `'\''`, `a'b'c`},
	{`"double"`, `back\slash`, `\`, `\n`},
	{"a;b", "a&b", "a|b", "a>b", "<a", "(a)", "{a,b}", "[a]", "*", "?", "!x", "#x", "~", "~root/x", "a=b", "^a^b"},
	{"-rf", "--", "-"},
	{" leading", "trailing ", "two  spaces"},
	{"a:b@c,d%e+f._-/"},
}

// What is printable ASCII comes out of a shell as it was.
func TestShellRoundTrip(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "sh", "dash")
	for _, args := range shellWords {
		line := printable.Shell(args...)
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, args) {
			t.Errorf("%s is read as %q, want %q", line, got, args)
		}
	}
}

func TestShell(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("'", 2000)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"cgp-cred", "store", "int"}, "cgp-cred store int"},
		{[]string{"/opt/hsm/sign --slot 3"}, "'/opt/hsm/sign --slot 3'"},
		{[]string{"it's"}, `'it'\''s'`},
		{[]string{"a\nhint: rm", "\x1b[2J", "\u202e", "\xff"}, `'a\nhint: rm' '\x1b[2J' '\u202e' '\ufffd'`},
		{[]string{strings.Repeat("a", 900)}, strings.Repeat("a", 900)},
		{[]string{strings.Repeat("a", 901), "b"}, "'" + strings.Repeat("a", 900) + "...' ..."},
		{[]string{long}, "'" + strings.Repeat(`'\''`, 225) + "...'"},
	} {
		if runtime.GOOS == "windows" { // PowerShell's quote
			tt.want = strings.ReplaceAll(strings.ReplaceAll(tt.want, strings.Repeat(`'\''`, 225), strings.Repeat("''", 450)), `'\''`, "''")
		}
		if got := printable.Shell(tt.args...); got != tt.want {
			t.Errorf("Shell(%.60q) = %s, want %s", tt.args, got, tt.want)
		}
	}
}

// Whatever the arguments are, no character of the line has a meaning for a shell: outside quotes there are only
// characters that have none, and quotes are closed.
func FuzzShell(f *testing.F) {
	keystoretest.Require(f, keystoretest.Unix)
	for _, args := range shellWords {
		f.Add(strings.Join(args, "\x00"))
	}
	f.Add("a\nb\x00\x1b[2J")
	f.Add(strings.Repeat("'", 3000))
	f.Add(strings.Repeat("a\x00", 1000))
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "\x00")
		line := printable.Shell(args...)
		if printable.Line(line+line) != line+line {
			t.Fatalf("two of %q are not one printable line", line)
		}
		words, ok := split(line)
		if !ok {
			t.Fatalf("%q: a shell reads more than words", line)
		}
		printed := !strings.ContainsFunc(s, func(r rune) bool { return r != 0 && (r < ' ' || r > '~') })
		if printed && len(s) < 200 && !slices.Equal(words, args) {
			t.Fatalf("%q is read as %q", args, words)
		}
	})
}

// split reads words and single quotes as a POSIX shell does (XCU 2.2), and nothing else.
func split(line string) (words []string, ok bool) {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,"
	var word strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ':
			words = append(words, word.String())
			word.Reset()
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, false
			}
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
		case strings.HasPrefix(line[i:], `\'`):
			word.WriteByte('\'')
			i++
		case strings.IndexByte(plain, c) < 0:
			return nil, false
		default:
			word.WriteByte(c)
		}
	}
	return append(words, word.String()), true
}
