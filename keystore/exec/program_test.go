package exec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/exec"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// folderProgram keeps each record in a file below $1, as an honest program does.
const folderProgram = `#!/bin/sh
case $2 in
get) [ -e "$1/$3" ] || exit 3; cat "$1/$3" ;;
store) umask 077; cat >"$1/$3.new" && mv "$1/$3.new" "$1/$3" ;;
erase) [ -e "$1/$3" ] || exit 3; rm "$1/$3" ;;
esac
`

// stays is a shell command that runs until the test ends, which removes the script.
const stays = `(while [ -e "$0" ]; do sleep 0.1; done)`

// programOf writes a shell script and returns the argv that runs it with arguments.
func programOf(t *testing.T, text string, args ...string) []string {
	t.Helper()
	keystoretest.Require(t, keystoretest.Unix)
	file := filepath.Join(t.TempDir(), "keystore.sh")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{"/bin/sh", file}, args...)
}

func TestProgram(t *testing.T) {
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keeps(t, folder, []string{self, "keep", folder})
}

func TestScript(t *testing.T) {
	folder := t.TempDir()
	keeps(t, folder, programOf(t, folderProgram, folder))
}

// keeps holds an honest program against what a keystore does. It keeps each record in a file of the folder.
func keeps(t *testing.T, folder string, argv []string) {
	t.Helper()
	t.Setenv("CGP_CRED_API_KEY", "hidden")
	ctx := t.Context()
	ks := exec.New(argv)
	first := keystore.NewSecret([]byte(`{"v":1}`))
	second := keystore.NewSecret([]byte(strings.Repeat("x", keystore.MaxValue)))
	if _, err := ks.Get(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Error(err)
	}
	if err := ks.Delete(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Error(err)
	}
	for _, value := range []keystore.Secret{first, second, first} {
		if err := ks.Set(ctx, "int", value); err != nil {
			t.Fatal(err)
		}
		if got, err := ks.Get(ctx, "int"); err != nil || !got.Equal(value) {
			t.Fatalf("%q, %v", got.Reveal(), err)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(folder, "int")); err != nil || string(raw) != `{"v":1}`+"\n" {
		t.Errorf("%q, %v: not one line", raw, err)
	}
	if err := ks.Delete(ctx, "int"); err != nil {
		t.Error(err)
	}
	if _, err := ks.Get(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Error(err)
	}
}

// What a program can do wrong, and the error that follows. No message has a byte of the program's stdout.
func TestProgramFaults(t *testing.T) {
	t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "1s")
	const get, set, erase = "get", "set", "delete"
	for _, tt := range []struct {
		name, script string
		op           string
		kind         error
		want         string
	}{
		{
			"fails", `echo secret-output; echo "no\033[2Jhint: x" >&2; exit 1`, get, keystore.ErrUnavailable,
			`no\x1b[2Jhint: x`,
		},
		{"is killed", `kill -9 $$`, get, keystore.ErrUnavailable, "signal: killed"},
		{"hangs", stays + `; :`, get, keystore.ErrTimeout, "killed after"},
		{"prints nothing", ``, get, keystore.ErrCorrupt, "printed nothing"},
		{"prints two lines", `echo secret-output; echo second`, get, keystore.ErrCorrupt, "more than one line"},
		{"prints garbage", `printf 'secret-output\377\n'`, get, keystore.ErrCorrupt, "not ASCII"},
		{"prints too much", `head -c 3000 /dev/zero | tr '\0' x`, get, keystore.ErrCorrupt, "3000 bytes"},
		{"prints megabytes", `head -c 3000000 /dev/zero | tr '\0' x`, get, keystore.ErrCorrupt, "64 KiB"},
		{"stores nothing", `[ $1 = get ] && exit 3; exit 0`, set, keystore.ErrDenied, "stored nothing"},
		{
			"stores another record", `[ $1 = get ] && echo secret-output; exit 0`, set, keystore.ErrDenied,
			"another value",
		},
		{"refuses to store", `[ $1 = store ] && exit 1; exit 3`, set, keystore.ErrUnavailable, "asked to store"},
		{"stores and can't read", `[ $1 = get ] && exit 1; exit 0`, set, keystore.ErrUnavailable, "asked to get"},
		{"reads no stdin", `[ $1 = store ] && exec <&-; echo secret-output`, set, keystore.ErrDenied, "another value"},
		{"erases nothing", `[ $1 = get ] && echo secret-output; exit 0`, erase, keystore.ErrDenied, "still there"},
		{
			"erases and leaves garbage", `[ $1 = get ] && echo a && echo b; exit 0`, erase, keystore.ErrDenied,
			"still there",
		},
		{"erases and can't read", `[ $1 = get ] && exit 1; exit 0`, erase, keystore.ErrUnavailable, "asked to get"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ks := exec.New(programOf(t, tt.script))
			ctx := context.Background()
			var err error
			switch tt.op {
			case get:
				_, err = ks.Get(ctx, "int")
			case set:
				err = ks.Set(ctx, "int", keystore.NewSecret([]byte("secret-value")))
			default:
				err = ks.Delete(ctx, "int")
			}
			var e *keystore.Error
			if !errors.Is(err, tt.kind) || !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) ||
				e.Op != tt.op {
				t.Fatalf("%v, want %v with %q", err, tt.kind, tt.want)
			}
			text := err.Error() + fault.HintOf(err, "")
			if fault.HintOf(err, "") == "" || strings.Contains(text, "secret-") ||
				strings.Contains(text, "keychain ") || len(text) > 1500 {
				t.Errorf("%s; hint: %s", err, e.FaultHints())
			}
		})
	}
}

func TestProgramMissingAndRefused(t *testing.T) {
	t.Parallel()
	ks := exec.New([]string{keystoretest.Abs("/nonexistent/program")})
	if _, err := ks.Get(t.Context(), "int"); !errors.Is(err, keystore.ErrUnavailable) {
		t.Error(err)
	}
	if err := ks.Set(t.Context(), "int", keystore.NewSecret([]byte("a\nb"))); err == nil {
		t.Error("two lines were stored")
	}
	for _, account := range []string{"", "-x", "a b", "a;b"} {
		if _, err := ks.Get(t.Context(), account); err == nil {
			t.Errorf("account %q was asked for", account)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := exec.New(programOf(t, stays+`; :`)).Get(ctx, "int"); !errors.Is(err, keystore.ErrTimeout) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := exec.New(programOf(t, `exit 3`)).Get(ctx, "int"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// FuzzProgramOutput hands a program's output on: what is taken from it can be stored again and is the whole of it.
func FuzzProgramOutput(f *testing.F) {
	for _, s := range []string{"{}\n", "{}\r\n", "\n", "a\nb\n", "", "\xff\n", "a\x00\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		value, problem := exec.ParseLine(out)
		if problem != "" {
			return
		}
		if err := keystore.CheckValue("int", value); err != nil {
			t.Error(err)
		}
		if rest := strings.TrimPrefix(string(out), string(value.Reveal())); rest != "" && rest != "\n" &&
			rest != "\r\n" && rest != "\r" {
			t.Errorf("%q was taken from %q", value.Reveal(), out)
		}
	})
}
